/** Power loss again and again, for as long as one likes: other seeds each time, unless POWER_SEED says which is the first. */

import { defineConfig } from "vitest/config";

const { POWER_LOSSES = "200", POWER_SEED = String(Date.now() % 2 ** 30) } = process.env;

export default defineConfig({
  test: {
    include: ["test/store/power-loss.test.ts"],
    env: { POWER_LOSSES, POWER_SEED },
    expect: { requireAssertions: true },
    testTimeout: 60_000,
    reporters: ["dot"],
  },
});
