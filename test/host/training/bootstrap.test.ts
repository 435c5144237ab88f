import fc from "fast-check";
import { expect, test } from "vitest";
import { present } from "../../../src/domain/assert.ts";
import { blockEstimate } from "../../../src/host/training/bootstrap.ts";
import { Random } from "../../../src/tape/random.ts";

const spaced = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("[BT-3] the interval holds the true mean about as often as it says", () => {
  // Goal: 95 % means 95 %. Method: 200 samples of mean 0.
  let held = 0;
  for (let sample = 1; sample <= 200; sample += 1) {
    const random = new Random(sample);
    const values = Array.from({ length: 300 }, () => random.normal());
    const [low, high] = present(blockEstimate(spaced(300), values, 10).ci95, "interval");
    if (low <= 0 && high >= 0) held += 1;
  }
  expect(held / 200).toBeGreaterThan(0.88);
  expect(held / 200).toBeLessThan(0.99);
});

test("[BT-3] values that come in runs give a wider interval than the same values by themselves", () => {
  const random = new Random(7);
  const values = Array.from({ length: 100 }, () => random.normal()).flatMap((value) => Array(10).fill(value));
  const width = (block: number): number => {
    const [low, high] = present(blockEstimate(spaced(1_000), values, block).ci95, "interval");
    return high - low;
  };
  expect(width(50)).toBeGreaterThan(2 * width(1));
});

test("[BT-3] with fewer than ten blocks there is a mean and no interval", () => {
  expect(blockEstimate(spaced(90), spaced(90), 10)).toEqual({ mean: 44.5, ci95: null, count: 90, blocks: 9 });
  expect(blockEstimate(spaced(91), spaced(91), 10).ci95).not.toBeNull();
  expect(blockEstimate([], [], 10)).toEqual({ mean: null, ci95: null, count: 0, blocks: 0 });
});

test("[BT-3] blocks without a value are none: silence is no evidence", () => {
  const times = spaced(20).map((index) => index * 1_000);
  expect(blockEstimate(times, spaced(20), 10).blocks).toBe(20);
});

test("[BT-3] an interval lies around its mean, and moves and stretches with the values", () => {
  const values = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 30, maxLength: 100 });
  fc.assert(
    fc.property(values, fc.integer({ min: -500, max: 500 }), fc.integer({ min: 1, max: 9 }), (list, by, times) => {
      const { mean, ci95 } = blockEstimate(spaced(list.length), list, 2);
      const [low, high] = present(ci95, "interval");
      expect(low).toBeLessThanOrEqual(present(mean, "mean") + 1e-9);
      expect(high).toBeGreaterThanOrEqual(present(mean, "mean") - 1e-9);
      const other = present(
        blockEstimate(
          spaced(list.length),
          list.map((value) => value * times + by),
          2,
        ).ci95,
        "other",
      );
      expect(other[0]).toBeCloseTo(low * times + by, 6);
      expect(other[1]).toBeCloseTo(high * times + by, 6);
    }),
    { numRuns: 40 },
  );
});
