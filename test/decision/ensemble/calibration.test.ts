import fc from "fast-check";
import { expect, test } from "vitest";
import { Calibration } from "../../../src/decision/ensemble/calibration.ts";
import { ModelStateError } from "../../../src/decision/source.ts";
import { Random } from "../../../src/tape/random.ts";

const settings = { every_labels: 20, memory_labels: 5_000, prior_deviation: 0.5 };

/** Labels whose true log-odds are so many times what was said. */
function taught(truth: number, labels: number, weight = 1, changes: Partial<typeof settings> = {}): Calibration {
  const random = new Random(3);
  const calibration = new Calibration({ ...settings, ...changes });
  for (let label = 0; label < labels; label += 1) {
    const logit = random.normal();
    const isUp = random.uniform() < 1 / (1 + Math.exp(-truth * logit));
    calibration.add(logit, isUp ? 1 : 0, weight);
  }
  return calibration;
}

test("[DEC-3] before anything was seen a forecast means what it says", () => {
  expect(new Calibration(settings).probability(Math.log(3))).toBeCloseTo(0.75, 12);
});

test("[DEC-3] a model that is too sure of itself is toned down, one that is too shy is believed more", () => {
  expect(taught(0.3, 5_000).probability(2)).toBeCloseTo(1 / (1 + Math.exp(-0.6)), 1);
  expect(taught(2, 5_000).probability(1)).toBeGreaterThan(0.8);
});

test("[DEC-3] a model that knows nothing, or is wrong more often than right, is silenced and never reversed", () => {
  for (const truth of [0, -1, -3]) {
    const calibration = taught(truth, 5_000);
    expect(Math.abs(calibration.probability(3) - 0.5)).toBeLessThan(0.06);
    expect(calibration.probability(3)).toBeGreaterThanOrEqual(calibration.probability(-3));
  }
});

test("[DEC-3] labels that share their future move it as little as the few that they are", () => {
  const overlapping = taught(0, 400, 0.01).probability(2);
  const apart = taught(0, 400, 1).probability(2);
  const untouched = new Calibration(settings).probability(2);
  expect(untouched - overlapping).toBeLessThan((untouched - apart) / 4);
});

test("[DEC-3] what it learnt fades, so that it follows a market that has changed", () => {
  const calibration = taught(1, 3_000, 1, { memory_labels: 500 });
  const random = new Random(9);
  for (let label = 0; label < 3_000; label += 1) calibration.add(random.normal(), random.uniform() < 0.5 ? 1 : 0, 1);
  expect(calibration.probability(2)).toBeLessThan(0.6);
});

test("[DEC-3] whatever comes, a probability is strictly between 0 and 1 and rises with the log-odds", () => {
  const logit = fc.double({ min: -30, max: 30, noNaN: true });
  const label = fc.record({
    logit,
    label: fc.constantFrom(0 as const, 1 as const),
    weight: fc.double({ min: 0.001, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(label, { maxLength: 300 }), logit, logit, (labels, a, b) => {
      const calibration = new Calibration(settings);
      for (const one of labels) calibration.add(one.logit, one.label, one.weight);
      const [low, high] = [Math.min(a, b), Math.max(a, b)].map((value) => calibration.probability(value));
      expect(low).toBeGreaterThan(0);
      expect(high).toBeLessThan(1);
      expect(low).toBeLessThanOrEqual(high ?? 0);
    }),
  );
});

test("[DEC-3] log-odds that are no number mean a coin", () => {
  for (const logit of [Number.NaN, Infinity, -Infinity]) expect(taught(1, 100).probability(logit)).toBe(0.5);
});

test("[DEC-3] mirrored labels give the mirrored calibration", () => {
  const labels = fc.array(fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.boolean()), { maxLength: 200 });
  fc.assert(
    fc.property(labels, fc.double({ min: -5, max: 5, noNaN: true }), (list, logit) => {
      // A log-odds on the border of two bins has its mirror image in the other one.
      const inside = list.filter(([value]) => Math.abs((value * 5) % 1) > 1e-6);
      const [calibration, mirror] = [new Calibration(settings), new Calibration(settings)];
      for (const [value, isUp] of inside) {
        calibration.add(value, isUp ? 1 : 0, 1);
        mirror.add(-value, isUp ? 0 : 1, 1);
      }
      expect(mirror.probability(-logit)).toBeCloseTo(1 - calibration.probability(logit), 9);
    }),
  );
});

test("[DEC-3] a saved calibration goes on where it stopped", () => {
  const saved = taught(0.5, 333);
  const restored = Calibration.from(JSON.parse(JSON.stringify(saved.save())), settings);
  for (const one of [saved, restored]) for (let label = 0; label < 50; label += 1) one.add(1, 1, 1);
  expect(restored.save()).toEqual(saved.save());
});

test.each(["slope", "offset", "weights", "ups", "logits", "waiting"])(
  "[DEC-3] a saved calibration with a bad %s is refused",
  (field) => {
    const state = { ...JSON.parse(JSON.stringify(taught(1, 50).save())), [field]: null };
    expect(() => Calibration.from(state, settings)).toThrow(ModelStateError);
  },
);
