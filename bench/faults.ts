/**
 * Goal F1: simulated ÷ CPU time of the fault simulation, helper threads of the runtime included: whole seeds of six hours
 * with their faults, two symbols, and five market events a second each for as long as the daemon is up.
 */

import { type RunResult, run } from "../src/faults/run.ts";
import { planOf } from "../src/faults/session/seed.ts";
import { seedSettingsOf } from "../src/faults/settings.ts";
import type { Row } from "./lib/goals.ts";
import { spread } from "./lib/measure.ts";

const rounds = 5;
/** They differ in how much goes wrong; every round runs all of them. */
const seeds = [1, 2, 3] as const;
const hours = 6;

export function benchFaults(): readonly Row[] {
  const rates: number[] = [];
  let results: readonly RunResult[] = [];
  // The round that does not count is for the compiler.
  for (let round = -1; round < rounds; round += 1) {
    const before = process.cpuUsage();
    results = seeds.map((seed) =>
      run({ plan: planOf({ seed, hours }), settings: seedSettingsOf(seed), isMarketSteady: true }),
    );
    const { user, system } = process.cpuUsage(before);
    if (round >= 0) rates.push((sum(results, (result) => result.hours) * 3_600e6) / (user + system));
  }
  const violations = sum(results, (result) => result.violations.length);
  if (violations > 0) throw new Error(`${violations} violations: what was measured is no sound run`);
  const faults = sum(results, (result) => sum(Object.values(result.faults), (count) => count));
  return [
    {
      goal: "F1",
      what: "fault simulation, simulated ÷ CPU time",
      ratio: spread(rates),
      rounds,
      detail: `${seeds.length} seeds of ${hours} h: ${sum(results, ({ trades }) => trades)} trades, ${faults} faults, ${sum(results, ({ crashes }) => crashes)} crashes`,
    },
  ];
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}
