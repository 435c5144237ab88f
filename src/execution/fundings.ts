/** Fundings of a symbol as they become known, and which of them a trade's position was paid or paid (ORD-4). */

import { readBooking, toldBooking, withBooking } from "../account/bookings.ts";
import type { Booking } from "../domain/booking.ts";
import type { IncomeRow } from "../domain/event.ts";
import { addMoney, type Micros, type Money, money, noMoney } from "../domain/units.ts";
import type { Trade } from "./trade.ts";

/** Those that are remembered: a trade is shorter than so many of them. */
const fundingsMax = 200;

export class Fundings {
  #known: readonly Booking[] = [];

  /** By the private stream. @param amount positive was received */
  tell(amount: Money, time: Micros): void {
    this.#known = withBooking(this.#known, toldBooking(amount, time), fundingsMax).known;
  }

  /** In the exchange's ledger. */
  read(rows: readonly IncomeRow[]): void {
    for (const { id, amount, time } of rows) {
      this.#known = withBooking(this.#known, readBooking(id, amount, time), fundingsMax).known;
    }
  }

  /** What belongs to the trade's position, from its first execution to `until`; exchange time. */
  of({ entryTime }: Trade, until: number): Money {
    const from = entryTime ?? Number.POSITIVE_INFINITY;
    const own = this.#known.filter(({ time }) => time >= from && time <= until);
    return own.reduce((sum, { amount }) => addMoney(sum, money(BigInt(amount))), noMoney);
  }
}
