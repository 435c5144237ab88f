/**
 * One-minute candles from trades, by exchange time (UTC), back-filled from history, and the 5- and 15-minute ones that
 * follow from them. A candle is closed only when something later proves that its minute is over; a minute that was not
 * seen whole is never used.
 */

import { assert } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import { type Lots, type Micros, microsPerMinute, type Ticks } from "../domain/units.ts";
import { CandleGroups, CandleSeries } from "./candle-series.ts";

/** Width of a candle in minutes. */
export type CandleMinutes = 1 | 5 | 15;

/** Closed candles that are kept: a day and an hour. */
const candlesMax = 1_500;

/** A minute is lost when the stream breaks, and another one when that happens at its end. */
const standInMinutesMax = 2;

/** The venue is asked for lost minutes when the last of them is over; without an answer this many more are waited for. */
const lostMinutesWait = 2;

export class Candles {
  private readonly capacity: number;
  private readonly ones: CandleSeries;
  private readonly fives: CandleGroups;
  private readonly fifteens: CandleGroups;
  private revision = 0;
  private loads = 0;

  private formingTime = -1;
  private open = 0;
  private high = 0;
  private low = 0;
  private close = 0;
  private volume = 0;
  private takerBuy = 0;
  private worth = 0;
  /** the forming minute was not seen whole */
  private partial = true;
  /** trades may have been missed since the last one that we saw */
  private broken = true;
  /** it was a gap, and not the start, that broke the trades */
  private interrupted = false;
  /** opening times of the first minute that a gap took and of the one in which trades resumed; −1 before the first gap */
  private lostFrom = -1;
  private lostTo = -1;
  private lateCount = 0;

  constructor(capacity: number = candlesMax) {
    this.capacity = capacity;
    this.ones = new CandleSeries(microsPerMinute, capacity);
    this.fives = new CandleGroups(microsPerMinute, 5, capacity);
    this.fifteens = new CandleGroups(microsPerMinute, 15, capacity);
  }

  /** Closed one-minute candles at hand. */
  get count(): number {
    return this.ones.count;
  }

  /** Trades of minutes that were closed already; they are left out. */
  get late(): number {
    return this.lateCount;
  }

  /** Grows with every change to the closed candles and with every minute that begins. */
  get version(): number {
    return this.revision;
  }

  /** Grows when closed candles were replaced, so that who has summed over them begins anew. */
  get replacements(): number {
    return this.loads;
  }

  /** Closed candles of a width; 0 is the newest. */
  series(minutes: CandleMinutes): CandleSeries {
    switch (minutes) {
      case 1:
        return this.ones;
      case 5:
        return this.fives.series;
      case 15:
        return this.fifteens.series;
      default:
        throw new TypeError(`no candles of ${minutes satisfies never} minutes`);
    }
  }

  /** Opening time of the minute that is forming, or that follows the newest candle; −1 before the first. */
  get currentMinute(): number {
    if (this.formingTime >= 0) return this.formingTime;
    return this.ones.count === 0 ? -1 : this.ones.openTime(0) + microsPerMinute;
  }

  /** The forming minute was seen from its beginning, so far. */
  get formingIsWhole(): boolean {
    return this.formingTime >= 0 && !this.partial;
  }

  /** Minutes that a gap took are not known yet, and the venue may still tell them (failure-catalogue F-68). */
  get lostMinutesAwaited(): boolean {
    const { lostFrom, lostTo, formingTime } = this;
    if (lostTo < 0 || formingTime > lostTo + lostMinutesWait * microsPerMinute) return false;
    const newest = Math.min(lostTo, formingTime - microsPerMinute);
    return newest >= lostFrom && this.ones.find(newest) < 0;
  }

  get formingHigh(): number {
    return this.high;
  }

  get formingLow(): number {
    return this.low;
  }

  /** Lots that were traded in the forming minute. */
  get formingVolume(): number {
    return this.volume;
  }

  /** Σ price × quantity of the forming minute, ticks × lots. */
  get formingWorth(): number {
    return this.worth;
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
      this.resume();
    }
    if (this.volume === 0) this.open = this.high = this.low = price;
    else if (price > this.high) this.high = price;
    else if (price < this.low) this.low = price;
    this.close = price;
    this.volume += quantity;
    this.worth += price * quantity;
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
    if (!this.broken && !this.lostMinutesAwaited) this.lostFrom = this.formingTime;
    this.interrupted = this.formingTime >= 0;
    this.broken = true;
    this.partial = true;
  }

  /**
   * Back-fill with closed candles from the venue, in any order. They replace what we made ourselves. A forming minute that
   * was not seen whole is over when its candle is among them; else those of the forming minute or later are left out.
   */
  load(candles: readonly Candle[]): void {
    const over = this.partial ? candles.find(({ openTime }) => openTime === this.formingTime) : undefined;
    if (over !== undefined) this.formAfter(over);
    const merged = new Map<number, { readonly candle: Candle; readonly worth: number }>();
    for (let back = this.ones.count - 1; back >= 0; back--) {
      const candle = this.ones.candle(back);
      merged.set(candle.openTime, { candle, worth: this.ones.worth(back) });
    }
    for (const candle of candles) {
      assert(candle.openTime % microsPerMinute === 0, `candle opens inside a minute: ${candle.openTime}`);
      if (this.formingTime >= 0 && candle.openTime >= this.formingTime) continue;
      merged.set(candle.openTime, { candle, worth: typicalWorth(candle) });
    }
    const sorted = [...merged.values()].sort((a, b) => a.candle.openTime - b.candle.openTime).slice(-this.capacity);
    this.ones.clear();
    this.fives.clear();
    this.fifteens.clear();
    for (const { candle: c, worth } of sorted) {
      this.push(c.openTime, c.open, c.high, c.low, c.close, c.volume, c.takerBuyVolume, worth);
    }
    this.loads++;
    this.revision++;
  }

  /** A closed one-minute candle, 0 is the newest. Allocates; for cold readers. */
  closed(back: number): Candle {
    return this.ones.candle(back);
  }

  /** Average true range in ticks. @see CandleSeries.atr */
  atr(period: number, minutes: CandleMinutes = 1): number | null {
    return this.series(minutes).atr(period, this.currentMinute);
  }

  /** Mean of high − low in ticks. @see CandleSeries.averageRange */
  averageRange(period: number, minutes: CandleMinutes = 1): number | null {
    return this.series(minutes).averageRange(period, this.currentMinute);
  }

  /** Basis points per √candle. @see CandleSeries.volatilityBps */
  volatilityBps(period: number, minutes: CandleMinutes = 1): number | null {
    return this.series(minutes).volatilityBps(period, this.currentMinute);
  }

  /** Relative change of the close over so many minutes, up to the newest closed candle; null when either is unknown. */
  returnOver(minutes: number): number | null {
    return this.ones.returnOver(minutes);
  }

  /**
   * Close of the last minute that ended at least `minutes` ago, ticks. Where that minute is not known, as after a
   * reconnection, the one before stands in, or the one before that; null without any.
   */
  closeBefore(minutes: number): number | null {
    for (let older = 1; older <= 1 + standInMinutesMax; older++) {
      const back = this.ones.find(this.currentMinute - (minutes + older) * microsPerMinute);
      if (back >= 0) return this.ones.close(back);
    }
    return null;
  }

  private startMinute(minute: number, price: number): void {
    // The first minute that is seen at all, or again, has begun without us.
    this.partial = this.broken;
    this.formingTime = minute;
    this.resume();
    this.resetForming(price);
    this.revision++;
  }

  private resume(): void {
    this.broken = false;
    if (this.interrupted) this.lostTo = this.formingTime;
    this.interrupted = false;
  }

  /** It may be the first word of its minute's end, where no trade has come since; those of it that still come are late. */
  private formAfter({ openTime, close }: Candle): void {
    this.formingTime = openTime + microsPerMinute;
    this.resetForming(close);
    this.partial = this.broken;
  }

  private resetForming(price: number): void {
    this.open = this.high = this.low = this.close = price;
    this.volume = 0;
    this.takerBuy = 0;
    this.worth = 0;
  }

  private closeMinutesBefore(minute: number): void {
    if (this.formingTime < 0) return;
    const { close } = this;
    if (!this.partial) {
      this.push(this.formingTime, this.open, this.high, this.low, close, this.volume, this.takerBuy, this.worth);
    }
    if (this.broken) return;
    const oldest = minute - this.capacity * microsPerMinute;
    for (let empty = Math.max(this.formingTime + microsPerMinute, oldest); empty < minute; empty += microsPerMinute) {
      this.push(empty, close, close, close, close, 0, 0, 0);
    }
  }

  private push(
    time: number,
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
    takerBuy: number,
    worth: number,
  ): void {
    this.ones.push(time, open, high, low, close, volume, takerBuy, worth);
    this.fives.add(time, open, high, low, close, volume, takerBuy, worth);
    this.fifteens.add(time, open, high, low, close, volume, takerBuy, worth);
  }
}

/** Candles of the past do not say what their trades were worth: the typical price stands in for it. */
function typicalWorth({ high, low, close, volume }: Candle): number {
  return ((high + low + close) / 3) * volume;
}
