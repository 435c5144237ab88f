import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { Row } from "../../src/domain/output.ts";
import { micros, money } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { databaseName } from "../../src/store/recovery.ts";
import { optionsIn, tradeRow } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-losses-"));
afterAll(() => rmSync(root, { recursive: true }));

const resumed = { kind: "risk-event", event: "RESUMED", by: "operator", symbol: null, time: micros(25) } as const;
const halted = { ...resumed, event: "HALTED", by: "run_of_losses", reason: "HALTED", until: null } as const;
const scaled = { ...resumed, event: "SCALED", by: "run_of_losses", factor: 0.5 } as const;
const flattening = { ...resumed, event: "FLATTENING", by: "run_of_losses" } as const;

const first = loss("a", 10);
const second = loss("b", 20);
const third = loss("c", 30);
const win = closed("w", 15, 1);

test.each<[string, readonly Row[], number]>([
  ["no trade", [], 0],
  ["losses alone", [first, second, third], 3],
  ["losses after a win", [first, win, second, third], 2],
  ["losses after one that ended even", [first, closed("w", 15, 0), second], 1],
  ["a win after losses", [first, second, win], 0],
  ["losses around a resume", [first, second, resumed, third], 1],
  ["losses around a halt of the run", [first, second, halted, third], 1],
  ["losses around a smaller scale of the run", [first, second, scaled, third], 1],
  ["losses around a flatten of the run", [first, second, flattening, third], 1],
  ["losses around what an operator did", [first, second, { ...halted, by: "operator" }, third], 3],
  ["losses after a resume", [{ ...resumed, time: micros(5) }, first, second, third], 3],
])("[RSK-7] the next run is told how many losses the trades end with: %s", async (_, rows, expected) => {
  expect(await countedAfter(rows)).toBe(expected);
});

test.each([
  ["behind the exchange's", 5],
  ["ahead of the exchange's", 1_000],
])("[RSK-7] a resume stands where it was told, on a machine whose clock is %s", async (_, time) => {
  expect(await countedAfter([first, second, { ...resumed, time: micros(time) }, third])).toBe(1);
});

test("[RSK-7] a trade whose summary waited counts where it was told, whatever ended meanwhile", async () => {
  expect(await countedAfter([first, second, third, closed("w", 25, 1)])).toBe(0);
});

test("[RSK-7] a journal of an earlier version goes on with the losses that its trades end with", async () => {
  const directory = mkdtempSync(join(root, "s-"));
  await write(directory, [first, second, resumed, third, loss("d", 50)]);
  withoutCount(directory);
  expect(await counted(directory)).toBe(2);
});

async function countedAfter(rows: readonly Row[]): Promise<number> {
  const directory = mkdtempSync(join(root, "s-"));
  await write(directory, rows);
  return await counted(directory);
}

async function write(directory: string, rows: readonly Row[]): Promise<void> {
  const store = await openStore(optionsIn(directory));
  store.append(rows);
  await store.close();
}

async function counted(directory: string): Promise<number> {
  const store = await openStore(optionsIn(directory));
  await store.close();
  return store.journal.lossesInARow;
}

/** The journal as the version before the count was kept left it. */
function withoutCount(directory: string): void {
  const database = new DatabaseSync(join(directory, "paper-t1", databaseName));
  database.exec("DROP TABLE loss_run");
  database.exec(
    "ALTER TABLE intents DROP COLUMN tightened_exits; ALTER TABLE intents DROP COLUMN tightened_hold_until",
  );
  database.exec("DELETE FROM schema_version WHERE version >= 11");
  database.close();
}

function loss(name: string, exit: number): Row {
  return closed(name, exit, -1);
}

function closed(name: string, exit: number, net: number): Row {
  return tradeRow(name, { netPnl: money(BigInt(net)), exitTime: micros(exit) });
}
