/** Counts what faults can be addressed by, as the striker does: from when the faults begin until everything is healed. */

import type { Place } from "./plan/fault.ts";

export class Places {
  readonly #tell: ((place: Place) => void) | undefined;
  readonly #requests = new Map<string, number>();
  readonly #messages = new Map<string, number>();
  readonly #rows = new Map<string, number>();
  #isOn = false;

  /** @param tell nothing is counted for nobody */
  constructor(tell: ((place: Place) => void) | undefined) {
    this.#tell = tell;
  }

  begin(): void {
    this.#isOn = this.#tell !== undefined;
  }

  end(): void {
    this.#isOn = false;
  }

  request(name: string): void {
    if (this.#isOn) this.#tell?.({ request: name, nth: next(this.#requests, name) });
  }

  message(name: string): void {
    if (this.#isOn) this.#tell?.({ message: name, nth: next(this.#messages, name) });
  }

  row(kind: string): void {
    if (this.#isOn) this.#tell?.({ row: kind, nth: next(this.#rows, kind) });
  }
}

function next(counts: Map<string, number>, name: string): number {
  const nth = (counts.get(name) ?? 0) + 1;
  counts.set(name, nth);
  return nth;
}
