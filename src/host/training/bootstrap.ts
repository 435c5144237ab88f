/** Intervals of means over time, from whole blocks of it: neighbouring values are not independent. */

import { at } from "../../domain/assert.ts";
import { Random } from "../../tape/random.ts";

/** A mean with its 95 % interval; the interval is null where there are too few blocks for one. */
export type Estimate = {
  readonly mean: number | null;
  readonly ci95: readonly [number, number] | null;
  readonly count: number;
  /** blocks that hold at least one value */
  readonly blocks: number;
};

/** With fewer blocks than this an interval would be a guess. */
const blocksMin = 10;
const draws = 2_000;
const seed = 1;
/** Shares of the draws that lie below and above the interval. */
const tail = 0.025;

/**
 * Block bootstrap of a mean.
 *
 * @param times of the values, ascending, in the unit of `block`
 * @param block length of a block; a few times what lies between two values that have nothing to do with each other
 */
export function blockEstimate(times: readonly number[], values: readonly number[], block: number): Estimate {
  const blocks = blocksOf(times, values, block);
  const count = values.length;
  if (count === 0) return { mean: null, ci95: null, count, blocks: 0 };
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const ci95 = blocks.length < blocksMin ? null : interval(blocks);
  return { mean, ci95, count, blocks: blocks.length };
}

type Block = { sum: number; count: number };

function blocksOf(times: readonly number[], values: readonly number[], length: number): readonly Block[] {
  const blocks = new Map<number, Block>();
  const start = times[0] ?? 0;
  for (const [index, value] of values.entries()) {
    const place = Math.floor((at(times, index) - start) / length);
    const block = blocks.get(place);
    if (block === undefined) blocks.set(place, { sum: value, count: 1 });
    else {
      block.sum += value;
      block.count += 1;
    }
  }
  return [...blocks.values()];
}

function interval(blocks: readonly Block[]): readonly [number, number] {
  const random = new Random(seed);
  const sums = Float64Array.from(blocks, ({ sum }) => sum);
  const counts = Float64Array.from(blocks, ({ count }) => count);
  const means = Float64Array.from({ length: draws }, () => {
    let sum = 0;
    let count = 0;
    for (let pick = 0; pick < blocks.length; pick += 1) {
      const block = random.below(blocks.length);
      sum += at(sums, block);
      count += at(counts, block);
    }
    return sum / count;
  }).sort();
  return [at(means, Math.floor(draws * tail)), at(means, Math.ceil(draws * (1 - tail)) - 1)];
}
