/** The embedded exchange as a child process on loopback: started, announced, and ended after the daemon. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { Settings } from "../config/schema.ts";

const loopback = z.string().refine(isLoopback, "must be a loopback address");

/** What `scalpd exchange --json` prints when it listens. */
export const ExchangeAnnouncement = z.object({
  rest: loopback,
  market_ws: loopback,
  user_ws: loopback,
  ws_api: loopback,
  api_key: z.string().min(1),
  api_secret: z.string().min(1),
  instance: z.string().min(1),
});
export type ExchangeAnnouncement = z.infer<typeof ExchangeAnnouncement>;

export type EmbeddedExchange = {
  readonly announcement: ExchangeAnnouncement;
  /** resolves with a cause when the child ends before it was told to */
  readonly died: Promise<string>;
  /** Ends the child and waits for it. */
  stop(): Promise<void>;
};

/** The exchange could not be started, or said something else than it should. The process ends with exit code 1. */
export class ExchangeStartError extends Error {
  override readonly name = "ExchangeStartError";
  readonly code = "EXCHANGE";
  readonly exitCode = 1;
}

/** It must listen within this long, or something is wrong. */
const startMillisMax = 20_000;
/** After this long a child that was asked to end is ended. */
const stopMillisMax = 3_000;

/**
 * @param mainFile the command line's entry file, whose `exchange` command the child runs
 * @param directory where the exchange keeps its account
 * @throws {ExchangeStartError}
 */
export async function startEmbeddedExchange(
  settings: Settings,
  mainFile: string,
  directory: string,
): Promise<EmbeddedExchange> {
  const { exchange } = settings;
  const child = spawn(
    process.execPath,
    [
      mainFile,
      "exchange",
      "--child",
      "--json",
      ...["--port", String(exchange.port)],
      ...["--speed", String(exchange.speed)],
      ...["--seed", String(exchange.seed)],
      ...["--wallet", String(exchange.wallet_usdt)],
      ...["--maker-fee", String(exchange.maker_fee)],
      ...["--taker-fee", String(exchange.taker_fee)],
      ...["--data", directory],
      ...exchange.tapes.flatMap((tape) => ["--tape", tape]),
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const complaints = collect(child);
  const exited = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(complaints() || `ended with ${signal ?? `code ${code}`}`));
  });
  try {
    const line = await firstLine(child, exited);
    return { announcement: parseAnnouncement(line), died: exited, stop: () => stop(child, exited) };
  } catch (error) {
    await stop(child, exited);
    throw error;
  }
}

/** @throws {ExchangeStartError} the text is not an announcement of an exchange on loopback */
export function parseAnnouncement(text: string): ExchangeAnnouncement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // Not quoted: the line holds a secret.
    throw new ExchangeStartError(`not the JSON line of an exchange (${text.length} characters)`, { cause });
  }
  const parsed = ExchangeAnnouncement.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new ExchangeStartError(`not the JSON line of an exchange on loopback: ${issues}`);
}

async function firstLine(child: ChildProcess, exited: Promise<string>): Promise<string> {
  const lines = createInterface({ input: nonNull(child.stdout) });
  const timeout = AbortSignal.timeout(startMillisMax);
  return await new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    void exited.then((cause) => reject(new ExchangeStartError(`the embedded exchange did not start: ${cause}`)));
    timeout.addEventListener("abort", () => {
      reject(new ExchangeStartError(`the embedded exchange said nothing for ${startMillisMax} ms`));
    });
  }).finally(() => lines.close());
}

/** Its complaints, kept short, for the error that names why it did not start. */
function collect(child: ChildProcess): () => string {
  let text = "";
  nonNull(child.stderr).on("data", (chunk: Buffer) => {
    text = (text + chunk.toString("utf8")).slice(-2_000);
  });
  return () => text.trim();
}

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopMillisMax);
  await exited;
  clearTimeout(timer);
}

function nonNull<T>(value: T | null): T {
  if (value === null) throw new ExchangeStartError("the embedded exchange has no pipe");
  return value;
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
}
