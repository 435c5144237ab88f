/**
 * Orders in doubt. Silence is not a rejection, and "not found" is no proof until the receive window and the lag of reads
 * have passed: until then the order is asked about and never sent again (requirements SAF-2, failure-catalogue I-05).
 */

import { type Micros, microsFromMillis, microsFromSeconds } from "../domain/units.ts";
import { ask, backedOff, type Desk, update } from "./desk.ts";
import { mayExecuteUntold, missedLots, needsList, type Order, provenFrom } from "./order.ts";
import { openLots, type Trade, toldLots, wakeBy } from "./trade.ts";

/** A look-up that found nothing must have happened at least this often before absence counts. */
const leastMisses = 2;

/** Orders whose executions are asked for at once: a position that was closed in slices may lack them of each (F-85). */
const fillsAskedMax = 16;

/** Look-ups of an order that something waits for are no further apart than twice the interval. */
const awaitedDoublings = 1;

export function settleDoubts(desk: Desk, trade: Trade, now: Micros): void {
  for (const order of trade.orders.values()) settle(desk, trade, order, now);
}

/** Whether anything of the trade is not proven: no new risk while this holds (failure-catalogue I-04). */
export function inDoubt(trade: Trade): boolean {
  if (lacksExecutions(trade)) return true;
  for (const { status } of trade.orders.values()) if (status.kind === "unknown") return true;
  return false;
}

/** Whether executions were told in sum and not yet one by one: what is open is not known to the lot. */
export function lacksExecutions(trade: Trade): boolean {
  for (const order of trade.orders.values()) if (missedLots(order) > 0) return true;
  return false;
}

/** Repeatedly not found, though not proven absent. */
export function isNotFound(order: Order): boolean {
  return order.status.kind === "unknown" && order.misses >= leastMisses;
}

/** Repeatedly not found, for as long as a proof takes where it was never seen: nothing to rely on, though not proven gone. */
export function isMissing(order: Order): boolean {
  return (order.seen || order.isUnfound) && isNotFound(order);
}

function settle(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  if (missedLots(order) > 0) return askForFills(desk, trade, order, now);
  const { status } = order;
  const overdue = 2 * microsFromMillis(desk.settings.venue.reply_timeout_ms);
  switch (status.kind) {
    case "sent":
      // The adapter answers each request; this is the second line, for an answer that never comes (failure-catalogue F-17).
      if (now < order.sentAt + overdue) return awaitAnswer(desk, trade, order, order.sentAt + overdue, now);
      return settle(desk, trade, update(desk, trade, order, { kind: "lost" }, now), now);
    case "cancelling":
      if (now < status.since + overdue) return askAgain(desk, trade, order, false, now);
      return settle(desk, trade, update(desk, trade, order, { kind: "cancel-failed" }, now), now);
    case "unknown":
      return askOrBury(desk, trade, order, provenFrom(order, status.since), now);
    case "triggered":
      return askOrBury(desk, trade, order, status.since, now);
    case "live":
      if (order.role === "e" && trade.seenLots > toldLots(trade)) return doubtSoon(desk, trade, order, now);
      // A market order ends at once: one that seems to live has ended without our hearing of it.
      if (order.service === "order" && order.price === null) askAgain(desk, trade, order, false, now);
      return;
    case "closed":
      return;
    default:
      throw new TypeError(`unhandled status ${status satisfies never}`);
  }
}

/** An entry that is silent for long may have filled: the account is read once before its fate is known (I-01). */
function awaitAnswer(desk: Desk, trade: Trade, order: Order, overdue: number, now: Micros): void {
  wakeBy(trade, overdue);
  if (order.role !== "e" || order.asks > 0) return;
  const silent = order.sentAt + microsFromMillis(desk.settings.protection.lookup_interval_ms);
  if (now < silent) return wakeBy(trade, silent);
  update(desk, trade, order, { kind: "asked" }, now);
  desk.emit({ kind: "query-account" });
}

/** More is open than the entry has told of: its report follows as a rule, and else it is lost, or somebody else's. */
function doubtSoon(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  const interval = microsFromMillis(desk.settings.protection.lookup_interval_ms);
  // What it has said since then is asked again after a wait that doubles: look-ups may lag, and take from the rate limits.
  const due = Math.max(trade.seenAt + interval, order.askedAt + Math.max(interval, order.askedAt - trade.seenAt));
  if (now < due) return wakeBy(trade, due);
  settle(desk, trade, update(desk, trade, order, { kind: "doubted" }, now), now);
}

/**
 * Absence is proven by a look-up that was made after the proof time, and not the only one that found nothing, once the lists,
 * which are served from elsewhere, had no trace of it either: answers that find nothing while nothing else can be read may
 * all be one replica's (I-05). Another stop does not wait for the lists (I-01).
 */
function askOrBury(desk: Desk, trade: Trade, order: Order, from: Micros, now: Micros): void {
  const proof = from + microsFromSeconds(desk.settings.protection.absence_proof_seconds);
  // A position that nobody else's entry explains is a trace of it: the history is asked before absence counts (F-19).
  const isTraced = order.role === "e" && trade.seenLots > openLots(trade) && now < proof + (proof - from);
  const isUnlisted = !needsList(order) || order.unlistedAt >= proof;
  const decisive = Math.max(proof, order.unlistedAt);
  if (order.misses >= leastMisses && order.missedAt >= decisive && !isTraced && isUnlisted) {
    update(desk, trade, order, { kind: "absent" }, now);
    // An entry leaves a trace in the position even where its own record cannot be read (failure-catalogue F-19).
    if (order.role === "e") desk.emit({ kind: "query-account" });
    return;
  }
  if (now < proof) wakeBy(trade, proof);
  else if (order.misses >= leastMisses && order.missedAt >= proof && !isUnlisted && !order.isUnfound) {
    return askOrBury(desk, trade, update(desk, trade, order, { kind: "unfound" }, now), from, now);
  } else if (order.askedAt < decisive) {
    ask(desk, trade, order, now);
    if (!isUnlisted) desk.emit({ kind: "query-account" });
  }
  askAgain(desk, trade, trade.orders.get(order.id) ?? order, now >= proof && !isUnlisted, now);
}

/**
 * An order that has just become unknown is asked about at once, then ever more seldom.
 *
 * @param isListOwed nothing but a list is lacking to the proof that it is gone
 */
function askAgain(desk: Desk, trade: Trade, order: Order, isListOwed: boolean, now: Micros): void {
  const next = order.status.kind === "unknown" && order.asks === 0 ? now : nextAsk(desk, trade, order);
  if (now < next) return wakeBy(trade, next);
  ask(desk, trade, order, now);
  // Positions are read from elsewhere than orders: where those lag, an entry shows as what it opened (F-19).
  // One that was seen before is read about at once as a rule, and only then more is asked.
  const isBlind = order.status.kind === "unknown" && (!order.seen || order.asks > 0);
  if ((order.role === "e" && isBlind) || isListOwed) desk.emit({ kind: "query-account" });
  wakeBy(trade, nextAsk(desk, trade, trade.orders.get(order.id) ?? order));
}

function askForFills(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  // The execution's own report may still be on its way: asked only after the interval.
  const next = nextAsk(desk, trade, order);
  if (now < next) return wakeBy(trade, next);
  const room = roomFrom(desk, trade, now);
  if (now < room) return wakeBy(trade, room);
  const asked = update(desk, trade, order, { kind: "asked" }, now);
  wakeBy(trade, nextAsk(desk, trade, asked));
  if (order.venueId === null) return;
  desk.emit({ kind: "query-fills", symbol: desk.instrument.index, clientOrderId: order.id, orderId: order.venueId });
}

/** From when the executions of another order may be asked for. */
function roomFrom(desk: Desk, trade: Trade, now: Micros): number {
  const interval = microsFromMillis(desk.settings.protection.lookup_interval_ms);
  const awaited = [...trade.orders.values()].filter(
    (order) => missedLots(order) > 0 && order.asks > 0 && now < order.askedAt + interval,
  );
  if (awaited.length < fillsAskedMax) return now;
  return Math.min(...awaited.map(({ askedAt }) => askedAt)) + interval;
}

function nextAsk(desk: Desk, trade: Trade, order: Order): number {
  const { askedAt, asks, misses, answeredAt } = order;
  const interval = microsFromMillis(desk.settings.protection.lookup_interval_ms);
  const waitMax = isAwaited(trade, order) ? awaitedDoublings : Number.POSITIVE_INFINITY;
  const next = askedAt + backedOff(interval, Math.min(asks - 1, waitMax));
  // Two answers of one moment may be of one replica.
  return misses === 1 ? Math.max(next, answeredAt + interval) : next;
}

/**
 * Whether something waits for what becomes of the order. Books that reads contradict follow them only once nothing of the
 * trade is in doubt, whatever it is (I-06); and the next close of a position that no stop covers waits for this one (I-01).
 */
function isAwaited({ contradiction, exposedSince }: Trade, order: Order): boolean {
  if (contradiction !== "none") return mayExecuteUntold(order);
  return order.role === "x" && order.status.kind === "unknown" && exposedSince !== null;
}
