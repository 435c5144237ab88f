/** Stops that are always there: refusals, doubts, triggers, and the time without cover. */

import { expect, test } from "vitest";
import { lots, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { after, settings, settingsWith } from "../support/core.ts";
import { Bench, fillOf, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const r1 = idOf("r");
const x1 = idOf("x");

/** A long of ten lots, filled at once, whose stop is on the way. */
function filled(bench: Bench, plan = planOf({ terms: marketTerms })): void {
  bench.begin(plan);
  bench.ok("place-order", e1);
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
}

test("[ORD-3] the first fill report is answered with a close-position stop", () => {
  const bench = new Bench();
  filled(bench);
  expect(bench.algo(f1)).toMatchObject({
    side: "sell",
    type: "STOP_MARKET",
    trigger: 639_800,
    extent: { kind: "close-position" },
  });
});

test("[ORD-3] the stop of a short lies above and buys", () => {
  const bench = new Bench();
  filled(bench, planOf({ terms: marketTerms, side: "sell" }));
  expect(bench.algo(f1)).toMatchObject({ side: "buy", trigger: 640_200 });
});

test("[ORD-3] further partial fills need no further stop (F-24)", () => {
  const bench = new Bench();
  bench.begin();
  for (let part = 1; part <= 9; part += 1) bench.fill(e1, "PARTIALLY_FILLED", part, fillOf(`part-${part}`, 1));
  bench.fill(e1, "FILLED", 10, fillOf("part-10", 1));
  expect(bench.commands.filter(({ kind }) => kind === "place-algo")).toHaveLength(1);
});

test("[ORD-3] a fill of one lot is protected (F-46)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1));
  expect(bench.algo(f1).extent).toEqual({ kind: "close-position" });
});

test("[ORD-3] −2021 on the stop closes at market at once (F-04)", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -2021);
  expect([bench.order(x1), bench.manager.trade?.closing?.reason, bench.safeModes]).toMatchObject([
    { side: "sell", quantity: 10, reduceOnly: true, terms: { type: "MARKET" } },
    "STOP_PASSED",
    [],
  ]);
});

test("[ORD-3] where the price has passed the stop already, the position is closed without asking", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.touch.bid = ticks(639_790);
  bench.touch.ask = ticks(639_791);
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  expect(bench.sent()).toEqual(["place-order e1", "place-order x1"]);
});

test("[REC-3] a market that has not been seen yet does not count as past the stop", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.touch.bid = ticks(0);
  bench.touch.ask = ticks(0);
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  expect(bench.sent()).toEqual(["place-order e1", "place-algo f1"]);
});

test("[ORD-3] −4130 leads to a reduce-only stop for the quantity beside the foreign one (F-22)", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -4130);
  expect(bench.algo(r1)).toMatchObject({ trigger: 639_800, extent: { kind: "quantity", quantity: 10 } });
});

test("[ORD-3] a bridge covers in advance what may still fill (F-24)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 2, fillOf("a", 2));
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  for (let part = 3; part <= 10; part += 1) bench.fill(e1, "PARTIALLY_FILLED", part, fillOf(`part-${part}`, 1));
  expect([bench.algo(r1).extent, bench.sent().filter((text) => text.startsWith("place-algo"))]).toEqual([
    { kind: "quantity", quantity: lots(10) },
    ["place-algo f1", "place-algo r1"],
  ]);
});

test("[ORD-3] a bridge that a late fill has outgrown is followed by a larger one at once (F-24)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "CANCELED", 5, fillOf("a", 5));
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  bench.fill(e1, "CANCELED", 7, fillOf("late", 2));
  expect([bench.algo(r1).extent, bench.algo(idOf("r", 2)).extent]).toEqual([
    { kind: "quantity", quantity: 5 },
    { kind: "quantity", quantity: 7 },
  ]);
});

test("[I-01] [F-27] a bridge covers what somebody has added, too, as the floor would", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  bench.states(16, after(1));
  bench.at(1_000);
  expect(bench.algo(idOf("r", 2)).extent).toEqual({ kind: "quantity", quantity: 16 });
});

test("[I-09] [F-27] a stop that has moved covers what is ours alone: the floor covers what somebody has added", () => {
  const bench = new Bench();
  filled(bench);
  bench.ok("place-algo", f1);
  bench.states(16, after(1));
  bench.at(1_000);
  bench.manager.tighten(ticks(639_900), "decision", bench.now);
  expect(bench.algo(r1).extent).toEqual({ kind: "quantity", quantity: 10 });
});

test("[ORD-3] a bridge that is too small is no cover: the naked time runs until the larger one is live", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "CANCELED", 5, fillOf("a", 5));
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  bench.fill(e1, "CANCELED", 7, fillOf("late", 2));
  const naked = bench.manager.trade?.exposedSince;
  bench.ok("place-algo", idOf("r", 2));
  expect([naked, bench.manager.trade?.exposedSince]).toEqual([bench.now, null]);
});

test("[ORD-3] a bridge that vanishes is put back by floor and bridge, within the bound", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  bench.algoReport(r1, "CANCELED");
  bench.refuse("place-algo", idOf("f", 2), -4130);
  expect([bench.count("place-algo", idOf("r", 2)), bench.safeModes]).toEqual([1, []]);
});

test("[SAF-3] a refusal of the stop that is not understood closes and enters SAFE MODE", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -9999);
  expect([bench.safeModes, bench.order(x1).reduceOnly]).toEqual([["CANNOT_PROTECT"], true]);
});

test("[SAF-3] a stop that is not live in time closes the position", () => {
  const bench = new Bench();
  filled(bench);
  bench.at(settings.protection.unprotected_max_ms - 1);
  const before = bench.count("place-order", x1);
  bench.at(settings.protection.unprotected_max_ms);
  expect([before, bench.count("place-order", x1), bench.safeModes]).toEqual([0, 1, ["CANNOT_PROTECT"]]);
});

test("[ORD-3] a stop whose fate is unknown counts as present and is looked up (F-65)", () => {
  const bench = new Bench();
  filled(bench);
  bench.lose("place-algo", f1);
  bench.at(1_400);
  bench.algoReport(f1, "NEW", null, "query");
  expect([
    bench.count("query-algo", f1) > 0,
    bench.count("place-algo", idOf("f", 2)),
    bench.manager.trade?.exposedSince,
  ]).toEqual([true, 0, null]);
});

test("[ORD-3] a duplicate-id refusal of the stop is looked up (F-09)", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -4116);
  expect(bench.sent()).toEqual(["place-order e1", "place-algo f1", "query-algo f1"]);
});

test("[ORD-3] a stop that was throttled is tried again while the time limit lasts", () => {
  const bench = new Bench();
  filled(bench);
  bench.refuse("place-algo", f1, -1008);
  bench.at(settings.protection.close_retry_ms);
  expect([bench.count("place-algo", idOf("f", 2)), bench.safeModes]).toEqual([1, []]);
});

test("[ORD-3] a stop that vanishes is put back at once", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "CANCELED");
  expect(bench.count("place-algo", idOf("f", 2))).toBe(1);
});

test("[ORD-3] a stop that keeps vanishing ends in a close and SAFE MODE", () => {
  const bench = new Bench();
  bench.enterProtected();
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    bench.algoReport(idOf("f", attempt), "CANCELED");
    if (attempt < 4) bench.ok("place-algo", idOf("f", attempt + 1));
  }
  expect([bench.count("place-algo", idOf("f", 5)), bench.count("place-order", x1), bench.safeModes]).toEqual([
    0,
    1,
    ["CANNOT_PROTECT"],
  ]);
});

test("[ORD-3] a stop that the exchange no longer lists is looked up and put back (F-55)", () => {
  const bench = new Bench(settingsWith({ trading: { normal: { max_hold_seconds: 600 } } }));
  bench.enterProtected(planOf({ holdMicros: microsFromSeconds(600) }));
  bench.at(20_000);
  bench.manager.onOpenOrders(new Set(), bench.now, bench.now);
  bench.refuse("query-algo", f1, -2013);
  bench.at(20_600);
  bench.refuse("query-algo", f1, -2013);
  expect([bench.count("place-algo", idOf("f", 2)), bench.safeModes]).toEqual([1, []]);
});

test("[ORD-3] a young stop that a lagging list does not show is left alone (F-65)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.at(5_000);
  bench.manager.onOpenOrders(new Set(), bench.now, bench.now);
  expect(bench.count("query-algo", f1)).toBe(0);
});

test("[ORD-3] a stop that fails when it triggers leads to a market close (F-40)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "TRIGGERING");
  bench.algoReport(f1, "REJECTED");
  expect([bench.order(x1).quantity, bench.manager.trade?.closing?.reason]).toEqual([10, "STOP_LOSS"]);
});

test("[ORD-3] a triggered stop whose child never comes does not cover for ever (F-40)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "TRIGGERING");
  bench.at(settings.protection.unprotected_max_ms - 1);
  const before = bench.count("place-order", x1);
  bench.at(settings.protection.unprotected_max_ms + 1);
  expect([before, bench.count("place-order", x1)]).toEqual([0, 1]);
});

test("[ORD-1] a trade ends although its stop is stuck in triggering", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "TRIGGERING");
  bench.at(2_000);
  bench.fill(x1, "FILLED", 10, fillOf("exit", 10));
  for (let ms = 2_100; ms < 20_000; ms += 100) {
    bench.at(ms);
    if (bench.manager.trade === null) break;
    const last = bench.commands.at(-1);
    if (last?.kind === "query-order") bench.refuse("query-order", f1, -2013);
    if (last?.kind === "query-algo") bench.algoReport(f1, "TRIGGERING", null, "query");
  }
  expect(bench.manager.trade).toBeNull();
});

test("[ORD-1] a child that one read missed is asked for again in the normal service (F-19)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.algoReport(f1, "TRIGGERED", "77");
  bench.at(600);
  bench.refuse("query-order", f1, -2013);
  bench.at(1_200);
  bench.algoReport(f1, "TRIGGERED", "77", "query");
  bench.at(3_000);
  expect(bench.sent().filter((text) => text.startsWith("query"))).toEqual([
    "query-order f1",
    "query-algo f1",
    "query-order f1",
  ]);
});

test("[ORD-2] the child's fill is booked although the trigger was never told (F-23)", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.fill(f1, "FILLED", 10, fillOf("stopped", 10, 639_795));
  const { closed } = bench;
  expect([bench.manager.trade, closed[0]?.ledger.cash, closed[0]?.lastExitRole]).toEqual([null, -2_050, "f"]);
});

test("[ORD-2] a trigger that is told after the child's fill changes nothing (F-23)", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300) }));
  bench.ok("place-algo", idOf("t1"));
  bench.fill(f1, "PARTIALLY_FILLED", 4, fillOf("a", 4, 639_795));
  bench.fill(f1, "FILLED", 10, fillOf("b", 6, 639_794));
  bench.algoReport(f1, "TRIGGERED", "77");
  bench.algoReport(f1, "FINISHED", "77");
  expect([bench.manager.trade?.orders.get(f1)?.status, bench.count("place-order", x1)]).toEqual([
    { kind: "closed", reason: "filled" },
    0,
  ]);
});

test("[ORD-3] a live target is close-position too and lies on the side of profit", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300) }));
  expect(bench.algo(idOf("t1"))).toMatchObject({
    side: "sell",
    type: "TAKE_PROFIT_MARKET",
    trigger: 640_300,
    extent: { kind: "close-position" },
  });
});

test("[ORD-3] a target that may not rest is watched, and the position closed when it is reached", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300) }));
  bench.refuse("place-algo", idOf("t1"), -4045);
  bench.touch.bid = ticks(640_300);
  bench.manager.onQuote(bench.now);
  expect(bench.manager.trade?.closing?.reason).toBe("TAKE_PROFIT");
});

test("[ORD-3] an empty side of the book does not reach a short's watched target", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ side: "sell", takeProfit: ticks(639_700) }));
  bench.refuse("place-algo", idOf("t1"), -4045);
  bench.touch.ask = ticks(0);
  bench.manager.onQuote(bench.now);
  expect(bench.manager.trade?.closing).toBeNull();
});

test("[ORD-3] the time without cover is measured from the first knowledge of the fill", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.at(100);
  bench.report(e1, "FILLED", 10, null, "reply");
  bench.at(140);
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  bench.at(175);
  bench.ok("place-algo", f1);
  expect(bench.manager.counts.unprotectedMicrosMax).toBe(75_000);
});

test("[ORD-3] a report that tells of a fill in sum is covered before the execution is told", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.report(e1, "FILLED", 10, null, "reply");
  bench.refuse("place-algo", f1, -4130);
  expect(bench.algo(r1).extent).toEqual({ kind: "quantity", quantity: 10 });
});
