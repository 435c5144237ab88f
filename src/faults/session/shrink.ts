/** Reduces a plan to few faults that still violate the same invariant: delta debugging on its list. */

import type { Settings } from "../../config/schema.ts";
import { microsPerMinute } from "../../domain/units.ts";
import type { Violation } from "../judge/scene.ts";
import type { Fault, Plan } from "../plan/fault.ts";
import { faultHours, type RunResult, run } from "../run.ts";

export type Shrunk = {
  readonly plan: Plan;
  readonly violation: Violation;
  readonly runs: number;
};

const microsPerHour = 60 * microsPerMinute;
/** What a run may still need after the violation was seen for the first time, the time to converge included. */
const margin = 4 * microsPerMinute;

/**
 * @param runsMax how often the world may be run
 * @param counts which violations it is about
 * @returns null when the plan violates nothing
 */
export function shrink(
  plan: Plan,
  settings: Settings,
  runsMax: number,
  counts: (violation: Violation) => boolean = () => true,
): Shrunk | null {
  let runs = 0;
  const attempt = (candidate: Plan, until: (violation: Violation) => boolean): RunResult => {
    runs += 1;
    return run({ plan: candidate, settings, until });
  };
  const first = attempt(plan, counts);
  const violation = first.violations.find(counts);
  if (violation === undefined) return null;
  let best = { plan, violation };
  const keep = (candidate: Plan): boolean => {
    if (runs >= runsMax) return false;
    const isSame = (found: Violation): boolean => found.invariant === violation.invariant && counts(found);
    const found = attempt(candidate, isSame).violations.find(isSame);
    if (found === undefined) return false;
    best = { plan: candidate, violation: found };
    return true;
  };
  keep({ ...plan, faults: first.reached.flatMap((index) => plan.faults[index] ?? []) });
  const seen = faultHours((best.violation.at + margin) / microsPerHour);
  keep({ ...best.plan, hours: Math.min(plan.hours, seen) });
  keepLast(best.plan.faults, (faults) => keep({ ...best.plan, faults }));
  minimise(best.plan.faults, (faults) => keep({ ...best.plan, faults }));
  return { ...best, runs };
}

/** What struck last is the likeliest cause; a program that is wrong by itself needs none. */
function keepLast(struck: readonly Fault[], fails: (faults: readonly Fault[]) => boolean): void {
  for (let last = 0; last < struck.length; last = Math.max(1, 2 * last)) {
    if (fails(struck.slice(struck.length - last))) return;
  }
}

/** Takes ever smaller parts away for as long as what is left still fails. */
function minimise(all: readonly Fault[], fails: (faults: readonly Fault[]) => boolean): void {
  let faults = all;
  let parts = 2;
  while (faults.length > 1) {
    const size = Math.ceil(faults.length / parts);
    const smaller = withoutOnePart(faults, size, fails);
    if (smaller !== null) {
      faults = smaller;
      parts = Math.max(2, parts - 1);
    } else if (size === 1) return;
    else parts = Math.min(faults.length, 2 * parts);
  }
}

function withoutOnePart(
  faults: readonly Fault[],
  size: number,
  fails: (faults: readonly Fault[]) => boolean,
): readonly Fault[] | null {
  for (let from = 0; from < faults.length; from += size) {
    const rest = faults.filter((_, index) => index < from || index >= from + size);
    if (fails(rest)) return rest;
  }
  return null;
}
