/**
 * Closing. One exit in flight a trade, always reduce-only, tried until the position is flat; no risk limit ever stops a
 * reduction (design.md, Protection; failure-catalogue F-14, F-15, F-33, F-54).
 */

import { meaningOf } from "../domain/error-policy.ts";
import type { Side } from "../domain/order.ts";
import type { ExitReason } from "../domain/reason.ts";
import { type Lots, lots, type Micros, microsFromMillis, microsFromSeconds, microsPerSecond } from "../domain/units.ts";
import { backedOff, cancel, type Desk, placeOrder, update } from "./desk.ts";
import { isStopIgnored } from "./ignored-stop.ts";
import { isNotFound } from "./lookup.ts";
import { mayTrade, type Order } from "./order.ts";
import { exitSide, exposedLots, isPointless, lastOf, ordersOf, type Trade, wakeBy } from "./trade.ts";

/** A close that failed this often in a row is an alarm: nothing new is opened (failure-catalogue F-54). */
const failuresUntilAlarm = 5;

/**
 * Closes of a position that no stop covers are never further apart: as soon again as ten in the worst minute allow
 * (failure-catalogue I-01, I-21). A covered one may wait for longer.
 */
const nakedWaitMax = 10 * microsPerSecond;

/** So many closes of a minute may follow each other without a back-off: with those after it they are ten (I-21). */
const closesAtOnceMax = 6;

/**
 * While there were fewer in a minute, one goes at the end of a limit that held the last one back: more than a long silence
 * has of its own accord, and few enough where limit follows limit (I-21).
 */
const closesAtEndMax = 11;

/** A second reason to close joins the first. */
export function beginClose(desk: Desk, trade: Trade, reason: ExitReason, now: Micros): void {
  if (trade.closing !== null) return;
  trade.closing = {
    reason,
    since: now,
    attempts: 0,
    nextAttemptAt: now,
    clearsTargets: false,
    tooLarge: Number.POSITIVE_INFINITY,
  };
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
  if (isPointless(trade)) return;
  if (trade.closing === null) {
    const isIgnored = isStopIgnored(desk, trade, now);
    if (now < trade.holdUntil && !isIgnored) return wakeBy(trade, trade.holdUntil);
    beginClose(desk, trade, isIgnored ? "STOP_PASSED" : "MAX_HOLD", now);
  }
  close(desk, trade, exitSide(trade), open, now);
}

/**
 * More was closed than our books had open. While an entry may still tell of a fill, its report is late and no more than
 * that; else the position has turned around, and what is now open the wrong way is closed.
 */
function undoOverfill(desk: Desk, trade: Trade, lotsTooMany: number, now: Micros): void {
  if (ordersOf(trade, "e").some(mayTrade)) return;
  desk.enterSafeMode("OVERFILL", `${desk.instrument.symbol}: closed ${lotsTooMany} lots too many`, now);
  beginClose(desk, trade, "CANNOT_PROTECT", now);
  close(desk, trade, trade.plan.side, lotsTooMany, now);
}

function close(desk: Desk, trade: Trade, side: Side, open: number, now: Micros): void {
  const { closing } = trade;
  if (closing === null || ordersOf(trade, "x").some((exit) => isAwaited(desk, trade, exit))) return;
  if (closing.clearsTargets && clearTargets(desk, trade, now)) closing.nextAttemptAt = now;
  const retry = microsFromMillis(desk.settings.protection.close_retry_ms);
  const triggered = triggeredSince(trade, open);
  // A triggered stop is closing already; a second close beside it would only be refused.
  const backOff = isLostOnTheWay(trade, now) ? 0 : closing.nextAttemptAt;
  const notBefore = Math.max(backOff, triggered === null ? 0 : triggered + retry);
  if (now < notBefore) return wakeBy(trade, notBefore);
  if (closing.attempts >= failuresUntilAlarm) {
    desk.enterSafeMode("CANNOT_PROTECT", `${desk.instrument.symbol}: ${closing.attempts} closes failed`, now);
  }
  const wait = backedOff(retry, closing.attempts);
  closing.nextAttemptAt = now + (trade.exposedSince === null ? wait : Math.min(wait, nakedWaitMax));
  closing.attempts += 1;
  const { id } = placeOrder(desk, trade, "x", side, oneOrder(desk, trade, open), { type: "MARKET" }, now);
  if (trade.unexplained !== null) trade.laterCloses.add(id);
}

/**
 * Cancels targets of ours; the stop stays until the position is flat. When they are proven gone the close goes again at
 * once, and when that proof does not come it goes again all the same, after its back-off.
 *
 * @returns whether they have just gone
 */
function clearTargets(desk: Desk, trade: Trade, now: Micros): boolean {
  const targets = [...ordersOf(trade, "t1"), ...ordersOf(trade, "t2")].filter(mayTrade);
  for (const target of targets) cancel(desk, trade, target, now);
  if (targets.length > 0 || trade.closing === null) return false;
  trade.closing.clearsTargets = false;
  return true;
}

/**
 * A covered position waits until look-ups have not found a lost close for as long as its absence takes to prove, a naked
 * one only until they have not found it: a second close that only reduces can at worst be refused (failure-catalogue
 * I-01, I-02). What becomes of the first one is told later, by a read (I-05).
 */
function isAwaited({ settings }: Desk, { exposedSince }: Trade, exit: Order): boolean {
  if (!mayTrade(exit) || !isNotFound(exit)) return mayTrade(exit);
  const proof = exit.sentAt + microsFromSeconds(settings.protection.absence_proof_seconds);
  return exposedSince === null && exit.missedAt < proof;
}

/**
 * The last close was not refused but got lost: nothing speaks against the next one, so a back-off would be time for nothing
 * (failure-catalogue I-01).
 */
function isLostOnTheWay(trade: Trade, now: Micros): boolean {
  const last = lastOf(trade, "x");
  return last !== null && mayTrade(last) && mayGoAtOnce(trade, now);
}

function mayGoAtOnce(trade: Trade, now: Micros): boolean {
  return closesOfMinute(trade, now) < closesAtOnceMax;
}

function closesOfMinute(trade: Trade, now: Micros): number {
  const since = now - 60 * microsPerSecond;
  return ordersOf(trade, "x").filter(({ sentAt }) => sentAt > since).length;
}

/** After a close that was filled in part the rest follows at once; after a refusal the back-off holds. */
export function onExitClosed(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  if (order.role !== "x") return;
  if (trade.closing !== null && isInTheWay(order.refusal)) {
    trade.closing.clearsTargets = true;
    clearTargets(desk, trade, now);
  }
  if (foundLess(order)) lookAround(desk, trade, now);
  noteTooLarge(trade, order, now);
  noteEnd(trade, order, now);
  if (trade.closing === null || order.filled === 0) return;
  trade.closing.nextAttemptAt = now;
  trade.closing.attempts = 0;
}

/** A smaller close goes at once; one that cannot become smaller waits for its back-off, like every refused close (I-21). */
function noteTooLarge(trade: Trade, { refusal, quantity }: Order, now: Micros): void {
  const { closing } = trade;
  if (closing === null || quantity === null || meaningOf(refusal) !== "too-large") return;
  if (quantity >= closing.tooLarge) return;
  closing.tooLarge = quantity;
  if (mayGoAtOnce(trade, now)) closing.nextAttemptAt = now;
}

/**
 * What held it back ends before its back-off: the next one goes then, and nothing is left to wait for (failure-catalogue
 * I-01, F-18).
 */
function noteEnd(trade: Trade, { refusedUntil }: Order, now: Micros): void {
  const { closing } = trade;
  if (closing === null || refusedUntil === null || closesOfMinute(trade, now) >= closesAtEndMax) return;
  closing.nextAttemptAt = Math.min(closing.nextAttemptAt, refusedUntil);
}

/** The position is flat or smaller than we believe, or open orders of ours reserve what the close would take. */
function isInTheWay(refusal: number | null): boolean {
  const meaning = meaningOf(refusal);
  return meaning === "nothing-to-reduce" || meaning === "quantity-reserved";
}

/** The exchange had less to close than we believed. */
function foundLess({ refusal, status }: Order): boolean {
  return meaningOf(refusal) === "nothing-to-reduce" || (status.kind === "closed" && status.reason === "expired");
}

/** A stop of ours may have filled without our hearing of it, or somebody else has closed: only the exchange can tell. */
function lookAround(desk: Desk, trade: Trade, now: Micros): void {
  for (const order of trade.orders.values()) update(desk, trade, order, { kind: "doubted" }, now);
  desk.emit({ kind: "query-account" });
}

/**
 * Market orders have a maximum and a step of their own: a larger position is closed in slices (failure-catalogue F-85),
 * and below the step or the minimum it is tried as it is first, because reductions are exempt from most minima (F-46).
 * A maximum that we do not know of yet is less than what it refused: then it is half of that, at once (F-77).
 */
function oneOrder({ instrument }: Desk, trade: Trade, open: number): Lots {
  const { marketStepLots, marketMinLots, marketMaxLots } = instrument;
  const tooLarge = trade.closing?.tooLarge ?? Number.POSITIVE_INFINITY;
  const most = marketMaxLots < tooLarge ? marketMaxLots : Math.floor(tooLarge / 2);
  const slice = Math.floor(Math.min(open, most) / marketStepLots) * marketStepLots;
  if (slice >= marketMinLots) return lots(slice);
  const refusal = lastOf(trade, "x")?.refusal ?? null;
  // What reduces is cut to the position by the exchange, so a crumb that it refuses goes as the smallest order it takes.
  const isTried = refusal !== null && !isInTheWay(refusal);
  return isTried ? lots(Math.ceil(Math.max(open, marketMinLots) / marketStepLots) * marketStepLots) : lots(open);
}

/** Since when a conditional order that closes all is being executed. */
function triggeredSince(trade: Trade, open: number): number | null {
  for (const { service, status, quantity } of trade.orders.values()) {
    if (service === "algo" && status.kind === "triggered" && (quantity === null || quantity >= open))
      return status.since;
  }
  return null;
}
