import fc from "fast-check";
import { expect, test } from "vitest";
import { at } from "../../../src/domain/assert.ts";
import { type Examples, fitLogistic, logitOf } from "../../../src/host/training/logistic-fit.ts";
import { Random } from "../../../src/tape/random.ts";

/** Labels drawn with the odds that `truth` gives; the intercept is its last number. */
function drawn(count: number, truth: readonly number[], seed: number): Examples {
  const random = new Random(seed);
  const inputs = truth.length - 1;
  const values = Float64Array.from({ length: count * inputs }, () => random.normal());
  const weights = Float64Array.from(truth);
  const labels = Uint8Array.from({ length: count }, (_, row) =>
    random.uniform() < 1 / (1 + Math.exp(-logitOf(weights, values, row * inputs))) ? 1 : 0,
  );
  return { inputs, values, chosen: Int32Array.from({ length: count }, (_, row) => row), labels };
}

/** Slope of the penalised loss along one weight, by hand and per example. */
function slope({ inputs, values, chosen, labels }: Examples, weights: Float64Array, index: number, penalty: number) {
  let sum = 0;
  for (const row of chosen) {
    const said = 1 / (1 + Math.exp(-logitOf(weights, values, row * inputs)));
    sum += (said - at(labels, row)) * (index === inputs ? 1 : at(values, row * inputs + index));
  }
  return sum / chosen.length + penalty * at(weights, index);
}

test("[DEC-3] the off-line fit finds the weights that made the labels", () => {
  const truth = [0.8, -0.5, 0, 0.3];
  const weights = fitLogistic(drawn(20_000, truth, 1), 1e-6);
  for (const [index, weight] of truth.entries()) expect(Math.abs(at(weights, index) - weight)).toBeLessThan(0.08);
});

test("[DEC-3] at the fitted weights the penalised loss is flat, wherever it began", () => {
  const weight = fc.double({ min: -2, max: 2, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 2, maxLength: 6 }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      fc.array(weight, { minLength: 6, maxLength: 6 }),
      (truth, seed, penalty, begin) => {
        const examples = drawn(60, truth, seed);
        const weights = fitLogistic(examples, penalty, Float64Array.from(begin.slice(0, truth.length)));
        for (const index of truth.keys()) {
          expect(Math.abs(slope(examples, weights, index, penalty))).toBeLessThan(1e-6);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("[DEC-3] labels that an input separates, and inputs that never vary, give finite weights", () => {
  const values = Float64Array.from([1, 0, -1, 0, 2, 0, -2, 0]);
  const examples = { inputs: 2, values, chosen: Int32Array.of(0, 1, 2, 3), labels: Uint8Array.of(1, 0, 1, 0) };
  const weights = fitLogistic(examples, 0);
  expect([...weights].every(Number.isFinite)).toBe(true);
  expect(at(weights, 0)).toBeGreaterThan(1);
  expect(at(weights, 1)).toBeCloseTo(0);
});

test("[DEC-3] rows that are not chosen count for nothing", () => {
  const all = drawn(200, [1, 0.5, 0], 3);
  const half = { ...all, chosen: all.chosen.slice(0, 100) };
  const spoilt = { ...half, values: all.values.map((value, index) => (index < 200 ? value : value * 100)) };
  expect(fitLogistic(spoilt, 0.01)).toEqual(fitLogistic(half, 0.01));
});
