/** The daemon killed again and again, for as long as one likes: another seed each time, unless KILLS_SEED says which. */

import { defineConfig } from "vitest/config";

const { KILLS = "200", KILLS_SEED = String(Date.now() % 2 ** 31) } = process.env;

export default defineConfig({
  test: {
    include: ["test/acceptance/kills.test.ts"],
    env: { KILLS, KILLS_SEED },
    expect: { requireAssertions: true },
    reporters: ["verbose"],
  },
});
