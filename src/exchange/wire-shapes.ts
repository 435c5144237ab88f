/** Rows of REST answers in their wire shapes: amounts as text in the symbol's precision, ids as bigint. @see binance-usdm.md §3.3, §2.4 */

import type { AlgoOrder } from "./algo.ts";
import type { FullCandle } from "./candles.ts";
import type { Desk } from "./desk.ts";
import { averagePriceText } from "./events.ts";
import type { Order, Trade } from "./orders.ts";
import { textFromE8 } from "./text.ts";

export type Row = Readonly<Record<string, unknown>>;

/** Place, cancel: no average price and no quote amount. `asNew`: an acknowledgement says NEW whatever has happened since. */
export function orderAck(desk: Desk, order: Order, asNew = false): Row {
  const executed = desk.quantityText(asNew ? 0 : order.filledLots);
  return {
    clientOrderId: order.clientId,
    cumQty: executed,
    executedQty: executed,
    orderId: order.id,
    origQty: desk.quantityText(order.lots),
    price: desk.priceText(order.price),
    reduceOnly: order.reduceOnly,
    side: order.side,
    positionSide: "BOTH",
    status: asNew ? "NEW" : order.status,
    stopPrice: desk.priceText(0),
    closePosition: order.closePosition,
    symbol: desk.symbol,
    timeInForce: order.timeInForce,
    type: order.type,
    origType: order.type,
    updateTime: order.updatedAt,
    workingType: "CONTRACT_PRICE",
    priceProtect: false,
    priceMatch: "NONE",
    selfTradePreventionMode: "EXPIRE_MAKER",
    goodTillDate: 0,
  };
}

export function modifyAck(desk: Desk, order: Order): Row {
  return { ...orderAck(desk, order), pair: desk.spec.row.pair, modifyId: order.modifications };
}

/** Query, open orders, history. */
export function orderRow(desk: Desk, order: Order): Row {
  const { cumQty: _, ...row } = orderAck(desk, order);
  return {
    avgPrice: order.filledLots === 0 ? "0.00000" : averagePriceText(desk, order),
    cumQuote: desk.quoteText(order.filledCost),
    ...row,
    time: order.createdAt,
  };
}

export function tradeRow(desk: Desk, trade: Trade): Row {
  return {
    buyer: trade.side === "BUY",
    commission: textFromE8(trade.fee, 8),
    commissionAsset: trade.feeAsset,
    id: trade.id,
    maker: trade.maker,
    orderId: trade.orderId,
    price: desk.priceText(trade.price),
    qty: desk.quantityText(trade.lots),
    quoteQty: desk.quoteText(BigInt(trade.price) * BigInt(trade.lots)),
    realizedPnl: textFromE8(trade.realised, 8),
    side: trade.side,
    positionSide: "BOTH",
    symbol: desk.symbol,
    time: trade.time,
  };
}

export function algoAck(desk: Desk, algo: AlgoOrder): Row {
  return { ...algoBase(desk, algo), activatePrice: "", callbackRate: "", ...algoTimes(algo) };
}

/** GET algoOrder. */
export function algoRow(desk: Desk, algo: AlgoOrder, child: Order | null): Row {
  return { ...algoBase(desk, algo), ...actual(desk, algo, child), tpOrderType: "", ...algoTimes(algo) };
}

/** Open and historical algo orders: the fields of attached targets come along, unused. */
export function algoListRow(desk: Desk, algo: AlgoOrder, child: Order | null): Row {
  const none = desk.priceText(0);
  const targets = { tpTriggerPrice: none, tpPrice: none, slTriggerPrice: none, slPrice: none };
  return { ...algoRow(desk, algo, child), ...targets };
}

export function klineRow(desk: Desk, candle: FullCandle): readonly unknown[] {
  const openTime = candle.openTime / 1_000;
  return [
    openTime,
    desk.priceText(candle.open),
    desk.priceText(candle.high),
    desk.priceText(candle.low),
    desk.priceText(candle.close),
    desk.quantityText(candle.volume),
    openTime + 59_999,
    desk.quoteText(BigInt(Math.round(candle.quoteVolume))),
    candle.trades,
    desk.quantityText(candle.takerBuyVolume),
    desk.quoteText(BigInt(Math.round(candle.takerBuyQuoteVolume))),
    "0",
  ];
}

function algoBase(desk: Desk, algo: AlgoOrder): Row {
  return {
    algoId: algo.id,
    clientAlgoId: algo.clientId,
    algoType: "CONDITIONAL",
    orderType: algo.type,
    symbol: desk.symbol,
    side: algo.side,
    positionSide: "BOTH",
    timeInForce: algo.timeInForce,
    quantity: desk.quantityText(algo.lots),
    algoStatus: algo.status,
    triggerPrice: desk.priceText(algo.trigger),
    price: desk.priceText(0),
    icebergQuantity: null,
    selfTradePreventionMode: "EXPIRE_MAKER",
    workingType: algo.workingType,
    priceMatch: "NONE",
    closePosition: algo.closePosition,
    priceProtect: algo.priceProtect,
    reduceOnly: algo.reduceOnly,
  };
}

function algoTimes(algo: AlgoOrder): Row {
  return { createTime: algo.createdAt, updateTime: algo.updatedAt, triggerTime: algo.triggeredAt, goodTillDate: 0 };
}

function actual(desk: Desk, algo: AlgoOrder, child: Order | null): Row {
  const filled = child !== null && child.filledLots > 0 ? averagePriceText(desk, child) : "0.00000";
  const ids = { actualOrderId: algo.childId === null ? "" : algo.childId.toString(), actualPrice: filled };
  return child === null ? ids : { ...ids, actualType: child.type, actualQty: desk.quantityText(child.filledLots) };
}
