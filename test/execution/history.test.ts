/** Executions and orders that become known late: by the exchange's history, or as orders of an earlier life. */

import { expect, test } from "vitest";
import { emptyLedger, withFill } from "../../src/account/ledger.ts";
import type { HistoryReport } from "../../src/domain/event.ts";
import type { JournalFill } from "../../src/domain/journal.ts";
import { type OrderReport, type Role, type Side, sign } from "../../src/domain/order.ts";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { Output } from "../../src/domain/output.ts";
import { lots, signedLots, ticks } from "../../src/domain/units.ts";
import { sentOrder, step } from "../../src/execution/order.ts";
import { newTrade, type Trade, type TradePlan } from "../../src/execution/trade.ts";
import { after, instrument, settings, start } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const targets = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };

/** A trade as recovery hands it over: ten lots that no execution explains. */
function adopted(plan: Partial<TradePlan> = {}, prepare: (trade: Trade) => void = () => {}): Bench {
  const bench = new Bench();
  const trade = newTrade(planOf({ entry: null, ...plan }), true);
  const { side } = trade.plan;
  trade.ledger = withFill(emptyLedger, side, ticks(640_000), lots(10));
  trade.tradedLots = lots(10);
  trade.unexplained = {
    lots: signedLots(10 * sign(side)),
    statedAt: 0,
    readAt: 0,
    enteredAt: 0,
    unbookedLots: 0,
    isSettled: false,
  };
  prepare(trade);
  bench.manager.adopt(trade, bench.now);
  return bench;
}

/** Ten lots whose executions are all known. */
function entered(side: Side = "buy"): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ side }));
  return bench;
}

function past(id: string, changes: Partial<OrderReport> = {}): OrderReport {
  return {
    kind: "order-report",
    symbol: instrument.index,
    clientOrderId: id,
    orderId: `venue-${id}`,
    status: "FILLED",
    side: "buy",
    type: "LIMIT",
    price: ticks(640_000),
    quantity: lots(10),
    filled: lots(10),
    reduceOnly: false,
    fill: null,
    time: start,
    source: "query",
    ...changes,
  };
}

function executed(clientOrderId: string, side: Side, tradeId: string, quantity: number, ms = 0): JournalFill {
  return { clientOrderId, side, fill: fillOf(tradeId, quantity, 640_000, after(ms)) };
}

function history(orders: readonly OrderReport[], executions: readonly JournalFill[] = []): HistoryReport {
  return { kind: "history-report", symbol: instrument.index, orders, executions };
}

function tell(bench: Bench, reported: number, report: HistoryReport): void {
  bench.manager.onHistory(report, signedLots(reported), bench.now);
}

function outputsOf<Kind extends Output["kind"]>(bench: Bench, kind: Kind): readonly Output[] {
  return bench.outputs.filter((output) => output.kind === kind);
}

const tenBought = [executed(e1, "buy", "1", 6, 20), executed(e1, "buy", "2", 4, 10)];

test("[REC-1] executions that come to what the exchange says are the books from then on", () => {
  const bench = adopted();
  const told = [
    { clientOrderId: e1, side: "buy" as const, fill: fillOf("1", 6, 640_010, after(20)) },
    { clientOrderId: e1, side: "buy" as const, fill: { ...fillOf("2", 4, 640_000, after(10)), maker: false } },
  ];
  tell(bench, 10, history([past(e1)], told));
  expect(bench.manager.trade).toMatchObject({
    unexplained: null,
    ledger: { position: 10, boughtLots: 10, boughtValue: 6 * 640_010 + 4 * 640_000 },
    tradedLots: 10,
    makerLots: 6,
    fees: 2_000n,
    entryTime: after(10),
    lastFillTime: after(20),
    lastExitRole: null,
  });
});

test("[REC-1] what the books are made of is told: each execution, and the position with its cost", () => {
  const bench = adopted();
  tell(bench, 10, history([past(e1)], tenBought));
  const fills = outputsOf(bench, "fill");
  expect([fills, outputsOf(bench, "position").at(-1)]).toEqual([
    [
      expect.objectContaining({ tradeId: "1", clientOrderId: e1, side: "buy", quantity: 6, price: 640_000 }),
      expect.objectContaining({ tradeId: "2", clientOrderId: e1, side: "buy", quantity: 4, time: after(10) }),
    ],
    {
      kind: "position",
      symbol: instrument.index,
      trade: planOf().trade,
      lots: 10,
      cost: 6_400_000,
      entryTicks: 640_000,
      stopLoss: 639_800,
      time: after(20),
    },
  ]);
});

test("[REC-1] an order whose executions are known one by one has nothing left to inherit", () => {
  const bench = adopted({}, (trade) => {
    const known = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
    const order = step(sentOrder({ ...known, quantity: lots(10), price: null }, start), { kind: "accepted" }, start);
    trade.orders.set(e1, { ...order, filled: lots(10), applied: lots(10), inherited: lots(10) });
  });
  tell(bench, 10, history([past(e1)], tenBought));
  expect(bench.manager.trade?.orders.get(e1)).toMatchObject({
    filled: 10,
    applied: 10,
    inherited: 0,
    status: { kind: "closed", reason: "filled" },
  });
});

test("[REC-1] the first target's part and the last exit are known again from the executions", () => {
  const bench = adopted({ ...targets, quantity: lots(10) }, (trade) => {
    trade.ledger = withFill(trade.ledger, "sell", ticks(640_300), lots(5));
    trade.unexplained = {
      lots: signedLots(5),
      statedAt: 0,
      readAt: 0,
      enteredAt: 0,
      unbookedLots: 0,
      isSettled: false,
    };
  });
  const t1 = idOf("t1");
  const closed = past(t1, { side: "sell", quantity: lots(5), filled: lots(5) });
  tell(bench, 5, history([past(e1), closed], [...tenBought, executed(t1, "sell", "3", 5, 30)]));
  expect(bench.manager.trade).toMatchObject({
    unexplained: null,
    firstTargetLots: 5,
    lastExitRole: "t1",
    tradedLots: 15,
    ledger: { position: 5 },
  });
});

test.each<readonly [string, number, readonly OrderReport[], readonly JournalFill[]]>([
  ["come to less", 10, [past(e1, { filled: lots(6) })], [executed(e1, "buy", "1", 6)]],
  ["come to more", 4, [past(e1)], tenBought],
  ["are missing of an order that says it filled", 6, [past(e1)], [executed(e1, "buy", "1", 6)]],
  [
    "are on the wrong side",
    -10,
    [past(e1, { side: "sell" })],
    [executed(e1, "sell", "1", 6), executed(e1, "sell", "2", 4)],
  ],
])("[REC-1] executions that %s than the exchange's %i lots explain nothing", (_what, reported, orders, executions) => {
  const bench = adopted();
  tell(bench, reported, history(orders, executions));
  expect(bench.manager.trade?.unexplained).not.toBeNull();
});

test.each<readonly [Role, boolean]>([
  ["e", false],
  ["f", true],
])("[REC-1] with an order of role %s in doubt the sum counts as the whole: %s", (role, expected) => {
  const id = idOf(role, 7);
  const bench = adopted({}, (trade) => {
    const service = role === "e" ? "order" : "algo";
    const order = sentOrder(
      { id, role, attempt: 7, service, side: "buy", quantity: lots(3), price: ticks(639_800) },
      start,
    );
    trade.orders.set(id, step(order, { kind: "lost" }, start));
  });
  tell(bench, 10, history([past(e1)], tenBought));
  expect(bench.manager.trade?.unexplained === null).toBe(expected);
});

test("[REC-1] an entry of the history that rests is no gap", () => {
  const bench = adopted();
  const resting = past(idOf("e", 2), { status: "NEW", filled: lots(0) });
  tell(bench, 10, history([past(e1), resting], tenBought));
  expect(bench.manager.trade?.unexplained).toBeNull();
});

test.each<readonly [OrderReport["status"], number, boolean]>([
  ["CANCELED", 0, false],
  ["EXPIRED", 0, false],
  ["CANCELED", 2, true],
  ["NEW", 0, true],
  ["PARTIALLY_FILLED", 1, true],
])("[REC-1] an order of the history that is %s with %i lots is taken in: %s", (status, filled, expected) => {
  const bench = adopted();
  tell(bench, 10, history([past(idOf("e", 2), { status, filled: lots(filled) })]));
  expect(bench.manager.trade?.orders.has(idOf("e", 2))).toBe(expected);
});

test("[REC-1] the end of an order that is known is believed, though it traded nothing", () => {
  const bench = entered();
  bench.lose("place-algo", f1);
  tell(bench, 10, history([past(f1, { status: "CANCELED", side: "sell", filled: lots(0) })]));
  expect(bench.manager.trade?.orders.get(f1)?.status).toEqual({ kind: "closed", reason: "cancelled" });
});

test("[F-80] what the history has of somebody else's orders is left alone", () => {
  const bench = adopted();
  const other = orderId({
    prefix: settings.order_id_prefix,
    trade: tradeIdFrom("other"),
    role: "e",
    attempt: 1,
  });
  tell(bench, 10, history([past("web_1"), past(other), past(e1)], [executed("web_1", "buy", "9", 3), ...tenBought]));
  const { orders, executions } = bench.manager.trade ?? newTrade(planOf());
  expect([orders.has("web_1"), orders.has(other), executions.has("9")]).toEqual([false, false, false]);
});

test("[F-28] an execution that is known is not told again", () => {
  const bench = entered();
  const before = outputsOf(bench, "fill").length;
  tell(bench, 10, history([past(e1)], [executed(e1, "buy", "entry", 10)]));
  expect([outputsOf(bench, "fill").length - before, bench.manager.trade?.ledger.position]).toEqual([0, 10]);
});

test.each<readonly [Side, Side, number]>([
  ["buy", "sell", 6],
  ["sell", "buy", -6],
])(
  "[REC-3] what somebody else closed of a %s is booked where it is exactly what is missing",
  (side, against, reported) => {
    const bench = entered(side);
    tell(bench, reported, history([], [executed("web_1", against, "9", 4, 50)]));
    expect([bench.manager.trade?.ledger.position, bench.safeModes]).toEqual([reported, []]);
    expect(outputsOf(bench, "notice").at(-1)).toEqual({
      kind: "notice",
      level: "error",
      code: "CLOSED_BY_OTHERS",
      symbol: instrument.index,
      fields: { trade: planOf().trade, lots: 4, order: "web_1" },
    });
  },
);

test("[REC-3] a close by somebody else that leaves nothing ends the trade, and says so", () => {
  const bench = entered();
  tell(bench, 0, history([], [executed("web_1", "sell", "9", 10, 50)]));
  bench.states(0, after(50));
  bench.ok("cancel-algo", f1);
  expect(outputsOf(bench, "trade")).toMatchObject([{ exitReason: "EXTERNAL", quantity: 10 }]);
});

const elsewhere = orderId({ prefix: settings.order_id_prefix, trade: tradeIdFrom("other"), role: "x", attempt: 1 });

test.each<readonly [string, number, readonly JournalFill[]]>([
  ["is less than what is missing", 6, [executed("web_1", "sell", "9", 3)]],
  ["is more than what is missing", 6, [executed("web_1", "sell", "9", 5)]],
  ["opened more", 14, [executed("web_1", "buy", "9", 4)]],
  ["turned the position around", -4, [executed("web_1", "sell", "9", 14)]],
  [
    "was more than what is missing, less one of the exchange's own that closed something else",
    6,
    [executed("web_1", "sell", "9", 5), executed("adl_autoclose", "buy", "8", 1)],
  ],
  ["was before the trade", 6, [executed("web_1", "sell", "9", 4, -1)]],
  ["was another trade of ours", 6, [executed(elsewhere, "sell", "9", 4)]],
  ["is not missing", 10, [executed("web_1", "sell", "9", 4)]],
])("[REC-3] an execution of somebody else that %s is not booked", (_what, reported, executions) => {
  const bench = entered();
  tell(bench, reported, history([], executions));
  expect([bench.manager.trade?.ledger.position, bench.manager.trade?.executions.size]).toEqual([10, 1]);
});

test("[REC-3] an execution of somebody else at the very time of our own counts", () => {
  const bench = entered();
  tell(bench, 6, history([], [executed("web_1", "sell", "9", 4, 0)]));
  expect(bench.manager.trade?.ledger.position).toBe(6);
});

test("[REC-3] only what came after the first of our executions counts, however many there are", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4, 640_000, after(0)));
  bench.fill(e1, "FILLED", 10, fillOf("b", 6, 640_000, after(100)));
  bench.ok("place-algo", f1);
  tell(bench, 6, history([], [executed("web_1", "sell", "9", 4, 50)]));
  expect(bench.manager.trade?.ledger.position).toBe(6);
});

test("[REC-3] the history that is read twice books what somebody else closed once", () => {
  const bench = entered();
  const report = history([], [executed("web_1", "sell", "9", 4, 50)]);
  tell(bench, 6, report);
  tell(bench, 6, report);
  expect([bench.manager.trade?.ledger.position, outputsOf(bench, "fill").length]).toEqual([6, 2]);
});

test.each<readonly [string, readonly string[]]>([
  ["autoclose-1", ["UNKNOWN_POSITION"]],
  ["adl_autoclose", ["UNKNOWN_POSITION"]],
  ["settlement_autoclose-1", ["UNKNOWN_POSITION"]],
  ["my-autoclose-1", []],
  ["web_1", []],
])("[F-82] a close with the id %s enters SAFE MODE with %j", (id, expected) => {
  const bench = entered();
  tell(bench, 6, history([], [executed("web_2", "sell", "8", 1, 40), executed(id, "sell", "9", 3, 50)]));
  expect(bench.safeModes).toEqual(expected);
});

test("[F-82] SAFE MODE says what the exchange closed with", () => {
  const bench = entered();
  tell(bench, 6, history([], [executed("autoclose-1", "sell", "9", 4, 50)]));
  expect(bench.details).toEqual(["BTCUSDT: closed by the exchange with autoclose-1"]);
});

test.each<readonly [Role, string, number | null]>([
  ["f", "algo", 639_800],
  ["r", "algo", 639_900],
  ["t1", "algo", 640_300],
  ["t2", "algo", 640_600],
  ["x", "order", null],
])(
  "[REC-3] the child of an order of role %s that surfaces is of service %s, at its level %s",
  (role, service, price) => {
    const bench = adopted(targets, (trade) => {
      trade.stopLevel = ticks(639_900);
    });
    const id = idOf(role, 9);
    const report = past(id, { side: "sell", status: "NEW", filled: lots(0), price: null, source: "stream" });
    bench.manager.onOrderReport(report, bench.now);
    expect(bench.manager.trade?.orders.get(id)).toMatchObject({ role, attempt: 9, service, price, quantity: 10 });
  },
);

test("[REC-3] a price that an order tells itself outranks its level", () => {
  const bench = adopted(targets);
  const report = past(idOf("x", 9), { side: "sell", status: "NEW", filled: lots(0), source: "stream" });
  bench.manager.onOrderReport(report, bench.now);
  expect(bench.manager.trade?.orders.get(idOf("x", 9))?.price).toBe(640_000);
});

test.each<readonly [Side, number, number]>([
  ["buy", 639_900, 639_900],
  ["buy", 639_700, 639_800],
  ["sell", 640_100, 640_100],
  ["sell", 640_300, 640_200],
])("[I-09] of a %s a moved stop that surfaces at %i leaves the level at %i", (side, trigger, expected) => {
  const bench = adopted({ side });
  bench.manager.onAlgoReport(
    {
      kind: "algo-report",
      symbol: instrument.index,
      clientAlgoId: idOf("r", 9),
      algoId: "1",
      status: "NEW",
      side: side === "buy" ? "sell" : "buy",
      type: "STOP_MARKET",
      trigger: ticks(trigger),
      closePosition: false,
      quantity: lots(10),
      childOrderId: null,
      failure: null,
      time: start,
      source: "stream",
    },
    bench.now,
  );
  expect(bench.manager.trade).toMatchObject({ stopLevel: expected });
  expect(bench.manager.trade?.orders.get(idOf("r", 9))).toMatchObject({ service: "algo", price: trigger });
});

test("[REC-3] another order of the trade does not move its stop", () => {
  const bench = adopted();
  const report = past(idOf("x", 9), { side: "sell", status: "NEW", filled: lots(0), price: ticks(639_900) });
  bench.manager.onOrderReport(report, bench.now);
  expect(bench.manager.trade?.stopLevel).toBe(639_800);
});

test("[I-06] an entry that surfaces late is cancelled like one of this life", () => {
  const bench = adopted();
  const report = past(idOf("e", 2), { status: "NEW", filled: lots(0), source: "stream" });
  bench.manager.onOrderReport(report, bench.now);
  bench.at(settings.trading.normal.order_timeout_seconds * 1_000);
  expect([bench.manager.trade?.entryFinished, bench.count("cancel-order", idOf("e", 2))]).toEqual([false, 1]);
});

test("[F-80] a report of another trade, or of nobody's order, is not taken in", () => {
  const bench = adopted();
  const before = bench.manager.trade?.orders.size;
  for (const id of ["web_1", elsewhere]) bench.manager.onOrderReport(past(id, { source: "stream" }), bench.now);
  expect(bench.manager.trade?.orders.size).toBe(before);
});

const tenSold = executed(f1, "sell", "3", 10, 30);
const stopped = past(f1, { side: "sell" });

/** A trade of an earlier run, without its books. */
function earlier(): Trade {
  const trade = newTrade(planOf({ entry: null }), true);
  trade.unexplained = { lots: signedLots(0), statedAt: 0, readAt: 0, enteredAt: 0, unbookedLots: 0, isSettled: false };
  return trade;
}

test("[REC-1] a trade that ended with an earlier run leaves its row once its executions are known", () => {
  const bench = new Bench();
  const isTold = bench.manager.onPastTrade(earlier(), history([past(e1), stopped], [...tenBought, tenSold]), bench.now);
  expect([isTold, outputsOf(bench, "trade"), bench.closed.length]).toEqual([
    true,
    [expect.objectContaining({ quantity: 10, exitReason: "STOP_LOSS" })],
    1,
  ]);
});

test.each<readonly [string, HistoryReport]>([
  ["nothing", history([])],
  ["an entry alone", history([past(e1)], tenBought)],
  ["a close that is not told one by one", history([past(e1), stopped], tenBought)],
])("[REC-1] an earlier trade of which the history has %s is not told", (_what, report) => {
  const bench = new Bench();
  expect([bench.manager.onPastTrade(earlier(), report, bench.now), bench.closed]).toEqual([false, []]);
});

test("[REC-1] books that nothing explains stay as they are, and the trade goes on", () => {
  const bench = adopted();
  bench.manager.settleBooks(signedLots(10), 640_000, bench.now);
  expect(bench.manager.trade).toMatchObject({ unexplained: { isSettled: true }, ledger: { position: 10 } });
});

test.each<readonly [number, number, number]>([
  [15, 640_000, 14],
  [12, 640_000, 12],
  [10, 640_000, 10],
  [15, 0, 10],
])(
  "[I-01] where %i lots at %i are open, four more of an entry make the settled books %i lots",
  (open, at, expected) => {
    const bench = adopted();
    if (bench.trade.unexplained !== null) bench.trade.unexplained.unbookedLots = 4;
    bench.manager.settleBooks(signedLots(open), at, bench.now);
    const { ledger, tradedLots } = bench.trade;
    expect([ledger.position, tradedLots - 10, ledger.boughtValue - 6_400_000]).toEqual([
      expected,
      expected - 10,
      (expected - 10) * 640_000,
    ]);
  },
);

test("[REC-1] while the books are unexplained a position that is gone does not end the trade", () => {
  const bench = adopted();
  bench.manager.onPositionSeen(signedLots(0), after(10_000), after(10_000));
  expect(bench.manager.trade).not.toBeNull();
});

test("[F-85] executions that the journal has are not asked for again while they do not explain the position (I-19)", () => {
  const x1 = idOf("x");
  const bench = adopted({}, (trade) => {
    const journal = [executed(e1, "buy", "1", 10), executed(x1, "sell", "2", 4)];
    for (const known of journal) trade.executions.set(known.fill.tradeId, known);
  });
  tell(bench, 7, history([past(e1), past(x1, { side: "sell", quantity: lots(4), filled: lots(4) })]));
  bench.at(20_000);
  expect([bench.count("query-fills", e1), bench.count("query-fills", x1)]).toEqual([0, 0]);
});

test("[F-85] an execution that the journal lacks is asked for beside those that it has", () => {
  const x1 = idOf("x");
  const bench = adopted({}, (trade) => {
    trade.executions.set("2", executed(x1, "sell", "2", 3));
  });
  tell(bench, 7, history([past(x1, { side: "sell", quantity: lots(4), filled: lots(4) })]));
  bench.at(5_000);
  expect([bench.count("query-fills", x1) > 0, bench.trade.orders.get(x1)?.applied]).toEqual([true, 3]);
});

test("[F-85] of many closes whose executions were not told, a few are asked about at once, and all in the end (I-19)", () => {
  const closes = Array.from({ length: 40 }, (_, index) => idOf("x", index + 1));
  const bench = adopted({}, (trade) => {
    for (const [index, id] of closes.entries()) {
      const known = { id, role: "x", attempt: index + 1, service: "order", side: "sell" } as const;
      const sent = sentOrder({ ...known, quantity: lots(1), price: null }, start);
      const report = { kind: "reported", status: "FILLED", filled: lots(1), venueId: id } as const;
      trade.orders.set(id, step(sent, report, start));
    }
  });
  const asked = (): number => bench.commands.filter(({ kind }) => kind === "query-fills").length;
  bench.at(settings.protection.lookup_interval_ms);
  const atOnce = asked();
  bench.at(60_000);
  expect([atOnce, closes.every((id) => bench.count("query-fills", id) > 0)]).toEqual([16, true]);
});

test("[F-28] a close sent while the history was asked is booked once, though its execution comes after that ended (I-07)", () => {
  const bench = adopted();
  bench.manager.close("OPERATOR", bench.now);
  const x1 = idOf("x");
  bench.report(x1, "FILLED", 10, null, "reply");
  bench.manager.settleBooks(signedLots(10), 640_000, bench.now);
  tell(bench, 0, history([], [executed(x1, "sell", "9", 10, 50)]));
  const filled = bench.outputs.flatMap((output) =>
    output.kind === "order" && output.clientOrderId === x1 ? [output.filled] : [],
  );
  expect([Math.max(...filled), bench.trade.ledger.position]).toEqual([10, 0]);
});
