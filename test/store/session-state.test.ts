/** Limits, halts and cooldowns in the journal. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import type { SessionState } from "../../src/domain/session.ts";
import { micros } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { sessionOf } from "../risk/support.ts";
import { start } from "../support/core.ts";
import { btc, decisionRow, optionsIn } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-session-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => mkdtempSync(join(root, "s-"));

const time = micros(start);

/** With something in every field. */
const state: SessionState = {
  ...sessionOf({ realisedToday: -12.5, tradesToday: 2, tradeTimes: [time, micros(start + 1)], tradesToldAt: time }),
  hold: { kind: "halt", reason: "MAX_DAILY_LOSS_REACHED", by: "limit", until: micros(start + 5) },
  flattening: "limit",
  scale: 0.5,
  reached: ["MAX_DAILY_LOSS_REACHED", "DRAWDOWN_GUARD"],
  ledger: { readTo: time, transfers: [{ id: "TRANSFER-1", isTold: true, amount: "-300000000000", time }] },
  cooldowns: [{ symbol: "BTCUSDT", side: "sell", until: micros(start + 9) }],
};

async function journalledBy(
  ...rows: Parameters<Awaited<ReturnType<typeof openStore>>["append"]>[0][]
): Promise<string> {
  const directory = fresh();
  const store = await openStore(optionsIn(directory));
  for (const row of rows) store.append(row);
  await store.close();
  return directory;
}

function queried(directory: string, sql: string) {
  const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"));
  const rows = database.prepare(sql).all();
  database.close();
  return rows.map((row) => ({ ...row }));
}

async function sessionIn(directory: string) {
  const store = await openStore(optionsIn(directory));
  await store.close();
  return { session: store.journal.session, notes: store.notes.concat(store.journal.notes) };
}

test("[RSK-4] the state that one run wrote last is the one that the next begins with", async () => {
  const directory = await journalledBy(
    [{ kind: "session", state: sessionOf(), equity: 10_000, time }],
    [{ kind: "session", state, equity: null, time }],
  );
  expect((await sessionIn(directory)).session).toEqual(state);
});

test("[RSK-4] a state that was written before the ledger was read comes back without it", async () => {
  const directory = await journalledBy([{ kind: "session", state, equity: 1, time }]);
  const { ledger: _, ...older } = state;
  const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"));
  database.prepare("UPDATE session_state SET state = ?").run(JSON.stringify(older));
  database.close();
  expect((await sessionIn(directory)).session).toEqual({ ...state, ledger: null });
});

test("[RSK-4] a journal without a state knows of none", async () => {
  expect((await sessionIn(await journalledBy([]))).session).toBeNull();
});

test("[RSK-4] a cooldown and no hold come back, too", async () => {
  const cooling: SessionState = { ...state, hold: { kind: "cooldown", reason: "MAX_DRAWDOWN_REACHED", until: time } };
  const states = [cooling, sessionOf()];
  const back = [];
  for (const one of states) {
    back.push((await sessionIn(await journalledBy([{ kind: "session", state: one, equity: 1, time }]))).session);
  }
  expect(back).toEqual(states);
});

test.each(["{", "{}", JSON.stringify({ ...state, version: 2 }), JSON.stringify({ ...state, scale: 3 })])(
  "[RSK-4] a state that cannot be read halts entries until somebody resumes: %s",
  async (text) => {
    const directory = await journalledBy([{ kind: "session", state, equity: 1, time }]);
    const database = new DatabaseSync(join(directory, "paper-t1", "journal.sqlite"));
    database.prepare("UPDATE session_state SET state = ?").run(text);
    database.close();
    const { session, notes } = await sessionIn(directory);
    expect([session?.hold, notes.join().includes("until resumed")]).toEqual([
      { kind: "halt", reason: "HALTED", by: "store", until: null },
      true,
    ]);
  },
);

test("[RSK-4] each day leaves one row of its own", async () => {
  const tomorrow = { ...sessionOf(), day: state.day + 1 };
  const directory = await journalledBy([
    { kind: "session", state: sessionOf(), equity: 10_000, time },
    { kind: "session", state, equity: 9_700, time },
    { kind: "session", state: tomorrow, equity: 9_700, time },
  ]);
  const rows = queried(directory, "SELECT day, equity, realised, trades, hold FROM session_days ORDER BY day");
  expect(rows).toEqual([
    { day: state.day, equity: 9_700, realised: -12.5, trades: 2, hold: "halt MAX_DAILY_LOSS_REACHED" },
    { day: state.day + 1, equity: 9_700, realised: 0, trades: 0, hold: "none" },
  ]);
});

test("[RSK-7] risk events are kept with their numbers, with their symbol where they have one", async () => {
  const directory = await journalledBy([
    { kind: "risk-event", event: "DAILY_LOSS_HIT", measured: 210, limit: 200, symbol: null, time },
    { kind: "risk-event", event: "CRASH_GUARD_HIT", measured: 0.01, limit: 0.006, symbol: btc, time },
  ]);
  expect(queried(directory, "SELECT event, symbol, fields FROM risk_events ORDER BY id")).toEqual([
    { event: "DAILY_LOSS_HIT", symbol: null, fields: '{"measured":210,"limit":200}' },
    { event: "CRASH_GUARD_HIT", symbol: "BTCUSDT", fields: '{"measured":0.01,"limit":0.006}' },
  ]);
});

test("[RSK-6] a decision keeps every gate's verdict, and what was approved", async () => {
  const gates = [{ gate: "COOLDOWN", verdict: "passed", measured: 1, limit: 0 }] as const;
  const directory = await journalledBy([decisionRow("d1", { gates, approved: true, edge: 0.25 })]);
  expect(queried(directory, "SELECT confidence, edge, gates, approved_order FROM decisions")).toEqual([
    { confidence: 0.7, edge: 0.25, gates: JSON.stringify(gates), approved_order: null },
  ]);
});

test("[RSK-7] decisions not to trade are one row a minute, symbol, source and reason", async () => {
  const row = {
    kind: "no-trade",
    symbol: btc,
    source: "ensemble",
    reason: "NO_SIGNAL",
    minute: time,
    count: 240,
    least: 0.01,
    median: 0.02,
    most: 0.07,
    limit: 0.08,
    time,
  } as const;
  const directory = await journalledBy([row, { ...row, count: 300, least: null }]);
  expect(queried(directory, "SELECT count, least, median, most, limit_value FROM no_trades")).toEqual([
    { count: 300, least: null, median: 0.02, most: 0.07, limit_value: 0.08 },
  ]);
});
