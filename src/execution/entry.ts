/** The life of an entry: time-out, partial fill, crossing, giving up (requirements EXE-4). */

import { type Lots, lots, type Micros, microsFromSeconds } from "../domain/units.ts";
import { cancel, type Desk, placeOrder } from "./desk.ts";
import { inDoubt } from "./lookup.ts";
import { mayTrade, missedLots, type Order } from "./order.ts";
import { enteredLots, lastOf, openLots, ordersOf, type Trade, wakeBy } from "./trade.ts";

export function manageEntry(desk: Desk, trade: Trade, now: Micros): void {
  if (trade.entryFinished) return;
  const entry = lastOf(trade, "e");
  if (entry === null) {
    // Adopted with its position: whatever entered is over, and entries are only settled after a restart, never sent.
    trade.entryFinished = true;
    return;
  }
  if (mayTrade(entry)) return waitForFill(desk, trade, entry, now);
  // How much the next attempt may buy is known only when every execution of this one is booked (failure-catalogue F-29).
  if (missedLots(entry) > 0) return;
  const rest = restToCross(desk, trade, entry, now);
  if (rest === null) {
    trade.entryFinished = true;
    return;
  }
  placeOrder(desk, trade, "e", trade.plan.side, rest, { type: "MARKET" }, now);
}

function waitForFill(desk: Desk, trade: Trade, entry: Order, now: Micros): void {
  const timeout = timeoutOf(desk, entry);
  if (now >= timeout || isUnwanted(desk, trade)) cancel(desk, trade, entry, now);
  else wakeBy(trade, timeout);
}

function timeoutOf(desk: Desk, entry: Order): number {
  return entry.sentAt + microsFromSeconds(desk.settings.trading.order_timeout_seconds);
}

/** Whether nothing more is to be entered, whatever the reason. */
function isUnwanted(desk: Desk, trade: Trade): boolean {
  return trade.entryWithdrawn || trade.closing !== null || !desk.mayEnter();
}

/** What a market order should still buy after a timed-out limit order, or null when the entry is over. */
function restToCross(desk: Desk, trade: Trade, entry: Order, now: Micros): Lots | null {
  const { plan } = trade;
  const { trading } = desk.settings;
  // Only a time-out of ours is crossed: who else cancelled the order did not want it filled.
  const timedOut = entry.status.kind === "closed" && entry.status.reason === "cancelled" && entry.cancels > 0;
  if (!timedOut || now < timeoutOf(desk, entry)) return null;
  if (trade.adopted || trading.on_timeout !== "cross" || ordersOf(trade, "e").length > 1) return null;
  if (isUnwanted(desk, trade) || inDoubt(trade) || entry.price === null || now >= trade.holdUntil) return null;
  const entered = enteredLots(trade);
  if (entered >= plan.quantity * trading.partial_fill_min_ratio && entered > 0) return null;
  // Once something was closed again, the stop or target has spoken: there is nothing left to enter for.
  if (openLots(trade) !== entered || stopPassed(desk, trade)) return null;
  return marketLots(desk, desk.recheck(trade, lots(plan.quantity - entered), now));
}

/** Largest quantity that the exchange takes as a market order, or null when it is below the minimum. */
function marketLots({ instrument, touch }: Desk, rest: number): Lots | null {
  const quantity =
    Math.floor(Math.min(rest, instrument.marketMaxLots) / instrument.marketStepLots) * instrument.marketStepLots;
  const enough = quantity >= instrument.marketMinLots && quantity >= instrument.minLots;
  return enough && quantity * touch.bid >= instrument.minNotional ? lots(quantity) : null;
}

function stopPassed({ touch }: Desk, { plan }: Trade): boolean {
  if (touch.bid <= 0 || touch.ask <= 0) return true;
  return plan.side === "buy" ? touch.bid <= plan.stopLoss : touch.ask >= plan.stopLoss;
}
