import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import type { OutsideRow } from "../../src/store/outside.ts";
import { optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-outside-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => mkdtempSync(join(root, "s-"));

const intent: OutsideRow = {
  kind: "outside-intent",
  intentId: "i-1",
  digest: "d",
  answer: "{}",
  acceptedAt: micros(1_000),
};
const plan: OutsideRow = {
  kind: "plan",
  planId: "p-1",
  digest: "d",
  document: "{}",
  createdAt: micros(1_000),
  expiresAt: micros(9_000),
  cancelledAt: null,
};

test("[IDM-3] once `committed` resolves the intent is in the database, with nothing else written after it", async () => {
  const directory = fresh();
  const store = await openStore({ ...optionsIn(directory), commitIntervalMs: 60_000 });
  store.outside(intent);
  await store.committed();
  const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"), { readOnly: true });
  expect(database.prepare("SELECT intent_id FROM outside_intents").all()).toMatchObject([{ intent_id: "i-1" }]);
  database.close();
  await store.close();
});

test("[IDM-3] many who wait in one turn share a commit, and all are told", async () => {
  const store = await openStore(optionsIn(fresh()));
  const kept = Array.from({ length: 100 }, async (_, index) => {
    store.outside({ ...intent, intentId: `i-${index}` });
    await store.committed();
  });
  expect(await Promise.all(kept)).toHaveLength(100);
  await store.close();
});

test("[IDM-3] a closed store keeps nothing, and says so to who waits", async () => {
  const store = await openStore(optionsIn(fresh()));
  await store.close();
  store.outside(intent);
  await expect(store.committed()).rejects.toThrow("takes nothing");
});

test("[IDM-3] the next run knows intents and plans, and what was cancelled", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.outside(intent);
  first.outside(plan);
  first.outside({ kind: "plan-cancelled", planId: "p-1", at: micros(2_000) });
  await first.close();
  const second = await openStore(optionsIn(directory));
  const { intents, plans } = second.journal.outside;
  expect([intents.map(({ intentId }) => intentId), plans.map(({ cancelledAt }) => cancelledAt)]).toEqual([
    ["i-1"],
    [2_000],
  ]);
  await second.close();
});

test("[IDM-3] what is older than its time is removed", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.outside(intent);
  first.outside({ ...intent, intentId: "i-2", acceptedAt: micros(5_000) });
  first.outside({ kind: "forget", intentsBefore: micros(5_000), plansBefore: micros(0) });
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.outside.intents.map(({ intentId }) => intentId)).toEqual(["i-2"]);
  await second.close();
});
