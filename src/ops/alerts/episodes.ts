/** One alarm an episode: the same thing is told again only after it was quiet for a while, or after its end was told. */

import type { Micros } from "../../domain/units.ts";

/** Episodes that are remembered; the one that was quiet longest makes room. */
export const episodesMax = 1_000;

type Episode = { lastSeen: Micros; repeats: number };

export class Episodes {
  readonly #quiet: number;
  readonly #known = new Map<string, Episode>();

  /** @param quiet microseconds without a repetition after which an episode is over */
  constructor(quiet: number) {
    this.#quiet = quiet;
  }

  get size(): number {
    return this.#known.size;
  }

  /**
   * @returns null inside a running episode; else a new one has begun, and the number says how often the last one of the
   * same key was seen without being told
   */
  begin(key: string, now: Micros): number | null {
    const known = this.#known.get(key);
    // Taken out and put back: the map's order is that of being seen.
    this.#known.delete(key);
    if (known !== undefined && now - known.lastSeen < this.#quiet) {
      // What a journal tells of an earlier run comes after what this one has seen already.
      const lastSeen = now > known.lastSeen ? now : known.lastSeen;
      this.#known.set(key, { lastSeen, repeats: known.repeats + 1 });
      return null;
    }
    this.#known.set(key, { lastSeen: now, repeats: 0 });
    const [oldest] = this.#known.keys();
    if (this.#known.size > episodesMax && oldest !== undefined) this.#known.delete(oldest);
    return known?.repeats ?? 0;
  }

  /** Ends every episode of these words. */
  end(codes: readonly string[]): void {
    for (const key of this.#known.keys()) {
      if (codes.some((code) => key === code || key.startsWith(`${code} `))) this.#known.delete(key);
    }
  }
}
