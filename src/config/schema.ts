/** The one schema of the settings: types, defaults, validation and the published JSON Schema come from here (CFG-2). */

import { z } from "zod";
import { merged } from "../domain/merge.ts";
import { Alerts } from "./alerts.ts";
import { Decision } from "./decision.ts";
import { Exits } from "./exits.ts";
import { Market } from "./market.ts";
import { MicroScalp } from "./micro-scalp.ts";
import { Health, Log } from "./operations.ts";
import { Api, DecisionFile, Intents, Plans } from "./outside.ts";
import { deepPartial } from "./overrides.ts";
import { brokenRelations, type Relation } from "./relations.ts";
import { Guardrails, Risk } from "./risk.ts";
import { Reconcile, SafeMode } from "./safety.ts";
import { Trading } from "./trading.ts";
import { basisPoints, milliseconds, seconds } from "./units.ts";
import { EmbeddedExchange, Venue } from "./venue.ts";

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
  stop_ignored_seconds: seconds
    .default(3)
    .describe("The price past a stop that rests for longer than this: it does not work, and the position is closed."),
  stop_ignored_bps: basisPoints
    .default(3)
    .describe("Past the stop is farther than this. Of stops by MARK_PRICE nothing is concluded."),
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
      factor: z
        .number()
        .gt(0)
        .lt(1)
        .default(0.5)
        .describe("What `scale` makes of the size of entries; a smaller one that an operator has set stands."),
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
  reconcile: Reconcile.prefault({}).describe("What a comparison with the exchange does with what is not ours."),
  safe_mode: SafeMode.prefault({}).describe("No new entries after a fault, while protection is kept up."),
  supervisor: Supervisor.prefault({}).describe("What watches the results and may hold trading back."),
  store: Store.prefault({}).describe("The journal."),
  log: Log.prefault({}).describe("Logs."),
  alerts: Alerts.prefault({}).describe("What is told to people, and by which channels."),
  health: Health.prefault({}).describe("Whether the daemon lives and trades, for other programs."),
  stop: Stop.prefault({}).describe("What an orderly stop does."),
};

const Common = z.strictObject(sections);
type Common = z.infer<typeof Common>;

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
