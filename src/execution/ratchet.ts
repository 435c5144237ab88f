/**
 * Where the stop belongs: break-even after the first target, behind the best price, nearer as volatility shrinks, or where
 * a newer decision puts it. It only ever moves towards less risk, by a least step and not more often than an interval
 * (requirements EXE-10, EXE-11; failure-catalogue I-09). What is asked for each market event allocates nothing.
 */

import { assert } from "../domain/assert.ts";
import { sign } from "../domain/order.ts";
import type { StopMoveCause } from "../domain/output.ts";
import { type Micros, ticks } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { isStopPassed } from "./protection.ts";
import { isFirstTargetDone, targetFacts } from "./targets.ts";
import { averageEntry, openLots, type Trade, wakeBy } from "./trade.ts";

/** Keeps the best price and the excursions. */
export function trackPrice(desk: Desk, trade: Trade): void {
  const { side } = trade.plan;
  const price = side === "buy" ? desk.touch.bid : desk.touch.ask;
  if (price <= 0 || openLots(trade) <= 0) return;
  if (trade.bestTicks === 0 || (price - trade.bestTicks) * sign(side) > 0) trade.bestTicks = price;
  const average = averageEntry(trade);
  if (average === null) return;
  const gain = (price - average) * sign(side);
  if (gain > trade.favourableTicks) trade.favourableTicks = gain;
  if (-gain > trade.adverseTicks) trade.adverseTicks = -gain;
}

/** Whether trailing asks for a move now. */
export function isTrailDue(trade: Trade, now: Micros): boolean {
  return isDue(trade, trailLevel(trade), now);
}

/** Whether the price has come to where break-even waits for it. */
export function isBreakEvenDue(desk: Desk, { plan, breakEvenLevel }: Trade): boolean {
  const { bid, ask } = desk.touch;
  // A comparison with NaN is false: nothing waits.
  return plan.side === "buy" ? ask > breakEvenLevel : bid > 0 && bid < breakEvenLevel;
}

/** Whether the price is beyond a level that the stop has moved to and at which nothing rests. */
export function isUnheldStopHit(desk: Desk, trade: Trade): boolean {
  if (!trade.watchStop) return false;
  const { bid, ask } = desk.touch;
  return trade.plan.side === "buy" ? bid > 0 && bid <= trade.stopLevel : ask > 0 && ask >= trade.stopLevel;
}

/** Moves the level as far as rules and price ask for; the arbiter then moves the orders. */
export function manageStopLevel(desk: Desk, trade: Trade, now: Micros): void {
  if (trade.closing !== null || openLots(trade) <= 0) return;
  // What the price asked for meanwhile is done when the interval is over, without waiting for another quote.
  const from = trade.stopMovedAt + trade.rules.moveIntervalMicros;
  if (now < from) wakeBy(trade, from);
  else if (trade.wantedStop !== null) tightenTo(desk, trade, trade.wantedStop.level, trade.wantedStop.cause, now);
  moveToBreakEven(desk, trade, now);
  if (isTrailDue(trade, now)) moveTo(desk, trade, trailLevel(trade), "trailing", now);
  const shrunk = shrunkLevel(trade);
  if (isDue(trade, shrunk, now) && !isStopPassed(desk, trade, ticks(shrunk))) moveTo(desk, trade, shrunk, "atr", now);
}

/**
 * A stop that a newer decision or the risk manager wants. The last word that comes too soon after the last move waits
 * until the interval is over: nobody says it again.
 *
 * @returns false when it is not nearer by the least step, would be hit at once, or comes too soon after the last move
 */
export function tightenTo(desk: Desk, trade: Trade, level: number, cause: "decision" | "risk", now: Micros): boolean {
  trade.wantedStop = null;
  if (trade.closing !== null || openLots(trade) <= 0 || !isFarEnough(trade, level)) return false;
  if (isStopPassed(desk, trade, ticks(level))) return false;
  if (!isDue(trade, level, now)) {
    trade.wantedStop = { level, cause };
    return false;
  }
  moveTo(desk, trade, level, cause, now);
  return true;
}

/**
 * A first target that pays less than the fees leaves break-even beyond the price: the stop waits where it is until the
 * price is there too.
 */
function moveToBreakEven(desk: Desk, trade: Trade, now: Micros): void {
  const { plan, rules } = trade;
  const average = averageEntry(trade);
  trade.breakEvenLevel = Number.NaN;
  if (rules.breakEvenBps === null || average === null || trade.secondTarget === null) return;
  const away = sign(plan.side);
  const level = nearerTick(average * (1 + (away * rules.breakEvenBps) / 1e4), away);
  if ((level - trade.stopLevel) * away <= 0 || !isFirstTargetDone(desk.instrument, targetFacts(trade))) return;
  if (isStopPassed(desk, trade, ticks(level))) trade.breakEvenLevel = level;
  else moveTo(desk, trade, level, "break-even", now);
}

/** The level behind the best price; NaN while the gain is not large enough. */
function trailLevel({ plan, rules, ledger, bestTicks }: Trade): number {
  const long = plan.side === "buy";
  const entered = long ? ledger.boughtLots : ledger.soldLots;
  if (entered === 0 || bestTicks === 0) return Number.NaN;
  const average = (long ? ledger.boughtValue : ledger.soldValue) / entered;
  const away = long ? 1 : -1;
  const risk = (average - plan.stopLoss) * away;
  const from = distance(rules.trailFromBps, rules.trailFromR, average, risk);
  const by = distance(rules.trailByBps, rules.trailByR, average, risk);
  // A comparison with NaN is false: without both distances nothing trails.
  return (bestTicks - average) * away >= from && by > 0 ? fartherTick(bestTicks - away * by, away) : Number.NaN;
}

/** The first stop, nearer in the proportion in which volatility has shrunk; NaN when it has not, or is not known. */
function shrunkLevel(trade: Trade): number {
  const { plan, rules, atrTicks } = trade;
  const average = averageEntry(trade);
  if (rules.atrAtEntry === null || atrTicks === null || average === null) return Number.NaN;
  if (!(atrTicks > 0 && atrTicks < rules.atrAtEntry)) return Number.NaN;
  const away = sign(plan.side);
  const risk = (average - plan.stopLoss) * away;
  return fartherTick(average - (away * risk * atrTicks) / rules.atrAtEntry, away);
}

/** NaN when neither is given. */
function distance(bps: number | null, inR: number | null, average: number, risk: number): number {
  if (bps !== null) return (average * bps) / 1e4;
  return inR === null ? Number.NaN : inR * risk;
}

function isDue(trade: Trade, level: number, now: Micros): boolean {
  return isFarEnough(trade, level) && now >= trade.stopMovedAt + trade.rules.moveIntervalMicros;
}

function isFarEnough(trade: Trade, level: number): boolean {
  const { plan, rules, stopLevel, stopMoves } = trade;
  if (!Number.isFinite(level) || stopMoves >= rules.movesMax) return false;
  const average = averageEntry(trade);
  if (average === null) return false;
  const away = sign(plan.side);
  const least = Math.max(1, rules.moveStepR * (average - plan.stopLoss) * away);
  return (level - stopLevel) * away >= least;
}

function moveTo(desk: Desk, trade: Trade, level: number, cause: StopMoveCause, now: Micros): void {
  const from = trade.stopLevel;
  const to = ticks(level);
  assert((to - from) * sign(trade.plan.side) > 0, "a stop only ever moves towards less risk");
  trade.stopLevel = to;
  trade.stopMoves += 1;
  trade.stopMovedAt = now;
  wakeBy(trade, now + trade.rules.moveIntervalMicros);
  desk.emit({ kind: "stop-move", trade: trade.plan.trade, symbol: trade.plan.symbol, from, to, cause, time: now });
}

/** The tick that lets less be lost. */
function nearerTick(level: number, away: 1 | -1): number {
  return away > 0 ? Math.ceil(level) : Math.floor(level);
}

function fartherTick(level: number, away: 1 | -1): number {
  return away > 0 ? Math.floor(level) : Math.ceil(level);
}
