import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonError, parseJson, stringifyJson } from "../../../src/venue/wire/lossless-json.ts";

test("whole numbers of any size survive the way through text unchanged (F-21)", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (value) => {
      expect(readId(parseJson(`{"id":${value}}`))).toBe(value);
    }),
  );
});

test("any JSON value has the same text after a way through the parser", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = stringifyJson(value);
      fc.pre(!/"(__proto__|constructor|prototype)":/.test(text));
      expect(stringifyJson(parseJson(text))).toBe(text);
    }),
  );
});

test("neighbouring ids above 2⁵³ stay apart (F-21)", () => {
  expect(parseJson("[8389765000000000123,8389765000000000124]")).toEqual([
    8_389_765_000_000_000_123n,
    8_389_765_000_000_000_124n,
  ]);
});

test.each(["__proto__", "constructor", "prototype"])("a key %s is refused (S-19)", (key) => {
  expect(() => parseJson(`{"a":{"${key}":{"polluted":true}}}`)).toThrow(JsonError);
});

test.each(["", "{", "<html>", "NaN", '{"a":1e999}', "[".repeat(100_000)])("%.20s is refused", (text) => {
  expect(() => parseJson(text)).toThrow(JsonError);
});

test("the error does not quote the text, which may hold secrets (S-01)", () => {
  expect(() => parseJson('{"listenKey":"canary')).toThrow("not JSON (20 characters)");
});

function readId(value: unknown): bigint {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : null;
  return typeof id === "bigint" || typeof id === "number" ? BigInt(id) : 0n;
}
