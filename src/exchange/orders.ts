/** Orders of the account: what they are, and where they are found. */

import type { BookSide } from "./book.ts";
import type { FeeAsset } from "./protocol.ts";

export type Side = "BUY" | "SELL";
export type TimeInForce = "GTC" | "IOC" | "FOK" | "GTX";
export type OrderStatus = "NEW" | "PARTIALLY_FILLED" | "FILLED" | "CANCELED" | "EXPIRED" | "EXPIRED_IN_MATCH";

/** Why an order expired, `er` on the wire. @see binance-usdm.md §6.3 */
export const expireReasons = {
  none: "0",
  selfTrade: "1",
  immediateRemainder: "2",
  reduceOnlyDisplaced: "4",
  liquidation: "5",
  marketRemainder: "9",
} as const;
export type ExpireReason = (typeof expireReasons)[keyof typeof expireReasons];

/** Mutable: the exchange is its one owner. Prices in ticks, quantities in lots, times in milliseconds. */
export type Order = {
  readonly id: bigint;
  readonly clientId: string;
  readonly symbol: number;
  readonly side: Side;
  readonly type: "LIMIT" | "MARKET";
  readonly timeInForce: TimeInForce;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly createdAt: number;
  price: number;
  lots: number;
  status: OrderStatus;
  filledLots: number;
  /** ticks × lots of all fills */
  filledCost: bigint;
  updatedAt: number;
  modifications: number;
  /** recorded lots that stand before this order at its price */
  queueAhead: number;
};

/** One fill of one order. Money in 10⁻⁸ USDT. */
export type Trade = {
  readonly id: bigint;
  readonly orderId: bigint;
  readonly symbol: number;
  readonly side: Side;
  readonly price: number;
  readonly lots: number;
  readonly maker: boolean;
  readonly realised: bigint;
  readonly fee: bigint;
  readonly feeAsset: FeeAsset;
  readonly time: number;
};

/** Closed orders and trades that are remembered; older ones are forgotten, as the exchange forgets. */
export const closedOrdersMax = 20_000;
export const tradesMax = 50_000;

export function isOpen(order: Order): boolean {
  return order.status === "NEW" || order.status === "PARTIALLY_FILLED";
}

export function remainingLots(order: Order): number {
  return order.lots - order.filledLots;
}

/** The side of the book on which an order of this side rests. */
export function restingSide(side: Side): BookSide {
  return side === "BUY" ? 0 : 1;
}

/** +1 buys, −1 sells. */
export function directionOf(side: Side): 1 | -1 {
  return side === "BUY" ? 1 : -1;
}

export class OrderTable {
  readonly #byId = new Map<bigint, Order>();
  readonly #openByClientId = new Map<string, Order>();
  /** the latest order of a client id, open or not */
  readonly #lastByClientId = new Map<string, Order>();
  readonly #closed: Order[] = [];
  readonly trades: Trade[] = [];

  add(order: Order): void {
    this.#byId.set(order.id, order);
    this.#lastByClientId.set(clientKey(order.symbol, order.clientId), order);
    if (isOpen(order)) this.#openByClientId.set(clientKey(order.symbol, order.clientId), order);
    else this.#remember(order);
  }

  /** Files an order that has just reached a final state. */
  close(order: Order): void {
    this.#openByClientId.delete(clientKey(order.symbol, order.clientId));
    this.#remember(order);
  }

  addTrade(trade: Trade): void {
    this.trades.push(trade);
    if (this.trades.length >= 2 * tradesMax) this.trades.splice(0, tradesMax);
  }

  byId(symbol: number, id: bigint): Order | null {
    const order = this.#byId.get(id);
    return order === undefined || order.symbol !== symbol ? null : order;
  }

  openByClientId(symbol: number, clientId: string): Order | null {
    return this.#openByClientId.get(clientKey(symbol, clientId)) ?? null;
  }

  /** The open order of that client id, else the latest closed one. */
  byClientId(symbol: number, clientId: string): Order | null {
    return this.openByClientId(symbol, clientId) ?? this.#lastByClientId.get(clientKey(symbol, clientId)) ?? null;
  }

  /** All remembered orders, oldest first. */
  all(): Iterable<Order> {
    return this.#byId.values();
  }

  /** Open orders, oldest first. */
  open(): Iterable<Order> {
    return this.#openByClientId.values();
  }

  #remember(order: Order): void {
    this.#closed.push(order);
    if (this.#closed.length < 2 * closedOrdersMax) return;
    for (const old of this.#closed.splice(0, closedOrdersMax)) {
      this.#byId.delete(old.id);
      const key = clientKey(old.symbol, old.clientId);
      if (this.#lastByClientId.get(key) === old) this.#lastByClientId.delete(key);
    }
  }
}

function clientKey(symbol: number, clientId: string): string {
  return `${symbol}/${clientId}`;
}
