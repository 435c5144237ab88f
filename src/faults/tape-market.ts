/**
 * Recordings instead of the seeded walk: the tapes of the symbols in laps, as dense as they were recorded and never
 * calmer. A market that stands still is a tape that is held and then goes on; what would need another recording, a
 * price that jumps or a denser market, does not happen.
 */

import { present } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import type { MarketSink } from "../domain/market-port.ts";
import {
  type Lots,
  lots,
  type Micros,
  micros,
  type PriceE8,
  priceE8,
  type SymbolIndex,
  symbolIndex,
  type Ticks,
} from "../domain/units.ts";
import type { Tape } from "../tape/format.ts";
import { HeldMarket } from "../tape/held-market.ts";
import { LapCursor, type LapSpan, lapSpan } from "../tape/laps.ts";
import { timeMap } from "../tape/time-map.ts";
import { warmupCandles } from "../tape/warmup.ts";
import type { SimulatedMarket } from "./market.ts";

export type TapeMarketOptions = {
  /** one a symbol, index = the symbol index of the exchange */
  readonly tapes: readonly Tape[];
  /** when the first event of them all happens, microseconds */
  readonly start: number;
  readonly seed: number;
  readonly sink: MarketSink;
};

export class TapeMarket implements SimulatedMarket {
  readonly #symbols: readonly SymbolTape[];
  readonly #seed: number;

  constructor({ tapes, start, seed, sink }: TapeMarketOptions) {
    const span = lapSpan(tapes);
    this.#seed = seed;
    this.#symbols = tapes.map((tape, index) => new SymbolTape(tape, symbolIndex(index), span, micros(start), sink));
  }

  get next(): number {
    return this.#first().next;
  }

  deliver(): void {
    this.#first().deliver();
  }

  bid(symbol: number): number {
    return this.#of(symbol).bid;
  }

  history(symbol: number, minutes: number, start: number): readonly Candle[] {
    return warmupCandles(this.#of(symbol).tape, this.#seed, minutes, micros(start));
  }

  freeze(symbol: number, until: number): void {
    this.#of(symbol).standStill(until);
  }

  halt(symbol: number, until: number): void {
    this.#of(symbol).standStill(until);
  }

  setBasis(symbol: number, share: number): void {
    this.#of(symbol).basis = share;
  }

  thin(lotsMax: number | null): void {
    for (const symbol of this.#symbols) symbol.tradeLotsMax = lotsMax ?? Number.POSITIVE_INFINITY;
  }

  jump(): boolean {
    return false;
  }

  burst(): boolean {
    return false;
  }

  isMarkDue(): boolean {
    return true;
  }

  watched(): void {
    // A recording is as dense as it is, whoever looks.
  }

  hold(): void {
    // As above: what is at stake does not change it.
  }

  stir(): void {
    // As above.
  }

  #first(): SymbolTape {
    let first = this.#of(0);
    for (const symbol of this.#symbols) if (symbol.next < first.next) first = symbol;
    return first;
  }

  #of(symbol: number): SymbolTape {
    return present(this.#symbols[symbol], "tape of a symbol");
  }
}

/** One symbol's laps on the way to the exchange. */
class SymbolTape extends HeldMarket {
  readonly tape: Tape;
  /** the best one that was last told, ticks; 0 before */
  bid = 0;
  /** mark price over the recorded one, minus one */
  basis = 0;
  /** the largest trade */
  tradeLotsMax = Number.POSITIVE_INFINITY;
  readonly #cursor: LapCursor;
  /** how long it was held before it was made to stand still; null: it does not */
  #heldBefore: Micros | null = null;

  constructor(tape: Tape, symbol: SymbolIndex, span: LapSpan, start: Micros, sink: MarketSink) {
    super(sink);
    this.tape = tape;
    this.#cursor = new LapCursor(tape, symbol, span, Number.POSITIVE_INFINITY, timeMap(span.start, start, 1));
  }

  get next(): number {
    return this.#cursor.nextTime + this.held;
  }

  deliver(): void {
    this.#heldBefore = null;
    this.#cursor.deliver(this);
  }

  /** Nothing happens until then; said again, the earlier word does not count. */
  standStill(until: number): void {
    const before = this.#heldBefore ?? this.held;
    const held = micros(Math.max(before, Math.round(until - this.#cursor.nextTime)));
    this.#heldBefore = held > before ? before : null;
    this.held = held;
  }

  override onBookTicker(
    symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.bid = bid;
    super.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
  }

  override onTrade(
    symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    const traded = lots(Math.min(quantity, this.tradeLotsMax));
    super.onTrade(symbol, tradeId, price, traded, buyerIsMaker, exchangeTime, receivedAt);
  }

  override onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    const moved = priceE8(Math.round(mark * (1 + this.basis)));
    super.onMark(symbol, moved, fundingRate, nextFunding, exchangeTime, receivedAt);
  }
}
