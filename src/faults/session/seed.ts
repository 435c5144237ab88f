/** One seed as a job: its plan is drawn, run, and judged; what is told of it is plain data. */

import type { Settings } from "../../config/schema.ts";
import { drawPlan } from "../plan/draw.ts";
import type { Plan } from "../plan/fault.ts";
import { recordingAt } from "../recordings.ts";
import { faultHours, type RunOptions, type RunResult, run } from "../run.ts";
import { settingsOf } from "../settings.ts";

export type SeedJob = {
  readonly seed: number;
  readonly hours: number;
  /** null: those of the simulation, which differ from seed to seed */
  readonly settings: Settings | null;
  /** files to be played instead of the seeded walk, one a symbol of the settings in their order; null: the walk */
  readonly tapes: readonly string[] | null;
};

export type SeedReport = { readonly result: RunResult; readonly faultsPlanned: number };

/** The least of a run that counts. */
const floor = { hours: 6, trades: 5, faults: 10 } as const;
/** Lines before and after the first violation that are kept. */
const linesBefore = 600;
const linesAfter = 60;

export function planOf({ seed, hours }: Pick<SeedJob, "seed" | "hours">): Plan {
  return drawPlan(seed, faultHours(hours));
}

/** What a job is run with, its own plan apart. */
export function worldOf({ seed, settings, tapes }: SeedJob): Pick<RunOptions, "settings" | "tapes"> {
  return { settings: settings ?? settingsOf(seed), tapes: tapes?.map(recordingAt) ?? null };
}

export function runSeed(job: SeedJob): SeedReport {
  const plan = planOf(job);
  return { result: run({ plan, ...worldOf(job) }), faultsPlanned: plan.faults.length };
}

export type Account = {
  /** what happened around the first violation */
  readonly timeline: readonly string[];
  /** what exchange and daemon had at that moment */
  readonly differences: readonly string[];
};

/** Runs it once more, and tells of the first violation. */
export function accountOf(plan: Plan, job: SeedJob): Account {
  const lines: string[] = [];
  let differences: readonly string[] = [];
  let left = Number.POSITIVE_INFINITY;
  run({
    plan,
    ...worldOf(job),
    trace: (line) => {
      if (left <= 0) return;
      lines.push(line);
      if (left === Number.POSITIVE_INFINITY && lines.length > 2 * linesBefore) lines.splice(0, linesBefore);
      left -= 1;
    },
    onViolation: ({ invariant, detail }, differencesNow) => {
      if (left !== Number.POSITIVE_INFINITY) return;
      differences = differencesNow();
      lines.push(`                ### ${invariant}: ${detail}`);
      left = linesAfter;
    },
  });
  return { timeline: lines.slice(-(linesBefore + linesAfter)), differences };
}

/** A run in which too little happened proves nothing. */
export function isEmpty({ hours, trades, faults }: RunResult): boolean {
  const struck = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return hours < floor.hours || trades < floor.trades || struck < floor.faults;
}
