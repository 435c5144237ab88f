/** The answer of the risk engine (requirements RSK-6). */

import type { Evidence } from "../domain/decision.ts";
import type { ApprovedOrder, Gate } from "../domain/output.ts";
import type { BlockReason } from "../domain/reason.ts";
import type { Ticks } from "../domain/units.ts";

export type SizedOrder = ApprovedOrder & {
  /** the price at which the order was sized: the side of the touch that the entry joins or takes */
  readonly reference: Ticks;
};

/** Every gate that ran, in order; `reasons` are those that failed. */
export type RiskCheckResult =
  | { readonly approved: true; readonly order: SizedOrder; readonly gates: readonly Gate[] }
  | {
      readonly approved: false;
      readonly reasons: readonly Evidence<BlockReason>[];
      readonly gates: readonly Gate[];
    };
