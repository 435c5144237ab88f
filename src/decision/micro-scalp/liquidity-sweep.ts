/**
 * Signal: a local low was taken, and given back within a few candles (for a short: high). Four things speak for it, and
 * their share is its confidence: taken, returned, a wick that rejects, and volume (requirements DEC-5).
 */

import { atLeast, type Finding } from "./finding.ts";
import type { Rules } from "./rules.ts";
import { type Bar, lowerWickShare, lowest, meanVolume, type Scene } from "./scene.ts";

/** Measured is the confidence, 0 where no low was taken and given back. */
export function liquiditySweep({ bars }: Scene, sweep: Rules["sweep"]): Finding {
  let confidence = 0;
  for (let candles = 1; candles <= sweep.return_candles && candles < bars.length; candles++) {
    confidence = Math.max(confidence, confidenceOf(bars.slice(0, candles), bars.slice(candles), sweep));
  }
  return atLeast("LIQUIDITY_SWEEP", confidence, sweep.confidence_min);
}

/** @param taking the bars that take the low and come back, newest first */
function confidenceOf(taking: readonly Bar[], before: readonly Bar[], sweep: Rules["sweep"]): number {
  const low = lowest(before);
  const together = merged(taking);
  if (together === null || together.low >= low || together.close <= low) return 0;
  const usual = meanVolume(before);
  const rejected = lowerWickShare(together) >= sweep.wick_share_min;
  const traded = usual !== null && together.volume >= sweep.volume_ratio_min * usual;
  return (2 + Number(rejected) + Number(traded)) / 4;
}

/** The bars as one, with the volume of the busiest; null without any. */
function merged(bars: readonly Bar[]): Omit<Bar, "time" | "taken"> | null {
  const newest = bars[0];
  const oldest = bars.at(-1);
  if (newest === undefined || oldest === undefined) return null;
  return {
    open: oldest.open,
    high: Math.max(...bars.map(({ high }) => high)),
    low: lowest(bars),
    close: newest.close,
    volume: Math.max(...bars.map(({ volume }) => volume)),
  };
}
