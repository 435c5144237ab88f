/** The vocabulary of orders, as core, adapter and store share it. */

import type { Lots, Micros, Money, SymbolIndex, Ticks } from "./units.ts";

export const sides = ["buy", "sell"] as const;
export type Side = (typeof sides)[number];

/**
 * What an order is for. `e` entry, `f` floor stop, `r` ratchet stop, `t1` and `t2` targets, `x` exit.
 * All but `e` only ever reduce.
 */
export const roles = ["e", "f", "r", "t1", "t2", "x"] as const;
export type Role = (typeof roles)[number];

export const timesInForce = ["GTC", "IOC", "FOK", "GTX"] as const;
export type TimeInForce = (typeof timesInForce)[number];

/** `X` of ORDER_TRADE_UPDATE and `status` of replies. @see binance-usdm.md §6.3 */
export const orderStatuses = [
  "NEW",
  "PARTIALLY_FILLED",
  "FILLED",
  "CANCELED",
  "EXPIRED",
  "EXPIRED_IN_MATCH",
  "REJECTED",
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

/** `X` of ALGO_UPDATE. @see binance-usdm.md §2.5 */
export const algoStatuses = ["NEW", "CANCELED", "TRIGGERING", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED"] as const;
export type AlgoStatus = (typeof algoStatuses)[number];

/** Which price a conditional order compares with its trigger. */
export const workingTypes = ["MARK_PRICE", "CONTRACT_PRICE"] as const;
export type WorkingType = (typeof workingTypes)[number];

/** One execution. Identity is (symbol, trade id), whatever source it came by. @see failure-catalogue F-28 */
export type Fill = {
  readonly tradeId: string;
  readonly price: Ticks;
  readonly quantity: Lots;
  /** positive is paid; null when the source does not say (TRADE_LITE, replies) */
  readonly commission: Money | null;
  readonly commissionAsset: string | null;
  /** null when the source does not say */
  readonly maker: boolean | null;
  readonly time: Micros;
};

/** What was learnt of a normal order, by stream, reply or query. */
export type OrderReport = {
  readonly kind: "order-report";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  /** lossless text; ids pass 2⁵³ */
  readonly orderId: string;
  readonly status: OrderStatus;
  readonly side: Side;
  readonly type: "MARKET" | "LIMIT";
  /** null for market orders */
  readonly price: Ticks | null;
  readonly quantity: Lots;
  /** cumulative */
  readonly filled: Lots;
  readonly reduceOnly: boolean;
  /** the execution that this report is about, if it is about one */
  readonly fill: Fill | null;
  /** exchange time of the change */
  readonly time: Micros;
  readonly source: "stream" | "reply" | "query";
};

/** What was learnt of a conditional order in the algo service. */
export type AlgoReport = {
  readonly kind: "algo-report";
  readonly symbol: SymbolIndex;
  readonly clientAlgoId: string;
  readonly algoId: string;
  readonly status: AlgoStatus;
  readonly side: Side;
  readonly type: "STOP_MARKET" | "TAKE_PROFIT_MARKET";
  readonly trigger: Ticks;
  readonly closePosition: boolean;
  /** null with close-position */
  readonly quantity: Lots | null;
  /** id of the order that it spawned, once triggered */
  readonly childOrderId: string | null;
  /** why it failed, in the exchange's words */
  readonly failure: string | null;
  readonly time: Micros;
  readonly source: "stream" | "reply" | "query";
};

export function opposite(side: Side): Side {
  return side === "buy" ? "sell" : "buy";
}

/** +1 for buy, −1 for sell. */
export function sign(side: Side): 1 | -1 {
  return side === "buy" ? 1 : -1;
}
