/**
 * High, low and volume-weighted average price since a moment that moves on with the clock: the trading session, or the
 * UTC day (requirements MKT-4). It follows from one-minute candles: whoever reads brings it up to date, one candle a
 * minute, so that a market event pays nothing for it.
 */

import { microsPerMinute } from "../domain/units.ts";
import type { Candles } from "./candles.ts";

export class PriceWindow {
  private readonly candles: Candles;
  private readonly startOf: (time: number) => number;
  private start = -1;
  /** closed candles before this time are summed up */
  private summedUntil = -1;
  private replacements = -1;
  /** of the candles when it was last brought up to date */
  private version = -1;
  private top = 0;
  private bottom = Number.POSITIVE_INFINITY;
  private lots = 0;
  private worth = 0;
  private minutes = 0;

  /** @param startOf when the window that holds a time began */
  constructor(candles: Candles, startOf: (time: number) => number) {
    this.candles = candles;
    this.startOf = startOf;
  }

  /** Its beginnings are others now: everything is summed anew. */
  restart(): void {
    this.start = -1;
    this.version = -1;
  }

  /** When the window that holds the current minute began; −1 before the first candle. */
  get begin(): number {
    this.update();
    return this.start;
  }

  /** Highest price in ticks; null while nothing is known of the window. */
  get high(): number | null {
    this.update();
    const high = this.counts ? Math.max(this.top, this.candles.formingHigh) : this.top;
    return high > 0 ? high : null;
  }

  get low(): number | null {
    this.update();
    const low = this.counts ? Math.min(this.bottom, this.candles.formingLow) : this.bottom;
    return low === Number.POSITIVE_INFINITY || low === 0 ? null : low;
  }

  /** High − low in ticks. */
  get range(): number | null {
    const { high, low } = this;
    return high === null || low === null ? null : high - low;
  }

  /** Lots that were traded. */
  get volume(): number {
    this.update();
    return this.counts ? this.lots + this.candles.formingVolume : this.lots;
  }

  /** Volume-weighted average price in fractional ticks; null without a trade. Minutes of the back-fill count with their typical price. */
  get vwap(): number | null {
    const { volume } = this;
    return volume === 0 ? null : this.averageOf(volume);
  }

  /** 1 where a price in ticks is above the {@link vwap}, −1 below, 0 at it or without one; asked by every market event. */
  sideOfVwap(price: number): -1 | 0 | 1 {
    const { volume } = this;
    if (volume === 0) return 0;
    const vwap = this.averageOf(volume);
    return price === vwap ? 0 : price > vwap ? 1 : -1;
  }

  /** Share of the window's minutes that is known, 0–1: what was before the start or in a gap is not. */
  get coverage(): number {
    this.update();
    const elapsed = (this.candles.currentMinute - this.start) / microsPerMinute;
    return elapsed > 0 ? this.minutes / elapsed : this.counts ? 1 : 0;
  }

  /** The forming minute is part of it when it was seen from its beginning; a minute that was not seen whole is never used. */
  private get counts(): boolean {
    return this.candles.formingIsWhole;
  }

  private averageOf(volume: number): number {
    return (this.counts ? this.worth + this.candles.formingWorth : this.worth) / volume;
  }

  private update(): void {
    // Nearly always: sources look at it on every market event, and a minute is summed up once.
    if (this.candles.version === this.version) return;
    this.version = this.candles.version;
    const now = this.candles.currentMinute;
    if (now < 0) return;
    const start = this.startOf(now);
    if (start !== this.start || this.candles.replacements !== this.replacements) this.reset(start);
    if (this.summedUntil === now) return;
    const ones = this.candles.series(1);
    for (let back = 0; back < ones.count && ones.openTime(back) >= this.summedUntil; back++) this.add(back);
    this.summedUntil = now;
  }

  private reset(start: number): void {
    this.start = start;
    this.summedUntil = start;
    this.replacements = this.candles.replacements;
    this.top = 0;
    this.bottom = Number.POSITIVE_INFINITY;
    this.lots = 0;
    this.worth = 0;
    this.minutes = 0;
  }

  private add(back: number): void {
    const ones = this.candles.series(1);
    if (ones.high(back) > this.top) this.top = ones.high(back);
    if (ones.low(back) < this.bottom) this.bottom = ones.low(back);
    this.lots += ones.volume(back);
    this.worth += ones.worth(back);
    this.minutes++;
  }
}
