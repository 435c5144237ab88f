/**
 * Compares the machine's wall clock with its steady one. That the wall clock is set, or that the machine has slept, is no
 * step in our own time, but all that was measured against other clocks is in doubt then (failure-catalogue I-17).
 */

import type { Settings } from "../config/schema.ts";
import { type Micros, micros, microsFromMillis } from "../domain/units.ts";
import type { Clock } from "./clock.ts";

export type WallWatchOptions = {
  readonly clock: Clock;
  /** microseconds since the epoch; it may jump */
  readonly wallClock: () => number;
  readonly settings: () => Settings["safe_mode"];
  /** @param by positive: the wall clock went ahead */
  readonly onJump: (by: Micros) => void;
};

export class WallWatch {
  readonly #options: WallWatchOptions;
  #lead: number;
  #timer: NodeJS.Timeout;

  constructor(options: WallWatchOptions) {
    this.#options = options;
    this.#lead = this.#measure();
    this.#timer = this.#again();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #again(): NodeJS.Timeout {
    const timer = setTimeout(() => this.#look(), this.#options.settings().clock_check_seconds * 1_000);
    return timer.unref();
  }

  /** Slow corrections of the wall clock are no jump: each look is compared with the one before. */
  #look(): void {
    const lead = this.#measure();
    const by = micros(Math.round(lead - this.#lead));
    this.#lead = lead;
    this.#timer = this.#again();
    if (Math.abs(by) >= microsFromMillis(this.#options.settings().clock_jump_ms)) this.#options.onJump(by);
  }

  #measure(): number {
    return this.#options.wallClock() - this.#options.clock();
  }
}
