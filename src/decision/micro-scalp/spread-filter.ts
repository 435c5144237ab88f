/** What an entry would pay before anything has happened: the spread, and the target against the fees (requirements DEC-4). */

import { at } from "../../domain/assert.ts";
import type { SpreadVerdict } from "../../market/spread-statistics.ts";
import { atLeast, atMost, type Finding, found } from "./finding.ts";
import type { Rules, SymbolRules } from "./rules.ts";

/** @param spread quote asset */
export function spreadFilter(spread: number, rules: SymbolRules): Finding {
  return atMost("SPREAD", spread, rules.max_spread);
}

/** What is usual for the symbol and the hour, as the market's statistics say; null when it is. */
export function spreadVerdictFilter(verdict: SpreadVerdict): Finding | null {
  return verdict.acceptable ? null : found(verdict.reason, false, verdict.measured, verdict.limit);
}

/** Where the symbol's farthest target does not pay the fees, no set-up is worth its entry. */
export function targetFilter(price: number, rules: SymbolRules, filters: Rules["filters"]): Finding {
  return atLeast("TARGET_BELOW_COSTS", (at(rules.tp_range, 1) / price) * 10_000, filters.target_bps_min);
}
