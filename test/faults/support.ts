/** Runs of a few simulated minutes. */

import type { Fault } from "../../src/faults/plan/fault.ts";
import { type RunResult, run } from "../../src/faults/run.ts";
import { settingsOf } from "../../src/faults/settings.ts";

type RunWith = {
  readonly seed?: number;
  readonly minutes?: number;
  readonly trace?: (line: string) => void;
  /** two unless said */
  readonly symbols?: readonly string[];
};

/** Minutes of faults, after the ten of warming up. */
export function runWith(faults: readonly Fault[], options: RunWith = {}): RunResult {
  const { seed = 7, minutes = 7, trace, symbols } = options;
  const plan = { seed, hours: minutes / 60, faults };
  const settings = { ...settingsOf(seed), ...(symbols === undefined ? {} : { symbols: [...symbols] }) };
  return run({ plan, settings, ...(trace === undefined ? {} : { trace }) });
}
