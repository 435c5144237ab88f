/** What the models of all horizons say together: who may speak, who agrees, by how much, and why not. */

import type { Evidence } from "../../domain/decision.ts";
import type { BlockReason } from "../../domain/reason.ts";
import { f64 } from "../../domain/typed.ts";
import type { EnsembleSettings, HorizonModel } from "./horizon-model.ts";
import type { SkillReport } from "./skill.ts";

export class Panel {
  readonly models: readonly HorizonModel[];
  /** log-odds per horizon before calibration: written by the owner, before {@link evaluate} */
  readonly logits: Float64Array;
  /** p_up per horizon, whether the model has earned a say or not */
  readonly forecasts: Float64Array;
  /** the majority's side; rewritten at each evaluation, as all that follows */
  side: -1 | 0 | 1 = 0;
  edge = 0;
  confidence = 0.5;
  /** longest horizon of those that agree, index */
  longest = 0;
  private settings: EnsembleSettings;
  private warm = 0;
  /** share of all models that have a say and are on the majority's side */
  private agreement = 0;
  /** some that have a say point up, some down */
  private split = false;

  constructor(models: readonly HorizonModel[], settings: EnsembleSettings) {
    this.models = models;
    this.settings = settings;
    this.logits = new Float64Array(models.length);
    this.forecasts = new Float64Array(models.length);
  }

  configure(settings: EnsembleSettings): void {
    this.settings = settings;
  }

  evaluate(): void {
    let warm = 0;
    let ups = 0;
    let downs = 0;
    for (let h = 0; h < this.models.length; h++) {
      const model = this.models[h];
      if (model === undefined) break;
      const forecast = model.probability(f64(this.logits, h));
      this.forecasts[h] = forecast;
      if (!this.isWarm(model)) continue;
      warm++;
      if (!model.hasSay) continue;
      if (forecast > 0.5) ups++;
      else if (forecast < 0.5) downs++;
    }
    this.side = ups > downs ? 1 : downs > ups ? -1 : 0;
    this.warm = warm;
    this.split = ups > 0 && downs > 0;
    this.agreement = Math.max(ups, downs) / this.models.length;
    this.weigh();
  }

  /** Enough models are past their warm-up for an agreement. */
  get isWarmedUp(): boolean {
    return this.warm >= Math.max(1, Math.ceil(this.settings.min_agreement * this.models.length));
  }

  /**
   * Whether an evaluation could want an entry at all: not while too few models are warm, or have a say. What models say of
   * their skill changes only when they learn.
   */
  get maySpeak(): boolean {
    const { min_agreement } = this.settings;
    let warm = 0;
    let speaking = 0;
    for (let h = 0; h < this.models.length; h++) {
      const model = this.models[h];
      if (model === undefined || !this.isWarm(model)) continue;
      warm++;
      if (model.hasSay) speaking++;
    }
    const { length } = this.models;
    return speaking > 0 && speaking / length >= min_agreement && warm >= Math.max(1, Math.ceil(min_agreement * length));
  }

  get wantsEntry(): boolean {
    return this.isWarmedUp && this.agrees() && this.edge >= this.settings.min_edge;
  }

  /** Models without a say lower the edge or the agreement; only those that contradict each other are a conflict. */
  doubts(): Evidence<BlockReason>[] {
    const { split, agreement, edge } = this;
    const { min_agreement, min_edge } = this.settings;
    const found: Evidence<BlockReason>[] = [];
    if (edge < min_edge) found.push({ reason: "NO_SIGNAL", measured: edge, limit: min_edge });
    if (this.agrees()) return found;
    if (split) found.push({ reason: "CONFLICTING_SIGNALS", measured: agreement, limit: min_agreement });
    else if (found.length === 0) found.push({ reason: "NO_SIGNAL", measured: agreement, limit: min_agreement });
    return found;
  }

  /** The models that may not speak yet, each with its labels; the common word first, with the fewest. */
  cold(): Evidence[] {
    const limit = this.settings.warmup_labels;
    const cold = this.models.filter((model) => !this.isWarm(model));
    const measured = cold.reduce((least, model) => Math.min(least, model.skill.labels), limit);
    return [
      { reason: "WARMING_UP", measured, limit },
      ...cold.map(({ seconds, skill }) => ({ reason: `WARMING_UP_${seconds}S`, measured: skill.labels, limit })),
    ];
  }

  grounds(): Evidence[] {
    return [
      { reason: "EDGE", measured: this.edge, limit: this.settings.min_edge },
      { reason: "AGREEMENT", measured: this.agreement, limit: this.settings.min_agreement },
      ...this.models.map((model, h) => ({
        reason: `P_UP_${model.seconds}S`,
        measured: f64(this.forecasts, h),
        limit: null,
      })),
    ];
  }

  report(): readonly SkillReport[] {
    return this.models.map((model) => model.report());
  }

  /**
   * Edge and confidence: means over the horizons on the majority's side. Confidence is how often forecasts like these were
   * right, drawn towards ½ by the horizons that do not agree.
   */
  private weigh(): void {
    let sum = 0;
    let confidence = 0;
    let agreeing = 0;
    for (let h = 0; h < this.models.length; h++) {
      const model = this.models[h];
      const lean = f64(this.forecasts, h) - 0.5;
      if (model === undefined || lean * this.side <= 0 || !this.isWarm(model) || !model.hasSay) continue;
      sum += lean;
      confidence += model.skill.confidence(f64(this.forecasts, h));
      agreeing++;
      this.longest = h;
    }
    this.edge = agreeing === 0 ? 0 : Math.abs(sum / agreeing);
    this.confidence = agreeing === 0 ? 0.5 : 0.5 + (confidence / agreeing - 0.5) * this.agreement;
  }

  private isWarm(model: HorizonModel): boolean {
    return model.skill.labels >= this.settings.warmup_labels;
  }

  private agrees(): boolean {
    return this.side !== 0 && this.agreement >= this.settings.min_agreement;
  }
}
