/** The adapter's deadlines as data: one action a name, so that an old connection's timer cannot outlive its owner. */

import { assert } from "../domain/assert.ts";
import type { Micros } from "../domain/units.ts";

type Timer = { readonly at: Micros; readonly serial: number; readonly action: (now: Micros) => void };

/** Calls by their number, everything else by a word: an order waits while its call's deadline is set. */
export type TimerName = string | number;

/** More than calls in flight, connections and periodic work can ever hold together. */
const timersMax = 2_048;
const tooMany = `more than ${timersMax} timers`;

export class Timers {
  readonly #timers = new Map<TimerName, Timer>();
  #serial = 0;
  #next: Micros | null = null;

  /** Replaces what stood under this name. */
  set(name: TimerName, at: Micros, action: (now: Micros) => void): void {
    const replaced = this.#timers.get(name);
    this.#timers.set(name, { at, serial: this.#serial, action });
    assert(this.#timers.size <= timersMax, tooMany);
    this.#serial += 1;
    if (this.#next === null || at <= this.#next) this.#next = at;
    else if (replaced?.at === this.#next) this.#refresh();
  }

  clear(name: TimerName): void {
    const cleared = this.#timers.get(name);
    this.#timers.delete(name);
    if (cleared?.at === this.#next) this.#refresh();
  }

  clearAll(): void {
    this.#timers.clear();
    this.#next = null;
  }

  next(): Micros | null {
    return this.#next;
  }

  /** Runs what is due, earliest first. What an action sets for the same instant runs at the next call. */
  run(now: Micros): void {
    if (this.#next === null || this.#next > now) return;
    const due: [TimerName, Timer][] = [];
    for (const entry of this.#timers) if (entry[1].at <= now) due.push(entry);
    due.sort(([, a], [, b]) => a.at - b.at || a.serial - b.serial);
    for (const [name, timer] of due) {
      // An earlier action may have cleared or replaced this one.
      if (this.#timers.get(name) !== timer) continue;
      this.#timers.delete(name);
      timer.action(now);
    }
    this.#refresh();
  }

  #refresh(): void {
    let next: Micros | null = null;
    for (const timer of this.#timers.values()) if (next === null || timer.at < next) next = timer.at;
    this.#next = next;
  }
}
