/**
 * Turns tables of order-book snapshots and trades into a tape, whatever venue they were recorded at: what other recorders
 * write when they keep the first levels of the book row by row. @see docs/tapes.md, Importing tables
 */

import { askSide, bidSide, type DepthLevels, depthLevels } from "../domain/market-port.ts";
import { type Micros, type SymbolIndex, symbolIndex } from "../domain/units.ts";
import { trustedLots, trustedMicros, trustedTicks } from "./brand.ts";
import { TapeBuilder } from "./builder.ts";
import { type BookRow, readTable, type TableRow, type TradeRow } from "./csv-table.ts";
import type { Tape } from "./format.ts";
import { type Grid, grid } from "./grid.ts";
import { type RawFile, RawImportError } from "./import-raw.ts";
import { withDerivedMarks } from "./mark.ts";
import { problemOf } from "./validate.ts";

export type CsvImport = {
  readonly symbol: string;
  /** quote asset, decimal text */
  readonly tickSize: string;
  /** base asset, decimal text */
  readonly stepSize: string;
  readonly source: string;
  readonly licence: string;
  /** microseconds to add to the recorder's clock */
  readonly clockShift: Micros;
  /** a book that was silent for longer is a gap; microseconds */
  readonly gapAfter: number;
};

/**
 * Imports tables of one symbol. Which of the two kinds a file is, its header says; the files of a kind come in the order of
 * time.
 *
 * @throws {RawImportError} a file is neither kind, or a cell is not what its column holds
 */
export function importCsv(files: readonly RawFile[], options: CsvImport): Tape {
  const tables = files.map((file) => readTable(file));
  const books = concatenated(tables.filter(({ kind }) => kind === "book").map(({ rows }) => rows));
  const trades = concatenated(tables.filter(({ kind }) => kind === "trades").map(({ rows }) => rows));
  const recording = new Recording(options);
  for (const row of inOrder(books, trades)) {
    try {
      recording.take(row);
    } catch (cause) {
      throw new RawImportError(`${row.place}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
  return recording.finish();
}

function* concatenated(tables: readonly Iterable<TableRow>[]): Generator<TableRow> {
  for (const rows of tables) yield* rows;
}

/** By receipt, a book before a trade of the same moment. */
function* inOrder(books: Iterator<TableRow>, trades: Iterator<TableRow>): Generator<TableRow> {
  let book = books.next();
  let trade = trades.next();
  while (book.done !== true || trade.done !== true) {
    const takeBook = trade.done === true || (book.done !== true && book.value.receivedAt <= trade.value.receivedAt);
    if (takeBook && book.done !== true) {
      yield book.value;
      book = books.next();
    } else if (trade.done !== true) {
      yield trade.value;
      trade = trades.next();
    }
  }
}

const levelsMax = 2_000;

class Recording {
  readonly #options: CsvImport;
  readonly #price: Grid;
  readonly #size: Grid;
  readonly #builder = new TapeBuilder();
  readonly #symbol: SymbolIndex = symbolIndex(0);
  readonly #levels: DepthLevels = depthLevels(levelsMax);
  readonly #dropped = new Map<string, number>();
  #latest = 0;
  #lastBook = "";
  /** receipt of the last book; 0 before the first, and after a gap */
  #bookAt = 0;
  #bookId = 0;
  #tradeId = 0;

  constructor(options: CsvImport) {
    this.#options = options;
    this.#price = grid(options.tickSize);
    this.#size = grid(options.stepSize);
  }

  take(row: TableRow): void {
    if (row.receivedAt < this.#latest) return this.#drop("out_of_order");
    this.#latest = row.receivedAt;
    const at = trustedMicros(row.receivedAt + this.#options.clockShift);
    const exchangeTime = trustedMicros(row.exchangeTime);
    this.#endSilentBook(at);
    switch (row.kind) {
      case "book":
        return this.#book(row, exchangeTime, at);
      case "trade":
        return this.#trade(row, exchangeTime, at);
      default:
        throw new TypeError(`unhandled row ${row satisfies never}`);
    }
  }

  finish(): Tape {
    if (this.#bookId === 0) throw new RawImportError("the tables hold no usable book, so no tape can be made of them");
    const { symbol, tickSize, stepSize, source, licence, clockShift } = this.#options;
    const dropped = Object.fromEntries(this.#dropped);
    const tape = withDerivedMarks(
      this.#builder.build({ symbol, tickSize, stepSize, source, licence, clockShift, derived: [], dropped }),
    );
    const problem = problemOf(tape);
    if (problem !== null) throw new RawImportError(problem);
    return tape;
  }

  /** Told where the silence became too long, before the trades of the rest of it: what triggers there must not meet the old book. */
  #endSilentBook(at: Micros): void {
    const end = Math.floor(this.#bookAt + this.#options.gapAfter);
    if (this.#bookAt === 0 || at <= end) return;
    this.#builder.onGap(this.#symbol, trustedMicros(end));
    this.#bookAt = 0;
  }

  #book(row: BookRow, exchangeTime: Micros, at: Micros): void {
    if (!row.valid) return this.#drop("book_invalid");
    if (row.text === this.#lastBook) return this.#drop("book_repeated");
    this.#lastBook = row.text;
    this.#fill(row);
    const [bid, ask] = [row.bids[0], row.asks[0]];
    if (bid === undefined || ask === undefined) return this.#drop("book_one_sided");
    const bidTicks = this.#ticks(bid[0]);
    const askTicks = this.#ticks(ask[0]);
    // No book of a matching engine looks so: something was recorded between two of its moments.
    if (bidTicks === askTicks) return this.#drop("book_locked");
    if (bidTicks > askTicks) return this.#drop("book_crossed");
    this.#bookAt = at;
    this.#bookId += 1;
    const id = this.#bookId;
    this.#levels.firstId = this.#levels.lastId = this.#levels.previousId = id;
    this.#builder.onSnapshot(this.#symbol, this.#levels, exchangeTime, at);
    this.#builder.onBookTicker(
      this.#symbol,
      id,
      trustedTicks(bidTicks),
      trustedLots(this.#lots(bid[1])),
      trustedTicks(askTicks),
      trustedLots(this.#lots(ask[1])),
      exchangeTime,
      at,
    );
  }

  #trade(row: TradeRow, exchangeTime: Micros, at: Micros): void {
    const price = trustedTicks(this.#ticks(row.price));
    const quantity = trustedLots(this.#lots(row.quantity));
    if (price === 0 || quantity === 0) return this.#drop("trade_empty");
    this.#tradeId += 1;
    this.#builder.onTrade(this.#symbol, this.#tradeId, price, quantity, row.buyerIsMaker, exchangeTime, at);
  }

  #fill({ bids, asks }: BookRow): void {
    this.#levels.count = 0;
    this.#append(bids, bidSide);
    this.#append(asks, askSide);
  }

  #append(side: BookRow["bids"], code: number): void {
    for (const [price, size] of side) {
      const place = this.#levels.count;
      if (place >= levelsMax) throw new Error(`has more than ${levelsMax} levels`);
      this.#levels.side[place] = code;
      this.#levels.price[place] = this.#ticks(price);
      this.#levels.size[place] = this.#lots(size);
      this.#levels.count = place + 1;
    }
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  #ticks(price: string): number {
    const count = this.#price(price);
    if (count === null) throw new Error(`price ${price} is not a multiple of ${this.#options.tickSize}`);
    return count;
  }

  #lots(quantity: string): number {
    const count = this.#size(quantity);
    if (count === null) throw new Error(`quantity ${quantity} is not a multiple of ${this.#options.stepSize}`);
    return count;
  }
}
