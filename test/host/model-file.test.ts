import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ModelFileError, modelsOf, readModelFile } from "../../src/host/model-file.ts";

const directory = mkdtempSync(join(tmpdir(), "scalpd-model-file-"));
afterAll(() => rmSync(directory, { recursive: true }));
const path = join(directory, "model.json");

const whole = {
  format: "scalpd-models",
  version: 1,
  trained_on: [
    { tape: "a.arrow", symbol: "ETHUSDT", from: "2024-07-19T00:00:00.000Z", to: "2024-07-19T00:05:00.000Z" },
  ],
  models: [
    { symbol: "ETHUSDT", source: "ensemble", state: { version: 2 } },
    { symbol: "SOLUSDT", source: "ensemble", state: null },
  ],
};

test("[DEC-3] a model file gives the models of the symbols of a run, by their order there", () => {
  writeFileSync(path, JSON.stringify(whole));
  expect(modelsOf(readModelFile(path), ["BTCUSDT", "ETHUSDT"])).toEqual([
    { symbol: 1, source: "ensemble", state: { version: 2 } },
  ]);
});

test("[DEC-3] a missing model file is one clear error that ends with code 2", () => {
  expect(() => readModelFile(join(directory, "none.json"))).toThrow(/none\.json: cannot be read/);
  expect(new ModelFileError("x").exitCode).toBe(2);
});

test.each([
  ["format", { ...whole, format: "other" }],
  ["version", { ...whole, version: 2 }],
  ["models.0.symbol", { ...whole, models: [{ symbol: "", source: "ensemble", state: 1 }] }],
  ["models", { ...whole, models: {} }],
])("[DEC-3] a model file with a wrong %s is refused by that name", (place, content) => {
  writeFileSync(path, JSON.stringify(content));
  expect(() => readModelFile(path)).toThrow(new RegExp(`models .*model\\.json: ${place.replaceAll(".", "\\.")} `));
});

test("[DEC-3] whatever a model file holds, it is read or refused with a ModelFileError", () => {
  const contents = fc.oneof(
    fc.string(),
    fc.json(),
    fc.jsonValue().map((models) => JSON.stringify({ ...whole, models })),
  );
  fc.assert(
    fc.property(contents, (text) => {
      writeFileSync(path, text);
      try {
        readModelFile(path);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFileError);
      }
    }),
    { numRuns: 100 },
  );
});
