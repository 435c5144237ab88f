import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { lots, micros, money, signedLots, ticks } from "../../src/domain/units.ts";
import { shownFields } from "../../src/ops/log.ts";
import { requireVersion } from "../../src/store/database.ts";
import { IntentLog, readRecords } from "../../src/store/intent-log.ts";
import { openStore, storeDirectory } from "../../src/store/open.ts";
import { StoreError, type StoreFailure } from "../../src/store/store.ts";
import { stillRules } from "../support/core.ts";
import {
  btc,
  decisionRow,
  eth,
  fillRow,
  instruments,
  intentRow,
  optionsIn,
  orderRow,
  positionRow,
  tradeRow,
} from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-store-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => mkdtempSync(join(root, "s-"));
const databaseIn = (directory: string): string => join(directory, "paper-t1", "journal.sqlite");

test("[REC-3] what one run wrote the next one knows: intents, orders, positions and executions", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  first.append([orderRow("d1"), fillRow("9223372036854775808"), positionRow()]);
  first.append([fillRow("7", { symbol: eth, time: micros(5) }), fillRow("8", { symbol: eth, time: micros(9) })]);
  expect(await first.close()).toEqual({ lost: 0 });
  const second = await openStore(optionsIn(directory));
  const { price, quantity, commission, commissionAsset, maker, time } = fillRow("9223372036854775808");
  const fill = { tradeId: "9223372036854775808", price, quantity, commission, commissionAsset, maker, time };
  expect(second.journal).toEqual({
    intents: [intentRow("d1")],
    openTrades: [
      {
        intent: intentRow("d1"),
        fills: [{ clientOrderId: "sd-x", side: "buy", fill }],
        stopLevel: null,
        isClosing: false,
      },
    ],
    orders: [orderRow("d1")],
    positions: [positionRow()],
    appliedTradeIds: new Map([
      [btc, ["9223372036854775808"]],
      [eth, ["8", "7"]],
    ]),
    endedTrades: new Map([
      [btc, []],
      [eth, []],
    ]),
    lossesInARow: 0,
    crashes: 0,
    session: null,
    safeMode: null,
    models: [],
    outside: { intents: [], plans: [], verdicts: new Map(), begun: new Map() },
    notes: [],
  });
  await second.close();
});

test("[EXE-10] the next run knows where the stop of an open trade had moved to", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  const { trade } = intentRow("d1");
  const move = { kind: "stop-move", trade, symbol: btc, cause: "trailing", time: micros(7) } as const;
  first.append([
    { ...move, from: ticks(639_000), to: ticks(639_500) },
    { ...move, from: ticks(639_500), to: ticks(640_100), cause: "break-even" },
  ]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.openTrades.map(({ stopLevel }) => stopLevel)).toEqual([640_100]);
  await second.close();
});

test("[CFG-4] the next run knows the exits of an open trade as other settings had left them", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  const { trade } = intentRow("d1");
  const row = { kind: "exits-tightened", trade, symbol: btc, time: micros(7) } as const;
  const exits = { ...stillRules, trailFromR: 0.2 };
  first.intent(intentRow("d1"));
  first.intent(intentRow("d2"));
  first.append([
    { ...row, exits: { ...exits, trailFromR: 0.4 }, holdUntil: micros(90) },
    { ...row, exits, holdUntil: micros(80) },
  ]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.openTrades.map(({ intent }) => intent)).toEqual([
    { ...intentRow("d1"), exits, holdUntil: micros(80) },
    intentRow("d2"),
  ]);
  await second.close();
});

test("[F-44] the next run knows of which open trade an exit had left", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  first.intent(intentRow("d2"));
  first.append([orderRow("d1"), orderRow("d2", { clientOrderId: "sd-d2-x1", role: "x", state: "refused" })]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.openTrades.map(({ intent, isClosing }) => [intent.decisionId, isClosing])).toEqual([
    ["d1", false],
    ["d2", true],
  ]);
  await second.close();
});

test("[I-10] what was handed over is in the database once it is said to be committed, long before the store is closed", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { commitIntervalMs: 60_000 }));
  store.append([tradeRow("d1")]);
  await store.committed();
  const database = new DatabaseSync(databaseIn(directory), { readOnly: true });
  expect(database.prepare("SELECT count(*) AS n FROM trades").get()).toEqual({ n: 1 });
  database.close();
  await store.committed();
  await store.close();
  await expect(store.committed()).rejects.toThrow(StoreError);
});

test("[REC-3] a trade with its summary is no longer open", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  first.intent(intentRow("d2"));
  first.append([
    orderRow("d1", { state: "filled" }),
    orderRow("d2"),
    tradeRow("d1"),
    positionRow({ lots: signedLots(0), trade: null, stopLoss: null }),
  ]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.intents).toEqual([intentRow("d2")]);
  expect(second.journal.orders).toEqual([orderRow("d2")]);
  expect(second.journal.positions).toEqual([positionRow({ lots: signedLots(0), trade: null, stopLoss: null })]);
  await second.close();
});

test("[I-08] the next run knows which trades have their summary, of each symbol, newest first", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  for (const name of ["d1", "d2", "d3", "d4"]) first.intent(intentRow(name));
  const late = micros(tradeRow("d2").exitTime + 1);
  first.append([tradeRow("d1"), tradeRow("d2", { exitTime: late }), tradeRow("d3", { symbol: eth }), tradeRow("d5")]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.endedTrades).toEqual(
    new Map([
      [btc, [tradeRow("d2").trade, tradeRow("d5").trade, tradeRow("d1").trade]],
      [eth, [tradeRow("d3").trade]],
    ]),
  );
  await second.close();
});

test("a later state of an order or position replaces the earlier one", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.append([
    orderRow("d1"),
    positionRow(),
    orderRow("d1", { state: "triggered", filled: lots(10), venueId: null }),
  ]);
  first.append([positionRow({ lots: signedLots(-3), cost: -1_920_000, stopLoss: ticks(641_000) })]);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.orders).toEqual([orderRow("d1", { state: "triggered", filled: lots(10), venueId: null })]);
  expect(second.journal.positions).toEqual([
    positionRow({ lots: signedLots(-3), cost: -1_920_000, stopLoss: ticks(641_000) }),
  ]);
  await second.close();
});

test("an execution is stored once, whatever number of times it comes, and keeps what any source said of its fee", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.append([
    fillRow("1", { commission: null, commissionAsset: null, maker: null }),
    fillRow("1"),
    fillRow("1", { symbol: eth }),
  ]);
  await store.close();
  expect(select(directory, "SELECT symbol, trade_id, commission, maker FROM fills ORDER BY symbol")).toEqual([
    { symbol: "BTCUSDT", trade_id: "1", commission: 32_000_000n, maker: 0n },
    { symbol: "ETHUSDT", trade_id: "1", commission: 32_000_000n, maker: 0n },
  ]);
});

test("money of any size and text of any kind come back as they went in", async () => {
  const directory = fresh();
  const hostile = `'); DROP TABLE fills; --"\u0000\u2028${"x".repeat(10_000)}`;
  const store = await openStore(optionsIn(directory));
  store.append([tradeRow("d1", { netPnl: money(-(2n ** 63n)), grossPnl: money(2n ** 63n - 1n), source: hostile })]);
  store.append([decisionRow(hostile, { source: hostile, direction: hostile })]);
  store.log(
    { kind: "notice", level: "warn", code: hostile, symbol: btc, fields: { reason: hostile } },
    micros(1_721_390_400_000_001),
  );
  await store.close();
  expect(select(directory, "SELECT net_pnl, gross_pnl, source FROM trades")).toEqual([
    { net_pnl: -(2n ** 63n), gross_pnl: 2n ** 63n - 1n, source: hostile },
  ]);
  expect(select(directory, "SELECT decision_id, direction FROM decisions")).toEqual([
    { decision_id: hostile, direction: hostile },
  ]);
  expect(select(directory, "SELECT code, fields FROM logs")).toEqual([
    { code: hostile, fields: JSON.stringify(shownFields({ reason: hostile })) },
  ]);
});

test("the last known account stands in one row", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.account({ wallet: money(1n), equity: money(2n) }, micros(3));
  store.account({ wallet: money(4n), equity: money(5n) }, micros(6));
  await store.close();
  expect(select(directory, "SELECT * FROM account")).toEqual([{ id: 1n, wallet: 4n, equity: 5n, time: 6n }]);
});

test("[REC-3] after a kill at any moment every intent that was written is known, and counts as a crash", async () => {
  const directory = fresh();
  for (let round = 1; round <= 3; round += 1) {
    const last = await appendUntilKilled(directory, round * 150);
    const store = await openStore(optionsIn(directory, { startedAt: micros(1_721_390_400_000_000 + round * 10) }));
    const known = new Set(store.journal.intents.map(({ decisionId }) => decisionId));
    const missing = Array.from({ length: last + 1 }, (_, index) => `d${index}`).filter((id) => !known.has(id));
    expect(missing).toEqual([]);
    expect(store.journal.crashes).toBe(1);
    await store.close();
    expect(intentLogs(directory)).toEqual([]);
  }
});

test("[IDM-3] when `synced` has resolved the intent is in the log on the disk", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory, { commitIntervalMs: 60_000 }));
  store.intent(intentRow("d1"));
  await store.synced();
  const [log = ""] = intentLogs(directory);
  const { intents } = readRecords(readFileSync(join(directory, "paper-t1", log)));
  expect(intents.map(({ row }) => row.decisionId)).toEqual(["d1"]);
  await store.close();
});

test("the intent log goes once the database has everything in it", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.intent(intentRow("d1"));
  await store.close();
  expect(intentLogs(directory)).toEqual([]);
});

test("[REC-3] a torn intent log is said, and its good records are known", async () => {
  const directory = fresh();
  await (await openStore(optionsIn(directory))).close();
  const log = await IntentLog.open(join(directory, "paper-t1"), instruments);
  log.append(intentRow("d1"));
  const path = join(directory, "paper-t1", intentLogs(directory)[0] ?? "");
  appendFileSync(path, "torn");
  const store = await openStore(optionsIn(directory));
  expect(store.notes).toEqual([`${path} ended with 4 bytes that are no record; they were copied aside`]);
  expect(store.journal.intents).toEqual([intentRow("d1")]);
  await store.close();
  await log.close(1);
});

test("a second daemon on the same store is refused, and the first one's end lets it in", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  await expect(openStore(optionsIn(directory))).rejects.toThrow(/is in use by another scalpd/);
  const other = await openStore(optionsIn(directory, { instance: "t2" }));
  await other.close();
  await first.close();
  const second = await openStore(optionsIn(directory));
  await second.close();
  expect(second.notes).toEqual([]);
});

test("everything in the store is its owner's alone", async () => {
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  store.intent(intentRow("d1"));
  const inside = join(directory, "paper-t1");
  // But for the view, which is for people: its own test says who may read it.
  const names = readdirSync(inside).filter((name) => !name.startsWith("trading_state"));
  const open = names.filter((name) => (statSync(join(inside, name)).mode & 0o077) !== 0);
  expect(open).toEqual([]);
  expect(statSync(inside).mode & 0o777).toBe(0o700);
  await store.close();
});

test.each(["garbage", "one page torn"])(
  "a damaged database (%s) is set aside and said, and entries are halted until somebody resumes",
  async (how) => {
    const directory = fresh();
    const first = await openStore(optionsIn(directory));
    first.append(Array.from({ length: 500 }, (_, index) => fillRow(String(index))));
    await first.close();
    const path = databaseIn(directory);
    const bytes = readFileSync(path);
    if (how === "garbage") writeFileSync(path, "not a database at all, but text ".repeat(200));
    else writeFileSync(path, bytes.fill(0xab, 4_096, 4_096 * 12));
    const second = await openStore(optionsIn(directory));
    expect(second.notes[0]).toMatch(/was damaged .* set aside as .*journal\.sqlite\.damaged-/);
    expect([second.journal.positions, second.journal.session?.hold.kind]).toEqual([[], "halt"]);
    const aside = readdirSync(join(directory, "paper-t1")).filter((name) => /damaged-\d+$/.test(name));
    expect(aside).toHaveLength(1);
    await second.close();
    const third = await openStore(optionsIn(directory));
    expect(third.journal.session?.hold.kind).toBe("halt");
    await third.close();
  },
);

test("a database from a newer scalpd is refused and left as it is", async () => {
  const directory = fresh();
  await (await openStore(optionsIn(directory))).close();
  const database = new DatabaseSync(databaseIn(directory));
  database.exec("INSERT INTO schema_version VALUES (99, '099-future.sql', 0)");
  database.close();
  await expect(openStore(optionsIn(directory))).rejects.toThrow(/has schema version 99; this scalpd knows up to \d+:/);
  expect(existsSync(databaseIn(directory))).toBe(true);
});

test("a store that cannot be written is one clear error", async () => {
  const directory = fresh();
  writeFileSync(join(directory, "file"), "");
  const error = await openStore(optionsIn(join(directory, "file"))).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(String(error)).toMatch(/store directory .*file\/paper-t1 cannot be written: ENOTDIR/);
});

test("a database path that is a directory is one clear error", async () => {
  const directory = fresh();
  mkdirSync(databaseIn(directory), { recursive: true });
  await expect(openStore(optionsIn(directory))).rejects.toThrow(/journal\.sqlite: cannot be written: EISDIR/);
});

test.each(["../up", "a/b", "", "x\0y", "n".repeat(100)])(
  "a store's name cannot leave its directory: %j",
  (instance) => {
    expect(() => storeDirectory("data", "paper", instance)).toThrow("cannot name a store");
  },
);

test("a commit that fails is told once, later rows are counted as lost, and intents are still written", async () => {
  const directory = fresh();
  const failures: StoreFailure[] = [];
  const failed = Promise.withResolvers<void>();
  const store = await openStore(
    optionsIn(directory, {
      onFailure: (failure) => {
        failures.push(failure);
        failed.resolve();
      },
    }),
  );
  const other = new DatabaseSync(databaseIn(directory));
  other.exec("DROP TABLE fills");
  other.close();
  store.append([fillRow("1")]);
  await failed.promise;
  store.append([fillRow("2")]);
  expect(store.intent(intentRow("d1"))).toBe(true);
  expect(failures).toEqual([{ where: "database", message: "no such table: fills" }]);
  expect((await store.close()).lost).toBe(3);
  const [log = ""] = intentLogs(directory);
  const { intents } = readRecords(readFileSync(join(directory, "paper-t1", log)));
  expect(intents.map(({ row }) => row.decisionId)).toEqual(["d1"]);
});

test("the queue to the disk is bounded: over it rows are dropped and counted, and the failure is told once", async () => {
  const failures: StoreFailure[] = [];
  const store = await openStore(optionsIn(fresh(), { onFailure: (failure) => failures.push(failure) }));
  const row = fillRow("1");
  store.append(Array.from({ length: 100_003 }, () => row));
  expect(failures).toEqual([{ where: "queue", message: "100000 rows wait for the disk; further ones are dropped" }]);
  expect(await store.close()).toEqual({ lost: 3 });
});

test("rows of a symbol that is not traded now, or whose tick size changed, are left out and said", async () => {
  const directory = fresh();
  const first = await openStore(optionsIn(directory));
  first.intent(intentRow("d1"));
  first.intent(intentRow("d2", { symbol: eth }));
  await first.close();
  const [bitcoin] = instruments;
  const changed = [{ symbol: "BTCUSDT", tickSize: "0.01", stepSize: bitcoin?.stepSize ?? "" }];
  const second = await openStore(optionsIn(directory, { instruments: changed }));
  expect(second.journal.intents).toEqual([]);
  expect(second.notes).toEqual([
    "1 rows of the journal were left out: ETHUSDT is not traded in this run",
    "1 rows of the journal were left out: BTCUSDT had tick 0.10 and step 0.001, now 0.01 and 0.001",
  ]);
  await second.close();
});

test("an SQLite that can corrupt its write-ahead log is refused", () => {
  expect(() => requireVersion("3.51.2")).toThrow("SQLite 3.51.2 is too old; allowed: 3.51.3 or later");
  expect(() => requireVersion("3.51.3")).not.toThrow();
  expect(() => requireVersion("4.0.0")).not.toThrow();
});

function intentLogs(directory: string): string[] {
  return readdirSync(join(directory, "paper-t1")).filter((name) => name.startsWith("intents-"));
}

function select(directory: string, sql: string): unknown[] {
  const database = new DatabaseSync(databaseIn(directory), { readOnly: true, readBigInts: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

/** @returns the number of the last intent that the process said it had written before it was killed */
async function appendUntilKilled(directory: string, after: number): Promise<number> {
  const script = fileURLToPath(new URL("./appender.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, directory], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(child, "exit");
  let last = -1;
  if (child.stdout === null) throw new Error("no output");
  for await (const line of createInterface(child.stdout)) {
    last = Number(line);
    if (last >= after) child.kill("SIGKILL");
  }
  await gone;
  return last;
}
