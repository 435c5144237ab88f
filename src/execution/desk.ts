/** What the parts of execution share about one symbol, and the one way in which an order leaves. */

import type { Settings } from "../config/schema.ts";
import { assert, InvariantError } from "../domain/assert.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Role, Side } from "../domain/order.ts";
import { orderId } from "../domain/order-id.ts";
import type { Output, PlaceAlgo } from "../domain/output.ts";
import type { SafeModeReason } from "../domain/reason.ts";
import { type Lots, type Micros, microsFromMillis, microsFromSeconds, type Ticks } from "../domain/units.ts";
import type { MarketView } from "./market-view.ts";
import { type NewOrder, type Order, type OrderEvent, sentOrder, step } from "./order.ts";
import { type EntryTerms, lastOf, type Trade, wakeBy } from "./trade.ts";

/** The touch, as the market state knows it; 0 on a side that is empty or was never seen. */
export type Touch = { readonly bid: Ticks; readonly ask: Ticks };

export type Desk = {
  readonly instrument: Instrument;
  readonly settings: Settings;
  readonly touch: Touch;
  readonly market: MarketView;
  readonly emit: (output: Output) => void;
  readonly enterSafeMode: (reason: SafeModeReason, detail: string, now: Micros) => void;
  /** whether entries may leave and rest at all: not while stopping, in SAFE MODE or blind */
  readonly mayEnter: () => boolean;
  /** how much of what is still wanted of an entry risk allows at a price, at the moment of sending (requirements RSK-9) */
  readonly recheck: (trade: Trade, wanted: Lots, price: Ticks, now: Micros) => Lots;
};

/** Waits double up to this many times, so that no refusal becomes a storm (failure-catalogue I-21). */
const doublingsMax = 5;

/** The wait before attempt `again` + 1, which is `interval` for the first. Microseconds. */
export function backedOff(interval: Micros, again: number): number {
  return interval * 2 ** Math.min(Math.max(again, 0), doublingsMax);
}

export type Identity = { readonly id: string; readonly attempt: number };

/** The identity of the next order of a role. Ids are never used twice. */
export function nextIdentity({ settings }: Desk, trade: Trade, role: Role): Identity {
  const attempt = Math.max(lastOf(trade, role)?.attempt ?? 0, trade.attempts.get(role) ?? 0) + 1;
  const id = orderId({ prefix: settings.order_id_prefix, trade: trade.plan.trade, role, attempt });
  if (trade.orders.has(id)) throw new InvariantError(`order id used twice: ${id}`);
  return { id, attempt };
}

/** Sends an order of the normal service: entries, and reduce-only for all other roles. */
export function placeOrder(
  desk: Desk,
  trade: Trade,
  role: Role,
  side: Side,
  quantity: Lots,
  terms: EntryTerms,
  now: Micros,
  identity: Identity = nextIdentity(desk, trade, role),
): Order {
  assert(quantity > 0, "an order needs a quantity");
  const price = terms.type === "LIMIT" ? terms.price : null;
  const { id, attempt } = identity;
  const order = register(desk, trade, { id, role, attempt, service: "order", side, quantity, price }, now);
  if (role === "e") trade.arrivalMidHalfTicks ??= midHalfTicks(desk.touch);
  desk.emit({
    kind: "place-order",
    symbol: desk.instrument.index,
    clientOrderId: order.id,
    role,
    side,
    quantity,
    terms,
    reduceOnly: role !== "e",
  });
  return order;
}

function midHalfTicks({ bid, ask }: Touch): number | null {
  return bid > 0 && ask > 0 ? bid + ask : null;
}

/** Sends a conditional order that only reduces. */
export function placeAlgo(
  desk: Desk,
  trade: Trade,
  role: Role,
  side: Side,
  type: PlaceAlgo["type"],
  trigger: Ticks,
  extent: PlaceAlgo["extent"],
  now: Micros,
): Order {
  const quantity = extent.kind === "quantity" ? extent.quantity : null;
  const { id, attempt } = nextIdentity(desk, trade, role);
  const order = register(desk, trade, { id, role, attempt, service: "algo", side, quantity, price: trigger }, now);
  desk.emit({
    kind: "place-algo",
    symbol: desk.instrument.index,
    clientAlgoId: order.id,
    role,
    side,
    type,
    trigger,
    workingType: desk.settings.protection.working_type,
    extent,
  });
  return order;
}

export function cancel(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  if (order.status.kind !== "live") return;
  const wait = backedOff(microsFromMillis(desk.settings.protection.lookup_interval_ms), order.cancels - 1);
  if (order.cancels > 0 && now < order.cancelAt + wait) return wakeBy(trade, order.cancelAt + wait);
  wakeBy(trade, now + microsFromMillis(desk.settings.protection.lookup_interval_ms));
  update(desk, trade, order, { kind: "cancel-sent" }, now);
  const symbol = desk.instrument.index;
  desk.emit(
    order.service === "order"
      ? { kind: "cancel-order", symbol, clientOrderId: order.id }
      : { kind: "cancel-algo", symbol, clientAlgoId: order.id },
  );
}

/** Asks for another price and quantity of a resting order; what the exchange says of it comes as the outcome. */
export function amendOrder(desk: Desk, trade: Trade, order: Order, price: Ticks, quantity: Lots, now: Micros): void {
  wakeBy(trade, now + 2 * microsFromMillis(desk.settings.venue.reply_timeout_ms));
  const symbol = desk.instrument.index;
  desk.emit({ kind: "amend-order", symbol, clientOrderId: order.id, side: order.side, quantity, price });
}

/** Asks the exchange what became of an order, in the service in which it lives now. */
export function ask(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  update(desk, trade, order, { kind: "asked" }, now);
  const symbol = desk.instrument.index;
  if (order.service === "algo" && !isChildAsked(desk, order, now)) {
    desk.emit({ kind: "query-algo", symbol, clientAlgoId: order.id });
    return;
  }
  desk.emit({ kind: "query-order", symbol, clientOrderId: order.id });
}

/**
 * The child of a triggered conditional order carries its id and lives in the normal service (binance-usdm.md §2.5). At
 * first the algo service is asked every other time, because the child may never have been spawned; what is to prove that
 * nothing traded is the normal service alone.
 */
function isChildAsked(desk: Desk, { status, asks }: Order, now: Micros): boolean {
  if (status.kind !== "triggered") return false;
  const proof = status.since + microsFromSeconds(desk.settings.protection.absence_proof_seconds);
  return now >= proof || asks % 2 === 0;
}

/** Moves an order along its state machine and journals the change. */
export function update(desk: Desk, trade: Trade, order: Order, event: OrderEvent, now: Micros): Order {
  const next = step(order, event, now);
  if (next === order) return order;
  trade.orders.set(next.id, next);
  if (isTold(order, next)) journal(desk, trade, next, now);
  return next;
}

/** The journal keeps what an order is, not how often it was asked about. */
function isTold(before: Order, after: Order): boolean {
  return (
    after.status !== before.status ||
    after.filled !== before.filled ||
    after.price !== before.price ||
    after.quantity !== before.quantity
  );
}

function register(desk: Desk, trade: Trade, what: NewOrder, now: Micros): Order {
  const order = sentOrder(what, now);
  trade.orders.set(order.id, order);
  // An answer that never comes must not leave the trade waiting for ever.
  wakeBy(trade, now + 2 * microsFromMillis(desk.settings.venue.reply_timeout_ms));
  journal(desk, trade, order, now);
  return order;
}

function journal(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  desk.emit({
    kind: "order",
    trade: trade.plan.trade,
    symbol: desk.instrument.index,
    clientOrderId: order.id,
    service: order.service,
    role: order.role,
    side: order.side,
    quantity: order.quantity,
    price: order.price,
    state: order.status.kind === "closed" ? order.status.reason : order.status.kind,
    filled: order.filled,
    venueId: order.venueId,
    time: now,
  });
}
