/** The tests that mutation testing of the risk engine runs: its own alone. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/risk/**/*.test.ts"], testTimeout: 30_000 } });
