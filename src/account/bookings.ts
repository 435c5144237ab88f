/**
 * What the exchange books without a trade is told twice: by the private stream, without an id, and by its ledger, with
 * one. Each counts once, whoever tells it first (requirements ORD-4; failure-catalogue F-07, F-28).
 */

import type { Booking } from "../domain/booking.ts";
import { type Micros, type Money, microsPerSecond } from "../domain/units.ts";

export type Booked = {
  readonly known: readonly Booking[];
  /** it was not known before */
  readonly isNew: boolean;
};

/** The two ways give times of the same event that are so far apart at most. */
const apart = 10 * microsPerSecond;

export function toldBooking(amount: Money, time: Micros): Booking {
  return { id: null, isTold: true, amount: `${amount}`, time };
}

export function readBooking(id: string, amount: Money, time: Micros): Booking {
  return { id, isTold: false, amount: `${amount}`, time };
}

/** @param most the newest so many are kept */
export function withBooking(known: readonly Booking[], fresh: Booking, most: number): Booked {
  if (fresh.id !== null && known.some(({ id }) => id === fresh.id)) return { known, isNew: false };
  const index = known.findIndex((one) => isSame(one, fresh));
  const twin = known[index];
  if (twin === undefined) return { known: [...known, fresh].slice(-most), isNew: true };
  return { known: known.with(index, { ...twin, id: twin.id ?? fresh.id, isTold: true }), isNew: false };
}

/** One of them was told by the stream, the other read. */
function isSame(one: Booking, fresh: Booking): boolean {
  const isOtherWay = fresh.id === null ? one.id !== null && !one.isTold : one.id === null;
  return isOtherWay && one.amount === fresh.amount && Math.abs(one.time - fresh.time) <= apart;
}
