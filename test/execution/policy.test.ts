/** The two policies: where an entry is placed, and when it takes. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { suspectGrid } from "../../src/domain/instrument.ts";
import { ticks } from "../../src/domain/units.ts";
import { bandAround, chasedPrice, joinedPrice } from "../../src/execution/policy/normal.ts";
import { planEntry } from "../../src/execution/policy/plan.ts";
import { type EntryPlan, type PolicyInput, zoneDistanceBps } from "../../src/execution/policy/policy.ts";
import { againstMarket } from "../../src/execution/policy/scalp.ts";
import { instrument, instrumentWith, type SettingsChanges, settingsWith } from "../support/core.ts";

const touch: PolicyInput = {
  side: "buy",
  bid: ticks(640_000),
  ask: ticks(640_001),
  zone: null,
  spreadBps: 0.0156,
  topDepth: 1e6,
  latencyMs: 1,
  stepBack: 0,
};

function at(bid: number, ask: number, side: PolicyInput["side"] = "buy"): PolicyInput {
  return { ...touch, side, bid: ticks(bid), ask: ticks(ask), spreadBps: ((ask - bid) / (ask + bid)) * 20_000 };
}

function zoned(low: number, high: number, input: PolicyInput = touch): PolicyInput {
  return { ...input, zone: { low: ticks(low), high: ticks(high) } };
}

function plan(mode: "normal" | "scalp", input: PolicyInput, trading: SettingsChanges["trading"] = {}): EntryPlan {
  return planEntry(mode, input, settingsWith({ trading }).trading, instrument);
}

function priceOf(entry: EntryPlan): number | string {
  return entry.kind === "limit" ? entry.price : entry.kind;
}

test("[EXE-3] on a one-tick book a near-touch order joins the touch", () => {
  expect(plan("scalp", touch)).toEqual({ kind: "limit", price: 640_000, timeInForce: "GTC", reason: "JOIN_TOUCH" });
});

test("[EXE-3] on a wider book it goes one tick into the spread, whatever the offset", () => {
  const trading = { scalp: { passive_offset_bps: 5 } };
  expect([priceOf(plan("scalp", at(640_000, 640_500), trading))]).toEqual([640_001]);
});

test("[EXE-3] an offset below one tick stays at the touch", () => {
  const trading = { scalp: { passive_offset_bps: 0.01 } };
  expect(priceOf(plan("scalp", at(640_000, 640_500), trading))).toBe(640_000);
});

test("[EXE-3] asked to, the offset reaches the other side and not beyond", () => {
  const trading = { scalp: { limit_may_cross: true, passive_offset_bps: 2 } };
  const plans = [at(640_000, 640_100), at(640_000, 640_200)].map((input) => plan("scalp", input, trading));
  expect(plans).toMatchObject([
    { price: 640_100, reason: "CROSS_ASKED" },
    { price: 640_128, reason: "IMPROVE_TOUCH" },
  ]);
});

test("[EXE-3] post-only is the time in force GTX", () => {
  expect(plan("scalp", touch, { scalp: { post_only: true } })).toMatchObject({ timeInForce: "GTX" });
});

const taking = { scalp: { prefer_limit: false } };

test.each<readonly [string, Partial<PolicyInput>, string]>([
  ["within the market limits", { spreadBps: 2, topDepth: 5_000, latencyMs: 250 }, "market"],
  ["with a spread beyond them", { spreadBps: 2.01 }, "limit"],
  ["with less depth", { topDepth: 4_999 }, "limit"],
  ["with more latency", { latencyMs: 251 }, "limit"],
  ["with a latency that is not known", { latencyMs: null }, "limit"],
])("[EXE-3] without `prefer_limit`, %s: %j gives a %s order", (_what, changes, kind) => {
  expect(plan("scalp", { ...touch, ...changes }, taking).kind).toBe(kind);
});

test.each<readonly [string, Partial<PolicyInput>, unknown]>([
  ["spread", { spreadBps: 2.01 }, { reason: "SCALP_SPREAD_TOO_WIDE", measured: 2.01, limit: 2 }],
  ["spread that is not known", { spreadBps: Number.NaN }, { reason: "SCALP_SPREAD_TOO_WIDE", limit: 2 }],
  ["depth", { topDepth: 4_999 }, { reason: "SCALP_INSUFFICIENT_DEPTH", measured: 4_999, limit: 5_000 }],
  ["latency", { latencyMs: 251 }, { reason: "SCALP_LATENCY", measured: 251, limit: 250 }],
])("[EXE-3] what a market order fails for, the %s, is told with its limit", (_what, changes, expected) => {
  expect(againstMarket({ ...touch, ...changes }, settingsWith({}).trading.scalp)).toMatchObject(Object(expected));
});

test.each<readonly [PolicyInput["side"], number, number, string]>([
  ["buy", 640_001, 640_002, "market"],
  ["buy", 640_002, 640_003, "wait"],
  ["buy", 639_000, 640_001, "market"],
  ["buy", 639_000, 640_000, "wait"],
  ["sell", 639_999, 640_000, "market"],
  ["sell", 639_998, 639_999, "wait"],
  ["sell", 640_000, 640_001, "market"],
  ["sell", 640_001, 640_002, "wait"],
])("[EXE-3] a scalp market order to %s takes inside %i to %i, both included: %s", (side, low, high, kind) => {
  expect(plan("scalp", zoned(low, high, { ...touch, side }), taking).kind).toBe(kind);
});

test("[EXE-3] a market order says that its limits are met", () => {
  expect(plan("scalp", touch, taking)).toEqual({ kind: "market", reason: "MARKET_LIMITS_MET" });
});

test.each<readonly [number, number, string]>([
  [640_000, 640_000, "limit"],
  [640_001, 641_000, "wait"],
  [639_000, 639_999, "wait"],
])("[EXE-3] a scalp limit order rests inside %i to %i, both included: %s", (low, high, kind) => {
  expect(plan("scalp", zoned(low, high)).kind).toBe(kind);
});

test("[EXE-3] with `prefer_limit` even the best book gets a limit order", () => {
  expect(plan("scalp", touch).kind).toBe("limit");
});

test("[EXE-3] a scalp entry waits while the touch is outside the zone of its decision", () => {
  expect(plan("scalp", zoned(640_500, 640_600))).toMatchObject({ kind: "wait", reason: "ZONE_TOO_FAR" });
});

test("[EXE-7] the order stands in the middle of the zone", () => {
  expect(plan("normal", zoned(639_000, 639_801))).toMatchObject({ price: 639_400, reason: "ZONE_MID" });
});

test("[EXE-7] a short stands in the middle, rounded away from the touch", () => {
  expect(priceOf(plan("normal", zoned(640_200, 641_001, { ...touch, side: "sell" })))).toBe(640_601);
});

test("[EXE-7] a middle that would take moves to the last price that does not", () => {
  expect(plan("normal", zoned(639_500, 641_000))).toMatchObject({ price: 640_000, reason: "JOIN_TOUCH" });
});

test("[EXE-7] with `zone_price: touch` it joins the touch, or stands at the edge of the zone", () => {
  const trading = { normal: { zone_price: "touch" as const } };
  const inside = plan("normal", zoned(639_000, 641_000), trading);
  const above = plan("normal", zoned(639_000, 639_800), trading);
  expect([inside, above]).toMatchObject([{ price: 640_000 }, { price: 639_800, reason: "ZONE_EDGE" }]);
});

test("[EXE-7] a zone whose every price would take is waited for", () => {
  expect(plan("normal", zoned(640_001, 641_000))).toMatchObject({ kind: "wait", reason: "ZONE_TOO_FAR" });
});

test("[EXE-7] a band around a one-tick touch joins the touch", () => {
  const { trading } = settingsWith({});
  const zone = bandAround(touch.bid, touch.ask, trading.normal);
  const sides = (["buy", "sell"] as const).map((side) => priceOf(plan("normal", { ...touch, side, zone })));
  expect([zone, sides]).toEqual([{ low: 639_680, high: 640_321 }, [640_000, 640_001]]);
});

test.each<readonly [boolean, string]>([
  [true, "GTX"],
  [false, "GTC"],
])("[EXE-7] with `post_only` %s a resting entry has the time in force %s", (post_only, timeInForce) => {
  expect(plan("normal", zoned(639_000, 639_801), { normal: { post_only } })).toMatchObject({ timeInForce });
});

test("[EXE-7] a price that gives way to the other side, short of the touch, is called an edge", () => {
  expect(plan("normal", zoned(640_100, 641_000, at(640_000, 640_500)))).toMatchObject({
    price: 640_499,
    reason: "ZONE_EDGE",
  });
});

test("[EXE-7] the nearest price of the zone may be its lower bound", () => {
  expect(plan("normal", zoned(640_000, 641_000))).toMatchObject({ kind: "limit", price: 640_000 });
});

test.each<readonly [number, number, string]>([
  [640_001, 641_000, "market"],
  [640_002, 641_000, "wait"],
])("[EXE-7] `entry_order: market` takes from the lower bound on: %i to %i is %s", (low, high, kind) => {
  expect(plan("normal", zoned(low, high), { normal: { entry_order: "market" } }).kind).toBe(kind);
});

test("[EXE-7] an entry that takes says that it was asked to", () => {
  expect(plan("normal", touch, { normal: { entry_order: "market" } })).toEqual({
    kind: "market",
    reason: "TAKE_ASKED",
  });
});

test.each<readonly [number, number, number | null]>([
  [640_000, 641_000, 640_000],
  [640_001, 641_000, null],
  [639_000, 640_000, 640_000],
  [639_000, 639_999, null],
])("[EXE-7] an order is joined to a touch inside %i to %i, both included", (low, high, price) => {
  expect(joinedPrice(zoned(low, high))).toBe(price);
});

test("[EXE-7] `entry_order: market` takes only inside the zone", () => {
  const trading = { normal: { entry_order: "market" as const } };
  const kinds = [zoned(639_000, 640_001), zoned(639_000, 640_000)].map((input) => plan("normal", input, trading).kind);
  expect(kinds).toEqual(["market", "wait"]);
});

test.each(["normal", "scalp"] as const)("[EXE-3] %s: without a touch it waits", (mode) => {
  expect([at(0, 640_001), at(640_001, 640_001)].map((input) => plan(mode, input).kind)).toEqual(["wait", "wait"]);
});

test("[EXE-7] a chase goes to the touch once that is beyond the threshold", () => {
  const { normal } = settingsWith({ trading: { normal: { chase: { threshold_bps: 0.5 } } } }).trading;
  const chased = (bid: number) => chasedPrice(zoned(639_000, 640_100, at(bid, bid + 1)), ticks(640_000), normal);
  // Half a basis point of 640,000 ticks is 32.
  expect([chased(640_032), chased(640_033), chased(640_100), chased(640_101)]).toEqual([null, 640_033, 640_100, null]);
});

test("[EXE-7] the distance to a zone is that of the nearest price at which an order could rest", () => {
  const away = ([low, high]: readonly [number, number]) => zoneDistanceBps(zoned(low, high)) * 64;
  // Below, just below, inside, and above: 640,000 is the last price that does not take.
  const zones = [
    [639_000, 639_900],
    [639_000, 640_000],
    [639_999, 640_001],
    [640_001, 641_000],
  ] as const;
  expect(zones.map(away)).toEqual([100, 0, 0, 1]);
});

const prices = fc.integer({ min: 1_000, max: 1_000_000 });
const inputs = fc
  .record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    bid: prices,
    spread: fc.integer({ min: 1, max: 2_000 }),
    low: prices,
    width: fc.integer({ min: 0, max: 5_000 }),
    isZoned: fc.boolean(),
    topDepth: fc.double({ min: 0, max: 1e5, noNaN: true }),
    latencyMs: fc.option(fc.double({ min: 0, max: 2_000, noNaN: true })),
    stepBack: fc.integer({ min: 0, max: 3 }),
  })
  .map(({ side, bid, spread, low, width, isZoned, ...rest }) => ({
    ...at(bid, bid + spread, side),
    ...rest,
    zone: isZoned ? { low: ticks(low), high: ticks(low + width) } : null,
  }));
const rules = fc.record({
  mode: fc.constantFrom("normal" as const, "scalp" as const),
  offset: fc.double({ min: 0, max: 100, noNaN: true }),
  prefersLimit: fc.boolean(),
  zonePrice: fc.constantFrom("mid" as const, "touch" as const),
});

type Rules = typeof rules extends fc.Arbitrary<infer R> ? R : never;

function planned(input: PolicyInput, { mode, offset, prefersLimit, zonePrice }: Rules): EntryPlan {
  return plan(mode, input, {
    normal: { zone_price: zonePrice },
    scalp: { passive_offset_bps: offset, prefer_limit: prefersLimit },
  });
}

test("[EXE-3] a limit price is on the tick and never reaches the other side", () => {
  fc.assert(
    fc.property(inputs, rules, (input, given) => {
      const entry = planned(input, given);
      if (entry.kind !== "limit") return;
      expect(Number.isSafeInteger(entry.price)).toBe(true);
      expect(input.side === "buy" ? input.ask - entry.price : entry.price - input.bid).toBeGreaterThan(0);
    }),
  );
});

test("[EXE-7] a limit price is never outside the zone", () => {
  fc.assert(
    fc.property(inputs, rules, (input, given) => {
      const entry = planned(input, given);
      if (entry.kind !== "limit" || input.zone === null) return;
      expect(entry.price >= input.zone.low && entry.price <= input.zone.high).toBe(true);
    }),
  );
});

test("[EXE-3] a scalp order stands at most one tick inside the spread", () => {
  fc.assert(
    fc.property(inputs, rules, (input, given) => {
      const entry = planned(input, { ...given, mode: "scalp" });
      if (entry.kind !== "limit") return;
      expect(input.side === "buy" ? entry.price - input.bid : input.ask - entry.price).toBeLessThanOrEqual(1);
    }),
  );
});

test("[EXE-3] a short is the mirror of a long", () => {
  const mid = 2_000_000;
  const mirror = (price: number) => ticks(mid - price);
  fc.assert(
    fc.property(inputs, rules, ({ side: _, ...input }, given) => {
      const zone = input.zone === null ? null : { low: mirror(input.zone.high), high: mirror(input.zone.low) };
      // Offsets in basis points differ at mirrored prices; the distances in ticks are what must be alike.
      const whole = { ...given, offset: given.offset > 50 ? 100 : 0 };
      const long = planned({ ...input, side: "buy" }, whole);
      const short = planned({ ...input, side: "sell", bid: mirror(input.ask), ask: mirror(input.bid), zone }, whole);
      expect(short.kind).toBe(long.kind);
      if (long.kind === "limit" && short.kind === "limit") expect(mid - short.price).toBe(long.price);
    }),
  );
});

test("[F-77] while the exchange's grid is coarser, an entry is planned where it will rest, never nearer than wanted", () => {
  const coarse = instrumentWith({});
  suspectGrid(coarse, { price: 10, lots: 1 });
  const { trading } = settingsWith({});
  const planned = (["buy", "sell"] as const).map((side) =>
    priceOf(planEntry("scalp", at(640_003, 640_004, side), trading, coarse)),
  );
  expect(planned).toEqual([640_000, 640_010]);
});
