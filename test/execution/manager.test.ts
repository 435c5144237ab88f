/** The order manager as its owner sees it: what it says of itself, and what each word of the outside changes. */

import { expect, test } from "vitest";
import { emptyLedger, withFill } from "../../src/account/ledger.ts";
import { present } from "../../src/domain/assert.ts";
import { lots, micros, money, signedLots, ticks } from "../../src/domain/units.ts";
import { type Order, sentOrder, step } from "../../src/execution/order.ts";
import { newTrade } from "../../src/execution/trade.ts";
import { after, instrument, start, stillRules } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const x1 = idOf("x");

function held(): Bench {
  const bench = new Bench();
  bench.enterProtected();
  return bench;
}

test("[RSK-5] without a trade nothing is committed, in doubt, moving or due", () => {
  const { manager } = new Bench();
  expect([manager.committedLots, manager.inDoubt, manager.isMoving, manager.wakeAt]).toEqual([
    0,
    false,
    false,
    Number.POSITIVE_INFINITY,
  ]);
});

test("[RSK-5] what is open and what may still fill is committed", () => {
  const bench = new Bench();
  bench.begin();
  const whole = bench.manager.committedLots;
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  const part = bench.manager.committedLots;
  bench.report(e1, "CANCELED", 4);
  expect([whole, part, bench.manager.committedLots]).toEqual([10, 10, 4]);
});

test("[RSK-5] a short is committed like a long, and no exit adds to it", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ side: "sell" }));
  bench.manager.close("OPERATOR", bench.now);
  expect(bench.manager.committedLots).toBe(10);
});

test("[I-04] orders on the wire or in doubt are movement, a protected position is rest", () => {
  const bench = new Bench();
  bench.begin();
  const states = [[bench.manager.isMoving, bench.manager.inDoubt]];
  bench.lose("place-order", e1);
  states.push([bench.manager.isMoving, bench.manager.inDoubt]);
  bench.report(e1, "NEW", 0, null, "query");
  states.push([bench.manager.isMoving, bench.manager.inDoubt]);
  expect(states).toEqual([
    [true, false],
    [true, true],
    [false, false],
  ]);
});

test("[I-04] an execution that is missed is doubt and movement", () => {
  const bench = held();
  bench.report(e1, "FILLED", 12);
  expect([bench.manager.isMoving, bench.manager.inDoubt]).toEqual([true, true]);
});

test("[ORD-1] without a trade nothing that is told does anything", () => {
  const other = held();
  const { manager, outputs, now } = new Bench();
  const report = { ...present(other.trade.orders.get(e1), "entry"), kind: "order-report" as const };
  manager.onFills(
    { kind: "fills-report", symbol: instrument.index, clientOrderId: report.id, orderId: "1", fills: [] },
    now,
  );
  manager.onHistory(
    { kind: "history-report", symbol: instrument.index, orders: [], executions: [] },
    signedLots(0),
    now,
  );
  manager.onOutcome(present(other.commands[0], "command"), { kind: "ok" }, now);
  manager.onOpenOrders(new Set(), now, now);
  manager.onReportsMissed(now);
  manager.settleBooks(signedLots(0), 0, now);
  manager.close("OPERATOR", now);
  manager.leave(now);
  manager.cancelEntry(now);
  manager.onTimer(now);
  manager.onQuote(now);
  manager.onFunding(money(1n), start);
  manager.tightenRules(stillRules, micros(1), now);
  manager.onCandle(
    {
      openTime: now,
      open: ticks(1),
      high: ticks(1),
      low: ticks(1),
      close: ticks(1),
      volume: lots(0),
      takerBuyVolume: lots(0),
    },
    1,
    now,
  );
  expect([manager.tighten(ticks(1), "risk", now), outputs]).toEqual([false, []]);
});

test("[ORD-1] what is told of an order that is not the trade's changes nothing", () => {
  const bench = held();
  const before = bench.outputs.length;
  bench.fills("web_1", [fillOf("z", 1)]);
  bench.manager.onOutcome(
    { kind: "query-order", symbol: instrument.index, clientOrderId: "web_1" },
    { kind: "ok" },
    bench.now,
  );
  bench.manager.onOutcome({ kind: "query-account" }, { kind: "ok" }, bench.now);
  expect(bench.outputs).toHaveLength(before);
});

test("[ORD-1] a report of somebody else's conditional order changes nothing", () => {
  const bench = held();
  const report = {
    kind: "algo-report",
    symbol: instrument.index,
    clientAlgoId: "web_1",
    algoId: "1",
    status: "NEW",
    side: "sell",
    type: "STOP_MARKET",
    trigger: ticks(1),
    closePosition: true,
    quantity: null,
    childOrderId: null,
    failure: null,
    time: start,
    source: "stream",
  } as const;
  bench.manager.onAlgoReport(report, bench.now);
  new Bench().manager.onAlgoReport(report, bench.now);
  expect(bench.trade.orders.has("web_1")).toBe(false);
});

test("[EXE-6] a timer before its time does nothing", () => {
  const bench = held();
  bench.trade.wakeAt = after(30_000);
  bench.trade.exposedSince = start;
  bench.manager.onTimer(after(29_999));
  const before = bench.trade.exposedSince;
  bench.manager.onTimer(after(30_000));
  expect([before, bench.trade.exposedSince, bench.count("place-order", x1)]).toEqual([start, null, 1]);
});

test("[REC-3] a trade that is taken over is looked after at once", () => {
  const bench = new Bench();
  const trade = newTrade(planOf({ entry: null }), true);
  trade.ledger = withFill(emptyLedger, "buy", ticks(640_000), lots(10));
  bench.manager.adopt(trade, bench.now);
  expect(bench.sent()).toEqual(["place-algo f1"]);
});

test("[REC-3] a trade that is let go of is nobody's", () => {
  const bench = held();
  const { trade } = bench;
  expect([bench.manager.abandon(), bench.manager.trade]).toEqual([trade, null]);
});

test("[F-07] after reports may have been lost whatever rests is asked about", () => {
  const bench = held();
  bench.sent();
  bench.manager.onReportsMissed(bench.now);
  expect([bench.sent(), bench.trade.orders.get(e1)?.status.kind]).toEqual([["query-algo f1"], "closed"]);
});

test("[ORD-4] entries, exits, trades, executions and the result are counted", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.fill(e1, "FILLED", 10, fillOf("b", 6));
  const open = { ...bench.manager.counts };
  bench.ok("place-algo", f1);
  bench.fill(f1, "FILLED", 10, fillOf("out", 10, 639_800));
  expect([open, bench.manager.counts]).toMatchObject([
    { entries: 1, exits: 0, trades: 0, fills: 2, netPnl: 0n },
    { entries: 1, exits: 1, trades: 1, fills: 3, netPnl: -20_003_000n },
  ]);
});

test("[EXE-6] the hold counts from the first execution, whatever fills later", () => {
  const bench = new Bench();
  bench.begin();
  bench.at(500);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.at(1_000);
  bench.fill(e1, "FILLED", 10, fillOf("b", 6));
  expect(bench.trade.holdUntil).toBe(after(30_500));
});

test("[EXE-6] an exit that overtakes its entry begins no hold", () => {
  const bench = new Bench();
  bench.begin();
  bench.at(500);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.fill(f1, "FILLED", 4, fillOf("out", 4, 639_800));
  const { entries } = bench.manager.counts;
  bench.at(900);
  bench.fill(e1, "PARTIALLY_FILLED", 5, fillOf("b", 1));
  expect([entries, bench.manager.counts.entries, bench.trade.holdUntil]).toEqual([1, 1, after(30_500)]);
});

test("[I-01] the longest time without cover is kept", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.at(300);
  bench.ok("place-algo", f1);
  const first = bench.manager.counts.unprotectedMicrosMax;
  bench.at(1_000);
  bench.algoReport(f1, "CANCELED");
  bench.at(1_100);
  bench.ok("place-algo", idOf("f", 2));
  expect([first, bench.manager.counts.unprotectedMicrosMax]).toEqual([300_000, 300_000]);
});

test("[SAF-2] the terms of which a look-up tells are believed, those of the stream are not", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.found(e1, "NEW", 0, 640_007);
  const found = bench.trade.orders.get(e1)?.price;
  bench.manager.onOrderReport(
    {
      kind: "order-report",
      symbol: instrument.index,
      clientOrderId: e1,
      orderId: "1",
      status: "NEW",
      side: "buy",
      type: "LIMIT",
      price: ticks(640_009),
      quantity: lots(8),
      filled: lots(0),
      reduceOnly: false,
      fill: null,
      time: start,
      source: "stream",
    },
    bench.now,
  );
  expect([found, bench.trade.orders.get(e1)]).toMatchObject([640_007, { price: 640_007, quantity: 10 }]);
});

test.each<readonly [string, Partial<Order>, number | null, number | null]>([
  ["another quantity is news", {}, 640_000, 8],
  ["a market order has no price to learn", { price: null }, 640_000, 10],
  ["a conditional order keeps its trigger", { service: "algo" }, 640_007, 10],
])("[SAF-2] of what a look-up tells, %s", (_what, changes, price, quantity) => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  const order = { ...present(bench.trade.orders.get(e1), "entry"), ...changes };
  bench.trade.orders.set(e1, order);
  bench.manager.onOrderReport(
    {
      kind: "order-report",
      symbol: instrument.index,
      clientOrderId: e1,
      orderId: "1",
      status: "NEW",
      side: "buy",
      type: "LIMIT",
      price: price === null ? null : ticks(price),
      quantity: lots(8),
      filled: lots(0),
      reduceOnly: false,
      fill: null,
      time: start,
      source: "query",
    },
    bench.now,
  );
  expect(bench.trade.orders.get(e1)).toMatchObject({ price: order.price, quantity });
});

test("[REC-1] executions that an adopted position contains change nothing, and are known from then on", () => {
  const bench = new Bench();
  const trade = newTrade(planOf({ entry: null }), true);
  trade.ledger = withFill(emptyLedger, "buy", ticks(640_000), lots(10));
  const what = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  const order = step(
    sentOrder({ ...what, quantity: lots(20), price: ticks(640_000) }, start),
    { kind: "accepted" },
    start,
  );
  trade.orders.set(e1, { ...order, filled: lots(10), applied: lots(10), inherited: lots(10) });
  bench.manager.adopt(trade, bench.now);
  bench.fill(e1, "PARTIALLY_FILLED", 10, fillOf("old", 10));
  const contained = [trade.ledger.position, trade.executions.has("old"), trade.orders.get(e1)?.applied];
  bench.fills(e1, [fillOf("old", 10), fillOf("new", 2)]);
  expect([contained, trade.ledger.position, trade.orders.get(e1)?.applied]).toEqual([[10, true, 10], 12, 12]);
});

test("[REC-1] while the books are unexplained no execution is counted on top of them", () => {
  const bench = new Bench();
  const trade = newTrade(planOf({ entry: null }), true);
  trade.ledger = withFill(emptyLedger, "buy", ticks(640_000), lots(10));
  trade.unexplained = { lots: signedLots(10), statedAt: 0, readAt: 0, enteredAt: 0, unbookedLots: 0, isSettled: false };
  const what = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  trade.orders.set(
    e1,
    step(sentOrder({ ...what, quantity: lots(20), price: null }, start), { kind: "accepted" }, start),
  );
  bench.manager.adopt(trade, bench.now);
  bench.fills(e1, [fillOf("a", 2)]);
  expect([trade.ledger.position, trade.executions.has("a"), trade.orders.get(e1)?.applied]).toEqual([10, true, 2]);
});

test("[CFG-4] without an entry a shorter hold counts from now", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.tightenRules(stillRules, micros(5_000_000), after(1_000));
  const then = bench.trade.holdUntil;
  bench.manager.tightenRules(stillRules, null, after(1_000));
  expect([then, bench.trade.holdUntil]).toEqual([after(6_000), after(6_000)]);
});

test("[CFG-4] it stays shorter when the entry fills, and counts from then", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.tightenRules(stillRules, micros(5_000_000), after(1_000));
  bench.manager.tightenRules(stillRules, micros(6_000_000), after(1_000));
  bench.now = after(2_000);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  expect(bench.trade.holdUntil).toBe(after(7_000));
});

test("[CFG-4] with an entry it counts from that", () => {
  const bench = held();
  bench.manager.tightenRules(stillRules, micros(5_000_000), after(1_000));
  expect(bench.trade.holdUntil).toBe(after(5_000));
});

test.each<readonly ["e" | "f", string]>([
  ["e", "live"],
  ["f", "unknown"],
])(
  "[F-19] a list that names an order %s in doubt makes it %s: only an entry's resting is believed",
  (role, expected) => {
    const bench = held();
    const id = role === "e" ? e1 : f1;
    const order = present(bench.trade.orders.get(id), "order");
    bench.trade.orders.set(id, { ...order, status: { kind: "unknown", since: start } });
    bench.trade.entryFinished = role === "f";
    bench.trade.orders.set(id, { ...present(bench.trade.orders.get(id), "order"), asks: 1, askedAt: start });
    bench.manager.onOpenOrders(new Set([id]), bench.now, bench.now);
    expect(bench.trade.orders.get(id)?.status.kind).toBe(expected);
  },
);

test("[F-19] a list says nothing of when an order was missed that is not in doubt", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.manager.onOpenOrders(new Set(), after(1), after(1));
  expect(bench.trade.orders.get(e1)).toMatchObject({ unlistedAt: start, status: { kind: "live" } });
});

test("[CFG-4] a shorter hold that is over already closes at once", () => {
  const bench = held();
  bench.at(5_000);
  bench.manager.tightenRules(stillRules, micros(1_000_000), bench.now);
  expect(bench.count("place-order", x1)).toBe(1);
});

test("[REC-1] a flat position that is not explained ends its trade only once no more is asked", () => {
  const bench = new Bench();
  const trade = newTrade(planOf({ entry: null }), true);
  trade.unexplained = { lots: signedLots(0), statedAt: 0, readAt: 0, enteredAt: 0, unbookedLots: 0, isSettled: false };
  bench.manager.adopt(trade, bench.now);
  const before = bench.manager.trade;
  bench.manager.settleBooks(signedLots(10), 640_000, bench.now);
  expect([before, bench.manager.trade]).toEqual([trade, null]);
});

test("[ORD-4] an execution by which an exit reopens a position counts as no entry", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(f1, "FILLED", 4, fillOf("out", 4, 640_200));
  expect(bench.manager.counts.entries).toBe(0);
});
