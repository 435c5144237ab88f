/** What `scalpd faults` prints for people: a line of progress, and a summary by kind of fault. */

import { microsPerMinute } from "../domain/units.ts";
import { blindSpots, probesLine } from "../faults/session/coverage.ts";
import type { SeedReport } from "../faults/session/seed.ts";
import type { Summary } from "../faults/session/summary.ts";

const barWidth = 30;
const violationsShown = 30;

export function progressLine(reports: readonly SeedReport[], seeds: number, seconds: number): string {
  const done = reports.length;
  const bar = "#".repeat(Math.round((barWidth * done) / seeds)).padEnd(barWidth, ".");
  const failing = reports.filter(({ result }) => result.violations.length > 0).length;
  const hours = reports.reduce((sum, { result }) => sum + result.hours, 0);
  const left = done === 0 ? 0 : Math.round((seconds / done) * (seeds - done));
  return `[${bar}] ${done} of ${seeds} seeds, ${Math.round(hours)} h, ${failing} failing, ${left} s to go`;
}

export function summaryLines(
  summary: Summary,
  reports: readonly SeedReport[],
  { seconds, cpuSeconds }: { readonly seconds: number; readonly cpuSeconds: number },
  bundles: readonly string[],
): readonly string[] {
  const { seeds, simulated_hours: hours, trades, crashes, naked_ms: naked } = summary;
  const { unknown_ms: unknown, wrong_verdicts: wrong } = summary;
  const struck = Object.values(summary.faults).reduce((sum, count) => sum + count, 0);
  const speed = Math.round((hours * 3_600) / Math.max(cpuSeconds, 0.001));
  const violations = reports
    .flatMap(({ result }) => result.violations.map((violation) => ({ seed: result.seed, ...violation })))
    .sort((a, b) => a.seed - b.seed || a.at - b.at);
  return [
    `${seeds} seeds, ${hours} simulated hours in ${seconds.toFixed(1)} s (${speed} times as fast a core), ${trades} trades, ${struck} faults, ${crashes} crashes`,
    `naked time of ours: ${naked.count} of ${naked.episodes} episodes, p50 ${naked.p50} ms, p99 ${naked.p99} ms, most ${naked.max} ms`,
    `unknown orders: ${unknown.count} settled, p99 ${unknown.p99} ms, most ${unknown.max} ms in which it could ask; ${wrong} wrong verdicts`,
    ...summary.long_naked.map(({ seed, at, ms }) => `  seed ${seed}, at ${at}: ${ms} ms`),
    ...table("faults", summary.faults),
    probesLine(summary.probes),
    ...blindSpots(summary).map((spot) => `  ${spot}`),
    ...table("SAFE MODE", summary.safe_modes),
    ...(summary.empty_seeds.length > 0 ? [`too little happened in seeds ${summary.empty_seeds.join(" ")}`] : []),
    ...violations
      .slice(0, violationsShown)
      .map(
        ({ seed, at, invariant, detail }) =>
          `seed ${seed}, minute ${(at / microsPerMinute).toFixed(1)}: ${invariant} ${detail}`,
      ),
    ...bundles.map((folder) => `see ${folder}`),
    violations.length === 0
      ? "no violation"
      : `${violations.length} violations in seeds ${summary.failing_seeds.join(" ")}`,
  ];
}

function table(title: string, counts: Readonly<Record<string, number>>): readonly string[] {
  const rows = Object.entries(counts);
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [title, ...rows.map(([name, count]) => `  ${name.padEnd(width)} ${count}`)];
}
