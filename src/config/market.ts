/** Settings of market data: what is kept, and when it is too old or not usual. */

import { z } from "zod";
import { basisPoints, milliseconds, seconds } from "./units.ts";

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "a time of day, HH:MM");

const Sessions = z
  .strictObject({
    asia: timeOfDay.default("00:00").describe("Asia begins."),
    london: timeOfDay.default("07:00").describe("London begins."),
    overlap: timeOfDay.default("12:00").describe("London and New York together."),
    new_york: timeOfDay.default("16:00").describe("New York alone, after London has ended."),
    post_new_york: timeOfDay.default("21:00").describe("After New York."),
  })
  .refine((c) => new Set(Object.values(c)).size === Object.values(c).length, {
    error: "two trading sessions begin at the same time; each needs its own",
  });

const SpreadLimits = z.strictObject({
  window_seconds: seconds.default(300).describe("Memory of the average spread."),
  session_hours: z
    .number()
    .positive()
    .max(1_000)
    .default(24)
    .describe("Memory of what is usual in a trading session, in hours of that session."),
  warmup_seconds: seconds.default(30).describe("The spread counts as known after so much observation."),
  max_bps: basisPoints.positive().default(5).describe("A wider spread is too wide."),
  max_ratio: z.number().min(1).max(1_000).default(3).describe("Largest spread in averages of it."),
  max_expansion: z
    .number()
    .min(1)
    .max(1_000)
    .default(2)
    .describe("Largest average spread in averages of the same trading session."),
});

const Vwap = z.strictObject({
  band_bps: basisPoints.positive().default(5).describe("Fixed band around the session's VWAP, each side."),
  band_atr: z.number().positive().max(100).default(0.5).describe("Adjusted band, each side, in ATR."),
});

export const Market = z.strictObject({
  book_window_ticks: z
    .number()
    .int()
    .min(1_024)
    .max(1_048_576)
    .default(16_384)
    .describe("Half the price range, in ticks, that the book keeps around the touch."),
  depth_levels: z
    .number()
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe("Levels of a side that count as the book's depth (MKT-2)."),
  quote_stale_ms: milliseconds
    .default(5_000)
    .describe("Nothing is decided when the best bid and ask or the book are older than this."),
  trade_stale_ms: milliseconds.default(30_000).describe("Nothing is decided when the last trade is older than this."),
  mark_stale_ms: milliseconds.default(10_000).describe("Nothing is decided when the mark price is older than this."),
  latency_max_ms: milliseconds
    .default(1_000)
    .describe("Largest feed latency, exchange time to receipt, at which something is decided."),
  atr_period: z.number().int().min(1).max(500).default(14).describe("One-minute candles in the average true range."),
  volatility_minutes: z
    .number()
    .int()
    .min(2)
    .max(500)
    .default(30)
    .describe("One-minute candles in the realised volatility and in the average range."),
  volume_minutes: z.number().int().min(1).max(500).default(20).describe("One-minute candles in the usual volume."),
  volume_spike_ratio: z
    .number()
    .min(1)
    .max(1_000)
    .default(2.5)
    .describe("A minute with so many times the usual volume is a spike."),
  slippage_levels: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(50)
    .describe("Levels of a side that the expected fill of an order may take."),
  sessions: Sessions.prefault({}).describe(
    "UTC time at which each trading session begins; it lasts until the next one begins.",
  ),
  spread: SpreadLimits.prefault({}).describe("When a spread is not usual."),
  vwap: Vwap.prefault({}).describe("Bands around the volume-weighted average price of the trading session."),
});
