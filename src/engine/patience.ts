/**
 * How long a question waits that only explains. What the exchange's limits hold back was not answered and counts as no
 * question: it is put again when there is room (failure-catalogue F-18, F-78).
 */

import { meaningOf } from "../domain/error-policy.ts";
import type { Outcome } from "../domain/event.ts";
import { type Micros, microsPerMinute } from "../domain/units.ts";
import { backedOff } from "../execution/desk.ts";

/** Questions in a row that explained nothing. Reads lag behind by seconds, so the waits between them double. */
const asksMax = 6;
/** So often in a row a limit may stand in the way: three days, the longest ban. */
const delaysMax = 1_000;
const delayMicrosMax = 5 * microsPerMinute;

export class Patience {
  #asks = 0;
  #delays = 0;

  /** It has ended: nothing more is asked. */
  get isOver(): boolean {
    return this.#asks >= asksMax;
  }

  reset(): void {
    this.#asks = 0;
    this.#delays = 0;
  }

  onAsked(): void {
    this.#asks += 1;
  }

  /** @param outcome null: there was an answer, and it explained nothing. @returns the wait before the next question */
  waitAfter(outcome: Outcome | null, interval: Micros): number {
    if (outcome === null || !isHeldBack(outcome) || this.#delays >= delaysMax)
      return backedOff(interval, this.#asks - 1);
    this.#asks -= 1;
    this.#delays += 1;
    return Math.min(delayMicrosMax, interval * 2 ** Math.min(this.#delays - 1, 20));
  }
}

function isHeldBack(outcome: Outcome): boolean {
  const meaning = outcome.kind === "refused" ? meaningOf(outcome.code) : null;
  return meaning === "limit-of-address" || meaning === "limit-of-orders";
}
