/** SAFE MODE in the journal. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { SafeModeRow } from "../../src/domain/output.ts";
import type { SafeModeState } from "../../src/domain/safe-mode.ts";
import { micros } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { viewStores } from "../../src/store/view.ts";
import { start } from "../support/core.ts";
import { optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-safe-mode-"));
afterAll(() => rmSync(root, { recursive: true }));

const safe: SafeModeState = {
  version: 1,
  mode: "safe",
  episode: 3,
  since: micros(start),
  causes: [
    { reason: "STORE_FAILED", detail: "disk full", seenAt: micros(start), isGone: true },
    { reason: "UNKNOWN_CODE", detail: "-9999", seenAt: micros(start + 5), isGone: false },
  ],
};

function rowOf(state: SafeModeState): SafeModeRow {
  return { kind: "safe-mode", change: "added", reason: "UNKNOWN_CODE", detail: "-9999", by: null, state, time: start };
}

async function journalledBy(...states: readonly SafeModeState[]): Promise<string> {
  const directory = mkdtempSync(join(root, "s-"));
  const store = await openStore(optionsIn(directory));
  store.append(states.map(rowOf));
  await store.close();
  return directory;
}

async function reopened(directory: string) {
  const store = await openStore(optionsIn(directory));
  await store.close();
  return store.journal;
}

test("[I-17] what one run was in last is what the next one begins in", async () => {
  const normal: SafeModeState = { version: 1, mode: "normal", episode: 3 };
  const journals = [
    await reopened(await journalledBy(normal, safe)),
    await reopened(await journalledBy(safe, normal)),
    await reopened(await journalledBy()),
  ];
  expect(journals.map(({ safeMode }) => safeMode)).toEqual([safe, normal, null]);
});

test.each(["{", "{}", JSON.stringify({ ...safe, causes: [] }), JSON.stringify({ ...safe, version: 2 })])(
  "[I-17] a state that cannot be read counts as SAFE MODE: %s",
  async (text) => {
    const directory = await journalledBy(safe);
    const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"));
    database.prepare("UPDATE safe_mode SET state = ?").run(text);
    database.close();
    const { safeMode, notes } = await reopened(directory);
    expect([safeMode?.mode, notes.some((note) => note.includes("SAFE MODE"))]).toEqual(["safe", true]);
  },
);

test("[IDM-4] the view for people says that entries are shut off, and why", async () => {
  const [view] = viewStores(await journalledBy(safe));
  expect(view?.safe_mode).toEqual({
    reasons: ["STORE_FAILED", "UNKNOWN_CODE"],
    detail: "disk full",
    since: new Date(start / 1_000).toISOString(),
  });
});
