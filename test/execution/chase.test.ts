/** The chase of mode normal: amending, cancel and replace, the zone, and the fail-safe. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { AmendOrder } from "../../src/domain/output.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { after, type SettingsChanges, settingsWith } from "../support/core.ts";
import { Bench, briefOf, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const e2 = idOf("e", 2);

type Normal = NonNullable<NonNullable<SettingsChanges["trading"]>["normal"]>;

/** A long of ten lots rests at 640,000; the zone ends at 640,321. */
function resting(normal: Normal = {}, brief: Parameters<typeof briefOf>[0] = {}): Bench {
  const bench = new Bench(settingsWith({ trading: { normal } }));
  bench.begin(planOf({ entry: briefOf(brief) }));
  bench.ok("place-order", e1);
  bench.sent();
  return bench;
}

function quote(bench: Bench, bid: number, ask = bid + 1): void {
  bench.touch.quote(bid, ask);
  bench.manager.onQuote(bench.now);
}

function amendment(bench: Bench): AmendOrder {
  const amends = bench.commands.filter((command) => command.kind === "amend-order");
  return present(amends.at(-1), "an amendment");
}

function working(bench: Bench): unknown {
  const order = bench.manager.trade?.orders.get(e1);
  return { status: order?.status.kind, price: order?.price, quantity: order?.quantity };
}

test("[EXE-7] an order that the market left behind is moved to the touch by one request", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  expect(amendment(bench)).toEqual({
    kind: "amend-order",
    symbol: 0,
    clientOrderId: e1,
    side: "buy",
    quantity: 10,
    price: 640_100,
  });
});

test("[EXE-7] it is left alone before its time and within the threshold", () => {
  const bench = resting();
  bench.at(500);
  quote(bench, 640_100);
  const early = bench.sent();
  quote(bench, 640_032);
  bench.at(1_500);
  expect([early, bench.sent()]).toEqual([[], []]);
});

test("[EXE-7] what the market left behind before the time is moved when the time comes", () => {
  const bench = resting();
  quote(bench, 640_100);
  bench.at(1_000);
  expect(bench.sent()).toEqual(["amend-order e1"]);
});

test("[EXE-7] a short is chased downwards", () => {
  const bench = new Bench();
  const terms = { type: "LIMIT", price: ticks(640_001), timeInForce: "GTC" } as const;
  bench.begin(planOf({ side: "sell", terms }));
  bench.ok("place-order", e1);
  bench.at(1_000);
  quote(bench, 639_900);
  expect(amendment(bench)).toMatchObject({ side: "sell", price: 639_901 });
});

test("[EXE-7] an accepted amendment is what the order is from then on, and its time-out begins anew", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.ok("amend-order", e1);
  const moved = working(bench);
  bench.at(2_999);
  const before = bench.count("cancel-order", e1);
  bench.at(3_000);
  expect([moved, before, bench.count("cancel-order", e1)]).toEqual([
    { status: "live", price: 640_100, quantity: 10 },
    0,
    1,
  ]);
});

test("[EXE-7] nothing is amended while the last amendment is on the wire", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.at(1_900);
  quote(bench, 640_200);
  expect(bench.count("amend-order", e1)).toBe(1);
});

test("[EXE-7] the chase ends after its attempts", () => {
  const bench = resting({ chase: { max_attempts: 2 } });
  for (const [ms, bid] of [
    [1_000, 640_050],
    [2_000, 640_100],
    [3_000, 640_150],
  ] as const) {
    bench.at(ms);
    quote(bench, bid);
    if (bench.manager.trade?.work.amendment !== null) bench.ok("amend-order", e1);
  }
  expect([bench.count("amend-order", e1), working(bench)]).toMatchObject([2, { price: 640_100 }]);
});

test("[EXE-7] no attempts switch the chase off", () => {
  const bench = resting({ chase: { max_attempts: 0 } });
  bench.at(1_500);
  quote(bench, 640_200);
  expect(bench.sent()).toEqual([]);
});

test("[EXE-7] an order is never moved out of the zone", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_322);
  const outside = bench.count("amend-order", e1);
  quote(bench, 640_321);
  expect([outside, amendment(bench).price]).toEqual([0, 640_321]);
});

test("[EXE-7] a volatility above the limit stops the chase", () => {
  const bench = resting();
  bench.touch.volatility = 61;
  bench.at(1_000);
  quote(bench, 640_100);
  expect([bench.count("amend-order", e1), working(bench)]).toMatchObject([0, { status: "live" }]);
});

test("[EXE-7] a decision that has changed ends the chase", () => {
  const bench = resting();
  bench.at(1_000);
  bench.manager.cancelEntry(bench.now);
  quote(bench, 640_100);
  bench.report(e1, "CANCELED", 0);
  expect([bench.sent(), bench.manager.trade]).toEqual([["cancel-order e1"], null]);
});

test("[EXE-7] an entry that is withdrawn while an amendment is on the wire is cancelled at once", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.manager.cancelEntry(bench.now);
  expect(bench.sent()).toEqual(["amend-order e1", "cancel-order e1"]);
});

test("[EXE-7] a stale decision ends the entry, and nothing follows it", () => {
  const bench = resting({}, { workUntil: after(1_200) });
  bench.at(1_201);
  const cancelled = bench.count("cancel-order", e1);
  bench.report(e1, "CANCELED", 0);
  expect([cancelled, bench.manager.trade]).toEqual([1, null]);
});

test("[IDM-1] an amendment asks for what has filled and the rest together (F-29)", () => {
  const bench = resting();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", idOf("f"));
  bench.at(1_000);
  quote(bench, 640_100);
  expect(amendment(bench).quantity).toBe(10);
});

test("[RSK-9] an amendment takes no more than risk still allows", () => {
  const bench = resting();
  bench.allowed = 7;
  bench.at(1_000);
  quote(bench, 640_100);
  expect(amendment(bench).quantity).toBe(7);
});

test("[IDM-1] an order with executions that are not booked is not amended", () => {
  const bench = resting();
  bench.at(900);
  bench.report(e1, "PARTIALLY_FILLED", 4);
  bench.at(1_000);
  quote(bench, 640_100);
  expect(bench.count("amend-order", e1)).toBe(0);
});

test("[SAF-2] an amendment whose answer is lost makes the order looked up, and its answer is believed", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.lose("amend-order", e1);
  const asked = bench.count("query-order", e1);
  const doubted = bench.manager.trade?.orders.get(e1)?.status.kind;
  bench.found(e1, "NEW", 0, 640_100);
  expect([asked, doubted, working(bench)]).toMatchObject([1, "unknown", { status: "live", price: 640_100 }]);
});

test("[SAF-2] an amendment that is never answered makes the order looked up", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.at(7_000);
  expect(bench.count("query-order", e1)).toBe(1);
});

test("[EXE-7] an amendment that changes nothing is done", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.refuse("amend-order", e1, -5027);
  expect([bench.count("query-order", e1), working(bench)]).toMatchObject([0, { status: "live", price: 640_100 }]);
});

test("[EXE-7] after an amendment was refused the order is moved by cancel and replace", () => {
  const bench = resting();
  bench.at(1_000);
  quote(bench, 640_100);
  bench.refuse("amend-order", e1, -5026);
  bench.report(e1, "NEW", 0, null, "query");
  const second = bench.sent();
  bench.report(e1, "CANCELED", 0);
  expect([second, bench.order(e2)]).toMatchObject([
    ["amend-order e1", "query-order e1", "cancel-order e1"],
    { quantity: 10, terms: { type: "LIMIT", price: 640_100 } },
  ]);
});

test("[IDM-1] the replacement leaves only when the first order is proven closed", () => {
  const bench = resting({ amend_in_place: false });
  bench.at(1_000);
  quote(bench, 640_100);
  const before = bench.sent();
  bench.ok("cancel-order", e1);
  const acknowledged = bench.sent();
  bench.report(e1, "CANCELED", 0);
  expect([before, acknowledged, bench.sent()]).toEqual([["cancel-order e1"], [], ["place-order e2"]]);
});

test("[IDM-1] what filled while the first order was being cancelled is not bought again (F-29)", () => {
  const bench = resting({ amend_in_place: false });
  bench.at(1_000);
  quote(bench, 640_100);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", idOf("f"));
  bench.report(e1, "CANCELED", 4);
  expect(bench.order(e2).quantity).toBe(6);
});

test("[IDM-1] an order that filled instead of being cancelled is not replaced", () => {
  const bench = resting({ amend_in_place: false });
  bench.at(1_000);
  quote(bench, 640_100);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  expect([bench.count("place-order", e2), bench.manager.trade?.entryFinished]).toEqual([0, true]);
});

test("[EXE-7] a price that has left the zone meanwhile is not followed", () => {
  const bench = resting({ amend_in_place: false });
  bench.at(1_000);
  quote(bench, 640_100);
  quote(bench, 640_400);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});

test("[IDM-1] at no moment are two entry orders of a trade able to fill", () => {
  const bench = resting({ amend_in_place: false, chase: { max_attempts: 5 } });
  let most = 0;
  for (let step = 1; step < 60; step += 1) {
    bench.at(step * 200);
    quote(bench, 640_000 + step * 5);
    const live = [...(bench.manager.trade?.orders.values() ?? [])].filter(
      ({ role, status }) => role === "e" && status.kind !== "closed",
    );
    most = Math.max(most, live.length);
    for (const { id, status } of live) {
      if (status.kind === "cancelling") bench.report(id, "CANCELED", 0);
      if (status.kind === "sent") bench.report(id, "NEW", 0);
    }
  }
  expect([most, bench.commands.filter(({ kind }) => kind === "place-order").length > 2]).toEqual([1, true]);
});

/** Resting at the touch until its time is out and it is cancelled. */
function exhausted(bench: Bench): Bench {
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  return bench;
}

test.each<readonly [number | null, number]>([
  [0.75, 1],
  [0.749, 0],
  [null, 1],
])("[EXE-8] with a confidence of %s the fail-safe sends %i market order", (confidence, count) => {
  expect(exhausted(resting({}, { confidence })).count("place-order", e2)).toBe(count);
});

test("[EXE-8] the fail-safe takes only inside the zone", () => {
  const bench = resting({ chase: { max_attempts: 0 } });
  bench.at(1_900);
  quote(bench, 640_321);
  expect(exhausted(bench).count("place-order", e2)).toBe(0);
});

test("[EXE-8] the fail-safe takes only while the spread is narrow", () => {
  const bench = resting({ chase: { max_attempts: 0 }, fail_safe: { max_spread_bps: 0.1 } });
  bench.at(1_900);
  quote(bench, 640_000, 640_007);
  expect(exhausted(bench).count("place-order", e2)).toBe(0);
});

test("[EXE-8] what holds the fail-safe back is told with its numbers", () => {
  const bench = exhausted(resting({}, { confidence: 0.5 }));
  expect(bench.outputs).toContainEqual({
    kind: "notice",
    level: "info",
    code: "ENTRY_HELD_BACK",
    symbol: 0,
    fields: { trade: planOf().trade, reason: "LOW_CONFIDENCE", measured: 0.5, limit: 0.75 },
  });
});

test("[EXE-9] the fail-safe is not sent where the book would fill it too much worse", () => {
  const bench = resting();
  bench.touch.slippage = 193;
  expect(exhausted(bench).count("place-order", e2)).toBe(0);
});

test("[EXE-8] the fail-safe follows the chase, at the price that the chase had reached", () => {
  const bench = resting({ chase: { max_attempts: 1 } });
  bench.at(1_000);
  quote(bench, 640_100);
  bench.ok("amend-order", e1);
  bench.at(3_000);
  bench.report(e1, "CANCELED", 0);
  expect(bench.order(e2)).toMatchObject({ quantity: lots(10), terms: { type: "MARKET" } });
});

test("[IDM-1] an order that risk made smaller is not made larger again by a later amendment", () => {
  const bench = resting();
  bench.allowed = 7;
  bench.at(1_000);
  quote(bench, 640_100);
  bench.ok("amend-order", e1);
  bench.allowed = 10;
  bench.at(2_000);
  quote(bench, 640_200);
  expect(amendment(bench)).toMatchObject({ quantity: 7, price: 640_200 });
});

test("[EXE-7] nothing follows an order whose cancel is proven after the decision has become stale", () => {
  const bench = resting({}, { workUntil: after(2_500) });
  bench.at(2_600);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});
