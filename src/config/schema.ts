/** The one schema of the settings: types, defaults, validation and the published JSON Schema come from here (CFG-2). */

import { z } from "zod";

const seconds = z.number().positive().max(86_400);
const milliseconds = z.number().int().positive().max(3_600_000);
const fraction = z.number().gt(0).lte(1);
const basisPoints = z.number().nonnegative().max(1_000);

const Venue = z.strictObject({
  /** `paper` is the embedded exchange on loopback; the others are Binance. */
  name: z.enum(["paper", "testnet", "production"]).default("paper"),
  /** Name of the account. Production starts only when `--production` names the same one (S-06). */
  account: z.string().min(1).max(64).nullable().default(null),
  /** Receive window of entries, so that a late one dies on the way. */
  recv_window_ms: milliseconds.max(5_000).default(2_000),
  /** After this long without a reply the fate of a request is unknown. */
  reply_timeout_ms: milliseconds.default(3_000),
  /** A stream that has delivered nothing for this long after subscribing is dead, however well it was acknowledged. */
  first_message_ms: milliseconds.default(10_000),
  /** Share of the request weight that only protection may use. */
  protection_weight_share: fraction.default(0.25),
});

const EmbeddedExchange = z.strictObject({
  /** 0 takes a free port. */
  port: z.number().int().min(0).max(65_535).default(0),
  /** Starting wallet, USDT. Ten lots of BTCUSDT at 64,000 are 640 USDT. */
  wallet_usdt: z.number().positive().max(1e9).default(10_000),
  maker_fee: z.number().min(-0.001).max(0.01).default(0.0002),
  taker_fee: z.number().min(0).max(0.01).default(0.0005),
  /** Time from the arrival of an order to the matching engine and back, in process; on the wire the sockets add theirs. */
  latency_ms: z.number().min(0).max(10_000).default(5),
  /** Seed of all that is generated (candles before the tape, ids). */
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1),
  tapes: z
    .array(z.string().min(1))
    .min(1)
    .default(["config/tapes/BTCUSDT-20240719.arrow", "config/tapes/ETHUSDT-20240719.arrow"]),
  /** How much denser than recorded the tape is played; timers and days stay the machine's. */
  speed: z.number().positive().max(100).default(1),
});

const Market = z.strictObject({
  /** Half the price range, in ticks, that the book keeps around the touch. */
  book_window_ticks: z.number().int().min(1_024).max(1_048_576).default(16_384),
  /** Levels of a side that count as the book's depth (MKT-2). */
  depth_levels: z.number().int().min(1).max(100).default(5),
  /** Nothing is decided when the best bid and ask, the book or the trades are older than this. */
  quote_stale_ms: milliseconds.default(5_000),
  trade_stale_ms: milliseconds.default(30_000),
  mark_stale_ms: milliseconds.default(10_000),
  /** Largest feed latency, exchange time to receipt, at which something is decided. */
  latency_max_ms: milliseconds.default(1_000),
  atr_period: z.number().int().min(1).max(500).default(14),
});

const OrderFlow = z.strictObject({
  enabled: z.boolean().default(true),
  /** Horizons of the models, seconds, ascending. */
  horizons_seconds: z.array(seconds).min(1).max(8).default([2, 10, 60]),
  /** The models are asked when the touch moved, and at least this often. */
  interval_ms: milliseconds.default(250),
  /** Matured labels that each horizon needs before it speaks. */
  warmup_labels: z.number().int().min(10).max(1e6).default(200),
  learning_rate: z.number().gt(0).lte(1).default(0.02),
  /** L2 penalty on the weights. */
  regularisation: z.number().min(0).max(1).default(0.0001),
  /** Least |p_up − 0.5| for an entry. */
  min_edge: z.number().min(0).max(0.5).default(0.08),
  /** Share of the horizons that must agree on the direction. */
  min_agreement: fraction.default(0.66),
  /** A decision is good for this long. */
  validity_ms: milliseconds.default(500),
});

const Demo = z.strictObject({
  /** Shows the machinery; no strategy. Refused on production (DEC-2). */
  enabled: z.boolean().default(true),
  /** An entry is tried this long after the last one of the symbol, sides in turn. */
  interval_seconds: seconds.default(8),
  hold_seconds: seconds.default(6),
  validity_ms: milliseconds.default(500),
});

const Decision = z.strictObject({
  order_flow: OrderFlow.prefault({}),
  demo: Demo.prefault({}),
});

const Band = z.strictObject({ sl: z.number().positive().max(100), tp: z.number().positive().max(100) });

const Risk = z
  .strictObject({
    /** Notional of an entry as a fraction of equity. */
    base_risk_fraction: fraction.default(0.1),
    /** Bounds of an entry's notional, USDT. */
    min_notional: z.number().positive().default(10),
    max_notional: z.number().positive().default(2_000),
    max_leverage: z.number().int().min(1).max(125).default(10),
    /** Largest share of equity in one symbol: position, live, unknown and in-flight orders count. */
    max_exposure_fraction: z.number().gt(0).max(10).default(0.2),
    sltp: z
      .strictObject({
        /** ATR below `low_bps` of the price is LOW, above `high_bps` HIGH, between MEDIUM; equal thresholds mean no MEDIUM. */
        low_bps: basisPoints.default(3),
        high_bps: basisPoints.default(12),
        /** Distances in ATR per band. */
        atr: z
          .strictObject({
            low: Band.default({ sl: 1.5, tp: 2 }),
            medium: Band.default({ sl: 1.2, tp: 1.6 }),
            high: Band.default({ sl: 1, tp: 1.2 }),
          })
          .prefault({}),
        /** Least distance from the price. */
        min_ticks: z.number().int().min(1).max(100_000).default(20),
      })
      .refine((c) => c.low_bps <= c.high_bps, { error: "must be at least low_bps", path: ["high_bps"] })
      .prefault({}),
  })
  .refine((c) => c.min_notional <= c.max_notional, { error: "must be at least min_notional", path: ["max_notional"] });

const Guardrails = z.strictObject({
  /** Least free margin for an entry, USDT. */
  min_free_margin: z.number().nonnegative().default(10),
  max_positions: z.number().int().min(1).max(200).default(2),
  /** After a close, the same symbol and direction rests this long. */
  cooldown_seconds: z.number().min(0).max(86_400).default(2),
  /** Least confidence of an entry, for sources that have one. */
  min_confidence: z.number().min(0).max(1).default(0.5),
  /** Account data older than this decides nothing. */
  account_stale_seconds: seconds.default(120),
});

const Trading = z.strictObject({
  /** `near-touch` joins the best bid or ask, `market` takes. */
  entry_order: z.enum(["near-touch", "market"]).default("near-touch"),
  /** Near-touch orders that would take are refused by the exchange. */
  post_only: z.boolean().default(false),
  order_timeout_seconds: seconds.default(2),
  /** Filled at least this much at the time-out: kept, the rest cancelled. Less: the rest as `on_timeout` says. */
  partial_fill_min_ratio: z.number().min(0).max(1).default(0.5),
  on_timeout: z.enum(["give-up", "cross"]).default("cross"),
  max_hold_seconds: seconds.default(30),
});

const Protection = z.strictObject({
  /** Price that the stop compares with its trigger. */
  working_type: z.enum(["MARK_PRICE", "CONTRACT_PRICE"]).default("CONTRACT_PRICE"),
  /** A stop that is not live after this long: the position is closed at market. */
  unprotected_max_ms: milliseconds.max(2_000).default(1_500),
  /** A lookup of an order whose fate is unknown is repeated after this long. */
  lookup_interval_ms: milliseconds.default(500),
  /** `not found` is no proof before this long after sending: receive window plus the lag of reads. */
  absence_proof_seconds: seconds.default(12),
  /** Account and orders are compared with the exchange this often. */
  reconcile_seconds: seconds.default(60),
  /** A close that was refused or lost is tried again after this long. */
  close_retry_ms: milliseconds.default(500),
});

const Store = z.strictObject({
  directory: z.string().min(1).default("data"),
  /** Rows wait at most this long for their commit. */
  commit_interval_ms: milliseconds.default(50),
});

const Log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info"),
  /** A status line per symbol this often. */
  status_seconds: seconds.default(10),
});

const Stop = z.strictObject({
  /** What an orderly stop does with positions. */
  policy: z.enum(["leave-protected", "flatten"]).default("leave-protected"),
  timeout_seconds: seconds.default(10),
});

export const Settings = z.strictObject({
  symbols: z
    .array(z.string().regex(/^[A-Z0-9]{2,20}$/, "upper-case letters and digits"))
    .min(1)
    .max(200)
    .default(["BTCUSDT", "ETHUSDT"]),
  /** Begins every order id: tells daemons on one account apart. */
  order_id_prefix: z
    .string()
    .regex(/^[A-Za-z0-9]{1,8}$/, "one to eight letters and digits")
    .default("sd"),
  venue: Venue.prefault({}),
  exchange: EmbeddedExchange.prefault({}),
  market: Market.prefault({}),
  decision: Decision.prefault({}),
  risk: Risk.prefault({}),
  guardrails: Guardrails.prefault({}),
  trading: Trading.prefault({}),
  protection: Protection.prefault({}),
  store: Store.prefault({}),
  log: Log.prefault({}),
  stop: Stop.prefault({}),
});

export type Settings = z.infer<typeof Settings>;
