import { defineConfig } from "vitest/config";

const { CI_REPORT } = process.env;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Two cores: more workers would only take time from the daemons that the tests start.
    maxWorkers: 2,
    expect: { requireAssertions: true },
    // CI reads the counts from a file, so that its `npm test` is the one that everybody runs.
    reporters: CI_REPORT === undefined ? ["default"] : ["default", ["json", { outputFile: CI_REPORT }]],
  },
});
