/** What many seeds come to: faults and probes by kind, violations, how long positions were naked and fates unknown. */

import { createHash } from "node:crypto";
import { microsPerMinute } from "../../domain/units.ts";
import { clockText } from "../clock-text.ts";
import { added } from "./counts.ts";
import { type Durations, durationsOf } from "./durations.ts";
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
  /** of the `episodes` without a stop those with a part that is chargeable to the daemon, and how long that was */
  readonly naked_ms: Durations & { readonly episodes: number };
  /** those of more than a second, to be looked at with `--trace`; not more than so many */
  readonly long_naked: readonly { readonly seed: number; readonly at: string; readonly ms: number }[];
  /** until the fate of an unknown order was told; only time in which the daemon could ask */
  readonly unknown_ms: Durations;
  readonly wrong_verdicts: number;
  /** trades of which the daemon said, as it may, that it does not know all */
  readonly unexplained_books: number;
  /** of each failing seed the first violation; not more than so many */
  readonly first_violations: readonly FirstViolation[];
};

export type FirstViolation = {
  readonly seed: number;
  readonly invariant: string;
  readonly minute: number;
  readonly detail: string;
};

const firstViolationsMax = 100;

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
      ...durationsOf(results.flatMap(({ naked }) => naked)),
    },
    long_naked: results.flatMap(longOf).slice(0, firstViolationsMax),
    unknown_ms: durationsOf(results.flatMap(({ settled }) => settled)),
    wrong_verdicts: results.reduce((sum, { wrongVerdicts }) => sum + wrongVerdicts, 0),
    unexplained_books: results.reduce((sum, { unexplained }) => sum + unexplained, 0),
    first_violations: results.flatMap(firstOf).slice(0, firstViolationsMax),
  };
}

function longOf({ seed, nakedLong }: SeedReport["result"]): Summary["long_naked"] {
  return nakedLong.map(({ at, charged }) => ({ seed, at: clockText(at), ms: Math.round(charged / 1_000) }));
}

function firstOf({ seed, violations }: SeedReport["result"]): readonly FirstViolation[] {
  const [first] = violations;
  if (first === undefined) return [];
  const { invariant, at, detail } = first;
  return [{ seed, invariant, minute: Math.round(at / microsPerMinute), detail }];
}
