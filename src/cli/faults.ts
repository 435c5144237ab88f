/** `scalpd faults`: the whole daemon in a hostile, deterministic world, judged by code that knows the truth. */

import { availableParallelism } from "node:os";
import { loadSettings } from "../config/load.ts";
import { present } from "../domain/assert.ts";
import { listedSymbols } from "../exchange/symbols.ts";
import { run } from "../faults/run.ts";
import { writeBundle, writeShrunk } from "../faults/session/bundle.ts";
import { runPool } from "../faults/session/pool.ts";
import { planOf, type SeedJob, type SeedReport, worldOf } from "../faults/session/seed.ts";
import { exitCodeOf, summarise } from "../faults/session/summary.ts";
import { seedSettingsOf } from "../faults/settings.ts";
import { readTape } from "../tape/reader.ts";
import { progressLine, summaryLines } from "./faults-report.ts";
import { symbolsOfTapes } from "./tape-symbols.ts";
import { UsageError } from "./usage-error.ts";

export type FaultsOptions = {
  readonly seeds: number;
  readonly from: number;
  readonly hours: number;
  readonly json: boolean;
  /** every line of what happens, for few seeds */
  readonly trace: boolean;
  readonly config: string | null;
  /** recordings instead of the seeded walk, one a symbol; empty: the walk */
  readonly tapes: readonly string[];
  /** makes the plans of failing seeds smaller */
  readonly shrink: boolean;
  /** where bundles of failing seeds are written */
  readonly out: string;
  readonly threads: number | null;
  readonly print: (line: string) => void;
  /** one line that replaces the one before; null where nobody looks */
  readonly progress: ((line: string) => void) | null;
};

/** More than this would be read by nobody. */
const tracedSeedsMax = 10;
const bundlesMax = 20;
/** Each is a job that is held until all are done. */
const seedsMax = 1_000_000;
const threadsMax = 1_024;
/** More than a year of simulated time in one world: nobody waits for its end. */
const hoursMax = 10_000;

/** @returns the exit code: 0 no violation, 3 correctness, 4 liveness, 5 the daemon crashed */
export async function faultsCommand(options: FaultsOptions): Promise<number> {
  const jobs = jobsOf(options);
  const reports: SeedReport[] = [];
  const began = performance.now();
  const used = process.cpuUsage();
  const onReport = (report: SeedReport): void => {
    reports.push(report);
    options.progress?.(progressLine(reports, jobs.length, (performance.now() - began) / 1_000));
  };
  if (options.trace) for (const job of jobs) onReport(traced(job, options.print));
  else await runPool({ jobs, threads: options.threads ?? availableParallelism(), onReport });
  const summary = summarise(reports);
  const bundles = bundlesOf(options, jobs, reports);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(used);
  const cpuSeconds = (user + system) / 1e6;
  for (const line of options.json ? [] : summaryLines(summary, reports, { seconds, cpuSeconds }, bundles))
    options.print(line);
  if (options.json)
    options.print(JSON.stringify({ ...summary, seconds: rounded(seconds), cpu_seconds: rounded(cpuSeconds), bundles }));
  return exitCodeOf(summary);
}

/** What is left for those who look into it; the first so many. */
function bundlesOf(
  options: FaultsOptions,
  jobs: readonly SeedJob[],
  reports: readonly SeedReport[],
): readonly string[] {
  const failing = reports.filter(({ result }) => result.violations.length > 0);
  failing.sort((a, b) => a.result.seed - b.result.seed);
  return failing.slice(0, bundlesMax).flatMap((report) => {
    const job = present(
      jobs.find(({ seed }) => seed === report.result.seed),
      "job of a report",
    );
    const folder = writeBundle(options.out, job, report);
    const shrunk = options.shrink ? writeShrunk(folder, job) : null;
    return shrunk === null ? [folder] : [folder, shrunk];
  });
}

/** To tenths. */
function rounded(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}

function jobsOf(options: FaultsOptions): readonly SeedJob[] {
  const { seeds, from, threads, trace, shrink } = options;
  for (const [name, value, least, most] of [
    ["--seeds", seeds, 1, seedsMax],
    ["--from", from, 0, Number.MAX_SAFE_INTEGER - seedsMax],
    ["--threads", threads ?? 1, 1, threadsMax],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new UsageError(`${name} ${value}: allowed is a whole number from ${least} to ${most}`);
    }
  }
  if (!(options.hours > 0 && options.hours <= hoursMax)) {
    throw new UsageError(`--hours ${options.hours}: allowed is a number above 0 and at most ${hoursMax}`);
  }
  if (trace && seeds > tracedSeedsMax) throw new UsageError(`--trace: at most ${tracedSeedsMax} seeds at once`);
  if (shrink && options.tapes.length > 0) {
    throw new UsageError("--shrink: a regression runs on the seeded market; allowed without --tape");
  }
  const recorded = symbolsOfTapes(options.tapes.map((path) => readTape(path))).map(({ row }) => row.symbol);
  return Array.from({ length: seeds }, (_, index) => jobOf(options, from + index, recorded));
}

/** @param recorded symbols of the tapes */
function jobOf({ hours, config, tapes }: FaultsOptions, seed: number, recorded: readonly string[]): SeedJob {
  const settings = config === null ? seedSettingsOf(seed) : loadSettings(config);
  if (tapes.length > 0) return { seed, hours, settings: { ...settings, symbols: [...recorded] }, tapes };
  const unlisted = settings.symbols.find((symbol) => !listedSymbols.some(({ row }) => row.symbol === symbol));
  if (unlisted !== undefined) {
    const listed = listedSymbols.map(({ row }) => row.symbol).join(", ");
    throw new UsageError(`symbols ${unlisted}: the simulation's exchange lists ${listed}`);
  }
  return { seed, hours, settings, tapes: null };
}

function traced(job: SeedJob, print: (line: string) => void): SeedReport {
  const plan = planOf(job);
  const onViolation = ({ invariant, detail }: { readonly invariant: string; readonly detail: string }): void =>
    print(`                ### ${invariant}: ${detail}`);
  const result = run({ plan, ...worldOf(job), trace: print, onViolation });
  return { result, faultsPlanned: plan.faults.length };
}
