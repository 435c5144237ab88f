/** What a detector found: whether it holds, by which numbers, and what it adds to the score (requirements DEC-4). */

import type { Evidence } from "../../domain/decision.ts";

/** Each has one spelling: the words of the journal and of `why`. */
export type FindingWord =
  | "TARGET_BELOW_COSTS"
  | "ATR1"
  | "AVERAGE_RANGE"
  | "SPREAD"
  | "SPREAD_UNKNOWN"
  | "SPREAD_TOO_WIDE"
  | "SPREAD_ABNORMAL"
  | "SPREAD_EXPANDED"
  | "SESSION_BLOCKED"
  | "VWAP_BAND"
  | "SESSION_EXTREME"
  | "DAY_EXTREME"
  | "ORDER_BLOCK"
  | "LIQUIDITY_CLUSTER"
  | "WICK_TRAP"
  | "LIQUIDITY_SWEEP"
  | "VWAP_REJECTION"
  | "ENGULFING"
  | "ORDER_BLOCK_RETEST"
  | "CHANGE_OF_CHARACTER"
  | "MOMENTUM"
  | "VOLUME"
  | "VWAP_PERSISTENCE"
  | "VOLATILITY_EXPANSION"
  | "SCORE";

export type Finding = {
  readonly reason: FindingWord;
  readonly passed: boolean;
  /** null when it is not known; then it has not passed */
  readonly measured: number | null;
  readonly limit: number | null;
  /** points that it adds to the confluence score, before its group's bound */
  readonly score: number;
};

/** Passes when what was measured reaches the limit. */
export function atLeast(reason: FindingWord, measured: number | null, limit: number): Finding {
  return found(reason, measured !== null && measured >= limit, measured, limit);
}

/** Passes when what was measured does not exceed the limit. */
export function atMost(reason: FindingWord, measured: number | null, limit: number): Finding {
  return found(reason, measured !== null && measured <= limit, measured, limit);
}

export function found(reason: FindingWord, passed: boolean, measured: number | null, limit: number | null): Finding {
  return { reason, passed, measured, limit, score: passed ? 1 : 0 };
}

export function evidenceOf({ reason, measured, limit }: Finding): Evidence {
  return { reason, measured, limit };
}
