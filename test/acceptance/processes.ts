/** scalpd as child processes: their lines as they come, their end, and that none outlives a test file. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll } from "vitest";
import { z } from "zod";

/** No process of a test lives longer. */
const lifeMillisMax = 80_000;
/** What is waited for comes within this long, or the test fails. */
const waitMillisMax = 30_000;

const processes = new Set<Scalpd>();
const directories = new Set<string>();

afterAll(async () => {
  for (const process of processes) process.signal("SIGKILL");
  await Promise.all([...processes].map((process) => process.exit));
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "scalpd-acceptance-"));
  directories.add(directory);
  return directory;
}

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type LogLine = Readonly<Record<string, unknown>>;

export type ScalpdOptions = {
  readonly ownGroup?: boolean;
  readonly lifeMillis?: number;
  readonly env?: Readonly<Record<string, string>>;
};

export class Scalpd {
  readonly outLines: string[] = [];
  readonly errorLines: string[] = [];
  readonly exit: Promise<Exit>;
  readonly pid: number;
  readonly #child: ChildProcess;
  #ended = false;
  #wake: () => void = () => {};

  /**
   * @param options.ownGroup a process group of its own, as a shell gives to what it starts in the foreground
   * @param options.lifeMillis how long it may live, when that is longer than others may
   * @param options.env what it finds in its environment besides ours, of which it gets no secret
   */
  constructor(given: readonly string[], options: ScalpdOptions = {}) {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("SCALPD_"));
    const env = { ...Object.fromEntries(own), ...options.env };
    const child = spawn(process.execPath, ["src/cli/main.ts", ...given], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: options.ownGroup ?? false,
      env,
    });
    this.#child = child;
    this.pid = child.pid ?? Number.NaN;
    processes.add(this);
    const timer = setTimeout(() => this.signal("SIGKILL"), options.lifeMillis ?? lifeMillisMax);
    const { promise, resolve } = Promise.withResolvers<Exit>();
    this.exit = promise;
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      this.#ended = true;
      resolve({ code, signal });
      this.#wake();
    });
    this.#collect(child.stdout, this.outLines);
    this.#collect(child.stderr, this.errorLines);
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  /** The whole process group, as the terminal's Ctrl-C does. */
  signalGroup(signal: NodeJS.Signals): void {
    if (!this.#ended) process.kill(-this.pid, signal);
  }

  /** The lines of standard error that are JSON, in their order. */
  get log(): readonly LogLine[] {
    return this.errorLines.flatMap((line) => (line.startsWith("{") ? [jsonObject(line)] : []));
  }

  /** The first line of standard output. */
  async firstLine(): Promise<string> {
    return await this.#when(() => this.outLines[0], "a line on standard output");
  }

  /** The first log line of this code that matches. */
  async logged(
    code: string,
    matches: (line: LogLine) => boolean = () => true,
    millisMax: number = waitMillisMax,
  ): Promise<LogLine> {
    const look = (): LogLine | undefined => this.log.find((line) => line["code"] === code && matches(line));
    return await this.#when(look, `a line ${code}`, millisMax);
  }

  async #when<T>(look: () => T | undefined, what: string, millisMax: number = waitMillisMax): Promise<T> {
    const timeout = AbortSignal.timeout(millisMax);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#ended || timeout.aborted) throw new Error(`${what} did not come:\n${this.errorLines.join("\n")}`);
      await new Promise<void>((resolve) => {
        const wakeBefore = this.#wake;
        this.#wake = () => {
          wakeBefore();
          resolve();
        };
        timeout.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  #collect(stream: NodeJS.ReadableStream | null, lines: string[]): void {
    if (stream === null) return;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      const wake = this.#wake;
      this.#wake = () => {};
      wake();
    });
  }
}

/** What `scalpd exchange` says about where it listens. */
export const Announcement = z.object({
  rest: z.string(),
  market_ws: z.string(),
  user_ws: z.string(),
  api_key: z.string(),
  api_secret: z.string(),
  instance: z.string(),
});
export type Announcement = z.infer<typeof Announcement>;

export type StartedExchange = {
  readonly process: Scalpd;
  /** the line as it was printed: what `run --exchange` takes */
  readonly line: string;
  readonly announcement: Announcement;
};

/** `scalpd exchange` on a free port, with the bundled tapes five times as dense. */
export async function startExchange(...given: readonly string[]): Promise<StartedExchange> {
  return await startExchangeFor(lifeMillisMax, ...given);
}

/** The same for a story that takes longer. */
export async function startExchangeFor(lifeMillis: number, ...given: readonly string[]): Promise<StartedExchange> {
  const process = new Scalpd(
    ["exchange", "--json", ...["--port", "0"], ...["--speed", "5"], ...["--data", temporaryDirectory()], ...given],
    { lifeMillis },
  );
  const line = await process.firstLine();
  return { process, line, announcement: Announcement.parse(JSON.parse(line)) };
}

/** The fields of the line that `run --json` ends with. */
export const Summary = z.object({
  symbols: z.array(z.string()),
  decisions: z.number().int(),
  blocked: z.record(z.string(), z.number().int()),
  entries: z.number().int(),
  exits: z.number().int(),
  fills: z.number().int(),
  trades: z.number().int(),
  open_positions: z.number().int(),
  positions: z.array(
    z.object({ symbol: z.string(), lots: z.number(), stop_ticks: z.number(), protected: z.boolean() }),
  ),
  unprotected_ms_max: z.number(),
  round_trip_ms: z.object({ median: z.number().nullable(), max: z.number() }),
  safe_mode: z.boolean(),
  pnl_net: z.string(),
  failure: z.string().nullable(),
});
export type Summary = z.infer<typeof Summary>;

export function summaryOf(daemon: Scalpd): Summary {
  return Summary.parse(JSON.parse(daemon.outLines.at(-1) ?? "null"));
}

/** The longest that a position may be naked (issue: 250 ms and two round trips), milliseconds. */
export function nakedMillisMax(summary: Summary): number {
  return 250 + 2 * summary.round_trip_ms.max;
}

/** Whether somebody listens there. */
export async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function jsonObject(text: string): LogLine {
  return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
}
