/**
 * Closing. One exit in flight a trade, always reduce-only, tried until the position is flat; no risk limit ever stops a
 * reduction (design.md, Protection; failure-catalogue F-14, F-15, F-33, F-54).
 */

import type { Side } from "../domain/order.ts";
import type { ExitReason } from "../domain/reason.ts";
import { type Lots, lots, type Micros, microsFromMillis } from "../domain/units.ts";
import { backedOff, type Desk, placeOrder, update } from "./desk.ts";
import { isNotFound } from "./lookup.ts";
import { mayTrade, type Order } from "./order.ts";
import { exitSide, exposedLots, lastOf, ordersOf, type Trade, wakeBy } from "./trade.ts";

/** A close that failed this often in a row is an alarm: nothing new is opened (failure-catalogue F-54). */
const failuresUntilAlarm = 5;

/** The position is flat or smaller than we believe. @see binance-usdm.md §8 */
const reduceOnlyRejected = -2022;

/** A second reason to close joins the first. */
export function beginClose(desk: Desk, trade: Trade, reason: ExitReason, now: Micros): void {
  if (trade.closing !== null) return;
  trade.closing = { reason, since: now, attempts: 0, nextAttemptAt: now };
  desk.emit({
    kind: "notice",
    level: "info",
    code: "CLOSING",
    symbol: desk.instrument.index,
    fields: { trade: trade.plan.trade, reason },
  });
  wakeBy(trade, now);
}

export function manageExit(desk: Desk, trade: Trade, now: Micros): void {
  const open = exposedLots(trade);
  if (open === 0) return;
  if (open < 0) return undoOverfill(desk, trade, -open, now);
  if (trade.closing === null) {
    if (now < trade.holdUntil) return wakeBy(trade, trade.holdUntil);
    beginClose(desk, trade, "MAX_HOLD", now);
  }
  close(desk, trade, exitSide(trade), open, now);
}

/**
 * More was closed than our books had open. While an entry may still tell of a fill, its report is late and no more than
 * that; else the position has turned around, and what is now open the wrong way is closed.
 */
function undoOverfill(desk: Desk, trade: Trade, lotsTooMany: number, now: Micros): void {
  if (ordersOf(trade, "e").some(mayTrade)) return;
  desk.enterSafeMode("OVERFILL", `${desk.instrument.symbol}: closed ${lotsTooMany} lots too many`);
  beginClose(desk, trade, "CANNOT_PROTECT", now);
  close(desk, trade, trade.plan.side, lotsTooMany, now);
}

function close(desk: Desk, trade: Trade, side: Side, open: number, now: Micros): void {
  const { closing } = trade;
  if (closing === null || ordersOf(trade, "x").some((exit) => isAwaited(trade, exit))) return;
  const retry = microsFromMillis(desk.settings.protection.close_retry_ms);
  const triggered = triggeredSince(trade);
  // A triggered stop is closing already; a second close beside it would only be refused.
  const notBefore = Math.max(closing.nextAttemptAt, triggered === null ? 0 : triggered + retry);
  if (now < notBefore) return wakeBy(trade, notBefore);
  if (closing.attempts >= failuresUntilAlarm) {
    desk.enterSafeMode("CANNOT_PROTECT", `${desk.instrument.symbol}: ${closing.attempts} closes failed`);
  }
  closing.nextAttemptAt = now + backedOff(retry, closing.attempts);
  closing.attempts += 1;
  placeOrder(desk, trade, "x", side, oneOrder(desk, open), { type: "MARKET" }, now);
}

/**
 * A covered position waits for the proof that a lost close never arrived. A naked one waits only until look-ups have not
 * found it: a second close that only reduces can at worst be refused (failure-catalogue I-01, I-02).
 */
function isAwaited(trade: Trade, exit: Order): boolean {
  return mayTrade(exit) && (trade.exposedSince === null || !isNotFound(exit));
}

/** After a close that was filled in part the rest follows at once; after a refusal the back-off holds. */
export function onExitClosed(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  if (order.role !== "x") return;
  if (foundLess(order)) lookAround(desk, trade, now);
  if (trade.closing === null || order.filled === 0) return;
  trade.closing.nextAttemptAt = now;
  trade.closing.attempts = 0;
}

/** The exchange had less to close than we believed. */
function foundLess({ refusal, status }: Order): boolean {
  return refusal === reduceOnlyRejected || (status.kind === "closed" && status.reason === "expired");
}

/** A stop of ours may have filled without our hearing of it, or somebody else has closed: only the exchange can tell. */
function lookAround(desk: Desk, trade: Trade, now: Micros): void {
  for (const order of trade.orders.values()) update(desk, trade, order, { kind: "doubted" }, now);
  desk.emit({ kind: "query-account" });
}

/** Whether the target that could not rest on the exchange is reached. */
export function targetReached(desk: Desk, trade: Trade): boolean {
  const { takeProfit, side } = trade.plan;
  if (!trade.watchTarget || takeProfit === null) return false;
  const { bid, ask } = desk.touch;
  return side === "buy" ? bid >= takeProfit : ask > 0 && ask <= takeProfit;
}

/**
 * Market orders have a maximum and a step of their own: a larger position is closed in slices (failure-catalogue F-85),
 * and below the step it is tried as it is, because reductions are exempt from most minima (F-46).
 */
function oneOrder({ instrument }: Desk, open: number): Lots {
  const { marketStepLots, marketMaxLots } = instrument;
  const slice = Math.floor(Math.min(open, marketMaxLots) / marketStepLots) * marketStepLots;
  return lots(slice > 0 ? slice : open);
}

function triggeredSince(trade: Trade): number | null {
  for (const role of ["f", "r", "t1"] as const) {
    const order = lastOf(trade, role);
    if (order !== null && order.status.kind === "triggered") return order.status.since;
  }
  return null;
}
