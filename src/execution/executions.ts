/**
 * Executions of a trade that become known by another way than its own life: orders of an earlier life that surface late,
 * and the exchange's history. A trade begins flat, so the sum over its executions, each counted once by its id, is its
 * position; where that sum is what the exchange says, the books are exact whatever an adopted position contained
 * (requirements REC-1, REC-3; failure-catalogue I-06, F-07, F-28, F-80).
 */

import { emptyLedger, withLots } from "../account/ledger.ts";
import type { HistoryReport } from "../domain/event.ts";
import type { JournalFill } from "../domain/journal.ts";
import {
  type AlgoReport,
  type Fill,
  type OrderReport,
  type OrderStatus,
  type Role,
  type Side,
  sign,
} from "../domain/order.ts";
import { parseOrderId, stopPathTrade, type TradeId } from "../domain/order-id.ts";
import {
  type Lots,
  lots,
  type Micros,
  micros,
  microsFromSeconds,
  noLots,
  noMoney,
  type SignedLots,
  signedLots,
  type Ticks,
} from "../domain/units.ts";
import { type Desk, update } from "./desk.ts";
import { missedLots, type Order, sentOrder, step } from "./order.ts";
import { noteEntered } from "./position-evidence.ts";
import { applyFill, averageEntry, type Executing, mayFill, openLots, type Trade } from "./trade.ts";

/** Client ids with which the exchange itself closes a position. @see binance-usdm.md §6.3; failure-catalogue F-82 */
const byExchange = /^(autoclose-|adl_autoclose|settlement_autoclose-)/;

/**
 * The order that a report is about. One of the trade's own id that is not known, of whatever role, was placed by an
 * earlier life of the trade and is taken in; null when it is not the trade's.
 */
export function ownOrder(desk: Desk, trade: Trade, report: OrderReport | AlgoReport, now: Micros): Order | null {
  const id = report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId;
  const known = trade.orders.get(id);
  if (known !== undefined) return known;
  const parts = parseOrderId(id, desk.settings.order_id_prefix);
  if (parts === null || parts.trade !== trade.plan.trade) return null;
  // An answer that comes late says what was so before the end (I-07).
  const isStale = report.kind === "algo-report" || (isAlive(report.status) && report.fill === null);
  if (isStale && trade.ended.has(id)) return null;
  const { role, attempt } = parts;
  // The child of a conditional order carries its id and is reported as a normal order (binance-usdm.md §2.5).
  const service = report.kind === "algo-report" || (role !== "e" && role !== "x") ? "algo" : "order";
  const price = report.kind === "algo-report" ? report.trigger : (report.price ?? levelOf(trade, role));
  const { side, quantity } = report;
  const sent = sentOrder({ id, role, attempt, service, side, quantity, price }, now);
  // What the journal has of it is known one by one: the exchange is not asked for it again and again.
  const order = { ...step(sent, { kind: "accepted" }, now), applied: knownOf(trade, id) };
  trade.orders.set(id, order);
  if (role === "e") trade.entryFinished = false;
  if (role === "r" && price !== null) trade.stopLevel = nearerStop(trade.plan.side, trade.stopLevel, price);
  return order;
}

/** The stop that lets less be lost: one that had moved stays where it was (failure-catalogue I-09). */
export function nearerStop(side: Side, a: Ticks, b: Ticks): Ticks {
  return (b - a) * sign(side) > 0 ? b : a;
}

export function isAlive(status: OrderStatus): boolean {
  return status === "NEW" || status === "PARTIALLY_FILLED";
}

/** Where the parent of a child was triggered. */
function levelOf({ plan, stopLevel, takeProfit, secondTarget }: Trade, role: Role): Ticks | null {
  switch (role) {
    case "f":
      return plan.stopLoss;
    case "r":
      return stopLevel;
    case "t1":
      return takeProfit;
    case "t2":
      return secondTarget;
    case "e":
    case "x":
      return null;
    default:
      throw new TypeError(`unhandled role ${role satisfies never}`);
  }
}

/**
 * Books what the history has of the trade: executions of its own orders, and those by which somebody else closed what is
 * ours, where they are exactly what is missing.
 *
 * @param reported position as the exchange says
 * @param tell called for each execution that was not known
 */
export function takeHistory(
  desk: Desk,
  trade: Trade,
  report: HistoryReport,
  reported: SignedLots,
  tell: (order: Executing, fill: Fill) => void,
  now: Micros,
): void {
  for (const order of report.orders) {
    // What ended without an execution has nothing to say.
    const isKnown = trade.orders.has(order.clientOrderId);
    if (order.filled === 0 && !isAlive(order.status) && !isKnown) continue;
    const own = ownOrder(desk, trade, order, now);
    if (own === null) continue;
    const { status, filled, orderId } = order;
    const after = update(desk, trade, own, { kind: "reported", status, filled, venueId: orderId }, now);
    // Of an order that nobody knew of, the position that was adopted has what it filled.
    if (isKnown) noteEntered(trade, own, after, order.time);
  }
  for (const { clientOrderId, fill } of report.executions) {
    const order = trade.orders.get(clientOrderId);
    if (order !== undefined && !trade.executions.has(fill.tradeId)) tell(order, fill);
  }
  const foreign = closedByOthers(desk, trade, report, reported);
  for (const { clientOrderId, side, fill } of foreign) tell({ id: clientOrderId, side, role: null }, fill);
  if (foreign.length > 0) tellForeign(desk, trade, foreign, now);
  if (trade.unexplained !== null && !isTooSoon(desk, trade, now)) explain(desk, trade, reported);
}

/**
 * Reads lag: one that shows nothing of what was found, and no execution of it, may be older than its last order. Flat would take
 * its stop away, or have nobody look for one, so it is believed only as late as the absence of an order (I-01, F-19).
 */
function isTooSoon({ settings }: Desk, { executions, foundAt }: Trade, now: Micros): boolean {
  return executions.size === 0 && now < foundAt + microsFromSeconds(settings.protection.absence_proof_seconds);
}

function knownOf(trade: Trade, id: string): Lots {
  let sum = 0;
  for (const { clientOrderId, fill } of trade.executions.values()) if (clientOrderId === id) sum += fill.quantity;
  return lots(sum);
}

/** Sum of the executions that are known, signed. */
export function knownLots(executions: Iterable<JournalFill>): number {
  let sum = 0;
  for (const { side, fill } of executions) sum += sign(side) * fill.quantity;
  return sum;
}

function closedByOthers(desk: Desk, trade: Trade, report: HistoryReport, reported: SignedLots): readonly JournalFill[] {
  const known = knownLots(trade.executions.values());
  const missing = reported - known;
  const isReduction = missing * known < 0 && Math.abs(missing) <= Math.abs(known);
  if (!isReduction || known * sign(trade.plan.side) < 0) return [];
  const first = Math.min(...[...trade.executions.values()].map(({ fill }) => fill.time));
  const foreign = report.executions.filter(
    ({ clientOrderId, side, fill }) =>
      fill.time >= first &&
      !trade.executions.has(fill.tradeId) &&
      // The exchange itself only closes: what it did in the direction of this trade closed something else.
      !(byExchange.test(clientOrderId) && side === trade.plan.side) &&
      isOfNoTrade(desk, clientOrderId),
  );
  return knownLots(foreign) === missing ? foreign : [];
}

/** Nor is what proves the stop path, which a market that jumps may hit before its cancel works (failure-catalogue F-12). */
function isOfNoTrade({ instrument, settings }: Desk, clientOrderId: string): boolean {
  const parts = parseOrderId(clientOrderId, settings.order_id_prefix);
  return parts === null || parts.trade === stopPathTrade(instrument.symbol);
}

function tellForeign(desk: Desk, trade: Trade, foreign: readonly JournalFill[], now: Micros): void {
  const { symbol, index } = desk.instrument;
  const order = foreign[0]?.clientOrderId ?? "";
  const fields = { trade: trade.plan.trade, lots: Math.abs(knownLots(foreign)), order };
  desk.emit({ kind: "notice", level: "error", code: "CLOSED_BY_OTHERS", symbol: index, fields });
  if (foreign.some(({ clientOrderId }) => byExchange.test(clientOrderId))) {
    desk.enterSafeMode("UNKNOWN_POSITION", `${symbol}: closed by the exchange with ${order}`, now);
  }
}

/** Makes the books anew from the executions, if they are all known and come to what the exchange says. */
function explain(desk: Desk, trade: Trade, reported: SignedLots): void {
  const executions = [...trade.executions.values()];
  const sum = knownLots(executions);
  if (sum !== reported || sum * sign(trade.plan.side) < 0) return;
  const applied = new Map<string, number>();
  for (const { clientOrderId, fill } of executions) {
    applied.set(clientOrderId, (applied.get(clientOrderId) ?? 0) + fill.quantity);
  }
  // Reads lag: an entry whose fate is not known, or an execution told in sum alone, is a gap though the sum may agree.
  const isComplete = [...trade.orders.values()].every(
    ({ id, filled, role, status }) => (applied.get(id) ?? 0) >= filled && !(role === "e" && status.kind === "unknown"),
  );
  if (!isComplete) return;
  for (const order of trade.orders.values()) {
    const own = lots(applied.get(order.id) ?? 0);
    trade.orders.set(order.id, { ...order, applied: own, filled: own, inherited: noLots });
  }
  trade.unexplained = null;
  resetBooks(trade);
  executions.sort((a, b) => a.fill.time - b.fill.time);
  for (const { clientOrderId, side, fill } of executions) {
    const role = parseOrderId(clientOrderId, desk.settings.order_id_prefix)?.role ?? null;
    applyFill(trade, { id: clientOrderId, side, role }, fill, desk.instrument);
  }
  tellPosition(desk, trade);
}

/**
 * No history explains the books, which are at the exchange's average. What entries are known to have filled since is in
 * them from now on, at that average, as far as it is open: nothing else would keep its stop (failure-catalogue I-01).
 *
 * @param reported position as the exchange says
 * @param averageTicks its average entry; 0 when not known
 */
export function settle(desk: Desk, trade: Trade, reported: SignedLots, averageTicks: number, now: Micros): void {
  const { unexplained, plan } = trade;
  if (unexplained === null) return;
  unexplained.isSettled = true;
  const unbooked = Math.min(unexplained.unbookedLots, reported * sign(plan.side) - openLots(trade));
  if (unbooked > 0 && averageTicks > 0) {
    trade.ledger = withLots(trade.ledger, plan.side, lots(unbooked), Math.round(averageTicks * unbooked));
    trade.tradedLots = lots(trade.tradedLots + unbooked);
    trade.entryTime ??= now;
    tellPosition(desk, trade);
  }
  // What orders are known to have filled is in the books now, and no execution of it is missed any more. Of a close that
  // was sent since, it is not: what that has executed is booked when it is told.
  for (const order of trade.orders.values()) {
    if (missedLots(order) > 0 && !trade.laterCloses.has(order.id))
      trade.orders.set(order.id, { ...order, applied: order.filled, inherited: order.filled });
  }
  // Whatever else is open somebody has opened: it keeps the stop until it is taken over (I-01, F-27).
  if (!mayFill(trade)) trade.othersLots = Math.max(0, reported * sign(plan.side) - openLots(trade));
}

function resetBooks(trade: Trade): void {
  trade.executions.clear();
  trade.ledger = emptyLedger;
  trade.fees = noMoney;
  trade.makerLots = noLots;
  trade.tradedLots = noLots;
  trade.firstTargetLots = 0;
  trade.entryTime = null;
  trade.lastFillTime = micros(0);
  trade.lastExitRole = null;
}

export function tellExecution(desk: Desk, trade: TradeId, order: Executing, fill: Fill): void {
  const { tradeId, price, quantity, commission, commissionAsset, maker, time } = fill;
  desk.emit({
    kind: "fill",
    trade,
    symbol: desk.instrument.index,
    tradeId,
    clientOrderId: order.id,
    side: order.side,
    price,
    quantity,
    commission,
    commissionAsset,
    maker,
    time,
  });
}

export function tellPosition(desk: Desk, trade: Trade): void {
  desk.emit({
    kind: "position",
    symbol: desk.instrument.index,
    trade: trade.plan.trade,
    lots: signedLots(trade.ledger.position),
    cost: -trade.ledger.cash,
    entryTicks: averageEntry(trade),
    stopLoss: trade.stopLevel,
    time: trade.lastFillTime,
  });
}
