/**
 * Whether the judge is awake: every mistake of test/faults/bugs is planted, one at a time, and run over seeds until an
 * invariant is violated. Interrupted and begun again with the same folder, it goes on where it was.
 *
 * Usage: npm run faults:mutants -- [--seeds N] [--from SEED] [--hours H] [--threads N] [--out FOLDER] [--only ID,ID]
 *          [--ignore WORDS]
 */

import { createHash } from "node:crypto";
import { globSync, mkdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bug } from "../test/faults/bugs/bug.ts";
import { bugs } from "../test/faults/bugs/bugs.ts";
import { type Catch, Hunt } from "./mutants/hunt.ts";
import { plantingOf } from "./mutants/planting-of.ts";
import { Results } from "./mutants/results.ts";

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
      ignore: { type: "string", multiple: true, default: [] },
    },
  });
  const named = values.only?.split(",");
  const chosen = bugs.filter(({ id }) => named === undefined || named.includes(id));
  mkdirSync(values.out, { recursive: true });
  const results = new Results(join(values.out, `results-${sourceDigest()}.jsonl`));
  const options = {
    seeds: Number(values.seeds),
    from: Number(values.from),
    hours: Number(values.hours),
    ignored: values.ignore,
    results,
  };
  const catches: Catch[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const hunt = new Hunt(options);
    try {
      for (let bug = chosen[next++]; bug !== undefined; bug = chosen[next++]) {
        const one = await hunt.of({ id: bug.id, planting: plantingOf(bug) });
        catches.push(one);
        print(lineOf(bug, one));
      }
    } finally {
      await hunt.end();
    }
  };
  print(lineOf(null, null));
  await Promise.all(Array.from({ length: Number(values.threads) }, work));
  const caught = catches.filter(({ seeds }) => seeds !== null).length;
  print(
    `${caught} of ${chosen.length} caught, seeds from ${options.from}, ${options.hours} h each, at most ${options.seeds}`,
  );
  return caught === chosen.length ? 0 : 1;
}

/** Of everything that is run: another daemon, judge or world makes the results of the last one worthless. */
function sourceDigest(): string {
  const hash = createHash("sha256");
  for (const file of globSync("src/**/*.ts", { cwd: root }).sort())
    hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest("hex").slice(0, 12);
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
