/** What may be sent of an entry after its first order, and what follows an order that is over. */

import { expect, test } from "vitest";
import { emptyLedger, withFill } from "../../src/account/ledger.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import type { Side } from "../../src/domain/order.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { isEnough, nextSending } from "../../src/execution/entry-next.ts";
import {
  crossing,
  isUnwanted,
  limitAt,
  mayGoOn,
  replanned,
  type Sending,
  takingOf,
} from "../../src/execution/entry-plan.ts";
import type { EntryBrief } from "../../src/execution/entry-work.ts";
import { type Order, type OrderEvent, sentOrder, step } from "../../src/execution/order.ts";
import { type EntryTerms, newTrade, type Trade, type TradePlan } from "../../src/execution/trade.ts";
import {
  after,
  instrument,
  instrumentWith,
  type SettingsChanges,
  settings,
  settingsWith,
  start,
} from "../support/core.ts";
import { Bench, briefOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");

type Given = {
  readonly trading?: SettingsChanges["trading"];
  readonly instrument?: Instrument;
  readonly plan?: Partial<TradePlan>;
  readonly brief?: Partial<EntryBrief>;
  readonly prepare?: (bench: Bench, trade: Trade) => void;
};

type Case = { readonly bench: Bench; readonly trade: Trade; readonly brief: EntryBrief };

/** A trade of which nothing has been sent yet. */
function given({ trading = {}, instrument: one = instrument, plan = {}, brief = {}, prepare }: Given = {}): Case {
  const bench = new Bench(settingsWith({ trading }), one);
  const entry = briefOf(brief);
  const trade = newTrade(planOf({ entry, ...plan }));
  prepare?.(bench, trade);
  return { bench, trade, brief: entry };
}

function filled(trade: Trade, quantity: number): void {
  trade.ledger = withFill(emptyLedger, trade.plan.side, ticks(640_000), lots(quantity));
}

function heldBack({ bench }: Case): readonly unknown[] {
  return bench.outputs.map((output) =>
    output.kind === "notice" ? [output.code, output.fields["reason"]] : output.kind,
  );
}

test.each<readonly [string, Given, number, boolean]>([
  ["nothing stands against it", {}, 0, true],
  ["the decision is as old as it may be", {}, 15_000, true],
  ["the decision is too old", {}, 15_000.001, false],
  ["the hold is almost over", { brief: { workUntil: after(60_000) } }, 29_999, true],
  ["the hold is over", { brief: { workUntil: after(60_000) } }, 30_000, false],
  ["the trade has no brief", { plan: { entry: null } }, 0, false],
  [
    "it was withdrawn",
    {
      prepare: (_, trade) => {
        trade.entryWithdrawn = true;
      },
    },
    0,
    false,
  ],
  [
    "nothing may enter",
    {
      prepare: (bench) => {
        bench.mayEnter = false;
      },
    },
    0,
    false,
  ],
  [
    "the position is being closed",
    {
      prepare: (_, trade) => {
        trade.closing = { reason: "OPERATOR", since: start, attempts: 0, nextAttemptAt: 0, clearsTargets: false };
      },
    },
    0,
    false,
  ],
  ["a part has filled", { prepare: (_, trade) => filled(trade, 4) }, 0, true],
  [
    "a part was closed again",
    {
      prepare: (_, trade) => {
        filled(trade, 4);
        trade.ledger = withFill(trade.ledger, "sell", ticks(640_300), lots(1));
      },
    },
    0,
    false,
  ],
  ["the price is one tick from the stop", { prepare: ({ touch }) => touch.quote(639_801) }, 0, true],
  ["the price is at the stop", { prepare: ({ touch }) => touch.quote(639_800) }, 0, false],
  [
    "a short's price is one tick from it",
    { plan: { side: "sell" }, prepare: ({ touch }) => touch.quote(640_198) },
    0,
    true,
  ],
  ["a short's price is at it", { plan: { side: "sell" }, prepare: ({ touch }) => touch.quote(640_199) }, 0, false],
  ["there is no bid", { prepare: ({ touch }) => touch.quote(0, 640_001) }, 0, false],
  ["there is no ask", { prepare: ({ touch }) => touch.quote(640_000, 0) }, 0, false],
  ["a short sees no bid", { plan: { side: "sell" }, prepare: ({ touch }) => touch.quote(0, 640_001) }, 0, false],
])("[EXE-4] where %s an entry may go on, %j at %d ms: %s", (_what, changes, ms, expected) => {
  const { bench, trade } = given(changes);
  expect(mayGoOn(bench.desk, trade, micros(start + Math.round(ms * 1_000)))).toBe(expected);
});

test("[EXE-4] the entry of an adopted trade does not go on", () => {
  const { bench } = given();
  expect(mayGoOn(bench.desk, newTrade(planOf(), true), start)).toBe(false);
});

test("[I-04] an entry does not go on while an order of the trade is in doubt", () => {
  const { bench, trade } = given({ prepare: (_, one) => one.orders.set(e1, ended([{ kind: "lost" }])) });
  expect([mayGoOn(bench.desk, trade, start), isUnwanted(bench.desk, trade)]).toEqual([false, false]);
});

test("[EXE-4] a new plan asks risk for the rest at its price, and keeps the terms of the policy", () => {
  const one = given({ prepare: (_, trade) => filled(trade, 4) });
  expect(replanned(one.bench.desk, one.trade, one.brief, start)).toEqual({
    quantity: 6,
    terms: { type: "LIMIT", price: 640_000, timeInForce: "GTC" },
  });
  expect([one.bench.rechecks, one.bench.outputs]).toEqual([[[6, 640_000]], []]);
});

test("[EXE-4] an entry that has filled has no rest", () => {
  const one = given({ prepare: (_, trade) => filled(trade, 10) });
  expect([replanned(one.bench.desk, one.trade, one.brief, start), one.bench.rechecks]).toEqual([null, []]);
});

test("[EXE-4] a step back is kept", () => {
  const one = given({
    prepare: (_, trade) => {
      trade.work.stepBack = 3;
    },
  });
  expect(replanned(one.bench.desk, one.trade, one.brief, start)).toMatchObject({ terms: { price: 639_997 } });
});

test.each<readonly ["normal" | "scalp", string]>([
  ["normal", "ENTRY_HELD_BACK"],
  ["scalp", "[SCALP] Held back: the rest of an entry"],
])("[EXE-3] in mode %s a policy that waits sends nothing and says why: %s", (mode, code) => {
  const zone = { low: ticks(641_000), high: ticks(641_500) };
  const one = given({ brief: { mode, zone } });
  expect(replanned(one.bench.desk, one.trade, one.brief, start)).toBeNull();
  expect(one.bench.outputs).toEqual([
    {
      kind: "notice",
      level: "info",
      code,
      symbol: instrument.index,
      fields: { trade: one.trade.plan.trade, reason: "ZONE_TOO_FAR", measured: expect.closeTo(15.625, 3), limit: 0 },
    },
  ]);
});

const market = { normal: { entry_order: "market" as const } };
const open = { zone: null, confidence: 1 };

test.each<readonly [Side, number]>([
  ["buy", 640_001],
  ["sell", 640_000],
])("[RSK-9] for a %s at market risk is asked at the touch that it takes: %i", (side, price) => {
  const one = given({ trading: market, plan: { side }, brief: open });
  expect(replanned(one.bench.desk, one.trade, one.brief, start)).toEqual({ quantity: 10, terms: { type: "MARKET" } });
  expect(one.bench.rechecks).toEqual([[10, price]]);
});

test.each<readonly [string, Parameters<typeof instrumentWith>[0], number, number | null]>([
  ["the least quantity", { minQuantity: "0.005" }, 5, 5],
  ["less than the least quantity", { minQuantity: "0.005" }, 4, null],
  ["the least worth", { minNotional: "128" }, 2, 2],
  ["less than the least worth", { minNotional: "128.1" }, 2, null],
  ["more than the largest", { maxQuantity: "0.006" }, 10, 6],
  ["nothing", {}, 0, null],
])("[ORD-6] of a limit order for %s, %j with %i allowed, %s are sent", (_what, rules, allowed, expected) => {
  const one = given({
    instrument: instrumentWith(rules),
    prepare: (bench) => {
      bench.allowed = allowed;
    },
  });
  expect(replanned(one.bench.desk, one.trade, one.brief, start)?.quantity ?? null).toBe(expected);
});

test.each<readonly [string, Parameters<typeof instrumentWith>[0], number, number | null]>([
  ["the least quantity", { minQuantity: "0.005" }, 5, 5],
  ["less than the least quantity", { minQuantity: "0.005", marketMinQuantity: "0.001" }, 4, null],
  ["the least of market orders", { marketMinQuantity: "0.005" }, 5, 5],
  ["less than the least of market orders", { marketMinQuantity: "0.005" }, 4, null],
  ["the least worth", { minNotional: "128" }, 2, 2],
  ["less than the least worth", { minNotional: "128.1" }, 2, null],
  ["more than the largest, on the step", { marketMaxQuantity: "0.008", marketStepSize: "0.003" }, 10, 6],
])("[ORD-6] of a market order for %s, %j with %i allowed, %s are sent", (_what, rules, allowed, expected) => {
  const one = given({
    instrument: instrumentWith(rules),
    brief: open,
    prepare: (bench) => {
      bench.allowed = allowed;
    },
  });
  expect(crossing(one.bench.desk, one.trade, one.brief, start)?.quantity ?? null).toBe(expected);
});

test.each<readonly [Side, number, number, boolean]>([
  ["buy", 640_001, 640_500, true],
  ["buy", 640_002, 640_500, false],
  ["buy", 639_000, 640_001, true],
  ["buy", 639_000, 640_000, false],
  ["sell", 640_000, 640_500, true],
  ["sell", 640_001, 640_500, false],
  ["sell", 639_000, 640_000, true],
  ["sell", 639_000, 639_999, false],
])("[EXE-8] the fail-safe of a %s takes inside %i to %i, both included: %s", (side, low, high, expected) => {
  const one = given({ plan: { side }, brief: { confidence: 1, zone: { low: ticks(low), high: ticks(high) } } });
  expect(crossing(one.bench.desk, one.trade, one.brief, start) !== null).toBe(expected);
  expect(heldBack(one)).toEqual(expected ? [] : [["ENTRY_HELD_BACK", "ZONE_TOO_FAR"]]);
});

const failSafe = settings.trading.normal.fail_safe;

test.each<readonly [string, Given, string | null]>([
  ["a confidence that is not known", { brief: { ...open, confidence: null } }, null],
  ["the least confidence", { brief: { ...open, confidence: failSafe.min_confidence } }, null],
  ["less confidence", { brief: { ...open, confidence: failSafe.min_confidence - 0.01 } }, "LOW_CONFIDENCE"],
  [
    "a spread that is too wide",
    { brief: open, prepare: ({ touch }) => touch.quote(640_000, 650_000) },
    "SPREAD_ABNORMAL",
  ],
  [
    "a book that would fill too much worse",
    {
      brief: open,
      prepare: ({ touch }) => {
        touch.slippage = 9e4;
      },
    },
    "SLIPPAGE_TOO_HIGH",
  ],
])("[EXE-8] with %s, %j, the fail-safe is held back by %s", (_what, changes, reason) => {
  const one = given(changes);
  const sending = crossing(one.bench.desk, one.trade, one.brief, start);
  expect(sending).toEqual(reason === null ? { quantity: 10, terms: { type: "MARKET" } } : null);
  expect(heldBack(one)).toEqual(reason === null ? [] : [["ENTRY_HELD_BACK", reason]]);
});

test("[EXE-8] the widest spread of the fail-safe is taken", () => {
  const { spreadBps } = given().bench.touch;
  const one = given({ trading: { normal: { fail_safe: { max_spread_bps: spreadBps } } }, brief: open });
  expect(crossing(one.bench.desk, one.trade, one.brief, start)).not.toBeNull();
});

test("[EXE-8] what holds the fail-safe back is told with what was measured and its limit", () => {
  const one = given({ brief: { ...open, confidence: 0.1 } });
  crossing(one.bench.desk, one.trade, one.brief, start);
  const spread = given({ brief: open, prepare: ({ touch }) => touch.quote(640_000, 650_000) });
  crossing(spread.bench.desk, spread.trade, spread.brief, start);
  const fields = [one, spread].map(({ bench }) =>
    bench.outputs.map((output) => output.kind === "notice" && output.fields),
  );
  expect(fields).toMatchObject([
    [{ measured: 0.1, limit: failSafe.min_confidence }],
    [{ measured: expect.closeTo(155.04, 2), limit: failSafe.max_spread_bps }],
  ]);
});

test.each<readonly ["normal" | "scalp", boolean, "GTX" | "GTC"]>([
  ["normal", true, "GTX"],
  ["normal", false, "GTC"],
  ["scalp", true, "GTX"],
])("[EXE-3] a limit in mode %s with post_only %s has the time in force %s", (mode, post_only, timeInForce) => {
  const one = given({ trading: { [mode]: { post_only } }, brief: { mode, confidence: 1, edge: 1 } });
  expect(limitAt(one.bench.desk, one.trade, one.brief, ticks(639_990), start)).toEqual({
    quantity: 10,
    terms: { type: "LIMIT", price: 639_990, timeInForce },
  });
});

test("[EXE-9] a limit that crosses is held back by slippage, one that rests is not", () => {
  const at = (price: number): Sending | null => {
    const { bench, trade, brief } = given({
      prepare: (one) => {
        one.touch.slippage = null;
      },
    });
    return limitAt(bench.desk, trade, brief, ticks(price), start);
  };
  expect([at(640_000) !== null, at(640_001)]).toEqual([true, null]);
});

const limit = (price: number, timeInForce: "GTC" | "GTX" = "GTC"): EntryTerms => ({
  type: "LIMIT",
  price: ticks(price),
  timeInForce,
});

test.each<readonly [Side, EntryTerms, number | null]>([
  ["buy", { type: "MARKET" }, 10],
  ["buy", limit(640_000), null],
  ["buy", limit(640_001), 10],
  ["buy", limit(640_002), 10],
  ["sell", limit(640_001), null],
  ["sell", limit(640_000), 10],
  ["sell", limit(639_999), 10],
])("[EXE-9] a %s with %j takes %s of ten lots at once", (side, terms, expected) => {
  expect(takingOf(side, terms, lots(10), ticks(640_000), ticks(640_001))).toBe(expected);
});

test.each<readonly [number, number, boolean]>([
  [0.5, 5, true],
  [0.5, 4, false],
  [0.5, 0, false],
  [0, 0, false],
  [0, 1, true],
])("[EXE-4] with a ratio of %d, %i of ten lots are enough: %s", (partial_fill_min_ratio, quantity, expected) => {
  const one = given({
    trading: { normal: { partial_fill_min_ratio } },
    prepare: (_, trade) => (quantity === 0 ? undefined : filled(trade, quantity)),
  });
  expect(isEnough(one.bench.desk, one.trade, one.brief)).toBe(expected);
});

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
