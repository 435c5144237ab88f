/**
 * The fault simulation as a check before a change lands: whole seeds on all cores, no violation, and of every hundredth
 * seed the same hash once more in this process and once in another. Regressions and short runs are tests of their own.
 *
 * Usage: node scripts/faults-check.ts [SEEDS [FROM [HOURS]]]
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { summaryLines } from "../src/cli/faults-report.ts";
import { runPool } from "../src/faults/session/pool.ts";
import type { SeedReport } from "../src/faults/session/seed.ts";
import { exitCodeOf, summarise } from "../src/faults/session/summary.ts";
import { seedSettingsOf } from "../src/faults/settings.ts";

const main = resolve(import.meta.dirname, "../src/cli/main.ts");
/** One seed of so many is run twice more. */
const repeatedEach = 100;

const Printed = z.object({ hash: z.string() });

/** @returns 0, or that of `scalpd faults` for what was violated, or 1 when a seed did not repeat itself */
async function check([seeds = "100", from = "1", hours = "6"]: readonly string[]): Promise<number> {
  const began = performance.now();
  const used = process.cpuUsage();
  const all = Array.from({ length: Number(seeds) }, (_, index) => Number(from) + index);
  const reports = await reportsOf(all, Number(hours));
  const summary = summarise(reports);
  const { user, system } = process.cpuUsage(used);
  const times = { seconds: (performance.now() - began) / 1_000, cpuSeconds: (user + system) / 1e6 };
  process.stdout.write(`${summaryLines(summary, reports, times, []).join("\n")}\n`);
  const differing = await unrepeatable(reports, Number(hours));
  for (const line of differing) process.stdout.write(`${line}\n`);
  return exitCodeOf(summary) || Math.min(1, differing.length);
}

async function reportsOf(seeds: readonly number[], hours: number): Promise<readonly SeedReport[]> {
  const reports: SeedReport[] = [];
  const jobs = seeds.map((seed) => ({ seed, hours, settings: seedSettingsOf(seed), tapes: null }));
  await runPool({ jobs, threads: availableParallelism(), onReport: (report) => reports.push(report) });
  return reports;
}

/** Seeds whose events, commands or rows are others when they are run again, in words. */
async function unrepeatable(reports: readonly SeedReport[], hours: number): Promise<readonly string[]> {
  const chosen = reports.filter(({ result }) => result.seed % repeatedEach === 0 || reports.length < repeatedEach);
  const differing: string[] = [];
  for (const report of chosen.slice(0, Math.ceil(reports.length / repeatedEach))) {
    const { seed } = report.result;
    const [again, elsewhere] = await Promise.all([reportsOf([seed], hours), hashElsewhere(seed, hours)]);
    const hashes = new Set([summarise([report]).hash, summarise(again).hash, elsewhere]);
    const isSame = hashes.size === 1;
    process.stdout.write(`seed ${seed} three times: ${isSame ? "the same to the last byte" : "DIFFERENT"}\n`);
    if (!isSame) differing.push(`seed ${seed} does not repeat itself: ${[...hashes].join(", ")}`);
  }
  return differing;
}

async function hashElsewhere(seed: number, hours: number): Promise<string> {
  const out = mkdtempSync(join(tmpdir(), "scalpd-faults-"));
  const options = ["--seeds", "1", "--from", String(seed), "--hours", String(hours), "--out", out, "--json"];
  const child = spawn(process.execPath, [main, "faults", ...options], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    // How it ends is said above already: here only the hash counts.
    const [printed] = await Promise.all([text(child.stdout), once(child, "close")]);
    return Printed.parse(JSON.parse(printed.trim().split("\n").at(-1) ?? "")).hash;
  } finally {
    rmSync(out, { recursive: true });
  }
}

process.exitCode = await check(process.argv.slice(2));
