/**
 * One of our orders as a state machine with explicit legal transitions. Late, duplicate and out-of-order reports end in
 * the same state as in-order ones: status only moves forward, the filled amount never falls (requirements ORD-1;
 * failure-catalogue, Legal order transitions).
 */

import type { AlgoStatus, OrderStatus, Role, Side } from "../domain/order.ts";
import { type Lots, lots, type Micros, micros, noLots, type Ticks } from "../domain/units.ts";

export type CloseReason =
  | "filled"
  | "cancelled"
  | "expired"
  | "refused"
  /** never seen, and proven absent */
  | "not-accepted"
  /** seen once, and proven absent: how it ended was not told */
  | "vanished";

export type Status =
  /** on the wire */
  | { readonly kind: "sent" }
  /** its fate is not known: it is looked up, never sent again */
  | { readonly kind: "unknown"; readonly since: Micros }
  | { readonly kind: "live" }
  /** live, and a cancel is on the wire */
  | { readonly kind: "cancelling"; readonly since: Micros }
  /** a conditional order whose condition was met: its child is on the way or works */
  | { readonly kind: "triggered"; readonly since: Micros }
  | { readonly kind: "closed"; readonly reason: CloseReason };

export type Order = {
  readonly id: string;
  readonly role: Role;
  readonly attempt: number;
  readonly service: "order" | "algo";
  readonly side: Side;
  /** null: the whole position (close-position) */
  readonly quantity: Lots | null;
  /** limit or trigger price; null for market orders */
  readonly price: Ticks | null;
  readonly status: Status;
  /** cumulative, as reported */
  readonly filled: Lots;
  /** sum of the executions that were applied one by one; below `filled` when an execution was missed */
  readonly applied: Lots;
  /** the exchange's id of the order, or of the child of a conditional order */
  readonly venueId: string | null;
  /** the algo service's own id of a conditional order; null before it was told */
  readonly algoId: string | null;
  readonly sentAt: Micros;
  /** the exchange has given a sign of it: no refusal that comes later can undo that */
  readonly seen: boolean;
  /** when the exchange was last asked about it, and how often in this state */
  readonly askedAt: Micros;
  readonly asks: number;
  /** how many of the answers found nothing, and when the last of these was asked for */
  readonly misses: number;
  readonly missedAt: Micros;
  /** when the first of these came */
  readonly answeredAt: Micros;
  /** look-ups have found nothing for as long as a proof takes; a list is still lacking to it */
  readonly isUnfound: boolean;
  /** when the list of open orders that did not name it was asked for, in this state */
  readonly unlistedAt: Micros;
  /** cancels sent, and when the last one left */
  readonly cancels: number;
  readonly cancelAt: Micros;
  /** filled before the trade was adopted: the adopted position contains it */
  readonly inherited: Lots;
  /** code of a refusal; null unless refused */
  readonly refusal: number | null;
  /** when the limit ends that refused it; null unless that is known */
  readonly refusedUntil: Micros | null;
};

export type OrderEvent =
  | { readonly kind: "accepted" }
  /** `until`: when the limit ends that refused it, where that is known */
  | { readonly kind: "refused"; readonly code: number; readonly until?: Micros }
  | { readonly kind: "lost" }
  | { readonly kind: "cancel-sent" }
  /** the cancel did not work, or its fate is unknown: what the order is now must be asked */
  | { readonly kind: "cancel-failed" }
  /** a live order that the exchange no longer lists */
  | { readonly kind: "doubted" }
  | { readonly kind: "reported"; readonly status: OrderStatus; readonly filled: Lots; readonly venueId: string }
  | {
      readonly kind: "algo-reported";
      readonly status: AlgoStatus;
      readonly childId: string | null;
      /** the algo service's own id, where it was told */
      readonly algoId?: string;
    }
  /** it has another price and quantity now */
  | { readonly kind: "amended"; readonly price: Ticks; readonly quantity: Lots }
  | { readonly kind: "executed"; readonly quantity: Lots }
  | { readonly kind: "asked" }
  /** a look-up got no answer: the next one does not wait as long as one would that was answered */
  | { readonly kind: "unheard" }
  | { readonly kind: "unfound" }
  /** a look-up found nothing: weak evidence, counted. `askedAt`: when it left; left out, it is the last one */
  | { readonly kind: "missed"; readonly askedAt?: Micros }
  /** a list of open orders, asked for then, did not name it */
  | { readonly kind: "unlisted"; readonly requestedAt: Micros }
  /** absence is proven (receive window and read lag have passed) */
  | { readonly kind: "absent" };

export type NewOrder = Pick<Order, "id" | "role" | "attempt" | "service" | "side" | "quantity" | "price">;

/** Askings that count towards the next wait where the last one got no answer: seconds, not tens of them. */
const unheardAsksMax = 4;

export function sentOrder({ id, role, attempt, service, side, quantity, price }: NewOrder, now: Micros): Order {
  return {
    id,
    role,
    attempt,
    service,
    side,
    quantity,
    price,
    status: { kind: "sent" },
    filled: noLots,
    applied: noLots,
    venueId: null,
    algoId: null,
    sentAt: now,
    seen: false,
    askedAt: now,
    asks: 0,
    misses: 0,
    missedAt: now,
    answeredAt: now,
    isUnfound: false,
    unlistedAt: now,
    cancels: 0,
    cancelAt: now,
    inherited: noLots,
    refusal: null,
    refusedUntil: null,
  };
}

export function step(order: Order, event: OrderEvent, now: Micros): Order {
  const { status } = order;
  switch (event.kind) {
    case "accepted":
      if (status.kind !== "sent" && status.kind !== "unknown") return seen(order);
      return moved(seen(order), { kind: "live" }, now);
    case "refused":
      // Evidence of life outranks a refusal: a duplicate-id answer to a repeated delivery must not bury the live order.
      return (status.kind === "sent" || status.kind === "unknown") && !order.seen
        ? {
            ...order,
            status: { kind: "closed", reason: "refused" },
            refusal: event.code,
            refusedUntil: endAhead(event.until, now),
          }
        : order;
    case "lost":
      return status.kind === "sent" ? moved(order, { kind: "unknown", since: now }, now) : order;
    case "cancel-sent":
      if (status.kind !== "live") return order;
      return moved({ ...order, cancels: order.cancels + 1, cancelAt: now }, { kind: "cancelling", since: now }, now);
    case "cancel-failed":
      return status.kind === "cancelling" ? moved(order, { kind: "unknown", since: now }, now) : order;
    case "doubted":
      return status.kind === "live" ? moved(order, { kind: "unknown", since: now }, now) : order;
    case "reported":
      return reported(order, event, now);
    case "algo-reported":
      return algoReported(order, event, now);
    case "amended":
      return order.status.kind === "closed" ? order : { ...seen(order), price: event.price, quantity: event.quantity };
    case "executed":
      return executed(order, event.quantity);
    case "asked":
      return { ...order, askedAt: now, asks: order.asks + 1 };
    case "unheard":
      return { ...order, asks: Math.min(order.asks, unheardAsksMax) };
    case "unfound":
      return { ...order, isUnfound: true };
    case "missed":
      return missed(order, event.askedAt ?? order.askedAt, now);
    case "unlisted":
      return { ...order, unlistedAt: event.requestedAt };
    case "absent":
      return status.kind === "unknown" || status.kind === "triggered"
        ? { ...order, status: { kind: "closed", reason: order.seen ? "vanished" : "not-accepted" } }
        : order;
    default:
      throw new TypeError(`unhandled order event ${event satisfies never}`);
  }
}

/** Whether the order may still trade: exposure counts it (requirements RSK-5, failure-catalogue F-11). */
export function mayTrade(order: Order): boolean {
  return order.status.kind !== "closed";
}

/** Whether the exchange may have executed more of it than we were told. */
export function mayExecuteUntold({ status, service, price }: Order): boolean {
  switch (status.kind) {
    case "sent":
    case "unknown":
    case "cancelling":
    case "triggered":
      return true;
    case "live":
      return service === "order" && price === null;
    case "closed":
      return false;
    default:
      throw new TypeError(`unhandled status ${status satisfies never}`);
  }
}

/** Closed without the exchange having said how. */
export function isBuried({ status }: Order): boolean {
  return status.kind === "closed" && (status.reason === "not-accepted" || status.reason === "vanished");
}

/**
 * Whether the request arrived once more when what it had placed was over: its client id was free again, and what rests now
 * has another id of the exchange's own (failure-catalogue F-28).
 *
 * @param algoId of what rests under the client id
 */
export function isPlacedAnew(order: Order, algoId: string): boolean {
  return !mayTrade(order) && order.algoId !== null && order.algoId !== algoId;
}

/** Executions that were reported in sum and not one by one. */
export function missedLots(order: Order): Lots {
  return lots(Math.max(0, order.filled - order.applied));
}

export function remaining(order: Order): Lots {
  return order.quantity === null ? noLots : lots(Math.max(0, order.quantity - order.filled));
}

/** A new state is asked about anew; the count of askings and misses is the state's own. */
function moved(order: Order, status: Status, now: Micros): Order {
  return { ...order, status, askedAt: now, asks: 0, misses: 0, isUnfound: false, unlistedAt: order.sentAt };
}

/** The first answer that says anything: waits that grew while none came are no reason to wait as long for the next. */
function missed(order: Order, askedAt: Micros, now: Micros): Order {
  const missedAt = order.misses === 0 ? askedAt : micros(Math.max(order.missedAt, askedAt));
  const next = { ...order, misses: order.misses + 1, missedAt };
  return order.misses === 0 ? { ...next, asks: Math.min(order.asks, 1), answeredAt: now } : next;
}

/** An end that is past was no reason to refuse any more: who waited for it would send at once, and again (I-21). */
function endAhead(until: Micros | undefined, now: Micros): Micros | null {
  return until !== undefined && until > now ? until : null;
}

function seen(order: Order): Order {
  return order.seen ? order : { ...order, seen: true };
}

function reported(order: Order, event: Extract<OrderEvent, { kind: "reported" }>, now: Micros): Order {
  const filled = lots(Math.max(order.filled, event.filled));
  const next = { ...order, filled, venueId: event.venueId, seen: true };
  // An execution that was told in sum usually follows one by one: it is asked for only after a while.
  const told = filled > order.filled ? { ...next, askedAt: now, asks: 0 } : next;
  if (order.status.kind === "closed") return told;
  const status = statusFromReport(order, event.status, now);
  return status.kind === order.status.kind ? told : moved(told, status, now);
}

function statusFromReport(order: Order, status: OrderStatus, now: Micros): Status {
  switch (status) {
    case "NEW":
    case "PARTIALLY_FILLED":
      if (order.service === "algo") return { kind: "triggered", since: now };
      return order.status.kind === "cancelling" ? order.status : { kind: "live" };
    case "FILLED":
      return { kind: "closed", reason: "filled" };
    case "CANCELED":
      return { kind: "closed", reason: "cancelled" };
    case "EXPIRED":
    case "EXPIRED_IN_MATCH":
      return { kind: "closed", reason: "expired" };
    case "REJECTED":
      return { kind: "closed", reason: "refused" };
    default:
      throw new TypeError(`unhandled order status ${status satisfies never}`);
  }
}

function algoReported(order: Order, event: Extract<OrderEvent, { kind: "algo-reported" }>, now: Micros): Order {
  const algoId = order.algoId ?? event.algoId ?? null;
  const next = { ...order, venueId: event.childId ?? order.venueId, algoId, seen: true };
  if (order.status.kind === "closed") return next;
  switch (event.status) {
    case "NEW":
      if (order.status.kind === "cancelling" || order.status.kind === "triggered") return next;
      return order.status.kind === "live" ? next : moved(next, { kind: "live" }, now);
    case "TRIGGERING":
    case "TRIGGERED":
    case "FINISHED":
      // The child's own reports say what it traded; they may come before or after this one (binance-usdm.md §2.6).
      return order.status.kind === "triggered" ? next : moved(next, { kind: "triggered", since: now }, now);
    case "CANCELED":
      return { ...next, status: { kind: "closed", reason: "cancelled" } };
    case "REJECTED":
    case "EXPIRED":
      return { ...next, status: { kind: "closed", reason: "expired" } };
    default:
      throw new TypeError(`unhandled algo status ${event.status satisfies never}`);
  }
}

function executed(order: Order, quantity: Lots): Order {
  const applied = lots(order.applied + quantity);
  return { ...order, applied, filled: lots(Math.max(order.filled, applied)), seen: true };
}

/**
 * Whether look-ups alone prove no absence: a read of what is open, which is served from elsewhere, must lack it too (I-05).
 * A close rests in no list: of it the read tells by the position, and where that is another one the history is asked.
 */
export function needsList({ role, service, status }: Order): boolean {
  return status.kind === "unknown" && (role === "e" || role === "x" || service === "algo");
}

/** From when the proof of absence counts: what was seen once is missing from reads for a while when it has just filled. */
export function provenFrom(order: Order, since: Micros): Micros {
  return order.seen ? since : order.sentAt;
}
