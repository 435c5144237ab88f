/**
 * Spreads reads of the account, which weigh more than all else that we ask, over the minute: where much is in doubt they
 * would use up the rate budget in its first half, and then neither a read nor a look-up could leave until it ends
 * (binance-usdm.md §7.3; failure-catalogue F-18, I-01).
 */

import { type Micros, micros, microsPerSecond, plus } from "../domain/units.ts";

/** Request weight that may be used at once: six reads. */
const burst = 540;

/** Request weight that comes back: a read every four seconds, 1,350 of the 2,400 that the exchange grants a minute. */
const perSecond = 22.5;

export class ReadPace {
  #left = burst;
  #at: Micros | null = null;

  /** When so much may leave; now, or later. */
  from(weight: number, now: Micros): Micros {
    this.#refill(now);
    const seconds = Math.max(0, weight - this.#left) / perSecond;
    return plus(now, micros(Math.ceil(seconds * microsPerSecond)));
  }

  /** It leaves; what was not waited for is owed. */
  take(weight: number, now: Micros): void {
    this.#refill(now);
    this.#left -= weight;
  }

  /** It could not leave after all. */
  giveBack(weight: number): void {
    this.#left += weight;
  }

  #refill(now: Micros): void {
    // A clock that is set back refills nothing.
    const seconds = this.#at === null ? 0 : Math.max(0, now - this.#at) / microsPerSecond;
    this.#at = now;
    this.#left = Math.min(burst, this.#left + seconds * perSecond);
  }
}
