/**
 * Scalp mode: a limit order near the touch, or a market order where the book passes the stricter limits for one
 * (requirements EXE-3).
 */

import type { Settings } from "../../config/schema.ts";
import type { Evidence } from "../../domain/decision.ts";
import type { BlockReason } from "../../domain/reason.ts";
import { type EntryPlan, type EntryPolicy, mirrored, outsideZone, type PolicyInput, unmirrored } from "./policy.ts";

type Scalp = Settings["trading"]["scalp"];

export const scalpPolicy: EntryPolicy<Scalp> = (input, scalp) => {
  if (!scalp.prefer_limit && againstMarket(input, scalp) === null) return market(input);
  return nearTouch(input, scalp);
};

/** What stands against a market order in this book, first of all; null when nothing does. A latency that is not known does. */
export function againstMarket(
  { spreadBps, topDepth, latencyMs }: PolicyInput,
  scalp: Scalp,
): Evidence<BlockReason> | null {
  const { market_max_spread_bps, market_min_top_depth_usdt, market_max_latency_ms } = scalp;
  if (!(spreadBps <= market_max_spread_bps)) {
    return { reason: "SCALP_SPREAD_TOO_WIDE", measured: spreadBps, limit: market_max_spread_bps };
  }
  if (!(topDepth >= market_min_top_depth_usdt)) {
    return { reason: "SCALP_INSUFFICIENT_DEPTH", measured: topDepth, limit: market_min_top_depth_usdt };
  }
  const isQuick = latencyMs !== null && latencyMs <= market_max_latency_ms;
  return isQuick ? null : { reason: "SCALP_LATENCY", measured: latencyMs, limit: market_max_latency_ms };
}

function market(input: PolicyInput): EntryPlan {
  const { other, low, high } = mirrored(input);
  return other >= low && other <= high ? { kind: "market", reason: "MARKET_LIMITS_MET" } : outsideZone(input);
}

/** The offset goes at most one tick into the spread and never reaches the other side, unless that is asked for. */
function nearTouch(input: PolicyInput, scalp: Scalp): EntryPlan {
  const { own, other, low, high } = mirrored(input);
  const offset = Math.floor((Math.abs(own) * scalp.passive_offset_bps) / 1e4);
  const wanted = scalp.limit_may_cross ? Math.min(own + offset, other) : Math.min(own + Math.min(offset, 1), other - 1);
  const price = wanted - input.stepBack;
  if (price < low || price > high) return outsideZone(input);
  const reason = price >= other ? "CROSS_ASKED" : price > own ? "IMPROVE_TOUCH" : "JOIN_TOUCH";
  const timeInForce = scalp.post_only ? "GTX" : "GTC";
  return { kind: "limit", price: unmirrored(input.side, price), timeInForce, reason };
}
