/**
 * What the market says about an open position: a level that is reached and at which nothing rests, a stop that should
 * follow, a large candle against it (requirements EXE-10). The question for each quote allocates nothing.
 */

import type { Candle } from "../domain/candle.ts";
import { sign } from "../domain/order.ts";
import { type Micros, microsPerMinute } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { beginClose } from "./exit.ts";
import { isStopIgnored } from "./ignored-stop.ts";
import { mayTrade } from "./order.ts";
import { isBreakEvenDue, isTrailDue, isUnheldStopHit } from "./ratchet.ts";
import { takePart } from "./taking.ts";
import { reachedTarget } from "./targets.ts";
import { averageEntry, openLots, stopReason, type Trade } from "./trade.ts";

/** @returns whether something is to be done about the trade */
export function reactToPrice(desk: Desk, trade: Trade, now: Micros): boolean {
  if (trade.closing !== null) return false;
  if (isStopIgnored(desk, trade, now)) {
    beginClose(desk, trade, "STOP_PASSED", now);
    return true;
  }
  if (isUnheldStopHit(desk, trade)) {
    beginClose(desk, trade, stopReason(trade), now);
    return true;
  }
  if (trade.watchTarget && takeTarget(desk, trade, now)) return true;
  return isTrailDue(trade, now) || isBreakEvenDue(desk, trade);
}

/**
 * A closed one-minute candle. One that began before the position did counts from the average entry on.
 *
 * @returns whether it closes the position
 */
export function isAdverse(trade: Trade, candle: Candle): boolean {
  const { rules, entryTime, atrTicks, plan } = trade;
  const average = averageEntry(trade);
  if (rules.adverseCandleAtr === null || atrTicks === null || average === null || openLots(trade) <= 0) return false;
  // What ended before there was a position says nothing about it.
  if (entryTime !== null && candle.openTime + microsPerMinute <= entryTime) return false;
  const from = entryTime !== null && candle.openTime >= entryTime ? candle.open : average;
  return (from - candle.close) * sign(plan.side) > rules.adverseCandleAtr * atrTicks;
}

/** In place of an order that could not rest: a part is taken at market, the whole is closed. */
function takeTarget(desk: Desk, trade: Trade, now: Micros): boolean {
  const target = reachedTarget(desk, trade);
  if (target === null) return false;
  // An order of the role that rests, or is on its way, does it itself.
  for (const order of trade.orders.values()) if (order.role === target.role && mayTrade(order)) return false;
  if (target.extent.kind === "quantity") return takePart(desk, trade, target.extent.quantity, now);
  beginClose(desk, trade, "TAKE_PROFIT", now);
  return true;
}
