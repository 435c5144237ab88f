/**
 * Forecasts of one horizon over recorded rows, each made from nothing but what had been seen by then. When the model is
 * fitted anew depends on the labels so far and not on how long the tape is, so that cutting it changes no forecast.
 */

import type { Settings } from "../../config/schema.ts";
import { Calibration } from "../../decision/ensemble/calibration.ts";
import { HorizonModel } from "../../decision/ensemble/horizon-model.ts";
import { Standardiser } from "../../decision/ensemble/standardiser.ts";
import { at, present } from "../../domain/assert.ts";
import { fitLogistic, logitOf } from "./logistic-fit.ts";
import type { TrainingRows } from "./rows.ts";

type EnsembleSettings = Settings["decision"]["ensemble"];

/** By row; NaN where nothing was said. */
export type Forecasts = {
  /** p_up, given that the mid moves */
  readonly said: Float64Array;
  /** log-odds before calibration */
  readonly logits: Float64Array;
  /** share of ups among the labels that had matured by then: what a forecast has to beat */
  readonly base: Float64Array;
  readonly fits: number;
};

/** 1 up, 0 down; the rows whose mid moved. `unchanged` and `unknown` are the values of the others. */
export type Labels = Uint8Array;
const unchanged = 2;
export const unknown = 3;

/** A model is fitted anew when it can have so many times the labels of the last time. */
const growth = 1.25;

export function labelsOf(rows: TrainingRows, horizon: number): Labels {
  const { mids } = present(rows.outcomes[horizon], "outcomes");
  return Uint8Array.from({ length: rows.count }, (_, row) => {
    const then = at(rows.mids, row);
    const later = at(mids, row);
    if (Number.isNaN(later)) return unknown;
    return later === then ? unchanged : later > then ? 1 : 0;
  });
}

/** How much of a row is news: rows closer together than the horizon share most of their future. */
export function overlapOf(rows: TrainingRows, horizon: number): number {
  return Math.min(1, rows.spacing / at(rows.horizons, horizon));
}

/** Fitted to all matured labels again and again as they become more; calibrated as live, label by label. */
export function walkForward(
  rows: TrainingRows,
  horizon: number,
  settings: EnsembleSettings,
  onProgress: (share: number) => void = () => undefined,
): Forecasts {
  const labels = labelsOf(rows, horizon);
  const overlap = overlapOf(rows, horizon);
  const calibration = new Calibration(settings.calibration);
  const forecasts = nothing(rows.count);
  const matured = new Maturing(rows, horizon, labels);
  const scaled = new Float64Array(rows.featureNames.length);
  let fitted: Fitted | null = null;
  let fitAt = settings.warmup_labels;
  let fits = 0;
  for (let row = 0; row < rows.count; row += 1) {
    matured.until(row, (ripe, label) => {
      if (!Number.isNaN(at(forecasts.said, ripe))) calibration.add(at(forecasts.logits, ripe), label, overlap);
    });
    if (matured.count >= fitAt) {
      fitted = fitRows(rows, row, matured.rows(), labels, overlap, settings, fitted?.weights);
      fitAt = Math.ceil(matured.count * growth);
      fits += 1;
      onProgress(row / rows.count);
    }
    forecasts.base[row] = matured.base;
    if (fitted === null) continue;
    const logit = forecast(fitted, rows, row, scaled);
    forecasts.logits[row] = logit;
    forecasts.said[row] = calibration.probability(logit);
  }
  return { ...forecasts, fits };
}

/** What the ensemble says when it learns while running, with no fit beforehand. */
export function learnOnline(rows: TrainingRows, horizon: number, settings: EnsembleSettings): Forecasts {
  const labels = labelsOf(rows, horizon);
  const inputs = rows.featureNames.length;
  const model = new HorizonModel(inputs, at(rows.horizons, horizon) / 1e6, overlapOf(rows, horizon), settings);
  const standardiser = new Standardiser(inputs, settings.memory_rows);
  const forecasts = nothing(rows.count);
  const matured = new Maturing(rows, horizon, labels);
  const scaled = new Float64Array(inputs);
  for (let row = 0; row < rows.count; row += 1) {
    matured.until(row, (ripe, label) => {
      standardiser.scaleRow(rows.features, ripe * inputs, scaled);
      model.learn(scaled, at(forecasts.said, ripe), at(forecasts.logits, ripe), label);
    });
    standardiser.update(rows.features.subarray(row * inputs, (row + 1) * inputs));
    standardiser.scaleRow(rows.features, row * inputs, scaled);
    const logit = model.logit(scaled);
    forecasts.logits[row] = logit;
    forecasts.said[row] = model.probability(logit);
    forecasts.base[row] = matured.base;
  }
  return { ...forecasts, fits: 0 };
}

export type Fitted = {
  /** the intercept last */
  readonly weights: Float64Array;
  readonly standardiser: Standardiser;
};

/**
 * @param seen rows that give mean and deviation: those before `seen`
 * @param chosen rows whose label has matured, and whose mid had moved
 */
export function fitRows(
  rows: TrainingRows,
  seen: number,
  chosen: Int32Array,
  labels: Labels,
  overlap: number,
  settings: EnsembleSettings,
  start?: Float64Array,
): Fitted {
  const inputs = rows.featureNames.length;
  const standardiser = new Standardiser(inputs, settings.memory_rows);
  for (let row = 0; row < seen; row += 1) {
    standardiser.update(rows.features.subarray(row * inputs, (row + 1) * inputs));
  }
  const values = new Float64Array(seen * inputs);
  const scaled = new Float64Array(inputs);
  for (const row of chosen) {
    standardiser.scaleRow(rows.features, row * inputs, scaled);
    values.set(scaled, row * inputs);
  }
  // Rows that overlap are one observation told many times: against them the prior counts as many times.
  const prior = 1 / (settings.weight_deviation ** 2 * overlap * Math.max(1, chosen.length));
  const weights = fitLogistic({ inputs, values, chosen, labels }, settings.regularisation + prior, start);
  return { weights, standardiser };
}

/** Rows whose label is known once the tape is over, and moved. */
export function allMatured(rows: TrainingRows, labels: Labels): Int32Array {
  return Int32Array.from(Array.from({ length: rows.count }, (_, row) => row).filter((row) => at(labels, row) < 2));
}

/** @param scaled is overwritten */
function forecast({ weights, standardiser }: Fitted, rows: TrainingRows, row: number, scaled: Float64Array): number {
  standardiser.scaleRow(rows.features, row * scaled.length, scaled);
  return logitOf(weights, scaled, 0);
}

function nothing(count: number) {
  const column = (): Float64Array => new Float64Array(count).fill(Number.NaN);
  return { said: column(), logits: column(), base: column() };
}

/** Labels become known, oldest first, as time goes on. */
class Maturing {
  readonly #rows: TrainingRows;
  readonly #horizon: number;
  readonly #labels: Labels;
  readonly #matured: Int32Array;
  readonly #news: number;
  #next = 0;
  #count = 0;
  #ups = 0;

  constructor(rows: TrainingRows, horizon: number, labels: Labels) {
    this.#rows = rows;
    this.#horizon = at(rows.horizons, horizon);
    this.#labels = labels;
    this.#news = overlapOf(rows, horizon);
    this.#matured = new Int32Array(rows.count);
  }

  /** Labels so far, of rows whose mid had moved. */
  get count(): number {
    return this.#count;
  }

  /** Share of ups so far, by Laplace's rule over as many labels as are news. */
  get base(): number {
    return (this.#ups * this.#news + 1) / (this.#count * this.#news + 2);
  }

  rows(): Int32Array {
    return this.#matured.subarray(0, this.#count);
  }

  /** All that had matured before the time of `row`. */
  until(row: number, onLabel: (row: number, label: 0 | 1) => void): void {
    const now = at(this.#rows.times, row);
    for (; this.#next < row && at(this.#rows.times, this.#next) + this.#horizon < now; this.#next += 1) {
      const label = at(this.#labels, this.#next);
      if (label !== 0 && label !== 1) continue;
      this.#matured[this.#count] = this.#next;
      this.#count += 1;
      this.#ups += label;
      onLabel(this.#next, label);
    }
  }
}
