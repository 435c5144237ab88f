/** The journal stays within its bounds, however long the daemon runs. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { lots, micros, money, ticks } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { btc, decisionRow, fillRow, intentRow, optionsIn, orderRow, tradeRow } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-retention-"));
afterAll(() => rmSync(root, { recursive: true }));

const start = 1_721_390_400_000_000;
const hour = 3_600_000_000;
const books = ["intents", "orders", "order_changes", "trailing_stops", "fills", "trades", "decisions", "no_trades"];
/** Tables that a clean-up goes through, one a group at the least. */
const groups = 15;

type Limits = { readonly age?: number; readonly rows?: number };

async function opened({ age = 10 * hour, rows = 1_000_000 }: Limits) {
  const directory = mkdtempSync(join(root, "s-"));
  const bounds = { age, rows };
  const store = await openStore(optionsIn(directory, { retention: { events: bounds, books: bounds } }));
  return { directory, store };
}

/** A trade that is over, in every table. */
function addTrade(store: Store, name: string, at: number): void {
  const time = micros(at);
  const { trade } = intentRow(name);
  store.intent(intentRow(name, { time }));
  store.append([
    orderRow(name, { time, state: "filled" }),
    fillRow(name, { time }),
    { kind: "stop-move", trade, symbol: btc, from: ticks(1), to: ticks(2), cause: "trailing", time },
    decisionRow(name, { time }),
    { kind: "no-trade", symbol: btc, source: name, reason: "NO_SIGNAL", minute: time, count: 1, ...measured, time },
    tradeRow(name, { exitTime: time }),
  ]);
}

const measured = { least: null, median: null, most: null, limit: null };

/** Time passes for the journal, and the clean-up has its turns. */
async function pass(store: Store, at: number): Promise<void> {
  for (let group = 0; group < groups; group += 1) {
    store.account({ wallet: money(0n), equity: money(0n) }, micros(at));
    await store.committed();
  }
}

function counts(directory: string): Readonly<Record<string, number>> {
  return Object.fromEntries(books.map((table) => [table, count(directory, `SELECT count(*) AS n FROM ${table}`)]));
}

function count(directory: string, sql: string): number {
  const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"), { readOnly: true });
  try {
    return Number(database.prepare(sql).get()?.["n"]);
  } finally {
    database.close();
  }
}

function each(number: number): Readonly<Record<string, number>> {
  return Object.fromEntries(books.map((table) => [table, number]));
}

test("[OPS-6] what was traded and decided goes when it is older than it is kept", async () => {
  const { directory, store } = await opened({ age: 10 * hour });
  addTrade(store, "old", start);
  addTrade(store, "young", start + 5 * hour);
  await pass(store, start + 9 * hour);
  expect(counts(directory)).toEqual(each(2));
  await pass(store, start + 12 * hour);
  expect(counts(directory)).toEqual(each(1));
  await store.close();
});

test("[OPS-6] no table has more rows than are kept, and the oldest go first", async () => {
  const { directory, store } = await opened({ rows: 20 });
  for (let index = 0; index < 100; index += 1) addTrade(store, `t${index}`, start + index);
  await pass(store, start + 1_000);
  expect(counts(directory)).toEqual(each(20));
  expect(count(directory, "SELECT min(time) AS n FROM fills")).toBe(start + 80);
  await store.close();
});

test("[IDM-3] the clean-up runs once an hour", async () => {
  const { directory, store } = await opened({ rows: 5 });
  await pass(store, start);
  for (let index = 0; index < 10; index += 1) addTrade(store, `t${index}`, start + index);
  await pass(store, start + hour - 1);
  expect(counts(directory)).toEqual(each(10));
  await pass(store, start + hour);
  expect(counts(directory)).toEqual(each(5));
  await store.close();
});

test("[OPS-6] a table that is far too large shrinks by a bounded number of rows with each group", async () => {
  const { directory, store } = await opened({ rows: 10 });
  await pass(store, start);
  for (let index = 0; index < 9_000; index += 1) store.append([fillRow(`f${index}`)]);
  await store.committed();
  const left: number[] = [];
  for (let group = 0; group < 25; group += 1) {
    store.account({ wallet: money(0n), equity: money(0n) }, micros(start + hour));
    await store.committed();
    left.push(count(directory, "SELECT count(*) AS n FROM fills"));
  }
  const steps = left.map((rows, index) => (left[index - 1] ?? 9_000) - rows);
  expect(Math.max(...steps)).toBeLessThanOrEqual(2_000);
  expect(left.at(-1)).toBe(10);
  await store.close();
});

test("[REC-3] an entry that ended without a fill is not looked at by later starts, but still told of", async () => {
  const { directory, store } = await opened({});
  store.intent(intentRow("unfilled"));
  store.append([orderRow("unfilled", { role: "e", state: "cancelled", filled: lots(0) })]);
  store.intent(intentRow("filled"));
  store.append([orderRow("filled", { role: "e", state: "cancelled", filled: lots(3) })]);
  store.intent(intentRow("working"));
  store.append([orderRow("working", { role: "e", state: "live", filled: lots(0) })]);
  store.intent(intentRow("unsent"));
  await pass(store, start + 2 * hour);
  await store.close();
  const next = await openStore(optionsIn(directory));
  expect(next.journal.intents.map(({ decisionId }) => decisionId).sort()).toEqual(["filled", "unsent", "working"]);
  expect(count(directory, "SELECT count(*) AS n FROM intents")).toBe(4);
  await next.close();
});

test("[REC-3] an entry that ended without a fill a moment ago is looked at: another may take its place", async () => {
  const { directory, store } = await opened({});
  store.intent(intentRow("unfilled"));
  store.append([orderRow("unfilled", { role: "e", state: "cancelled", filled: lots(0) })]);
  await pass(store, start + hour / 2);
  await store.close();
  const next = await openStore(optionsIn(directory));
  expect(next.journal.intents).toHaveLength(1);
  await next.close();
});
