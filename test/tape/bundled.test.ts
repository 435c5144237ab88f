/** The bundled recordings, checked against themselves: two streams of one market must tell the same story. */

import { statSync } from "node:fs";
import { expect, test } from "vitest";
import type { DepthLevels, MarketSink } from "../../src/domain/market-port.ts";
import { type Lots, type Micros, type SymbolIndex, symbolIndex, type Ticks } from "../../src/domain/units.ts";
import { LapCursor, lapSpan } from "../../src/tape/laps.ts";
import { TapeCursor } from "../../src/tape/player.ts";
import { readTape } from "../../src/tape/reader.ts";
import { tapeStatistics } from "../../src/tape/statistics.ts";

const bundled = ["BTCUSDT", "ETHUSDT"].map((symbol) => {
  const path = new URL(`../../config/tapes/${symbol}-20240719.arrow`, import.meta.url).pathname;
  return { symbol, path, tape: readTape(path) };
});

/** One side of a book as a map; its best price is searched anew only when it goes away. */
class Side {
  best = Number.NaN;
  readonly #sizes = new Map<number, number>();
  readonly #better: (a: number, b: number) => boolean;

  constructor(better: (a: number, b: number) => boolean) {
    this.#better = better;
  }

  clear(): void {
    this.#sizes.clear();
    this.best = Number.NaN;
  }

  set(price: number, size: number): void {
    if (size > 0) {
      this.#sizes.set(price, size);
      if (Number.isNaN(this.best) || this.#better(price, this.best)) this.best = price;
      return;
    }
    this.#sizes.delete(price);
    if (price !== this.best) return;
    this.best = Number.NaN;
    for (const other of this.#sizes.keys()) {
      if (Number.isNaN(this.best) || this.#better(other, this.best)) this.best = other;
    }
  }

  top(): string {
    return `${this.best} ${this.#sizes.get(this.best)}`;
  }
}

/** The simplest book that can be right, and what it sees go wrong. */
class MapBook implements MarketSink {
  readonly bids = new Side((a, b) => a > b);
  readonly asks = new Side((a, b) => a < b);
  lastId = 0;
  crossed = 0;
  brokenChains = 0;
  idsThatFell = 0;
  compared = 0;
  different = 0;
  delivered = 0;
  #joined = false;
  #tickerId = 0;
  #tradeId = 0;
  readonly #tickers = new Map<number, string>();

  onSnapshot(_: SymbolIndex, levels: DepthLevels): void {
    this.bids.clear();
    this.asks.clear();
    this.#joined = false;
    this.#apply(levels);
  }

  onDepth(_: SymbolIndex, levels: DepthLevels): void {
    const continues = this.#joined
      ? levels.previousId === this.lastId
      : levels.firstId <= this.lastId && this.lastId <= levels.lastId;
    if (!continues) this.brokenChains += 1;
    this.#joined = true;
    this.#apply(levels);
    this.#compare(this.#tickers.get(levels.lastId));
  }

  onBookTicker(_: SymbolIndex, id: number, bid: Ticks, bidLots: Lots, ask: Ticks, askLots: Lots): void {
    this.delivered += 1;
    if (bid >= ask) this.crossed += 1;
    if (id <= this.#tickerId) this.idsThatFell += 1;
    this.#tickerId = id;
    const text = `${bid} ${bidLots} ${ask} ${askLots}`;
    this.#tickers.set(id, text);
    if (id === this.lastId) this.#compare(text);
  }

  onTrade(_: SymbolIndex, id: number): void {
    this.delivered += 1;
    if (id <= this.#tradeId) this.idsThatFell += 1;
    this.#tradeId = id;
  }

  onMark(): void {
    this.delivered += 1;
  }

  onGap(_: SymbolIndex, _receivedAt: Micros): void {
    this.delivered += 1;
  }

  #apply(levels: DepthLevels): void {
    this.delivered += 1;
    for (let index = 0; index < levels.count; index += 1) {
      const side = levels.side[index] === 0 ? this.bids : this.asks;
      side.set(levels.price[index] ?? Number.NaN, levels.size[index] ?? Number.NaN);
    }
    this.lastId = levels.lastId;
    if (this.bids.best >= this.asks.best) this.crossed += 1;
  }

  #compare(ticker: string | undefined): void {
    if (ticker === undefined) return;
    this.compared += 1;
    if (ticker !== `${this.bids.top()} ${this.asks.top()}`) this.different += 1;
  }
}

const replayed = bundled.map(({ symbol, tape }) => {
  const book = new MapBook();
  const cursor = new TapeCursor(tape, symbolIndex(0));
  while (cursor.nextTime < Infinity) cursor.deliver(book);
  return { symbol, book, length: tape.length };
});

test.each(replayed)(
  "[MKT-1] $symbol: the book rebuilt from snapshot and diffs equals the book ticker wherever ids coincide",
  ({ book }) => {
    expect([book.different, book.compared > 50]).toEqual([0, true]);
  },
);

test.each(replayed)("[MKT-1] $symbol: neither the rebuilt book nor the book ticker ever crosses", ({ book }) => {
  expect(book.crossed).toBe(0);
});

test.each(replayed)("[MKT-1] $symbol: diffs join the snapshot and each other", ({ book }) => {
  expect(book.brokenChains).toBe(0);
});

test.each(replayed)("[MKT-1] $symbol: ids rise", ({ book }) => {
  expect(book.idsThatFell).toBe(0);
});

test.each(replayed)("[MKT-1] $symbol: every event is delivered", ({ book, length }) => {
  expect(book.delivered).toBe(length);
});

test.each(bundled)("[MKT-1] $symbol: in a mirrored lap the same holds", ({ tape }) => {
  const cursor = new LapCursor(tape, symbolIndex(0), lapSpan([tape]), 2);
  const book = new MapBook();
  while (cursor.nextTime < Infinity) cursor.deliver(book);
  expect([book.different, book.crossed, book.brokenChains, book.idsThatFell]).toEqual([0, 0, 0, 0]);
});

test("[SIM-1] the tapes hold the messages of their recordings, but for five diffs before each snapshot", () => {
  expect(bundled.map(({ tape }) => [tapeStatistics(tape).events, tape.metadata.dropped])).toEqual([
    [
      { book_ticker: 52_260, depth: 9_017, snapshot: 1, trade: 10_701, mark: 480, gap: 0 },
      { depth_before_snapshot: 5 },
    ],
    [
      { book_ticker: 47_328, depth: 8_924, snapshot: 1, trade: 13_655, mark: 480, gap: 0 },
      { depth_before_snapshot: 5 },
    ],
  ]);
});

test("[SIM-1] the tapes are simultaneous to the millisecond", () => {
  const [btc, eth] = bundled.map(({ tape }) => tapeStatistics(tape));
  const apart = Math.abs((btc?.firstTime ?? 0) - (eth?.firstTime ?? 0));
  expect(apart).toBeLessThan(1_000);
});

test("[SIM-1] the tapes name licence, source, clock shift and what is derived", () => {
  expect(
    bundled.map(({ tape: { metadata } }) => [
      metadata.licence,
      metadata.source,
      metadata.clockShift,
      metadata.derived.length,
    ]),
  ).toEqual([
    ["MIT", "nkaz001/hftbacktest examples/usdm @ 73bfa17", 1_524_103, 1],
    ["MIT", "nkaz001/hftbacktest examples/usdm @ 73bfa17", 1_524_103, 1],
  ]);
});

test("[SIM-1] both tapes together stay below 13 MB", () => {
  const bytes = bundled.reduce((sum, { path }) => sum + statSync(path).size, 0);
  expect(bytes).toBeLessThan(13_000_000);
});
