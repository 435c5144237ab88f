/** Stop and target by volatility, as multiples of the average true range or in percent (requirements RSK-3). */

import type { Settings } from "../config/schema.ts";
import { type Side, sign } from "../domain/order.ts";
import { type Ticks, ticks } from "../domain/units.ts";

export const bands = ["low", "medium", "high"] as const;
export type VolatilityBand = (typeof bands)[number];

export type StopSettings = Settings["risk"]["sltp"];

/** What volatility is measured with. Null is not known. */
export type Volatility = {
  /** average true range, ticks */
  readonly atrTicks: number | null;
  /** deviation of one-minute returns, basis points */
  readonly realisedBps: number | null;
};

export type StopLevels = { readonly stopLoss: Ticks; readonly takeProfit: Ticks };

/**
 * LOW below the first threshold, HIGH above the second, MEDIUM between; equal thresholds leave no MEDIUM.
 *
 * @param bps the metric, basis points of the price
 */
export function volatilityBand(bps: number, sltp: StopSettings): VolatilityBand {
  if (bps < sltp.low_bps) return "low";
  return bps > sltp.high_bps || sltp.low_bps === sltp.high_bps ? "high" : "medium";
}

/** The band that the configured metric says; null when the metric, or the range that the distances need, is not known. */
export function bandOf(volatility: Volatility, reference: Ticks, sltp: StopSettings): VolatilityBand | null {
  const { atrTicks, realisedBps } = volatility;
  if (sltp.mode === "atr" && !isUsable(atrTicks)) return null;
  const bps = sltp.metric === "realised" ? realisedBps : atrTicks === null ? null : (atrTicks / reference) * 1e4;
  return isUsable(bps) ? volatilityBand(bps, sltp) : null;
}

/**
 * Levels on the tick: the stop's distance is rounded down and the target's too, so that rounding never adds risk nor
 * makes a target harder to reach than configured; neither is nearer than the configured least distance.
 *
 * @param reference expected entry price, ticks
 * @param atrTicks average true range, ticks; finite and above 0 in mode `atr`, not looked at in mode `percent`
 * @returns null when a level would not be a price
 */
export function stopLevels(
  side: Side,
  reference: Ticks,
  atrTicks: number | null,
  band: VolatilityBand,
  sltp: StopSettings,
): StopLevels | null {
  const stopDistance =
    sltp.mode === "atr"
      ? (atrTicks ?? Number.NaN) * stopMultiple(band, sltp)
      : (reference * stopPercent(band, sltp)) / 100;
  const stopLoss = reference - sign(side) * onTick(stopDistance, sltp);
  const takeProfit = reference + sign(side) * onTick(targetDistance(stopDistance, atrTicks, band, sltp), sltp);
  if (!Number.isSafeInteger(stopLoss) || !Number.isSafeInteger(takeProfit) || Math.min(stopLoss, takeProfit) < 1) {
    return null;
  }
  return { stopLoss: ticks(stopLoss), takeProfit: ticks(takeProfit) };
}

function onTick(distance: number, sltp: StopSettings): number {
  return Math.max(sltp.min_ticks, Math.floor(distance));
}

function targetDistance(
  stopDistance: number,
  atrTicks: number | null,
  band: VolatilityBand,
  sltp: StopSettings,
): number {
  if (sltp.mode === "percent") return stopDistance * (targetRatio(band, sltp) ?? sltp.base_rr);
  const multiple = targetMultiple(band, sltp);
  return multiple === null ? stopDistance * sltp.base_rr : (atrTicks ?? Number.NaN) * multiple;
}

function stopMultiple(band: VolatilityBand, { atr }: StopSettings): number {
  return { low: atr.sl_mult_low_vol, medium: atr.sl_mult_medium_vol, high: atr.sl_mult_high_vol }[band];
}

function targetMultiple(band: VolatilityBand, { atr }: StopSettings): number | null {
  return { low: atr.tp_mult_low_vol, medium: atr.tp_mult_medium_vol, high: atr.tp_mult_high_vol }[band];
}

function stopPercent(band: VolatilityBand, { percent }: StopSettings): number {
  return { low: percent.sl_percent_low_vol, medium: percent.sl_percent_medium_vol, high: percent.sl_percent_high_vol }[
    band
  ];
}

function targetRatio(band: VolatilityBand, { percent }: StopSettings): number | null {
  return { low: percent.tp_rr_low_vol, medium: percent.tp_rr_medium_vol, high: percent.tp_rr_high_vol }[band];
}

/** An average range or deviation of nothing at all is a market that does not move: no measure of it. */
function isUsable(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value > 0;
}
