/**
 * What the runs of mutation tests have in common. A run loads the tests of one folder in one context, because loading
 * them file by file for each of thousands of mutants takes longer than running them; each mutant gets a context of its
 * own, so that what a module makes when it is loaded is made anew.
 */

import { defineConfig, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** @param folder of `test/`, whose tests alone are to hold the code of the same name */
export function mutationRun(folder: string): ViteUserConfig {
  return defineConfig({
    plugins: [
      {
        // Stryker asks for the line of each test, a stack trace a time, which its incremental mode alone reads.
        name: "no-task-location",
        configureVitest: ({ project }) => {
          project.config.includeTaskLocation = false;
        },
      },
    ],
    test: {
      include: [`test/${folder}/**/*.test.ts`],
      setupFiles: ["vitest.mutation-setup.ts"],
      isolate: false,
      sequence: { sequencer: SlowLast },
      env: { HOSTILE_RUNS: "40" },
      testTimeout: 30_000,
    },
  });
}

/** Most mutants die of quick tests, and the first failure ends the run. */
class SlowLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification): number => (moduleId.endsWith("/hostile.test.ts") ? 1 : 0);
    return files.toSorted((a, b) => isSlow(a) - isSlow(b));
  }
}
