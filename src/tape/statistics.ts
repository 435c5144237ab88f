/** What a tape is like, in one pass: for reports, and for candles that resemble it. */

import { at } from "../domain/assert.ts";
import { type Lots, lots, type Micros, micros, microsPerMinute, microsPerSecond } from "../domain/units.ts";
import {
  askAt,
  bidAt,
  bookTickerKind,
  buyerIsMakerAt,
  kindAt,
  priceAt,
  quantityAt,
  receivedAtAt,
  rowWidth,
  type Tape,
  type TapeKind,
  tapeKinds,
  tradeKind,
} from "./format.ts";

/** One minute of a tape, counted from its first event. */
export type TapeMinute = {
  readonly volume: Lots;
  readonly takerBuyVolume: Lots;
  readonly trades: number;
  /** variance of the mid's change over one second, in ticks² */
  readonly secondVariance: number;
  /** highest minus lowest trade, in ticks; 0 without trades */
  readonly range: number;
};

export type TapeStatistics = {
  readonly events: Readonly<Record<TapeKind, number>>;
  /** receipt times; 0 for an empty tape */
  readonly firstTime: Micros;
  readonly lastTime: Micros;
  /** the mid in half ticks, so that it is whole; 0 without book tickers */
  readonly firstMidHalfTicks: number;
  readonly lastMidHalfTicks: number;
  /** mean of the book tickers' spread, in ticks */
  readonly meanSpread: number;
  /** whole minutes; a tape shorter than one has its single part */
  readonly minutes: readonly TapeMinute[];
};

export function tapeStatistics(tape: Tape): TapeStatistics {
  const counts = tapeKinds.map(() => 0);
  const minutes = new Minutes();
  let first = 0;
  let last = 0;
  let spreads = 0;
  const { rows } = tape;
  const firstTime = tape.length === 0 ? 0 : at(rows, receivedAtAt);
  let time = firstTime;
  for (let start = 0; start < rows.length; start += rowWidth) {
    const kind = at(rows, start + kindAt);
    counts[kind] = (counts[kind] ?? 0) + 1;
    time = at(rows, start + receivedAtAt);
    minutes.advance(time - firstTime, last);
    if (kind === bookTickerKind) {
      const bid = at(rows, start + bidAt);
      const ask = at(rows, start + askAt);
      last = bid + ask;
      if (first === 0) first = last;
      spreads += ask - bid;
    } else if (kind === tradeKind) {
      minutes.trade(at(rows, start + priceAt), at(rows, start + quantityAt), at(rows, start + buyerIsMakerAt) === 1);
    }
  }
  const count = (kind: TapeKind): number => counts[tapeKinds.indexOf(kind)] ?? 0;
  return {
    events: {
      book_ticker: count("book_ticker"),
      depth: count("depth"),
      snapshot: count("snapshot"),
      trade: count("trade"),
      mark: count("mark"),
      gap: count("gap"),
    },
    firstTime: micros(firstTime),
    lastTime: micros(time),
    firstMidHalfTicks: first,
    lastMidHalfTicks: last,
    meanSpread: spreads / Math.max(1, count("book_ticker")),
    minutes: minutes.finish(),
  };
}

const secondsPerMinute = microsPerMinute / microsPerSecond;

class Minutes {
  readonly #done: TapeMinute[] = [];
  #second = 0;
  #midThen = 0;
  #squares = 0;
  #changes = 0;
  #volume = 0;
  #buys = 0;
  #trades = 0;
  #high = 0;
  #low = 0;

  /** Closes the seconds that end at or before `since` the start; `mid` in half ticks is what stood then. */
  advance(since: number, mid: number): void {
    for (; (this.#second + 1) * microsPerSecond <= since; ) {
      if (this.#midThen > 0 && mid > 0) {
        const change = (mid - this.#midThen) / 2;
        this.#squares += change * change;
        this.#changes += 1;
      }
      this.#midThen = mid;
      this.#second += 1;
      if (this.#second % secondsPerMinute === 0) this.#close();
    }
  }

  trade(price: number, quantity: number, buyerIsMaker: boolean): void {
    this.#high = this.#trades === 0 ? price : Math.max(this.#high, price);
    this.#low = this.#trades === 0 ? price : Math.min(this.#low, price);
    this.#volume += quantity;
    if (!buyerIsMaker) this.#buys += quantity;
    this.#trades += 1;
  }

  finish(): readonly TapeMinute[] {
    if (this.#done.length === 0) this.#close();
    return this.#done;
  }

  #close(): void {
    this.#done.push({
      volume: lots(this.#volume),
      takerBuyVolume: lots(this.#buys),
      trades: this.#trades,
      secondVariance: this.#changes === 0 ? 0 : this.#squares / this.#changes,
      range: this.#high - this.#low,
    });
    this.#squares = 0;
    this.#changes = 0;
    this.#volume = 0;
    this.#buys = 0;
    this.#trades = 0;
    this.#high = 0;
    this.#low = 0;
  }
}
