/** What follows an entry order that is over: nothing, or one more, never two (requirements EXE-4, EXE-8, ORD-6). */

import { meaningOf } from "../domain/error-policy.ts";
import { lots, type Micros } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { crossing, limitAt, mayGoOn, policyInput, replanned, type Sending } from "./entry-plan.ts";
import type { EntryBrief } from "./entry-work.ts";
import { filterFaultOf, type Mendable, mended } from "./mend.ts";
import type { Order } from "./order.ts";
import { joinedPrice } from "./policy/normal.ts";
import { enteredLots, type Trade } from "./trade.ts";

/** @returns null when the entry is over */
export function nextSending(desk: Desk, trade: Trade, entry: Order, now: Micros): Sending | null {
  const brief = trade.plan.entry;
  if (brief === null || entry.status.kind !== "closed" || !mayGoOn(desk, trade, now)) return null;
  if (enteredLots(trade) >= trade.plan.quantity) return null;
  switch (entry.status.reason) {
    case "refused":
      return afterRefusal(desk, trade, entry, brief, now);
    case "expired":
      // The older way in which a post-only order that would take ends (binance-usdm.md §3.1).
      return wasPostOnly(desk, entry, brief) && entry.filled === 0 ? steppedBack(desk, trade, brief, now) : null;
    case "cancelled":
      return afterCancel(desk, trade, entry, brief, now);
    case "filled":
    case "not-accepted":
    case "vanished":
      return null;
    default:
      throw new TypeError(`unhandled end ${entry.status.reason satisfies never}`);
  }
}

/** Whether so much of the plan has filled that the rest is not wanted any more. */
export function isEnough(desk: Desk, trade: Trade, brief: EntryBrief): boolean {
  const entered = enteredLots(trade);
  return entered > 0 && entered >= trade.plan.quantity * desk.settings.trading[brief.mode].partial_fill_min_ratio;
}

function afterCancel(desk: Desk, trade: Trade, entry: Order, brief: EntryBrief, now: Micros): Sending | null {
  const { ending, amendment } = trade.work;
  // Only a cancel of ours is followed by another order: who else cancelled did not want it filled.
  if (entry.cancels === 0) {
    const byAmendment = amendment?.order === entry.id && desk.settings.trading[brief.mode].post_only;
    return byAmendment ? steppedBack(desk, trade, brief, now) : null;
  }
  switch (ending) {
    case "replaced":
      return replanned(desk, trade, brief, now);
    case "chased":
      return rejoined(desk, trade, brief, now);
    case "timed-out":
      return entry.price === null || isEnough(desk, trade, brief) ? null : crossing(desk, trade, brief, now);
    case "given-up":
    case null:
      return null;
    default:
      throw new TypeError(`unhandled ending ${ending satisfies never}`);
  }
}

function afterRefusal(desk: Desk, trade: Trade, entry: Order, brief: EntryBrief, now: Micros): Sending | null {
  const { refusal } = entry;
  if (refusal === null) return null;
  if (meaningOf(refusal) === "would-take") return steppedBack(desk, trade, brief, now);
  return filterFaultOf(refusal) !== null ? mend(desk, trade, entry, refusal, brief, now) : null;
}

/** Once more, one tick farther from the other side, bounded as re-placing is. */
function steppedBack(desk: Desk, trade: Trade, brief: EntryBrief, now: Micros): Sending | null {
  const { work } = trade;
  if (work.replacements >= desk.settings.trading[brief.mode].replace_attempts) return null;
  work.replacements += 1;
  work.stepBack += 1;
  return replanned(desk, trade, brief, now);
}

function wasPostOnly(desk: Desk, entry: Order, brief: EntryBrief): boolean {
  return desk.settings.trading[brief.mode].post_only && entry.price !== null;
}

/** The end of a chase by cancel and replace: at the touch of now, if that is still inside the zone. */
function rejoined(desk: Desk, trade: Trade, brief: EntryBrief, now: Micros): Sending | null {
  const price = joinedPrice(policyInput(desk, trade.plan.side, brief, 0));
  return price === null ? null : limitAt(desk, trade, brief, price, now);
}

function mend(desk: Desk, trade: Trade, entry: Order, refusal: number, brief: EntryBrief, now: Micros): Sending | null {
  if (trade.work.isMended || entry.quantity === null) return null;
  trade.work.isMended = true;
  const again = replanned(desk, trade, brief, now);
  if (again === null) return null;
  const anew = again.terms.type === "LIMIT" ? again.terms.price : null;
  const { side, price } = entry;
  const quantity = lots(Math.min(entry.quantity, again.quantity));
  const better = mended({ side, quantity, price }, refusal, desk.instrument, anew);
  if (better === null || isTooSmall(desk, better)) return null;
  desk.emit({
    kind: "notice",
    level: "warn",
    code: "ORDER_MENDED",
    symbol: desk.instrument.index,
    fields: {
      order: entry.id,
      refusal,
      quantityLots: entry.quantity,
      quantityLotsNow: better.quantity,
      priceTicks: price,
      priceTicksNow: better.price,
    },
  });
  const timeInForce = desk.settings.trading[brief.mode].post_only ? "GTX" : "GTC";
  return {
    quantity: better.quantity,
    terms: better.price === null ? { type: "MARKET" } : { type: "LIMIT", price: better.price, timeInForce },
  };
}

function isTooSmall({ instrument, market }: Desk, { quantity, price }: Mendable): boolean {
  return quantity < instrument.minLots || quantity * (price ?? market.bid) < instrument.minNotional;
}
