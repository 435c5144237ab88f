/**
 * How good the forecasts of one horizon were, judged only on labels that the model had not seen, against saying the base
 * rate every time. The hit rate by distance from ½ is also what calibrates the confidence.
 */

import { f64 } from "../../domain/typed.ts";
import { savedCount, savedField, savedNumber, savedNumbers } from "./saved.ts";

export type SkillReport = {
  readonly horizonSeconds: number;
  /** matured rows whose mid had moved, and had not */
  readonly labels: number;
  readonly unchanged: number;
  /** averages over all labels; null when there are none */
  readonly logLoss: number | null;
  readonly baseLogLoss: number | null;
  readonly brier: number | null;
  readonly baseBrier: number | null;
  readonly hitRate: number | null;
};

/** |p − ½| from 0 to ½ in equal parts. */
const buckets = 10;

/** Weight of "as good as a coin" in each bucket, in forecasts: few hits prove nothing. */
const shrinkage = 50;

export class Skill {
  private readonly memory: number;
  private readonly news: number;
  private recentGain = 0;
  private labelCount = 0;
  private upCount = 0;
  private unchangedCount = 0;
  private readonly sums = new Float64Array(5);
  private readonly tries = new Float64Array(buckets);
  private readonly hits = new Float64Array(buckets);

  /**
   * @param memory labels over which {@link gain} looks back; older ones fade
   * @param news how much of a label is new, 0 to 1: labels that share their future are one observation told many times
   */
  constructor(memory: number, news: number) {
    this.memory = memory;
    this.news = news;
  }

  get labels(): number {
    return this.labelCount;
  }

  addUnchanged(): void {
    this.unchangedCount++;
  }

  /** Log-loss of the base rate minus that of the forecasts, nats per label: above 0 there is something to say. */
  get gain(): number {
    return this.recentGain;
  }

  /** @param forecast p_up as it was said when the row was made */
  add(forecast: number, label: 0 | 1): void {
    this.labelCount++;
    this.score(forecast, label);
    this.upCount += label;
  }

  /** Share of forecasts like this one that were right, drawn towards ½ while they are few. */
  confidence(forecast: number): number {
    const bucket = bucketOf(forecast);
    return (f64(this.hits, bucket) + shrinkage / 2) / (f64(this.tries, bucket) + shrinkage);
  }

  report(horizonSeconds: number): SkillReport {
    const mean = (index: number): number | null =>
      this.labelCount === 0 ? null : f64(this.sums, index) / this.labelCount;
    return {
      horizonSeconds,
      labels: this.labelCount,
      unchanged: this.unchangedCount,
      logLoss: mean(0),
      baseLogLoss: mean(1),
      brier: mean(2),
      baseBrier: mean(3),
      hitRate: mean(4),
    };
  }

  save(): unknown {
    return {
      labels: this.labelCount,
      ups: this.upCount,
      unchanged: this.unchangedCount,
      gain: this.recentGain,
      sums: [...this.sums],
      tries: [...this.tries],
      hits: [...this.hits],
    };
  }

  /** @throws {ModelStateError} */
  static from(state: unknown, memory: number, news: number): Skill {
    const skill = new Skill(memory, news);
    skill.labelCount = savedCount(savedField(state, "labels"), "labels");
    skill.upCount = savedCount(savedField(state, "ups"), "ups");
    skill.unchangedCount = savedCount(savedField(state, "unchanged"), "unchanged");
    skill.recentGain = savedNumber(savedField(state, "gain"), "gain");
    skill.sums.set(savedNumbers(savedField(state, "sums"), skill.sums.length, "sums"));
    skill.tries.set(savedNumbers(savedField(state, "tries"), buckets, "tries"));
    skill.hits.set(savedNumbers(savedField(state, "hits"), buckets, "hits"));
    return skill;
  }

  private score(forecast: number, label: 0 | 1): void {
    // Laplace's rule, from the labels before this one: defined from the first one on, never 0 or 1.
    const base = (this.upCount * this.news + 1) / ((this.labelCount - 1) * this.news + 2);
    const hit = forecast > 0.5 === (label === 1) ? 1 : 0;
    const loss = logLoss(forecast, label);
    const baseLoss = logLoss(base, label);
    this.recentGain += (baseLoss - loss - this.recentGain) / Math.min(this.labelCount, this.memory);
    this.addTo(0, loss);
    this.addTo(1, baseLoss);
    this.addTo(2, (forecast - label) ** 2);
    this.addTo(3, (base - label) ** 2);
    this.addTo(4, hit);
    const bucket = bucketOf(forecast);
    this.tries[bucket] = f64(this.tries, bucket) + 1;
    this.hits[bucket] = f64(this.hits, bucket) + hit;
  }

  private addTo(index: number, amount: number): void {
    this.sums[index] = f64(this.sums, index) + amount;
  }
}

function bucketOf(forecast: number): number {
  return Math.min(buckets - 1, Math.floor(Math.abs(forecast - 0.5) * 2 * buckets));
}

function logLoss(forecast: number, label: 0 | 1): number {
  const said = label === 1 ? forecast : 1 - forecast;
  return -Math.log(Math.max(said, Number.EPSILON));
}
