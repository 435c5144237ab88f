/** Whether many seeds have shown enough: each kind of fault often, and every probe that is demanded at least once. */

import { classes } from "../plan/classes.ts";
import { demandedProbes } from "../plan/demanded.ts";
import type { Counts } from "./counts.ts";

export type Counted = { readonly seeds: number; readonly faults: Counts; readonly probes: Counts };

/** How often each kind must have struck in so many seeds before its absence from the violations means anything. */
const strikesLeast = 100;
/** With fewer nothing is held against them. */
const seedsForCoverage = 2_000;

/** What there must be in as many seeds, in words; null: enough, or too few seeds to say. */
export function rarity(seeds: number, struck: number): string | null {
  if (seeds < seedsForCoverage) return null;
  const least = Math.ceil((strikesLeast * seeds) / seedsForCoverage);
  return struck < least ? `fewer than ${least}` : null;
}

/** Of the probes that are demanded those that were not reached. */
function unreached(probes: Counts): readonly string[] {
  return demandedProbes().filter((name) => (probes[name] ?? 0) === 0);
}

/** What the campaign is blind to, a line each; nothing where there are too few seeds to say. */
export function blindSpots({ seeds, faults, probes }: Counted): readonly string[] {
  if (seeds < seedsForCoverage) return [];
  const rare = classes.flatMap(({ name }) => {
    const struck = faults[name] ?? 0;
    const few = rarity(seeds, struck);
    return few === null ? [] : [`${name} struck ${struck} times, ${few}`];
  });
  return [...rare, ...unreached(probes).map((name) => `not reached: ${name}`)];
}

export function probesLine(probes: Counts): string {
  const missing = unreached(probes);
  const all = demandedProbes().length;
  return `probes: ${all - missing.length} of ${all} reached`;
}
