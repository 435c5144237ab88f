/**
 * One-minute candles from trades, by exchange time (UTC), back-filled from history. A candle is closed only when
 * something later proves that its minute is over; a minute that was not seen whole is never used.
 */

import { assert } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import { type Lots, type Micros, micros, microsPerMinute, type Ticks } from "../domain/units.ts";
import { f64 } from "./typed.ts";

/** Closed candles that are kept: a day and an hour. */
const candlesMax = 1_500;

/** An average counts as current while its candles lie within this many times its period: one known minute in eight. */
const sparsenessMax = 8;

export class Candles {
  private readonly capacity: number;
  private readonly times: Float64Array;
  private readonly opens: Float64Array;
  private readonly highs: Float64Array;
  private readonly lows: Float64Array;
  private readonly closes: Float64Array;
  private readonly volumes: Float64Array;
  private readonly takerBuys: Float64Array;
  /** slot after the newest closed candle */
  private head = 0;
  private size = 0;
  private revision = 0;

  private formingTime = -1;
  private open = 0;
  private high = 0;
  private low = 0;
  private close = 0;
  private volume = 0;
  private takerBuy = 0;
  /** the forming minute was not seen whole */
  private partial = true;
  /** trades may have been missed since the last one that we saw */
  private broken = true;
  private lateCount = 0;

  private averageRevision = -1;
  private averagePeriod = 0;
  private average: number | null = null;

  constructor(capacity: number = candlesMax) {
    assert(Number.isSafeInteger(capacity) && capacity > 0, `room for ${capacity} candles`);
    this.capacity = capacity;
    this.times = new Float64Array(capacity);
    this.opens = new Float64Array(capacity);
    this.highs = new Float64Array(capacity);
    this.lows = new Float64Array(capacity);
    this.closes = new Float64Array(capacity);
    this.volumes = new Float64Array(capacity);
    this.takerBuys = new Float64Array(capacity);
  }

  /** Closed candles at hand. */
  get count(): number {
    return this.size;
  }

  /** Trades of minutes that were closed already; they are left out. */
  get late(): number {
    return this.lateCount;
  }

  /** Grows with every change to the closed candles and with every minute that begins. */
  get version(): number {
    return this.revision;
  }

  onTrade(price: Ticks, quantity: Lots, buyerIsMaker: boolean, exchangeTime: Micros): void {
    const minute = exchangeTime - (exchangeTime % microsPerMinute);
    if (minute !== this.formingTime) {
      if (minute < this.formingTime) {
        this.lateCount++;
        return;
      }
      this.closeMinutesBefore(minute);
      this.startMinute(minute, price);
    } else if (this.broken) {
      this.partial = true;
      this.broken = false;
    }
    if (this.volume === 0) this.open = this.high = this.low = price;
    else if (price > this.high) this.high = price;
    else if (price < this.low) this.low = price;
    this.close = price;
    this.volume += quantity;
    if (!buyerIsMaker) this.takerBuy += quantity;
  }

  /**
   * Says that no trade before `exchangeTime` will come any more, so that a minute without trades closes as well. The
   * caller has allowed for the lag between streams.
   */
  advance(exchangeTime: Micros): void {
    if (this.formingTime < 0 || exchangeTime < this.formingTime + microsPerMinute) return;
    if (this.broken) return;
    const minute = exchangeTime - (exchangeTime % microsPerMinute);
    const last = this.close;
    this.closeMinutesBefore(minute);
    this.formingTime = minute;
    this.resetForming(last);
    this.partial = false;
    this.revision++;
  }

  /** Trades may have been missed: the forming minute, and the one in which trades resume, are not used. */
  onGap(): void {
    this.broken = true;
    this.partial = true;
  }

  /**
   * Back-fill with closed candles from the venue, in any order. They replace what we made ourselves; those of the
   * forming minute or later are left out.
   */
  load(candles: readonly Candle[]): void {
    const merged = new Map<number, Candle>();
    for (let i = this.size - 1; i >= 0; i--) {
      const candle = this.closed(i);
      merged.set(candle.openTime, candle);
    }
    for (const candle of candles) {
      assert(candle.openTime % microsPerMinute === 0, `candle opens inside a minute: ${candle.openTime}`);
      if (this.formingTime < 0 || candle.openTime < this.formingTime) merged.set(candle.openTime, candle);
    }
    const sorted = [...merged.values()].sort((a, b) => a.openTime - b.openTime).slice(-this.capacity);
    this.size = 0;
    this.head = 0;
    for (const c of sorted) this.push(c.openTime, c.open, c.high, c.low, c.close, c.volume, c.takerBuyVolume);
    this.revision++;
  }

  /** A closed candle, 0 is the newest. Allocates; for cold readers. */
  closed(back: number): Candle {
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

  /**
   * Average true range in ticks: the simple mean over the last `period` closed candles. The distance to the previous
   * close counts only where the previous minute is known. Null while there are fewer candles, or too many holes.
   */
  atr(period: number): number | null {
    if (this.averageRevision === this.revision && this.averagePeriod === period) return this.average;
    this.average = this.meanRange(period, true);
    this.averagePeriod = period;
    this.averageRevision = this.revision;
    return this.average;
  }

  /** Mean of high − low in ticks over the last `period` closed candles; null as {@link atr}. */
  averageRange(period: number): number | null {
    return this.meanRange(period, false);
  }

  /** Relative change of the close over so many minutes, up to the newest closed candle; null when either is unknown. */
  returnOver(minutes: number): number | null {
    if (this.size === 0) return null;
    const newest = this.slot(0);
    const wanted = f64(this.times, newest) - minutes * microsPerMinute;
    for (let back = Math.min(minutes, this.size - 1); back >= 1; back--) {
      const slot = this.slot(back);
      if (f64(this.times, slot) === wanted) return f64(this.closes, newest) / f64(this.closes, slot) - 1;
    }
    return null;
  }

  /** The newest `limit` candles of `minutes` minutes, oldest first, aligned to UTC; only those whose every minute is known. */
  derived(minutes: 5 | 15, limit: number): Candle[] {
    const width = minutes * microsPerMinute;
    const result: Candle[] = [];
    let group: Candle[] = [];
    for (let back = 0; back < this.size && result.length < limit; back++) {
      const candle = this.closed(back);
      const [first] = group;
      if (first !== undefined && windowOf(first.openTime, width) !== windowOf(candle.openTime, width)) group = [];
      group.push(candle);
      if (group.length === minutes) {
        result.push(merge(group.reverse()));
        group = [];
      }
    }
    return result.reverse();
  }

  private slot(back: number): number {
    const slot = this.head - 1 - back;
    return slot < 0 ? slot + this.capacity : slot;
  }

  private startMinute(minute: number, price: number): void {
    // The first minute that is seen at all, or again, has begun without us.
    this.partial = this.broken;
    this.broken = false;
    this.formingTime = minute;
    this.resetForming(price);
    this.revision++;
  }

  private resetForming(price: number): void {
    this.open = this.high = this.low = this.close = price;
    this.volume = 0;
    this.takerBuy = 0;
  }

  private closeMinutesBefore(minute: number): void {
    if (this.formingTime < 0) return;
    if (!this.partial) {
      this.push(this.formingTime, this.open, this.high, this.low, this.close, this.volume, this.takerBuy);
    }
    if (this.broken) return;
    const oldest = minute - this.capacity * microsPerMinute;
    for (let empty = Math.max(this.formingTime + microsPerMinute, oldest); empty < minute; empty += microsPerMinute) {
      this.push(empty, this.close, this.close, this.close, this.close, 0, 0);
    }
  }

  private push(
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    buy: number,
  ): void {
    const slot = this.head;
    this.times[slot] = time;
    this.opens[slot] = open;
    this.highs[slot] = high;
    this.lows[slot] = low;
    this.closes[slot] = close;
    this.volumes[slot] = volume;
    this.takerBuys[slot] = buy;
    this.head = slot + 1 === this.capacity ? 0 : slot + 1;
    if (this.size < this.capacity) this.size++;
  }

  private meanRange(period: number, withPreviousClose: boolean): number | null {
    if (this.size < period) return null;
    const current = this.formingTime < 0 ? f64(this.times, this.slot(0)) + microsPerMinute : this.formingTime;
    const oldest = f64(this.times, this.slot(period - 1));
    if (current - oldest > sparsenessMax * period * microsPerMinute) return null;
    let sum = 0;
    for (let back = 0; back < period; back++) {
      const slot = this.slot(back);
      let top = f64(this.highs, slot);
      let bottom = f64(this.lows, slot);
      if (withPreviousClose && back + 1 < this.size) {
        const previous = this.slot(back + 1);
        if (f64(this.times, previous) + microsPerMinute === f64(this.times, slot)) {
          top = Math.max(top, f64(this.closes, previous));
          bottom = Math.min(bottom, f64(this.closes, previous));
        }
      }
      sum += top - bottom;
    }
    return sum / period;
  }
}

function windowOf(time: number, width: number): number {
  return Math.floor(time / width);
}

/** @param candles oldest first, at least one */
function merge(candles: readonly Candle[]): Candle {
  const first = candles[0];
  const last = candles[candles.length - 1];
  assert(first !== undefined && last !== undefined, "no candle to merge");
  let high: Ticks = first.high;
  let low: Ticks = first.low;
  let volume = 0;
  let takerBuy = 0;
  for (const candle of candles) {
    if (candle.high > high) high = candle.high;
    if (candle.low < low) low = candle.low;
    volume += candle.volume;
    takerBuy += candle.takerBuyVolume;
  }
  return {
    openTime: first.openTime,
    open: first.open,
    high,
    low,
    close: last.close,
    volume: volume as Lots,
    takerBuyVolume: takerBuy as Lots,
  };
}
