/** What is on its way, in the order of time, and of dispatch at one time. */

import { type Micros, micros } from "../../../src/domain/units.ts";

type Due = { readonly at: number; readonly to: "exchange" | "core"; readonly run: (at: Micros) => void };

export class Queue {
  readonly #due: Due[] = [];

  nextDue(): number {
    return this.#due[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  push(at: number, to: Due["to"], run: Due["run"]): void {
    const place = this.#due.findLastIndex((due) => due.at <= at);
    this.#due.splice(place + 1, 0, { at, to, run });
  }

  /** Everything else that is on its way is lost. */
  keep(to: Due["to"]): void {
    this.#due.splice(0, this.#due.length, ...this.#due.filter((due) => due.to === to));
  }

  run(now: Micros, before: (at: Micros) => void = () => {}): void {
    for (let due = this.#due[0]; due !== undefined && due.at <= now; due = this.#due[0]) {
      this.#due.shift();
      before(micros(due.at));
      due.run(micros(due.at));
    }
  }

  /** The process stands still: the exchange goes on, and what is for the process waits until `until`. */
  pause(until: Micros): void {
    for (let due = this.#due[0]; due !== undefined && due.at <= until; due = this.#due[0]) {
      this.#due.shift();
      if (due.to === "exchange") due.run(micros(due.at));
      else this.push(until + 1, "core", due.run);
    }
  }
}
