/** Entries that a filter of the exchange refused. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { type Mendable, mended } from "../../src/execution/mend.ts";
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
  [-4016, long, { quantity: 27, price: 640_003 }],
  [-4024, long, { quantity: 27, price: 640_003 }],
  [-4003, long, null],
  [-4004, long, null],
  [-4164, long, null],
  [-2019, long, null],
])("[ORD-6] %i: %j becomes %j", (code, order, expected) => {
  const result = mended(order, code, instrument, anew);
  expect(result === null ? null : { quantity: result.quantity, price: result.price }).toEqual(expected);
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
