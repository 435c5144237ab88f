/** Books against a plain sum. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { averagePrice, emptyLedger, profitAt, withFill } from "../../src/account/ledger.ts";
import { type Side, sides, sign } from "../../src/domain/order.ts";
import { lots, ticks } from "../../src/domain/units.ts";

type Execution = { readonly side: Side; readonly price: number; readonly quantity: number };

const execution: fc.Arbitrary<Execution> = fc.record({
  side: fc.constantFrom(...sides),
  price: fc.integer({ min: 1, max: 1_000_000 }),
  quantity: fc.integer({ min: 1, max: 100_000 }),
});

const executions = fc.array(execution, { maxLength: 50 });

function book(all: readonly Execution[]) {
  return all.reduce(
    (ledger, { side, price, quantity }) => withFill(ledger, side, ticks(price), lots(quantity)),
    emptyLedger,
  );
}

function sum(all: readonly Execution[], value: (one: Execution) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}

test("[ORD-2] the position is the sum of the signed executions", () => {
  fc.assert(
    fc.property(executions, (all) => {
      expect(book(all).position).toBe(sum(all, ({ side, quantity }) => sign(side) * quantity));
    }),
  );
});

test("[ORD-2] cash is exact: what was received minus what was paid", () => {
  fc.assert(
    fc.property(executions, (all) => {
      expect(book(all).cash).toBe(sum(all, ({ side, price, quantity }) => -sign(side) * price * quantity));
    }),
  );
});

test("[ORD-2] once flat the cash is the gross profit: all sales minus all purchases", () => {
  fc.assert(
    fc.property(executions, fc.integer({ min: 1, max: 1_000_000 }), (all, price) => {
      const open = book(all).position;
      const closing: Execution[] =
        open === 0 ? [] : [{ side: open > 0 ? "sell" : "buy", price, quantity: Math.abs(open) }];
      const flat = book([...all, ...closing]);
      expect([flat.position, flat.cash]).toEqual([0, flat.soldValue - flat.boughtValue]);
    }),
  );
});

test("[ORD-2] the order of the executions makes no difference", () => {
  fc.assert(
    fc.property(
      executions.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
      ([all, other]) => {
        expect(book(other)).toEqual(book(all));
      },
    ),
  );
});

test("[ORD-2] the average of a side is its value over its lots, and null without any", () => {
  const ledger = book([
    { side: "buy", price: 100, quantity: 1 },
    { side: "buy", price: 103, quantity: 2 },
  ]);
  expect([averagePrice(ledger, "buy"), averagePrice(ledger, "sell")]).toEqual([102, null]);
});

test("[ORD-2] the profit at a price is what closing there would leave", () => {
  fc.assert(
    fc.property(executions, fc.integer({ min: 1, max: 1_000_000 }), (all, price) => {
      const ledger = book(all);
      const side: Side = ledger.position > 0 ? "sell" : "buy";
      const closed = withFill(ledger, side, ticks(price), lots(Math.abs(ledger.position)));
      expect(profitAt(ledger, price)).toBe(closed.cash);
    }),
  );
});
