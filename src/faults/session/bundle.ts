/** What a failing seed leaves for those who look into it: plan, verdict, and a readable timeline up to the violation. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../config/schema.ts";
import { settingsOf } from "../settings.ts";
import { planOf, type SeedJob, type SeedReport, timelineOf } from "./seed.ts";

/** @returns the folder */
export function writeBundle(directory: string, job: SeedJob, { result }: SeedReport): string {
  const folder = join(directory, `seed-${job.seed}`);
  mkdirSync(folder, { recursive: true });
  const plan = planOf(job);
  const settings: Settings = job.settings ?? settingsOf(job.seed);
  const struck = result.reached.map((index) => plan.faults[index]);
  write(folder, "plan.json", { ...plan, faults: struck });
  write(folder, "result.json", result);
  writeFileSync(join(folder, "timeline.txt"), `${timelineOf(plan, settings).join("\n")}\n`);
  return folder;
}

function write(folder: string, name: string, value: unknown): void {
  writeFileSync(join(folder, name), `${JSON.stringify(value, null, 1)}\n`);
}
