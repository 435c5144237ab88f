import { expect, test } from "vitest";
import {
  errorCodes,
  isAuthorityLost,
  meaningOf,
  noticeLevelOf,
  requestKinds,
  ruleOf,
  treatmentOf,
  treatments,
} from "../../src/domain/error-policy.ts";

test("every code stands in the table once, and every class has codes", () => {
  expect(new Set(errorCodes).size).toBe(errorCodes.length);
  expect(new Set(errorCodes.map((code) => ruleOf(code)?.treatment))).toEqual(new Set(treatments));
});

test("[SAF-2] a listed code is treated alike whatever was asked", () => {
  const differing = errorCodes.filter((code) => new Set(requestKinds.map((kind) => treatmentOf(code, kind))).size > 1);
  expect(differing).toEqual([]);
});

test("[SAF-2] of a code that nobody knows what adds risk is looked up, and what only reduces goes another way", () => {
  expect(requestKinds.map((kind) => treatmentOf(-9_999, kind))).toEqual([
    "look-up",
    "refuse",
    "refuse",
    "look-up",
    "look-up",
    "refuse",
  ]);
});

test("[I-17] key, signature, account and its mode are authority; settings and unsupported types are not", () => {
  const lost = errorCodes.filter((code) => ruleOf(code)?.treatment === "stop" && isAuthorityLost(code));
  expect(lost).toEqual([
    -1002, -1022, -1099, -1109, -2014, -2015, -2017, -2023, -4060, -4061, -4088, -4109, -4401, -4402, -4403,
  ]);
});

test("[I-17] nothing but a code of class stop is lost authority", () => {
  expect(
    [...errorCodes, -9_999].filter((code) => isAuthorityLost(code) && treatmentOf(code, "exit") !== "stop"),
  ).toEqual([]);
});

test.each([
  [-2021, "trigger-passed"],
  [-4142, "trigger-passed"],
  [-2022, "nothing-to-reduce"],
  [-4118, "quantity-reserved"],
  [-5022, "would-take"],
  [-2010, null],
  [-9_999, null],
  [null, null],
] as const)("code %s means %s", (code, meaning) => {
  expect(meaningOf(code)).toBe(meaning);
});

test.each([
  [-5022, "entry", "info"],
  [-5021, "entry", "info"],
  [-2019, "entry", "warn"],
  [-1008, "entry", "warn"],
  [-1008, "exit", "error"],
  [-1008, "algo", "error"],
  [-4131, "exit", "error"],
  [-4131, "entry", "warn"],
  [-9_999, "exit", "warn"],
] as const)("[F-02] a refusal with %i of kind %s is told at level %s", (code, kind, level) => {
  expect(noticeLevelOf(code, kind)).toBe(level);
});
