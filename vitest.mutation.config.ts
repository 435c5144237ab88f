/** The tests that mutation testing runs: those that hold risk, execution and micro-scalp, and nothing slower. */

import { defineConfig } from "vitest/config";

const folders = ["risk", "execution", "scenario", "engine", "decision/micro-scalp"];

export default defineConfig({
  test: { include: folders.map((folder) => `test/${folder}/**/*.test.ts`), testTimeout: 30_000 },
});
