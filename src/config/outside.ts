/** Settings of what comes from outside: the decision file, intents, plans, and the interface that takes them. */

import { z } from "zod";
import { basisPoints, fraction, seconds } from "./units.ts";

export const DecisionFile = z.strictObject({
  enabled: z.boolean().default(false).describe("Takes decisions from a file that another program writes (DEC-6)."),
  path: z
    .string()
    .min(1)
    .max(1_024)
    .default("decision.json")
    .describe("The file; relative to the working directory. It must belong to the user that runs the daemon, or root."),
  symbol: z
    .string()
    .regex(/^[A-Z0-9]{2,20}$/, "upper-case letters and digits")
    .nullable()
    .default(null)
    .describe("Whose decisions the file holds; null: the symbol that it names, or the only one that is traded."),
  max_age_seconds: seconds
    .default(600)
    .describe("An older decision is stale: entries that wait are cancelled, and nothing is opened by any source."),
  on_flat: z
    .enum(["close", "keep"])
    .default("close")
    .describe("`action: flat` cancels entries that wait, and closes an open position or leaves it to its protection."),
  check_seconds: z.number().min(0.1).max(60).default(2).describe("A decision in force is tried again this often."),
  poll_seconds: z.number().min(0.05).max(60).default(1).describe("The file is looked at this often."),
  zone_distance_bps: basisPoints
    .default(10)
    .describe(
      "How far outside its entry zone the price may be when its order is placed, which rests inside the zone; `trading.normal.max_zone_distance_bps` bounds it too.",
    ),
  entry_attempts: z
    .number()
    .int()
    .min(1)
    .max(500)
    .default(100)
    .describe("How often an entry of which nothing has filled is begun while its decision stands."),
});

const leverage = z.number().min(1).max(125);
const returnPct = z.number().gt(0).max(0.5);
const holdSeconds = z.number().int().min(1_200).max(3_600);

const tier = (defaults: {
  readonly leverage: number;
  readonly size: number;
  readonly target: number;
  readonly stop: number;
  readonly hold: number;
}) =>
  z.strictObject({
    leverage: leverage.default(defaults.leverage).describe("Leverage where the intent names none."),
    size_pct: fraction.default(defaults.size).describe("Margin as a fraction of equity where the intent names none."),
    tp_pct: returnPct.default(defaults.target).describe("Target as a return on the margin."),
    sl_pct: returnPct.default(defaults.stop).describe("Stop as a loss on the margin."),
    time_in_trade_limit_sec: holdSeconds.default(defaults.hold).describe("Longest hold, seconds."),
  });

export const Intents = z.strictObject({
  ttl_hours: z
    .number()
    .positive()
    .max(168)
    .default(6)
    .describe("An intent is known this long: the same one gets the same answer and no second order (IDM-3)."),
  validity_seconds: seconds
    .default(30)
    .describe("An entry that could not be decided this long after it was accepted is dropped."),
  cleanup_seconds: seconds.default(3_600).describe("Intents that are forgotten are removed this often."),
  waiting_max: z.number().int().min(1).max(10_000).default(256).describe("Intents of a symbol that may wait at once."),
  remembered_max: z
    .number()
    .int()
    .min(100)
    .max(1_000_000)
    .default(100_000)
    .describe("Intents that are remembered at once; more are refused until older ones are forgotten."),
  reverse: z.boolean().default(false).describe("REVERSE closes and enters the other way; otherwise it only closes."),
  default_time_in_trade_limit_sec: holdSeconds
    .default(2_400)
    .describe("Longest hold of an intent without a confidence, seconds."),
  high: tier({ leverage: 10, size: 0.2, target: 0.0275, stop: 0.0175, hold: 1_500 })
    .prefault({})
    .describe("Confidence above 85 %."),
  medium: tier({ leverage: 6, size: 0.14, target: 0.02, stop: 0.0175, hold: 2_100 })
    .prefault({})
    .describe("Confidence from 70 % to 85 %."),
  low: tier({ leverage: 3, size: 0.08, target: 0.0125, stop: 0.0125, hold: 3_000 })
    .prefault({})
    .describe("A lower confidence, or none."),
});

export const Plans = z.strictObject({
  check_seconds: z.number().min(0.1).max(60).default(10).describe("The conditions of a plan are compared this often."),
  pending_max: z.number().int().min(1).max(1_000).default(50).describe("Plans that may wait at once."),
  expiry_hours_max: z.number().positive().max(720).default(24).describe("A plan expires at the latest after so long."),
  remembered_hours: z
    .number()
    .positive()
    .max(720)
    .default(24)
    .describe("A plan that is over is listed this long, and its id cannot be used again."),
});

const loopbackHosts: ReadonlySet<string> = new Set(["127.0.0.1", "::1", "localhost"]);

export const Api = z
  .strictObject({
    host: z.string().min(1).max(255).default("127.0.0.1").describe("Address that the interface listens on."),
    port: z.number().int().min(0).max(65_535).default(7_080).describe("Its port; 0 takes a free one."),
    behind_tls_proxy: z
      .boolean()
      .default(false)
      .describe("A proxy with TLS stands before it. Without one only loopback addresses are allowed."),
    allowed_hosts: z
      .array(z.string().min(1).max(255))
      .max(16)
      .default([])
      .describe("Further names in the Host header that are answered, for a proxy; loopback names always are."),
    rate_per_second: z.number().positive().max(10_000).default(100).describe("Requests a second of each token."),
    rate_burst: z.number().int().min(1).max(100_000).default(2_000).describe("Requests that may come at once."),
    connections_max: z.number().int().min(1).max(10_000).default(1_024).describe("Connections at once."),
  })
  .refine((c) => loopbackHosts.has(c.host) || c.behind_tls_proxy, {
    error: "must be a loopback address unless api.behind_tls_proxy is true: the token would cross the network in clear",
    path: ["host"],
  });
