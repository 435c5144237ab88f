import fc from "fast-check";
import { expect, test } from "vitest";
import { e8FromText, shortTextFromE8, significantDecimals, textFromE8 } from "../../src/exchange/text.ts";

const amounts = fc.oneof(
  fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
  fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }),
);

test("decimal text and whole 10⁻⁸ are each other's inverse, also beyond what a double holds", () => {
  fc.assert(
    fc.property(amounts, (value) => {
      expect(e8FromText(textFromE8(value, 8))).toBe(value);
      expect(e8FromText(shortTextFromE8(value))).toBe(value);
    }),
  );
});

test("a number and the bigint of the same value have the same text", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 8 }), (value, decimals) => {
      expect(textFromE8(value, decimals)).toBe(textFromE8(BigInt(value), decimals));
    }),
  );
});

test.each([
  ["0.00000001", 1n],
  ["9999999.99999999", 999_999_999_999_999n],
  ["-0", 0n],
  ["1.000000000", 100_000_000n],
])("the text %s is %d whole 10⁻⁸", (text, value) => {
  expect(e8FromText(text)).toBe(value);
});

test.each(["", "-", "1.", ".5", "1e3", "0x10", "1.000000001", "NaN"])('the text "%s" is no amount', (text) => {
  expect(e8FromText(text)).toBeNull();
});

test.each([
  ["1", 0],
  ["100", 0],
  ["1.000", 0],
  ["1.500", 1],
  ["0.0010", 3],
])("%s has %d decimals that matter", (text, decimals) => {
  expect(significantDecimals(text)).toBe(decimals);
});
