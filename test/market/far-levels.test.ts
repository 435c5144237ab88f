import fc from "fast-check";
import { expect, test } from "vitest";
import { FarLevels } from "../../src/market/far-levels.ts";

/** Prices side by side, far apart, and such that many share the low bits that a place is made of. */
const prices = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 5_000_000 }),
  fc.integer({ min: 1, max: 2_000 }).map((step) => step * 8_192),
  fc.integer({ min: 1, max: 300 }).map((step) => 2 ** 40 + step),
);
const sizes = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 }));

function levelsOf(far: FarLevels): [number, number][] {
  const levels: [number, number][] = [];
  far.visit((price, size) => levels.push([price, size]));
  return levels.sort(([a], [b]) => a - b);
}

function sorted(map: ReadonlyMap<number, number>): [number, number][] {
  return [...map].sort(([a], [b]) => a - b);
}

test("[MKT-1] levels far from the touch are what a map of the same changes holds", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(prices, sizes), { maxLength: 5_000 }), (changes) => {
      const far = new FarLevels();
      const map = new Map<number, number>();
      for (const [price, size] of changes) {
        far.set(price, size);
        if (size > 0) map.set(price, size);
        else map.delete(price);
        expect(far.get(price)).toBe(size);
        expect(far.size).toBe(map.size);
      }
      expect(levelsOf(far)).toEqual(sorted(map));
    }),
    { numRuns: 40 },
  );
});

test("[MKT-1] a table that outgrew its room many times keeps every level", () => {
  const far = new FarLevels();
  for (let price = 1; price <= 70_000; price += 1) far.set(price * 3, price);
  expect(far.size).toBe(70_000);
  for (let price = 1; price <= 70_000; price += 7) expect(far.get(price * 3)).toBe(price);
});

test("[MKT-1] levels that come and go leave room for others without end", () => {
  const far = new FarLevels();
  far.set(5, 50);
  for (let price = 10; price < 200_000; price += 1) {
    far.set(price, 1);
    far.set(price, 0);
  }
  expect(far.size).toBe(1);
  expect(levelsOf(far)).toEqual([[5, 50]]);
});

test("[MKT-1] every level may be taken out while all are visited", () => {
  const far = new FarLevels();
  for (let price = 1; price <= 2_000; price += 1) far.set(price * 11, price);
  far.visit((price) => far.set(price, 0));
  expect(far.size).toBe(0);
  expect(levelsOf(far)).toEqual([]);
});

test("[MKT-1] nothing is left after a snapshot has cleared the table", () => {
  const far = new FarLevels();
  for (let price = 1; price <= 3_000; price += 1) far.set(price, 9);
  far.clear();
  expect(far.size).toBe(0);
  expect(far.get(17)).toBe(0);
});
