/**
 * Goals L1 and L3: from the write of a book ticker to the arrival of the complete order, over loopback sockets. The other
 * end, and the floor, are C (echo.c); each client is a process of its own, on the other core.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { at } from "../src/domain/assert.ts";
import type { GoalName, Row } from "./lib/goals.ts";
import { interleave, ratios, shown, spread } from "./lib/measure.ts";
import { pinned, startFlags } from "./lib/process.ts";
import { BenchVenue } from "./lib/venue.ts";

const rounds = 5;
/** A machine with other work to do may not get through all of them in time; one that needs longer has failed. */
export type RunSize = {
  readonly ticks: number;
  readonly ticksMin: number;
  readonly warmupTicks: number;
  readonly runMillisMax: number;
  /** `nap` leaves the exchange's core to others while no order is awaited */
  readonly between: "spin" | "nap";
};
const runSize: RunSize = { ticks: 800, ticksMin: 200, warmupTicks: 400, runMillisMax: 40_000, between: "spin" };
/** Orders that the demo source's timer sends between two ticks are refused and not counted. */
const straysPerTick = 5;

const Result = z.object({ misses: z.number(), strays: z.number(), nanos: z.array(z.number()) });

export type Start = (rest: string, streams: string, port: number) => ChildProcess;

export async function benchWire(): Promise<readonly Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "scalpd-bench-"));
  try {
    const echo = compiledEcho(directory);
    return echo === null ? unmeasured() : await measure(echo, directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns its path; null without a C compiler */
export function compiledEcho(directory: string): string | null {
  const echo = join(directory, "echo");
  const source = fileURLToPath(new URL("./echo.c", import.meta.url));
  return spawnSync("cc", ["-O2", "-o", echo, source], { stdio: "ignore" }).status === 0 ? echo : null;
}

function unmeasured(): readonly Row[] {
  const notMeasured = "needs a C compiler (cc)";
  return [
    { goal: "L1", what: "tick → order received, p50", notMeasured },
    { goal: "L3 REST", what: "L1 ÷ binance REST", notMeasured },
    { goal: "L3 WebSocket API", what: "L1 ÷ binance WebSocket API", notMeasured },
  ];
}

async function measure(echo: string, directory: string): Promise<readonly Row[]> {
  const rest = await startRest();
  const url = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
  let stores = 0;
  const daemon = (kind: string): Start => {
    return (_, streams) => {
      stores += 1;
      return script("scalpd.ts", [url, streams, kind, "poll", join(directory, `store-${stores}`)], startFlags());
    };
  };
  const sdk = (way: string): Start => {
    return (http, streams) => script("sdk.ts", [http, streams, way]);
  };
  const run = (start: Start, reply: "ok" | "refuse") => () => medianNanos(echo, start, reply);
  const floor: Start = (_http, _streams, port) => spawn(...pinned(1, echo, ["client", String(port), "spin"]));
  try {
    const figures = await interleave(
      [
        { name: "floor", run: run(floor, "ok") },
        { name: "session", run: run(daemon("session"), "refuse") },
        { name: "signed", run: run(daemon("signed"), "refuse") },
        { name: "api", run: run(sdk("ws-api"), "ok") },
        { name: "rest", run: run(sdk("rest"), "ok") },
      ],
      rounds,
      0,
    );
    const micro = (values: readonly number[]): string => shown(spread(values.map((nanos) => nanos / 1_000)), 1);
    const ours = `daemon, logged-on session, polling ${micro(figures.session)} µs`;
    const row = (goal: GoalName, what: string, below: readonly number[], detail: string): Row => {
      return { goal, what, ratio: ratios(figures.session, below), rounds, detail: `${ours}; ${detail}` };
    };
    return [
      row(
        "L1",
        "tick → order received, p50, busy-poll ÷ C spinning echo",
        figures.floor,
        `HMAC per order ${micro(figures.signed)} µs; C echo ${micro(figures.floor)} µs`,
      ),
      row("L3 REST", "L1 ÷ binance REST", figures.rest, `binance REST, sleeping ${micro(figures.rest)} µs`),
      row(
        "L3 WebSocket API",
        "L1 ÷ binance WebSocket API",
        figures.api,
        `binance WebSocket API, sleeping ${micro(figures.api)} µs`,
      ),
    ];
  } finally {
    rest.close();
    rest.closeAllConnections();
  }
}

async function medianNanos(echo: string, start: Start, reply: "ok" | "refuse"): Promise<number> {
  const sorted = await nanosOfTicks(echo, start, reply);
  return at(sorted, sorted.length >> 1);
}

/**
 * One run: the server on the first core, the client on the second.
 *
 * @returns from tick to order, ascending
 * @throws {Error} the client sent too few orders
 */
export async function nanosOfTicks(
  echo: string,
  start: Start,
  reply: "ok" | "refuse",
  { ticks, ticksMin, warmupTicks, runMillisMax, between }: RunSize = runSize,
): Promise<readonly number[]> {
  const server = spawn(...pinned(0, echo, ["serve", String(ticks), String(warmupTicks), reply, between]));
  const lines = createInterface({ input: server.stdout ?? process.stdin })[Symbol.asyncIterator]();
  const limit = setTimeout(() => server.kill("SIGKILL"), runMillisMax);
  let client: ChildProcess | null = null;
  try {
    const port = Number(/^port (\d+)$/.exec((await lines.next()).value ?? "")?.[1]);
    client = start(`http://127.0.0.1:${port}`, `ws://127.0.0.1:${port}`, port);
    const line = await lines.next();
    if (line.done === true) throw new Error("the wire benchmark took too long");
    const { nanos, misses, strays } = Result.parse(JSON.parse(line.value));
    if (nanos.length < ticksMin)
      throw new Error(`only ${nanos.length} of ${ticks} ticks gave an order, ${misses} none`);
    if (strays > straysPerTick * ticks) throw new Error(`${strays} orders were no answers to ticks`);
    return [...nanos].sort((a, b) => a - b);
  } finally {
    clearTimeout(limit);
    client?.kill("SIGKILL");
    server.kill("SIGKILL");
  }
}

export function script(name: string, options: readonly string[], flags: readonly string[] = []): ChildProcess {
  const path = fileURLToPath(new URL(`./clients/${name}`, import.meta.url));
  return spawn(...pinned(1, process.execPath, [...flags, path, ...options]));
}

/** Everything that the daemon asks by REST before it trades; nothing while it is measured. */
export async function startRest(): Promise<Server> {
  const venue = new BenchVenue();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const answer = venue.answer(
      request.method ?? "GET",
      url.pathname,
      Object.fromEntries(url.searchParams),
      Date.now(),
    );
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}
