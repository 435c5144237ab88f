/**
 * What a failing seed leaves for those who look into it: plan, verdict, a readable timeline, and what
 * exchange and daemon had at the moment of the violation.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf } from "../settings.ts";
import { regressionText } from "./regression.ts";
import { accountOf, planOf, type SeedJob, type SeedReport } from "./seed.ts";
import { shrink } from "./shrink.ts";

/** More runs than this are not spent on making a plan smaller. */
const shrinkRunsMax = 300;

/** The smallest plan that was found, as a regression to be kept; null when the seed violates nothing. */
export function writeShrunk(folder: string, job: SeedJob): string | null {
  const shrunk = shrink(planOf(job), job.settings ?? settingsOf(job.seed), shrinkRunsMax);
  if (shrunk === null) return null;
  const { plan, violation } = shrunk;
  const path = join(folder, "regression.json");
  writeFileSync(path, regressionText(plan, violation.invariant, violation.detail, job.settings));
  return `${path}: ${plan.faults.length} faults after ${shrunk.runs} runs`;
}

/** @returns the folder */
export function writeBundle(directory: string, job: SeedJob, { result }: SeedReport): string {
  const folder = join(directory, `seed-${job.seed}`);
  mkdirSync(folder, { recursive: true });
  const plan = planOf(job);
  const struck = result.reached.map((index) => plan.faults[index]);
  write(folder, "plan.json", { ...plan, faults: struck });
  write(folder, "result.json", result);
  const { timeline, differences } = accountOf(plan, job);
  writeFileSync(join(folder, "timeline.txt"), `${timeline.join("\n")}\n`);
  writeFileSync(join(folder, "differences.txt"), `${differences.join("\n")}\n`);
  return folder;
}

function write(folder: string, name: string, value: unknown): void {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
}
