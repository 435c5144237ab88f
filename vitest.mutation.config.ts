/** The tests that mutation testing runs: those of the risk engine and of micro-scalp alone. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["test/risk/**/*.test.ts", "test/decision/micro-scalp/**/*.test.ts"], testTimeout: 30_000 },
});
