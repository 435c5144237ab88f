/**
 * The life of an entry: time-out, partial fill, chase, re-placing, crossing, giving up, and the spread that widens while
 * it rests (requirements EXE-4, EXE-5, EXE-7, EXE-8). One order at a time: another leaves only once the last is proven
 * closed and its executions are booked (failure-catalogue I-03, F-29).
 */

import { meaningOf } from "../domain/error-policy.ts";
import type { Outcome } from "../domain/event.ts";
import type { AmendOrder } from "../domain/output.ts";
import { lots, type Micros, microsFromMillis, microsFromSeconds, type Ticks } from "../domain/units.ts";
import { amendOrder, cancel, type Desk, placeOrder, update } from "./desk.ts";
import { isEnough, nextSending } from "./entry-next.ts";
import { isUnwanted, limitAt, mayGoOn, policyInput, replanned, type Sending } from "./entry-plan.ts";
import { type Ending, type EntryBrief, unwatch } from "./entry-work.ts";
import { mayTrade, missedLots, type Order } from "./order.ts";
import { chaseBeyond, chasedPrice } from "./policy/normal.ts";
import { mirrored } from "./policy/policy.ts";
import { enteredLots, lastOf, type Trade, wakeBy } from "./trade.ts";

export function manageEntry(desk: Desk, trade: Trade, now: Micros): void {
  if (trade.entryFinished) return;
  unwatch(trade.work);
  const entry = lastOf(trade, "e");
  if (entry === null) {
    // Adopted with its position: whatever entered is over, and entries are only settled after a restart, never sent.
    trade.entryFinished = true;
    return;
  }
  if (mayTrade(entry)) return workOrder(desk, trade, entry, now);
  // How much the next attempt may buy is known only when every execution of this one is booked (failure-catalogue F-29).
  if (missedLots(entry) > 0) return;
  const next = nextSending(desk, trade, entry, now);
  if (next === null) {
    trade.entryFinished = true;
    return;
  }
  send(desk, trade, next, now);
}

/** Whether a quote has something to say to the working entry. Allocates nothing. */
export function isEntryMoved({ touch: { bid, ask } }: Desk, trade: Trade, now: Micros): boolean {
  const { watch } = trade.work;
  if (trade.entryFinished || bid <= 0 || ask <= 0) return false;
  if (((ask - bid) / (ask + bid)) * 20_000 > watch.spreadBps) return true;
  const own = trade.plan.side === "buy" ? bid : -ask;
  return now >= watch.chaseFrom && own > watch.chaseBeyond && own <= watch.chaseUntil;
}

/** The answer to an amendment. Refused or lost, the order is looked up, and from then on moved by cancel and replace. */
export function settleAmendment(
  desk: Desk,
  trade: Trade,
  order: Order,
  { price, quantity }: AmendOrder,
  outcome: Outcome,
  now: Micros,
): void {
  const { work } = trade;
  if (work.amendment?.order === order.id) work.amendment = null;
  const isApplied =
    outcome.kind === "ok" || (outcome.kind === "refused" && meaningOf(outcome.code) === "nothing-to-amend");
  if (isApplied) {
    work.pricedAt = now;
    update(desk, trade, order, { kind: "amended", price, quantity }, now);
    return;
  }
  work.amendsRefused = true;
  update(desk, trade, order, { kind: "doubted" }, now);
}

function send(desk: Desk, trade: Trade, { quantity, terms }: Sending, now: Micros): void {
  trade.work.ending = null;
  trade.work.amendment = null;
  placeOrder(desk, trade, "e", trade.plan.side, quantity, terms, now);
}

function workOrder(desk: Desk, trade: Trade, entry: Order, now: Micros): void {
  const { work } = trade;
  const brief = trade.plan.entry;
  if (isUnwanted(desk, trade) || (brief !== null && now > brief.workUntil)) work.ending = "given-up";
  else if (isSpreadWide(desk, brief)) cancelForSpread(desk, trade, entry);
  else if (work.amendment !== null) return awaitAmendment(desk, trade, entry, work.amendment.since, now);
  if (work.ending === null && now >= timeoutOf(desk, trade, entry)) timeOut(desk, trade, entry, now);
  else if (work.ending === null && entry.status.kind === "live" && brief !== null && !trade.adopted) {
    chase(desk, trade, entry, brief, now);
  }
  if (work.ending !== null) return cancel(desk, trade, entry, now);
  if (work.amendment !== null) return;
  wakeBy(
    trade,
    Math.min(timeoutOf(desk, trade, entry), brief === null ? Number.POSITIVE_INFINITY : brief.workUntil + 1),
  );
}

function timeoutOf({ settings: { trading } }: Desk, { plan, work }: Trade, entry: Order): number {
  const mode = plan.entry?.mode ?? trading.mode;
  return Math.max(entry.sentAt, work.pricedAt) + microsFromSeconds(trading[mode].order_timeout_seconds);
}

function timeOut(desk: Desk, trade: Trade, entry: Order, now: Micros): void {
  const { work, plan } = trade;
  const brief = plan.entry;
  work.ending = "given-up";
  if (brief === null || trade.adopted || entry.price === null || isEnough(desk, trade, brief)) return;
  const { on_timeout, replace_attempts } = desk.settings.trading[brief.mode];
  const mayReplace = work.replacements < replace_attempts && entry.status.kind === "live";
  if (on_timeout === "cross") work.ending = "timed-out";
  else if (on_timeout === "replace" && mayReplace) replace(desk, trade, entry, brief, now);
  if (brief.mode === "scalp" && trade.work.ending === "given-up") tellPoorFill(desk, trade, entry);
}

/** To where the policy wants it now; at the same price it keeps its place in the queue. */
function replace(desk: Desk, trade: Trade, entry: Order, brief: EntryBrief, now: Micros): void {
  trade.work.replacements += 1;
  const sending = mayGoOn(desk, trade, now) ? replanned(desk, trade, brief, now) : null;
  if (sending === null) return;
  if (sending.terms.type === "LIMIT" && sending.terms.price === entry.price) {
    trade.work.ending = null;
    trade.work.pricedAt = now;
    return;
  }
  move(desk, trade, entry, brief, sending, "replaced", now);
}

function chase(desk: Desk, trade: Trade, entry: Order, brief: EntryBrief, now: Micros): void {
  const { work } = trade;
  const { normal } = desk.settings.trading;
  if (brief.mode !== "normal" || entry.price === null || work.chases >= normal.chase.max_attempts) {
    return watchSpread(desk, trade, brief);
  }
  const from = Math.max(entry.sentAt, work.pricedAt) + microsFromSeconds(normal.chase.after_seconds);
  const price = now < from ? null : chasedPrice(policyInput(desk, trade.plan.side, brief, 0), entry.price, normal);
  if (price === null) return watchTouch(desk, trade, entry.price, brief, from, now);
  // Whatever stands against it is asked again only after the same time, not with every quote.
  const sending = mayGoOn(desk, trade, now) ? limitAt(desk, trade, brief, price, now) : null;
  if (sending === null) {
    return watchTouch(desk, trade, entry.price, brief, now + microsFromSeconds(normal.chase.after_seconds), now);
  }
  work.chases += 1;
  move(desk, trade, entry, brief, sending, "chased", now);
}

/** By one request where the exchange can, which is never without an order; else the old one is cancelled first. */
function move(
  desk: Desk,
  trade: Trade,
  entry: Order,
  brief: EntryBrief,
  { quantity, terms }: Sending,
  ending: Ending,
  now: Micros,
): void {
  const { work } = trade;
  const inPlace = desk.settings.trading[brief.mode].amend_in_place && !work.amendsRefused;
  if (!inPlace || terms.type !== "LIMIT" || entry.quantity === null) {
    work.ending = ending;
    return;
  }
  // A total that includes what has filled, and never more than was on the exchange: commitments only shrink (F-29).
  const total = lots(Math.min(entry.quantity, entry.filled + quantity));
  work.ending = null;
  work.amendment = { order: entry.id, price: terms.price, quantity: total, since: now };
  amendOrder(desk, trade, entry, terms.price, total, now);
}

/** The adapter answers each request; this is the second line, for an answer that never comes. */
function awaitAmendment(desk: Desk, trade: Trade, entry: Order, since: Micros, now: Micros): void {
  const overdue = since + 2 * microsFromMillis(desk.settings.venue.reply_timeout_ms);
  if (now < overdue) return wakeBy(trade, overdue);
  trade.work.amendment = null;
  trade.work.amendsRefused = true;
  update(desk, trade, entry, { kind: "doubted" }, now);
  wakeBy(trade, now);
}

function watchTouch(desk: Desk, trade: Trade, price: Ticks, brief: EntryBrief, from: number, now: Micros): void {
  const { watch } = trade.work;
  const { side } = trade.plan;
  watch.chaseFrom = from;
  watch.chaseBeyond = chaseBeyond(side, price, desk.settings.trading.normal);
  watch.chaseUntil = mirrored(policyInput(desk, side, brief, 0)).high;
  // From then on each quote is looked at.
  if (from > now) wakeBy(trade, from);
}

function watchSpread(desk: Desk, trade: Trade, brief: EntryBrief): void {
  const { scalp } = desk.settings.trading;
  if (brief.mode === "scalp" && scalp.cancel_on_spread_widening) trade.work.watch.spreadBps = scalp.spread_widen_bps;
}

function isSpreadWide({ market, settings }: Desk, brief: EntryBrief | null): boolean {
  const { scalp } = settings.trading;
  return brief?.mode === "scalp" && scalp.cancel_on_spread_widening && market.spreadBps > scalp.spread_widen_bps;
}

function cancelForSpread(desk: Desk, trade: Trade, entry: Order): void {
  if (trade.work.ending === "given-up") return;
  trade.work.ending = "given-up";
  desk.emit({
    kind: "notice",
    level: "info",
    code: "[SCALP] Cancelled: spread widened",
    symbol: desk.instrument.index,
    fields: {
      trade: trade.plan.trade,
      order: entry.id,
      measured: desk.market.spreadBps,
      limit: desk.settings.trading.scalp.spread_widen_bps,
    },
  });
}

function tellPoorFill(desk: Desk, trade: Trade, entry: Order): void {
  desk.emit({
    kind: "notice",
    level: "info",
    code: "[SCALP] Cancelled: poor fill",
    symbol: desk.instrument.index,
    fields: {
      trade: trade.plan.trade,
      order: entry.id,
      measured: enteredLots(trade) / trade.plan.quantity,
      limit: desk.settings.trading.scalp.partial_fill_min_ratio,
    },
  });
}
