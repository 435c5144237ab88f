/** Settings of where orders go: the venue, and the embedded exchange of the venue paper. */

import { z } from "zod";
import { fraction, milliseconds, seconds } from "./units.ts";

const DeadMansSwitch = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Has the exchange cancel our normal orders when the daemon is gone. Not proven on the real exchange."),
    countdown_seconds: seconds.default(120).describe("It does so this long after it last heard of us."),
    renew_seconds: seconds.default(30).describe("It hears of us this often; each time takes 10 of the request weight."),
  })
  .refine((c) => c.countdown_seconds >= 2 * c.renew_seconds, {
    error: "must be at least twice renew_seconds: one renewal may get lost",
    path: ["countdown_seconds"],
  });

export const Venue = z.strictObject({
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
  dead_mans_switch: DeadMansSwitch.prefault({}).describe(
    "Entries that rest end with the daemon; stops and targets stay (SAF-6). It stays off where others have orders.",
  ),
  owner_wait_ms: z
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(500)
    .describe(
      "Before the first entry another daemon with the same order_id_prefix has this long to be heard of; 0: none is looked for.",
    ),
  stop_proof_distance: fraction
    .max(0.5)
    .default(0.04)
    .describe(
      "Before the first entry a smallest stop is placed this far below the mark price, as a fraction of it, and cancelled.",
    ),
});

/** What the exchange reckons with: 10⁻⁸ of money. */
export function hasEightDecimals(value: number): boolean {
  return Number(value.toFixed(8)) === value;
}

/** A tape of minutes takes days then; what takes longer than any run cannot be reckoned with. */
export const speedMin = 0.001;

const eightDecimals = { error: "must have at most 8 decimals" };

export const EmbeddedExchange = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(0).describe("0 takes a free port."),
  wallet_usdt: z
    .number()
    .positive()
    .max(1e9)
    .refine(hasEightDecimals, eightDecimals)
    .default(10_000)
    .describe("Starting wallet, USDT. Ten lots of BTCUSDT at 64,000 are 640 USDT."),
  maker_fee: z
    .number()
    .min(-0.001)
    .max(0.01)
    .refine(hasEightDecimals, eightDecimals)
    .default(0.0002)
    .describe("Fee of a resting order as a fraction of its notional."),
  taker_fee: z
    .number()
    .min(0)
    .max(0.01)
    .refine(hasEightDecimals, eightDecimals)
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
    .min(speedMin)
    .max(100)
    .default(1)
    .describe("How much denser than recorded the tape is played; timers and days stay the machine's."),
});
