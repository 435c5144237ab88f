/** What is known of one horizon: the model, what its probabilities mean, and how good they were. */

import type { Settings } from "../../config/schema.ts";
import { Calibration } from "./calibration.ts";
import { OnlineLogistic } from "./online-logistic.ts";
import { savedField, savedNumbers } from "./saved.ts";
import { Skill, type SkillReport } from "./skill.ts";

export type EnsembleSettings = Settings["decision"]["ensemble"];

/** What a saved state of one horizon was found to hold. */
export type HorizonState = {
  readonly weights: readonly number[];
  readonly calibration: Calibration;
  readonly skill: Skill;
};

export class HorizonModel {
  readonly seconds: number;
  private readonly overlap: number;
  private readonly logistic: OnlineLogistic;
  private calibration: Calibration;
  private past: Skill;

  /** @param overlap news in a row, 0 to 1: rows closer together than the horizon share most of their future */
  constructor(inputs: number, seconds: number, overlap: number, settings: EnsembleSettings) {
    this.seconds = seconds;
    this.overlap = overlap;
    // Were each row to count in full, one move would be learnt again and again, and a random walk would look like a
    // certainty.
    this.logistic = new OnlineLogistic(inputs, settings.learning_rate * overlap, settings.regularisation);
    this.calibration = new Calibration(settings.calibration);
    this.past = new Skill(settings.calibration.memory_labels, overlap);
  }

  get skill(): Skill {
    return this.past;
  }

  /** One that did no better than the base rate on what it had not seen is not listened to. */
  get hasSay(): boolean {
    return this.past.gain > 0;
  }

  /** Log-odds as learnt, before calibration. */
  logit(scaled: Float64Array): number {
    return this.logistic.logit(scaled);
  }

  /** p_up, given that the mid moves. */
  probability(logit: number): number {
    return this.calibration.probability(logit);
  }

  /**
   * A label has matured.
   *
   * @param said p_up when the row was made, and `logit` before calibration
   */
  learn(scaled: Float64Array, said: number, logit: number, label: 0 | 1): void {
    this.judge(said, logit, label);
    this.logistic.learn(scaled, label);
  }

  /** The same for a forecast that was made elsewhere. */
  judge(said: number, logit: number, label: 0 | 1): void {
    this.past.add(said, label);
    this.calibration.add(logit, label, this.overlap);
  }

  /** p_up given that the mid moves: an unchanged mid teaches nothing about the direction. */
  unchanged(): void {
    this.past.addUnchanged();
  }

  report(): SkillReport {
    return this.past.report(this.seconds);
  }

  save(): unknown {
    return { weights: this.logistic.save(), calibration: this.calibration.save(), skill: this.past.save() };
  }

  /** Checks what was saved and takes nothing over yet. @throws {ModelStateError} */
  read(state: unknown, inputs: number, { calibration }: EnsembleSettings): HorizonState {
    return {
      weights: savedNumbers(savedField(state, "weights"), inputs + 1, "weights"),
      calibration: Calibration.from(savedField(state, "calibration"), calibration),
      skill: Skill.from(savedField(state, "skill"), calibration.memory_labels, this.overlap),
    };
  }

  restore(state: HorizonState): void {
    this.logistic.restore(state.weights);
    this.calibration = state.calibration;
    this.past = state.skill;
  }
}
