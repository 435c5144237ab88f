/** What a story is measured by, from the exchange's word alone. */

import type { Watcher } from "./simulate.ts";
import type { Truth } from "./truth.ts";

export class Measures {
  readonly #truth: Truth;
  /** the most entries that ever worked at once */
  entriesAtOnce = 0;
  /** the farthest that the position ever was from flat, lots */
  exposure = 0;
  /** the longest that a position had no stop for the whole of it, milliseconds */
  nakedMs = 0;
  /** the nearest stop that covered all, each time that it changed within one position, ticks */
  readonly levels: number[] = [];
  #nakedSince: number | null = null;

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  get watcher(): Watcher {
    return { said: (_, at) => this.#look(at) };
  }

  /** Ends the period that lasts. */
  until(now: number): this {
    if (this.#nakedSince !== null) this.nakedMs = Math.max(this.nakedMs, (now - this.#nakedSince) / 1_000);
    return this;
  }

  /** Whether the stop of a long never went down while it covered. */
  get isTightening(): boolean {
    return this.levels.every((level, index) => level >= (this.levels[index - 1] ?? 0));
  }

  #look(at: number): void {
    const { position, coveringStops, openOrders } = this.#truth;
    this.entriesAtOnce = Math.max(this.entriesAtOnce, openOrders.filter(({ role }) => role === "e").length);
    this.exposure = Math.max(this.exposure, Math.abs(position));
    const [level] = coveringStops;
    if (position === 0 || level !== undefined) {
      this.until(at);
      this.#nakedSince = null;
    } else this.#nakedSince ??= at;
    if (position === 0) this.levels.length = 0;
    else if (level !== undefined && level !== this.levels.at(-1)) this.levels.push(level);
  }
}

/** A measure, and the watcher that feeds it. */
export function measured(): { readonly of: () => Measures; readonly watch: (truth: Truth) => Watcher } {
  let measures: Measures | null = null;
  return {
    of: () => {
      if (measures === null) throw new Error("the story has not begun");
      return measures;
    },
    watch: (truth) => {
      measures = new Measures(truth);
      return measures.watcher;
    },
  };
}
