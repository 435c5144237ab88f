/** Cases of the failure catalogue about what a commit is worth, on real files. */

import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { requireVersion } from "../../src/store/database.ts";
import { readRecords } from "../../src/store/intent-log.ts";
import { openStore } from "../../src/store/open.ts";
import type { StoreFailure } from "../../src/store/store.ts";
import { viewWhy } from "../../src/store/why.ts";
import { fillRow, intentRow, optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-durability-"));
const fresh = (): string => mkdtempSync(join(root, "s-"));
const fs = process.getBuiltinModule("node:fs");

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});
afterAll(() => rmSync(root, { recursive: true }));

/** The disk refuses to say that anything is on it, so often. */
function failingSyncs(times: number): void {
  const real = fs.fsync;
  let left = times;
  vi.spyOn(fs, "fsync").mockImplementation((file, callback) => {
    left -= 1;
    if (left < 0) return real(file, callback);
    setImmediate(() => callback(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" })));
  });
  syncBuiltinESMExports();
}

test("[F-62] a sync that fails once is final: told, and never taken for done by a later one", async () => {
  // given
  const failures: StoreFailure[] = [];
  const store = await openStore(optionsIn(fresh(), { onFailure: (failure) => failures.push(failure) }));
  store.intent(intentRow("d1"));
  // when
  failingSyncs(1);
  const first = await store.synced().catch(() => "refused");
  const second = await store.synced().catch(() => "refused");
  // then
  expect([first, second, failures.map(({ where }) => where)]).toEqual(["refused", "refused", ["intent-log"]]);
  await store.close();
});

test("[F-62] what is said to be committed is in the files as they stand, without a close or a checkpoint", async () => {
  // given
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.intent(intentRow("d1"));
  store.append([fillRow("7")]);
  // when: the power goes right after
  await store.committed();
  const [from, to] = [join(directory, "paper-t1"), fresh()];
  for (const name of readdirSync(from)) copyFileSync(join(from, name), join(to, name));
  await store.close();
  // then
  const copy = new DatabaseSync(join(to, "journal.sqlite"));
  expect(copy.prepare("SELECT trade_id FROM fills").all()).toEqual([{ trade_id: "7" }]);
  copy.close();
});

test("[F-62] an intent that is said to be synced is in the log's file before any commit", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { commitIntervalMs: 60_000 }));
  store.intent(intentRow("d1"));
  await store.synced();
  const at = join(directory, "paper-t1");
  const records = readdirSync(at)
    .filter((name) => name.startsWith("intents-"))
    .flatMap((name) => readRecords(readFileSync(join(at, name))).intents);
  expect(records.map(({ row }) => row.decisionId)).toEqual(["d1"]);
  await store.close();
});

test("[F-89] the SQLite of this runtime is none that can corrupt its write-ahead log, and the newest that can is refused", () => {
  const database = new DatabaseSync(":memory:");
  const { version } = database.prepare("SELECT sqlite_version() AS version").get() ?? {};
  database.close();
  expect(() => requireVersion(String(version))).not.toThrow();
  expect(() => requireVersion("3.51.2")).toThrow("too old");
});

test("[F-89] who reads beside the daemon moves nothing from the write-ahead log into the database", async () => {
  // given
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.append([fillRow("7")]);
  await store.committed();
  const path = join(directory, "paper-t1", "journal.sqlite");
  const sizes = (): readonly number[] => [statSync(path).size, statSync(`${path}-wal`).size];
  const before = sizes();
  // when
  viewWhy({ directory, since: 0, symbol: null });
  // then
  expect([before[1] ?? 0, sizes()]).toEqual([expect.any(Number), before]);
  expect(before[1]).toBeGreaterThan(0);
  await store.close();
});

test("[F-89] a second writer is refused for as long as the first one runs", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  await expect(openStore(optionsIn(directory))).rejects.toThrow("in use by another scalpd");
  await first.close();
});
