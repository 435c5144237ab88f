/** What may be sent of an entry after its first order, and what follows an order that is over. */

import { expect, test } from "vitest";
import { withFill } from "../../src/account/ledger.ts";
import type { Side } from "../../src/domain/order.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { isEnough } from "../../src/execution/entry-next.ts";
import {
  crossing,
  isUnwanted,
  limitAt,
  mayGoOn,
  replanned,
  type Sending,
  takingOf,
} from "../../src/execution/entry-plan.ts";
import { type Order, sentOrder, step } from "../../src/execution/order.ts";
import { type EntryTerms, newTrade } from "../../src/execution/trade.ts";
import { after, instrument, instrumentWith, settings, start } from "../support/core.ts";
import { idOf, planOf } from "./bench.ts";

import { type Case, filled, type Given, given, limit, market, open } from "./sending-given.ts";

const e1 = idOf("e");

function inDoubt(): Order {
  const what = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  return step(sentOrder({ ...what, quantity: lots(10), price: null }, start), { kind: "lost" }, start);
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
        trade.closing = {
          reason: "OPERATOR",
          since: start,
          attempts: 0,
          nextAttemptAt: 0,
          clearsTargets: false,
          tooLarge: Number.POSITIVE_INFINITY,
        };
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
  const { bench, trade } = given({ prepare: (_, one) => one.orders.set(e1, inDoubt()) });
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
