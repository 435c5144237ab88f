/**
 * A part taken at market at the first target, where an order of the exchange could not rest. It is never urgent: the stop
 * covers the position meanwhile, so what was refused waits ever longer (failure-catalogue F-64, I-21).
 */

import type { Instrument } from "../domain/instrument.ts";
import { type Lots, lots, type Micros, microsFromMillis } from "../domain/units.ts";
import { backedOff, type Desk, placeOrder } from "./desk.ts";
import { exitSide, ordersOf, type Trade } from "./trade.ts";

/** @returns whether an order for it has left; else it waits, and a later quote at the target asks for it again */
export function takePart(desk: Desk, trade: Trade, part: Lots, now: Micros): boolean {
  if (now < nextTry(desk, trade)) return false;
  placeOrder(desk, trade, "t1", exitSide(trade), oneOrder(desk.instrument, part), { type: "MARKET" }, now);
  return true;
}

/** The wait doubles with each order since the last execution that was refused, or ended without one. */
function nextTry(desk: Desk, trade: Trade): number {
  let last = Number.NEGATIVE_INFINITY;
  let failed = 0;
  for (const { service, filled, sentAt } of ordersOf(trade, "t1")) {
    if (filled > 0) failed = 0;
    else if (service === "order") {
      failed += 1;
      last = sentAt;
    }
  }
  if (failed === 0) return Number.NEGATIVE_INFINITY;
  return last + backedOff(microsFromMillis(desk.settings.protection.close_retry_ms), failed - 1);
}

/** Market orders have a maximum of their own: a larger part is taken in slices (failure-catalogue F-85). */
function oneOrder({ marketStepLots, marketMinLots, marketMaxLots }: Instrument, part: Lots): Lots {
  const slice = Math.floor(Math.min(part, marketMaxLots) / marketStepLots) * marketStepLots;
  return slice >= marketMinLots ? lots(slice) : part;
}
