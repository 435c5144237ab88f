/** What changes an account without a trade, beside funding: liquidation, transfers. @see binance-usdm.md §9 */

import type { Desk } from "./desk.ts";
import { accountUpdateOfLiquidation, accountUpdateOfTransfer, orderTradeUpdate } from "./events.ts";
import { accountMargin } from "./margin.ts";
import { bookFill, expire } from "./matching.ts";
import { expireReasons, type Order } from "./orders.ts";
import type { ForcedClose } from "./protocol.ts";
import type { ExchangeState } from "./state.ts";
import { e8FromText, textFromE8 } from "./text.ts";
import { finish } from "./triggers.ts";

/** @throws {RangeError} the amount is no decimal text, or more than is free */
export function transfer(state: ExchangeState, amount: string): void {
  const value = e8FromText(amount);
  if (value === null) throw new RangeError(`transfer of ${amount}: not decimal text with at most 8 decimals`);
  const { available } = accountMargin(state);
  if (-value > available) throw new RangeError(`transfer of ${amount}: only ${textFromE8(available, 8)} USDT are free`);
  state.account.book(null, "TRANSFER", value, state.nowMs, null);
  state.emit(accountUpdateOfTransfer(state, value));
}

/** When the margin balance no longer covers the maintenance margin everything is closed at the mark price. */
export function liquidateIfDue(state: ExchangeState): void {
  const margin = accountMargin(state);
  if (margin.maintenance <= 0n || margin.wallet + margin.unrealised > margin.maintenance) return;
  liquidateAll(state);
}

/** Of a whole account, after its orders. */
export function liquidateAll(state: ExchangeState): void {
  for (const desk of state.desks) {
    for (const order of [...desk.bids.orders, ...desk.asks.orders]) {
      expire(state, desk, order, expireReasons.liquidation);
    }
    for (const algo of state.algos.openOf(desk.index)) finish(state, desk, algo, "EXPIRED", null);
  }
  for (const desk of state.desks) {
    const { lots } = state.account.position(desk.index);
    if (lots !== 0) closeOut(state, desk, lots, "liquidation");
  }
  coverDeficit(state);
}

/** @param lots signed, of the position; what a counterparty's bankruptcy takes has no fee */
export function closeOut(state: ExchangeState, desk: Desk, lots: number, by: ForcedClose): void {
  const price = Math.max(1, Math.round(desk.markOrBest() / desk.instrument.tickE8));
  const id = state.nextOrderId();
  const order: Order = {
    id,
    clientId: by === "liquidation" ? `autoclose-${state.nowMs}${id % 1_000_000n}` : "adl_autoclose",
    symbol: desk.index,
    side: lots > 0 ? "SELL" : "BUY",
    type: "LIMIT",
    timeInForce: "IOC",
    reduceOnly: false,
    closePosition: false,
    createdAt: state.nowMs,
    price,
    lots: Math.abs(lots),
    status: "NEW",
    filledLots: 0,
    filledCost: 0n,
    updatedAt: state.nowMs,
    modifications: 0,
    queueAhead: 0,
  };
  state.orders.add(order);
  state.emit(orderTradeUpdate(state, desk, order, { type: "NEW", trade: null, reason: expireReasons.none }));
  const feeE8 = by === "liquidation" ? (e8FromText(desk.spec.row.liquidationFee) ?? 0n) : 0n;
  bookFill(state, desk, order, { price, lots: order.lots, maker: false }, { type: "CALCULATED", feeE8 });
  // Liquidation has ended every order before; after the other kind the exchange clears what a close clears.
  if (by === "liquidation") desk.closedDirection = 0;
}

/** The insurance fund pays what the wallet lacks. */
function coverDeficit(state: ExchangeState): void {
  const { wallet } = state.account;
  const desk = state.desks[0];
  if (wallet >= 0n || desk === undefined) return;
  state.account.book(desk.index, "INSURANCE_CLEAR", -wallet, state.nowMs, null);
  state.emit(accountUpdateOfLiquidation(state, desk, -wallet));
}
