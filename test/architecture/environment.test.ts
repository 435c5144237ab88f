import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { secretVariables } from "../../src/config/secrets.ts";

const example = parseEnv(readFileSync(join(import.meta.dirname, "../../.env.example"), "utf8"));

test("[CFG-1] .env.example lists every environment variable that is read, and no other", () => {
  const read = Object.values(secretVariables).flatMap((name) => [name, `${name}_FILE`]);
  expect(Object.keys(example).toSorted()).toEqual(read.toSorted());
});

test("[CFG-1] .env.example holds no value", () => {
  expect(Object.values(example).filter((value) => value !== "")).toEqual([]);
});
