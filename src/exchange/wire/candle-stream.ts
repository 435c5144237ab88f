/** The one-minute candles of one symbol as a stream: the exchange's own candles, told again when they change. */

import type { Micros } from "../../domain/units.ts";
import { milliseconds } from "./depth-streams.ts";
import { jsonText } from "./json.ts";
import type { Topic } from "./topic.ts";

/** Trades of the last moments of a minute may come a little after it. */
const graceMilliseconds = 250;
const minuteMilliseconds = 60_000;

type TradeRange = { openTime: number; first: number; last: number };

export class CandleStream {
  readonly topic: Topic;
  private readonly symbol: string;
  private readonly read: () => readonly (readonly unknown[])[];
  private current: TradeRange = { openTime: 0, first: -1, last: -1 };
  private before: TradeRange = { openTime: 0, first: -1, last: -1 };
  private changed = false;
  private closed = 0;

  /** @param read the last two rows of GET klines, oldest first */
  constructor(topic: Topic, symbol: string, read: () => readonly (readonly unknown[])[]) {
    this.topic = topic;
    this.symbol = symbol;
    this.read = read;
  }

  addTrade(tradeId: number, time: Micros): void {
    const openTime = milliseconds(time) - (milliseconds(time) % minuteMilliseconds);
    if (openTime > this.current.openTime) {
      this.before = this.current;
      this.current = { openTime, first: tradeId, last: tradeId };
    }
    this.current.last = tradeId;
    this.changed = true;
  }

  flush(now: Micros): void {
    const due = milliseconds(now) - graceMilliseconds;
    if (this.topic.idle) {
      // What closed while nobody listened is history: REST tells it, a stream does not.
      this.closed = due - (due % minuteMilliseconds) - minuteMilliseconds;
      return;
    }
    for (const row of this.read()) {
      const [openTime, , , , , , closeTime] = row;
      if (typeof openTime !== "number" || typeof closeTime !== "number" || openTime <= this.closed) continue;
      const final = closeTime < due;
      if (!final && !this.changed) continue;
      this.topic.publish(this.text(row, openTime, closeTime, final, now));
      if (final) this.closed = openTime;
    }
    this.changed = false;
  }

  private text(row: readonly unknown[], openTime: number, closeTime: number, final: boolean, now: Micros): string {
    const [, open, high, low, close, volume, , quoteVolume, trades, takerVolume, takerQuoteVolume] = row;
    const range = this.rangeOf(openTime);
    return jsonText({
      e: "kline",
      E: milliseconds(now),
      s: this.symbol,
      k: {
        t: openTime,
        T: closeTime,
        s: this.symbol,
        i: "1m",
        f: range.first,
        L: range.last,
        o: open,
        c: close,
        h: high,
        l: low,
        v: volume,
        n: trades,
        x: final,
        q: quoteVolume,
        V: takerVolume,
        Q: takerQuoteVolume,
        B: "0",
      },
    });
  }

  private rangeOf(openTime: number): { readonly first: number; readonly last: number } {
    if (openTime === this.current.openTime) return this.current;
    if (openTime === this.before.openTime) return this.before;
    return { first: -1, last: -1 };
  }
}
