/** What follows an entry order that is over. */

import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { nextSending } from "../../src/execution/entry-next.ts";
import type { Sending } from "../../src/execution/entry-plan.ts";
import { type Order, type OrderEvent, sentOrder, step } from "../../src/execution/order.ts";
import type { EntryTerms } from "../../src/execution/trade.ts";
import { instrument, instrumentWith, settings, start } from "../support/core.ts";
import { idOf } from "./bench.ts";

import { type Case, filled, type Given, given, limit, market, open } from "./sending-given.ts";

const e1 = idOf("e");

function ended(events: readonly OrderEvent[], changes: Partial<Order> = {}): Order {
  const what = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  const order = { ...sentOrder({ ...what, quantity: lots(10), price: ticks(640_000) }, start), ...changes };
  return events.reduce((state, event) => step(state, event, start), order);
}

const refused = (code: number): readonly OrderEvent[] => [{ kind: "refused", code }];
const closed = (status: "CANCELED" | "EXPIRED" | "FILLED", quantity = 0): readonly OrderEvent[] => [
  { kind: "reported", status, filled: lots(quantity), venueId: "7" },
];
const byUs: readonly OrderEvent[] = [{ kind: "accepted" }, { kind: "cancel-sent" }, ...closed("CANCELED")];
const postOnly = { normal: { post_only: true } };

function next(one: Case, entry: Order): Sending | null {
  return nextSending(one.bench.desk, one.trade, entry, start);
}

test.each<readonly [string, Given, Order]>([
  ["is still alive", {}, ended([{ kind: "accepted" }])],
  ["has filled", {}, ended(closed("FILLED", 10))],
  ["was never accepted", {}, ended([{ kind: "lost" }, { kind: "absent" }])],
  ["has vanished", {}, ended([{ kind: "accepted" }, { kind: "doubted" }, { kind: "absent" }])],
  ["somebody else cancelled", {}, ended(closed("CANCELED"))],
  ["was refused for want of margin", {}, ended(refused(-2019))],
  [
    "was refused by a report that gives no code",
    {},
    ended([{ kind: "reported", status: "REJECTED", filled: lots(0), venueId: "7" }]),
  ],
  ["expired", {}, ended(closed("EXPIRED"))],
  ["took a part before it expired", { trading: postOnly }, ended(closed("EXPIRED", 1))],
  ["was a market order and expired", { trading: postOnly }, ended(closed("EXPIRED"), { price: null })],
  [
    "was given up",
    {
      prepare: (_, { work }) => {
        work.ending = "given-up";
      },
    },
    ended(byUs),
  ],
  ["was cancelled for nothing", {}, ended(byUs)],
  [
    "timed out with enough filled",
    {
      prepare: (_, trade) => {
        trade.work.ending = "timed-out";
        filled(trade, 5);
      },
    },
    ended(byUs),
  ],
  [
    "timed out at market",
    {
      prepare: (_, { work }) => {
        work.ending = "timed-out";
      },
    },
    ended(byUs, { price: null }),
  ],
  [
    "left the plan filled",
    {
      prepare: (_, trade) => {
        trade.work.ending = "timed-out";
        filled(trade, 10);
      },
    },
    ended(byUs),
  ],
  [
    "was chased out of its zone",
    {
      brief: { zone: { low: ticks(639_000), high: ticks(639_999) } },
      prepare: (_, { work }) => {
        work.ending = "chased";
      },
    },
    ended(byUs),
  ],
])("[EXE-4] nothing follows an entry order that %s", (_what, changes, entry) => {
  expect(next(given(changes), entry)).toBeNull();
});

test("[EXE-4] the plan's quantity is the most that follows, whatever was asked before", () => {
  const one = given({ prepare: (_, trade) => filled(trade, 10) });
  expect([next(one, ended(refused(-5022))), one.trade.work.replacements]).toEqual([null, 0]);
});

test.each<readonly ["replaced" | "chased" | "timed-out", EntryTerms]>([
  ["replaced", { type: "LIMIT", price: ticks(639_900), timeInForce: "GTC" }],
  ["chased", { type: "LIMIT", price: ticks(640_000), timeInForce: "GTC" }],
  ["timed-out", { type: "MARKET" }],
])("[EXE-4] an order that was %s is followed by %j", (ending, terms) => {
  const one = given({
    brief: { zone: { low: ticks(639_500), high: ticks(640_300) }, confidence: 1 },
    prepare: (_, { work }) => {
      work.ending = ending;
    },
  });
  expect(next(one, ended(byUs))).toEqual({ quantity: 10, terms });
});

test.each<readonly [string, readonly OrderEvent[]]>([
  ["refused because it would take", refused(-5022)],
  ["expired because it would take", closed("EXPIRED")],
])("[EXE-3] a post-only order that was %s goes one tick back", (_what, events) => {
  const one = given({ trading: postOnly });
  expect(next(one, ended(events))).toEqual({
    quantity: 10,
    terms: { type: "LIMIT", price: 639_999, timeInForce: "GTX" },
  });
  expect([one.trade.work.replacements, one.trade.work.stepBack]).toEqual([1, 1]);
});

test.each<readonly [string, boolean, string, boolean]>([
  ["its own amendment", true, e1, true],
  ["its own amendment", false, e1, false],
  ["the amendment of another order", true, idOf("e", 2), false],
])("[EXE-3] an order that %s ended, post-only %s, is placed again: %s %s", (_what, post_only, order, expected) => {
  const one = given({
    trading: { normal: { post_only } },
    prepare: (_, { work }) => {
      work.amendment = { order, price: ticks(640_001), quantity: lots(10), since: start };
    },
  });
  expect(next(one, ended(closed("CANCELED"))) !== null).toBe(expected);
});

test.each<readonly [number, boolean]>([
  [settings.trading.normal.replace_attempts - 1, true],
  [settings.trading.normal.replace_attempts, false],
])("[EXE-3] after %i re-placements another one follows: %s", (replacements, expected) => {
  const one = given({
    prepare: (_, { work }) => {
      work.replacements = replacements;
    },
  });
  expect(next(one, ended(refused(-5022))) !== null).toBe(expected);
});

const mid = { zone: { low: ticks(639_994), high: ticks(640_000) } };

test.each<readonly [string, Given, number, Partial<Order>, EntryTerms | null, number]>([
  ["off the grid", {}, -1111, {}, limit(639_990), 20],
  ["off the grid, post-only", { trading: postOnly }, -1111, {}, limit(639_990, "GTX"), 20],
  ["outside a price bound", { brief: mid }, -4016, { quantity: lots(20), price: ticks(639_999) }, limit(639_997), 20],
  ["too large", {}, -4005, {}, limit(639_995), 13],
  [
    "too large for less than risk allows now",
    {
      prepare: (bench) => {
        bench.allowed = 8;
      },
    },
    -4005,
    {},
    limit(639_995),
    4,
  ],
  ["too large at market", { trading: market, brief: open }, -4005, { price: null }, { type: "MARKET" }, 13],
  ["outside a price bound that market orders do not have", { trading: market, brief: open }, -4016, {}, null, 0],
  ["too small", {}, -4003, {}, null, 0],
  [
    "already mended",
    {
      prepare: (_, { work }) => {
        work.isMended = true;
      },
    },
    -1111,
    {},
    null,
    0,
  ],
  ["out of its zone by now", { brief: { zone: { low: ticks(641_000), high: ticks(641_500) } } }, -1111, {}, null, 0],
  [
    "below the least quantity when halved",
    { instrument: instrumentWith({ minQuantity: "0.014" }) },
    -4005,
    {},
    null,
    0,
  ],
  [
    "the least quantity when halved",
    { instrument: instrumentWith({ minQuantity: "0.013" }) },
    -4005,
    {},
    limit(639_995),
    13,
  ],
  ["below the least worth when halved", { instrument: instrumentWith({ minNotional: "832" }) }, -4005, {}, null, 0],
  [
    "the least worth when halved",
    { instrument: instrumentWith({ minNotional: "831.9935" }) },
    -4005,
    {},
    limit(639_995),
    13,
  ],
  [
    "below the least worth when halved at market",
    { trading: market, brief: open, instrument: instrumentWith({ minNotional: "832.1" }) },
    -4005,
    { price: null },
    null,
    0,
  ],
])("[ORD-6] an order that is %s", (_what, changes, code, order, terms, quantity) => {
  const one = given({ ...changes, plan: { quantity: lots(27) } });
  const entry = ended(refused(code), { quantity: lots(27), price: ticks(639_995), ...order });
  expect(next(one, entry)).toEqual(terms === null ? null : { quantity, terms });
});

test("[ORD-6] mending is told with what was and what is", () => {
  const one = given({ plan: { quantity: lots(27) } });
  next(one, ended(refused(-1111), { quantity: lots(27), price: ticks(639_995) }));
  expect([one.bench.outputs, one.trade.work.isMended]).toEqual([
    [
      {
        kind: "notice",
        level: "warn",
        code: "ORDER_MENDED",
        symbol: instrument.index,
        fields: {
          order: e1,
          refusal: -1111,
          quantityLots: 27,
          quantityLotsNow: 20,
          priceTicks: 639_995,
          priceTicksNow: 639_990,
        },
      },
    ],
    true,
  ]);
});
