/** The thread of one mistake: it loads the daemon with it, and runs seeds, or makes a failing plan smaller. */

import { parentPort, workerData } from "node:worker_threads";
import type { Plan } from "../../src/faults/plan/fault.ts";
import { type Planting, plant } from "./plant.ts";

/** Null: the daemon as it is. */
export type MutantData = { readonly planting: Planting | null };
export type MutantJob = {
  readonly kind: "seed" | "shrink";
  readonly seed: number;
  readonly hours: number;
  /** of a shrink: how often the world may be run */
  readonly runsMax: number;
  /** words of violations that are open without any mistake, and prove nothing */
  readonly ignored: readonly string[];
};
export type FoundViolation = { readonly invariant: string; readonly detail: string };
export type MutantReport =
  | { readonly kind: "seed"; readonly found: FoundViolation | null; readonly trades: number }
  /** the smallest plan that was found; null: nothing was violated */
  | { readonly kind: "shrink"; readonly plan: Plan | null; readonly runs: number }
  /** the simulation contradicted itself: no verdict */
  | { readonly kind: "broken"; readonly message: string };

const { planting }: MutantData = workerData;
if (planting !== null) plant(planting);
// Only now: what is imported above was loaded before the mistake was planted.
const { planOf } = await import("../../src/faults/session/seed.ts");
const { run } = await import("../../src/faults/run.ts");
const { limitedSettingsOf } = await import("../../src/faults/settings.ts");
const { shrink } = await import("../../src/faults/session/shrink.ts");

parentPort?.on("message", (job: MutantJob) => parentPort?.postMessage(reportOf(job)));

function reportOf(job: MutantJob): MutantReport {
  try {
    return job.kind === "seed" ? seedReport(job) : shrinkReport(job);
  } catch (error) {
    return { kind: "broken", message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function seedReport(job: MutantJob): MutantReport {
  const counts = countsIn(job);
  const { violations, trades } = run({ plan: planOf(job), settings: limitedSettingsOf(job.seed), until: counts });
  const first = violations.find(counts);
  return {
    kind: "seed",
    trades,
    found: first === undefined ? null : { invariant: first.invariant, detail: first.detail },
  };
}

function shrinkReport(job: MutantJob): MutantReport {
  const shrunk = shrink(planOf(job), limitedSettingsOf(job.seed), job.runsMax, countsIn(job));
  return { kind: "shrink", plan: shrunk?.plan ?? null, runs: shrunk?.runs ?? 1 };
}

function countsIn({ ignored }: MutantJob): (found: FoundViolation) => boolean {
  return ({ detail }) => !ignored.some((words) => detail.includes(words));
}
