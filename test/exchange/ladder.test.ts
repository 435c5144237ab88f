import fc from "fast-check";
import { expect, test } from "vitest";
import { Ladder, noKey } from "../../src/exchange/ladder.ts";

/** Keys near each other, and now and then far away, so that levels leave the window and come back. */
const key = fc.oneof(
  fc.integer({ min: 640_000, max: 640_200 }),
  fc.integer({ min: 560_000, max: 720_000 }),
  fc.integer({ min: -640_200, max: -560_000 }),
);
const change = fc.tuple(key, fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 })));

/** All levels, best first, by walking. */
function walk(ladder: Ladder): readonly (readonly [number, number])[] {
  const levels: [number, number][] = [];
  for (let at = ladder.best; at !== noKey; at = ladder.next(at)) levels.push([at, ladder.size(at)]);
  return levels;
}

test("a ladder holds and orders what a map would, wherever its window lies", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 300 }), (changes) => {
      const ladder = new Ladder();
      const map = new Map<number, number>();
      for (const [level, size] of changes) {
        ladder.set(level, size);
        if (size === 0) map.delete(level);
        else map.set(level, size);
        expect(ladder.best).toBe(map.size === 0 ? noKey : Math.max(...map.keys()));
      }
      expect(walk(ladder)).toEqual([...map].sort(([a], [b]) => b - a));
    }),
  );
});

test("the next level is found from a key that holds none", () => {
  const ladder = new Ladder();
  ladder.set(100, 1);
  ladder.set(90, 2);
  expect(ladder.next(95)).toBe(90);
  expect(ladder.next(200)).toBe(100);
  expect(ladder.next(90)).toBe(noKey);
});

test("a cleared ladder is empty and can be filled again elsewhere", () => {
  const ladder = new Ladder();
  ladder.set(100, 1);
  ladder.clear();
  expect(ladder.best).toBe(noKey);
  ladder.set(-5_000_000, 3);
  expect(walk(ladder)).toEqual([[-5_000_000, 3]]);
});

test("[SIM-1] so far away that no more levels are kept, those that are follow what is displayed", () => {
  const ladder = new Ladder();
  ladder.set(1_000_000, 1);
  for (let key = 1; key <= 50_001; key += 1) ladder.set(key, 1);
  ladder.set(7, 2);
  expect([ladder.size(7), ladder.size(50_000), ladder.size(50_001)]).toEqual([2, 1, 0]);
});
