/** On which side of the session's VWAP the mid is, and since when. Brought up to date by every market event. */

import { microsPerSecond } from "../../domain/units.ts";

export class VwapSide {
  private side = 0;
  private since = 0;

  /**
   * @param mid ticks
   * @param vwap ticks; null while it is not known
   */
  update(mid: number, vwap: number | null, now: number): void {
    const side = vwap === null ? 0 : Math.sign(mid - vwap);
    if (side === this.side) return;
    this.side = side;
    this.since = now;
  }

  /** Seconds above the VWAP, or below it as a negative number; 0 when it is on neither side. */
  heldSeconds(now: number): number {
    return this.side === 0 ? 0 : (this.side * (now - this.since)) / microsPerSecond;
  }

  /** Where the price was meanwhile is not known. */
  reset(): void {
    this.side = 0;
  }
}
