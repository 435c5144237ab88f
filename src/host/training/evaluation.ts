/** How good forecasts were: against the base rate, and after the costs of trading on them (requirements BT-3). */

import { at, present } from "../../domain/assert.ts";
import { microsPerSecond } from "../../domain/units.ts";
import { blockEstimate, type Estimate } from "./bootstrap.ts";
import type { TrainingRows } from "./rows.ts";
import { type Forecasts, labelsOf, unknown } from "./walk-forward.ts";

/** Forecasts of one tenth of the probabilities: what was said, and what came. */
export type CalibrationBin = {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly said: number | null;
  readonly came: number | null;
};

/** One side after the other is held for the horizon, never two at once; basis points of the mid, a trade. */
export type Trading = {
  readonly trades: number;
  readonly gross: Estimate;
  readonly costs: number | null;
  /** after half the spread at both ends and the taker fee twice */
  readonly net: Estimate;
  /** the same moments on the side that came more often until then */
  readonly baseNet: Estimate;
  /** what the forecasts add to that */
  readonly advantage: Estimate;
};

export type Evaluation = {
  /** labels that were forecast: rows whose mid had moved, and those where it had not */
  readonly labels: number;
  readonly unchanged: number;
  readonly hitRate: Estimate;
  readonly logLoss: number | null;
  readonly baseLogLoss: number | null;
  /** base rate's minus forecasts', nats a label: above 0 is better than the base rate */
  readonly logLossGain: Estimate;
  readonly brier: number | null;
  readonly baseBrier: number | null;
  readonly brierGain: Estimate;
  readonly calibration: readonly CalibrationBin[];
  /** on forecasts at least `min_edge` from ½, and on all of them */
  readonly atMinEdge: Trading;
  readonly always: Trading;
};

export type Costs = {
  /** least |p − ½| */
  readonly minEdge: number;
  /** as a fraction of the notional, paid twice */
  readonly takerFee: number;
};

const bins = 10;

/** A block holds so many horizons: labels that far apart share nothing but the market's mood. */
const horizonsPerBlock = 5;
const leastBlock = 20 * microsPerSecond;

export function evaluate(rows: TrainingRows, horizon: number, forecasts: Forecasts, costs: Costs): Evaluation {
  const labels = labelsOf(rows, horizon);
  const block = Math.max(leastBlock, horizonsPerBlock * at(rows.horizons, horizon));
  const scored = { times: [], loss: [], baseLoss: [], square: [], baseSquare: [], hit: [] } as Scores;
  const table = Array.from({ length: bins }, () => ({ count: 0, said: 0, came: 0 }));
  let unmoved = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const said = at(forecasts.said, row);
    const label = at(labels, row);
    if (Number.isNaN(said) || label === unknown) continue;
    if (label > 1) {
      unmoved += 1;
      continue;
    }
    score(scored, at(rows.times, row), said, at(forecasts.base, row), label);
    const bin = present(table[Math.min(bins - 1, Math.floor(said * bins))], "bin");
    bin.count += 1;
    bin.said += said;
    bin.came += label;
  }
  const { times } = scored;
  return {
    labels: times.length,
    unchanged: unmoved,
    hitRate: blockEstimate(times, scored.hit, block),
    logLoss: mean(scored.loss),
    baseLogLoss: mean(scored.baseLoss),
    logLossGain: blockEstimate(times, minus(scored.baseLoss, scored.loss), block),
    brier: mean(scored.square),
    baseBrier: mean(scored.baseSquare),
    brierGain: blockEstimate(times, minus(scored.baseSquare, scored.square), block),
    calibration: table.map(({ count, said, came }, index) => ({
      from: index / bins,
      to: (index + 1) / bins,
      count,
      said: count === 0 ? null : said / count,
      came: count === 0 ? null : came / count,
    })),
    atMinEdge: trading(rows, horizon, forecasts, costs, block),
    always: trading(rows, horizon, forecasts, { ...costs, minEdge: 0 }, block),
  };
}

type Scores = Readonly<Record<"times" | "loss" | "baseLoss" | "square" | "baseSquare" | "hit", number[]>>;

function score(to: Scores, time: number, said: number, base: number, label: number): void {
  to.times.push(time);
  to.loss.push(logLoss(said, label));
  to.baseLoss.push(logLoss(base, label));
  to.square.push((said - label) ** 2);
  to.baseSquare.push((base - label) ** 2);
  to.hit.push(said === 0.5 ? 0.5 : said > 0.5 === (label === 1) ? 1 : 0);
}

function trading(rows: TrainingRows, horizon: number, forecasts: Forecasts, costs: Costs, block: number): Trading {
  const { mids, spreads } = present(rows.outcomes[horizon], "outcomes");
  const length = at(rows.horizons, horizon);
  const times: number[] = [];
  const gross: number[] = [];
  const baseGross: number[] = [];
  const paid: number[] = [];
  let freeAt = 0;
  for (let row = 0; row < rows.count; row += 1) {
    const said = at(forecasts.said, row);
    const time = at(rows.times, row);
    const later = at(mids, row);
    if (time < freeAt || Number.isNaN(said) || Number.isNaN(later)) continue;
    if (said === 0.5 || Math.abs(said - 0.5) < costs.minEdge) continue;
    const then = at(rows.mids, row);
    const move = ((later - then) / then) * 10_000;
    times.push(time);
    gross.push(said > 0.5 ? move : -move);
    baseGross.push(at(forecasts.base, row) >= 0.5 ? move : -move);
    // Half of each spread: spreads are in ticks, mids in half ticks.
    const crossing = ((at(rows.spreads, row) + at(spreads, row)) / then) * 10_000;
    paid.push(crossing + 2 * costs.takerFee * 10_000);
    freeAt = time + length;
  }
  return {
    trades: times.length,
    gross: blockEstimate(times, gross, block),
    costs: mean(paid),
    net: blockEstimate(times, minus(gross, paid), block),
    baseNet: blockEstimate(times, minus(baseGross, paid), block),
    advantage: blockEstimate(times, minus(gross, baseGross), block),
  };
}

function minus(left: readonly number[], right: readonly number[]): number[] {
  return left.map((value, index) => value - at(right, index));
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function logLoss(said: number, label: number): number {
  return -Math.log(Math.max(label === 1 ? said : 1 - said, Number.EPSILON));
}
