/** The one schema of the settings: types, defaults, validation and the published JSON Schema come from here (CFG-2). */

import { z } from "zod";
import { merged } from "../domain/merge.ts";
import { Alerts } from "./alerts.ts";
import { Exits } from "./exits.ts";
import { MicroScalp } from "./micro-scalp.ts";
import { Health, Log } from "./operations.ts";
import { Api, DecisionFile, Intents, Plans } from "./outside.ts";
import { deepPartial } from "./overrides.ts";
import { Guardrails, Risk } from "./risk.ts";
import { Trading, tradingRelations } from "./trading.ts";
import { basisPoints, fraction, milliseconds, seconds } from "./units.ts";

const Venue = z.strictObject({
  name: z
    .enum(["paper", "testnet", "production"])
    .default("paper")
    .describe("`paper` is the embedded exchange on loopback; the others are Binance."),
  account: z
    .string()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe("Name of the account. Production starts only when `--production` names the same one (S-06)."),
  recv_window_ms: milliseconds
    .max(5_000)
    .default(2_000)
    .describe("Receive window of entries, so that a late one dies on the way."),
  reply_timeout_ms: milliseconds
    .default(3_000)
    .describe("After this long without a reply the fate of a request is unknown."),
  first_message_ms: milliseconds
    .default(10_000)
    .describe(
      "A stream that has delivered nothing for this long after subscribing is dead, however well it was acknowledged.",
    ),
  protection_weight_share: fraction.default(0.25).describe("Share of the request weight that only protection may use."),
  margin_type: z
    .enum(["cross", "isolated"])
    .default("cross")
    .describe("Margin of each symbol's position, set at the start. The embedded exchange has cross margin only."),
  stop_proof_distance: fraction
    .max(0.5)
    .default(0.04)
    .describe(
      "Before the first entry a smallest stop is placed this far below the mark price, as a fraction of it, and cancelled.",
    ),
});

const EmbeddedExchange = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(0).describe("0 takes a free port."),
  wallet_usdt: z
    .number()
    .positive()
    .max(1e9)
    .default(10_000)
    .describe("Starting wallet, USDT. Ten lots of BTCUSDT at 64,000 are 640 USDT."),
  maker_fee: z
    .number()
    .min(-0.001)
    .max(0.01)
    .default(0.0002)
    .describe("Fee of a resting order as a fraction of its notional."),
  taker_fee: z
    .number()
    .min(0)
    .max(0.01)
    .default(0.0005)
    .describe("Fee of a taking order as a fraction of its notional."),
  latency_ms: z
    .number()
    .min(0)
    .max(10_000)
    .default(5)
    .describe(
      "Time from the arrival of an order to the matching engine and back, in process; on the wire the sockets add theirs.",
    ),
  seed: z
    .number()
    .int()
    .min(0)
    .max(2 ** 31)
    .default(1)
    .describe("Seed of all that is generated (candles before the tape, ids)."),
  tapes: z
    .array(z.string().min(1))
    .min(1)
    .default(["config/tapes/BTCUSDT-20240719.arrow", "config/tapes/ETHUSDT-20240719.arrow"])
    .describe("Recordings that it plays, one a symbol; relative to the working directory."),
  speed: z
    .number()
    .positive()
    .max(100)
    .default(1)
    .describe("How much denser than recorded the tape is played; timers and days stay the machine's."),
});

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

const Market = z.strictObject({
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

const Calibration = z.strictObject({
  every_labels: z
    .number()
    .int()
    .min(1)
    .max(1e6)
    .default(50)
    .describe("It is fitted anew after so many matured labels."),
  memory_labels: z.number().int().min(10).max(1e8).default(5_000).describe("Labels that count; older ones fade."),
  prior_deviation: z
    .number()
    .positive()
    .max(100)
    .default(0.5)
    .describe("How far slope from 1 and offset from 0 are expected to lie before anything was seen."),
});

const Onnx = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("The ONNX file; relative to the working directory. `null`: the built-in models."),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case")
      .nullable()
      .default(null)
      .describe("Checksum that the file must have (S-30)."),
    runtime: z
      .enum(["onnxruntime-node", "onnxruntime-web"])
      .default("onnxruntime-node")
      .describe("The package that runs it; it has to be installed beside scalpd."),
    time_limit_ms: milliseconds.default(50).describe("A later answer counts as none."),
    load_limit_ms: milliseconds.default(10_000).describe("Loading runtime and model takes at most this long."),
    bytes_max: z
      .number()
      .int()
      .min(1)
      .max(2 ** 28)
      .default(2 ** 24)
      .describe("Largest file that is looked at."),
  })
  .refine((c) => c.file === null || c.sha256 !== null, {
    error: "a model file needs its checksum: sha256sum prints it",
    path: ["sha256"],
  });

const Ensemble = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Runs the model ensemble as a source of decisions."),
    horizons_seconds: z
      .array(seconds)
      .min(1)
      .max(8)
      .default([2, 10, 60])
      .refine((list) => list.every((value, index) => index === 0 || value > (list[index - 1] ?? 0)), {
        error: "must ascend",
      })
      .describe("Horizons of the models, seconds, ascending."),
    interval_ms: milliseconds
      .default(250)
      .describe("The models are asked when the touch moved, and at least this often."),
    warmup_labels: z
      .number()
      .int()
      .min(10)
      .max(1e6)
      .default(200)
      .describe("Matured labels that each horizon needs before it speaks."),
    learning_rate: z.number().gt(0).lte(1).default(0.02).describe("Step of the online learning."),
    regularisation: z.number().min(0).max(1).default(0.0001).describe("L2 penalty on the weights."),
    weight_deviation: z
      .number()
      .positive()
      .max(100)
      .default(0.2)
      .describe("`scalpd train`: how far from 0 a weight is expected to lie, log-odds per deviation of its input."),
    memory_rows: z
      .number()
      .int()
      .min(100)
      .max(1e8)
      .default(50_000)
      .describe("Rows over which mean and deviation of each input are taken; older ones fade."),
    calibration: Calibration.prefault({}).describe("What the probabilities of a model turned out to mean."),
    onnx: Onnx.prefault({}).describe("A model of one's own in the place of the built-in ones (docs/models.md)."),
    save_seconds: seconds
      .default(60)
      .describe("What the models have learnt is kept this often, and at every orderly stop."),
    start_from: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        "A file that `scalpd train --out` wrote: what the models begin with where the journal has nothing of theirs; relative to the working directory.",
      ),
    regime_deviations: z
      .number()
      .positive()
      .max(5)
      .default(1)
      .describe("Deviations from its own mean at which return or volatility of the longest horizon marks the regime."),
    min_edge: z.number().min(0).max(0.5).default(0.08).describe("Least |p_up − 0.5| for an entry."),
    min_agreement: fraction.default(0.66).describe("Share of the horizons that must agree on the direction."),
    validity_ms: milliseconds.default(500).describe("A decision is good for this long."),
  })
  .refine((c) => c.onnx.time_limit_ms < 1_000 * (c.horizons_seconds[0] ?? Number.POSITIVE_INFINITY), {
    error: "an answer must come before the shortest horizon has passed",
    path: ["onnx", "time_limit_ms"],
  });

const Demo = z.strictObject({
  enabled: z.boolean().default(true).describe("Shows the machinery; no strategy. Refused on production (DEC-2)."),
  interval_seconds: seconds
    .default(8)
    .describe("An entry is tried this long after the last one of the symbol, sides in turn."),
  hold_seconds: seconds.default(6).describe("A demo position is closed after this long."),
  cooldown_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(2)
    .describe("After a demo position is closed, the same symbol and direction rests this long."),
  validity_ms: milliseconds.default(500).describe("A decision is good for this long."),
});

const Decision = z.strictObject({
  ensemble: Ensemble.prefault({}).describe(
    "Models of the mid over several horizons, from order flow, depth and trades (DEC-3).",
  ),
  micro_scalp: MicroScalp.prefault({}).describe(
    "Candle set-ups at an edge of the price, in four layers of conditions (DEC-4).",
  ),
  demo: Demo.prefault({}).describe("Enters and leaves on a timer, to show the machinery."),
});

const Protection = z.strictObject({
  working_type: z
    .enum(["MARK_PRICE", "CONTRACT_PRICE"])
    .default("CONTRACT_PRICE")
    .describe("Price that the stop compares with its trigger."),
  unprotected_max_ms: milliseconds
    .max(2_000)
    .default(1_500)
    .describe("A stop that is not live after this long: the position is closed at market."),
  lookup_interval_ms: milliseconds
    .default(500)
    .describe("A lookup of an order whose fate is unknown is repeated after this long."),
  absence_proof_seconds: seconds
    .default(12)
    .describe("`not found` is no proof before this long after sending: receive window plus the lag of reads."),
  reconcile_seconds: seconds.default(60).describe("Account and orders are compared with the exchange this often."),
  default_stop_bps: basisPoints
    .positive()
    .default(30)
    .describe("Distance of the stop of an adopted position whose own stop level is not known."),
  close_retry_ms: milliseconds
    .default(500)
    .describe("A close that was refused or lost is tried again after this long."),
});

const Supervisor = z.strictObject({
  run_of_losses: z
    .strictObject({
      enabled: z.boolean().default(false).describe("Acts after so many losing trades in a row."),
      losses: z.number().int().min(1).max(1_000).default(5).describe("Losing trades in a row, net of costs."),
      action: z
        .enum(["halt", "scale", "flatten"])
        .default("halt")
        .describe(
          "`halt` stops entries until somebody resumes, `scale` shrinks them, `flatten` closes everything and halts.",
        ),
      factor: z.number().gt(0).lt(1).default(0.5).describe("What `scale` multiplies the size of entries with."),
    })
    .prefault({})
    .describe("A run of losing trades."),
});

const Store = z.strictObject({
  directory: z.string().min(1).default("data").describe("Where the store is kept; relative to the working directory."),
  commit_interval_ms: milliseconds.default(50).describe("Rows wait at most this long for their commit."),
  keep_days: z
    .number()
    .min(8)
    .max(3_650)
    .default(180)
    .describe("Orders, executions, trades and decisions are kept this long; the exchange shows a week of them."),
  keep_rows: z
    .number()
    .int()
    .min(10_000)
    .max(100_000_000)
    .default(1_000_000)
    .describe("Largest number of each of them; the oldest go first."),
});

const Stop = z.strictObject({
  policy: z
    .enum(["leave-protected", "flatten"])
    .default("leave-protected")
    .describe("What an orderly stop does with positions."),
  timeout_seconds: seconds.default(10).describe("An orderly stop takes at most this long."),
});

const symbolName = z.string().regex(/^[A-Z0-9]{2,20}$/, "upper-case letters and digits");

/** What a symbol may set for itself. Session limits are the account's. */
const SymbolOverride = z.strictObject({
  risk: deepPartial(Risk, ["session"]).exactOptional(),
  guardrails: deepPartial(Guardrails).exactOptional(),
  trading: deepPartial(Trading).exactOptional(),
  exits: deepPartial(Exits).exactOptional(),
  decision: z.strictObject({ micro_scalp: deepPartial(MicroScalp, ["symbols"]).exactOptional() }).exactOptional(),
});

const sections = {
  symbols: z
    .array(symbolName)
    .min(1)
    .max(200)
    .default(["BTCUSDT", "ETHUSDT"])
    .refine((names) => new Set(names).size === names.length, { error: "must name each symbol once" })
    .describe("What is traded."),
  order_id_prefix: z
    .string()
    .regex(/^[A-Za-z0-9]{1,8}$/, "one to eight letters and digits")
    .default("sd")
    .describe("Begins every order id: tells daemons on one account apart."),
  venue: Venue.prefault({}).describe("Where orders go."),
  exchange: EmbeddedExchange.prefault({}).describe("The embedded exchange of the venue paper."),
  market: Market.prefault({}).describe("Market data: what is kept, and when it is too old."),
  decision: Decision.prefault({}).describe("Sources of decisions."),
  decision_file: DecisionFile.prefault({}).describe("Decisions in a file that another program writes."),
  intents: Intents.prefault({}).describe("Orders that outside systems ask for through the interface."),
  plans: Plans.prefault({}).describe("Plans that wait for their conditions."),
  api: Api.prefault({}).describe(
    "The interface for intents, plans and control: on when SCALPD_API_TOKEN is set (see .env.example).",
  ),
  risk: Risk.prefault({}).describe("Size, stop and target of an entry."),
  guardrails: Guardrails.prefault({}).describe("What stands between a decision and an entry."),
  trading: Trading.prefault({}).describe("How an entry is gated, priced and worked."),
  exits: Exits.prefault({}).describe("How a position is left."),
  protection: Protection.prefault({}).describe("Stops, lookups and reconciliation."),
  supervisor: Supervisor.prefault({}).describe("What watches the results and may hold trading back."),
  store: Store.prefault({}).describe("The journal."),
  log: Log.prefault({}).describe("Logs."),
  alerts: Alerts.prefault({}).describe("What is told to people, and by which channels."),
  health: Health.prefault({}).describe("Whether the daemon lives and trades, for other programs."),
  stop: Stop.prefault({}).describe("What an orderly stop does."),
};

const Common = z.strictObject(sections);
type Common = z.infer<typeof Common>;

type Relation = { readonly path: readonly string[]; readonly message: string };

export const Settings = z
  .strictObject({
    ...sections,
    overrides: z
      .record(symbolName, SymbolOverride)
      .default({})
      .describe(
        "Per symbol, any value of risk (but session), guardrails, trading, exits and decision.micro_scalp (its rules per " +
          "symbol stand there): `{ ETHUSDT: { risk: { max_notional: 500 } } }`.",
      ),
  })
  .superRefine((settings, context) => {
    const broken = brokenRelations(settings);
    for (const { path, message } of broken) context.addIssue(issue(path, message));
    const { overrides, ...common } = settings;
    for (const symbol of settings.symbols) {
      const { micro_scalp } = merged(common, overrides[symbol] ?? {}).decision;
      if (micro_scalp.enabled && micro_scalp.symbols[symbol] === undefined) {
        const place = ["decision", "micro_scalp", "symbols"];
        context.addIssue(issue(place, `must hold the rules of ${symbol} when micro_scalp is enabled for it`));
      }
    }
    for (const [symbol, override] of Object.entries(overrides)) {
      const place = ["overrides", symbol];
      if (!settings.symbols.includes(symbol)) context.addIssue(issue(place, "must be about one of `symbols`"));
      const leverage = Reflect.get(Object(override.risk), "max_leverage");
      if (Number(leverage) > settings.risk.max_leverage) {
        context.addIssue(
          issue([...place, "risk", "max_leverage"], "must be at most risk.max_leverage: the account is held to that"),
        );
      }
      const own = problemsOf(merged(common, override)).filter(
        ({ message }) => !broken.some((b) => b.message === message),
      );
      for (const { path, message } of own) {
        context.addIssue(issue([...place, ...path], `${message} (with what ${symbol} overrides)`));
      }
    }
  });

export type Settings = z.infer<typeof Settings>;

function issue(path: readonly string[], message: string) {
  return { code: "custom" as const, path: [...path], message };
}

/** The rules that hold inside the sections and between them, for what one symbol's settings come to. */
function problemsOf(settings: Common): readonly Relation[] {
  const parsed = Common.safeParse(settings);
  const inside = parsed.success ? [] : parsed.error.issues;
  return [...inside.map(({ path, message }) => ({ path: path.map(String), message })), ...brokenRelations(settings)];
}

function brokenRelations({ venue, decision, protection, trading }: Common): readonly Relation[] {
  const broken: Relation[] = [];
  const demand = (holds: boolean, place: string, message: string): void => {
    if (!holds) broken.push({ path: place.split("."), message });
  };
  const isProduction = venue.name === "production";
  demand(
    !isProduction || venue.account !== null,
    "venue.account",
    "must name the account when venue.name is production",
  );
  demand(
    !isProduction || !decision.demo.enabled,
    "decision.demo.enabled",
    "must be false when venue.name is production: demo is no strategy",
  );
  demand(
    venue.reply_timeout_ms >= venue.recv_window_ms,
    "venue.reply_timeout_ms",
    "must be at least venue.recv_window_ms: before that a request can still be accepted",
  );
  demand(
    protection.absence_proof_seconds * 1_000 > venue.recv_window_ms,
    "protection.absence_proof_seconds",
    "must be longer than venue.recv_window_ms: before that a request can still be accepted",
  );
  for (const [place, message, holds] of tradingRelations(trading)) demand(holds, place, message);
  return broken;
}
