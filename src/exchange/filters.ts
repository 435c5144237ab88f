/** Whether the account and the symbol's filters let an order in, in the order of the checks. @see binance-usdm.md §5.2 */

import type { Desk } from "./desk.ts";
import { type Refusal, refusal } from "./errors.ts";
import { affords, type Extra, openLoss, withinBracket } from "./margin.ts";
import { closableLots, type NewOrder, refusalByBook } from "./matching.ts";
import { type Order, remainingLots } from "./orders.ts";
import type { ExchangeState } from "./state.ts";
import { filterText } from "./symbols.ts";
import { e8FromText, shortTextFromE8 } from "./text.ts";

/** The first thing that is wrong with an order whose price and quantity stand on the grid; null when it may go in. */
export function refusalOfOrder(state: ExchangeState, desk: Desk, order: NewOrder): Refusal | null {
  return (
    percentPrice(desk, order) ??
    minNotional(desk, order) ??
    duplicate(state, order) ??
    tooMany(desk, order) ??
    reduceOnly(state, desk, order) ??
    margin(state, desk, order) ??
    refusalByBook(desk, order)
  );
}

/** Whether the account's mode and the symbol's status let any order in. @see failure-catalogue F-36, F-58 */
export function refusalOfPlacement(state: ExchangeState, desk: Desk, onlyReduces: boolean): Refusal | null {
  if (state.isHedged) return refusal(-4061);
  const { status } = desk.spec.row;
  if (status === "TRADING") return null;
  if (status === "CLOSE") return refusal(-4141);
  return onlyReduces ? null : refusal(-4140);
}

/** MARKET orders are valued at the mark price; reduce-only ones are exempt. */
export function minNotional(
  desk: Desk,
  order: Pick<NewOrder, "type" | "price" | "lots" | "reduceOnly">,
): Refusal | null {
  if (order.reduceOnly) return null;
  const notional = order.type === "MARKET" ? desk.valueAtMark(order.lots) : desk.value(order.price, order.lots);
  const text = filterText(desk.spec.row, "MIN_NOTIONAL", "notional");
  if (text === null || notional >= (e8FromText(text) ?? 0n)) return null;
  return refusal(-4164, text);
}

/** A buy may not be far above, a sell not far below the mark price. */
export function percentPrice(desk: Desk, order: Pick<NewOrder, "type" | "side" | "price">): Refusal | null {
  const { multiplierUp, multiplierDown } = desk.instrument.rules;
  const mark = BigInt(desk.markOrBest());
  if (order.type === "MARKET" || mark === 0n || multiplierUp === null || multiplierDown === null) return null;
  const price = BigInt(order.price) * BigInt(desk.instrument.tickE8);
  const bound = (mark * (e8FromText(order.side === "BUY" ? multiplierUp : multiplierDown) ?? 0n)) / 100_000_000n;
  if (order.side === "BUY") return price > bound ? refusal(-4016, shortTextFromE8(bound)) : null;
  return price < bound ? refusal(-4024, shortTextFromE8(bound)) : null;
}

function duplicate(state: ExchangeState, order: NewOrder): Refusal | null {
  const taken = order.clientId !== null && state.orders.openByClientId(order.symbol, order.clientId) !== null;
  return taken ? refusal(-4116) : null;
}

function tooMany(desk: Desk, order: NewOrder): Refusal | null {
  const max = desk.instrument.rules.maxOrders;
  return order.type === "LIMIT" && max !== null && desk.openOrders >= max ? refusal(-2025) : null;
}

/**
 * Whether the account carries what an amendment asks for beyond what the order had, as a new order must be: the page
 * names no exemption. To refuse what asks for no more would leave the order as it was. @see binance-usdm.md §3.4, §8
 */
export function refusalOfMore(state: ExchangeState, desk: Desk, order: Order, changed: Order): Refusal | null {
  if (order.reduceOnly) {
    const asksMore = changed.lots > order.lots;
    return asksMore && exceedsPosition(state, desk, changed, remainingLots(changed), order) ? refusal(-4118) : null;
  }
  const before = extraOf(desk, order, remainingLots(order));
  // An amendment to less than what has filled ends the order.
  const after = extraOf(desk, changed, Math.max(0, remainingLots(changed)));
  const notional = after.notional - before.notional;
  return refusalOfExtra(state, desk, { side: order.side, notional, openLoss: after.openLoss - before.openLoss });
}

/** What is not reduce-only must be carried by the free margin, and stay within what the leverage allows. */
export function refusalOfExtra(state: ExchangeState, desk: Desk, extra: Extra): Refusal | null {
  if (!affords(state, desk, extra)) return refusal(-2019);
  return extra.notional <= 0n || withinBracket(state, desk, extra) ? null : refusal(-2027);
}

/** An order as what the account must carry: MARKET at the mark price, where it has no open loss. */
export function extraOf(desk: Desk, order: Pick<NewOrder, "side" | "type" | "price">, lots: number): Extra {
  const { side, price } = order;
  if (order.type === "MARKET") return { side, notional: desk.valueAtMark(lots), openLoss: 0n };
  return { side, notional: desk.value(price, lots), openLoss: openLoss(desk, side, price, lots) };
}

function reduceOnly(state: ExchangeState, desk: Desk, order: NewOrder): Refusal | null {
  if (!order.reduceOnly) return null;
  if (closableLots(state, order) === 0) return refusal(-2022);
  return exceedsPosition(state, desk, order, order.lots, null) ? refusal(-4118) : null;
}

/**
 * Open reduce-only orders of the closing side count against the position: one beside others may not ask for more than
 * they leave of it. @see failure-catalogue F-14
 *
 * @param replaced a resting order that this one stands for
 */
function exceedsPosition(
  state: ExchangeState,
  desk: Desk,
  order: Pick<NewOrder, "symbol" | "side" | "reduceOnly">,
  lots: number,
  replaced: Order | null,
): boolean {
  const others = desk
    .resting(order.side)
    .orders.filter((resting) => resting.reduceOnly && resting !== replaced)
    .reduce((sum, resting) => sum + remainingLots(resting), 0);
  return others > 0 && others + lots > closableLots(state, order);
}

function margin(state: ExchangeState, desk: Desk, order: NewOrder): Refusal | null {
  return order.reduceOnly ? null : refusalOfExtra(state, desk, extraOf(desk, order, order.lots));
}
