/**
 * The tests that mutation testing of execution runs: its own alone, in one context, because loading them anew for each of
 * thousands of mutants would take longer than running them. The quick ones go first, so that most mutants die of them.
 */

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

class HostileLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification): number => (moduleId.endsWith("hostile.test.ts") ? 1 : 0);
    return files.toSorted((a, b) => isSlow(a) - isSlow(b));
  }
}

export default defineConfig({
  test: {
    include: ["test/execution/**/*.test.ts"],
    setupFiles: ["test/support/mutation.ts"],
    isolate: false,
    sequence: { sequencer: HostileLast },
    env: { HOSTILE_RUNS: "40" },
    testTimeout: 30_000,
  },
});
