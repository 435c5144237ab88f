/** What many seeds come to: faults and probes by kind, violations, and how long positions were naked. */

import { createHash } from "node:crypto";
import { microsPerMillisecond } from "../../domain/units.ts";
import { isEmpty, type SeedReport } from "./seed.ts";

export type Summary = {
  readonly seeds: number;
  readonly simulated_hours: number;
  readonly trades: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly crashes: number;
  readonly violations: number;
  readonly failing_seeds: readonly number[];
  /** seeds in which too little happened */
  readonly empty_seeds: readonly number[];
  readonly violations_by_invariant: Readonly<Record<string, number>>;
  readonly safe_modes: Readonly<Record<string, number>>;
  readonly probes: Readonly<Record<string, number>>;
  /** of events, commands and rows of all seeds */
  readonly hash: string;
  readonly naked_ms: { readonly episodes: number; readonly p99: number; readonly max: number };
};

/** 0 none; 3 correctness, 5 a crash of the daemon, 4 liveness: the gravest counts. @see design.md, Command line */
export function exitCodeOf({ violations_by_invariant: by }: Pick<Summary, "violations_by_invariant">): number {
  const broken = Object.keys(by);
  if (broken.some((invariant) => invariant !== "CRASH" && invariant !== "I-21")) return 3;
  if (broken.includes("CRASH")) return 5;
  return broken.includes("I-21") ? 4 : 0;
}

export function summarise(reports: readonly SeedReport[]): Summary {
  const results = reports.map(({ result }) => result).sort((a, b) => a.seed - b.seed);
  const violations = results.flatMap((result) => result.violations);
  const naked = results.flatMap((result) => result.naked).sort((a, b) => a - b);
  const milliseconds = (place: number): number => (naked[place] ?? 0) / microsPerMillisecond;
  return {
    seeds: results.length,
    simulated_hours: Math.round(results.reduce((sum, { hours }) => sum + hours, 0) * 100) / 100,
    trades: results.reduce((sum, { trades }) => sum + trades, 0),
    faults: added(results.map(({ faults }) => faults)),
    crashes: results.reduce((sum, { crashes }) => sum + crashes, 0),
    violations: violations.length,
    failing_seeds: results.filter((result) => result.violations.length > 0).map(({ seed }) => seed),
    empty_seeds: results.filter(isEmpty).map(({ seed }) => seed),
    violations_by_invariant: added(violations.map(({ invariant }) => ({ [invariant]: 1 }))),
    safe_modes: added(results.map(({ safeModes }) => safeModes)),
    probes: added(results.map(({ probes }) => probes)),
    hash: createHash("sha256")
      .update(results.map(({ hash }) => hash).join(" "))
      .digest("hex"),
    naked_ms: {
      episodes: results.reduce((sum, { nakedEpisodes }) => sum + nakedEpisodes, 0),
      p99: milliseconds(Math.ceil(naked.length * 0.99) - 1),
      max: milliseconds(naked.length - 1),
    },
  };
}

function added(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const one of all) for (const [name, count] of Object.entries(one)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
