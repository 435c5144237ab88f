/** `scalpd exchange`: the embedded exchange alone, on a loopback port. */

import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { allowedAt, SchemaNode } from "../config/explain.ts";
import { Settings } from "../config/schema.ts";
import { hasEightDecimals, speedMin } from "../config/venue.ts";
import { type Micros, symbolIndex } from "../domain/units.ts";
import { Exchange, type ExchangeOptions } from "../exchange/exchange.ts";
import type { SymbolSpec } from "../exchange/symbols.ts";
import { risingClock } from "../exchange/wire/clock.ts";
import { DirectoryInUseError, lockDirectory } from "../exchange/wire/directory-lock.ts";
import { candlesBefore, TapeFeed } from "../exchange/wire/feed.ts";
import { type ApiKey, ed25519Key, hmacKey } from "../exchange/wire/security.ts";
import { startWireServer, type WireServer } from "../exchange/wire/server.ts";
import { makeDirectory, readStateFile, StateFile, StateFileError } from "../exchange/wire/state-file.ts";
import { type Tape, TapeError } from "../tape/format.ts";
import { readTape } from "../tape/reader.ts";
import { optionName } from "./option-name.ts";
import { symbolsOfTapes, TapeSymbolError } from "./tape-symbols.ts";

const defaults = Settings.parse({}).exchange;

/** Empty text is no number, and no 0 either. */
function numeric<T extends z.ZodType>(schema: T) {
  return z.preprocess((given) => (typeof given === "string" && given.trim() === "" ? Number.NaN : given), schema);
}

const eightDecimals = { error: "with at most 8 decimals" };

/** Options as a command line gives them: text or numbers, checked here. Fees are those of the settings. */
const Options = z.object({
  port: numeric(z.coerce.number().int().min(0).max(65_535)).default(defaults.port),
  feed: z.literal("tape", { error: "must be tape: no other feed is built in" }).default("tape"),
  tape: z.array(z.string().min(1)).min(1).max(64).default(defaults.tapes),
  speed: numeric(z.coerce.number().min(speedMin).max(100)).default(defaults.speed),
  seed: numeric(
    z.coerce
      .number()
      .int()
      .min(0)
      .max(2 ** 31),
  ).default(defaults.seed),
  wallet: numeric(z.coerce.number().positive().max(1e9).refine(hasEightDecimals, eightDecimals)).default(
    defaults.wallet_usdt,
  ),
  makerFee: numeric(z.coerce.number().min(-0.001).max(0.01).refine(hasEightDecimals, eightDecimals)).default(
    defaults.maker_fee,
  ),
  takerFee: numeric(z.coerce.number().min(0).max(0.01).refine(hasEightDecimals, eightDecimals)).default(
    defaults.taker_fee,
  ),
  /** request weight costs nothing, as it never does on a real exchange */
  weightless: z.boolean().default(false),
  data: z.string().min(1).default("data/exchange"),
  /** PEM file of an Ed25519 public key, for clients that log on to the WebSocket API */
  ed25519: z.string().min(1).optional(),
  /** started by the daemon: deaf to the terminal, ends with the parent */
  child: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

/** Something the user has to correct: `code` is the exit code. */
class StartError extends Error {
  override readonly name = "StartError";
  readonly code: 1 | 2;

  constructor(code: 1 | 2, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Runs the exchange until it is told to stop: SIGTERM, Ctrl-C, or as a child the end of its parent. When it listens it
 * prints one JSON line to standard output.
 *
 * @param given values by option name; unknown ones are ignored
 * @returns the exit code: 0 stopped in good order, 1 failed, 2 wrong usage
 */
export async function exchangeCommand(given: Readonly<Record<string, unknown>>): Promise<number> {
  const parsed = Options.safeParse(given);
  if (!parsed.success) return fail(2, problemOf(parsed.error, given));
  try {
    await run(parsed.data);
    return 0;
  } catch (error) {
    if (error instanceof StartError) return fail(error.code, error.message);
    const known = [TapeError, TapeSymbolError, StateFileError, DirectoryInUseError].some(
      (kind) => error instanceof kind,
    );
    if (known && error instanceof Error) return fail(1, error.message);
    throw error;
  }
}

function problemOf({ issues }: z.ZodError, given: Readonly<Record<string, unknown>>): string {
  const [issue] = issues;
  const key = String(issue?.path[0] ?? "");
  const allowed = allowedAt(SchemaNode.parse(z.toJSONSchema(Options)), [key]);
  // A literal says in its own words what is allowed.
  const why = issue?.code === "invalid_value" || allowed === null ? issue?.message : `allowed is ${allowed}`;
  const beyond = issue?.code === "custom" ? ` ${issue.message}` : "";
  return `${optionName(key)} ${JSON.stringify(given[key])}: ${why}${beyond}`;
}

async function run(options: Options): Promise<void> {
  const tapes = options.tape.map((path) => readTape(path));
  const symbols = symbolsOfTapes(tapes);
  makeDirectory(options.data);
  const lock = await lockDirectory(options.data);
  try {
    await serve(options, tapes, symbols);
  } finally {
    lock.release();
  }
}

async function serve(options: Options, tapes: readonly Tape[], symbols: readonly SymbolSpec[]): Promise<void> {
  const clock = risingClock();
  const { exchange, instance } = openExchange(options, symbols, tapes, clock());
  const keys = apiKeys(options, instance);
  const end = Promise.withResolvers<void>();
  const state = new StateFile(
    options.data,
    () => ({ instance, saved: exchange.serialize() }),
    (error) => end.reject(error),
  );
  const server = await listen(options, exchange, keys, clock, state);
  // At once, so that the instance keeps its name even if nothing is ever traded.
  state.changedNow();
  const { market } = server;
  const feed = new TapeFeed({ tapes, speed: options.speed, market, settle: () => server.settle(), clock }, clock());
  const forget = onEnd(options.child, end.resolve);
  try {
    feed.start();
    process.stdout.write(`${JSON.stringify(announcement(options, symbols, server, keys, instance))}\n`);
    await end.promise;
  } finally {
    forget();
    feed.stop();
    await server.close();
    state.close();
  }
}

function openExchange(
  options: Options,
  symbols: readonly SymbolSpec[],
  tapes: readonly Tape[],
  now: Micros,
): { readonly exchange: Exchange; readonly instance: string } {
  const stored = readStateFile(options.data);
  const instance = stored?.instance ?? `paper-${randomUUID().slice(0, 8)}`;
  const settings: ExchangeOptions = {
    symbols,
    // Never in exponent form, which is no decimal text.
    walletUsdt: options.wallet.toFixed(8),
    makerFee: options.makerFee.toFixed(8),
    takerFee: options.takerFee.toFixed(8),
    seed: options.seed,
    instance,
  };
  const exchange = stored === null ? new Exchange(settings) : restored(settings, stored.saved, options.data);
  for (const [index, tape] of tapes.entries()) {
    exchange.loadCandles(symbolIndex(index), candlesBefore(tape, options.seed, now));
  }
  return { exchange, instance };
}

function restored(settings: ExchangeOptions, saved: unknown, directory: string): Exchange {
  try {
    return Exchange.restore(settings, saved);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(1, `the account in ${directory} cannot be continued: ${message}`, { cause });
  }
}

async function listen(
  options: Options,
  exchange: Exchange,
  keys: readonly ApiKey[],
  clock: () => Micros,
  state: StateFile,
): Promise<WireServer> {
  try {
    return await startWireServer({
      exchange,
      keys,
      port: options.port,
      clock,
      limits: { countsWeight: !options.weightless },
      onChange: () => state.changedNow(),
    });
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    const problem =
      cause.code === "EADDRINUSE" ? "is in use; choose another with --port, or 0 for a free one" : cause.message;
    throw new StartError(1, `port ${options.port} ${problem}`, { cause });
  }
}

function apiKeys(options: Options, instance: string): readonly ApiKey[] {
  const seed = createHash("sha256").update(`${instance} ${options.seed}`).digest("hex");
  const { ed25519 } = options;
  if (ed25519 === undefined) return [hmacKey(seed)];
  try {
    return [hmacKey(seed), ed25519Key(seed, readFileSync(ed25519, "utf8"))];
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(2, `--ed25519 ${ed25519}: must be a PEM file with an Ed25519 public key: ${message}`, {
      cause,
    });
  }
}

function announcement(
  options: Options,
  symbols: readonly SymbolSpec[],
  server: WireServer,
  keys: readonly ApiKey[],
  instance: string,
): Readonly<Record<string, unknown>> {
  const hmac = keys.find((key) => key.kind === "hmac");
  const ed25519 = keys.find((key) => key.kind === "ed25519");
  return {
    rest: server.urls.rest,
    market_ws: server.urls.streams,
    user_ws: server.urls.streams,
    ws_api: server.urls.api,
    api_key: hmac?.apiKey,
    api_secret: hmac?.secret,
    ed25519_api_key: ed25519?.apiKey,
    instance,
    symbols: symbols.map((spec) => spec.row.symbol),
    feed: options.feed,
    speed: options.speed,
  };
}

/** Calls `end` when the process is told to stop. Returns what takes the listeners away again. */
function onEnd(child: boolean, end: () => void): () => void {
  const ignore = (): void => {};
  const interrupt = child ? ignore : end;
  process.on("SIGINT", interrupt).on("SIGHUP", interrupt).on("SIGTERM", end);
  if (child) {
    // The parent holds the other end and never writes: the end of the stream is the end of the parent, crash included.
    process.stdin.on("end", end).on("close", end).resume();
    process.on("disconnect", end);
  }
  return () => {
    process.off("SIGINT", interrupt).off("SIGHUP", interrupt).off("SIGTERM", end);
    if (!child) return;
    process.stdin.off("end", end).off("close", end).pause();
    process.off("disconnect", end);
  };
}

function fail(code: 1 | 2, message: string): number {
  process.stderr.write(`scalpd exchange: ${message}\n`);
  return code;
}
