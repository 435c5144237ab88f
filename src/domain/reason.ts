/**
 * Reasons are words, and each has one spelling: the word a check returns is the one in journal, metric, alert and
 * status. Where requirements.md spells one, it is spelled so here.
 */

/** Why a decision did not become an order, in the order in which the checks run. */
export const blockReasons = [
  "NOT_READY",
  "DECISION_EXPIRED",
  "STOPPING",
  "SAFE_MODE",
  "ACCOUNT_NOT_SET_UP",
  "ENTRIES_REFUSED",
  "HALTED",
  "NO_SIGNAL",
  "WARMING_UP",
  "MODEL_SLOW",
  "MODEL_FAILED",
  "CONFLICTING_SIGNALS",
  "DECISION_STALE",
  "DECISION_MALFORMED",
  "OUTSIDE_ENTRY_ZONE",
  "PLAN_WAITING",
  "DEMO_IDLE",
  "POSITION_OPEN",
  "OPPOSITE_POSITION",
  "ORDER_IN_DOUBT",
  "ACCOUNT_STALE",
  "MARKET_DATA_STALE",
  "EQUITY_MISSING",
  "VOLATILITY_MISSING",
  "SESSION_COOLDOWN",
  "MAX_DAILY_LOSS_REACHED",
  "MAX_DAILY_PROFIT_REACHED",
  "MAX_DRAWDOWN_REACHED",
  "MAX_TRADES_PER_HOUR_REACHED",
  "DRAWDOWN_GUARD",
  "CRASH_GUARD",
  "COOLDOWN",
  "MAX_POSITIONS",
  "INSUFFICIENT_MARGIN",
  "MAX_EXPOSURE",
  "LOW_CONFIDENCE",
  "LOW_EDGE",
  "PRICE_MOVED",
  "STOP_INVALID",
  "SIZE_TOO_SMALL",
  "STOP_BEYOND_LIQUIDATION",
  "FEES_MISSING",
  "COST_EXCEEDS_EDGE",
  "SCALP_SPREAD_TOO_WIDE",
  "SCALP_INSUFFICIENT_DEPTH",
  "SCALP_TOO_FEW_LEVELS",
  "SCALP_LOW_CONFIDENCE",
  "SCALP_LOW_EDGE",
  "SCALP_LATENCY",
  "ZONE_TOO_FAR",
  "SPREAD_ABNORMAL",
  "RESTRICTED_SESSION",
  "VOLATILITY_TOO_HIGH",
  "LATENCY_TOO_HIGH",
  "SLIPPAGE_TOO_HIGH",
] as const;
export type BlockReason = (typeof blockReasons)[number];

/** Why a trade was closed. */
export const exitReasons = [
  "STOP_LOSS",
  "TRAILING_STOP",
  "TAKE_PROFIT",
  "ADVERSE_CANDLE",
  "MAX_HOLD",
  "DECISION_EXIT",
  "CANNOT_PROTECT",
  "STOP_PASSED",
  "OPERATOR",
  "RISK_LIMIT",
  "EXTERNAL",
  /** by an exit of an earlier run, whose reason ended with it */
  "EARLIER_RUN",
] as const;
export type ExitReason = (typeof exitReasons)[number];

/** Why SAFE MODE was entered. @see requirements SAF-3, failure-catalogue I-17 */
export const safeModeReasons = [
  /** a stop was refused and not understood why, did not become live in time, or a close keeps failing */
  "CANNOT_PROTECT",
  "UNKNOWN_POSITION",
  /** the exchange's own answers about the account contradict each other, again and again */
  "INCONSISTENT_ACCOUNT",
  /** on an order path, like the next one */
  "UNKNOWN_STATUS",
  "UNKNOWN_CODE",
  "AUTHORITY_LOST",
  "STORE_FAILED",
  /** the machine's clock was set, or the machine slept */
  "CLOCK_JUMP",
  /** more was closed than was open */
  "OVERFILL",
  /** orders with our prefix that we did not send */
  "ANOTHER_DAEMON",
  /** an order of ours could not be sent for an error of our own */
  "INVALID_ORDER",
  "UNEXPECTED_ERROR",
] as const;
export type SafeModeReason = (typeof safeModeReasons)[number];
