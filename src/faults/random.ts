/** Independent streams of random numbers: one a class of faults, so that switching one off does not shift the others. */

import { Random } from "../tape/random.ts";

export function randomFor(seed: number, name: string): Random {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  // One more round, so that neighbouring seeds do not give neighbouring states.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(seed, 0x9e3779b1);
  return new Random(hash ^ (hash >>> 13));
}

/** Between the two, each order of magnitude as likely as the other. */
export function logUniform(random: Random, least: number, most: number): number {
  return least * (most / least) ** random.uniform();
}

/** Waits between happenings of a rate, in the rate's own unit; at least one of its least parts. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random.uniform()) * mean;
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[random.below(from.length)];
  if (found === undefined) throw new RangeError("nothing to choose from");
  return found;
}
