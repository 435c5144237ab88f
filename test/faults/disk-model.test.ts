/**
 * The crash matrix runs over a model of the disk. Here the same rows go into the real store, its files are taken as they
 * stand at a cut, as a kill would leave them, and opened: what the next run finds must be what the model says.
 */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
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
import { optionsIn } from "../store/rows.ts";

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

function rowsOf(name: string): readonly Row[] {
  const { seed, minutes, faults, settings } = tradeOf(name);
  const rows: Row[] = [];
  run({ plan: { seed, hours: minutes / 60, faults }, settings, onRow: (row) => rows.push(row) });
  return rows;
}

async function journalAfterKill(directory: string): Promise<Journal> {
  const copy = mkdtempSync(join(root, "killed-"));
  // The lock is the living's, and the view for people comes and goes.
  cpSync(directory, copy, { recursive: true, filter: (path) => !/lock\.sqlite|trading_state/.test(path) });
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
function shown({ openTrades, session, safeMode }: Journal): unknown {
  const trades = openTrades.map(({ intent, fills, stopLevel }) => ({
    id: intent.clientOrderId,
    quantity: intent.quantity,
    stopLoss: intent.stopLoss,
    fills: fills.map(({ fill }) => fill.tradeId),
    stopLevel,
  }));
  return { trades, session: session === null ? null : { ...session }, safeMode: safeMode ?? null };
}
