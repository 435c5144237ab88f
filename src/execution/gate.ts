/**
 * The last checks before an entry is sent, and again before any more of it is: the scalp gate in its order (requirements
 * EXE-1), the entry conditions of mode normal (EXE-7), slippage and latency (EXE-9). Pure; what has no number is skipped
 * and says so.
 */

import type { Settings } from "../config/schema.ts";
import type { Side } from "../domain/order.ts";
import type { Gate } from "../domain/output.ts";
import type { Lots, Micros } from "../domain/units.ts";
import type { TradingSession } from "../market/trading-sessions.ts";
import { Gates } from "../risk/gates.ts";
import type { Mode } from "../risk/mode.ts";
import { fewerLevels, latencyMillis, type MarketView, thinnerDepth } from "./market-view.ts";

export type GateInput = {
  readonly mode: Mode;
  readonly side: Side;
  readonly confidence: number | null;
  readonly edge: number | null;
  /** basis points from the entry zone; 0 inside it */
  readonly zoneDistanceBps: number;
  /** what the order would take from the book at once; null when it rests */
  readonly taking: Lots | null;
};

export function entryGates(
  input: GateInput,
  market: MarketView,
  trading: Settings["trading"],
  now: Micros,
): readonly Gate[] {
  const gates = new Gates();
  switch (input.mode) {
    case "scalp":
      checkScalp(input, market, trading.scalp, gates);
      break;
    case "normal":
      checkNormal(input, market, trading.normal, now, gates);
      break;
    default:
      throw new TypeError(`unhandled mode ${input.mode satisfies never}`);
  }
  checkSlippage(input, market, trading[input.mode].max_slippage_bps, gates);
  return gates.list;
}

export function hasFailed(gates: readonly Gate[]): boolean {
  return gates.some(({ verdict }) => verdict === "failed");
}

function checkScalp(
  { side, confidence, edge }: GateInput,
  market: MarketView,
  scalp: Settings["trading"]["scalp"],
  gates: Gates,
): void {
  const depth = thinnerDepth(market);
  const levels = fewerLevels(market);
  const latency = latencyMillis(market);
  const confidenceMin = side === "buy" ? scalp.min_conf_long : scalp.min_conf_short;
  gates.check(
    "SCALP_SPREAD_TOO_WIDE",
    market.spreadBps <= scalp.max_spread_bps,
    market.spreadBps,
    scalp.max_spread_bps,
  );
  gates.check("SCALP_INSUFFICIENT_DEPTH", depth >= scalp.min_top_depth_usdt, depth, scalp.min_top_depth_usdt);
  gates.check("SCALP_TOO_FEW_LEVELS", levels >= scalp.min_book_levels, levels, scalp.min_book_levels);
  if (confidence === null) gates.skip("SCALP_LOW_CONFIDENCE", confidenceMin);
  else gates.check("SCALP_LOW_CONFIDENCE", confidence >= confidenceMin, confidence, confidenceMin);
  if (edge === null) gates.skip("SCALP_LOW_EDGE", scalp.min_edge);
  else gates.check("SCALP_LOW_EDGE", edge >= scalp.min_edge, edge, scalp.min_edge);
  gates.check("SCALP_LATENCY", latency !== null && latency <= scalp.max_latency_ms, latency, scalp.max_latency_ms);
}

function checkNormal(
  { zoneDistanceBps }: GateInput,
  market: MarketView,
  normal: Settings["trading"]["normal"],
  now: Micros,
  gates: Gates,
): void {
  const far = normal.max_zone_distance_bps;
  gates.check("ZONE_TOO_FAR", zoneDistanceBps <= far, zoneDistanceBps, far);
  const spread = market.spreadVerdict(now);
  if (spread.acceptable) gates.check("SPREAD_ABNORMAL", true, null, null);
  else if (spread.reason === "SPREAD_UNKNOWN") gates.skip("SPREAD_ABNORMAL", null);
  else gates.check("SPREAD_ABNORMAL", false, spread.measured, spread.limit);
  const session = sessionNames[market.tradingSession(now)];
  const isRestricted = normal.restricted_sessions.includes(session);
  gates.check("RESTRICTED_SESSION", !isRestricted, null, null);
  const volatility = market.volatilityBps();
  const calm = normal.max_volatility_bps;
  if (volatility === null) gates.skip("VOLATILITY_TOO_HIGH", calm);
  else gates.check("VOLATILITY_TOO_HIGH", volatility <= calm, volatility, calm);
  const latency = latencyMillis(market);
  gates.check("LATENCY_TOO_HIGH", latency !== null && latency <= normal.max_latency_ms, latency, normal.max_latency_ms);
}

/** As the settings spell them. */
const sessionNames = {
  ASIA: "asia",
  LONDON: "london",
  OVERLAP: "overlap",
  NEW_YORK: "new_york",
  POST_NEW_YORK: "post_new_york",
} as const satisfies Record<TradingSession, string>;

/** A book that does not hold the order fails without a measure. */
function checkSlippage({ side, taking }: GateInput, market: MarketView, slippageMax: number, gates: Gates): void {
  if (taking === null) return gates.skip("SLIPPAGE_TOO_HIGH", slippageMax);
  const average = market.costToFill(side, taking);
  const worse = average === null ? null : Math.max(0, side === "buy" ? average - market.ask : market.bid - average);
  const measured = worse === null ? null : (worse / market.ask) * 1e4;
  gates.check("SLIPPAGE_TOO_HIGH", measured !== null && measured <= slippageMax, measured, slippageMax);
}
