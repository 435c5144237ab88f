/** The tests that mutation testing runs: those of the risk engine alone. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/risk/**/*.test.ts"], testTimeout: 30_000 } });
