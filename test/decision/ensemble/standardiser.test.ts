import fc from "fast-check";
import { expect, test } from "vitest";
import { Standardiser } from "../../../src/decision/ensemble/standardiser.ts";

const values = fc.array(fc.double({ min: -1_000, max: 1_000, noNaN: true }), { minLength: 2, maxLength: 60 });

function fed(list: readonly number[], memory = 1_000): Standardiser {
  const standardiser = new Standardiser(1, memory);
  for (const value of list) standardiser.update(Float64Array.of(value));
  return standardiser;
}

test("[DEC-3] mean and deviation are those of a naive calculation", () => {
  fc.assert(
    fc.property(values, (list) => {
      const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
      const variance = list.reduce((sum, value) => sum + (value - mean) ** 2, 0) / list.length;
      fc.pre(variance > 1e-6);
      const scaled = fed(list).scale(0, mean + 2 * Math.sqrt(variance));
      expect(scaled).toBeCloseTo(2, 6);
    }),
  );
});

test("[DEC-3] scale and shift of an input change nothing of what a model sees", () => {
  const factor = fc.double({ min: 0.1, max: 10, noNaN: true });
  fc.assert(
    fc.property(values, factor, fc.integer({ min: -100, max: 100 }), (list, times, by) => {
      fc.pre(Math.max(...list) - Math.min(...list) > 1);
      const [last = 0] = list.slice(-1);
      const moved = list.map((value) => value * times + by);
      expect(fed(moved).scale(0, last * times + by)).toBeCloseTo(fed(list).scale(0, last), 6);
    }),
  );
});

test("[DEC-3] an odd value is cut at five deviations, and one that never varied says nothing", () => {
  expect(fed([0, 1, 0, 1]).scale(0, 1e9)).toBe(5);
  expect(fed([0, 1, 0, 1]).scale(0, -1e9)).toBe(-5);
  expect(fed([7, 7, 7]).scale(0, 8)).toBe(0);
  expect(fed([7]).scale(0, 8)).toBe(0);
});

test("[DEC-3] what is older than the memory fades", () => {
  const far = Array.from({ length: 500 }, (_, i) => 1_000 + (i % 2));
  const near = Array.from({ length: 500 }, (_, i) => i % 2);
  expect(Math.abs(fed([...far, ...near], 50).scale(0, 0.5))).toBeLessThan(0.1);
  expect(fed([...far, ...near], 1_000).scale(0, 0.5)).toBeLessThan(-0.9);
});

test("[DEC-3] a saved standardiser goes on where it stopped, also with another memory", () => {
  const saved = fed([1, 2, 3, 5, 8], 100);
  const restored = new Standardiser(1, 3);
  restored.restore(Standardiser.read(JSON.parse(JSON.stringify(saved.save())), 1));
  expect(restored.scale(0, 4)).toBe(saved.scale(0, 4));
  restored.update(Float64Array.of(4));
  expect(restored.save().count).toBe(3);
});
