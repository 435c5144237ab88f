/**
 * The last candle against a strong move: where it began, orders may be left (for a short: the last rising candle before a
 * fall). A location while the price is in its zone, and a signal when the zone was tested and held (requirements DEC-5).
 */

import { atLeast, type Finding, found } from "./finding.ts";
import type { Rules } from "./rules.ts";
import type { Bar, Scene } from "./scene.ts";

export type OrderBlock = {
  readonly low: number;
  readonly high: number;
  /** how far beyond the block the move closed, in ATR */
  readonly strength: number;
  /** times that it was tested since the move, the newest bar left out */
  readonly retests: number;
};

/** The newest block that is strong, unbroken and fresh; null without one. */
export function findOrderBlock({ bars, atr }: Scene, rules: Rules["order_block"]): OrderBlock | null {
  for (let index = 2; index < bars.length; index++) {
    const block = bars[index];
    if (block === undefined || block.close >= block.open) continue;
    const found = blockAt(block, bars.slice(0, index), atr, rules);
    if (found !== null) return found;
  }
  return null;
}

/** Location: the mid is in the zone, or a little above it. Measured in ATR above its upper end. */
export function orderBlockZone({ mid, atr }: Scene, block: OrderBlock | null, location: Rules["location"]): Finding {
  if (block === null) return found("ORDER_BLOCK", false, null, location.tolerance_atr);
  const distance = (mid - block.high) / atr;
  const passed = mid >= block.low && distance <= location.tolerance_atr;
  return found("ORDER_BLOCK", passed, distance, location.tolerance_atr);
}

/** Signal: the newest bar went into the zone and closed in its upper half or above. Measured is the block's strength. */
export function orderBlockRetest({ bars }: Scene, block: OrderBlock | null, rules: Rules["order_block"]): Finding {
  const [bar] = bars;
  if (block === null || bar === undefined) return found("ORDER_BLOCK_RETEST", false, null, rules.impulse_atr);
  const held = bar.low <= block.high && bar.close >= (block.low + block.high) / 2;
  return atLeast("ORDER_BLOCK_RETEST", held ? block.strength : 0, rules.impulse_atr);
}

/** @param later bars after the block, newest first; the newest is not part of the move */
function blockAt(block: Bar, later: readonly Bar[], atr: number, rules: Rules["order_block"]): OrderBlock | null {
  const first = Math.max(1, later.length - rules.impulse_candles);
  const impulse = later.slice(first);
  const peak = impulse.reduce((most, { close }) => Math.max(most, close), Number.NEGATIVE_INFINITY);
  const strength = (peak - block.high) / atr;
  if (!(strength >= rules.impulse_atr)) return null;
  if (later.some(({ close }) => close < block.low)) return null;
  const high = Math.min(block.high, block.low + rules.zone_atr_max * atr);
  const sincePeak = later.slice(1, first + impulse.findIndex(({ close }) => close === peak));
  const retests = sincePeak.filter(({ low }) => low <= high).length;
  return retests > rules.retests_max ? null : { low: block.low, high, strength, retests };
}
