/** Stop and target by volatility (requirements RSK-3, `atr` mode). */

import type { Settings } from "../config/schema.ts";
import { type Side, sign } from "../domain/order.ts";
import { type Ticks, ticks } from "../domain/units.ts";

export const bands = ["low", "medium", "high"] as const;
export type VolatilityBand = (typeof bands)[number];

export type StopLevels = { readonly stopLoss: Ticks; readonly takeProfit: Ticks; readonly band: VolatilityBand };

/** LOW below the first threshold, HIGH above the second, MEDIUM between; equal thresholds leave no MEDIUM. */
export function volatilityBand(atrBps: number, sltp: Settings["risk"]["sltp"]): VolatilityBand {
  if (atrBps < sltp.low_bps) return "low";
  return atrBps > sltp.high_bps || sltp.low_bps === sltp.high_bps ? "high" : "medium";
}

/**
 * Levels on the tick: the stop's distance is rounded down and the target's too, so that rounding never adds risk nor
 * makes a target harder to reach than configured; neither is nearer than the configured least distance.
 *
 * @param reference expected entry price, ticks
 * @param atrTicks average true range, ticks; finite and above 0
 * @returns null when a level would not be a price
 */
export function stopLevels(
  side: Side,
  reference: Ticks,
  atrTicks: number,
  sltp: Settings["risk"]["sltp"],
): StopLevels | null {
  const band = volatilityBand((atrTicks / reference) * 1e4, sltp);
  const multiples = sltp.atr[band];
  const distance = (multiple: number): number => Math.max(sltp.min_ticks, Math.floor(atrTicks * multiple));
  const stopLoss = reference - sign(side) * distance(multiples.sl);
  const takeProfit = reference + sign(side) * distance(multiples.tp);
  if (!Number.isSafeInteger(stopLoss) || !Number.isSafeInteger(takeProfit) || Math.min(stopLoss, takeProfit) < 1) {
    return null;
  }
  return { stopLoss: ticks(stopLoss), takeProfit: ticks(takeProfit), band };
}
