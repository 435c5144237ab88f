/** One timer for the earliest of many deadlines. */

import type { Micros } from "../domain/units.ts";

/** setTimeout takes no longer waits. */
const millisMax = 60_000;

export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | null = null;
  #at = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** Rings at `due`, or before; an earlier alarm stands. Microseconds, infinite when nothing waits. */
  set(due: number, now: Micros): void {
    if (due >= this.#at && this.#timer !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#at = due;
    const wait = Math.min(millisMax, Math.max(0, Math.ceil((due - now) / 1_000)));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#at = Number.POSITIVE_INFINITY;
      this.#ring();
    }, wait);
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
