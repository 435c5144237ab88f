import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../src/domain/assert.ts";
import {
  addMoney,
  lots,
  micros,
  microsFromMillis,
  microsFromSeconds,
  minus,
  money,
  plus,
  priceE8,
  signedLots,
  subtractMoney,
  symbolIndex,
  tickLots,
  ticks,
  times,
} from "../../src/domain/units.ts";

const signed = { ticks, signedLots, tickLots, micros, priceE8 };
const unsigned = { lots, symbolIndex };
const constructors = Object.entries({ ...signed, ...unsigned });

test.each(constructors)("%s refuses what is not a whole number below 2⁵³", (_name, make) => {
  const wrong = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1, 1e21];
  for (const value of wrong) expect(() => make(value)).toThrow(InvariantError);
});

test.each(Object.entries(unsigned))("%s refuses a negative number", (_name, make) => {
  expect(() => make(-1)).toThrow(InvariantError);
});

test.each(constructors)("%s keeps every whole number that it takes as it is", (_name, make) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      expect(make(value)).toBe(value);
    }),
  );
});

test.each(Object.entries(signed))("%s keeps negative whole numbers", (_name, make) => {
  fc.assert(
    fc.property(fc.integer({ min: Number.MIN_SAFE_INTEGER, max: -1 }), (value) => {
      expect(make(value)).toBe(value);
    }),
  );
});

test.each(constructors.filter(([name]) => name !== "symbolIndex"))(
  "%s turns a negative zero into zero",
  (_name, make) => {
    expect(make(-0)).toBe(0);
  },
);

test("no sum, difference or product of units is a negative zero", () => {
  const small = fc.integer({ min: -3, max: 3 });
  fc.assert(
    fc.property(small, small, (a, b) => {
      const results = [plus(ticks(a), ticks(b)), minus(ticks(a), ticks(b)), times(ticks(a), signedLots(b))];
      for (const result of results) expect(Object.is(result, -0)).toBe(false);
    }),
  );
});

test("sum and difference agree with exact arithmetic, or stop", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
      const exactly = (make: () => number, exact: bigint): void => {
        if (exact >= -BigInt(Number.MAX_SAFE_INTEGER) && exact <= BigInt(Number.MAX_SAFE_INTEGER)) {
          expect(BigInt(make())).toBe(exact);
        } else {
          expect(make).toThrow(InvariantError);
        }
      };
      exactly(() => plus(ticks(a), ticks(b)), BigInt(a) + BigInt(b));
      exactly(() => minus(ticks(a), ticks(b)), BigInt(a) - BigInt(b));
    }),
  );
});

test("price times quantity agrees with exact arithmetic, or stops", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 40 }), fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), (price, size) => {
      const exact = BigInt(price) * BigInt(size);
      if (exact > BigInt(Number.MAX_SAFE_INTEGER) || exact < BigInt(Number.MIN_SAFE_INTEGER)) {
        expect(() => times(ticks(price), signedLots(size))).toThrow(InvariantError);
      } else {
        expect(BigInt(times(ticks(price), signedLots(size)))).toBe(exact);
      }
    }),
  );
});

test("adding money and taking it away again changes nothing, beyond 2⁵³ too", () => {
  const amount = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
  fc.assert(
    fc.property(amount, amount, (a, b) => {
      expect(subtractMoney(addMoney(money(a), money(b)), money(b))).toBe(a);
    }),
  );
});

test("milliseconds and seconds become whole microseconds", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 42), (value) => {
      expect(microsFromMillis(value)).toBe(value * 1_000);
    }),
  );
  fc.assert(
    fc.property(fc.nat(2 ** 32), (value) => {
      expect(microsFromSeconds(value)).toBe(value * 1_000_000);
    }),
  );
  expect(microsFromMillis(0.0004)).toBe(0);
  expect(microsFromMillis(-0.0004)).toBe(0);
  expect(microsFromSeconds(0.25)).toBe(250_000);
});
