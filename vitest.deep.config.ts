/** The model-based test alone, for as long as one likes: another seed each time, unless MODEL_SEED says which. */

import { defineConfig } from "vitest/config";

const { MODEL_RUNS = "10000", MODEL_SEED = String(Date.now() % 2 ** 31) } = process.env;

export default defineConfig({
  test: {
    include: ["test/model/**/*.test.ts"],
    env: { MODEL_RUNS, MODEL_SEED },
    testTimeout: 600_000,
    bail: 1,
    expect: { requireAssertions: true },
    reporters: ["verbose"],
  },
});
