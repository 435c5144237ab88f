/** Closing: once, always reduce-only, until the position is flat and nothing of the trade works any more. */

import { expect, test } from "vitest";
import { takeBounds } from "../../src/domain/instrument.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { cooldownAfter } from "../../src/execution/exit-rules.ts";
import { newTrade } from "../../src/execution/trade.ts";
import { after, instrumentWith, settings, stillRules } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const x1 = idOf("x");
const x2 = idOf("x", 2);

test("[EXE-6] at the end of the hold the position is closed at market", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.at(29_999);
  const before = bench.count("place-order", x1);
  bench.at(30_000);
  expect([before, bench.order(x1)]).toMatchObject([
    0,
    { side: "sell", quantity: 10, reduceOnly: true, terms: { type: "MARKET" } },
  ]);
});

test("[EXE-6] a short is closed by buying", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ side: "sell" }));
  bench.at(30_000);
  expect(bench.order(x1)).toMatchObject({ side: "buy", quantity: 10, reduceOnly: true });
});

test("[EXE-6] two reasons to close at the same moment send one order (F-33)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("DECISION_EXIT", bench.now);
  bench.manager.close("OPERATOR", bench.now);
  bench.at(30_000);
  expect(bench.commands.filter((command) => command.kind === "place-order" && command.role === "x")).toHaveLength(1);
});

test("[EXE-6] a reply that tells of the close before its execution leads to no second close (F-33)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.report(x1, "FILLED", 10, null, "reply");
  bench.ok("place-order", x1);
  bench.at(3_000);
  expect(bench.count("place-order", x2)).toBe(0);
});

test("[EXE-6] a close that was filled in part is followed by one for the rest", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(x1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.report(x1, "EXPIRED", 4);
  expect(bench.order(x2).quantity).toBe(6);
});

test("[EXE-6] a refused close is tried again, ever more seldom, and raises an alarm (F-54)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  const times: number[] = [];
  for (let attempt = 1; attempt <= 7; attempt += 1) {
    times.push((bench.now - after(0)) / 1_000);
    bench.refuse("place-order", idOf("x", attempt), -4131);
    bench.at((bench.manager.wakeAt - after(0)) / 1_000);
  }
  expect([times, bench.safeModes.includes("CANNOT_PROTECT")]).toEqual([
    [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500],
    true,
  ]);
});

test("[EXE-6] the stop stays until the position is flat", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  const before = bench.count("cancel-algo", f1);
  bench.fill(x1, "FILLED", 10, fillOf("exit", 10));
  bench.states(0);
  expect([before, bench.count("cancel-algo", f1)]).toEqual([0, 1]);
});

test("[EXE-6] a close whose fate is unknown is looked up before another is sent", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.lose("place-order", x1);
  bench.at(4_000);
  expect([bench.count("query-order", x1) > 0, bench.count("place-order", x2)]).toEqual([true, 0]);
});

test("[EXE-6] a close that was acknowledged and never told of is asked about (F-17)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.ok("place-order", x1);
  bench.at(1_000);
  expect(bench.count("query-order", x1)).toBeGreaterThan(0);
});

test("[EXE-6] a close for which no answer ever comes does not wait for ever", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.at(2 * settings.venue.reply_timeout_ms + 1);
  expect(bench.count("query-order", x1)).toBe(1);
});

test("[EXE-6] −2022 on a close makes us look at our stops and the account: something else has closed (F-27)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.sent();
  bench.refuse("place-order", x1, -2022);
  expect(bench.sent()).toEqual(["query-account", "query-algo f1"]);
});

test("[EXE-6] a triggered stop is given time before a close goes beside it (F-33)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "TRIGGERED", "77");
  bench.manager.close("MAX_HOLD", bench.now);
  expect(bench.count("place-order", x1)).toBe(0);
});

test("[ORD-2] a close above the maximum of market orders goes in slices (F-85)", () => {
  const bench = new Bench(settings, instrumentWith({ marketMaxQuantity: "0.007", marketStepSize: "0.002" }));
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(x1, "FILLED", 6, fillOf("a", 6));
  expect([bench.order(x1).quantity, bench.order(x2).quantity]).toEqual([6, 4]);
});

test("[F-77] a close that is larger than an order may be by now goes on at half of that, at once (I-01)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.refuse("place-order", x1, -4005);
  bench.refuse("place-order", x2, -4005);
  expect([bench.order(x2).quantity, bench.order(idOf("x", 3)).quantity]).toEqual([5, 2]);
});

test("[F-77] once the maximum is known again a close is as large as that", () => {
  const instrument = instrumentWith({});
  const bench = new Bench(settings, instrument);
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.refuse("place-order", x1, -4005);
  bench.refuse("place-order", x2, -4005);
  takeBounds(instrument, instrumentWith({ marketMaxQuantity: "0.004" }).rules);
  bench.fill(idOf("x", 3), "FILLED", 2, fillOf("a", 2));
  expect(bench.order(idOf("x", 4)).quantity).toBe(4);
});

test("[ORD-2] a stop's fill that overtakes the entry's is no overfill (F-49)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  bench.fill(f1, "FILLED", 7, fillOf("stopped", 7, 639_795));
  bench.fill(e1, "PARTIALLY_FILLED", 7, fillOf("b", 3));
  expect([bench.safeModes, bench.manager.trade?.ledger.position]).toEqual([[], 0]);
});

test("[ORD-2] a position that has turned around is closed, and SAFE MODE entered", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.fill(f1, "FILLED", 12, fillOf("stopped", 12, 639_795));
  expect([bench.safeModes, bench.order(x1)]).toMatchObject([
    ["OVERFILL"],
    { side: "buy", quantity: 2, reduceOnly: true },
  ]);
});

test("[ORD-1] a trade ends only when all its orders are closed (I-23)", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300) }));
  bench.ok("place-algo", idOf("t1"));
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(x1, "FILLED", 10, fillOf("exit", 10));
  bench.algoReport(f1, "CANCELED");
  const before = bench.manager.trade;
  bench.algoReport(idOf("t1"), "EXPIRED");
  expect([before === null, bench.manager.trade]).toEqual([false, null]);
});

test("[ORD-1] a stop that the exchange took away by itself ends the trade after a look-up", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(x1, "FILLED", 10, fillOf("exit", 10));
  bench.states(0);
  bench.refuse("cancel-algo", f1, -2011);
  bench.algoReport(f1, "EXPIRED", null, "query");
  expect(bench.manager.trade).toBeNull();
});

test("[ORD-2] a closed trade's row has exact money", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(x1, "FILLED", 10, fillOf("exit", 10, 640_050));
  bench.algoReport(f1, "CANCELED");
  expect(bench.outputs.find(({ kind }) => kind === "trade")).toMatchObject({
    quantity: 10,
    entryPrice: 640_000,
    exitPrice: 640_050,
    grossPnl: 5_000_000n,
    fees: 2_000n,
    netPnl: 4_998_000n,
    exitReason: "OPERATOR",
  });
});

test("[EXE-6] whatever happens, something is due while a trade is open", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ quantity: lots(10), cooldownMicros: micros(0) }));
  const due: boolean[] = [];
  for (let ms = 0; ms <= 120_000 && bench.manager.trade !== null; ms += 500) {
    bench.at(ms);
    due.push(Number.isFinite(bench.manager.wakeAt));
  }
  expect(due.every(Boolean)).toBe(true);
});

const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };
const t1 = idOf("t1");
const t2 = idOf("t2");

/** Both targets live, and a close that the exchange refuses. */
function refusedClose(code: number): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.ok("place-algo", t1);
  bench.ok("place-algo", t2);
  bench.manager.close("OPERATOR", bench.now);
  bench.sent();
  bench.refuse("place-order", x1, code);
  return bench;
}

test("[EXE-10] −4118 on the close cancels our targets, and not the stop (F-14)", () => {
  expect(refusedClose(-4118).sent()).toEqual(["cancel-algo t1_1", "cancel-algo t2_1"]);
});

test("[EXE-10] −2022 on the close cancels our targets before it looks around (F-14)", () => {
  const kinds = refusedClose(-2022).sent();
  expect([kinds.slice(0, 2), kinds.includes("cancel-algo f1")]).toEqual([
    ["cancel-algo t1_1", "cancel-algo t2_1"],
    false,
  ]);
});

test("[EXE-10] once the targets are proven gone, the close goes again at once (F-14)", () => {
  const bench = refusedClose(-4118);
  bench.algoReport(t1, "CANCELED");
  const before = bench.count("place-order", x2);
  bench.algoReport(t2, "CANCELED");
  expect([before, bench.order(x2)]).toMatchObject([0, { quantity: 10, reduceOnly: true }]);
});

test("[EXE-10] a target that fills while it is being cancelled makes the close smaller", () => {
  const bench = refusedClose(-4118);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_300));
  bench.algoReport(t2, "CANCELED");
  expect(bench.order(x2).quantity).toBe(5);
});

test("[EXE-10] where the cancels are never confirmed, the close goes again after its back-off", () => {
  const bench = refusedClose(-4118);
  bench.at(settings.protection.close_retry_ms);
  expect(bench.count("place-order", x2)).toBe(1);
});

test("[EXE-10] a target that closes only a part is no reason to wait with the close", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.ok("place-algo", t1);
  bench.algoReport(t1, "TRIGGERED", "77");
  bench.manager.close("OPERATOR", bench.now);
  expect(bench.order(x1).quantity).toBe(10);
});

test("[ORD-6] dust below the market's step is tried as it is, then as the smallest order (F-46)", () => {
  const bench = new Bench(settings, instrumentWith({ marketStepSize: "0.002", marketMinQuantity: "0.004" }));
  bench.enterProtected(planOf({ quantity: lots(3) }));
  bench.manager.close("OPERATOR", bench.now);
  bench.refuse("place-order", x1, -1111);
  bench.at(settings.protection.close_retry_ms);
  expect([bench.order(x1).quantity, bench.order(x2).quantity]).toEqual([3, 4]);
});

test("[ORD-6] a crumb that an entry left is closed at the end of the hold, not left (F-46)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1));
  bench.ok("place-algo", f1);
  bench.report(e1, "CANCELED", 1);
  bench.at(30_000);
  expect(bench.order(x1)).toMatchObject({ quantity: 1, reduceOnly: true });
});

test("[EXE-10] the cool-off after a stop may be longer than after another exit", () => {
  const exits = { ...stillRules, stopCooldownMicros: micros(60_000_000) };
  const trade = newTrade(planOf({ exits, cooldownMicros: micros(2_000_000) }));
  const reasons = ["STOP_LOSS", "ADVERSE_CANDLE", "TAKE_PROFIT", "TRAILING_STOP"] as const;
  expect(reasons.map((reason) => cooldownAfter(trade, reason))).toEqual([60e6, 60e6, 2e6, 2e6]);
});
