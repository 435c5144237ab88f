/** Stop behind the signal's candles, target a multiple of it away, both inside the symbol's ranges (requirements DEC-4). */

import { at } from "../../domain/assert.ts";
import type { Rules, SymbolRules } from "./rules.ts";
import { lowest, type Scene } from "./scene.ts";

/** Whole ticks from the price that the entry joins. */
export type Distances = { readonly stop: number; readonly target: number };

/**
 * The target is never nearer than what pays the fees, whatever its range says.
 *
 * @param tickSize quote asset
 * @returns null when a range holds no whole tick
 */
export function distancesOf(scene: Scene, tickSize: number, own: SymbolRules, rules: Rules): Distances | null {
  const { near, atr, bars } = scene;
  const { stop_buffer_atr, reward_ratio } = rules.targets;
  const behind = near - lowest(bars.slice(0, rules.sweep.return_candles)) + stop_buffer_atr * atr;
  const paying = (Math.abs(near) * rules.filters.target_bps_min) / 10_000;
  const stop = within(behind, at(own.sl_range, 0) / tickSize, at(own.sl_range, 1) / tickSize);
  if (stop === null) return null;
  const nearest = Math.max(at(own.tp_range, 0) / tickSize, paying);
  const target = within(stop * reward_ratio, nearest, at(own.tp_range, 1) / tickSize);
  return target === null ? null : { stop, target };
}

/** The nearest whole number of ticks in the range. Quotients such as 0.3 / 0.01 are whole but for their last digits. */
function within(wanted: number, least: number, most: number): number | null {
  const first = Math.ceil(tidy(least));
  const last = Math.floor(tidy(most));
  return first > last ? null : Math.min(Math.max(Math.round(wanted), first), last);
}

function tidy(value: number): number {
  const whole = Math.round(value);
  return Math.abs(value - whole) < rounding ? whole : value;
}

const rounding = 1e-6;
