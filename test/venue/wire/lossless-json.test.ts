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

/** What the runtime's own parser makes of a text; undefined when it refuses. */
function native(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ours(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) return undefined;
    throw error;
  }
}

const spaced = fc
  .tuple(fc.jsonValue(), fc.constantFrom(undefined, 1, "\t", "\r\n"))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

test("what the runtime's parser takes is taken alike, where its numbers are exact", () => {
  fc.assert(
    fc.property(spaced, (text) => {
      fc.pre(!/"(__proto__|constructor|prototype)"\s*:/.test(text) && !/\d{16}/.test(text));
      expect(ours(text)).toEqual(native(text));
    }),
    { numRuns: 500 },
  );
});

const alphabet = [
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  '"',
  "\\",
  "u0041",
  "\\n",
  "a",
  "é",
  "0",
  "1",
  "-",
  ".",
  "e",
  "+",
  " ",
  "\n",
  "\u0007",
  "true",
  "null",
  "fals",
];

test("what the runtime's parser refuses is refused, and nothing else", () => {
  const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (written) => {
      fc.pre(!/\d{16}|e\+?\d{3}/.test(written));
      expect(ours(written)).toEqual(native(written));
    }),
    { numRuns: 20_000 },
  );
});

test("a text that is cut off or altered anywhere is refused or read as the runtime's parser reads it", () => {
  const whole = JSON.stringify({
    e: "ORDER_TRADE_UPDATE",
    o: { c: 'a\u00e9"\\', q: -0.5e-3, list: [1, {}, [], null, true] },
  });
  fc.assert(
    fc.property(fc.nat(whole.length), fc.constantFrom("", ...alphabet), fc.boolean(), (place, put, cuts) => {
      const text = whole.slice(0, place) + put + (cuts ? "" : whole.slice(place + 1));
      expect(ours(text)).toEqual(native(text));
    }),
    { numRuns: 2_000 },
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
