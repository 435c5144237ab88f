/** The answer of the risk engine (requirements RSK-6). */

import type { Evidence } from "../domain/decision.ts";
import type { Side } from "../domain/order.ts";
import type { BlockReason } from "../domain/reason.ts";
import type { Lots, Ticks } from "../domain/units.ts";

/** What raised, lowered or clamped the size, with the notional after it, in the quote asset. */
export type SizeStep = { readonly what: string; readonly notional: number };

export type SizedOrder = {
  readonly side: Side;
  readonly quantity: Lots;
  /** at the reference price, quote asset */
  readonly notional: number;
  /** the price at which the order was sized: the side of the touch that the entry joins or takes */
  readonly reference: Ticks;
  readonly leverage: number;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks;
  readonly steps: readonly SizeStep[];
};

export type RiskCheckResult =
  | { readonly approved: true; readonly order: SizedOrder }
  | { readonly approved: false; readonly reasons: readonly Evidence<BlockReason>[] };
