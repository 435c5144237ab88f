/**
 * Market messages from bytes to whole ticks and lots, without a JSON tree: a hot message allocates nothing.
 *
 * Any key order and unknown keys are understood; what is not understood is said so and never thrown. A message in the
 * usual order is read in one pass; in another order, values are found first and read after.
 *
 * @see binance-usdm.md §5.3, §5.4; failure-catalogue S-23
 */

import type { Instrument } from "../../domain/instrument.ts";
import { askSide, bidSide, type DepthLevels, depthLevels, type MarketSink } from "../../domain/market-port.ts";
import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "../../domain/units.ts";
import {
  backslash,
  booleanAt,
  closeArray,
  closeBrace,
  closeBracket,
  colon,
  comma,
  type DecimalGrid,
  gridOf,
  integerAt,
  openBracket,
  quote,
  readDecimal,
  readInteger,
  skipString,
  skipValue,
  skipWhite,
  stringEquals,
} from "./scan-json.ts";
import { type SymbolTable, symbolTable } from "./symbol-table.ts";

/** Receives what a market frame says; depth still without any check of its sequence. */
export type FrameSink = Pick<MarketSink, "onBookTicker" | "onDepth" | "onTrade" | "onMark">;

/** How a frame was taken. */
export const frameTaken = 0;
/** A market event of a symbol that is not configured. */
export const frameForeign = 1;
/** No market event that we read: an acknowledgement, another event type. */
export const frameOther = 2;
/** Not JSON as we know it, a field missing, a value off the grid. */
export const frameBad = 3;

/** More levels than any message has: a snapshot of 1000 a side has 2000. A larger message is not understood. */
const levelsMax = 8_192;

/** Prices and amounts of all symbols in whole ticks and lots. */
type Grids = { readonly price: readonly DecimalGrid[]; readonly lots: readonly DecimalGrid[] };

/** Mark price: eight decimals, further ones are cut. */
const markGrid: DecimalGrid = { decimals: 8, step: 1, cut: true };
/** Funding rate: a fraction with a sign, at most twelve decimals. */
const rateGrid: DecimalGrid = { decimals: 12, step: 1, cut: true };
const rateScale = 1e12;

/** The one-letter keys that are read: A B E T U a b e m p q r s u. */
const usedKeys = Uint8Array.from([65, 66, 69, 84, 85, 97, 98, 101, 109, 112, 113, 114, 115, 117]);

export class FrameScanner {
  readonly #symbols: SymbolTable;
  readonly #grids: Grids;
  readonly #levels: DepthLevels = depthLevels(levelsMax);
  /** where the value of each one-letter key begins; 0 is "absent", since no value begins there */
  readonly #at = new Int32Array(128);
  readonly #out = new Float64Array(2);
  #previousAt = 0;
  #lastIdAt = 0;
  #symbol = -1;
  #bidsAt = 0;
  #asksAt = 0;
  /** end of the object that was just walked */
  #end = 0;

  constructor(instruments: readonly Instrument[]) {
    this.#symbols = symbolTable(instruments.map((instrument) => instrument.symbol));
    this.#grids = {
      price: instruments.map(({ tickSize }) => gridOf(tickSize)),
      lots: instruments.map(({ stepSize }) => gridOf(stepSize)),
    };
  }

  /** Reads one stream frame, bare or in the wrapper of a combined stream, and tells the sink what it says. */
  scan(bytes: Uint8Array, receivedAt: Micros, sink: FrameSink): number {
    this.#reset(-1);
    if (!this.#walk(bytes, skipWhite(bytes, 0), true)) return frameBad;
    if (skipWhite(bytes, this.#end) !== bytes.length) return frameBad;
    return this.#emit(bytes, receivedAt, sink);
  }

  /**
   * Reads the REST snapshot of a symbol's book. The levels are reused by the next call.
   *
   * @returns null when it is not understood
   */
  snapshot(bytes: Uint8Array, symbol: SymbolIndex): { readonly levels: DepthLevels; readonly time: Micros } | null {
    this.#reset(symbol);
    if (!this.#walk(bytes, skipWhite(bytes, 0), false)) return null;
    if (skipWhite(bytes, this.#end) !== bytes.length || !this.#lateLevels(bytes)) return null;
    const lastId = integerAt(bytes, this.#lastIdAt, this.#out);
    const time = this.#timeAt(bytes, 84);
    if (lastId < 0 || time < 0) return null;
    const levels = this.#levels;
    levels.firstId = lastId;
    levels.lastId = lastId;
    levels.previousId = lastId;
    return { levels, time: time as Micros };
  }

  #reset(symbol: number): void {
    const at = this.#at;
    // One by one is cheaper than fill() over the table.
    for (let i = 0; i < usedKeys.length; i += 1) at[usedKeys[i] ?? 0] = 0;
    this.#previousAt = 0;
    this.#lastIdAt = 0;
    this.#bidsAt = 0;
    this.#asksAt = 0;
    this.#levels.count = 0;
    this.#symbol = symbol;
    this.#end = 0;
  }

  /** Walks the object that begins at `start`; the members of a wrapper's `data` count as its own. */
  #walk(bytes: Uint8Array, start: number, mayWrap: boolean): boolean {
    if (bytes[start] !== 123) return false;
    let i = skipWhite(bytes, start + 1);
    if (bytes[i] === closeBrace) {
      this.#end = i + 1;
      return true;
    }
    for (;;) {
      if (bytes[i] !== quote) return false;
      const key = i + 1;
      const first = bytes[key];
      if (bytes[i + 2] === quote && first !== quote && first !== backslash) i += 3;
      else i = skipString(bytes, i);
      if (i < 0) return false;
      const length = i - 1 - key;
      i = skipWhite(bytes, i);
      if (bytes[i] !== colon) return false;
      i = skipWhite(bytes, i + 1);
      i = this.#member(bytes, key, length, i, mayWrap);
      if (i < 0) return false;
      i = skipWhite(bytes, i);
      const next = bytes[i];
      if (next === closeBrace) {
        this.#end = i + 1;
        return true;
      }
      if (next !== comma) return false;
      i = skipWhite(bytes, i + 1);
    }
  }

  /** Notes or reads the value at `i`. @returns where it ends, or −1 */
  #member(bytes: Uint8Array, key: number, length: number, i: number, mayWrap: boolean): number {
    const first = bytes[key] ?? 0;
    if (length === 1) {
      if (bytes[i] === openBracket && (first === 98 || first === 97)) return this.#side(bytes, i, first === 98);
      if (first < 128) this.#at[first] = i;
      return skipValue(bytes, i);
    }
    if (length === 2 && first === 112 && bytes[key + 1] === 117) {
      this.#previousAt = i;
    } else if (length === 4 && stringEquals(bytes, key, "data") && mayWrap && bytes[i] === 123) {
      return this.#walk(bytes, i, false) ? this.#end : -1;
    } else if (length === 4 && bytes[i] === openBracket) {
      if (stringEquals(bytes, key, "bids")) return this.#side(bytes, i, true);
      if (stringEquals(bytes, key, "asks")) return this.#side(bytes, i, false);
    } else if (length === 12 && stringEquals(bytes, key, "lastUpdateId")) {
      this.#lastIdAt = i;
    }
    return skipValue(bytes, i);
  }

  /** One side of the book: read now when its symbol is known, else found and read later. */
  #side(bytes: Uint8Array, i: number, isBid: boolean): number {
    if (this.#symbol < 0) this.#symbol = this.#symbolAt(bytes);
    // The same side twice has no one meaning.
    if ((isBid ? this.#bidsAt : this.#asksAt) !== 0) return -1;
    if (this.#symbol < 0) {
      if (isBid) this.#bidsAt = i;
      else this.#asksAt = i;
      return skipValue(bytes, i);
    }
    if (isBid) this.#bidsAt = -1;
    else this.#asksAt = -1;
    return this.#readSide(bytes, i, isBid ? bidSide : askSide);
  }

  /** @returns where the array ends, or −1 */
  #readSide(bytes: Uint8Array, start: number, side: number): number {
    const priceGrid = this.#grids.price[this.#symbol];
    const lotGrid = this.#grids.lots[this.#symbol];
    if (priceGrid === undefined || lotGrid === undefined) return -1;
    const levels = this.#levels;
    const out = this.#out;
    let i = skipWhite(bytes, start + 1);
    if (bytes[i] === closeBracket) return i + 1;
    for (;;) {
      if (bytes[i] !== openBracket || levels.count >= levelsMax) return -1;
      i = readDecimal(bytes, skipWhite(bytes, i + 1), priceGrid, out, 0);
      if (i < 0) return -1;
      i = skipWhite(bytes, i);
      if (bytes[i] !== comma) return -1;
      i = readDecimal(bytes, skipWhite(bytes, i + 1), lotGrid, out, 1);
      if (i < 0) return -1;
      i = closeArray(bytes, i);
      const price = out[0] ?? 0;
      if (i < 0 || price <= 0) return -1;
      const count = levels.count;
      levels.side[count] = side;
      levels.price[count] = price;
      levels.size[count] = out[1] ?? 0;
      levels.count = count + 1;
      i = skipWhite(bytes, i);
      const next = bytes[i];
      if (next === closeBracket) return i + 1;
      if (next !== comma) return -1;
      i = skipWhite(bytes, i + 1);
    }
  }

  /** Reads the sides that came before their symbol. */
  #lateLevels(bytes: Uint8Array): boolean {
    if (this.#bidsAt === 0 || this.#asksAt === 0) return false;
    if (this.#bidsAt > 0 && this.#readSide(bytes, this.#bidsAt, bidSide) < 0) return false;
    return this.#asksAt <= 0 || this.#readSide(bytes, this.#asksAt, askSide) >= 0;
  }

  #symbolAt(bytes: Uint8Array): number {
    const start = this.#at[115] ?? 0;
    return start === 0 ? -1 : this.#symbols.find(bytes, start);
  }

  #emit(bytes: Uint8Array, receivedAt: Micros, sink: FrameSink): number {
    const type = this.#at[101] ?? 0;
    if (type === 0 || bytes[type] !== quote) return frameOther;
    const isTicker = stringEquals(bytes, type + 1, 'bookTicker"');
    const isDepth = !isTicker && stringEquals(bytes, type + 1, 'depthUpdate"');
    const isTrade = !isTicker && !isDepth && stringEquals(bytes, type + 1, 'aggTrade"');
    const isMark = !isTicker && !isDepth && !isTrade && stringEquals(bytes, type + 1, 'markPriceUpdate"');
    if (!isTicker && !isDepth && !isTrade && !isMark) return frameOther;
    const symbol = this.#symbolAt(bytes);
    if (symbol < 0) return this.#at[115] === 0 ? frameBad : frameForeign;
    this.#symbol = symbol;
    const index = symbol as SymbolIndex;
    if (isTicker) return this.#bookTicker(bytes, index, receivedAt, sink);
    if (isDepth) return this.#depth(bytes, index, receivedAt, sink);
    if (isTrade) return this.#trade(bytes, index, receivedAt, sink);
    return this.#mark(bytes, index, receivedAt, sink);
  }

  #bookTicker(bytes: Uint8Array, symbol: SymbolIndex, receivedAt: Micros, sink: FrameSink): number {
    const id = this.#integer(bytes, 117);
    const bid = this.#price(bytes, 98);
    const bidLots = this.#lots(bytes, 66);
    const ask = this.#price(bytes, 97);
    const askLots = this.#lots(bytes, 65);
    const time = this.#timeAt(bytes, 84);
    if (id < 0 || bid <= 0 || bidLots < 0 || ask <= 0 || askLots < 0 || time < 0) return frameBad;
    sink.onBookTicker(
      symbol,
      id,
      bid as Ticks,
      bidLots as Lots,
      ask as Ticks,
      askLots as Lots,
      time as Micros,
      receivedAt,
    );
    return frameTaken;
  }

  #depth(bytes: Uint8Array, symbol: SymbolIndex, receivedAt: Micros, sink: FrameSink): number {
    const levels = this.#levels;
    const first = this.#integer(bytes, 85);
    const last = this.#integer(bytes, 117);
    const previous = integerAt(bytes, this.#previousAt, this.#out);
    const time = this.#timeAt(bytes, 84);
    if (first < 0 || last < 0 || previous < 0 || time < 0 || !this.#lateLevels(bytes)) return frameBad;
    levels.firstId = first;
    levels.lastId = last;
    levels.previousId = previous;
    sink.onDepth(symbol, levels, time as Micros, receivedAt);
    return frameTaken;
  }

  #trade(bytes: Uint8Array, symbol: SymbolIndex, receivedAt: Micros, sink: FrameSink): number {
    const id = this.#integer(bytes, 97);
    const price = this.#price(bytes, 112);
    const quantity = this.#lots(bytes, 113);
    const maker = booleanAt(bytes, this.#at[109] ?? 0);
    const time = this.#timeAt(bytes, 84);
    if (id < 0 || price <= 0 || quantity < 0 || maker < 0 || time < 0) return frameBad;
    sink.onTrade(symbol, id, price as Ticks, quantity as Lots, maker === 1, time as Micros, receivedAt);
    return frameTaken;
  }

  #mark(bytes: Uint8Array, symbol: SymbolIndex, receivedAt: Micros, sink: FrameSink): number {
    const mark = this.#decimal(bytes, 112, markGrid);
    const next = this.#timeAt(bytes, 84);
    const time = this.#timeAt(bytes, 69);
    const rateAt = this.#at[114] ?? 0;
    if (mark <= 0 || next < 0 || time < 0 || rateAt === 0) return frameBad;
    let rate = 0;
    // Symbols without funding send an empty text.
    if (!(bytes[rateAt] === quote && bytes[rateAt + 1] === quote)) {
      const isNegative = bytes[rateAt + 1] === 45;
      if (readDecimal(bytes, rateAt, rateGrid, this.#out, 0, isNegative) < 0) return frameBad;
      rate = (this.#out[0] ?? 0) / rateScale;
      if (isNegative) rate = -rate;
    }
    sink.onMark(symbol, mark as PriceE8, rate, next as Micros, time as Micros, receivedAt);
    return frameTaken;
  }

  /** The value of a one-letter key as a whole number, or −1. */
  #integer(bytes: Uint8Array, key: number): number {
    return integerAt(bytes, this.#at[key] ?? 0, this.#out);
  }

  #price(bytes: Uint8Array, key: number): number {
    const grid = this.#grids.price[this.#symbol];
    return grid === undefined ? -1 : this.#decimal(bytes, key, grid);
  }

  #lots(bytes: Uint8Array, key: number): number {
    const grid = this.#grids.lots[this.#symbol];
    return grid === undefined ? -1 : this.#decimal(bytes, key, grid);
  }

  #decimal(bytes: Uint8Array, key: number, grid: DecimalGrid): number {
    const start = this.#at[key] ?? 0;
    if (start === 0 || readDecimal(bytes, start, grid, this.#out, 0) < 0) return -1;
    return this.#out[0] ?? -1;
  }

  /** Milliseconds on the wire, microseconds here; −1 when absent or beyond whole microseconds. */
  #timeAt(bytes: Uint8Array, key: number): number {
    const start = this.#at[key] ?? 0;
    if (start === 0 || readInteger(bytes, start, this.#out) < 0) return -1;
    const time = (this.#out[0] ?? -1) * 1_000;
    return time <= Number.MAX_SAFE_INTEGER ? time : -1;
  }
}
