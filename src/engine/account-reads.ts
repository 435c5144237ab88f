/** When the account is read: regularly, sooner where something asks for it, and not more often than orders are looked up. */

import type { Settings } from "../config/schema.ts";
import type { Outcome } from "../domain/event.ts";
import { type Micros, microsFromMillis, microsFromSeconds } from "../domain/units.ts";
import { backedOff } from "../execution/desk.ts";

/** Why a read was asked for; the earliest reason since the last one counts. */
export type ReadCause = "start" | "reconnect" | "interval" | "doubt";

export class AccountReads {
  readonly #settings: () => Settings;
  /** when it was last asked for, and how often in a row in vain */
  #askedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #cause: ReadCause = "start";
  /** the last wish */
  #wishedAt = Number.NEGATIVE_INFINITY;
  #wish: ReadCause = "interval";
  /** When the next one is due; infinite before the first, which the host asks for by itself. */
  dueAt = Number.POSITIVE_INFINITY;

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** Wanted no later than `at`. */
  by(at: number, now: Micros, cause: ReadCause = "doubt"): void {
    const soonest = this.#askedAt + microsFromMillis(this.#settings().protection.lookup_interval_ms);
    this.dueAt = Math.min(this.dueAt, Math.max(at, soonest, now));
    if (this.#cause === "interval") this.#cause = cause;
    this.#wishedAt = now;
    this.#wish = cause;
  }

  onAsked(now: Micros): void {
    this.#askedAt = now;
    this.#later(now);
  }

  onOutcome(outcome: Outcome, now: Micros): void {
    if (outcome.kind === "ok") {
      this.#failures = 0;
      return;
    }
    const interval = microsFromMillis(this.#settings().protection.lookup_interval_ms);
    this.by(now + backedOff(interval, this.#failures), now);
    this.#failures += 1;
  }

  /**
   * One is here. A wish that was made after it had left waits for another one: this one may show what was before
   * (failure-catalogue I-01, F-19).
   *
   * @returns why it was asked for
   */
  onRead(requestedAt: Micros, now: Micros): ReadCause {
    const cause = this.#cause;
    const isWanted = this.#wishedAt > requestedAt;
    this.#cause = isWanted ? this.#wish : "interval";
    if (!isWanted) this.#later(now);
    return cause;
  }

  #later(now: Micros): void {
    this.dueAt = now + microsFromSeconds(this.#settings().protection.reconcile_seconds);
  }
}
