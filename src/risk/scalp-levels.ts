/** Stop and target of a scalp trade (requirements EXE-2). */

import type { Settings } from "../config/schema.ts";
import { type Side, sign } from "../domain/order.ts";
import { type Ticks, ticks } from "../domain/units.ts";
import type { StopLevels } from "./stops.ts";

/** What the distances are counted from. */
export type ScalpPlace = {
  readonly side: Side;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** expected entry price, ticks */
  readonly reference: Ticks;
};

export type ScalpLevelsInput = ScalpPlace & {
  /** what the risk engine found, the decision's own levels included */
  readonly levels: StopLevels;
};

/**
 * The risk engine's levels no farther from the entry than the scalp distances; or, without `use_risk_sl_tp`, those
 * distances from the mid. On the tick towards the entry, so that rounding never adds risk nor makes a target harder to
 * reach.
 */
export function scalpLevels(input: ScalpLevelsInput, scalp: Settings["trading"]["scalp"]): StopLevels {
  const { side, reference, levels } = input;
  const away = sign(side);
  const mid = (input.bid + input.ask) / 2;
  const stopDistance = (mid * scalp.sl_distance_bps) / 1e4;
  const farthest = farthestTarget(input, scalp);
  if (!scalp.use_risk_sl_tp) {
    return { stopLoss: ticks(Math.ceil(mid * away - stopDistance) * away), takeProfit: farthest };
  }
  const risk = Math.min((reference - levels.stopLoss) * away, Math.floor(stopDistance));
  const isBeyond = (levels.takeProfit - farthest) * away > 0;
  return { stopLoss: ticks(reference - risk * away), takeProfit: isBeyond ? farthest : levels.takeProfit };
}

/** Of a decision's targets those that the mode allows. */
export function targetsWithin(
  decided: readonly Ticks[],
  place: ScalpPlace,
  scalp: Settings["trading"]["scalp"],
): readonly Ticks[] {
  const farthest = farthestTarget(place, scalp);
  return decided.filter((level) => (farthest - level) * sign(place.side) >= 0);
}

function farthestTarget({ side, bid, ask, reference }: ScalpPlace, scalp: Settings["trading"]["scalp"]): Ticks {
  const away = sign(side);
  const mid = (bid + ask) / 2;
  const distance = (mid * scalp.tp_distance_bps) / 1e4;
  if (scalp.use_risk_sl_tp) return ticks(reference + Math.floor(distance) * away);
  return ticks(Math.floor(mid * away + distance) * away);
}
