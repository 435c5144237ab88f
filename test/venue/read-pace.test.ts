import fc from "fast-check";
import { expect, test } from "vitest";
import { micros, microsPerMinute, microsPerSecond } from "../../src/domain/units.ts";
import { ReadPace } from "../../src/venue/read-pace.ts";

const weight = 90;

test("[F-18] six reads may leave at once, and then one every four seconds", () => {
  const pace = new ReadPace();
  const start = micros(1_000_000);
  for (let read = 0; read < 6; read += 1) pace.take(weight, start);
  expect((pace.from(weight, start) - start) / microsPerSecond).toBe(4);
});

test("[F-18] whenever reads are asked for, no minute has more of them than its share of the weight", () => {
  const asked = fc.array(fc.integer({ min: 0, max: 3 * microsPerMinute }), { maxLength: 400 });
  fc.assert(
    fc.property(asked, (times) => {
      const pace = new ReadPace();
      const left: number[] = [];
      for (const time of times.toSorted((a, b) => a - b)) {
        const from = pace.from(weight, micros(Math.max(time, left.at(-1) ?? 0)));
        pace.take(weight, from);
        left.push(from);
      }
      for (const end of left) {
        const inMinute = left.filter((time) => time <= end && time > end - microsPerMinute).length;
        expect(inMinute * weight).toBeLessThanOrEqual(1_890);
      }
    }),
  );
});

test("[F-18] what could not leave after all is not owed", () => {
  const pace = new ReadPace();
  const start = micros(1_000_000);
  for (let read = 0; read < 6; read += 1) pace.take(weight, start);
  pace.giveBack(weight);
  expect(pace.from(weight, start)).toBe(start);
});

test("[F-26] a clock that is set back gives nothing back", () => {
  const pace = new ReadPace();
  const start = micros(60 * microsPerSecond);
  for (let read = 0; read < 6; read += 1) pace.take(weight, start);
  expect(pace.from(weight, micros(0))).toBe(4 * microsPerSecond);
});
