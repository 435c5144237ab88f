/** The matching engine: admits orders, fills them against the recorded market, and clears what a closed position leaves. */

import { assert, present } from "../domain/assert.ts";
import { type BookSide, keyFromPrice, oppositeSide } from "./book.ts";
import { type Desk, takenSide } from "./desk.ts";
import { type Refusal, refusal } from "./errors.ts";
import { accountUpdateOfOrder, type ExecutionType, orderTradeUpdate, tradeLite } from "./events.ts";
import { noKey } from "./ladder.ts";
import {
  directionOf,
  type ExpireReason,
  expireReasons,
  isOpen,
  type Order,
  remainingLots,
  restingSide,
  type Side,
  type TimeInForce,
} from "./orders.ts";
import type { ExchangeState } from "./state.ts";
import { divideRounded } from "./text.ts";

/** A usual price of what fees may be paid in; that balance itself is not kept. */
const usdtPerBnb = 600n;

/** An order whose values have passed the filters. Price in ticks (0 for MARKET), quantity in lots. */
export type NewOrder = {
  readonly symbol: number;
  readonly side: Side;
  readonly type: "LIMIT" | "MARKET";
  readonly timeInForce: TimeInForce;
  readonly price: number;
  readonly lots: number;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  /** null: the exchange makes one */
  readonly clientId: string | null;
};

/** Whether the book lets the order in at all. */
export function refusalByBook(desk: Desk, order: NewOrder): Refusal | null {
  const limit = limitKey(desk, order);
  const taken = takenSide(order.side);
  if (order.type === "MARKET") {
    const best = desk.book.bestKey(taken);
    return best === noKey || best < limit ? refusal(-4131) : null;
  }
  const opposite = desk.resting(order.side === "BUY" ? "SELL" : "BUY");
  const takes = desk.book.bestKey(taken) >= limit || opposite.bestKey >= limit;
  if (order.timeInForce === "GTX" && takes) return refusal(-5022);
  if (order.timeInForce === "FOK" && freeLots(desk, taken, limit, order.lots) < order.lots) return refusal(-5021);
  return null;
}

/**
 * Takes an admitted order in and executes it at once; what is left rests, or expires.
 *
 * @param onAdmitted called after the order exists and before anything is told of it
 */
export function place(state: ExchangeState, wanted: NewOrder, onAdmitted: (order: Order) => void = () => {}): Order {
  const desk = state.desk(wanted.symbol);
  const id = state.nextOrderId();
  const order: Order = {
    ...wanted,
    id,
    clientId: wanted.clientId ?? `paper_${id.toString(36)}`,
    createdAt: state.nowMs,
    updatedAt: state.nowMs,
    status: "NEW",
    filledLots: 0,
    filledCost: 0n,
    modifications: 0,
    queueAhead: 0,
  };
  state.orders.add(order);
  onAdmitted(order);
  report(state, desk, order, "NEW");
  execute(state, desk, order);
  settle(state, desk);
  return order;
}

/** Takes what the price allows, then rests or expires the remainder. */
export function execute(state: ExchangeState, desk: Desk, order: Order): void {
  take(state, desk, order);
  if (!isOpen(order)) return;
  if (order.type === "MARKET") {
    const displaced = order.reduceOnly && closableLots(state, order) === 0;
    expire(state, desk, order, displaced ? expireReasons.reduceOnlyDisplaced : expireReasons.marketRemainder);
  } else if (order.timeInForce === "IOC" || order.timeInForce === "FOK") {
    expire(state, desk, order, expireReasons.immediateRemainder);
  } else {
    expireOwnCrossed(state, desk, order, limitKey(desk, order));
    desk.resting(order.side).insert(order, desk.book);
  }
}

export function cancel(state: ExchangeState, order: Order): void {
  close(state, state.desk(order.symbol), order, "CANCELED", "CANCELED", expireReasons.none);
}

export function expire(state: ExchangeState, desk: Desk, order: Order, reason: ExpireReason): void {
  const status = reason === expireReasons.selfTrade ? "EXPIRED_IN_MATCH" : "EXPIRED";
  close(state, desk, order, status, "EXPIRED", reason);
}

/** A trade of the recording reached our resting orders of one side. */
export function fillByTrade(state: ExchangeState, desk: Desk, side: BookSide, price: number, quantity: number): void {
  const queue = side === 0 ? desk.bids : desk.asks;
  const { fills } = desk;
  fills.count = 0;
  queue.onTrade(keyFromPrice(side, price), quantity, fills);
  for (let index = 0; index < fills.count; index += 1) {
    const order = present(fills.orders[index], "filled order");
    fillResting(state, desk, order, present(fills.lots[index], "filled lots"));
  }
  settle(state, desk);
}

/** The displayed other side came to or through our prices: what is displayed there, and not used up, fills us. */
export function fillByCross(state: ExchangeState, desk: Desk, side: BookSide): void {
  const queue = side === 0 ? desk.bids : desk.asks;
  const opposite = oppositeSide(side);
  for (const order of [...queue.orders]) {
    const limit = keyFromPrice(opposite, order.price);
    if (desk.book.bestKey(opposite) < limit) break;
    const lots = useFree(desk, opposite, limit, Math.min(remainingLots(order), closableLots(state, order)));
    if (lots > 0) fillResting(state, desk, order, lots);
  }
  settle(state, desk);
}

/** Lots of our position that an order may still trade: all for an ordinary order. */
export function closableLots(state: ExchangeState, order: Pick<Order, "symbol" | "side" | "reduceOnly">): number {
  if (!order.reduceOnly) return Number.POSITIVE_INFINITY;
  return Math.max(0, -directionOf(order.side) * state.account.position(order.symbol).lots);
}

/** Books one fill and tells of it: TRADE_LITE, then ORDER_TRADE_UPDATE, then ACCOUNT_UPDATE. */
export function bookFill(
  state: ExchangeState,
  desk: Desk,
  order: Order,
  fill: { readonly price: number; readonly lots: number; readonly maker: boolean },
  special: { readonly type: ExecutionType; readonly feeE8: bigint } | null = null,
): void {
  assert(fill.lots > 0 && fill.lots <= remainingLots(order), `${order.id}: fill of ${fill.lots} does not fit`);
  const before = Math.sign(state.account.position(desk.index).lots);
  const value = desk.value(fill.price, fill.lots);
  const rate = special?.feeE8 ?? (fill.maker ? state.fees.makerE8 : state.fees.takerE8);
  const usdtFee = divideRounded(value * rate, 100_000_000n);
  const isInUsdt = state.feeAsset === "USDT";
  const fee = isInUsdt ? usdtFee : divideRounded(usdtFee, usdtPerBnb);
  const id = state.nextTradeId();
  const signed = directionOf(order.side) * fill.lots;
  const realised = state.account.fill(desk.index, signed, value, isInUsdt ? fee : 0n, id, state.nowMs);
  order.filledLots += fill.lots;
  order.filledCost += BigInt(fill.price) * BigInt(fill.lots);
  order.updatedAt = state.nowMs;
  order.status = remainingLots(order) === 0 ? "FILLED" : "PARTIALLY_FILLED";
  const { price, lots, maker } = fill;
  const trade = {
    id,
    orderId: order.id,
    symbol: desk.index,
    side: order.side,
    price,
    lots,
    maker,
    realised,
    fee,
    feeAsset: state.feeAsset,
    time: state.nowMs,
  };
  state.orders.addTrade(trade);
  if (!isOpen(order)) leave(state, desk, order);
  state.emit(tradeLite(state, desk, order, trade));
  state.emit(
    orderTradeUpdate(state, desk, order, { type: special?.type ?? "TRADE", trade, reason: expireReasons.none }),
  );
  state.emit(accountUpdateOfOrder(state, desk));
  if (before !== 0 && Math.sign(state.account.position(desk.index).lots) !== before) desk.closedDirection = before;
}

/**
 * Reduce-only orders that the position no longer covers expire, and so do the close-position algos of a position that
 * is gone. Best prices are covered first; an order that is covered in part stays and is cut when it fills.
 */
export function settle(state: ExchangeState, desk: Desk): void {
  for (const queue of [desk.bids, desk.asks]) {
    if (queue.orders.length === 0) continue;
    let covered = 0;
    for (const order of queue.orders.filter((resting) => resting.reduceOnly)) {
      if (covered >= closableLots(state, order)) expire(state, desk, order, expireReasons.reduceOnlyDisplaced);
      else covered += remainingLots(order);
    }
  }
}

export function report(
  state: ExchangeState,
  desk: Desk,
  order: Order,
  type: ExecutionType,
  reason: ExpireReason = expireReasons.none,
): void {
  state.emit(orderTradeUpdate(state, desk, order, { type, trade: null, reason }));
}

function fillResting(state: ExchangeState, desk: Desk, order: Order, lots: number): void {
  // An earlier fill of the same event may have closed the position or the order.
  if (!isOpen(order)) return;
  const fitting = Math.min(lots, closableLots(state, order));
  if (fitting > 0) bookFill(state, desk, order, { price: order.price, lots: fitting, maker: true });
}

function take(state: ExchangeState, desk: Desk, order: Order): void {
  const taken = takenSide(order.side);
  const limit = limitKey(desk, order);
  let key = desk.book.bestKey(taken);
  while (key !== noKey && key >= limit) {
    expireOwnCrossed(state, desk, order, key);
    const wanted = Math.min(remainingLots(order), closableLots(state, order));
    if (wanted === 0) return;
    const lots = Math.min(wanted, desk.book.free(taken, key));
    if (lots > 0) {
      desk.book.use(taken, key, lots);
      bookFill(state, desk, order, { price: Math.abs(key), lots, maker: false });
    }
    if (!isOpen(order)) return;
    key = desk.book.nextKey(taken, key);
  }
}

/** Self-trade prevention EXPIRE_MAKER: our own resting orders at or before `key` on the side that is taken. */
function expireOwnCrossed(state: ExchangeState, desk: Desk, taker: Order, key: number): void {
  const queue = desk.resting(taker.side === "BUY" ? "SELL" : "BUY");
  if (queue.bestKey < key || queue.bestKey === noKey) return;
  for (const order of [...queue.orders]) {
    if (keyFromPrice(queue.side, order.price) >= key) expire(state, desk, order, expireReasons.selfTrade);
  }
}

function close(
  state: ExchangeState,
  desk: Desk,
  order: Order,
  status: Order["status"],
  type: ExecutionType,
  reason: ExpireReason,
): void {
  order.status = status;
  order.updatedAt = state.nowMs;
  leave(state, desk, order);
  report(state, desk, order, type, reason);
}

function leave(state: ExchangeState, desk: Desk, order: Order): void {
  desk.resting(order.side).remove(order);
  state.orders.close(order);
}

/** Key of the furthest price at which the order may take. */
function limitKey(desk: Desk, order: Pick<Order, "side" | "type" | "price">): number {
  if (order.type === "MARKET") return desk.marketBoundKey(order.side);
  return keyFromPrice(oppositeSide(restingSide(order.side)), order.price);
}

function freeLots(desk: Desk, side: BookSide, limit: number, enough: number): number {
  let sum = 0;
  let key = desk.book.bestKey(side);
  while (key !== noKey && key >= limit && sum < enough) {
    sum += desk.book.free(side, key);
    key = desk.book.nextKey(side, key);
  }
  return sum;
}

function useFree(desk: Desk, side: BookSide, limit: number, wanted: number): number {
  let sum = 0;
  let key = desk.book.bestKey(side);
  while (key !== noKey && key >= limit && sum < wanted) {
    const lots = Math.min(desk.book.free(side, key), wanted - sum);
    if (lots > 0) desk.book.use(side, key, lots);
    sum += lots;
    key = desk.book.nextKey(side, key);
  }
  return sum;
}
