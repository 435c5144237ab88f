/** Plays tapes: pull-based, one event at a time, nothing allocated for it. */

import { assert } from "../domain/assert.ts";
import { type DepthLevels, depthLevels, type MarketSink } from "../domain/market-port.ts";
import { f64, u8, u16 } from "../domain/typed.ts";
import type { SymbolIndex } from "../domain/units.ts";
import { trustedLots, trustedMicros, trustedPriceE8, trustedTicks } from "./brand.ts";
import {
  askAt,
  askLotsAt,
  bidAt,
  bidLotsAt,
  bookTickerKind,
  buyerIsMakerAt,
  depthKind,
  exchangeTimeAt,
  firstIdAt,
  fundingRateAt,
  gapKind,
  idAt,
  kindAt,
  levelsFromAt,
  levelsToAt,
  markAt,
  markKind,
  nextFundingAt,
  previousIdAt,
  priceAt,
  quantityAt,
  receivedAtAt,
  rowWidth,
  snapshotKind,
  type Tape,
  tradeKind,
} from "./format.ts";
import { asRecorded, type Passage } from "./passage.ts";
import { ownTime, playedAt, type TimeMap } from "./time-map.ts";

/** A source of market events that is asked for the next one. */
export interface MarketCursor {
  /** receipt time of the next event in microseconds; Infinity at the end */
  readonly nextTime: number;
  /** Hands the next event to `sink` and moves on. Not to be called at the end. */
  deliver(sink: MarketSink): void;
}

/** Plays one tape once. */
export class TapeCursor implements MarketCursor {
  nextTime = Infinity;
  readonly #tape: Tape;
  readonly #symbol: SymbolIndex;
  readonly #time: TimeMap;
  readonly #levels: DepthLevels;
  #passage: Passage = asRecorded;
  #start = 0;

  /** @param time the tape's own time when left out */
  constructor(tape: Tape, symbol: SymbolIndex, time: TimeMap = ownTime) {
    this.#tape = tape;
    this.#symbol = symbol;
    this.#time = time;
    this.#levels = depthLevels(mostLevels(tape));
    this.rewind(asRecorded);
  }

  /** Goes back to the first event; what is delivered from now on is changed as `passage` says. */
  rewind(passage: Passage): void {
    this.#passage = passage;
    this.#start = 0;
    this.nextTime = this.#timeAt(receivedAtAt);
  }

  deliver(sink: MarketSink): void {
    assert(this.nextTime < Infinity, "a tape was played past its end");
    this.#play(sink);
    this.#start += rowWidth;
    this.nextTime = this.#timeAt(receivedAtAt);
  }

  #timeAt(place: number): number {
    const { rows } = this.#tape;
    const index = this.#start + place;
    return index < rows.length ? playedAt(this.#time, f64(rows, index) + this.#passage.time) : Infinity;
  }

  #play(sink: MarketSink): void {
    const { rows } = this.#tape;
    const start = this.#start;
    const symbol = this.#symbol;
    const passage = this.#passage;
    const exchangeTime = trustedMicros(this.#timeAt(exchangeTimeAt));
    const receivedAt = trustedMicros(this.nextTime);
    switch (f64(rows, start + kindAt)) {
      case bookTickerKind: {
        const bid = f64(rows, start + bidAt) * passage.sign + passage.ticks;
        const ask = f64(rows, start + askAt) * passage.sign + passage.ticks;
        const bidLots = trustedLots(f64(rows, start + bidLotsAt));
        const askLots = trustedLots(f64(rows, start + askLotsAt));
        const id = f64(rows, start + idAt) + passage.updateId;
        if (passage.sign > 0) {
          sink.onBookTicker(
            symbol,
            id,
            trustedTicks(bid),
            bidLots,
            trustedTicks(ask),
            askLots,
            exchangeTime,
            receivedAt,
          );
        } else {
          sink.onBookTicker(
            symbol,
            id,
            trustedTicks(ask),
            askLots,
            trustedTicks(bid),
            bidLots,
            exchangeTime,
            receivedAt,
          );
        }
        return;
      }
      case depthKind:
        sink.onDepth(symbol, this.#readLevels(), exchangeTime, receivedAt);
        return;
      case snapshotKind:
        sink.onSnapshot(symbol, this.#readLevels(), exchangeTime, receivedAt);
        return;
      case tradeKind: {
        const price = trustedTicks(f64(rows, start + priceAt) * passage.sign + passage.ticks);
        const quantity = trustedLots(f64(rows, start + quantityAt));
        const buyerIsMaker = (f64(rows, start + buyerIsMakerAt) === 1) === passage.sign > 0;
        const id = f64(rows, start + idAt) + passage.tradeId;
        sink.onTrade(symbol, id, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
        return;
      }
      case markKind: {
        const mark = trustedPriceE8(f64(rows, start + markAt) * passage.sign + passage.markE8);
        const stored = f64(rows, start + nextFundingAt);
        const nextFunding = trustedMicros(stored === 0 ? 0 : playedAt(this.#time, stored + passage.time));
        sink.onMark(symbol, mark, f64(rows, start + fundingRateAt), nextFunding, exchangeTime, receivedAt);
        return;
      }
      case gapKind:
        sink.onGap(symbol, receivedAt);
        return;
      default:
        assert(false, "a row of an unknown kind");
    }
  }

  #readLevels(): DepthLevels {
    const { rows } = this.#tape;
    const { sign, ticks, updateId } = this.#passage;
    const start = this.#start;
    const levels = this.#levels;
    levels.firstId = f64(rows, start + firstIdAt) + updateId;
    levels.lastId = f64(rows, start + idAt) + updateId;
    levels.previousId = f64(rows, start + previousIdAt) + updateId;
    // As integers: an index that may be a fraction is checked at each access.
    const from = f64(rows, start + levelsFromAt) | 0;
    const to = f64(rows, start + levelsToAt) | 0;
    if (sign === 1 && ticks === 0) this.#copyLevels(from, to);
    else this.#moveLevels(from, to);
    return levels;
  }

  /** As recorded, which nearly every pass is: without a look at each price, playing a tape takes a seventh less time. */
  #copyLevels(from: number, to: number): void {
    const { levelSide, levelPrice, levelSize } = this.#tape;
    const { side, price, size } = this.#levels;
    for (let level = from, count = 0; level < to; level += 1, count += 1) {
      side[count] = u8(levelSide, level);
      price[count] = f64(levelPrice, level);
      size[count] = f64(levelSize, level);
    }
    this.#levels.count = to - from;
  }

  #moveLevels(from: number, to: number): void {
    const { levelSide, levelPrice, levelSize } = this.#tape;
    const { sign, ticks } = this.#passage;
    const { side, price, size } = this.#levels;
    const mirrored = sign < 0 ? 1 : 0;
    let count = 0;
    for (let level = from; level < to; level += 1) {
      const played = f64(levelPrice, level) * sign + ticks;
      // An ask above twice the market has no mirror image: nobody can bid below zero.
      if (played <= 0) continue;
      side[count] = u8(levelSide, level) ^ mirrored;
      price[count] = played;
      size[count] = f64(levelSize, level);
      count += 1;
    }
    this.#levels.count = count;
  }
}

/**
 * Several cursors as one, in the order of receipt; at the same time the earlier one in the list goes first. A binary
 * heap, so that two hundred symbols cost eight comparisons an event.
 */
export class MergedCursors implements MarketCursor {
  nextTime = Infinity;
  readonly #cursors: readonly MarketCursor[];
  /** positions in the list of cursors, the next to play on top */
  readonly #heap: Uint16Array;
  readonly #times: Float64Array;

  constructor(cursors: readonly MarketCursor[]) {
    this.#cursors = [...cursors];
    this.#times = Float64Array.from(cursors, (cursor) => cursor.nextTime);
    this.#heap = Uint16Array.from(cursors.keys());
    for (let place = (cursors.length >> 1) - 1; place >= 0; place -= 1) this.#sink(place);
    if (cursors.length > 0) this.nextTime = f64(this.#times, u16(this.#heap, 0));
  }

  deliver(sink: MarketSink): void {
    const top = u16(this.#heap, 0);
    const cursor = this.#cursors[top];
    assert(cursor !== undefined, "no cursor to play");
    cursor.deliver(sink);
    this.#times[top] = cursor.nextTime;
    this.#sink(0);
    this.nextTime = f64(this.#times, u16(this.#heap, 0));
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const moving = u16(heap, from);
    let place = from;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#precedes(u16(heap, child + 1), u16(heap, child))) child += 1;
      if (!this.#precedes(u16(heap, child), moving)) break;
      heap[place] = u16(heap, child);
      place = child;
    }
    heap[place] = moving;
  }

  #precedes(a: number, b: number): boolean {
    const difference = f64(this.#times, a) - f64(this.#times, b);
    // Two ended cursors differ by Infinity − Infinity, which is no number, and no order either.
    return difference < 0 || (!(difference > 0) && a < b);
  }
}

function mostLevels(tape: Tape): number {
  let most = 0;
  for (let start = 0; start < tape.rows.length; start += rowWidth) {
    const kind = f64(tape.rows, start + kindAt);
    if (kind !== depthKind && kind !== snapshotKind) continue;
    most = Math.max(most, f64(tape.rows, start + levelsToAt) - f64(tape.rows, start + levelsFromAt));
  }
  return most;
}
