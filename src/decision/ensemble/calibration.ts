/**
 * Platt scaling of one model: which probability its log-odds turned out to mean. Fitted again and again to a histogram of
 * what was said and what came, drawn towards "as said" while that is little.
 */

import { f64 } from "../../domain/typed.ts";
import { savedCount, savedField, savedNumber, savedNumbers } from "./saved.ts";

/** Log-odds from −{@link logitMax} to {@link logitMax} in equal parts; what lies beyond counts in the last one. */
const bins = 40;
const logitMax = 4;

/** Newton's steps of a fit, and the most that one may move: a prior bounds the result, this the way to it. */
const stepsMax = 12;
const stepMax = 1;
const closeEnough = 1e-9;

export type CalibrationSettings = {
  /** matured labels between two fits */
  readonly every_labels: number;
  /** labels that count in full; older ones fade */
  readonly memory_labels: number;
  /** expected distance of the slope from 1 and of the offset from 0 */
  readonly prior_deviation: number;
};

export class Calibration {
  private readonly settings: CalibrationSettings;
  private readonly weights = new Float64Array(bins);
  private readonly ups = new Float64Array(bins);
  private readonly logits = new Float64Array(bins);
  private waiting = 0;
  private slope = 1;
  private offset = 0;

  constructor(settings: CalibrationSettings) {
    this.settings = settings;
  }

  /** Strictly between 0 and 1; ½ for log-odds that are no number. */
  probability(logit: number): number {
    const scaled = this.slope * logit + this.offset;
    if (!(scaled > -Number.MAX_VALUE && scaled < Number.MAX_VALUE)) return 0.5;
    return 1 / (1 + Math.exp(-scaled));
  }

  /**
   * @param logit as it was said when the row was made
   * @param weight how much of the label is news, 0 to 1: rows that share most of their future are one observation
   */
  add(logit: number, label: 0 | 1, weight: number): void {
    const bin = Math.max(0, Math.min(bins - 1, Math.floor(((logit + logitMax) / (2 * logitMax)) * bins)));
    this.weights[bin] = f64(this.weights, bin) + weight;
    this.ups[bin] = f64(this.ups, bin) + weight * label;
    this.logits[bin] = f64(this.logits, bin) + weight * Math.max(-logitMax, Math.min(logitMax, logit));
    this.waiting++;
    if (this.waiting < this.settings.every_labels) return;
    this.fit();
    this.fade(this.waiting / this.settings.memory_labels);
    this.waiting = 0;
  }

  save(): unknown {
    return {
      waiting: this.waiting,
      slope: this.slope,
      offset: this.offset,
      weights: [...this.weights],
      ups: [...this.ups],
      logits: [...this.logits],
    };
  }

  /** @throws {ModelStateError} */
  static from(state: unknown, settings: CalibrationSettings): Calibration {
    const read = new Calibration(settings);
    read.waiting = savedCount(savedField(state, "waiting"), "waiting");
    read.slope = Math.max(0, savedNumber(savedField(state, "slope"), "slope"));
    read.offset = savedNumber(savedField(state, "offset"), "offset");
    read.weights.set(savedNumbers(savedField(state, "weights"), bins, "calibration weights"));
    read.ups.set(savedNumbers(savedField(state, "ups"), bins, "calibration ups"));
    read.logits.set(savedNumbers(savedField(state, "logits"), bins, "calibration logits"));
    return read;
  }

  /** Maximum a posteriori of slope and offset, by Newton's method; two unknowns. */
  private fit(): void {
    const precision = 1 / this.settings.prior_deviation ** 2;
    let slope = this.slope;
    let offset = this.offset;
    for (let step = 0; step < stepsMax; step++) {
      let slopeGradient = precision * (slope - 1);
      let offsetGradient = precision * offset;
      let slopeCurve = precision;
      let offsetCurve = precision;
      let cross = 0;
      for (let bin = 0; bin < bins; bin++) {
        const weight = f64(this.weights, bin);
        if (weight <= 0) continue;
        const logit = f64(this.logits, bin) / weight;
        const said = 1 / (1 + Math.exp(-(slope * logit + offset)));
        const error = weight * said - f64(this.ups, bin);
        const curve = weight * said * (1 - said);
        slopeGradient += error * logit;
        offsetGradient += error;
        slopeCurve += curve * logit * logit;
        offsetCurve += curve;
        cross += curve * logit;
      }
      const determinant = slopeCurve * offsetCurve - cross * cross;
      const slopeStep = (offsetCurve * slopeGradient - cross * offsetGradient) / determinant;
      const offsetStep = (slopeCurve * offsetGradient - cross * slopeGradient) / determinant;
      slope -= bounded(slopeStep);
      offset -= bounded(offsetStep);
      if (Math.abs(slopeStep) + Math.abs(offsetStep) < closeEnough) break;
    }
    if (!Number.isFinite(slope) || !Number.isFinite(offset)) return;
    // A model that was wrong more often than right is silent, not its own contrary.
    this.slope = Math.max(0, slope);
    this.offset = offset;
  }

  private fade(share: number): void {
    const keep = Math.max(0, 1 - share);
    for (let bin = 0; bin < bins; bin++) {
      this.weights[bin] = f64(this.weights, bin) * keep;
      this.ups[bin] = f64(this.ups, bin) * keep;
      this.logits[bin] = f64(this.logits, bin) * keep;
    }
  }
}

function bounded(step: number): number {
  return Math.max(-stepMax, Math.min(stepMax, step));
}
