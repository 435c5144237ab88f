import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores: more workers would only take time from the daemons that the tests start.
    maxWorkers: 2,
    expect: { requireAssertions: true },
  },
});
