/** What decision sources had learnt, in the journal. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { ModelStateRow } from "../../src/domain/output.ts";
import { micros } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { btc, eth, instruments, optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-models-"));
afterAll(() => rmSync(root, { recursive: true }));

function learnt(changes: Partial<ModelStateRow> = {}): ModelStateRow {
  return {
    kind: "model-state",
    symbol: btc,
    source: "ensemble",
    state: { weights: [0.5] },
    time: micros(1),
    ...changes,
  };
}

async function journalledBy(...rows: readonly ModelStateRow[]): Promise<string> {
  const directory = mkdtempSync(join(root, "m-"));
  const store = await openStore(optionsIn(directory));
  for (const row of rows) store.append([row]);
  await store.close();
  return directory;
}

async function journalOf(directory: string, symbols = instruments) {
  const store = await openStore(optionsIn(directory, { instruments: symbols }));
  await store.close();
  return store.journal;
}

test("[DEC-3] the last state of each symbol and source comes back", async () => {
  const directory = await journalledBy(
    learnt(),
    learnt({ state: { weights: [1.5] }, time: micros(2) }),
    learnt({ symbol: eth }),
    learnt({ source: "other", state: null }),
  );
  expect((await journalOf(directory)).models).toEqual([
    { symbol: btc, source: "ensemble", state: { weights: [1.5] } },
    { symbol: btc, source: "other", state: null },
    { symbol: eth, source: "ensemble", state: { weights: [0.5] } },
  ]);
});

test("[DEC-3] a state outlives a run that does not trade its symbol", async () => {
  const directory = await journalledBy(learnt(), learnt({ symbol: eth }));
  const ethOnly = instruments.slice(1);
  expect((await journalOf(directory, ethOnly)).models).toMatchObject([{ symbol: 0, source: "ensemble" }]);
  expect((await journalOf(directory)).models).toHaveLength(2);
});

test.each(["{", "", `"${"x".repeat(1_000_001)}"`])(
  "[DEC-3] a state that cannot be read is left out and noted: %.10s",
  async (text) => {
    const directory = await journalledBy(learnt());
    const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"));
    database.prepare("UPDATE model_state SET state = ?").run(text);
    database.close();
    const { models, notes } = await journalOf(directory);
    expect(models).toEqual([]);
    expect(notes).toEqual(["what ensemble had learnt of BTCUSDT cannot be read: it begins anew"]);
  },
);
