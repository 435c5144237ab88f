/**
 * Whether the judge is awake: every mistake of test/faults/bugs is planted, one at a time, and run over seeds until an
 * invariant is violated. Interrupted and begun again with the same folder, it goes on where it was.
 *
 * Usage: npm run faults:mutants -- [--seeds N] [--from SEED] [--hours H] [--threads N] [--out FOLDER] [--only ID,ID]
 *          [--ignore WORDS] [--shrink] [--unseen]
 */

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { planOf } from "../src/faults/session/seed.ts";
import type { Bug } from "../test/faults/bugs/bug.ts";
import { bugs } from "../test/faults/bugs/bugs.ts";
import { unseenBugs } from "../test/faults/bugs/unseen.ts";
import { type Catch, type HuntOptions, huntAll } from "./mutants/hunt.ts";
import { Mutant } from "./mutants/mutant.ts";
import { plantingOf } from "./mutants/planting-of.ts";
import { Results } from "./mutants/results.ts";
import { sourceDigest } from "./mutants/source-digest.ts";

/** More runs than this are not spent on making one plan smaller. */
const shrinkRunsMax = 120;

const root = join(import.meta.dirname, "..");

/** @returns the exit code: 1 when a mistake was not caught */
async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "1000" },
      from: { type: "string", default: "1" },
      hours: { type: "string", default: "1" },
      threads: { type: "string", default: String(availableParallelism()) },
      out: { type: "string", default: join(root, "data", "faults-mutants") },
      only: { type: "string" },
      unseen: { type: "boolean", default: false },
      shrink: { type: "boolean", default: false },
      ignore: { type: "string", multiple: true, default: [] },
    },
  });
  const named = values.only?.split(",");
  const table = values.unseen ? unseenBugs : bugs;
  const chosen = table.filter(({ id }) => named === undefined || named.includes(id));
  const results = new Results(join(values.out, `results-${sourceDigest(root)}.jsonl`));
  const options = {
    seeds: Number(values.seeds),
    from: Number(values.from),
    hours: Number(values.hours),
    ignored: values.ignore,
    results,
  };
  print(lineOf(null, null));
  const quarries = chosen.map((bug) => ({
    id: bug.id,
    planting: plantingOf(bug),
    mayShow: (seed: number) => hasFault(seed, options.hours, bug.needs),
    bug,
  }));
  const catches = await huntAll(quarries, Number(values.threads), options, async ({ bug }, one) => {
    print(lineOf(bug, one));
    if (values.shrink && one.seed !== null) print(await shrunkLine(bug, one.seed, options));
  });
  const caught = catches.filter(({ seeds }) => seeds !== null).length;
  print(
    `${caught} of ${chosen.length} caught, seeds from ${options.from}, ${options.hours} h each, at most ${options.seeds}`,
  );
  return caught === chosen.length ? 0 : 1;
}

async function shrunkLine(bug: Bug, seed: number, { hours, ignored }: HuntOptions): Promise<string> {
  const mutant = new Mutant(plantingOf(bug));
  try {
    const report = await mutant.ask({ kind: "shrink", seed, hours, runsMax: shrinkRunsMax, ignored });
    if (report.kind !== "shrink" || report.plan === null)
      return `  not shrunk: ${JSON.stringify(report).slice(0, 200)}`;
    const { faults } = report.plan;
    return `  shrunk to ${faults.length} faults in ${report.runs} runs: ${faults.map((one) => one.class).join(", ")}`;
  } finally {
    await mutant.end();
  }
}

function hasFault(seed: number, hours: number, needed: string | undefined): boolean {
  return needed === undefined || planOf({ seed, hours }).faults.some((fault) => fault.class === needed);
}

function lineOf(bug: Bug | null, one: Catch | null): string {
  const cells =
    bug === null || one === null
      ? ["mistake", "cause", "seeds", "caught by"]
      : [
          bug.id,
          bug.cause,
          String(one.seeds ?? "-"),
          `${one.invariant}${one.broken > 0 ? ` (${one.broken} broke)` : ""} ${one.detail}`,
        ];
  const [id = "", cause = "", seeds = "", by = ""] = cells;
  return `${id.padEnd(36)} ${cause.padEnd(5)} ${seeds.padStart(5)}  ${by.slice(0, 120)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
