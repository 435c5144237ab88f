/**
 * Keeps each symbol's book in sequence: buffer, snapshot, straddle, then a chain of `pu` = last `u`. Whatever breaks the
 * chain makes the book invalid until it is fetched again, with waits that grow and a bound over all symbols.
 *
 * @see binance-usdm.md §5.4; failure-catalogue F-47, F-86
 */

import { present } from "../domain/assert.ts";
import { type DepthLevels, depthLevels, type MarketSink } from "../domain/market-port.ts";
import { type Micros, micros, microsPerSecond, plus, type SymbolIndex, symbolIndex } from "../domain/units.ts";
import { type Backoff, type Random, waitBefore } from "./backoff.ts";
import type { Timers } from "./timers.ts";

type Diff = { readonly levels: DepthLevels; readonly time: Micros; readonly receivedAt: Micros };

type Book = {
  state: "down" | "buffering" | "waiting" | "synced";
  /** last applied `u`, or the id of the snapshot that waits for its straddling diff */
  lastId: number;
  readonly buffer: Diff[];
  held: Diff | null;
  /** fetches since the book was last in sync for a while */
  attempts: number;
  syncedAt: Micros;
  asked: boolean;
};

/** Diffs held while a snapshot is on its way: half a minute at ten a second. The oldest go first. */
const bufferMax = 300;
/** Snapshots asked for at the same time, over all symbols: 20 weight each. */
const fetchesMax = 2;
const fetchBackoff: Backoff = { first: micros(500_000), most: micros(30 * microsPerSecond) };
/** A book that was in sync this long starts its waits anew. */
const settledAfter = 30 * microsPerSecond;

export type BookSyncPorts = {
  readonly market: Pick<MarketSink, "onSnapshot" | "onDepth" | "onGap">;
  readonly timers: Timers;
  readonly random: Random;
  /** asks for the snapshot of a symbol; answered by `onSnapshot` or `onSnapshotFailed` */
  readonly fetch: (symbol: SymbolIndex, now: Micros) => void;
};

export class BookSync {
  readonly #ports: BookSyncPorts;
  readonly #books: readonly Book[];
  readonly #queue: SymbolIndex[] = [];
  #fetching = 0;

  constructor(symbols: number, ports: BookSyncPorts) {
    this.#ports = ports;
    this.#books = Array.from({ length: symbols }, () => ({
      state: "down",
      lastId: 0,
      buffer: [],
      held: null,
      attempts: 0,
      syncedAt: micros(0),
      asked: false,
    }));
  }

  isSynced(symbol: SymbolIndex): boolean {
    return this.#book(symbol).state === "synced";
  }

  /** The stream is gone: nothing is known of any book. */
  onDown(now: Micros): void {
    for (const [index, book] of this.#books.entries()) {
      if (book.state === "synced") this.#restart(symbolIndex(index), book, now);
      book.state = "down";
      book.buffer.length = 0;
      book.held = null;
    }
  }

  /** Whoever keeps the copy found it wrong: it is fetched anew, under the same back-off as a gap. */
  resync(symbol: SymbolIndex, now: Micros): void {
    const book = this.#book(symbol);
    if (book.state === "synced") this.#restart(symbol, book, now);
  }

  /** Hot: a diff in arrival order. */
  onDepth(symbol: SymbolIndex, levels: DepthLevels, time: Micros, receivedAt: Micros): void {
    const book = this.#book(symbol);
    if (book.state === "synced") {
      if (levels.previousId === book.lastId) {
        book.lastId = levels.lastId;
        this.#ports.market.onDepth(symbol, levels, time, receivedAt);
      } else if (levels.lastId > book.lastId) {
        this.#restart(symbol, book, receivedAt);
        this.#hold(symbol, book, levels, time, receivedAt);
      }
      // A diff that ends at or before what is applied was delivered twice, or late: it says nothing new.
      return;
    }
    this.#hold(symbol, book, levels, time, receivedAt);
    if (book.state === "waiting") this.#join(symbol, book, receivedAt);
  }

  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, time: Micros, receivedAt: Micros): void {
    this.#answered(symbol, receivedAt);
    const book = this.#book(symbol);
    if (book.state === "down" || book.state === "synced") return;
    book.held = copyOf(levels, time, receivedAt);
    book.lastId = levels.lastId;
    book.state = "waiting";
    this.#join(symbol, book, receivedAt);
  }

  onSnapshotFailed(symbol: SymbolIndex, now: Micros): void {
    this.#answered(symbol, now);
    const book = this.#book(symbol);
    if (book.state === "buffering") this.#askLater(symbol, book, now);
  }

  #book(symbol: SymbolIndex): Book {
    return present(this.#books[symbol], `book ${symbol}`);
  }

  #hold(symbol: SymbolIndex, book: Book, levels: DepthLevels, time: Micros, receivedAt: Micros): void {
    book.buffer.push(copyOf(levels, time, receivedAt));
    if (book.buffer.length > bufferMax) book.buffer.shift();
    if (book.state !== "down") return;
    // Asked only now that a diff is held, so that the snapshot is not older than the stream.
    book.state = "buffering";
    if (book.attempts === 0) this.#ask(symbol, book, receivedAt);
    else this.#askLater(symbol, book, receivedAt);
  }

  /** Joins the held snapshot with the buffered diffs, or finds that they do not fit. */
  #join(symbol: SymbolIndex, book: Book, now: Micros): void {
    const snapshot = present(book.held, "held snapshot");
    const diffs = book.buffer.filter((diff) => diff.levels.lastId >= book.lastId);
    const first = diffs[0];
    if (first === undefined) return;
    const chained = diffs.every((diff, at) => at === 0 || diff.levels.previousId === diffs[at - 1]?.levels.lastId);
    if (first.levels.firstId > book.lastId || !chained) {
      book.state = "buffering";
      book.held = null;
      // Diffs before a hole can never be joined.
      if (!chained) book.buffer.splice(0, book.buffer.length, ...diffs.slice(-1));
      this.#askLater(symbol, book, now);
      return;
    }
    book.state = "synced";
    book.syncedAt = now;
    book.held = null;
    book.buffer.length = 0;
    this.#ports.market.onSnapshot(symbol, snapshot.levels, snapshot.time, snapshot.receivedAt);
    for (const diff of diffs) {
      book.lastId = diff.levels.lastId;
      this.#ports.market.onDepth(symbol, diff.levels, diff.time, diff.receivedAt);
    }
  }

  #restart(symbol: SymbolIndex, book: Book, now: Micros): void {
    this.#ports.market.onGap(symbol, now);
    if (now - book.syncedAt > settledAfter) book.attempts = 0;
    book.state = "down";
  }

  #askLater(symbol: SymbolIndex, book: Book, now: Micros): void {
    const wait = waitBefore(book.attempts, fetchBackoff, this.#ports.random);
    this.#ports.timers.set(`book:${symbol}`, plus(now, wait), (then) => {
      if (book.state === "buffering") this.#ask(symbol, book, then);
    });
  }

  #ask(symbol: SymbolIndex, book: Book, now: Micros): void {
    if (book.asked) return;
    book.asked = true;
    book.attempts += 1;
    this.#queue.push(symbol);
    this.#fetchNext(now);
  }

  #answered(symbol: SymbolIndex, now: Micros): void {
    this.#book(symbol).asked = false;
    this.#fetching -= 1;
    this.#fetchNext(now);
  }

  #fetchNext(now: Micros): void {
    while (this.#fetching < fetchesMax) {
      const symbol = this.#queue.shift();
      if (symbol === undefined) return;
      this.#fetching += 1;
      this.#ports.fetch(symbol, now);
    }
  }
}

function copyOf(levels: DepthLevels, time: Micros, receivedAt: Micros): Diff {
  const copy = depthLevels(levels.count);
  copy.firstId = levels.firstId;
  copy.lastId = levels.lastId;
  copy.previousId = levels.previousId;
  copy.count = levels.count;
  copy.side.set(levels.side.subarray(0, levels.count));
  copy.price.set(levels.price.subarray(0, levels.count));
  copy.size.set(levels.size.subarray(0, levels.count));
  return { levels: copy, time, receivedAt };
}
