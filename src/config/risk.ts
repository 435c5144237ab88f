/** Settings of size, stop, target, session limits, costs and guardrails. @see requirements RSK-1 … RSK-10 */

import { z } from "zod";
import { basisPoints, fraction, seconds } from "./units.ts";

const multiplier = z.number().positive().max(10);
const atrMultiple = z.number().positive().max(100);
const rewardRatio = z.number().positive().max(100);
const stopPercent = z.number().positive().max(20);

const EdgeSizing = z
  .strictObject({
    min_edge: z.number().min(0).max(0.5).default(0.01).describe("Edge (|p_up − 0.5|) of the smallest multiplier."),
    max_edge: z.number().min(0).max(0.5).default(0.1).describe("Edge from which on the largest multiplier holds."),
    min_multiplier: multiplier.default(0.5).describe("Multiplies the base notional at `min_edge`."),
    max_multiplier: multiplier.default(2).describe("Multiplies the base notional at `max_edge`; linear between."),
    below_min_edge: z
      .enum(["zero", "minimum"])
      .default("zero")
      .describe("An edge below `min_edge`: no entry (LOW_EDGE), or the smallest multiplier."),
  })
  .refine((c) => c.min_edge < c.max_edge, { error: "must be above min_edge", path: ["max_edge"] })
  .refine((c) => c.min_multiplier <= c.max_multiplier, {
    error: "must be at least min_multiplier",
    path: ["max_multiplier"],
  });

const VolatilitySize = z.strictObject({
  low: multiplier.max(1).default(1).describe("When volatility is LOW."),
  medium: multiplier.max(1).default(1).describe("When volatility is MEDIUM."),
  high: multiplier.max(1).default(1).describe("When volatility is HIGH."),
});

const AtrStops = z.strictObject({
  sl_mult_low_vol: atrMultiple.default(1.5).describe("Stop distance in ATR when volatility is LOW."),
  sl_mult_medium_vol: atrMultiple.default(1.2).describe("Stop distance in ATR when volatility is MEDIUM."),
  sl_mult_high_vol: atrMultiple.default(1).describe("Stop distance in ATR when volatility is HIGH."),
  tp_mult_low_vol: atrMultiple
    .nullable()
    .default(2)
    .describe("Target distance in ATR when volatility is LOW; null: `base_rr` times the stop's."),
  tp_mult_medium_vol: atrMultiple.nullable().default(1.6).describe("As above, when volatility is MEDIUM."),
  tp_mult_high_vol: atrMultiple.nullable().default(1.2).describe("As above, when volatility is HIGH."),
});

const PercentStops = z.strictObject({
  sl_percent_low_vol: stopPercent.default(0.2).describe("Stop distance in percent of the price, volatility LOW."),
  sl_percent_medium_vol: stopPercent.default(0.3).describe("Stop distance in percent of the price, volatility MEDIUM."),
  sl_percent_high_vol: stopPercent.default(0.4).describe("Stop distance in percent of the price, volatility HIGH."),
  tp_rr_low_vol: rewardRatio
    .nullable()
    .default(2)
    .describe("Target distance over stop distance when volatility is LOW; null: `base_rr`."),
  tp_rr_medium_vol: rewardRatio.nullable().default(1.5).describe("As above, when volatility is MEDIUM."),
  tp_rr_high_vol: rewardRatio.nullable().default(1).describe("As above, when volatility is HIGH."),
});

const StopsAndTargets = z
  .strictObject({
    mode: z
      .enum(["atr", "percent"])
      .default("atr")
      .describe("Distances as multiples of the average true range, or in percent of the price."),
    metric: z
      .enum(["atr", "realised"])
      .default("atr")
      .describe(
        "What tells LOW, MEDIUM and HIGH volatility apart: the average true range, or the deviation of one-minute returns.",
      ),
    low_bps: basisPoints
      .default(3)
      .describe(
        "The metric below `low_bps` of the price is LOW, above `high_bps` HIGH, between MEDIUM; equal thresholds mean no MEDIUM.",
      ),
    high_bps: basisPoints.default(12).describe("The metric above this is HIGH, in basis points of the price."),
    base_rr: rewardRatio
      .default(1.5)
      .describe("Target distance over stop distance where a band has no target of its own."),
    min_ticks: z.number().int().min(1).max(100_000).default(20).describe("Least distance from the price."),
    atr: AtrStops.prefault({}).describe("Mode `atr`: distances in ATR per band of volatility."),
    percent: PercentStops.prefault({}).describe("Mode `percent`: stop in percent, target as a ratio, per band."),
  })
  .refine((c) => c.low_bps <= c.high_bps, { error: "must be at least low_bps", path: ["high_bps"] });

const amount = z.number().positive().max(1e12);

const Session = z.strictObject({
  max_trades_per_hour: z
    .number()
    .int()
    .min(1)
    .max(5_000)
    .default(100)
    .describe("Trades opened in any 60 minutes; reached: no entry until the oldest is an hour old."),
  max_daily_loss_abs: amount
    .nullable()
    .default(200)
    .describe("Loss of a UTC day at which `on_violation` acts, USDT; null: none."),
  max_daily_loss_pct: fraction
    .nullable()
    .default(0.05)
    .describe("The same as a fraction of the equity at the day's start; whichever is reached first."),
  max_daily_profit_abs: amount
    .nullable()
    .default(null)
    .describe("Profit of a UTC day at which `on_violation` acts, USDT, to lock a good day in; null: none."),
  max_daily_profit_pct: z
    .number()
    .positive()
    .max(100)
    .nullable()
    .default(null)
    .describe("The same as a fraction of the equity at the day's start."),
  max_drawdown_pct: fraction
    .nullable()
    .default(null)
    .describe("Fall from the day's highest equity at which `on_violation` acts; null: none."),
  on_violation: z
    .enum(["halt", "cooldown", "flatten"])
    .default("halt")
    .describe(
      "Loss, profit or drawdown reached: no entries until the next UTC day or an operator's resume; none for `cooldown_minutes`, after which the limits are measured anew; or everything is closed, and then as halt.",
    ),
  cooldown_minutes: z.number().positive().max(1_440).default(60).describe("How long `cooldown` lasts."),
  equity: z
    .enum(["realised", "marked"])
    .default("marked")
    .describe(
      "What sizes and limits are measured on: the exchange's wallet, or the wallet with open profit at the mark price. Fees and funding are in both.",
    ),
});

const Cost = z.strictObject({
  enabled: z.boolean().default(true).describe("Entries whose expected move does not pay their costs are blocked."),
  factor: z
    .number()
    .positive()
    .max(100)
    .default(1)
    .describe(
      "Expected move (edge × the distance from stop to target) must exceed this many times fees, spread, slippage and funding. A decision without an edge skips the gate.",
    ),
});

const Recheck = z.strictObject({
  max_price_move_bps: basisPoints
    .default(10)
    .describe(
      "An entry is not sent again, nor crossed, once the price it would pay is worse than the decision's mid by more than this.",
    ),
});

export const Risk = z
  .strictObject({
    base_risk_fraction: fraction.default(0.1).describe("Notional of an entry as a fraction of equity."),
    min_notional: z.number().positive().default(10).describe("Bounds of an entry's notional, USDT."),
    max_notional: z.number().positive().default(2_000).describe("Largest notional of an entry, USDT."),
    max_leverage: z
      .number()
      .int()
      .min(1)
      .max(125)
      .default(10)
      .describe("Leverage that is set on the exchange; all positions together are at most this many times the equity."),
    max_exposure_fraction: z
      .number()
      .gt(0)
      .max(10)
      .default(0.2)
      .describe("Largest share of equity in one symbol: position, live, unknown and in-flight orders count."),
    edge_sizing: EdgeSizing.prefault({}).describe(
      "Size by the decision's edge; a decision without one has the base notional.",
    ),
    volatility_size: VolatilitySize.prefault({}).describe("Multiplies the notional by the band of volatility."),
    sltp: StopsAndTargets.prefault({}).describe("Distance of stop and target from the price."),
    session: Session.prefault({}).describe("Limits over time, for the account as a whole."),
    cost: Cost.prefault({}).describe("Whether an entry can earn what it costs."),
    liquidation_buffer: fraction
      .default(0.002)
      .describe(
        "Every stop must be reached before the exchange would liquidate, with this fraction of the price to spare.",
      ),
    recheck: Recheck.prefault({}).describe("What is checked again at the moment of sending."),
  })
  .refine((c) => c.min_notional <= c.max_notional, { error: "must be at least min_notional", path: ["max_notional"] })
  .refine((c) => c.base_risk_fraction <= c.max_exposure_fraction, {
    error: "must be at most risk.max_exposure_fraction",
    path: ["base_risk_fraction"],
  });

export const Guardrails = z.strictObject({
  min_free_margin: z.number().nonnegative().default(10).describe("Least free margin for an entry, USDT."),
  max_positions: z.number().int().min(1).max(200).default(2).describe("Positions that may be open at once."),
  cooldown_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(300)
    .describe("After a close, the same symbol and direction rests this long, unless the decision said how long."),
  min_confidence: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("Least confidence of an entry, for sources that have one."),
  drawdown_pct: fraction
    .default(0.1)
    .describe("No entries while equity is further than this below its highest ever (or since an operator resumed)."),
  crash_return_pct: fraction
    .default(0.006)
    .describe("A fall over 5 minutes of at least this fraction blocks longs, a rise shorts."),
  account_stale_seconds: seconds.default(120).describe("Account data older than this decides nothing."),
});
