/** How orders leave, what the journal keeps of them, and when they are asked about. */

import { expect, test } from "vitest";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import {
  amendOrder,
  ask,
  backedOff,
  cancel,
  nextIdentity,
  placeAlgo,
  placeOrder,
  update,
} from "../../src/execution/desk.ts";
import { type Order, type OrderEvent, sentOrder, step } from "../../src/execution/order.ts";
import { newTrade, type Trade } from "../../src/execution/trade.ts";
import { after, instrument, settings, start } from "../support/core.ts";
import { Bench, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const x1 = idOf("x");
const { lookup_interval_ms: lookup } = settings.protection;
const reply = settings.venue.reply_timeout_ms;
const terms = { type: "LIMIT", price: ticks(640_000), timeInForce: "GTC" } as const;

function idle(): { readonly bench: Bench; readonly trade: Trade } {
  return { bench: new Bench(), trade: newTrade(planOf()) };
}

test.each<readonly [number, number]>([
  [-1, 1],
  [0, 1],
  [1, 2],
  [4, 16],
  [5, 32],
  [6, 32],
])("[I-21] the wait before attempt %i is the interval times %i", (again, factor) => {
  expect(backedOff(micros(7), again)).toBe(7 * factor);
});

test.each<readonly [string, (trade: Trade) => void, number]>([
  ["a fresh trade", () => {}, 1],
  ["a trade of whose earlier life seven are known", (trade) => trade.attempts.set("x", 7), 8],
  ["a trade with orders of other roles", (trade) => trade.attempts.set("e", 7), 1],
])("[IDM-2] the next identity of %s counts on", (_what, prepare, attempt) => {
  const { bench, trade } = idle();
  prepare(trade);
  expect(nextIdentity(bench.desk, trade, "x")).toEqual({ id: idOf("x", attempt), attempt });
});

test("[IDM-2] an id that is taken is never given again", () => {
  const { bench, trade } = idle();
  const what = { id: x1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  trade.orders.set(x1, sentOrder({ ...what, quantity: lots(1), price: null }, start));
  expect(() => nextIdentity(bench.desk, trade, "x")).toThrow(`order id used twice: ${x1}`);
});

test("[ORD-6] an order needs a quantity", () => {
  const { bench, trade } = idle();
  expect(() => placeOrder(bench.desk, trade, "e", "buy", lots(0), terms, start)).toThrow("an order needs a quantity");
});

test("[IDM-1] an order stands in the journal before it leaves, with all that it asks for", () => {
  const { bench, trade } = idle();
  placeOrder(bench.desk, trade, "e", "buy", lots(10), terms, start);
  expect(bench.outputs).toEqual([
    {
      kind: "order",
      trade: trade.plan.trade,
      symbol: instrument.index,
      clientOrderId: e1,
      service: "order",
      role: "e",
      side: "buy",
      quantity: 10,
      price: 640_000,
      state: "sent",
      filled: 0,
      venueId: null,
      time: start,
    },
    {
      kind: "place-order",
      symbol: instrument.index,
      clientOrderId: e1,
      role: "e",
      side: "buy",
      quantity: 10,
      terms,
      reduceOnly: false,
    },
  ]);
});

test("[IDM-1] so does a conditional order", () => {
  const { bench, trade } = idle();
  const extent = { kind: "close-position" } as const;
  placeAlgo(bench.desk, trade, "f", "sell", "STOP_MARKET", ticks(639_800), extent, start);
  expect(bench.outputs).toEqual([
    expect.objectContaining({ kind: "order", service: "algo", quantity: null, price: 639_800, state: "sent" }),
    {
      kind: "place-algo",
      symbol: instrument.index,
      clientAlgoId: f1,
      role: "f",
      side: "sell",
      type: "STOP_MARKET",
      trigger: 639_800,
      workingType: settings.protection.working_type,
      extent,
    },
  ]);
});

test("[IDM-1] the intent has the plan's every term", () => {
  const bench = new Bench();
  const plan = planOf({ takeProfit: ticks(640_300), secondTarget: ticks(640_600) });
  bench.begin(plan);
  expect(bench.outputs[0]).toEqual({
    kind: "intent",
    trade: plan.trade,
    decisionId: "bench",
    source: "test",
    symbol: instrument.index,
    clientOrderId: e1,
    side: "buy",
    quantity: 10,
    stopLoss: 639_800,
    takeProfit: 640_300,
    secondTarget: 640_600,
    exits: plan.exits,
    decisionMidHalfTicks: 1_280_001,
    holdUntil: plan.holdUntil,
    cooldownMicros: plan.cooldownMicros,
    time: start,
  });
});

test.each<readonly [number, number, number | null]>([
  [640_000, 640_001, 1_280_001],
  [0, 640_001, null],
  [640_000, 0, null],
])("[ORD-4] the mid at which an entry leaves, between %i and %i, is kept: %s", (bid, ask_, expected) => {
  const { bench, trade } = idle();
  bench.touch.quote(bid, ask_);
  placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  expect(trade.arrivalMidHalfTicks).toBe(expected);
});

test("[ORD-4] the mid of the first entry order is kept, and no exit has one", () => {
  const { bench, trade } = idle();
  placeOrder(bench.desk, trade, "x", "sell", lots(1), marketTerms, start);
  const before = trade.arrivalMidHalfTicks;
  placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  bench.touch.quote(650_000);
  placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  expect([before, trade.arrivalMidHalfTicks]).toEqual([null, 1_280_001]);
});

test.each<readonly ["e" | "f"]>([["e"], ["f"]])(
  "[F-17] an order %s without an answer wakes its trade after twice the reply time",
  (role) => {
    const { bench, trade } = idle();
    if (role === "e") placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
    else placeAlgo(bench.desk, trade, "f", "sell", "STOP_MARKET", ticks(1), { kind: "close-position" }, start);
    expect(trade.wakeAt).toBe(after(2 * reply));
  },
);

test("[F-17] so does an amendment", () => {
  const { bench, trade } = idle();
  const order = placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  trade.wakeAt = Number.POSITIVE_INFINITY;
  amendOrder(bench.desk, trade, order, ticks(640_005), lots(7), after(1));
  expect([trade.wakeAt, bench.outputs.at(-1)]).toEqual([
    after(1 + 2 * reply),
    { kind: "amend-order", symbol: instrument.index, clientOrderId: e1, side: "buy", quantity: 7, price: 640_005 },
  ]);
});

/** The states of one order that the journal has. */
function states(bench: Bench, id: string): readonly unknown[] {
  return bench.outputs.flatMap((output) =>
    output.kind === "order" && output.clientOrderId === id
      ? [[output.state, output.filled, output.price, output.quantity]]
      : [],
  );
}

test("[REC-1] the journal has each change of an order once, and not how often it was asked about", () => {
  const { bench, trade } = idle();
  let order = placeOrder(bench.desk, trade, "e", "buy", lots(10), terms, start);
  const tell = (event: OrderEvent): void => {
    order = update(bench.desk, trade, order, event, start);
  };
  tell({ kind: "accepted" });
  tell({ kind: "asked" });
  tell({ kind: "amended", price: ticks(640_005), quantity: lots(10) });
  tell({ kind: "amended", price: ticks(640_005), quantity: lots(9) });
  tell({ kind: "executed", quantity: lots(4) });
  tell({ kind: "cancel-sent" });
  tell({ kind: "missed" });
  tell({ kind: "reported", status: "CANCELED", filled: lots(4), venueId: "7" });
  tell({ kind: "absent" });
  expect(states(bench, e1)).toEqual([
    ["sent", 0, 640_000, 10],
    ["live", 0, 640_000, 10],
    ["live", 0, 640_005, 10],
    ["live", 0, 640_005, 9],
    ["live", 4, 640_005, 9],
    ["cancelling", 4, 640_005, 9],
    ["cancelled", 4, 640_005, 9],
  ]);
  expect(trade.orders.get(e1)).toBe(order);
});

function live(bench: Bench, trade: Trade): Order {
  return update(
    bench.desk,
    trade,
    placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start),
    { kind: "accepted" },
    start,
  );
}

test("[I-21] a first cancel leaves at once, and the trade looks again after the interval", () => {
  const { bench, trade } = idle();
  const order = live(bench, trade);
  trade.wakeAt = Number.POSITIVE_INFINITY;
  cancel(bench.desk, trade, order, after(5));
  expect([bench.count("cancel-order", e1), trade.wakeAt]).toEqual([1, after(5 + lookup)]);
});

test.each<readonly [number, number]>([
  [1, lookup],
  [2, 2 * lookup],
  [3, 4 * lookup],
])("[I-21] after %i cancels the next one leaves %i ms after the last", (cancels, wait) => {
  const { bench, trade } = idle();
  const order = { ...live(bench, trade), cancels, cancelAt: after(10) };
  trade.wakeAt = Number.POSITIVE_INFINITY;
  cancel(bench.desk, trade, order, after(10 + wait - 1));
  const early = [bench.count("cancel-order", e1), trade.wakeAt];
  cancel(bench.desk, trade, order, after(10 + wait));
  expect([early, bench.count("cancel-order", e1)]).toEqual([[0, after(10 + wait)], 1]);
});

test("[ORD-1] what is not live is not cancelled", () => {
  const { bench, trade } = idle();
  const order = placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  cancel(bench.desk, trade, order, start);
  expect(bench.count("cancel-order", e1)).toBe(0);
});

test.each<readonly [number, number, string]>([
  [0, 0, "query-order"],
  [1, 0, "query-algo"],
  [2, 0, "query-order"],
  [1, settings.protection.absence_proof_seconds * 1_000 - 1, "query-algo"],
  [1, settings.protection.absence_proof_seconds * 1_000, "query-order"],
])("[F-40] a triggered order that was asked about %i times is asked about after %i ms by %s", (asks, ms, kind) => {
  const { bench, trade } = idle();
  const placed = placeAlgo(bench.desk, trade, "f", "sell", "STOP_MARKET", ticks(1), { kind: "close-position" }, start);
  const order = { ...step(placed, { kind: "algo-reported", status: "TRIGGERED", childId: "7" }, start), asks };
  ask(bench.desk, trade, order, after(ms));
  expect(bench.commands.at(-1)?.kind).toBe(kind);
  expect(trade.orders.get(f1)).toMatchObject({ asks: asks + 1, askedAt: after(ms) });
});

test("[SAF-2] a conditional order that was not triggered is asked about in its own service, however often", () => {
  const { bench, trade } = idle();
  const placed = placeAlgo(bench.desk, trade, "f", "sell", "STOP_MARKET", ticks(1), { kind: "close-position" }, start);
  ask(bench.desk, trade, { ...step(placed, { kind: "lost" }, start), asks: 1 }, after(60_000));
  expect(bench.commands.at(-1)?.kind).toBe("query-algo");
});
