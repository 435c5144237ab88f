/** On which side of the session's VWAP the mid is, and since when. Brought up to date by every market event. */

import { microsPerSecond } from "../../domain/units.ts";

export class VwapSide {
  private side: -1 | 0 | 1 = 0;
  private since = 0;

  /** @param side 1 above the VWAP, −1 below, 0 while it is not known */
  update(side: -1 | 0 | 1, now: number): void {
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
