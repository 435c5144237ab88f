/** How long the venue takes to answer orders: from the command to its outcome. */

import type { CommandOutcome } from "../domain/event.ts";
import type { Command } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";

/** The newest measurements that are kept for the median. */
const samplesMax = 1_000;

export class RoundTrips {
  readonly #sentAt = new Map<Command, Micros>();
  readonly #samples: number[] = [];
  #next = 0;
  #longest = 0;

  sent(command: Command, now: Micros): void {
    if (command.kind === "place-order" || command.kind === "place-algo") this.#sentAt.set(command, now);
  }

  settled({ command }: CommandOutcome, now: Micros): void {
    const sentAt = this.#sentAt.get(command);
    if (sentAt === undefined) return;
    this.#sentAt.delete(command);
    const taken = now - sentAt;
    this.#longest = Math.max(this.#longest, taken);
    this.#samples[this.#next % samplesMax] = taken;
    this.#next += 1;
  }

  /** Milliseconds; null before the first. */
  get medianMs(): number | null {
    if (this.#samples.length === 0) return null;
    const sorted = [...this.#samples].sort((a, b) => a - b);
    return (sorted[Math.floor(sorted.length / 2)] ?? 0) / 1_000;
  }

  get longestMs(): number {
    return this.#longest / 1_000;
  }
}
