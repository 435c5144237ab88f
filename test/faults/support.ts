/** Runs of a few simulated minutes. */

import type { Fault } from "../../src/faults/plan/fault.ts";
import { type RunResult, run } from "../../src/faults/run.ts";
import { settingsOf } from "../../src/faults/settings.ts";

/** Minutes of faults, after the ten of warming up. */
export function runWith(
  faults: readonly Fault[],
  options: { readonly seed?: number; readonly minutes?: number; readonly trace?: (line: string) => void } = {},
): RunResult {
  const { seed = 7, minutes = 7, trace } = options;
  const plan = { seed, hours: minutes / 60, faults };
  return run({ plan, settings: settingsOf(seed), ...(trace === undefined ? {} : { trace }) });
}
