/**
 * Asks for the minutes that a gap took, from that of the last trade before it to that of the first one after it: those that
 * are closed on the exchange at once, for entries wait for them, the others when they are. A symbol has one question at a
 * time; what later gaps take meanwhile is asked for after it.
 *
 * @see requirements MKT-1; failure-catalogue F-68
 */

import { z } from "zod";
import { at } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import type { CoreEvent } from "../domain/event.ts";
import { type Instrument, OffGridError } from "../domain/instrument.ts";
import { type Micros, micros, microsPerMinute, microsPerSecond, plus, type SymbolIndex } from "../domain/units.ts";
import { type AskPorts, ask } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import type { ClockOffset } from "./clock-offset.ts";
import { candlesUnread, closedCandles, klinesRequest } from "./klines.ts";
import { Kline } from "./wire/schemas.ts";

export type CandleBackfillPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  /** candles that are back-filled at a start: no more are asked for */
  readonly candlesMax: number;
  readonly clock: () => ClockOffset;
  readonly emit: (event: CoreEvent) => void;
};

/** Opening times of minutes that are not known whole, by the exchange's clock. */
type Hole = {
  from: number;
  /** before `from` while trades have not come back */
  to: number;
  /** the question is asked, or its time is set */
  isUnderWay: boolean;
  /** answers in a row that lacked minutes */
  shortAnswers: number;
};

/** A minute counts as closed this long after its end: its last trades are in, and our idea of the exchange's clock is a little off. */
const settling = 2 * microsPerSecond;
/** An answer without the minutes that were asked for: their closing is late, or the exchange has none, as in an outage of its own. */
const shortBackoff: Backoff = { first: micros(2 * microsPerSecond), most: micros(30 * microsPerSecond) };
const shortAnswersMax = 6;

export class CandleBackfill {
  readonly #ports: CandleBackfillPorts;
  /** exchange time of the last trade by symbol; 0 before the first */
  readonly #tradedAt: Float64Array;
  /** 1 from a gap to the next trade */
  readonly #isBroken: Uint8Array;
  readonly #holes = new Map<SymbolIndex, Hole>();

  constructor(ports: CandleBackfillPorts) {
    this.#ports = ports;
    this.#tradedAt = new Float64Array(ports.instruments.length);
    this.#isBroken = new Uint8Array(ports.instruments.length);
  }

  onGap(symbol: SymbolIndex): void {
    this.#isBroken[symbol] = 1;
    if (this.#holes.has(symbol)) return;
    const from = minuteOf(at(this.#tradedAt, symbol));
    this.#holes.set(symbol, { from, to: from - microsPerMinute, isUnderWay: false, shortAnswers: 0 });
  }

  /** Hot. */
  onTrade(symbol: SymbolIndex, exchangeTime: Micros, receivedAt: Micros): void {
    this.#tradedAt[symbol] = exchangeTime;
    if (this.#isBroken[symbol] === 1) this.#resume(symbol, exchangeTime, receivedAt);
  }

  #resume(symbol: SymbolIndex, exchangeTime: Micros, now: Micros): void {
    const hole = this.#holes.get(symbol);
    const instrument = this.#ports.instruments[symbol];
    if (hole === undefined || instrument === undefined) return;
    const minute = minuteOf(exchangeTime);
    // Of a minute that is settled: it comes late, or the exchange's clock was set back. Whoever makes candles leaves it out, too.
    if (minute < hole.from) return;
    this.#isBroken[symbol] = 0;
    hole.to = Math.max(hole.to, minute);
    if (!hole.isUnderWay) this.#askWhenClosed(instrument, hole, now);
  }

  #askWhenClosed(instrument: Instrument, hole: Hole, now: Micros): void {
    const { offset } = this.#ports.clock();
    const closed = micros(hole.from + microsPerMinute + settling - offset);
    this.#askAt(instrument, hole, micros(Math.max(now, closed)));
  }

  #askAt(instrument: Instrument, hole: Hole, due: Micros): void {
    hole.isUnderWay = true;
    this.#ports.timers.set(`backfill:${instrument.symbol}`, due, (now) => this.#ask(instrument, hole, now));
  }

  #ask(instrument: Instrument, hole: Hole, now: Micros): void {
    const { clock, candlesMax } = this.#ports;
    const { symbol } = instrument;
    const newestClosed = minuteOf(now + clock().offset - settling) - microsPerMinute;
    const to = Math.min(hole.to, newestClosed);
    // Our idea of the exchange's clock was set back meanwhile.
    if (to < hole.from) return this.#askWhenClosed(instrument, hole, now);
    const from = micros(Math.max(hole.from, to - (candlesMax - 1) * microsPerMinute));
    const count = (to - from) / microsPerMinute + 1;
    // The minutes are named, so that an answer that comes late, after tries in vain, is still about them.
    const request = klinesRequest(symbol, count, from);
    const then = (rows: readonly Kline[], at: Micros): void => this.#take(instrument, hole, to, rows, at);
    const refused = (code: number, message: string, at: Micros): void => {
      this.#ports.notice(candlesUnread(symbol, `${code} ${message}`));
      this.#end(instrument, hole, to, at);
    };
    ask(this.#ports, { name: `backfill ${symbol}`, request, schema: z.array(Kline), then, refused }, now);
  }

  #take(instrument: Instrument, hole: Hole, to: number, rows: readonly Kline[], now: Micros): void {
    const candles = this.#read(instrument, rows, now);
    if (candles === null) return this.#end(instrument, hole, to, now);
    if (candles.length > 0) this.#ports.emit({ kind: "candle-history", symbol: instrument.index, candles });
    if (candles.some(({ openTime }) => openTime >= to)) return this.#end(instrument, hole, to, now);
    hole.shortAnswers += 1;
    if (hole.shortAnswers < shortAnswersMax) {
      const wait = waitBefore(hole.shortAnswers - 1, shortBackoff, this.#ports.random);
      return this.#askAt(instrument, hole, plus(now, wait));
    }
    this.#ports.notice(candlesUnread(instrument.symbol, "the exchange does not have the minutes of a gap"));
    this.#end(instrument, hole, to, now);
  }

  /** @returns null: they are not on the grid that we count in */
  #read(instrument: Instrument, rows: readonly Kline[], now: Micros): readonly Candle[] | null {
    try {
      return closedCandles(instrument, rows, plus(now, this.#ports.clock().offset));
    } catch (error) {
      if (!(error instanceof OffGridError)) throw error;
      this.#ports.notice(candlesUnread(instrument.symbol, error.message));
      return null;
    }
  }

  /** The minutes up to `to` are settled, one way or the other: what later gaps have taken is next. */
  #end(instrument: Instrument, hole: Hole, to: number, now: Micros): void {
    hole.isUnderWay = false;
    hole.shortAnswers = 0;
    hole.from = to + microsPerMinute;
    if (hole.to >= hole.from) this.#askWhenClosed(instrument, hole, now);
    else if (this.#isBroken[instrument.index] === 0) this.#holes.delete(instrument.index);
  }
}

function minuteOf(time: number): number {
  return time - (time % microsPerMinute);
}
