/** Durations of many seeds in a form that can be put together: exact extremes, and counts by upper bound. */

import { microsPerMillisecond } from "../../domain/units.ts";
import { added, type Counts } from "./counts.ts";

/** Milliseconds. A percentile is rounded up to two digits, as the bounds of `counts` are. */
export type Durations = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** how many took at most so many milliseconds, and more than the bound before */
  readonly counts: Counts;
};

/** @param micros in any order */
export function durationsOf(micros: readonly number[]): Durations {
  const counts = new Map<number, number>();
  let max = 0;
  for (const one of micros) {
    const milliseconds = one / microsPerMillisecond;
    const bound = roundedUp(milliseconds);
    counts.set(bound, (counts.get(bound) ?? 0) + 1);
    max = Math.max(max, milliseconds);
  }
  return withPercentiles(Object.fromEntries(counts), max);
}

/** As if all had been counted at once. */
export function merged(all: readonly Pick<Durations, "counts" | "max">[]): Durations {
  return withPercentiles(added(all.map(({ counts }) => counts)), Math.max(0, ...all.map(({ max }) => max)));
}

function withPercentiles(counts: Counts, max: number): Durations {
  const bounds = Object.entries(counts)
    .map(([bound, count]) => ({ bound: Number(bound), count }))
    .sort((a, b) => a.bound - b.bound);
  const count = bounds.reduce((sum, one) => sum + one.count, 0);
  const percentile = (share: number): number => {
    let left = Math.ceil(count * share);
    for (const one of bounds) {
      left -= one.count;
      if (left <= 0) return one.bound;
    }
    return 0;
  };
  return { count, p50: percentile(0.5), p99: percentile(0.99), max, counts };
}

/** To two digits that count: 104.2 becomes 110. */
function roundedUp(milliseconds: number): number {
  if (milliseconds <= 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(milliseconds)) - 1);
  const bound = Math.ceil(milliseconds / unit) * unit;
  return Number(bound.toPrecision(2));
}
