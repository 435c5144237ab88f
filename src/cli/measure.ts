/** A measured number, as people read it. */

import type { BlockReason } from "../domain/reason.ts";

/**
 * Of what every measure with this word is. A word that several places use for different things, such as NO_SIGNAL, has
 * none, and neither has a score or a moment, which is shown as a date.
 */
const units: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ENTRIES_REFUSED: "s",
    ACCOUNT_STALE: "µs",
    MAX_TRADES_PER_HOUR_REACHED: "trades",
    SIZE_TOO_SMALL: "lots",
    MODEL_SLOW: "ms",
    MAX_DAILY_LOSS_REACHED: "USDT",
    MAX_DAILY_PROFIT_REACHED: "USDT",
    MAX_DRAWDOWN_REACHED: "of peak",
    DRAWDOWN_GUARD: "of peak",
    CRASH_GUARD: "of price",
    MAX_POSITIONS: "positions",
    INSUFFICIENT_MARGIN: "USDT",
    MAX_EXPOSURE: "USDT",
    EQUITY_MISSING: "USDT",
    COST_EXCEEDS_EDGE: "bps",
    SCALP_SPREAD_TOO_WIDE: "bps",
    SCALP_INSUFFICIENT_DEPTH: "USDT",
    SCALP_TOO_FEW_LEVELS: "levels",
    SCALP_LATENCY: "ms",
    ZONE_TOO_FAR: "bps",
    VOLATILITY_TOO_HIGH: "bps",
    LATENCY_TOO_HIGH: "ms",
    SLIPPAGE_TOO_HIGH: "bps",
  } satisfies Partial<Record<BlockReason, string>>),
);

/** Empty where it has none. */
export function unitOf(reason: string): string {
  return units.get(reason) ?? "";
}

/** The two numbers that a gate has compared. */
export function comparison(gate: string, measured: number | null, limit: number | null): string {
  const withUnit = (value: number | null): string =>
    value === null ? shown(value) : `${shown(value)} ${unitOf(gate)}`;
  return `measured ${withUnit(measured).trimEnd()}, limit ${withUnit(limit).trimEnd()}`;
}

/** From here on a measured number is an instant: microseconds since the epoch, of the year 2001 and later. */
const instantMin = 1e15;

/** Six digits are enough to compare with a limit. */
export function shown(value: number | null): string {
  if (value === null) return "–";
  if (value >= instantMin) return new Date(value / 1_000).toISOString();
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
