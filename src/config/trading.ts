/** Settings of how an entry is worked, in normal and in scalp mode. @see requirements CFG-3, EXE-1 … EXE-9 */

import { z } from "zod";
import { basisPoints, fraction, milliseconds, seconds } from "./units.ts";

const tradingSession = z.enum(["asia", "london", "overlap", "new_york", "post_new_york"]);
const depth = z.number().nonnegative().max(1e9);

/** What both modes have, each with its own values. */
const working = {
  post_only: z.boolean().default(false).describe("Limit orders that would take are refused by the exchange."),
  order_timeout_seconds: seconds.default(2).describe("An entry that is not filled after this long has timed out."),
  partial_fill_min_ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      "Filled at least this much at the time-out: kept, the rest cancelled. Less: the rest as `on_timeout` says.",
    ),
  replace_attempts: z
    .number()
    .int()
    .min(0)
    .max(20)
    .default(2)
    .describe("How often an entry is placed anew after a time-out, or after a post-only order that would have taken."),
  amend_in_place: z
    .boolean()
    .default(true)
    .describe(
      "A limit order gets its new price by one request; off: it is cancelled and, once that is proven, replaced.",
    ),
  entry_max_seconds: seconds
    .default(15)
    .describe("An entry is worked at most this long after its decision, or for as long as that is valid."),
  max_slippage_bps: basisPoints
    .positive()
    .default(3)
    .describe("An order that takes is not sent when the book would fill it on average this much worse than the touch."),
  max_hold_seconds: seconds
    .default(30)
    .describe(
      "A position is closed at market after this long, unless its decision says how long (requirements EXE-6, DEC-7).",
    ),
};

const Chase = z.strictObject({
  after_seconds: seconds.default(1).describe("A limit order is left alone for this long."),
  threshold_bps: basisPoints
    .default(0.5)
    .describe("It is placed nearer when the touch of its side is this far from it."),
  max_attempts: z.number().int().min(0).max(20).default(2).describe("How often; 0 switches the chase off."),
});

const FailSafe = z.strictObject({
  min_confidence: fraction
    .default(0.75)
    .describe("Least confidence of the decision; skipped for a source that has none."),
  max_spread_bps: basisPoints.positive().default(2).describe("Widest spread."),
});

const Normal = z.strictObject({
  entry_order: z
    .enum(["limit", "market"])
    .default("limit")
    .describe("`limit` rests inside the entry zone, `market` takes."),
  zone_price: z
    .enum(["mid", "touch"])
    .default("mid")
    .describe("Where in the zone: its middle, or the best bid or ask as far as the zone allows."),
  band_bps: basisPoints
    .positive()
    .default(5)
    .describe("A decision without a zone gets this band around the touch, each side."),
  max_zone_distance_bps: basisPoints.default(10).describe("No entry when the touch is farther from the zone."),
  restricted_sessions: z
    .array(tradingSession)
    .max(5)
    .default([])
    .describe("Trading sessions in which nothing is entered (market.sessions)."),
  max_volatility_bps: basisPoints
    .positive()
    .default(60)
    .describe("No entry and no chase when the realised volatility per minute is higher; skipped while not known."),
  max_latency_ms: milliseconds.default(1_000).describe("Largest feed latency at which an entry is sent."),
  ...working,
  on_timeout: z
    .enum(["give-up", "cross", "replace"])
    .default("cross")
    .describe(
      "The unfilled rest at the time-out: cancelled for good, taken from the market if `fail_safe` allows, or placed anew.",
    ),
  chase: Chase.prefault({}).describe(
    "A limit order that the market leaves behind is moved nearer, never out of the zone.",
  ),
  fail_safe: FailSafe.prefault({}).describe("When an entry that was chased in vain may take from the market."),
});

const Scalp = z.strictObject({
  enabled: z.boolean().default(true).describe("Off: `mode: scalp` behaves as `normal`."),
  only_style_scalp: z
    .boolean()
    .default(false)
    .describe("Only decisions of style SCALP are worked so; others as in mode normal."),
  min_conf_long: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe("Least confidence of a long; skipped where there is none."),
  min_conf_short: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe("Least confidence of a short; skipped where there is none."),
  min_edge: z.number().min(0).max(0.5).default(0.03).describe("Least edge; skipped where there is none."),
  max_spread_bps: basisPoints.positive().default(5).describe("Widest spread at which an entry is sent."),
  min_top_depth_usdt: depth.default(1_000).describe("Least worth of the best level, on the thinner side."),
  min_book_levels: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(5)
    .describe("Least number of levels, on the thinner side."),
  max_latency_ms: milliseconds.default(500).describe("Largest feed latency at which an entry is sent."),
  sl_distance_bps: basisPoints
    .positive()
    .default(10)
    .describe("Stop distance: the most, or exactly (`use_risk_sl_tp`)."),
  tp_distance_bps: basisPoints.positive().default(20).describe("Target distance, likewise."),
  use_risk_sl_tp: z
    .boolean()
    .default(true)
    .describe(
      "Stop and target are the risk engine's, no farther than the distances above; off: they are those distances from the mid.",
    ),
  prefer_limit: z
    .boolean()
    .default(true)
    .describe("A limit order near the touch; off: a market order where the limits below allow it."),
  passive_offset_bps: basisPoints
    .default(2)
    .describe("How far from the best price of its own side towards the other; at most one tick into the spread."),
  limit_may_cross: z
    .boolean()
    .default(false)
    .describe("The offset may take a limit order up to the other side of the touch, where it takes."),
  market_max_spread_bps: basisPoints.positive().default(2).describe("Widest spread for a market order."),
  market_min_top_depth_usdt: depth.default(5_000).describe("Least worth of the best level for a market order."),
  market_max_latency_ms: milliseconds.default(250).describe("Largest feed latency for a market order."),
  ...working,
  on_timeout: z
    .enum(["give-up", "cross", "replace"])
    .default("replace")
    .describe(
      "The unfilled rest at the time-out: cancelled for good, taken from the market within the limits for market orders, or placed anew.",
    ),
  cancel_on_spread_widening: z.boolean().default(true).describe("An entry order is cancelled when the spread widens."),
  spread_widen_bps: basisPoints.positive().default(10).describe("The spread that does it."),
});

export const Trading = z.strictObject({
  mode: z
    .enum(["normal", "scalp"])
    .default("normal")
    .describe("How entries are gated, priced, worked and left: as `normal` or as `scalp` below says."),
  normal: Normal.prefault({}).describe("Mode normal: limit orders inside an entry zone, chased, with a fail-safe."),
  scalp: Scalp.prefault({}).describe("Mode scalp: a stricter gate, orders near the touch, short holds."),
});
export type Trading = z.infer<typeof Trading>;

/** What values of one mode must be to each other (requirements CFG-5): place, what it must be, and whether it is. */
export function tradingRelations({ normal, scalp }: Trading): readonly (readonly [string, string, boolean])[] {
  const timeouts = (["normal", "scalp"] as const).flatMap((mode) => {
    const own = mode === "normal" ? normal : scalp;
    return [
      [
        `trading.${mode}.order_timeout_seconds`,
        `must be at most trading.${mode}.max_hold_seconds`,
        own.order_timeout_seconds <= own.max_hold_seconds,
      ],
      [
        `trading.${mode}.order_timeout_seconds`,
        `must be at most trading.${mode}.entry_max_seconds`,
        own.order_timeout_seconds <= own.entry_max_seconds,
      ],
    ] as const;
  });
  return [
    ...timeouts,
    [
      "trading.normal.chase.after_seconds",
      "must be at most trading.normal.order_timeout_seconds",
      normal.chase.max_attempts === 0 || normal.chase.after_seconds <= normal.order_timeout_seconds,
    ],
    [
      "trading.normal.chase.threshold_bps",
      "must be below trading.normal.band_bps: a chase never leaves the band",
      normal.chase.max_attempts === 0 || normal.chase.threshold_bps < normal.band_bps,
    ],
    [
      "trading.scalp.spread_widen_bps",
      "must be at least trading.scalp.max_spread_bps",
      scalp.max_spread_bps <= scalp.spread_widen_bps,
    ],
    [
      "trading.scalp.market_max_spread_bps",
      "must be at most trading.scalp.max_spread_bps",
      scalp.market_max_spread_bps <= scalp.max_spread_bps,
    ],
    [
      "trading.scalp.market_min_top_depth_usdt",
      "must be at least trading.scalp.min_top_depth_usdt",
      scalp.market_min_top_depth_usdt >= scalp.min_top_depth_usdt,
    ],
    [
      "trading.scalp.market_max_latency_ms",
      "must be at most trading.scalp.max_latency_ms",
      scalp.market_max_latency_ms <= scalp.max_latency_ms,
    ],
    [
      "trading.scalp.limit_may_cross",
      "must be false when trading.scalp.post_only is true: such an order is refused",
      !(scalp.limit_may_cross && scalp.post_only),
    ],
  ];
}
