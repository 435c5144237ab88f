/** Whether the market moves enough, and whether it moves more than it did (requirements DEC-4, DEC-5). */

import { atLeast, type Finding, found } from "./finding.ts";
import type { Rules, SymbolRules } from "./rules.ts";
import type { Scene } from "./scene.ts";

/** The least range is the symbol's, or a share of the usual range where that is more: quiet is relative. */
export function trueRangeFilter(
  { atr1, atr }: Pick<Scene, "atr1" | "atr">,
  tickSize: number,
  rules: SymbolRules,
  filters: Rules["filters"],
): Finding {
  return atLeast("ATR1", atr1 * tickSize, Math.max(rules.atr1_min, filters.atr1_atr_share * atr * tickSize));
}

/** @param averageRange mean of high − low, ticks; null while it is not known */
export function averageRangeFilter(averageRange: number | null, tickSize: number, rules: SymbolRules): Finding {
  return atLeast("AVERAGE_RANGE", averageRange === null ? null : averageRange * tickSize, rules.m1_range_avg_min);
}

/** Hours in which nothing is entered, such as those after New York. */
export function sessionFilter(
  session: Rules["filters"]["blocked_sessions"][number],
  filters: Rules["filters"],
): Finding {
  return found("SESSION_BLOCKED", !filters.blocked_sessions.includes(session), null, null);
}

export function volatilityExpansion({ atr1, atr }: Scene, signals: Rules["signals"]): Finding {
  return atLeast("VOLATILITY_EXPANSION", atr1 / atr, signals.expansion_ratio);
}
