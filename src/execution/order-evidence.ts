/**
 * What reads say of our orders: the lists of what is open, and look-ups of one (failure-catalogue F-19).
 */

import type { OrderReport } from "../domain/order.ts";
import { type Micros, microsFromSeconds } from "../domain/units.ts";
import { type Desk, update } from "./desk.ts";
import { needsList, type Order, provenFrom } from "./order.ts";
import type { Trade } from "./trade.ts";

/**
 * Against the open orders of both services: what should rest and is not there is looked up, so that a stop whose end was
 * never told is put back (requirements ORD-3).
 *
 * @param requestedAt when the lists were asked for, by our own clock
 */
export function compareWithList(
  desk: Desk,
  trade: Trade,
  ids: ReadonlySet<string>,
  requestedAt: Micros,
  now: Micros,
): void {
  const proof = microsFromSeconds(desk.settings.protection.absence_proof_seconds);
  for (const order of trade.orders.values()) {
    const isListed = ids.has(order.id);
    const settled = order.status.kind === "live" && order.sentAt + proof < requestedAt;
    if (settled && !isListed) update(desk, trade, order, { kind: "doubted" }, now);
    if (order.status.kind !== "unknown" || !needsList(order)) continue;
    // A list outranks a look-up that found nothing: an entry that it names rests. A stop that it names may be gone since.
    if (isListed && order.role === "e") update(desk, trade, order, { kind: "accepted" }, now);
    else if (!isListed && order.unlistedAt < provenFrom(order, order.status.since) + proof) {
      // The first list that can prove anything is kept.
      update(desk, trade, order, { kind: "unlisted", requestedAt }, now);
    }
  }
}

/** A look-up says at which price and for how much an order works: an amendment may have been lost. */
export function takeTerms(desk: Desk, trade: Trade, order: Order, { price, quantity }: OrderReport, now: Micros): void {
  if (order.service !== "order" || order.price === null || price === null) return;
  if (price === order.price && quantity === order.quantity) return;
  update(desk, trade, order, { kind: "amended", price, quantity }, now);
}

/** Absence was concluded too early: the order rests after all, and nobody counts on it any more (I-05). */
export function cancelBuried({ emit, instrument }: Desk, { id }: Order): void {
  emit({ kind: "cancel-order", symbol: instrument.index, clientOrderId: id });
}
