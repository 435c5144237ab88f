/** The policy of each mode, on the exchange's grid. */

import type { Settings } from "../../config/schema.ts";
import { gridPrice, type Instrument } from "../../domain/instrument.ts";
import type { Side } from "../../domain/order.ts";
import type { Ticks } from "../../domain/units.ts";
import type { Mode } from "../../risk/mode.ts";
import { normalPolicy } from "./normal.ts";
import type { EntryPlan, PolicyInput } from "./policy.ts";
import { scalpPolicy } from "./scalp.ts";

export function planEntry(
  mode: Mode,
  input: PolicyInput,
  trading: Settings["trading"],
  instrument: Instrument,
): EntryPlan {
  const plan = planOf(mode, input, trading);
  if (plan.kind !== "limit" || instrument.priceStep === 1) return plan;
  return { ...plan, price: restingPrice(instrument, input.side, plan.price) };
}

/**
 * Where a limit order rests if the exchange's grid has become coarser than ours: never nearer than wanted. It is sized for
 * that price, because a limit of its worth holds for what is sent (failure-catalogue F-77, I-13).
 */
export function restingPrice(instrument: Instrument, side: Side, price: Ticks): Ticks {
  return gridPrice(instrument, price, side === "buy" ? "down" : "up");
}

function planOf(mode: Mode, input: PolicyInput, trading: Settings["trading"]): EntryPlan {
  if (!(input.bid > 0 && input.ask > input.bid)) {
    return { kind: "wait", reason: "MARKET_DATA_STALE", measured: input.bid, limit: input.ask };
  }
  switch (mode) {
    case "normal":
      return normalPolicy(input, trading.normal);
    case "scalp":
      return scalpPolicy(input, trading.scalp);
    default:
      throw new TypeError(`unhandled mode ${mode satisfies never}`);
  }
}
