/** Market data on its way in: the exchange matches first, then the streams tell, then the account's events leave. */

import type { MarketSink } from "../../domain/market-port.ts";

/** @param deliver sends the account's events, called after every market event */
export function settlingSink(exchange: MarketSink, streams: MarketSink, deliver: () => void): MarketSink {
  return {
    onBookTicker: (symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt) => {
      exchange.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
      streams.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
      deliver();
    },
    onSnapshot: (symbol, levels, exchangeTime, receivedAt) => {
      exchange.onSnapshot(symbol, levels, exchangeTime, receivedAt);
      streams.onSnapshot(symbol, levels, exchangeTime, receivedAt);
      deliver();
    },
    onDepth: (symbol, levels, exchangeTime, receivedAt) => {
      exchange.onDepth(symbol, levels, exchangeTime, receivedAt);
      streams.onDepth(symbol, levels, exchangeTime, receivedAt);
      deliver();
    },
    onTrade: (symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt) => {
      exchange.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
      streams.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
      deliver();
    },
    onMark: (symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt) => {
      exchange.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
      streams.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
      deliver();
    },
    onGap: (symbol, receivedAt) => {
      exchange.onGap(symbol, receivedAt);
      streams.onGap(symbol, receivedAt);
      deliver();
    },
  };
}
