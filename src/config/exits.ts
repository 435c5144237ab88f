/** Settings of how a position is left. They are frozen when it is opened. @see requirements EXE-10, EXE-11, ORD-3, CFG-4 */

import { z } from "zod";
import { basisPoints, fraction, milliseconds } from "./units.ts";

const inR = z.number().positive().max(100);

const BreakEven = z.strictObject({
  enabled: z.boolean().default(true).describe("After the first of two targets the stop goes to the average entry."),
  offset_bps: basisPoints
    .default(0.5)
    .describe("So far beyond it, in basis points, on top of the fees of entry and exit."),
});

const Trailing = z.strictObject({
  enabled: z.boolean().default(true).describe("The stop follows the best price."),
  activation_r: z
    .number()
    .min(0)
    .max(100)
    .default(0.5)
    .describe("From this gain on, in R: the distance from the average entry to the first stop."),
  trail_activation_roi: z
    .number()
    .positive()
    .max(100)
    .nullable()
    .default(null)
    .describe("From this gain on, over the margin of the position (0.01 is 1 %), in place of `activation_r`."),
  distance_r: inR.default(0.5).describe("How far behind the best price, in R."),
  distance_bps: basisPoints
    .positive()
    .nullable()
    .default(null)
    .describe("How far behind the best price, in basis points of the entry, in place of `distance_r`."),
});

const AtrShrink = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe("When the average true range shrinks, the stop comes nearer to the entry in the same proportion."),
});

const AdverseCandle = z.strictObject({
  enabled: z.boolean().default(true).describe("A large one-minute candle against the position closes it at once."),
  atr_multiple: z.number().positive().max(100).default(2).describe("Its body is larger than so many ATR."),
});

const StopMoves = z.strictObject({
  min_step_r: z.number().min(0).max(10).default(0.05).describe("Least way of one move, in R."),
  min_interval_ms: milliseconds.default(500).describe("Least time between two moves."),
  most: z.number().int().min(0).max(1_000).default(100).describe("Moves in one trade."),
});

export const Exits = z.strictObject({
  on_decision: z
    .enum(["on", "off"])
    .default("on")
    .describe("`off`: a source's word to leave is not followed; stop, targets, trailing and time decide."),
  targets: z
    .enum(["as-decided", "single", "split"])
    .default("as-decided")
    .describe(
      "`as-decided`: two levels of a decision make two targets, one closes all. `single`: the first closes all. `split`: where there is one level, another is put on the way to it.",
    ),
  first_target_share: z
    .number()
    .min(0.01)
    .max(0.99)
    .default(0.5)
    .describe(
      "Share of the position that the first of two targets closes. Where a part or its rest would be below the exchange's minimum, one target closes all.",
    ),
  split_at: fraction
    .max(0.99)
    .default(0.5)
    .describe("Where `split` puts the first target, as a share of the way from the entry to the level."),
  break_even: BreakEven.prefault({}).describe("The stop after the first target."),
  trailing: Trailing.prefault({}).describe("The stop that follows the price."),
  atr_shrink: AtrShrink.prefault({}).describe("The stop when volatility falls."),
  adverse_candle: AdverseCandle.prefault({}).describe("The exit from a sudden move."),
  stop_moves: StopMoves.prefault({}).describe("How often a stop may move."),
  stop_loss_cooldown_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(0)
    .describe(
      "After a stop or an adverse candle the symbol and direction rest at least this long, if guardrails.cooldown_seconds is shorter.",
    ),
});

export type Exits = z.infer<typeof Exits>;
