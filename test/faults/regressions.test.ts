import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Fault } from "../../src/faults/plan/fault.ts";
import { checkRegression, readRegression, regressionText } from "../../src/faults/session/regression.ts";

const folder = join(import.meta.dirname, "regress");
const files = readdirSync(folder).filter((name) => name.endsWith(".json"));

test.each(files)("what was found and mended stays mended: %s", (name) => {
  expect(checkRegression(readRegression(readFileSync(join(folder, name), "utf8")))).toEqual({ state: "holds" });
});

const fault: Fault = { class: "planned", place: { request: "place f", nth: 1 }, effect: { do: "lose-reply" } };
const plan = { seed: 7, hours: 0.1, faults: [fault] };

test("a regression that strikes and violates nothing holds", () => {
  const text = regressionText(plan, "I-01", "a reply is lost", null);
  expect(checkRegression(readRegression(text))).toEqual({ state: "holds" });
});

test("a regression whose place is no longer reached is stale, and does not pass", () => {
  const unreached = { ...fault, place: { request: "place f", nth: 999 } };
  const text = regressionText({ ...plan, faults: [unreached] }, "I-01", "a reply is lost", null);
  expect(checkRegression(readRegression(text))).toEqual({ state: "stale", detail: '{"request":"place f","nth":999}' });
});

test.each([
  ["an effect", { ...fault, effect: { do: "explode" } }],
  ["an answer", { ...fault, effect: { do: "answer", answer: "42", executed: true } }],
  ["a place", { ...fault, place: { request: "place f" } }],
])("%s that does not exist is refused, and named", (_what, wrong) => {
  const text = JSON.stringify({ about: "", invariant: "I-01", seed: 1, hours: 1, settings: null, faults: [wrong] });
  expect(() => readRegression(text)).toThrow(/faults/);
});
