/** Collects market events into a tape: what importers and recorders write to. */

import { at } from "../domain/assert.ts";
import type { DepthLevels, MarketSink } from "../domain/market-port.ts";
import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "../domain/units.ts";
import {
  bookTickerKind,
  depthKind,
  gapKind,
  markKind,
  rowWidth,
  snapshotKind,
  type Tape,
  type TapeMetadata,
  tradeKind,
} from "./format.ts";

const rowsAtFirst = 1_024;
const levelsAtFirst = 4_096;

/** A market sink that keeps what it is given, in that order. One tape holds one symbol: the index is not stored. */
export class TapeBuilder implements MarketSink {
  #length = 0;
  #rows = new Float64Array(rowsAtFirst * rowWidth);
  #levelCount = 0;
  #levelSide = new Uint8Array(levelsAtFirst);
  #levelPrice = new Float64Array(levelsAtFirst);
  #levelSize = new Float64Array(levelsAtFirst);

  get length(): number {
    return this.#length;
  }

  /** The events so far. The tape owns its arrays; the builder may be used on. */
  build(metadata: TapeMetadata): Tape {
    return {
      metadata,
      length: this.#length,
      rows: this.#rows.slice(0, this.#length * rowWidth),
      levelSide: this.#levelSide.slice(0, this.#levelCount),
      levelPrice: this.#levelPrice.slice(0, this.#levelCount),
      levelSize: this.#levelSize.slice(0, this.#levelCount),
    };
  }

  onBookTicker(
    _symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#append(bookTickerKind, exchangeTime, receivedAt, updateId, bid, bidLots, ask, askLots);
  }

  onSnapshot(_symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#appendLevels(snapshotKind, levels, exchangeTime, receivedAt);
  }

  onDepth(_symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#appendLevels(depthKind, levels, exchangeTime, receivedAt);
  }

  onTrade(
    _symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#append(tradeKind, exchangeTime, receivedAt, tradeId, price, quantity, buyerIsMaker ? 1 : 0, 0);
  }

  onMark(
    _symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#append(markKind, exchangeTime, receivedAt, 0, mark, fundingRate, nextFunding, 0);
  }

  onGap(_symbol: SymbolIndex, receivedAt: Micros): void {
    this.#append(gapKind, receivedAt, receivedAt, 0, 0, 0, 0, 0);
  }

  #appendLevels(kind: number, levels: DepthLevels, exchangeTime: number, receivedAt: number): void {
    const from = this.#levelCount;
    const to = from + levels.count;
    if (to > this.#levelSide.length) this.#growLevels(to);
    for (let index = 0; index < levels.count; index += 1) {
      this.#levelSide[from + index] = at(levels.side, index);
      this.#levelPrice[from + index] = at(levels.price, index);
      this.#levelSize[from + index] = at(levels.size, index);
    }
    this.#levelCount = to;
    this.#append(kind, exchangeTime, receivedAt, levels.lastId, levels.firstId, levels.previousId, from, to);
  }

  #append(
    kind: number,
    exchangeTime: number,
    receivedAt: number,
    id: number,
    first: number,
    second: number,
    third: number,
    fourth: number,
  ): void {
    const start = this.#length * rowWidth;
    if (start + rowWidth > this.#rows.length) {
      const rows = new Float64Array(this.#rows.length * 2);
      rows.set(this.#rows);
      this.#rows = rows;
    }
    const rows = this.#rows;
    rows[start] = kind;
    rows[start + 1] = exchangeTime;
    rows[start + 2] = receivedAt;
    rows[start + 3] = id;
    rows[start + 4] = first;
    rows[start + 5] = second;
    rows[start + 6] = third;
    rows[start + 7] = fourth;
    this.#length += 1;
  }

  #growLevels(needed: number): void {
    const capacity = Math.max(needed, this.#levelSide.length * 2);
    const side = new Uint8Array(capacity);
    const price = new Float64Array(capacity);
    const size = new Float64Array(capacity);
    side.set(this.#levelSide);
    price.set(this.#levelPrice);
    size.set(this.#levelSize);
    this.#levelSide = side;
    this.#levelPrice = price;
    this.#levelSize = size;
  }
}
