import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { DecisionRow, NoTradeRow, RiskEvent } from "../../src/domain/output.ts";
import { micros, microsPerMinute } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { viewWhy } from "../../src/store/why.ts";
import { btc, eth, optionsIn } from "../store/rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-why-"));
afterAll(() => rmSync(root, { recursive: true }));
const now = micros(Math.floor(Date.now() / 60_000) * microsPerMinute);

test("`why` counts reasons with typical measured values against their limits, while a daemon writes", async () => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  store.append([
    ...[0.1, 0.2, 0.45].map((confidence, i) => blocked(`d${i}`, confidence)),
    blocked("old", 0.3, { time: micros(now - 120 * microsPerMinute) }),
    blocked("other", 0.3, { symbol: eth }),
    { ...blocked("good", 0.9), approved: true, blocked: [] },
    noTrade({ count: 100, least: 0.01, median: 0.02, most: 0.07 }),
    noTrade({ count: 10, least: 0.005, median: 0.06, most: 0.0799, minute: micros(now - microsPerMinute) }),
    halted(),
  ]);
  await expect.poll(() => viewWhy({ directory: data, since: 0, symbol: null })[0]?.events.length).toBe(1);
  const outcome = scalpd("why", "--data", data, "--symbol", "BTCUSDT", "--json");
  const text = scalpd("why", "--data", data).out;
  await store.close();
  expect([outcome.code, outcome.error]).toEqual([0, ""]);
  const [view] = JSON.parse(outcome.out).stores;
  expect(view.decisions).toEqual({ total: 4, approved: 1, blocked: 3 });
  expect(view.reasons).toEqual([
    {
      reason: "NO_SIGNAL",
      symbol: "BTCUSDT",
      sources: ["ensemble"],
      count: 110,
      measured: { least: 0.005, median: 0.02, most: 0.0799 },
      limit: 0.08,
    },
    {
      reason: "LOW_CONFIDENCE",
      symbol: "BTCUSDT",
      sources: ["test"],
      count: 3,
      measured: { least: 0.1, median: 0.2, most: 0.45 },
      limit: 0.5,
    },
  ]);
  expect(view.events).toMatchObject([{ event: "HALTED", symbol: null, fields: { by: "operator" } }]);
  expect(text).toMatch(/^ +3 {2}LOW_CONFIDENCE +BTCUSDT +0\.2 +0\.1 +0\.45 +0\.5 +test$/m);
});

test("`why` shows each gate's verdict and numbers of the last decisions", async () => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  store.append([blocked("d1", 0.4)]);
  await store.close();
  const [view] = JSON.parse(scalpd("why", "--data", data, "--json").out).stores;
  expect(view.last).toMatchObject([
    {
      id: "d1",
      approved: false,
      gates: [
        { gate: "COOLDOWN", verdict: "passed", measured: 1_721_390_400_000_000, limit: 0 },
        { gate: "LOW_CONFIDENCE", verdict: "failed", measured: 0.4, limit: 0.5 },
        { gate: "LOW_EDGE", verdict: "skipped", measured: null, limit: null },
      ],
    },
  ]);
  const text = scalpd("why", "--data", data).out;
  expect(text).toContain("failed   LOW_CONFIDENCE: measured 0.4, limit 0.5");
  expect(text).toContain("passed   COOLDOWN: measured 2024-07-19T12:00:00.000Z, limit 0");
});

test.each([
  ["SCALP_SPREAD_TOO_WIDE", "bps"],
  ["ACCOUNT_STALE", "µs"],
  ["SIZE_TOO_SMALL", "lots"],
] as const)("[OPS-1] `why` shows what %s has measured in its unit, %s", async (reason, unit) => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  const wide = { measured: 3.5, limit: 2 };
  store.append([
    blocked("d1", 0.4, {
      blocked: [{ reason, ...wide }],
      gates: [{ gate: reason, verdict: "failed", ...wide }],
    }),
  ]);
  await store.close();
  const text = scalpd("why", "--data", data).out;
  expect(text).toContain(`failed   ${reason}: measured 3.5 ${unit}, limit 2 ${unit}`);
  expect(text).toMatch(new RegExp(`${reason} +BTCUSDT +3\\.5 +3\\.5 +3\\.5 +2 +${unit} +test$`, "m"));
});

test("`why` says it plainly when there is no journal, or nothing in that time", async () => {
  const data = mkdtempSync(join(root, "data-"));
  expect(scalpd("why", "--data", data).out).toBe(`no journal under ${data}: nothing has been decided from here\n`);
  const store = await openStore(optionsIn(data));
  store.append([blocked("old", 0.3, { time: micros(now - 120 * microsPerMinute) })]);
  await store.close();
  expect(scalpd("why", "--data", data).out).toMatch(/decisions {2}0: 0 approved, 0 blocked\n {2}reasons {4}none\n$/);
});

test("[OPS-1] `why` of a symbol that no journal knows names those that are known", async () => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  store.append([blocked("d1", 0.4)]);
  await store.close();
  expect(scalpd("why", "--data", data, "--symbol", "btcusdt")).toEqual({
    code: 2,
    out: "",
    error: `scalpd: --symbol "btcusdt": allowed under ${data}: BTCUSDT, ETHUSDT\n`,
  });
});

test("`why` with a wrong span of time is one clear line and exit code 2", () => {
  const { code, error } = scalpd("why", "--since", "yesterday");
  expect([code, error]).toEqual([2, expect.stringMatching(/^scalpd: --since "yesterday": allowed are .*\n$/)]);
});

function scalpd(...given: string[]) {
  const done = spawnSync(process.execPath, ["src/cli/main.ts", ...given], { encoding: "utf8" });
  return { code: done.status, out: done.stdout, error: done.stderr };
}

function blocked(decisionId: string, confidence: number, more: Partial<DecisionRow> = {}): DecisionRow {
  return {
    kind: "decision",
    decisionId,
    source: "test",
    symbol: btc,
    direction: "LONG",
    action: "ENTER",
    confidence,
    edge: null,
    approved: false,
    blocked: [{ reason: "LOW_CONFIDENCE", measured: confidence, limit: 0.5 }],
    gates: [
      { gate: "COOLDOWN", verdict: "passed", measured: 1_721_390_400_000_000, limit: 0 },
      { gate: "LOW_CONFIDENCE", verdict: "failed", measured: confidence, limit: 0.5 },
      { gate: "LOW_EDGE", verdict: "skipped", measured: null, limit: null },
    ],
    order: null,
    time: now,
    ...more,
  };
}

function noTrade(more: Partial<NoTradeRow>): NoTradeRow {
  return {
    kind: "no-trade",
    symbol: btc,
    source: "ensemble",
    reason: "NO_SIGNAL",
    minute: now,
    count: 1,
    least: null,
    median: null,
    most: null,
    limit: 0.08,
    time: now,
    ...more,
  };
}

function halted(): RiskEvent {
  return {
    kind: "risk-event",
    event: "HALTED",
    by: "operator",
    reason: "HALTED",
    until: null,
    symbol: null,
    time: now,
  };
}
