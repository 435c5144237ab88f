/** One market event to several receivers, in their order: the exchange fills before the core sees the quote. */

import type { DepthLevels, MarketSink } from "../domain/market-port.ts";
import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "../domain/units.ts";

export class FanOut implements MarketSink {
  readonly #first: MarketSink;
  readonly #second: MarketSink;

  constructor(first: MarketSink, second: MarketSink) {
    this.#first = first;
    this.#second = second;
  }

  onBookTicker(
    symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#first.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
    this.#second.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
  }

  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#first.onSnapshot(symbol, levels, exchangeTime, receivedAt);
    this.#second.onSnapshot(symbol, levels, exchangeTime, receivedAt);
  }

  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#first.onDepth(symbol, levels, exchangeTime, receivedAt);
    this.#second.onDepth(symbol, levels, exchangeTime, receivedAt);
  }

  onTrade(
    symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#first.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    this.#second.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
  }

  onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#first.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
    this.#second.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
  }

  onGap(symbol: SymbolIndex, receivedAt: Micros): void {
    this.#first.onGap(symbol, receivedAt);
    this.#second.onGap(symbol, receivedAt);
  }
}
