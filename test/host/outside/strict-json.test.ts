import fc from "fast-check";
import { expect, test } from "vitest";
import { parseStrictJson, StrictJsonError } from "../../../src/host/outside/strict-json.ts";

test("[DEC-6] what JSON.parse reads of plain JSON is read the same", () => {
  const plain = fc
    .jsonValue({ maxDepth: 4, noUnicodeString: true })
    .filter((value) => !JSON.stringify(value).includes("-0"));
  const checked = fc.check(
    fc.property(plain, (value) => {
      const text = JSON.stringify(value);
      if (text.includes("__proto__") || text.includes("constructor") || text.includes("prototype")) return true;
      return JSON.stringify(parseStrictJson(text)) === text;
    }),
    { numRuns: 1_000 },
  );
  expect(checked.failed, fc.defaultReportMessage(checked) ?? "").toBe(false);
});

test("[DEC-6] whatever the text is, it is read or a StrictJsonError is thrown", () => {
  const checked = fc.check(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      try {
        parseStrictJson(text);
        return true;
      } catch (error) {
        return error instanceof StrictJsonError;
      }
    }),
    { numRuns: 2_000 },
  );
  expect(checked.failed, fc.defaultReportMessage(checked) ?? "").toBe(false);
});

test("[DEC-6] objects have no prototype", () => {
  expect(Object.getPrototypeOf(parseStrictJson('{"a":{}}'))).toBe(null);
});
