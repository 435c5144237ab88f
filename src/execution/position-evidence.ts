/**
 * What the exchange says is open, where our own books cannot know it yet: while an entry is in doubt its fate shows in the
 * position first, and of an adopted position the history is still being asked. What is open is protected before it is
 * known how it came about (failure-catalogue I-01, F-19, F-31).
 */

import { sign } from "../domain/order.ts";
import {
  type Micros,
  microsFromMillis,
  microsFromSeconds,
  plus,
  type SignedLots,
  signedLots,
  type Ticks,
} from "../domain/units.ts";
import { type Desk, update } from "./desk.ts";
import { nearerStop } from "./executions.ts";
import { missedLots, type Order } from "./order.ts";
import { enteredLots, exposedLots, isLeftToOthers, mayFill, openLots, type Trade, toldLots, wakeBy } from "./trade.ts";

/** How much younger than the last execution a read must be to be news: what is known of the clocks errs, and reads lag. */
const readMarginMicros = microsFromSeconds(2);

/** A stop beside flat books that neither the stream nor a read has spoken of waits no longer than that (I-23). */
const lastWordMicros = microsFromSeconds(4);

/**
 * Told by the private stream.
 *
 * @param time of the exchange
 * @returns whether something may have to be done about it at once
 */
export function statePosition(desk: Desk, trade: Trade, lots: SignedLots, time: Micros, now: Micros): boolean {
  const { unexplained } = trade;
  if (unexplained !== null && time >= Math.max(unexplained.statedAt, unexplained.enteredAt)) {
    unexplained.lots = lots;
    unexplained.statedAt = time;
  }
  if (time >= trade.statedAt) {
    trade.statedLots = lots;
    trade.statedAt = time;
  }
  if (time > trade.lastFillTime) note(trade, lots, now);
  else if (time === trade.lastFillTime) noteBeyond(trade, lots);
  const isTakenAway = leaveTaken(desk, trade, lots, time, now);
  const isWaitedFor = unexplained !== null || trade.contradiction === "refuted" || trade.flatSince !== null;
  return isTakenAway || isWaitedFor || exposedLots(trade) > openLots(trade);
}

/**
 * Read with the account.
 *
 * @param asOf when it was asked for, by the exchange's clock, as are the times of executions (F-26)
 */
export function seePosition(desk: Desk, trade: Trade, lots: SignedLots, asOf: Micros, now: Micros): void {
  const { unexplained } = trade;
  if (unexplained !== null) {
    const { statedAt, enteredAt } = unexplained;
    if (asOf > Math.max(statedAt, enteredAt) + readMarginMicros) {
      unexplained.lots = lots;
      unexplained.readAt = asOf;
    }
  }
  if (asOf > trade.lastFillTime + readMarginMicros) note(trade, lots, now);
  leaveTaken(desk, trade, lots, asOf - readMarginMicros, now);
}

/**
 * What the entry has filled was closed, by whomever, while the rest of it works: nothing is left to enter for. A stop for the
 * whole position ends with that (binance-usdm.md §2.5), and what fills before the cancel arrives would have none for as long
 * as its end is not heard: it is asked about at once (failure-catalogue I-01, F-82).
 *
 * @param asOf exchange time of the word
 */
function leaveTaken(desk: Desk, trade: Trade, lots: SignedLots, asOf: number, now: Micros): boolean {
  const open = openLots(trade);
  const isTaken = asOf > trade.lastFillTime && open > 0 && lots * sign(trade.plan.side) < open && mayFill(trade);
  if (!isTaken) return false;
  trade.entryWithdrawn = true;
  for (const order of trade.orders.values()) {
    if (order.role === "f" || order.role === "r") update(desk, trade, order, { kind: "doubted" }, now);
  }
  return true;
}

/**
 * An entry of an adopted trade is known to have filled more, in sum. The history explains it later; what it opened is
 * protected now, and too much counted for a while costs nothing (failure-catalogue I-01). One that was not seen open when
 * the trade was adopted may have filled, and been closed, long before (failure-catalogue F-31).
 *
 * @param time of the exchange, at which it was so
 */
export function noteEntered(trade: Trade, before: Order, after: Order, time: Micros): void {
  const { unexplained, plan } = trade;
  const more = after.filled - before.filled;
  if (unexplained === null || after.role !== "e" || !before.seen || more <= 0) return;
  unexplained.unbookedLots += more;
  if (time <= unexplained.statedAt) return;
  // A read that was asked for later shows it, where it shows as much.
  const isRead = time + readMarginMicros < unexplained.readAt && unexplained.lots * sign(plan.side) >= more;
  if (isRead) return;
  unexplained.lots = signedLots(unexplained.lots + sign(after.side) * more);
  unexplained.enteredAt = Math.max(unexplained.enteredAt, time);
}

/**
 * The trade with the stop of what is open, where its own is a guess and that is nearer. What its own entry has filled was
 * opened at the price of that one (failure-catalogue I-09).
 */
export function nearerThanGuessed(trade: Trade, level: Ticks): Trade {
  const { plan, orders } = trade;
  const stopLoss = nearerStop(plan.side, plan.stopLoss, level);
  if (!trade.isLevelGuessed || stopLoss === plan.stopLoss || [...orders.values()].some(hasEntered)) return trade;
  return { ...trade, plan: { ...plan, stopLoss }, stopLevel: nearerStop(plan.side, trade.stopLevel, stopLoss) };
}

function hasEntered({ role, filled, applied }: Order): boolean {
  return role === "e" && Math.max(filled, applied) > 0;
}

function note(trade: Trade, lots: SignedLots, now: Micros): void {
  trade.seenLots = Math.max(0, lots * sign(trade.plan.side));
  trade.seenAt = now;
  if (isUnsettled(trade) || mayFill(trade)) return;
  // Less than ours is told while a close of ours executes, and says nothing of others. Ours is also what was told in sum.
  const own = toldLots(trade);
  if (trade.seenLots >= own) trade.othersLots = trade.seenLots - own;
}

/** No entry has filled, and none may any more: whatever is open in the direction of the trade is others'. */
export function noteUnfilled(trade: Trade): void {
  if (trade.adopted || isUnsettled(trade) || mayFill(trade) || trade.tradedLots > 0) return;
  trade.othersLots = trade.seenLots;
}

/**
 * Our last execution has made the books flat. The private stream tells next what is left, and until it does the stop stays:
 * a part that somebody added while messages were lost has no other (failure-catalogue I-01, F-27). Where the word does not
 * come either, a read tells that is young enough; where none comes, the stop goes after a while.
 */
export function isLastWordAwaited(trade: Trade, desk: Desk, now: Micros): boolean {
  const { statedLots, statedAt, lastFillTime, plan } = trade;
  const left = statedLots * sign(plan.side);
  if (trade.tradedLots === 0 || isLeftToOthers(trade)) return false;
  const isNew = trade.flatSince === null;
  trade.flatSince ??= now;
  if (statedAt > lastFillTime || (statedAt === lastFillTime && left <= 0)) {
    // It may have come before the report of that execution, or while an entry was in doubt, and said nothing of others then.
    if (isNew && left > 0) trade.othersLots = left;
    return false;
  }
  const wait = microsFromMillis(desk.settings.protection.lookup_interval_ms);
  const until = plus(trade.flatSince, wait);
  if (now < until) {
    wakeBy(trade, until);
    return true;
  }
  // A word of that very millisecond may be older than the execution: it is for reads to say what is left.
  if (statedAt === lastFillTime) trade.othersLots = left;
  else if (trade.seenAt <= trade.flatSince) return isReadAwaited(trade, desk, trade.flatSince, wait, now);
  return false;
}

/**
 * The account is asked for as soon as its answer is news, and again as long as none comes. The execution, which is timed by
 * the exchange's clock, is no younger than our word of it, which is by our own.
 */
function isReadAwaited(trade: Trade, { emit }: Desk, flatSince: Micros, wait: Micros, now: Micros): boolean {
  const until = plus(flatSince, lastWordMicros);
  if (now >= until) return false;
  const due = Math.max(flatSince + readMarginMicros + 1, trade.flatAskedAt + wait);
  if (now >= due) {
    emit({ kind: "query-account" });
    trade.flatAskedAt = now;
  }
  wakeBy(trade, Math.min(until, now >= due ? now + wait : due));
  return true;
}

/** In the millisecond of our last execution it may be of before or after that; more than ever was ours is others'. */
function noteBeyond(trade: Trade, lots: SignedLots): void {
  if (trade.adopted || isUnsettled(trade) || mayFill(trade)) return;
  let entered: number = enteredLots(trade);
  for (const order of trade.orders.values()) if (order.role === "e") entered += missedLots(order);
  trade.othersLots = Math.max(trade.othersLots, lots * sign(trade.plan.side) - entered);
}

/** What is open counts as ours as long as the history is being asked what is. */
function isUnsettled({ unexplained }: Trade): boolean {
  return unexplained?.isSettled === false;
}
