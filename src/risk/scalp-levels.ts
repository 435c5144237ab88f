/** Stop and target of a scalp trade (requirements EXE-2). */

import type { Settings } from "../config/schema.ts";
import { type Side, sign } from "../domain/order.ts";
import { type Ticks, ticks } from "../domain/units.ts";
import type { StopLevels } from "./stops.ts";

export type ScalpLevelsInput = {
  readonly side: Side;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** expected entry price, ticks */
  readonly reference: Ticks;
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
  const targetDistance = (mid * scalp.tp_distance_bps) / 1e4;
  if (scalp.use_risk_sl_tp) {
    const risk = Math.min((reference - levels.stopLoss) * away, Math.floor(stopDistance));
    const reward = Math.min((levels.takeProfit - reference) * away, Math.floor(targetDistance));
    return { stopLoss: ticks(reference - risk * away), takeProfit: ticks(reference + reward * away) };
  }
  return {
    stopLoss: ticks(Math.ceil(mid * away - stopDistance) * away),
    takeProfit: ticks(Math.floor(mid * away + targetDistance) * away),
  };
}
