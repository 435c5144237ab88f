/** Entries that a filter of the exchange refused. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { filterFaultOf, type Mendable, mended } from "../../src/execution/mend.ts";
import { instrument, instrumentWith } from "../support/core.ts";
import { Bench, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const e2 = idOf("e", 2);

const long: Mendable = { side: "buy", quantity: lots(27), price: ticks(640_007) };
const anew = ticks(640_003);

test.each<readonly [number, Mendable, { readonly quantity: number; readonly price: number | null } | null]>([
  [-1013, long, { quantity: 20, price: 640_000 }],
  [-1111, long, { quantity: 20, price: 640_000 }],
  [-4014, long, { quantity: 27, price: 640_000 }],
  [-4014, { ...long, side: "sell" }, { quantity: 27, price: 640_010 }],
  [-4023, long, { quantity: 20, price: 640_007 }],
  [-4005, long, { quantity: 13, price: 640_007 }],
  [-4002, long, { quantity: 27, price: 640_003 }],
  [-4016, long, { quantity: 27, price: 640_003 }],
  [-4001, long, { quantity: 27, price: 640_003 }],
  [-4013, long, { quantity: 27, price: 640_003 }],
  [-4024, long, { quantity: 27, price: 640_003 }],
  [-4003, long, null],
  [-4004, long, null],
  [-4164, long, null],
  [-2019, long, null],
])("[ORD-6] %i: %j becomes %j", (code, order, expected) => {
  const result = mended(order, code, instrument, anew);
  expect(result === null ? null : { quantity: result.quantity, price: result.price }).toEqual(expected);
});

test.each([-1013, -1111, -4014, -4023, -4005, -4002, -4016, -4001, -4013, -4024, -4003, -4004, -4164])(
  "[ORD-6] %i is a filter's word",
  (code) => {
    expect([filterFaultOf(code) === null, filterFaultOf(-code) === null]).toEqual([false, true]);
  },
);

const market: Mendable = { ...long, price: null };

test.each<readonly [string, number, Mendable, number | null, { readonly quantity: number } | null]>([
  ["a bound of the price says nothing of a market order", -4016, market, 640_003, null],
  ["a bound of the price without a place for the order now", -4016, long, null, null],
  ["a market order has no price to round", -4014, market, 640_003, null],
  ["a market order off the grid loses quantity", -1111, market, null, { quantity: 20 }],
  ["a quantity below the coarser grid stays whole", -1013, { ...long, quantity: lots(9) }, null, { quantity: 9 }],
  ["a quantity on the coarser grid stays whole", -1013, { ...long, quantity: lots(10) }, null, { quantity: 10 }],
  ["a limit order knows no step of market orders", -4023, long, null, { quantity: 20 }],
  ["a quantity that nothing is left of", -4023, { ...long, quantity: lots(9) }, null, null],
  ["one lot cannot be halved", -4005, { ...long, quantity: lots(1) }, null, null],
  ["two lots can", -4005, { ...long, quantity: lots(2) }, null, { quantity: 1 }],
  ["a price below the coarser grid", -4014, { ...long, price: ticks(9) }, null, null],
])("[ORD-6] %s: %i", (_what, code, order, now, expected) => {
  const result = mended(order, code, instrument, now === null ? null : ticks(now));
  expect(result === null ? null : { quantity: result.quantity }).toEqual(expected);
});

test("[ORD-6] the least price is a price", () => {
  expect(mended({ ...long, price: ticks(2) }, -4016, instrument, ticks(1))).toMatchObject({ price: 1 });
});

test.each<readonly [string, Mendable, number]>([
  ["a limit order goes down to its own maximum", { ...long, quantity: lots(5_000) }, 1_000],
  ["a market order to that of market orders, on its step", { ...market, quantity: lots(5_000) }, 98],
])("[ORD-6] too large, %s", (_what, order, expected) => {
  const small = instrumentWith({ maxQuantity: "1", marketMaxQuantity: "0.1", marketStepSize: "0.007" });
  expect(mended(order, -4005, small, null)?.quantity).toBe(expected);
});

test("[ORD-6] a limit order off the grid ignores the step of market orders", () => {
  const coarse = instrumentWith({ marketStepSize: "0.005" });
  expect(mended(long, -4023, coarse, null)?.quantity).toBe(20);
});

test("[ORD-6] a market order off its own step goes down to it", () => {
  const coarse = instrumentWith({ marketStepSize: "0.005" });
  expect(mended({ ...long, price: null }, -4023, coarse, null)?.quantity).toBe(25);
});

test("[ORD-6] what would stay as it is is not sent again", () => {
  expect(mended({ ...long, quantity: lots(20), price: ticks(640_000) }, -1111, instrument, anew)).toBeNull();
});

test("[ORD-6] mending never adds quantity, and rounds a price away from the other side", () => {
  const code = fc.constantFrom(-1013, -1111, -4014, -4023, -4005);
  const side = fc.constantFrom("buy" as const, "sell" as const);
  fc.assert(
    fc.property(code, side, fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 1e6 }), (c, s, q, p) => {
      const result = mended({ side: s, quantity: lots(q), price: ticks(p) }, c, instrument, null);
      if (result === null || result.price === null) return;
      expect(result.quantity).toBeLessThanOrEqual(q);
      expect(s === "buy" ? p - result.price : result.price - p).toBeGreaterThanOrEqual(0);
    }),
  );
});

test("[ORD-6] a refusal for a filter is mended once and sent again, with a warning", () => {
  const bench = new Bench();
  bench.begin(planOf({ quantity: lots(27) }));
  bench.refuse("place-order", e1, -4023);
  expect(bench.order(e2)).toMatchObject({ quantity: 20, terms: { type: "LIMIT", price: 640_000 } });
  expect(bench.outputs).toContainEqual(
    expect.objectContaining({
      kind: "notice",
      level: "warn",
      code: "ORDER_MENDED",
      fields: expect.objectContaining({ refusal: -4023, quantityLots: 27, quantityLotsNow: 20 }),
    }),
  );
});

test("[ORD-6] a second refusal ends the entry", () => {
  const bench = new Bench();
  bench.begin(planOf({ quantity: lots(270) }));
  bench.refuse("place-order", e1, -4005);
  bench.refuse("place-order", e2, -4005);
  expect([bench.count("place-order", idOf("e", 3)), bench.manager.trade]).toEqual([0, null]);
});

test("[ORD-6] what can only be mended towards more risk is given up, with a warning", () => {
  const bench = new Bench();
  bench.begin();
  bench.refuse("place-order", e1, -4164);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
  expect(bench.outputs).toContainEqual(expect.objectContaining({ level: "warn", code: "ORDER_REFUSED" }));
});

test("[ORD-6] a market entry that is too large is halved", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.refuse("place-order", e1, -4005);
  expect(bench.order(e2)).toMatchObject({ quantity: 5, terms: { type: "MARKET" } });
});
