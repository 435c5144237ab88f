/** Hands market events on later than they come, by a time that may grow: a tape that is held and then goes on. */

import type { DepthLevels, MarketSink } from "../domain/market-port.ts";
import { type Lots, type Micros, micros, type PriceE8, plus, type SymbolIndex, type Ticks } from "../domain/units.ts";

export class HeldMarket implements MarketSink {
  /** by how much later, microseconds */
  held: Micros = micros(0);
  readonly #sink: MarketSink;

  constructor(sink: MarketSink) {
    this.#sink = sink;
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
    const { held } = this;
    this.#sink.onBookTicker(
      symbol,
      updateId,
      bid,
      bidLots,
      ask,
      askLots,
      plus(exchangeTime, held),
      plus(receivedAt, held),
    );
  }

  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#sink.onSnapshot(symbol, levels, plus(exchangeTime, this.held), plus(receivedAt, this.held));
  }

  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#sink.onDepth(symbol, levels, plus(exchangeTime, this.held), plus(receivedAt, this.held));
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
    const { held } = this;
    this.#sink.onTrade(
      symbol,
      tradeId,
      price,
      quantity,
      buyerIsMaker,
      plus(exchangeTime, held),
      plus(receivedAt, held),
    );
  }

  onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    const { held } = this;
    const funding = nextFunding === 0 ? nextFunding : plus(nextFunding, held);
    this.#sink.onMark(symbol, mark, fundingRate, funding, plus(exchangeTime, held), plus(receivedAt, held));
  }

  onGap(symbol: SymbolIndex, receivedAt: Micros): void {
    this.#sink.onGap(symbol, plus(receivedAt, this.held));
  }
}
