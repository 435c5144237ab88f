/** That the journal has failed outlives the run that could not write it. */

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { SessionState } from "../../src/domain/session.ts";
import { micros } from "../../src/domain/units.ts";
import { FailureMark } from "../../src/store/failure-mark.ts";
import { openStore } from "../../src/store/open.ts";
import { haltedByStore } from "../../src/store/session-state.ts";
import type { Store, StoreOptions } from "../../src/store/store.ts";
import { viewStores } from "../../src/store/view.ts";
import { fillRow, intentRow, optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-failure-"));
afterAll(() => rmSync(root, { recursive: true }));

const fresh = (): string => mkdtempSync(join(root, "s-"));
const inside = (directory: string): string => join(directory, "paper-t1");
const marked = (directory: string): boolean => existsSync(join(inside(directory), "journal-failed.json"));

/** A limit's halt that ends by itself. */
const session: SessionState = {
  ...haltedByStore,
  day: 19_000,
  scale: 0.5,
  hold: { kind: "halt", reason: "MAX_DAILY_LOSS_REACHED", by: "limit", until: micros(5) },
};

async function opened(directory: string, more: Partial<StoreOptions> = {}): Promise<Store> {
  return await openStore(optionsIn(directory, more));
}

/** A run whose database takes no more executions. */
async function failedRun(): Promise<string> {
  const directory = fresh();
  const failed = Promise.withResolvers<void>();
  const store = await opened(directory, { onFailure: () => failed.resolve() });
  store.append([{ kind: "session", state: session, equity: null, time: micros(1) }]);
  await store.committed();
  const other = new DatabaseSync(join(inside(directory), "journal.sqlite"));
  other.exec("ALTER TABLE fills RENAME TO gone");
  store.append([fillRow("1")]);
  await failed.promise;
  await store.close();
  other.exec("ALTER TABLE gone RENAME TO fills");
  other.close();
  return directory;
}

const causes = [{ reason: "STORE_FAILED", detail: "database: no such table: fills", isGone: false }];

test("[I-17] after a run whose database failed the next one is in SAFE MODE, and halted until somebody resumes", async () => {
  const directory = await failedRun();
  const next = await opened(directory);
  expect(next.journal.safeMode).toMatchObject({ mode: "safe", episode: 1, causes });
  expect(next.journal.session).toEqual({ ...session, hold: haltedByStore.hold });
  expect(next.notes).toEqual([expect.stringContaining("failed (database: no such table: fills): SAFE MODE goes on")]);
  await next.close();
});

test("[I-17] once the next run has it in its journal the mark is gone, and the run after that finds it there", async () => {
  const directory = await failedRun();
  const next = await opened(directory);
  await next.committed();
  expect(marked(directory)).toBe(false);
  await next.close();
  const third = await opened(directory);
  expect(third.journal).toMatchObject({ safeMode: { mode: "safe", causes }, session: { hold: { by: "store" } } });
  expect(third.notes).toEqual([]);
  await third.close();
});

test("[F-39] until the next run has it in its journal the mark stays, whenever that one is killed", async () => {
  const directory = await failedRun();
  const next = await opened(directory);
  const atOnce = marked(directory);
  await next.committed();
  expect([atOnce, marked(directory)]).toEqual([true, false]);
  await next.close();
});

test("[F-39] an intent log that fails is marked too", async () => {
  const directory = fresh();
  const store = await opened(directory, { onFailure: () => undefined });
  expect(store.intent(intentRow("d1", { source: "x".repeat(5_000) }))).toBe(false);
  await store.close();
  const next = await opened(directory);
  expect(next.journal.safeMode).toMatchObject({ causes: [{ detail: expect.stringMatching(/^intent-log: /) }] });
  await next.close();
});

test("[F-39] a run that fails before the mark of the last one is taken in leaves its own", async () => {
  const directory = fresh();
  new FailureMark(await made(directory)).set({ detail: "first", at: micros(1) });
  const mark = new FailureMark(inside(directory));
  mark.set({ detail: "second", at: micros(2) });
  mark.forget();
  await mark.close();
  const next = await opened(directory);
  expect(next.journal.safeMode).toMatchObject({ since: 2, causes: [{ detail: "second" }] });
  await next.close();
});

test.each(["", "garbage", '{"detail":1}'])(
  "[I-17] a mark that cannot be read counts all the same: %j",
  async (text) => {
    const directory = fresh();
    writeFileSync(join(await made(directory), "journal-failed.json"), text);
    const next = await opened(directory);
    expect(next.journal.safeMode).toMatchObject({ mode: "safe", causes: [{ reason: "STORE_FAILED" }] });
    await next.close();
  },
);

test("[I-17] what SAFE MODE was on for before stays its first cause", async () => {
  const directory = fresh();
  const cause = { reason: "UNKNOWN_CODE", detail: "-9999", seenAt: micros(1), isGone: false } as const;
  const state = { version: 1, mode: "safe", episode: 4, since: micros(1), causes: [cause] } as const;
  const first = await opened(directory);
  first.append([{ kind: "safe-mode", change: "entered", ...cause, by: null, state, time: micros(1) }]);
  await first.close();
  new FailureMark(inside(directory)).set({ detail: "full", at: micros(2) });
  const next = await opened(directory);
  expect(next.journal.safeMode).toMatchObject({ episode: 4, causes: [cause, { reason: "STORE_FAILED" }] });
  await next.close();
});

test("[F-39] rows that could not be committed when the store was closed are a failure too", async () => {
  const directory = fresh();
  const store = await opened(directory, { commitIntervalMs: 60_000, onFailure: () => undefined });
  const other = new DatabaseSync(join(inside(directory), "journal.sqlite"));
  other.exec("BEGIN IMMEDIATE");
  store.append([{ kind: "session", state: session, equity: null, time: micros(1) }]);
  expect(await store.close()).toEqual({ lost: 1 });
  other.close();
  const next = await opened(directory);
  expect([next.journal.safeMode?.mode, next.journal.session?.hold]).toEqual(["safe", haltedByStore.hold]);
  await next.close();
}, 30_000);

test("[IDM-4] the view for people says that the journal has failed before any run has taken it in", async () => {
  const [view] = viewStores(await failedRun());
  expect(view?.safe_mode).toMatchObject({ reasons: ["STORE_FAILED"], detail: "database: no such table: fills" });
});

test("a run that ends in good order leaves nothing of it", async () => {
  const directory = fresh();
  await (await opened(directory)).close();
  expect(readdirSync(inside(directory)).filter((name) => name.includes("fail"))).toEqual([]);
});

/** The directory of a store that was opened before. */
async function made(directory: string): Promise<string> {
  await (await opened(directory)).close();
  return inside(directory);
}
