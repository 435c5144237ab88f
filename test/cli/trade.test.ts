/** The story of one trade, told from the journal. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { OrderRow, StopMoveRow } from "../../src/domain/output.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { viewTrade } from "../../src/store/trade-story.ts";
import { btc, decisionRow, fillRow, intentRow, optionsIn, orderRow, tradeRow } from "../store/rows.ts";
import { stillRules } from "../support/core.ts";

const data = mkdtempSync(join(tmpdir(), "scalpd-trade-"));
afterAll(() => rmSync(data, { recursive: true }));
const trade = tradeIdFrom("d1");
const start = 1_721_390_400_000_000;

function at(milliseconds: number) {
  return micros(start + milliseconds * 1_000);
}

function stop(state: string, ms: number): OrderRow {
  const clientOrderId = orderId({ prefix: "sd", trade, role: "f", attempt: 1 });
  const level = { quantity: null, price: ticks(639_000), filled: lots(0), venueId: null };
  return { ...orderRow("d1"), clientOrderId, service: "algo", role: "f", side: "sell", ...level, state, time: at(ms) };
}

const move: StopMoveRow = {
  kind: "stop-move",
  trade,
  symbol: btc,
  from: ticks(639_000),
  to: ticks(640_100),
  cause: "trailing",
  time: at(400),
};

beforeAll(async () => {
  const store = await openStore(optionsIn(data));
  store.append([
    decisionRow("d1", { gates: [{ gate: "SCALP_LATENCY", verdict: "passed", measured: 1.5, limit: 250 }] }),
  ]);
  store.intent(intentRow("d1"));
  store.append([
    { ...fillRow("d1"), tradeId: "7", trade, time: at(100) },
    stop("sent", 110),
    stop("live", 120),
    move,
    { kind: "exits-tightened", trade, symbol: btc, exits: stillRules, holdUntil: at(450), time: at(450) },
    stop("triggered", 500),
    tradeRow("d1"),
  ]);
  store.intent(intentRow("d2", { time: at(9_000) }));
  await store.close();
});

test("[ORD-4] `trade` tells what happened in the order in which it happened", () => {
  const story = JSON.parse(scalpd("trade", trade, "--data", data, "--json").out);
  expect(story.events.map((event: { what: string; state?: string }) => event.state ?? event.what)).toEqual([
    "intent",
    "fill",
    "sent",
    "live",
    "stop-move",
    "triggered",
  ]);
});

test("[ORD-4] the story has the decision with its gates, and the summary", () => {
  const story = JSON.parse(scalpd("trade", trade, "--data", data, "--json").out);
  expect(story).toMatchObject({
    trade,
    symbol: "BTCUSDT",
    side: "buy",
    source: "demo",
    decision: { id: "d1", action: "ENTER", direction: "LONG" },
    summary: {
      duration_ms: 6_000,
      entry_price: "64000.05",
      pnl_gross: "0.09950000",
      fees: "0.64000000",
      funding: "-0.01000000",
      pnl_net: "-0.55050000",
      mae: "1.2",
      slippage: "0.15",
      arrival_slippage: "0.25",
      exit_reason: "MAX_HOLD",
    },
  });
});

test("[CFG-4] the story has the exit rules that the trade was opened with", () => {
  const story = JSON.parse(scalpd("trade", trade, "--data", data, "--json").out);
  expect(story.events[0].exits).toMatchObject({ trailFromR: 0.5, trailByR: 0.25, breakEvenBps: 10.5 });
});

test("a trade is found by its decision and by any of its orders", () => {
  const ids = ["d1", orderId({ prefix: "sd", trade, role: "f", attempt: 1 })];
  const found = ids.map((id) => viewTrade(data, id));
  expect(found.map((answer) => (answer.kind === "found" ? answer.story.trade : null))).toEqual([trade, trade]);
});

test("a trade that is still open has no summary and says so", () => {
  const id = tradeIdFrom("d2");
  expect([viewTrade(data, id), scalpd("trade", id, "--data", data).out]).toMatchObject([
    { kind: "found", story: { summary: null } },
    expect.stringContaining("still open"),
  ]);
});

test("people get one line for each event, and the result in money", () => {
  const { out } = scalpd("trade", trade, "--data", data);
  expect(out).toContain("passed   SCALP_LATENCY: measured 1.5 ms, limit 250 ms");
  expect(out).toMatch(/stop +63900 to 64010: trailing/);
  expect(out).toMatch(/order +stop: sell whole position at 63900, triggered/);
  expect(out).toMatch(/result +-0\.55050000 USDT net = 0\.09950000 gross - 0\.64000000 fees \+ -0\.01000000 funding/);
});

test("an unknown id is one clear error that names what is there", () => {
  const { code, out, error } = scalpd("trade", "nosuch", "--data", data, "--json");
  expect([code, out, error.split("\n").filter(Boolean).length]).toEqual([2, "", 1]);
  expect(error).toContain(`trade "nosuch": no such trade under ${data}`);
  expect(error).toContain(`the newest are ${tradeIdFrom("d2")}, ${trade}`);
});

test("without any journal the error says that there are no trades yet", () => {
  expect(scalpd("trade", "x", "--data", join(data, "none")).error).toContain("there are none yet");
});

function scalpd(...given: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli/main.ts", ...given], { encoding: "utf8" });
  return { code: status, out: stdout, error: stderr };
}
