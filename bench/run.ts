/**
 * `npm run bench`: the performance goals as ratios, each of two things measured in the same interleaved rounds.
 * `--only L5,B1` selects, `--json` ends with one JSON line, `--here` starts no process with flags of its own. A bench
 * that cannot run says why.
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { goals, type Row, verdictOf } from "./lib/goals.ts";
import { shown } from "./lib/measure.ts";
import { startFlags } from "./lib/process.ts";

type Bench = {
  readonly names: readonly string[];
  readonly run: () => Promise<readonly Row[]>;
  /** in a process of its own, with the flags that the daemon is started with */
  readonly asStarted?: true;
};

/** Each is loaded when it runs: one must not warm up, or burden, the other. */
const benches: readonly Bench[] = [
  { names: ["L1", "L3"], run: async () => (await import("./wire.ts")).benchWire() },
  { names: ["L5"], run: async () => (await import("./in-process.ts")).benchInProcess(), asStarted: true },
  { names: ["L6"], run: async () => (await import("./protection.ts")).benchProtection(), asStarted: true },
  { names: ["T1", "T2"], run: async () => (await import("./feed.ts")).benchFeed() },
  { names: ["T3"], run: async () => (await import("./book.ts")).benchBook() },
  { names: ["B1"], run: async () => (await import("./backtest.ts")).benchBacktest() },
  { names: ["F1"], run: async () => (await import("./faults.ts")).benchFaults() },
];

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "boolean", default: false },
    here: { type: "boolean", default: false },
  },
});
const wanted = values.only === undefined ? null : new Set(values.only.split(",").map((name) => name.trim()));
const known = benches.flatMap(({ names }) => names);
for (const name of wanted ?? []) {
  if (known.includes(name)) continue;
  process.stderr.write(`--only: unknown goal ${name}; allowed: ${known.join(", ")}\n`);
  process.exit(2);
}

const began = performance.now();
const rows: Row[] = [];
for (const { names, run, asStarted } of benches) {
  if (wanted !== null && !names.some((name) => wanted.has(name))) continue;
  for (const row of asStarted === true && !values.here ? rowsAsStarted(names) : await run()) {
    rows.push(row);
    process.stdout.write(`${line(row)}\n`);
  }
}
const seconds = Math.round((performance.now() - began) / 1_000);
const missed = rows.some((row) => "ratio" in row && verdictOf(goals[row.goal], row.ratio.median) === "missed");
process.stdout.write(`node ${process.versions.node}, ${seconds} s\n`);
if (values.json) {
  const results = rows.map((row) => ({ ...row, ...goals[row.goal], verdict: verdict(row) }));
  process.stdout.write(`${JSON.stringify({ node: process.versions.node, seconds, missed, results })}\n`);
}

function rowsAsStarted(names: readonly string[]): readonly Row[] {
  const script = fileURLToPath(import.meta.url);
  const options = [...startFlags(), script, "--only", names.join(","), "--here", "--json"];
  const { status, stdout } = spawnSync(process.execPath, options, { stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) throw new Error(`the bench of ${names.join(", ")} ended with ${status}`);
  const { results }: { readonly results: readonly Row[] } = JSON.parse(
    stdout.toString().trimEnd().split("\n").at(-1) ?? "",
  );
  return results;
}

function line(row: Row): string {
  if ("notMeasured" in row) return `${row.goal}  ${row.what}\n    not measured: ${row.notMeasured}`;
  const { must, aim, better } = goals[row.goal];
  const sign = better === "less" ? "≤" : "≥";
  return (
    `${row.goal}  ${row.what}\n    ratio ${shown(row.ratio, 4)} over ${row.rounds} rounds; ` +
    `must ${sign} ${bound(must)}, aim ${sign} ${bound(aim)}: ${verdict(row)}\n    ${row.detail}`
  );
}

function verdict(row: Row): string {
  if ("notMeasured" in row) return "not measured";
  const kept = verdictOf(goals[row.goal], row.ratio.median);
  return kept === "missed" ? "missed, even twice the must" : `within ${kept}`;
}

function bound(value: number): string {
  return value < 1 ? value.toPrecision(3) : String(value);
}
