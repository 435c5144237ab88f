/** Counts what the daemon was in the middle of when something happened to it. */

import {
  atDetail,
  type BeforeCrash,
  crashAfter,
  type DaemonState,
  fillUnheard,
  inState,
  unknownAccepted,
  unknownNever,
} from "./plan/demanded.ts";
import type { Fault } from "./plan/fault.ts";

/** What was done or heard longer ago is over, microseconds. */
const justNow = 10_000;

export class Probes {
  readonly counts = new Map<string, number>();
  readonly #now: () => number;
  readonly #unknown = new Set<string>();
  #last: { readonly what: BeforeCrash; readonly at: number } | null = null;

  /** @param now true time, microseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  struck({ class: name, place }: Fault, state: DaemonState): void {
    this.count(inState(name, state));
    const detail = "request" in place ? place.request : "message" in place ? place.message : null;
    if (detail !== null) this.count(atDetail(name, detail));
  }

  /** The daemon has done it, or was told. */
  passed(what: BeforeCrash): void {
    this.#last = { what, at: this.#now() };
  }

  crashed(): void {
    this.#unknown.clear();
    if (this.#last !== null && this.#now() - this.#last.at <= justNow) this.count(crashAfter(this.#last.what));
    this.#last = null;
  }

  /** @param isHeard whether the private stream is open */
  filled(isHeard: boolean): void {
    if (!isHeard) this.count(fillUnheard);
  }

  /** What the journal says of an order. @param wasAccepted whether the exchange has ever had it */
  order(id: string, state: string, wasAccepted: boolean): void {
    if (state === "unknown") this.#unknown.add(id);
    else if (this.#unknown.delete(id)) this.count(wasAccepted ? unknownAccepted : unknownNever);
  }
}
