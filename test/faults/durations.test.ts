import fc from "fast-check";
import { expect, test } from "vitest";
import { durationsOf, merged } from "../../src/faults/session/durations.ts";

test("percentiles are rounded up to two digits, the longest is exact", () => {
  const micros = Array.from({ length: 100 }, (_, index) => (index + 1) * 1_045);
  expect(durationsOf(micros)).toMatchObject({ count: 100, p50: 53, p99: 110, max: 104.5 });
});

test("nothing at all is zero", () => {
  expect(durationsOf([])).toEqual({ count: 0, p50: 0, p99: 0, max: 0, counts: {} });
});

test("what is put together from parts is what the whole would have been", () => {
  const some = fc.array(fc.nat({ max: 100_000_000 }), { maxLength: 50 });
  fc.assert(
    fc.property(some, some, (a, b) => {
      expect(merged([durationsOf(a), durationsOf(b)])).toEqual(durationsOf([...a, ...b]));
    }),
  );
});
