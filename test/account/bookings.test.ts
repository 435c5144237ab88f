import fc from "fast-check";
import { expect, test } from "vitest";
import { readBooking, toldBooking, withBooking } from "../../src/account/bookings.ts";
import type { Booking } from "../../src/domain/booking.ts";
import { micros, money } from "../../src/domain/units.ts";

const seconds = (value: number) => micros(value * 1_000_000);
const told = (amount: bigint, at: number) => toldBooking(money(amount), seconds(at));
const read = (id: string, amount: bigint, at: number) => readBooking(id, money(amount), seconds(at));

function counted(bookings: readonly Booking[]): number {
  let known: readonly Booking[] = [];
  let count = 0;
  for (const booking of bookings) {
    const next = withBooking(known, booking, 100);
    known = next.known;
    if (next.isNew) count += 1;
  }
  return count;
}

test.each<readonly [string, readonly Booking[], number]>([
  ["told and then read", [told(5n, 0), read("a", 5n, 1)], 1],
  ["read and then told", [read("a", 5n, 1), told(5n, 0)], 1],
  ["read twice", [read("a", 5n, 1), read("a", 5n, 1)], 1],
  ["told twice for two that are alike", [told(5n, 0), told(5n, 1)], 2],
  ["two that are alike, read and then told", [read("a", 5n, 0), read("b", 5n, 1), told(5n, 0), told(5n, 1)], 2],
  ["other amounts", [told(5n, 0), read("a", 6n, 0)], 2],
  ["ten seconds apart", [told(5n, 0), read("a", 5n, 10)], 1],
  ["further apart", [told(5n, 0), read("a", 5n, 11)], 2],
])("[F-28] %s counts as often as it happened", (_, bookings, times) => {
  expect(counted(bookings)).toBe(times);
});

test("[F-28] whatever the order in which stream and ledger tell, each booking counts once", () => {
  const happened = fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(happened, fc.array(fc.nat({ max: 1_000 }), { minLength: 24, maxLength: 24 }), (times, order) => {
      const tellings = times.flatMap((time) => {
        const twice = read(`id${time}`, 7n, time * 60);
        return [told(7n, time * 60 + 1), twice, twice];
      });
      const shuffled = tellings.map((one, index) => ({ one, key: order[index] ?? 0 })).sort((a, b) => a.key - b.key);
      expect(counted(shuffled.map(({ one }) => one))).toBe(times.length);
    }),
  );
});

test("[F-28] the newest are kept", () => {
  const known = [told(1n, 0), told(2n, 0)];
  expect(withBooking(known, told(3n, 0), 2).known.map(({ amount }) => amount)).toEqual(["2", "3"]);
});
