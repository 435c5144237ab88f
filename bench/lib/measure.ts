/** Interleaved rounds, and what is said of their figures: the median with the least and the greatest. */

import { at } from "../../src/domain/assert.ts";

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** @throws {InvariantError} no values */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: at(sorted, sorted.length >> 1), min: at(sorted, 0), max: at(sorted, sorted.length - 1) };
}

/** The quotients of two series that were measured in the same rounds. */
export function ratios(above: readonly number[], below: readonly number[]): Spread {
  return spread(above.map((value, round) => value / at(below, round)));
}

/**
 * Nanoseconds of this thread's CPU time that `work` took: other work on the machine does not count. The system counts it
 * in steps of milliseconds, so `work` must take a hundred of them.
 */
export function nanosOf(work: () => void): number {
  const began = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(began);
  return (user + system) * 1_000;
}

/** Nanoseconds that passed during `work`: for what is short. */
export function elapsedNanosOf(work: () => void): number {
  const began = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - began);
}

export type Contestant<Name extends string> = { readonly name: Name; readonly run: () => number | Promise<number> };

/**
 * Runs every contestant once a round, each round beginning with another one, so that none always follows the same.
 *
 * @param warmups rounds before those that count
 * @returns figures by name, one a round
 */
export async function interleave<Name extends string>(
  contestants: readonly Contestant<Name>[],
  rounds: number,
  warmups: number,
): Promise<Readonly<Record<Name, number[]>>> {
  const figures = Object.fromEntries(contestants.map(({ name }) => [name, []])) as unknown as Record<Name, number[]>;
  for (let round = -warmups; round < rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const contestant = contestants[(round + warmups + turn) % contestants.length];
      if (contestant === undefined) continue;
      const figure = await contestant.run();
      if (round >= 0) figures[contestant.name].push(figure);
    }
  }
  return figures;
}

export function shown({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} [${min.toFixed(digits)}–${max.toFixed(digits)}]`;
}

/** A linear congruential generator: the same input in every run. */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
