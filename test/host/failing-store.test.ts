/** The journal's disk fails under a daemon that trades: what holds without it, on real files. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call } from "../exchange/wire/support.ts";
import { DaemonBench, entering, type RunningDaemon, waiting } from "./daemon-bench.ts";

vi.setConfig({ testTimeout: 60_000 });

let bench: DaemonBench;
let other: DatabaseSync | null = null;

beforeEach(async () => {
  bench = await DaemonBench.open();
});

afterEach(async () => {
  other?.close();
  other = null;
  await bench.close();
});

/** Another process's connection to the journal of daemon `a`. */
function intruder(): DatabaseSync {
  const [store = ""] = readdirSync(join(bench.directory, "a"));
  other = new DatabaseSync(join(bench.directory, "a", store, "journal.sqlite"), { timeout: 5_000 });
  return other;
}

async function openStops(): Promise<number> {
  const { body } = await call(bench.at, "GET", "/fapi/v1/openAlgoOrders");
  return Object.values(body).length;
}

async function positionAmount(): Promise<number> {
  const { body } = await call(bench.at, "GET", "/fapi/v3/positionRisk", { symbol: "BTCUSDT" });
  return Object.values(body).reduce<number>((sum, row) => sum + Number(Reflect.get(Object(row), "positionAmt")), 0);
}

async function inPosition(): Promise<RunningDaemon> {
  const running = bench.start("a", entering);
  await running.inPosition();
  return running;
}

test("[F-39] the database is locked by somebody for longer than it is waited for: SAFE MODE, told, the stop stays", async () => {
  // given
  const running = await inPosition();
  const stops = await openStops();
  // when
  intruder().exec("BEGIN IMMEDIATE");
  running.daemon.tell({ kind: "control", by: "test", action: "halt" });
  const told = await running.logged("SAFE_MODE_ON");
  // then
  expect(told).toMatchObject({ reason: "STORE_FAILED", detail: expect.stringContaining("database is locked") });
  expect([running.daemon.core?.openPositions()[0]?.isProtected, await openStops()]).toEqual([true, stops]);
});

test("[F-39] with the database locked a position is closed on request, without waiting for the disk", async () => {
  // given
  const running = await inPosition();
  intruder().exec("BEGIN IMMEDIATE");
  // when
  running.daemon.tell({ kind: "control", by: "test", action: "flatten" });
  await vi.waitUntil(async () => (await positionAmount()) === 0, { interval: 50, timeout: 4_000 });
  // then: well within the five seconds that the journal waits for its lock
  expect(running.codes()).not.toContain("SAFE_MODE_ON");
});

test("[F-39] a journal that takes no row any more: SAFE MODE, which no resume ends", async () => {
  // given
  const running = bench.start("a", waiting);
  await vi.waitUntil(() => running.daemon.core?.isRecovered === true, { interval: 10, timeout: 10_000 });
  // when
  intruder().exec("DROP TABLE session_state");
  running.daemon.tell({ kind: "control", by: "test", action: "halt" });
  await running.logged("SAFE_MODE_ON");
  running.daemon.tell({ kind: "control", by: "test", action: "resume" });
  // then
  expect(running.daemon.core?.safeMode?.reasons).toEqual(["STORE_FAILED"]);
});

test("[F-39] SAFE MODE for a journal that has failed outlives a restart, and so does a halt that could not be written", async () => {
  // given
  const first = bench.start("a", waiting);
  await vi.waitUntil(() => first.daemon.core?.isRecovered === true, { interval: 10, timeout: 10_000 });
  intruder().exec("BEGIN IMMEDIATE");
  first.daemon.tell({ kind: "control", by: "test", action: "scale", factor: 0.5 });
  await first.logged("SAFE_MODE_ON");
  first.daemon.tell({ kind: "control", by: "test", action: "halt" });
  await first.kill();
  other?.exec("ROLLBACK");
  // when
  const second = bench.start("a", { ...entering, log: { status_seconds: 1 } });
  const restored = await second.logged("SAFE_MODE_RESTORED");
  const { hold } = await second.logged("STATUS_SESSION");
  // then
  expect([restored["reason"], hold]).toEqual(["STORE_FAILED", "halt"]);
  expect(second.codes()).not.toContain("ENTERING");
  // and: an operator's word ends both
  second.daemon.tell({ kind: "control", by: "test", action: "resume" });
  await second.inPosition();
});
