/**
 * Exchange clock minus ours, from the server's time and the round trip that brought it.
 *
 * @see failure-catalogue F-26
 */

import { type Micros, micros, minus, plus } from "../domain/units.ts";

export type ClockOffset = { readonly offset: Micros; readonly error: Micros };

export const unknownOffset: ClockOffset = { offset: micros(0), error: micros(0) };

/** The server read its clock somewhere between sending and receiving: half the round trip is the most it can be wrong by. */
export function measureOffset(sentAt: Micros, receivedAt: Micros, serverTime: Micros): ClockOffset {
  const roundTrip = Math.max(0, minus(receivedAt, sentAt));
  const error = micros(Math.ceil(roundTrip / 2));
  return { offset: minus(serverTime, plus(sentAt, error)), error };
}

/** Our time as the exchange would say it, in milliseconds. */
export function exchangeMillis(now: Micros, clock: ClockOffset): number {
  return Math.floor((now + clock.offset) / 1_000);
}
