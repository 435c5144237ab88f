/** Settings of the micro-scalp source. @see requirements DEC-4, DEC-5 */

import { z } from "zod";
import { basisPoints, fraction, milliseconds, seconds } from "./units.ts";

const distance = z.number().positive().max(1e6);
const candles = z.number().int().min(1).max(500);
const atrMultiple = z.number().nonnegative().max(100);
const ratio = z.number().nonnegative().max(1_000);
const range = z
  .array(distance)
  .length(2)
  .refine(([least, most]) => Number(least) <= Number(most), { error: "must ascend" });

const Rules = z.strictObject({
  sl_range: range.describe("Least and largest distance of the stop."),
  tp_range: range.describe("Least and largest distance of the target."),
  atr1_min: distance.describe("Least true range of the last minute."),
  m1_range_avg_min: distance.describe("Least average range of a minute."),
  max_spread: distance.describe("Largest spread."),
});

/** The same, where every rule that is left out has the value given here. */
function rulesLike(defaults: z.infer<typeof Rules>) {
  const { sl_range, tp_range, atr1_min, m1_range_avg_min, max_spread } = Rules.shape;
  return z
    .strictObject({
      sl_range: sl_range.default(defaults.sl_range),
      tp_range: tp_range.default(defaults.tp_range),
      atr1_min: atr1_min.default(defaults.atr1_min),
      m1_range_avg_min: m1_range_avg_min.default(defaults.m1_range_avg_min),
      max_spread: max_spread.default(defaults.max_spread),
    })
    .prefault({});
}

/** Those of bitcoin and gold are the original ones; ether's are bitcoin's times 0.06, about the ratio of their prices. */
const Symbols = z
  .object({
    BTCUSDT: rulesLike({
      sl_range: [5, 10],
      tp_range: [10, 25],
      atr1_min: 10,
      m1_range_avg_min: 15,
      max_spread: 15,
    }).describe("Bitcoin."),
    ETHUSDT: rulesLike({
      sl_range: [0.3, 0.6],
      tp_range: [0.6, 1.5],
      atr1_min: 0.6,
      m1_range_avg_min: 0.9,
      max_spread: 0.9,
    }).describe("Ether."),
    XAUUSDT: rulesLike({
      sl_range: [0.5, 1.2],
      tp_range: [1, 2.5],
      atr1_min: 0.5,
      m1_range_avg_min: 0.8,
      max_spread: 0.25,
    }).describe("Gold."),
  })
  .catchall(Rules)
  .refine((rules) => Object.keys(rules).every((name) => /^[A-Z0-9]{2,20}$/.test(name)), {
    error: "must name its symbols in upper-case letters and digits",
  });

const Filters = z.strictObject({
  range_minutes: candles.default(14).describe("One-minute candles in the average range."),
  atr1_atr_share: atrMultiple
    .default(0.5)
    .describe("The last minute's true range must also reach this share of the average true range."),
  target_bps_min: basisPoints
    .default(7)
    .describe(
      "Least distance of the target, basis points of the price. Where fees of entry and exit are more than the target, " +
        "even a target that is reached loses: 7 is a maker's entry and a taker's exit at 2 and 5.",
    ),
  blocked_sessions: z
    .array(z.enum(["ASIA", "LONDON", "OVERLAP", "NEW_YORK", "POST_NEW_YORK"]))
    .default(["POST_NEW_YORK"])
    .describe("Trading sessions without entries."),
});

const Location = z.strictObject({
  coverage_min: fraction
    .default(0.7)
    .describe("Share of a session's or day's minutes that must be known before its VWAP, high and low count."),
  minutes_min: candles
    .default(15)
    .describe("Age in minutes of a session or day before they count: at first the price is always at an extreme."),
  tolerance_atr: atrMultiple.default(0.25).describe("Distance in ATR at which the price still is at an edge."),
  vwap_band: z
    .enum(["fixed", "atr", "wider"])
    .default("wider")
    .describe("Band around the session's VWAP: `market.vwap.band_bps`, `market.vwap.band_atr`, or the wider one."),
  day_range_share: fraction
    .max(0.5)
    .default(0.1)
    .describe("Outer share of the day's range that counts as its extreme."),
  cluster_touches: candles.default(3).describe("Swing lows (highs) at one price that make a cluster of liquidity."),
  cluster_atr: atrMultiple.default(0.25).describe("Distance in ATR at which they are at one price."),
});

const OrderBlock = z.strictObject({
  impulse_candles: candles.default(3).describe("Candles in which the price must leave the block."),
  impulse_atr: atrMultiple.default(1).describe("Strength: how far beyond the block they must close, in ATR."),
  zone_atr_max: atrMultiple.default(1).describe("Largest height of the zone in ATR."),
  retests_max: z.number().int().min(0).max(500).default(1).describe("A block that was tested more often is not fresh."),
});

const Sweep = z.strictObject({
  return_candles: candles.max(10).default(2).describe("Candles within which the price must come back."),
  wick_share_min: fraction.default(0.4).describe("Rejection: least share of the wick in the range."),
  volume_ratio_min: ratio.default(1.5).describe("Least volume in averages of it."),
  confidence_min: fraction
    .default(0.75)
    .describe("Share of taken, returned, rejected and traded in volume that must hold; the first two always must."),
});

const Signals = z.strictObject({
  wick_share_min: fraction.default(0.6).describe("Wick trap: least share of the wick in the range."),
  vwap_wick_share_min: fraction.default(0.4).describe("Rejection at the VWAP: least share of the wick in the range."),
  engulfing_body_ratio: ratio.default(1.1).describe("Engulfing: least body in bodies of the candle before."),
  momentum_candles: candles.default(3).describe("Candles of the session whose move is its momentum."),
  momentum_atr: atrMultiple.default(0.5).describe("Least move of the momentum in ATR."),
  volume_ratio_min: ratio
    .default(1.5)
    .describe("Least volume that was taken on the trade's side, in averages of half the volume of a minute."),
  expansion_ratio: ratio.default(1.2).describe("Volatility expands: last minute's true range in ATR."),
  persistence_seconds: seconds.default(30).describe("The price has been on the trade's side of the VWAP for so long."),
});

const Targets = z.strictObject({
  stop_buffer_atr: atrMultiple.default(0.1).describe("Distance of the stop beyond the candles of the signal, in ATR."),
  reward_ratio: z.number().positive().max(100).default(2).describe("Target distance over stop distance."),
});

export const MicroScalp = z
  .strictObject({
    enabled: z.boolean().default(false).describe("Runs micro-scalp as a source of decisions."),
    check_interval_seconds: seconds
      .default(10)
      .describe("Conditions are checked when a minute has closed, and at least this often."),
    validity_ms: milliseconds.default(500).describe("A decision is good for this long."),
    hold_seconds: seconds
      .default(300)
      .describe("A position is closed at market after this long, or after `trading.max_hold_seconds` if that is less."),
    cooldown_seconds: z
      .number()
      .min(0)
      .max(86_400)
      .default(30)
      .describe("After a close, the same symbol and direction rests this long."),
    atr_minutes: candles
      .default(14)
      .describe("One-minute candles in the average true range that distances are measured in."),
    lookback_candles: candles
      .min(5)
      .default(30)
      .describe("One-minute candles that are searched for highs, lows and blocks."),
    candles_min: candles
      .min(5)
      .default(5)
      .describe("Of these, so many without a hole must be known; after a gap it waits for them."),
    trade_score: z.number().int().min(0).max(8).default(5).describe("Least confluence score of an entry, of 8."),
    a_plus_score: z.number().int().min(0).max(8).default(7).describe("Score from which on a set-up is A+."),
    symbols: Symbols.prefault({}).describe("Rules per symbol, in the quote asset; each traded symbol needs its own."),
    filters: Filters.prefault({}).describe("Layer 1: what blocks whatever the chart says."),
    location: Location.prefault({}).describe("Layer 2: where the price must be."),
    order_block: OrderBlock.prefault({}).describe("The last candle against a strong move, whose range is a zone."),
    sweep: Sweep.prefault({}).describe("A local low (high) that is taken and given back."),
    signals: Signals.prefault({}).describe("Layer 3: what the candles must say."),
    targets: Targets.prefault({}).describe("Where stop and target are wanted, before the symbol's ranges bound them."),
  })
  .refine((c) => c.trade_score <= c.a_plus_score, { error: "must be at least trade_score", path: ["a_plus_score"] })
  .refine((c) => c.candles_min <= c.lookback_candles, {
    error: "must be at most lookback_candles",
    path: ["candles_min"],
  });
