/**
 * The crash matrix: canonical trades, each with a crash at every event, effect and store write, and with a second crash
 * inside the recovery from the first. After the restart the judge of the simulation must have nothing to say.
 *
 * Usage: npm run faults:crashes -- [--every N] [--from N] [--trades WORDS] [--threads N] [--out FILE]
 */

import { appendFileSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import type { CrashJob, CrashReport } from "./crashes/crash.worker.ts";
import { crashesAt, found } from "./crashes/matrix.ts";
import { canonicalTrades } from "./crashes/trades.ts";

type Count = { runs: number; violations: number; unreached: number };

/** @returns the exit code: 3 when something was violated, 1 when a crash found its place no more */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      every: { type: "string", default: "1" },
      from: { type: "string", default: "0" },
      trades: { type: "string", default: "" },
      threads: { type: "string", default: String(availableParallelism()) },
      out: { type: "string", default: join(import.meta.dirname, "..", "data", "faults-crashes.jsonl") },
    },
  });
  mkdirSync(dirname(values.out), { recursive: true });
  const began = performance.now();
  const total: Count = { runs: 0, violations: 0, unreached: 0 };
  for (const named of canonicalTrades.filter(({ name }) => name.includes(values.trades))) {
    const { trade, places } = found(named);
    const crashes = crashesAt(places).filter((_, index) => index % Number(values.every) === Number(values.from));
    const count: Count = { runs: 0, violations: 0, unreached: 0 };
    const onReport = (report: CrashReport): void => {
      if ("broken" in report) throw new Error(`${trade.name}: ${report.broken}`);
      count.runs += 1;
      if (!report.isReached) count.unreached += 1;
      if (report.violations.length === 0) return;
      count.violations += 1;
      appendFileSync(values.out, `${JSON.stringify({ trade: trade.name, ...report })}\n`);
      print(`  ${report.place}: ${report.violations[0]?.slice(0, 160)}`);
    };
    const jobs = crashes.map((crash) => ({ trade: trade.name, seed: trade.seed, crash }));
    await runAll(jobs, Number(values.threads), onReport);
    print(`${trade.name.padEnd(42)} ${places.length} places, ${told(count)}`);
    for (const key of ["runs", "violations", "unreached"] as const) total[key] += count[key];
  }
  print(`${told(total)}, ${Math.round((performance.now() - began) / 1_000)} s`);
  if (total.violations > 0) return 3;
  return total.unreached > 0 ? 1 : 0;
}

async function runAll(
  jobs: readonly CrashJob[],
  threads: number,
  onReport: (report: CrashReport) => void,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./crashes/crash.worker.ts", import.meta.url));
    try {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) onReport(await answerOf(worker, job));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
}

async function answerOf(worker: Worker, job: CrashJob): Promise<CrashReport> {
  const { promise, resolve, reject } = Promise.withResolvers<CrashReport>();
  worker.once("message", resolve).once("error", reject);
  worker.postMessage(job);
  try {
    return await promise;
  } finally {
    worker.off("error", reject);
  }
}

function told({ runs, violations, unreached }: Count): string {
  return `${runs} crashes, ${violations} with violations, ${unreached} without their place`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
