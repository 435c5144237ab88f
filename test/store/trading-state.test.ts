/** `trading_state.json`: what people read of the present, always whole. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { micros, signedLots, ticks } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { sessionOf } from "../risk/support.ts";
import { stillRules } from "../support/core.ts";
import { btc, eth, intentRow, optionsIn, positionRow, tradeRow } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-state-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => mkdtempSync(join(root, "s-"));
const fileIn = (directory: string): string => join(directory, "paper-t1", "trading_state.json");

type State = Readonly<Record<string, unknown>> & {
  readonly order_intents: readonly Readonly<Record<string, unknown>>[];
};

function stateIn(directory: string): State {
  return JSON.parse(readFileSync(fileIn(directory), "utf8"));
}

/** Different contents that a reader must have come upon. */
const statesWanted = 3;

/** On a machine that is busy, too. */
const waits = { timeout: 20_000, interval: 10 };

const now = (): number => Date.now() * 1_000;

/** The state after these rows and a stop in good order. */
async function after(fill: (store: Store) => void, more: Partial<StoreOptions> = {}): Promise<State> {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { startedAt: micros(now()), ...more }));
  fill(store);
  await store.close();
  return stateIn(directory);
}

test("[IDM-4] the state has a version, when it was written, and what it is", async () => {
  const before = Date.now();
  const state = await after(() => undefined);
  expect(Object.keys(state)).toEqual([
    "version",
    "about",
    "last_updated",
    "order_intents",
    "cooldowns",
    "position_metadata",
    "trailing_stops",
  ]);
  expect(state["version"]).toBe(1);
  expect(Date.parse(String(state["last_updated"]))).toBeGreaterThanOrEqual(before);
  expect(state["about"]).toContain("The database is the truth");
});

test("[IDM-4] an intent is shown in prices and quantities, and whether its trade still runs", async () => {
  const state = await after((store) => {
    store.intent(intentRow("d1", { time: micros(now()) }));
    store.intent(intentRow("d2", { time: micros(now() + 1) }));
    store.append([tradeRow("d1")]);
  });
  expect(state.order_intents.map(({ decision, open }) => [decision, open])).toEqual([
    ["d2", true],
    ["d1", false],
  ]);
  expect(state.order_intents[0]).toMatchObject({
    symbol: "BTCUSDT",
    side: "buy",
    quantity: "0.01",
    stop_price: "63900",
    take_profit: "64100",
  });
});

test("[IDM-4] an intent is shown for as long as it is known", async () => {
  const state = await after(
    (store) => {
      store.intent(intentRow("old", { time: micros(now() - 61_000_000) }));
      store.intent(intentRow("new", { time: micros(now()) }));
    },
    { intentTtl: 60_000_000 },
  );
  expect(state.order_intents.map(({ decision }) => decision)).toEqual(["new"]);
});

test("[IDM-4] a cooldown is shown until it expires", async () => {
  const until = now() + 3_600_000_000;
  const state = await after((store) => {
    const cooldowns = [
      { symbol: "BTCUSDT", side: "buy", until: micros(until) },
      { symbol: "ETHUSDT", side: "sell", until: micros(now() - 1) },
    ] as const;
    store.append([{ kind: "session", state: sessionOf({ cooldowns }), equity: null, time: micros(now()) }]);
  });
  expect(state["cooldowns"]).toEqual([
    { symbol: "BTCUSDT", side: "buy", until: new Date(Math.floor(until / 1_000)).toISOString() },
  ]);
});

test.each([
  ["at what was paid for it", 640_000, "64000"],
  ["as before, where the row is of an earlier version", null, "63910"],
])("[IDM-4] what is open after a target has closed half is shown %s", async (_, entryTicks, shown) => {
  const { trade } = intentRow("d1");
  const state = await after((store) => {
    const cost = 10 * 640_000 - 5 * 640_900;
    store.append([positionRow({ trade, lots: signedLots(5), cost, entryTicks })]);
  });
  expect(state["position_metadata"]).toMatchObject([{ quantity: "0.005", entry_price: shown }]);
});

test("[IDM-4] an open position is shown with its trade and where its stop has moved to, a flat one is not", async () => {
  const { trade } = intentRow("d1");
  const state = await after((store) => {
    store.intent(intentRow("d1", { time: micros(now()) }));
    const move = { kind: "stop-move", trade, symbol: btc, cause: "trailing", time: micros(now()) } as const;
    store.append([
      positionRow({ trade, lots: signedLots(10), cost: 6_400_000, stopLoss: ticks(639_000) }),
      positionRow({ symbol: eth, trade: null, lots: signedLots(0), cost: 0, stopLoss: null }),
      { ...move, from: ticks(639_000), to: ticks(639_500) },
      { ...move, from: ticks(639_500), to: ticks(639_900) },
    ]);
  });
  expect(state["position_metadata"]).toMatchObject([
    { symbol: "BTCUSDT", quantity: "0.01", entry_price: "64000", stop_price: "63900", trade, decision: "d1" },
  ]);
  expect(state["trailing_stops"]).toMatchObject([{ trade, symbol: "BTCUSDT", from: "63950", to: "63990" }]);
});

test("[IDM-4] an open position is shown with the hold that other settings have left it", async () => {
  const { trade } = intentRow("d1");
  const holdUntil = micros(1_721_390_460_000_000);
  const state = await after((store) => {
    store.intent(intentRow("d1"));
    store.append([
      positionRow({ trade, lots: signedLots(10), cost: 6_400_000 }),
      { kind: "exits-tightened", trade, symbol: btc, exits: stillRules, holdUntil, time: micros(now()) },
    ]);
  });
  expect(state["position_metadata"]).toMatchObject([{ hold_until: "2024-07-19T12:01:00.000Z" }]);
});

test("[IDM-4] a change is written while the daemon runs, without a stop", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { startedAt: micros(now()) }));
  store.intent(intentRow("d1", { time: micros(now()) }));
  await vi.waitUntil(() => existsSync(fileIn(directory)) && stateIn(directory).order_intents.length === 1, waits);
  expect(stateIn(directory).order_intents).toHaveLength(1);
  await store.close();
});

test("[IDM-4] changes that come fast are written together, at most once in the interval", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { startedAt: micros(now()), stateIntervalMs: 60_000 }));
  await vi.waitUntil(() => existsSync(fileIn(directory)), waits);
  const first = statSync(fileIn(directory)).ino;
  for (let count = 0; count < 50; count += 1) {
    store.intent(intentRow(`d${count}`, { time: micros(now()) }));
    await store.committed();
  }
  expect(statSync(fileIn(directory)).ino).toBe(first);
  await store.close();
  expect(stateIn(directory).order_intents).toHaveLength(50);
});

test("[IDM-4] whoever reads while it is written sees the whole of the old or of the new", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { startedAt: micros(now()) }));
  await vi.waitUntil(() => existsSync(fileIn(directory)), waits);
  const seen = new Set<unknown>();
  const end = performance.now() + waits.timeout;
  for (let count = 0; performance.now() < end && seen.size < statesWanted; count += 1) {
    if (count % 20 === 0) store.intent(intentRow(`d${count}`, { time: micros(now()) }));
    seen.add(stateIn(directory)["last_updated"]);
    await setImmediate();
  }
  await store.close();
  expect(seen.size).toBe(statesWanted);
});

test("[IDM-4] after a kill the state is whole, and the next start writes it anew", async () => {
  const directory = fresh();
  for (const lines of [50, 200]) {
    await appendUntilKilled(directory, lines);
    expect(stateIn(directory)).toMatchObject({ version: 1 });
  }
  const before = Date.now();
  const store = await openStore(optionsIn(directory));
  await vi.waitUntil(() => Date.parse(String(stateIn(directory)["last_updated"])) >= before, waits);
  await store.close();
  expect(Date.parse(String(stateIn(directory)["last_updated"]))).toBeGreaterThanOrEqual(before);
});

test("[IDM-4] its owner may write it and its group read it, whatever the process's mask is", async () => {
  const directory = fresh();
  const mask = process.umask(0o077);
  try {
    const store = await openStore(optionsIn(directory));
    await store.close();
  } finally {
    process.umask(mask);
  }
  expect(statSync(fileIn(directory)).mode & 0o777).toBe(0o640);
});

test("[IDM-4] a file that cannot be written is told of once, and the store goes on", async () => {
  const directory = fresh();
  // A directory stands where the file should be.
  mkdirSync(fileIn(directory), { recursive: true });
  const notes: string[] = [];
  const store = await openStore(optionsIn(directory, { startedAt: micros(now()), onNote: (note) => notes.push(note) }));
  store.intent(intentRow("d1", { time: micros(now()) }));
  await vi.waitUntil(() => notes.length > 0, waits);
  store.intent(intentRow("d2", { time: micros(now()) }));
  await store.committed();
  expect(await store.close()).toEqual({ lost: 0 });
  expect(notes).toHaveLength(1);
  expect(notes[0]).toMatch(/trading_state\.json cannot be written/);
});

test("[IDM-4] it is a view: what somebody writes into it changes nothing", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  await first.close();
  writeFileSync(fileIn(directory), "nonsense");
  const second = await openStore(optionsIn(directory));
  expect(second.journal.intents).toEqual([intentRow("d1")]);
  await second.close();
});

/** Runs a process that writes as fast as it can, and kills it after so many lines. */
async function appendUntilKilled(directory: string, lines: number): Promise<void> {
  const appender = fileURLToPath(new URL("./appender.ts", import.meta.url));
  const child = spawn(process.execPath, [appender, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const exit = once(child, "exit");
  let seen = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    seen += 1;
    if (seen === lines) child.kill("SIGKILL");
  }
  await exit;
}
