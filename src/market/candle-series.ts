/**
 * Closed candles of one width in a ring. Each column of sums holds what had been summed before its candle, so that an
 * average over any period costs one subtraction, whatever its length (requirements MKT-4).
 */

import { assert } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import { f64 } from "../domain/typed.ts";
import { type Lots, micros, type Ticks } from "../domain/units.ts";

/** An average counts as current while its candles lie within this many times its period: one known candle in eight. */
const sparsenessMax = 8;

export class CandleSeries {
  /** microseconds from the opening of a candle to that of the next */
  readonly width: number;
  private readonly capacity: number;
  private readonly times: Float64Array;
  private readonly opens: Float64Array;
  private readonly highs: Float64Array;
  private readonly lows: Float64Array;
  private readonly closes: Float64Array;
  private readonly volumes: Float64Array;
  private readonly takerBuys: Float64Array;
  private readonly worths: Float64Array;
  private readonly trueRangesBefore: Float64Array;
  private readonly rangesBefore: Float64Array;
  private readonly squaresBefore: Float64Array;
  private readonly volumesBefore: Float64Array;
  private trueRanges = 0;
  private ranges = 0;
  private squares = 0;
  private volumeSum = 0;
  /** slot after the newest candle */
  private head = 0;
  private size = 0;

  constructor(width: number, capacity: number) {
    assert(Number.isSafeInteger(capacity) && capacity > 0, `room for ${capacity} candles`);
    this.width = width;
    this.capacity = capacity;
    const column = (): Float64Array => new Float64Array(capacity);
    this.times = column();
    this.opens = column();
    this.highs = column();
    this.lows = column();
    this.closes = column();
    this.volumes = column();
    this.takerBuys = column();
    this.worths = column();
    this.trueRangesBefore = column();
    this.rangesBefore = column();
    this.squaresBefore = column();
    this.volumesBefore = column();
  }

  get count(): number {
    return this.size;
  }

  /**
   * Appends a candle that opens after the newest one. Its true range reaches to the previous close only when that is its
   * neighbour's; its return is taken over whatever time has passed since.
   *
   * @param worth Σ price × quantity of its trades
   */
  push(
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    takerBuy: number,
    worth: number,
  ): void {
    const slot = this.head;
    let top = high;
    let bottom = low;
    let move = 0;
    if (this.size > 0) {
      const newest = this.slot(0);
      const previous = f64(this.closes, newest);
      move = Math.log(close / previous);
      if (f64(this.times, newest) + this.width === time) {
        if (previous > top) top = previous;
        if (previous < bottom) bottom = previous;
      }
    }
    this.times[slot] = time;
    this.opens[slot] = open;
    this.highs[slot] = high;
    this.lows[slot] = low;
    this.closes[slot] = close;
    this.volumes[slot] = volume;
    this.takerBuys[slot] = takerBuy;
    this.worths[slot] = worth;
    this.trueRangesBefore[slot] = this.trueRanges;
    this.rangesBefore[slot] = this.ranges;
    this.squaresBefore[slot] = this.squares;
    this.volumesBefore[slot] = this.volumeSum;
    this.trueRanges += top - bottom;
    this.ranges += high - low;
    this.squares += move * move;
    this.volumeSum += volume;
    this.head = slot + 1 === this.capacity ? 0 : slot + 1;
    if (this.size < this.capacity) this.size++;
  }

  clear(): void {
    this.size = 0;
    this.head = 0;
    this.trueRanges = 0;
    this.ranges = 0;
    this.squares = 0;
    this.volumeSum = 0;
  }

  /** A candle, 0 is the newest. Allocates; for cold readers. */
  candle(back: number): Candle {
    assert(back >= 0 && back < this.size, `candle ${back} of ${this.size}`);
    const slot = this.slot(back);
    return {
      openTime: micros(f64(this.times, slot)),
      open: f64(this.opens, slot) as Ticks,
      high: f64(this.highs, slot) as Ticks,
      low: f64(this.lows, slot) as Ticks,
      close: f64(this.closes, slot) as Ticks,
      volume: f64(this.volumes, slot) as Lots,
      takerBuyVolume: f64(this.takerBuys, slot) as Lots,
    };
  }

  openTime(back: number): number {
    return f64(this.times, this.slot(back));
  }

  high(back: number): number {
    return f64(this.highs, this.slot(back));
  }

  low(back: number): number {
    return f64(this.lows, this.slot(back));
  }

  close(back: number): number {
    return f64(this.closes, this.slot(back));
  }

  volume(back: number): number {
    return f64(this.volumes, this.slot(back));
  }

  worth(back: number): number {
    return f64(this.worths, this.slot(back));
  }

  /** How many candles back the one is that opens at `time`; −1 when it is not known. One look where nothing is missing. */
  find(time: number): number {
    if (this.size === 0) return -1;
    const far = (this.openTime(0) - time) / this.width;
    // Holes only make the distance shorter.
    for (let back = Math.min(far, this.size - 1); back >= 0; back--) {
      const found = this.openTime(back);
      if (found === time) return back;
      if (found > time) return -1;
    }
    return -1;
  }

  /**
   * Simple mean of the true range in ticks over the last `period` candles. Null while there are fewer, or when they lie
   * too far back.
   *
   * @param now opening time of what is forming, as for all of these
   */
  atr(period: number, now: number): number | null {
    if (!this.isCurrent(period, period, now)) return null;
    return (this.trueRanges - f64(this.trueRangesBefore, this.slot(period - 1))) / period;
  }

  /** Mean of high − low in ticks; null as {@link atr}. */
  averageRange(period: number, now: number): number | null {
    if (!this.isCurrent(period, period, now)) return null;
    return (this.ranges - f64(this.rangesBefore, this.slot(period - 1))) / period;
  }

  /**
   * Realised volatility in basis points per √candle: the root of the squared log returns of the close over the time that
   * they took, so that a return across a hole weighs as much time as it spans. Null as {@link atr}; needs one candle more.
   */
  volatilityBps(period: number, now: number): number | null {
    if (!this.isCurrent(period + 1, period, now)) return null;
    const sum = this.squares - f64(this.squaresBefore, this.slot(period - 1));
    const elapsed = (this.openTime(0) - this.openTime(period)) / this.width;
    return Math.sqrt(Math.max(0, sum) / elapsed) * 10_000;
  }

  /** Volume of the newest candle over the mean of the `period` before it; null as {@link atr}, or when they had none. */
  volumeRatio(period: number, now: number): number | null {
    const mean = this.meanVolumeBefore(1, period, now);
    return mean === null ? null : this.volume(0) / mean;
  }

  /** Mean volume of the newest `period` candles; null as {@link atr}, or when it is 0. */
  meanVolume(period: number, now: number): number | null {
    return this.meanVolumeBefore(0, period, now);
  }

  /** Relative change of the close over so many candles, up to the newest; null when either end is unknown. */
  returnOver(candles: number): number | null {
    if (this.size === 0) return null;
    const back = this.find(this.openTime(0) - candles * this.width);
    return back < 0 ? null : this.close(0) / this.close(back) - 1;
  }

  private meanVolumeBefore(skipped: number, period: number, now: number): number | null {
    if (!this.isCurrent(period + skipped, period, now)) return null;
    const upTo = skipped === 0 ? this.volumeSum : f64(this.volumesBefore, this.slot(skipped - 1));
    const mean = (upTo - f64(this.volumesBefore, this.slot(period + skipped - 1))) / period;
    return mean > 0 ? mean : null;
  }

  private isCurrent(needed: number, period: number, now: number): boolean {
    if (this.size < needed || period < 1) return false;
    return now - this.openTime(needed - 1) <= sparsenessMax * period * this.width;
  }

  private slot(back: number): number {
    const slot = this.head - 1 - back;
    return slot < 0 ? slot + this.capacity : slot;
  }
}

/** Makes wider candles out of one-minute ones, aligned to UTC; only those whose every minute is known. */
export class CandleGroups {
  readonly series: CandleSeries;
  private readonly minutes: number;
  private window = -1;
  private known = 0;
  private openTime = 0;
  private open = 0;
  private high = 0;
  private low = 0;
  private volume = 0;
  private takerBuy = 0;
  private worth = 0;

  constructor(minuteMicros: number, minutes: number, capacity: number) {
    this.minutes = minutes;
    this.series = new CandleSeries(minutes * minuteMicros, capacity);
  }

  /** The next closed minute; parameters as in {@link CandleSeries.push}. */
  add(
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    takerBuy: number,
    worth: number,
  ): void {
    const window = Math.floor(time / this.series.width);
    if (window !== this.window) {
      this.window = window;
      this.known = 0;
      this.openTime = window * this.series.width;
      this.open = open;
      this.high = high;
      this.low = low;
      this.volume = this.takerBuy = this.worth = 0;
    }
    this.known++;
    if (high > this.high) this.high = high;
    if (low < this.low) this.low = low;
    this.volume += volume;
    this.takerBuy += takerBuy;
    this.worth += worth;
    if (this.known < this.minutes) return;
    this.series.push(this.openTime, this.open, this.high, this.low, close, this.volume, this.takerBuy, this.worth);
  }

  clear(): void {
    this.window = -1;
    this.series.clear();
  }
}
