/**
 * What orders that no running trade has sent have executed, as long as only reads of the account tell what it has left: where
 * the stream's word of the position is lost, one read settles nothing, for it may show what was before (failure-catalogue
 * I-01, F-19, F-27).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { OrderReport } from "../domain/order.ts";
import { type Micros, microsFromSeconds, type SymbolIndex } from "../domain/units.ts";

/** Reads that look for one are never nearer to each other. */
const spacingMicros = microsFromSeconds(2);

/** When it was, by the exchange's clock, and when we heard of it. */
type Execution = { readonly time: Micros; readonly heardAt: Micros };

export class UnownedExecutions {
  readonly #settings: () => Settings;
  readonly #account: Account;
  /** the last of each symbol */
  readonly #heard = new Map<SymbolIndex, Execution>();

  constructor(settings: () => Settings, account: Account) {
    this.#settings = settings;
    this.#account = account;
  }

  onExecuted({ symbol, time }: OrderReport, now: Micros): void {
    this.#heard.set(symbol, { time, heardAt: now });
  }

  /** Whether it is unknown what one has left: an entry might leave beside it, or against it. */
  isUnsettled(symbol: SymbolIndex): boolean {
    const heard = this.#heard.get(symbol);
    return heard !== undefined && !this.#account.isStatedSince(symbol, heard.time);
  }

  /**
   * Ever further apart, because the rate budget is all symbols' and somebody may trade beside us all day (F-18, I-21): each
   * wait is as long as the one for the read that is here was in all, and the last read is one that lags no more.
   *
   * @param requestedAt of the read that is here
   * @returns when the next one is wanted; null where the stream has told the position since, or this read is young enough
   */
  nextRead(requestedAt: Micros, now: Micros): number | null {
    const lag = microsFromSeconds(this.#settings().protection.absence_proof_seconds);
    let next = Number.POSITIVE_INFINITY;
    for (const [symbol, { time, heardAt }] of [...this.#heard]) {
      const lagsUntil = heardAt + lag;
      if (requestedAt > lagsUntil || this.#account.isStatedSince(symbol, time)) this.#heard.delete(symbol);
      else next = Math.min(next, now + waitOf(now - heardAt, lagsUntil + 1 - now));
    }
    return next === Number.POSITIVE_INFINITY ? null : next;
  }
}

/** @param left until a read is wanted that is the last one: none comes shortly before it */
function waitOf(age: number, left: number): number {
  return Math.max(spacingMicros, left < age + spacingMicros ? left : age);
}
