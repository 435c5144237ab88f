/**
 * A stop that rests by all that we know, while the price has long been past it: withheld, or gone without a word. Whatever
 * became of it, the position is closed (failure-catalogue F-53).
 */

import { sign } from "../domain/order.ts";
import { microsFromSeconds } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { openLots, type Trade, wakeBy } from "./trade.ts";

/** Whether the price has been past the stop for too long. Of stops by the mark price the touch says nothing. */
export function isStopIgnored(desk: Desk, trade: Trade, now: number): boolean {
  const { protection } = desk.settings;
  if (!isPastStop(desk, trade)) {
    trade.pastStopSince = null;
    return false;
  }
  trade.pastStopSince ??= now;
  const limit = trade.pastStopSince + microsFromSeconds(protection.stop_ignored_seconds);
  if (now < limit) wakeBy(trade, limit);
  return now >= limit && !isTriggered(trade);
}

function isPastStop({ settings, touch }: Desk, trade: Trade): boolean {
  const { working_type, stop_ignored_bps } = settings.protection;
  if (working_type !== "CONTRACT_PRICE") return false;
  const direction = sign(trade.plan.side);
  const price = direction > 0 ? touch.bid : touch.ask;
  const past = (trade.stopLevel - price) * direction;
  return price > 0 && past * 10_000 > trade.stopLevel * stop_ignored_bps && openLots(trade) > 0;
}

/** What is being executed has its own time (failure-catalogue F-40). */
function isTriggered(trade: Trade): boolean {
  for (const { status } of trade.orders.values()) if (status.kind === "triggered") return true;
  return false;
}
