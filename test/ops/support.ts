/** Time that goes on only when a test says so, and alerts to send through it. */

import type { Alert, Severity } from "../../src/domain/alert.ts";
import { type Micros, micros } from "../../src/domain/units.ts";
import type { Timers } from "../../src/ops/timers.ts";

export const start = 1_721_390_400_000;

type Due = { readonly at: number; readonly millis: number; readonly then: () => void };

/** The ends of requests on real sockets: they do not pass while an answer is on its way. */
const deadlines: ReadonlySet<number> = new Set([10_000, 35_000]);

export class ManualTime implements Timers {
  /** milliseconds since the epoch */
  now = start;
  readonly #due = new Set<Due>();

  readonly clock = (): Micros => micros(this.now * 1_000);

  readonly after = (millis: number, then: () => void): (() => void) => {
    const due = { at: this.now + millis, millis, then };
    this.#due.add(due);
    return () => this.#due.delete(due);
  };

  get waiting(): number {
    return this.#due.size;
  }

  /** Runs what falls due on the way, in order, with everything that follows from it at once. */
  async advance(millis: number): Promise<void> {
    const end = this.now + millis;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      await this.#run(next);
    }
    this.now = end;
    await settle();
  }

  /** Lets time pass until the condition holds, waiting for real sockets where nothing falls due. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const next = this.#inOrder().find(({ millis }) => !deadlines.has(millis));
      if (next !== undefined) await this.#run(next);
      else await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #run(due: Due): Promise<void> {
    this.#due.delete(due);
    this.now = Math.max(this.now, due.at);
    due.then();
    await settle();
  }

  #next(end: number): Due | undefined {
    return this.#inOrder().find(({ at }) => at <= end);
  }

  #inOrder(): readonly Due[] {
    return [...this.#due].sort((a, b) => a.at - b.at);
  }
}

/** Promises that are ready are through. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function alert(id: string, severity: Severity = "warning", more: Partial<Alert> = {}): Alert {
  return {
    id,
    time: micros(start * 1_000),
    severity,
    code: "ORDER_REFUSED",
    symbol: "BTCUSDT",
    episode: `ORDER_REFUSED ${id}`,
    fields: { message: `refused ${id}` },
    ...more,
  };
}
