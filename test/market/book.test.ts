import fc from "fast-check";
import { expect, test } from "vitest";
import { askSide, bidSide } from "../../src/domain/market-port.ts";
import { ticks } from "../../src/domain/units.ts";
import { Book, noTick } from "../../src/market/book.ts";
import { type Level, message } from "./support.ts";

const window = 1_024;

test("[MKT-1] the ladder holds what a plain map holds, wherever the price goes", () => {
  // Goal: best bid and ask, every size and the order of levels are those of a naive book.
  // Method: random messages around a mid that walks and jumps past the window; levels far outside it included.
  fc.assert(
    fc.property(fc.array(turnArbitrary, { minLength: 1, maxLength: 40 }), (turns) => {
      const book = new Book(window);
      const naive = new NaiveBook();
      let mid = 50_000;
      for (const [i, turn] of turns.entries()) {
        mid = Math.max(10, mid + turn.move);
        const levels = levelsOf(turn, mid, naive);
        const snapshot = i === 0 || (turn.snapshot && naive.broken);
        if (snapshot) naive.clear();
        naive.apply(levels);
        if (snapshot) book.applySnapshot(message(levels));
        else book.apply(message(levels));
        compare(book, naive);
        if (naive.broken && !turn.snapshot) return;
      }
    }),
    { numRuns: 400 },
  );
});

test("[MKT-1] a book that is crossed after a complete message is not valid until the next snapshot", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(100, 1), ask(101, 1)]));
  book.apply(message([bid(102, 1)]));
  expect([book.valid, book.wasCrossed, book.needsSnapshot]).toEqual([false, true, true]);
  book.apply(message([bid(102, 0)]));
  expect(book.valid).toBe(false);
  book.applySnapshot(message([bid(100, 1), ask(101, 1)]));
  expect([book.valid, book.wasCrossed]).toEqual([true, false]);
});

test("[MKT-1] levels that cross only in the middle of a message leave the book valid", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(100, 1), ask(101, 1)]));
  book.apply(message([bid(101, 3), ask(101, 0), ask(102, 2)]));
  expect([book.valid, book.bestBid, book.bestAsk]).toEqual([true, 101, 102]);
});

test("[MKT-1] a one-sided book is not valid, and is again when the side comes back", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(100, 1), ask(101, 1)]));
  book.apply(message([ask(101, 0)]));
  expect([book.valid, book.bestAsk, book.needsSnapshot]).toEqual([false, noTick, false]);
  book.apply(message([ask(103, 1)]));
  expect([book.valid, book.bestAsk]).toEqual([true, 103]);
});

test("[MKT-1] differences before a snapshot, or after continuity was lost, change nothing", () => {
  const book = new Book(window);
  book.apply(message([bid(100, 1), ask(101, 1)]));
  expect(book.levelCount(bidSide)).toBe(0);
  book.applySnapshot(message([bid(100, 1), ask(101, 1)]));
  book.invalidate();
  book.apply(message([bid(100, 9)]));
  expect([book.valid, book.sizeAt(bidSide, ticks(100))]).toEqual([false, 1]);
});

test("[MKT-1] a book whose touch does not fit its window is not valid", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(10_000, 1), ask(90_000, 1)]));
  expect(book.valid).toBe(false);
  book.apply(message([bid(89_999, 1)]));
  expect([book.valid, book.bestBid, book.bestAsk]).toEqual([true, 89_999, 90_000]);
});

test("[MKT-1] when more far levels came than are remembered, a move of the window needs a new snapshot", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(500_000, 1), ask(500_001, 1)]));
  book.apply(message(Array.from({ length: 65_537 }, (_, i) => bid(300_000 + i, 1))));
  expect(book.valid).toBe(true);
  book.apply(message([ask(500_001, 0), bid(500_000, 0), bid(490_000, 1), ask(490_001, 1)]));
  expect([book.valid, book.needsSnapshot]).toEqual([false, true]);
});

test("[MKT-2] depth over the first levels is the sum of price times size", () => {
  const book = new Book(window);
  book.applySnapshot(message([bid(100, 1), bid(98, 2), bid(90, 4), ask(101, 3), ask(110, 5)]));
  expect(book.depth(bidSide, 2)).toBe(100 * 1 + 98 * 2);
  expect(book.depth(askSide, 9)).toBe(101 * 3 + 110 * 5);
  expect(book.depthLots(bidSide, 3)).toBe(7);
});

type Turn = {
  readonly move: number;
  readonly levels: readonly { readonly bid: boolean; readonly distance: number; readonly size: number }[];
  readonly clean: boolean;
  readonly snapshot: boolean;
};

const turnArbitrary: fc.Arbitrary<Turn> = fc.record({
  move: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
    { weight: 2, arbitrary: fc.integer({ min: -900, max: 900 }) },
    { weight: 1, arbitrary: fc.integer({ min: -9_000, max: 9_000 }) },
  ),
  levels: fc.array(
    fc.record({
      bid: fc.boolean(),
      distance: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 80 }) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
      ),
      size: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000 })),
    }),
    { maxLength: 25 },
  ),
  clean: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  snapshot: fc.boolean(),
});

/** The turn's own levels, after the removal of everything that the moved mid would cross. */
function levelsOf(turn: Turn, mid: number, naive: NaiveBook): Level[] {
  const levels: Level[] = [];
  if (turn.clean) {
    for (const price of naive.bids.keys()) if (price >= mid) levels.push(bid(price, 0));
    for (const price of naive.asks.keys()) if (price <= mid) levels.push(ask(price, 0));
  }
  for (const { bid: isBid, distance, size } of turn.levels) {
    const price = isBid ? mid - 1 - distance : mid + 1 + distance;
    if (price >= 1) levels.push(isBid ? bid(price, size) : ask(price, size));
  }
  return levels;
}

function compare(book: Book, naive: NaiveBook): void {
  const bestBid = Math.max(0, ...naive.bids.keys());
  const bestAsk = Math.min(Number.POSITIVE_INFINITY, ...naive.asks.keys());
  const sound = !naive.broken && bestBid > 0 && Number.isFinite(bestAsk);
  if (!sound) expect(book.valid).toBe(false);
  else if (bestAsk - bestBid <= window) expect(book.valid).toBe(true);
  expect(book.needsSnapshot).toBe(naive.broken);
  for (const [price, size] of naive.bids) expect(book.sizeAt(bidSide, ticks(price))).toBe(size);
  for (const [price, size] of naive.asks) expect(book.sizeAt(askSide, ticks(price))).toBe(size);
  expect([book.levelCount(bidSide), book.levelCount(askSide)]).toEqual([naive.bids.size, naive.asks.size]);
  if (!book.valid) return;
  expect([book.bestBid, book.bestAsk]).toEqual([bestBid, bestAsk]);
  expect([book.bestBidLots, book.bestAskLots]).toEqual([naive.bids.get(bestBid), naive.asks.get(bestAsk)]);
  // Around a touch no wider than the window's half, at least a quarter of the window is there on each side.
  if (bestAsk - bestBid > window) return;
  const near = window / 2;
  expect(walk(book, bidSide, (price) => price >= bestBid - near)).toEqual(
    [...naive.bids.keys()].filter((price) => price >= bestBid - near).sort((a, b) => b - a),
  );
  expect(walk(book, askSide, (price) => price <= bestAsk + near)).toEqual(
    [...naive.asks.keys()].filter((price) => price <= bestAsk + near).sort((a, b) => a - b),
  );
}

function walk(book: Book, side: number, near: (price: number) => boolean): number[] {
  const prices: number[] = [];
  for (let price = book.best(side); price !== noTick && near(price); price = book.next(side, price)) prices.push(price);
  return prices;
}

class NaiveBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  broken = false;

  clear(): void {
    this.bids.clear();
    this.asks.clear();
    this.broken = false;
  }

  apply(levels: readonly Level[]): void {
    if (this.broken) return;
    for (const { side, price, size } of levels) {
      const levelsOfSide = side === "bid" ? this.bids : this.asks;
      if (size > 0) levelsOfSide.set(price, size);
      else levelsOfSide.delete(price);
    }
    this.broken = Math.max(0, ...this.bids.keys()) >= Math.min(Number.POSITIVE_INFINITY, ...this.asks.keys());
  }
}

function bid(price: number, size: number): Level {
  return { side: "bid", price, size };
}

function ask(price: number, size: number): Level {
  return { side: "ask", price, size };
}
