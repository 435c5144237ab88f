/** One-minute candles of one symbol: what was loaded, continued by the trades. */

import type { Candle } from "../domain/candle.ts";
import { lots, micros, microsPerMinute, ticks } from "../domain/units.ts";

/** A candle with what klines show beyond {@link Candle}. Prices in ticks, volumes in lots, quote volumes in ticks × lots. */
export type FullCandle = Candle & {
  readonly quoteVolume: number;
  readonly takerBuyQuoteVolume: number;
  readonly trades: number;
};

/** As many as GET klines gives at most. */
export const candlesMax = 1_500;

/** A trade closes the candles before its minute; minutes without a trade become flat candles. Allocates per minute only. */
export class Candles {
  #closed: FullCandle[] = [];
  #openTime = Number.NEGATIVE_INFINITY;
  #open = 0;
  #high = 0;
  #low = 0;
  #close = 0;
  #volume = 0;
  #buyVolume = 0;
  #quoteVolume = 0;
  #buyQuoteVolume = 0;
  #trades = 0;

  load(candles: readonly Candle[]): void {
    this.#closed = candles.slice(-candlesMax).map((candle) => ({
      ...candle,
      quoteVolume: candle.close * candle.volume,
      takerBuyQuoteVolume: candle.close * candle.takerBuyVolume,
      trades: candle.volume > 0 ? 1 : 0,
    }));
    this.#openTime = Number.NEGATIVE_INFINITY;
  }

  trade(time: number, price: number, quantity: number, buyerIsMaker: boolean): void {
    if (time >= this.#openTime + microsPerMinute || this.#openTime === Number.NEGATIVE_INFINITY)
      this.#start(time, price);
    if (price > this.#high) this.#high = price;
    if (price < this.#low) this.#low = price;
    this.#close = price;
    this.#volume += quantity;
    this.#quoteVolume += price * quantity;
    this.#trades += 1;
    if (buyerIsMaker) return;
    this.#buyVolume += quantity;
    this.#buyQuoteVolume += price * quantity;
  }

  /** Oldest first, the running one last. */
  list(): readonly FullCandle[] {
    return this.#openTime === Number.NEGATIVE_INFINITY ? this.#closed : [...this.#closed, this.#running()];
  }

  #start(time: number, price: number): void {
    const openTime = Math.floor(time / microsPerMinute) * microsPerMinute;
    if (this.#openTime !== Number.NEGATIVE_INFINITY) this.#finish(openTime);
    this.#openTime = openTime;
    this.#open = price;
    this.#high = price;
    this.#low = price;
    this.#volume = 0;
    this.#buyVolume = 0;
    this.#quoteVolume = 0;
    this.#buyQuoteVolume = 0;
    this.#trades = 0;
  }

  #finish(nextOpenTime: number): void {
    const last = this.#running();
    this.#closed.push(last);
    const first = Math.max(last.openTime + microsPerMinute, nextOpenTime - candlesMax * microsPerMinute);
    for (let openTime = first; openTime < nextOpenTime; openTime += microsPerMinute) {
      this.#closed.push(flatCandle(openTime, last));
    }
    if (this.#closed.length > 2 * candlesMax) this.#closed.splice(0, this.#closed.length - candlesMax);
  }

  #running(): FullCandle {
    return {
      openTime: micros(this.#openTime),
      open: ticks(this.#open),
      high: ticks(this.#high),
      low: ticks(this.#low),
      close: ticks(this.#close),
      volume: lots(this.#volume),
      takerBuyVolume: lots(this.#buyVolume),
      quoteVolume: this.#quoteVolume,
      takerBuyQuoteVolume: this.#buyQuoteVolume,
      trades: this.#trades,
    };
  }
}

function flatCandle(openTime: number, last: FullCandle): FullCandle {
  return {
    openTime: micros(openTime),
    open: last.close,
    high: last.close,
    low: last.close,
    close: last.close,
    volume: lots(0),
    takerBuyVolume: lots(0),
    quoteVolume: 0,
    takerBuyQuoteVolume: 0,
    trades: 0,
  };
}
