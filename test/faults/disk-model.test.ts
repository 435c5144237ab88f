/**
 * The crash matrix runs over a model of the disk. Here the same rows go into the real store, its files are taken as they
 * stand at a cut, as a kill would leave them, and opened: what the next run finds must be what the model says.
 */

import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tradeOf } from "../../scripts/crashes/trades.ts";
import type { Journal } from "../../src/domain/journal.ts";
import type { Row } from "../../src/domain/output.ts";
import { micros } from "../../src/domain/units.ts";
import { Disk } from "../../src/faults/disk.ts";
import { run } from "../../src/faults/run.ts";
import { openStore } from "../../src/store/open.ts";
import { intentRow, optionsIn } from "../store/rows.ts";
import { stillRules } from "../support/core.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-disk-"));
afterAll(() => rmSync(root, { recursive: true }));

/** Rows that are committed together. */
const groupRows = 7;
/** After these the next run has another trade, or another state of it, to take over. */
const decisive: ReadonlySet<string> = new Set(["intent", "fill", "stop-move", "trade"]);
/** Of the end of a world: its last trades, and what came before them as one commit. */
const lastRows = 90;

test("[F-08] the real store and the model of it agree on what a kill leaves, at whatever write", {
  timeout: 120_000,
}, async () => {
  const rows = rowsOf("scalp: break-even after the first target");
  const first = Math.max(0, rows.length - lastRows);
  const directory = mkdtempSync(join(root, "store-"));
  const options = optionsIn(directory, { commitIntervalMs: 60_000, startedAt: micros(1) });
  const store = await openStore(options);
  const found: unknown[] = [];
  const modelled: unknown[] = [];
  let committed = 0;
  for (const [index, row] of rows.entries()) {
    if (row.kind === "intent") store.intent(row);
    else store.append([row]);
    if (index >= first && index % groupRows === 0) {
      await store.committed();
      committed = index + 1;
    }
    if (index < first || !decisive.has(row.kind)) continue;
    found.push(shown(await journalAfterKill(directory)));
    modelled.push(shown(modelAfterKill(rows.slice(0, index + 1), committed)));
  }
  await store.close();
  expect(found).toEqual(modelled);
  expect(found.length).toBeGreaterThanOrEqual(10);
});

test("[CFG-4] the real store and the model of it agree on exits that other settings have tightened", async () => {
  const intent = intentRow("d1");
  const { trade, symbol } = intent;
  const exits = { ...stillRules, trailFromR: 0.2 };
  const rows: readonly Row[] = [
    intent,
    { kind: "exits-tightened", trade, symbol, exits, holdUntil: micros(9), time: micros(7) },
  ];
  const directory = mkdtempSync(join(root, "store-"));
  const store = await openStore(optionsIn(directory, { commitIntervalMs: 60_000, startedAt: micros(1) }));
  store.intent(intent);
  store.append(rows.slice(1));
  await store.committed();
  const found = await journalAfterKill(directory);
  await store.close();
  const disk = diskWith(rows);
  disk.afterCrash("kill");
  expect(shown(found)).toEqual(shown(disk.journal()));
  expect(found.openTrades[0]?.intent.exits).toEqual(exits);
});

function rowsOf(name: string): readonly Row[] {
  const { seed, minutes, faults, settings } = tradeOf(name);
  const rows: Row[] = [];
  run({ plan: { seed, hours: minutes / 60, faults }, settings, onRow: (row) => rows.push(row) });
  return rows;
}

test("[F-38] the real store and the model of it agree on what is left beside a damaged database", {
  timeout: 60_000,
}, async () => {
  const rows = rowsOf("scalp: break-even after the first target");
  const directory = mkdtempSync(join(root, "store-"));
  const store = await openStore(optionsIn(directory, { commitIntervalMs: 60_000, startedAt: micros(1) }));
  for (const row of rows) {
    if (row.kind === "intent") store.intent(row);
    else store.append([row]);
  }
  await store.committed();
  const found = await journalAfterKill(directory, (copy) => {
    const path = join(copy, "paper-t1", "journal.sqlite");
    writeFileSync(path, "not a database at all, but text ".repeat(200));
    // Its write-ahead log would mend it.
    rmSync(`${path}-wal`, { force: true });
  });
  await store.close();
  const disk = diskWith(rows);
  disk.afterCrash("database");
  expect(shown(found)).toEqual(shown(disk.journal()));
  expect([found.openTrades.length > 0, found.session?.hold.kind]).toEqual([true, "halt"]);
});

test("[F-39] the real store and the model of it agree on what a journal that has failed leaves", {
  timeout: 60_000,
}, async () => {
  const rows = rowsOf("scalp: break-even after the first target");
  const directory = mkdtempSync(join(root, "store-"));
  const store = await openStore(optionsIn(directory, { startedAt: micros(1), onFailure: () => undefined }));
  for (const row of rows) {
    if (row.kind === "intent") store.intent(row);
    else store.append([row]);
  }
  await store.committed();
  const [intent] = rows.filter((row) => row.kind === "intent");
  if (intent !== undefined) store.intent({ ...intent, source: "x".repeat(5_000) });
  const found = await journalAfterKill(directory);
  await store.close();
  const disk = diskWith(rows);
  const { safeMode } = found;
  if (safeMode?.mode !== "safe") throw new Error("the next run is not in SAFE MODE");
  disk.fail({ detail: safeMode.causes[0].detail, at: safeMode.since });
  disk.afterCrash("kill");
  expect(shown(found)).toEqual(shown(disk.journal()));
  expect([safeMode.causes[0].reason, found.session?.hold.kind]).toEqual(["STORE_FAILED", "halt"]);
});

/** All of it written and committed. */
function diskWith(rows: readonly Row[]): Disk {
  const disk = new Disk();
  for (const row of rows) if (row.kind === "intent") disk.write(row);
  disk.commit(rows);
  return disk;
}

async function journalAfterKill(directory: string, ruin: (copy: string) => void = () => undefined): Promise<Journal> {
  const copy = mkdtempSync(join(root, "killed-"));
  // The lock is the living's, and the view for people comes and goes.
  cpSync(directory, copy, { recursive: true, filter: (path) => !/lock\.sqlite|trading_state/.test(path) });
  ruin(copy);
  const store = await openStore(optionsIn(copy, { startedAt: micros(2) }));
  await store.close();
  return store.journal;
}

function modelAfterKill(rows: readonly Row[], committed: number): Journal {
  const disk = new Disk();
  for (const [index, row] of rows.entries()) {
    if (row.kind === "intent") disk.write(row);
    if (index === committed - 1) disk.commit(rows.slice(0, committed));
  }
  disk.afterCrash("kill");
  return disk.journal();
}

/** What recovery acts on. */
function shown({ openTrades, appliedTradeIds, endedTrades, session, safeMode }: Journal): unknown {
  const trades = openTrades.map(({ intent, fills, stopLevel }) => ({
    id: intent.clientOrderId,
    quantity: intent.quantity,
    stopLoss: intent.stopLoss,
    fills: fills.map(({ fill }) => fill.tradeId),
    stopLevel,
  }));
  const applied = [...(appliedTradeIds ?? [])].filter(([, ids]) => ids.length > 0);
  const ended = [...(endedTrades ?? [])].filter(([, ids]) => ids.length > 0);
  return { trades, applied, ended, session: session === null ? null : { ...session }, safeMode: safeMode ?? null };
}
