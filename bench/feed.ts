/**
 * Goals T1 and T2: CPU time of one market message, from the socket into features or into the checked book, against the
 * usual way with `ws` and JSON.parse, and against `ccxt`. Every run is a process of its own, fed by another one.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { assert } from "../src/domain/assert.ts";
import { feedStart } from "./lib/frames.ts";
import type { Row } from "./lib/goals.ts";
import { type Contestant, interleave, ratios, shown, spread } from "./lib/measure.ts";
import { pinned } from "./lib/process.ts";
import { BenchVenue } from "./lib/venue.ts";

const rounds = 5;
const counts = { ticker: 400_000, depth: 60_000 } as const;
/** `ccxt` needs ten times as long a message. */
const peerCounts = { ticker: 30_000, depth: 10_000 } as const;
const runMillisMax = 30_000;
const installMillisMax = 60_000;
const noPeer = "ccxt could not be installed";
const peers = fileURLToPath(new URL("./peers/", import.meta.url));

type Kind = keyof typeof counts;

export async function benchFeed(): Promise<readonly Row[]> {
  const hasPeer = installPeer();
  const rest = await startRest();
  const url = `http://127.0.0.1:${(rest.address() as AddressInfo).port}`;
  try {
    return [...(await tickers(hasPeer ? url : null)), ...(await depth(hasPeer ? url : null))];
  } finally {
    rest.close();
    rest.closeAllConnections();
  }
}

async function tickers(peer: string | null): Promise<readonly Row[]> {
  const sender = await startSender("ticker");
  const count = String(counts.ticker);
  const figures = await interleave(
    [
      { name: "features", run: () => run(clientPath("feed.ts"), [sender.url, count, "features"]) },
      { name: "sources", run: () => run(clientPath("feed.ts"), [sender.url, count, "sources"]) },
      { name: "usual", run: () => run(clientPath("ws.ts"), [sender.url, count]) },
      ...peerContestant("ticker", sender, peer),
    ],
    rounds,
    0,
  ).finally(sender.stop);
  const what = "book ticker, socket to features, CPU";
  const usual: Row = {
    goal: "T1 ws",
    what: `${what} ÷ ws + JSON.parse + Number`,
    ratio: ratios(figures.features, figures.usual),
    rounds,
    detail:
      `ours ${micro(figures.features)} µs (with the ensemble ${micro(figures.sources)} µs), ` +
      `ws + JSON.parse + Number ${micro(figures.usual)} µs`,
  };
  if (peer === null) return [usual, { goal: "T1 ccxt", what: `${what} ÷ ccxt watchBidsAsks`, notMeasured: noPeer }];
  return [
    usual,
    {
      goal: "T1 ccxt",
      what: `${what} ÷ ccxt watchBidsAsks`,
      ratio: ratios(figures.features, figures.peer),
      rounds,
      detail: `ours ${micro(figures.features)} µs, ccxt ${micro(figures.peer)} µs`,
    },
  ];
}

async function depth(peer: string | null): Promise<readonly Row[]> {
  const what = "depth message of 50 levels into the checked book, CPU ÷ ccxt watchOrderBook";
  if (peer === null) return [{ goal: "T2", what, notMeasured: noPeer }];
  const sender = await startSender("depth");
  const count = String(counts.depth);
  const figures = await interleave(
    [
      { name: "ours", run: () => run(clientPath("feed.ts"), [sender.url, count, "features"]) },
      ...peerContestant("depth", sender, peer),
    ],
    rounds,
    0,
  ).finally(sender.stop);
  return [
    {
      goal: "T2",
      what,
      ratio: ratios(figures.ours, figures.peer),
      rounds,
      detail: `ours, features included ${micro(figures.ours)} µs, ccxt ${micro(figures.peer)} µs`,
    },
  ];
}

function micro(values: readonly number[]): string {
  return shown(spread(values), 2);
}

function peerContestant(kind: Kind, sender: Sender, rest: string | null): Contestant<"peer">[] {
  if (rest === null) return [];
  const options = [rest, sender.url, String(peerCounts[kind]), kind];
  return [{ name: "peer", run: () => run(`${peers}ccxt.mjs`, options) }];
}

/** Feeds one client process. @returns microseconds of CPU a message @throws {Error} the client gave no figure */
async function run(script: string, options: readonly string[]): Promise<number> {
  const client = spawn(...pinned(1, process.execPath, [script, ...options]));
  const limit = setTimeout(() => client.kill("SIGKILL"), runMillisMax);
  try {
    const figure = Number(await firstLine(client));
    assert(figure > 0, `${script} ${options.join(" ")} gave no figure`);
    return figure;
  } finally {
    clearTimeout(limit);
    client.kill("SIGKILL");
  }
}

type Sender = { readonly url: string; readonly stop: () => void };

async function startSender(kind: Kind): Promise<Sender> {
  const path = fileURLToPath(new URL("./lib/blaster.ts", import.meta.url));
  const child = spawn(...pinned(0, process.execPath, [path, kind, String(counts[kind])]));
  return { url: `ws://127.0.0.1:${await firstLine(child)}`, stop: () => child.kill("SIGKILL") };
}

async function firstLine(child: ReturnType<typeof spawn>): Promise<string> {
  assert(child.stdout !== null, "the process has no output");
  const lines = createInterface({ input: child.stdout });
  const { value } = await lines[Symbol.asyncIterator]().next();
  lines.close();
  return value ?? "";
}

function clientPath(name: string): string {
  return fileURLToPath(new URL(`./clients/${name}`, import.meta.url));
}

/** The peer is no dependency of the project: it comes when it is wanted, as its own lock file says. */
function installPeer(): boolean {
  if (existsSync(`${peers}node_modules/ccxt/package.json`)) return true;
  const options = ["ci", "--prefix", peers, "--no-audit", "--no-fund", "--ignore-scripts"];
  const { status } = spawnSync("npm", options, { stdio: "ignore", timeout: installMillisMax });
  return status === 0;
}

async function startRest(): Promise<Server> {
  const venue = new BenchVenue();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    // The book's snapshot stands where the depth messages begin.
    const answer = venue.answer(
      request.method ?? "GET",
      url.pathname,
      Object.fromEntries(url.searchParams),
      feedStart + 3,
    );
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}
