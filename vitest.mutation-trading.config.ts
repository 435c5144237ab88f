/** The tests that mutation testing of execution and micro-scalp runs: those that hold them, and nothing slower. */

import { defineConfig } from "vitest/config";

const folders = ["execution", "scenario", "engine", "decision/micro-scalp"];

export default defineConfig({
  test: { include: folders.map((folder) => `test/${folder}/**/*.test.ts`), testTimeout: 30_000 },
});
