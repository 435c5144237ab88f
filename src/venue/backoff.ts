/** Waits that grow, with jitter drawn from a seed, so that a run repeats exactly. */

import { type Micros, micros } from "../domain/units.ts";

/** Numbers in [0, 1) by xorshift32: jitter needs no better. */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  // Zero is the one state that xorshift never leaves.
  let state = (seed ^ 0x9e3779b9) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}

export type Backoff = { readonly first: Micros; readonly most: Micros };

/** The wait before attempt `attempt` (0 is the first repetition): doubled each time, between half and the whole of it. */
export function waitBefore(attempt: number, backoff: Backoff, random: Random): Micros {
  const full = Math.min(backoff.most, backoff.first * 2 ** Math.min(attempt, 30));
  return micros(Math.round(full * (0.5 + random() / 2)));
}
