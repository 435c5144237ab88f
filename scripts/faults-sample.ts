/**
 * A random sample of the mutation tool's own mutants in execution/ and venue/, run by the simulation alone: what share of
 * them the judge finds. The tests, which find most of the others, have no say here.
 *
 * Usage: npm run faults:sample -- [--mutants N] [--sample SEED] [--seeds N] [--from SEED] [--hours H] [--threads N]
 *          [--out FOLDER] [--ignore WORDS]
 */

import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { Random } from "../src/tape/random.ts";
import { type Catch, huntAll, type Quarry } from "./mutants/hunt.ts";
import { Results } from "./mutants/results.ts";
import { sourceDigest } from "./mutants/source-digest.ts";

const Position = z.object({ line: z.number(), column: z.number() });
const Instrumented = z.object({
  mutants: z.array(
    z.object({
      id: z.string(),
      fileName: z.string(),
      mutatorName: z.string(),
      replacement: z.string(),
      location: z.object({ start: Position, end: Position }),
    }),
  ),
});
type StrykerMutant = z.infer<typeof Instrumented>["mutants"][number];

const root = join(import.meta.dirname, "..");
/** The simulation has its own sockets in place of venue/live. */
const folders = ["src/execution/**/*.ts", "src/venue/*.ts", "src/venue/wire/*.ts"];

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mutants: { type: "string", default: "50" },
      sample: { type: "string", default: "1" },
      seeds: { type: "string", default: "20" },
      from: { type: "string", default: "1" },
      hours: { type: "string", default: "1" },
      threads: { type: "string", default: String(availableParallelism()) },
      out: { type: "string", default: join(root, "data", "faults-sample") },
      ignore: { type: "string", multiple: true, default: [] },
    },
  });
  const all = await mutantsIn(folders.flatMap((pattern) => globSync(pattern, { cwd: root })).sort());
  const sample = drawn(all, Number(values.mutants), new Random(Number(values.sample)));
  print(`${sample.length} of ${all.length} mutants, sample ${values.sample}`);
  const options = {
    seeds: Number(values.seeds),
    from: Number(values.from),
    hours: Number(values.hours),
    ignored: values.ignore,
    results: new Results(join(values.out, `results-${sourceDigest(root)}.jsonl`)),
  };
  const quarries = sample.map((mutant) => ({ ...quarryOf(mutant), mutant }));
  const catches = await huntAll(quarries, Number(values.threads), options, ({ mutant }, one) =>
    print(lineOf(mutant, one)),
  );
  const caught = catches.filter(({ seeds }) => seeds !== null).length;
  const broke = catches.filter(({ seeds, broken }) => seeds === null && broken > 0).length;
  const share = ((100 * caught) / Math.max(1, catches.length)).toFixed(0);
  print(`caught ${caught} of ${catches.length} (${share} %); ${broke} more ended or stopped the simulation`);
}

/** The tool's instrumenter knows every mutant of a file. It is a part of the tool, so it is asked for where the tool is. */
async function mutantsIn(files: readonly string[]): Promise<readonly StrykerMutant[]> {
  const tool = createRequire(import.meta.resolve("@stryker-mutator/core/package.json"));
  const { Instrumenter } = await import(tool.resolve("@stryker-mutator/instrumenter"));
  const silent = (): void => undefined;
  const logger = { debug: silent, info: silent, warn: silent, isDebugEnabled: () => false };
  const instrumented: unknown = await new Instrumenter(logger).instrument(
    files.map((name) => ({ name, mutate: true, content: readFileSync(join(root, name), "utf8") })),
    { plugins: null, excludedMutations: [], ignorers: [], noHeader: true },
  );
  return Instrumented.parse(instrumented).mutants;
}

/** So many of them, each once. */
function drawn<T>(all: readonly T[], count: number, random: Random): readonly T[] {
  const left = [...all];
  return Array.from({ length: Math.min(count, all.length) }, () => left.splice(random.below(left.length), 1)).flat();
}

function quarryOf({ id, fileName, location: { start, end }, replacement }: StrykerMutant): Quarry {
  const path = join(root, fileName);
  const source = readFileSync(path, "utf8");
  const lines = source.split("\n");
  const offset = ({ line, column }: z.infer<typeof Position>): number =>
    lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0) + column;
  return { id, planting: { path, source: source.slice(0, offset(start)) + replacement + source.slice(offset(end)) } };
}

function lineOf({ fileName, location, mutatorName, replacement }: StrykerMutant, one: Catch): string {
  const place = `${fileName}:${location.start.line + 1}`.padEnd(44);
  const fate = one.seeds === null ? (one.broken > 0 ? "broke" : "-") : `${one.seeds} ${one.invariant}`;
  return `${place} ${mutatorName.padEnd(22)} ${fate.padEnd(10)} ${replacement.replaceAll(/\s+/g, " ").slice(0, 40)}`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) await main(process.argv.slice(2));
