/** Requests for market data, answered from the recorded market. @see binance-usdm.md §5.1 */

import { askSide, bidSide } from "../domain/market-port.ts";
import type { BookSide } from "./book.ts";
import type { Desk } from "./desk.ts";
import { isRefusal, type Refusal, refusal } from "./errors.ts";
import { noKey } from "./ladder.ts";
import { windowParams } from "./order-routes.ts";
import { deskParam, desksParam, optional, type Params, required, wholeParam } from "./parameters.ts";
import { type ExchangeState, millis } from "./state.ts";
import { textFromE8 } from "./text.ts";
import { klineRow, type Row } from "./wire-shapes.ts";

type Answer = unknown | Refusal;

const depthLimits = [5, 10, 20, 50, 100, 500, 1_000];
const depthLimitOtherwise = 500;
const klinesMax = 1_500;

const rateLimits = [
  { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2400 },
  { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: 1200 },
  { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 300 },
];

export function getPing(): Answer {
  return {};
}

export function getTime(state: ExchangeState): Answer {
  return { serverTime: state.nowMs };
}

export function getExchangeInfo(state: ExchangeState): Answer {
  return {
    timezone: "UTC",
    serverTime: state.nowMs,
    futuresType: "U_MARGINED",
    rateLimits,
    exchangeFilters: [],
    assets: [{ asset: "USDT", marginAvailable: true, autoAssetExchange: "-10000" }],
    symbols: state.desks.map((desk) => desk.spec.row),
  };
}

/** The book that depth messages made, without the best bid and ask that came after them. */
export function getDepth(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const text = optional(params, "limit") ?? String(depthLimitOtherwise);
  const limit = depthLimits.find((allowed) => String(allowed) === text);
  if (limit === undefined) return refusal(-4021, text);
  return {
    lastUpdateId: desk.book.depthId,
    E: state.nowMs,
    T: millis(desk.bookAt),
    bids: levels(desk, bidSide, limit),
    asks: levels(desk, askSide, limit),
  };
}

/** One-minute candles only. */
export function getKlines(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const interval = required(params, "interval");
  if (isRefusal(interval)) return interval;
  if (interval !== "1m") return refusal(-1120);
  const { limit: _, ...times } = params;
  const window = windowParams(times);
  const limit = wholeParam(params, "limit", { otherwise: 500, min: 1, max: klinesMax });
  if (isRefusal(window)) return window;
  if (isRefusal(limit)) return limit;
  const rows = desk.candles
    .list()
    .filter((candle) => candle.openTime >= window.start * 1_000 && candle.openTime <= window.end * 1_000);
  const wanted = window.forwards ? rows.slice(0, limit) : rows.slice(-limit);
  return wanted.map((candle) => klineRow(desk, candle));
}

/** A recording has no index price: the mark price stands for it. */
export function getPremiumIndex(state: ExchangeState, params: Params): Answer {
  return perSymbol(state, params, (desk) => {
    const mark = textFromE8(desk.markOrBest(), 8);
    return {
      symbol: desk.symbol,
      markPrice: mark,
      indexPrice: mark,
      estimatedSettlePrice: mark,
      lastFundingRate: textFromE8(desk.fundingRateE8, 8),
      interestRate: "0.00010000",
      nextFundingTime: Number.isFinite(desk.nextFunding) ? millis(desk.nextFunding) : 0,
      time: millis(desk.markAt),
    };
  });
}

export function getBookTicker(state: ExchangeState, params: Params): Answer {
  return perSymbol(state, params, (desk) => {
    const bid = desk.book.bestKey(bidSide);
    const ask = desk.book.bestKey(askSide);
    return {
      symbol: desk.symbol,
      bidPrice: desk.priceText(bid === noKey ? 0 : bid),
      bidQty: desk.quantityText(bid === noKey ? 0 : desk.book.displayed(bidSide, bid)),
      askPrice: desk.priceText(ask === noKey ? 0 : -ask),
      askQty: desk.quantityText(ask === noKey ? 0 : desk.book.displayed(askSide, ask)),
      time: millis(desk.bookAt),
    };
  });
}

export function getTickerPrice(state: ExchangeState, params: Params): Answer {
  return perSymbol(state, params, (desk) => ({
    symbol: desk.symbol,
    price: desk.priceText(desk.lastPrice),
    time: millis(desk.lastTradeAt),
  }));
}

function perSymbol(state: ExchangeState, params: Params, row: (desk: Desk) => Row): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  const rows = desks.map(row);
  return optional(params, "symbol") === null ? rows : rows[0];
}

function levels(desk: Desk, side: BookSide, limit: number): readonly (readonly [string, string])[] {
  const ladder = side === bidSide ? desk.book.bids : desk.book.asks;
  const rows: [string, string][] = [];
  for (let key = ladder.best; key !== noKey && rows.length < limit; key = ladder.next(key)) {
    rows.push([desk.priceText(Math.abs(key)), desk.quantityText(ladder.size(key))]);
  }
  return rows;
}
