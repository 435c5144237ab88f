/**
 * Stops that are always there. The floor is one close-position STOP_MARKET for the whole trade, placed at the first fill
 * report; a target rests beside it. Both live in the algo service, so they survive the daemon and never reserve quantity
 * against a close (design.md, Protection; requirements ORD-3; failure-catalogue I-01).
 */

import { type Lots, lots, type Micros, microsFromMillis } from "../domain/units.ts";
import { type Desk, placeAlgo } from "./desk.ts";
import { beginClose } from "./exit.ts";
import { isMissing } from "./lookup.ts";
import type { Order } from "./order.ts";
import { exitSide, exposedLots, lastOf, type Trade, wakeBy } from "./trade.ts";

/** Stops that one trade may place; when they keep vanishing something else is wrong, and the position is closed. */
const stopsPerTrade = 4;

/** Not executed, and worth another try while the time limit lasts. @see binance-usdm.md §8, class R */
const passing: ReadonlySet<number> = new Set([-1003, -1008, -1015, -1016, -1021, -5028]);

const wouldTrigger = -2021;
const secondClosePosition = -4130;

export function manageProtection(desk: Desk, trade: Trade, now: Micros): void {
  // A reply may tell of a fill before the execution itself is reported: the exposure is known from then on.
  if (exposedLots(trade) <= 0) {
    trade.exposedSince = null;
    return;
  }
  if (isCovered(desk, trade, now)) {
    trade.exposedSince = null;
    return manageTarget(desk, trade, now);
  }
  trade.exposedSince ??= now;
  if (trade.closing === null && !stopOnTheWay(trade)) placeStop(desk, trade, now);
  watchExposure(desk, trade, now);
}

/** A stop of ours rests on the exchange, or a conditional order has been triggered and is closing. */
function isCovered(desk: Desk, trade: Trade, now: Micros): boolean {
  const target = lastOf(trade, "t1");
  if (target !== null && target.status.kind === "triggered" && covers(desk, trade, target, now)) return true;
  return stops(trade).some((order) => covers(desk, trade, order, now));
}

function covers(desk: Desk, trade: Trade, order: Order, now: Micros): boolean {
  if (order.quantity !== null && order.quantity < exposedLots(trade)) return false;
  // A doubt about a stop that was live is no evidence against it; an answer that finds nothing is.
  if (order.status.kind === "unknown") return order.seen && order.misses === 0;
  if (order.status.kind !== "triggered") return order.status.kind === "live";
  // A trigger is no fill: the spawned order may be late, or never come (failure-catalogue F-40).
  const until = order.status.since + microsFromMillis(desk.settings.protection.unprotected_max_ms);
  if (now >= until) return false;
  wakeBy(trade, until);
  return true;
}

/** In the order in which they were sent. */
function stops(trade: Trade): readonly Order[] {
  return [...trade.orders.values()].filter(({ role }) => role === "f" || role === "r");
}

/**
 * A stop whose placement is open counts as present until it is proven absent (failure-catalogue F-65). One that was live
 * and is not found any more gets another beside it: if it is there after all, the exchange refuses the second.
 */
function stopOnTheWay(trade: Trade): boolean {
  return stops(trade).some(
    (order) => order.status.kind === "sent" || (order.status.kind === "unknown" && !isMissing(order)),
  );
}

function watchExposure(desk: Desk, trade: Trade, now: Micros): void {
  if (trade.exposedSince === null || trade.closing !== null) return;
  const limit = trade.exposedSince + microsFromMillis(desk.settings.protection.unprotected_max_ms);
  if (now < limit) return wakeBy(trade, limit);
  giveUp(desk, trade, "no stop became live in time", now);
}

function placeStop(desk: Desk, trade: Trade, now: Micros): void {
  const placed = stops(trade);
  const last = placed.at(-1);
  if (last === undefined) {
    if (stopPassed(desk, trade)) return beginClose(desk, trade, "STOP_PASSED", now);
    return placeFloor(desk, trade, now);
  }
  if (isSpent(last)) return beginClose(desk, trade, "STOP_LOSS", now);
  if (last.refusal === wouldTrigger) return beginClose(desk, trade, "STOP_PASSED", now);
  const standsBeside = last.refusal === secondClosePosition && last.role === "f";
  if (last.refusal !== null && !standsBeside && !passing.has(last.refusal)) {
    return giveUp(desk, trade, `stop refused with ${last.refusal}`, now);
  }
  const again = last.sentAt + microsFromMillis(desk.settings.protection.close_retry_ms);
  if (last.refusal !== null && !standsBeside && now < again) return wakeBy(trade, again);
  if (placed.length >= stopsPerTrade) return giveUp(desk, trade, "the stop keeps vanishing", now);
  if (stopPassed(desk, trade)) return beginClose(desk, trade, "STOP_PASSED", now);
  // A bridge that has become too small is followed by a larger one, not by a floor that would be refused again.
  const outgrown = last.role === "r" && last.status.kind === "live";
  if (standsBeside || outgrown) return placeBridge(desk, trade, now);
  placeFloor(desk, trade, now);
}

/** The level was hit and the order ended, or got stuck, without closing all: the rest is closed now (F-40). */
function isSpent(stop: Order): boolean {
  if (stop.status.kind === "triggered" || stop.filled > 0) return true;
  return stop.status.kind === "closed" && stop.status.reason === "expired";
}

function placeFloor(desk: Desk, trade: Trade, now: Micros): void {
  const { stopLoss } = trade.plan;
  placeAlgo(desk, trade, "f", exitSide(trade), "STOP_MARKET", stopLoss, { kind: "close-position" }, now);
}

/** A stop for the quantity may rest beside a close-position stop that is not ours (failure-catalogue F-22). */
function placeBridge(desk: Desk, trade: Trade, now: Micros): void {
  const quantity = bridgeLots(trade);
  placeAlgo(desk, trade, "r", exitSide(trade), "STOP_MARKET", trade.plan.stopLoss, { kind: "quantity", quantity }, now);
}

/** What may still fill is covered in advance: the order only reduces, so being too large costs nothing. */
function bridgeLots(trade: Trade): Lots {
  const exposed = exposedLots(trade);
  return lots(trade.entryFinished ? exposed : Math.max(exposed, trade.plan.quantity));
}

/** The exchange would refuse a stop at or beyond the price; sparing the round trip is sparing naked time. */
function stopPassed(desk: Desk, trade: Trade): boolean {
  if (desk.settings.protection.working_type !== "CONTRACT_PRICE") return false;
  const { bid, ask } = desk.touch;
  return trade.plan.side === "buy" ? ask > 0 && ask <= trade.plan.stopLoss : bid >= trade.plan.stopLoss;
}

function manageTarget(desk: Desk, trade: Trade, now: Micros): void {
  const { takeProfit } = trade.plan;
  if (takeProfit === null || trade.closing !== null || trade.watchTarget) return;
  const target = lastOf(trade, "t1");
  if (target === null) {
    const extent = { kind: "close-position" } as const;
    placeAlgo(desk, trade, "t1", exitSide(trade), "TAKE_PROFIT_MARKET", takeProfit, extent, now);
    return;
  }
  if (target.status.kind !== "closed" || target.filled > 0) return;
  if (target.refusal === wouldTrigger) return beginClose(desk, trade, "TAKE_PROFIT", now);
  // A target is a wish, a stop is a duty: without the order the core watches the price itself.
  trade.watchTarget = true;
}

/** The position cannot be protected: it is closed, and nothing new is opened (requirements SAF-3). */
function giveUp(desk: Desk, trade: Trade, detail: string, now: Micros): void {
  desk.enterSafeMode("CANNOT_PROTECT", `${desk.instrument.symbol}: ${detail}`);
  beginClose(desk, trade, "CANNOT_PROTECT", now);
}
