/** How an entry would be sent now: policy, gates and the second look of risk together, for whatever part is still wanted. */

import type { Evidence } from "../domain/decision.ts";
import { type Side, sign } from "../domain/order.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Lots, lots, type Micros, type Ticks } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import type { EntryBrief } from "./entry-work.ts";
import { entryGates } from "./gate.ts";
import { inDoubt } from "./lookup.ts";
import { latencyMillis, thinnerDepth } from "./market-view.ts";
import { planEntry, restingPrice } from "./policy/plan.ts";
import { type EntryPlan, type PolicyInput, zoneDistanceBps } from "./policy/policy.ts";
import { againstMarket } from "./policy/scalp.ts";
import { type EntryTerms, enteredLots, openLots, type Trade } from "./trade.ts";

/** An order that may leave now. */
export type Sending = { readonly quantity: Lots; readonly terms: EntryTerms };

export function policyInput({ market }: Desk, side: Side, brief: EntryBrief, stepBack: number): PolicyInput {
  return {
    side,
    bid: market.bid,
    ask: market.ask,
    zone: brief.zone,
    spreadBps: market.spreadBps,
    topDepth: thinnerDepth(market),
    latencyMs: latencyMillis(market),
    stepBack,
  };
}

/** Whether anything more may be entered for this trade at all: entries are only settled after a restart, never sent. */
export function mayGoOn(desk: Desk, trade: Trade, now: Micros): boolean {
  const { plan } = trade;
  if (trade.adopted || plan.entry === null || isUnwanted(desk, trade) || inDoubt(trade)) return false;
  if (now >= trade.holdUntil || now > plan.entry.workUntil) return false;
  // Once something was closed again, the stop or target has spoken: there is nothing left to enter for.
  return openLots(trade) === enteredLots(trade) && !stopPassed(desk, trade);
}

/** Whether nothing more is to be entered, whatever the reason. */
export function isUnwanted(desk: Desk, trade: Trade): boolean {
  return trade.entryWithdrawn || trade.closing !== null || !desk.mayEnter();
}

/** What the policy of the mode says now; null when it says wait, or its gates or risk are against it. */
export function replanned(desk: Desk, trade: Trade, brief: EntryBrief, now: Micros): Sending | null {
  const input = policyInput(desk, trade.plan.side, brief, trade.work.stepBack);
  const plan = planEntry(brief.mode, input, desk.settings.trading, desk.instrument);
  return sendingOf(desk, trade, brief, plan, input, now);
}

/** The rest as a market order, where the fail-safe (requirements EXE-8) or the limits of scalp mode (EXE-3) allow one. */
export function crossing(desk: Desk, trade: Trade, brief: EntryBrief, now: Micros): Sending | null {
  const input = policyInput(desk, trade.plan.side, brief, 0);
  const against = againstCrossing(desk, brief, input);
  if (against !== null) {
    tellHeldBack(desk, trade, brief, against);
    return null;
  }
  return sendingOf(desk, trade, brief, { kind: "market", reason: "FAIL_SAFE" }, input, now);
}

/** The order that a limit at this price may be now, gates and risk asked; null: none. */
export function limitAt(desk: Desk, trade: Trade, brief: EntryBrief, price: Ticks, now: Micros): Sending | null {
  const input = policyInput(desk, trade.plan.side, brief, 0);
  const timeInForce = desk.settings.trading[brief.mode].post_only ? "GTX" : "GTC";
  const resting = restingPrice(desk.instrument, trade.plan.side, price);
  const plan: EntryPlan = { kind: "limit", price: resting, timeInForce, reason: "JOIN_TOUCH" };
  return sendingOf(desk, trade, brief, plan, input, now);
}

export function termsOf(plan: Exclude<EntryPlan, { readonly kind: "wait" }>): EntryTerms {
  return plan.kind === "market"
    ? { type: "MARKET" }
    : { type: "LIMIT", price: plan.price, timeInForce: plan.timeInForce };
}

/** What an order takes from the book at once: a market order all of it, a limit order what it crosses. */
export function takingOf(side: Side, terms: EntryTerms, quantity: Lots, bid: Ticks, ask: Ticks): Lots | null {
  if (terms.type === "MARKET") return quantity;
  return (side === "buy" ? terms.price >= ask : terms.price <= bid) ? quantity : null;
}

function sendingOf(
  desk: Desk,
  trade: Trade,
  brief: EntryBrief,
  plan: EntryPlan,
  input: PolicyInput,
  now: Micros,
): Sending | null {
  if (plan.kind === "wait") {
    tellHeldBack(desk, trade, brief, plan);
    return null;
  }
  const { side } = trade.plan;
  const { bid, ask } = desk.market;
  const terms = termsOf(plan);
  const price = terms.type === "LIMIT" ? terms.price : side === "buy" ? ask : bid;
  const wanted = lots(Math.max(0, trade.plan.quantity - enteredLots(trade)));
  const allowed = wanted === 0 ? wanted : desk.recheck(trade, wanted, price, now);
  const quantity = terms.type === "MARKET" ? marketLots(desk, allowed) : limitLots(desk, allowed, price);
  if (quantity === null) return null;
  const taking = takingOf(side, terms, quantity, bid, ask);
  const { mode, confidence, edge } = brief;
  const gates = entryGates(
    { mode, side, confidence, edge, zoneDistanceBps: zoneDistanceBps(input), taking },
    desk.market,
    desk.settings.trading,
    now,
  );
  const failed = gates.find(({ verdict }) => verdict === "failed");
  if (failed === undefined) return { quantity, terms };
  const { gate: reason, measured, limit } = failed;
  tellHeldBack(desk, trade, brief, { reason, measured, limit });
  return null;
}

/** The first thing that stands against taking; null when nothing does. */
function againstCrossing(
  desk: Desk,
  { mode, confidence }: EntryBrief,
  input: PolicyInput,
): Evidence<BlockReason> | null {
  const { normal, scalp } = desk.settings.trading;
  switch (mode) {
    case "scalp":
      return againstMarket(input, scalp);
    case "normal": {
      const taken = input.side === "buy" ? input.ask : input.bid;
      const { min_confidence, max_spread_bps } = normal.fail_safe;
      if (input.zone !== null && (taken < input.zone.low || taken > input.zone.high)) {
        return { reason: "ZONE_TOO_FAR", measured: zoneDistanceBps(input), limit: 0 };
      }
      if (!(input.spreadBps <= max_spread_bps)) {
        return { reason: "SPREAD_ABNORMAL", measured: input.spreadBps, limit: max_spread_bps };
      }
      const isSure = confidence === null || confidence >= min_confidence;
      return isSure ? null : { reason: "LOW_CONFIDENCE", measured: confidence, limit: min_confidence };
    }
    default:
      throw new TypeError(`unhandled mode ${mode satisfies never}`);
  }
}

/** Largest quantity that the exchange takes as a market order, or null when it is below the minimum. */
function marketLots({ instrument, market }: Desk, rest: number): Lots | null {
  const quantity =
    Math.floor(Math.min(rest, instrument.marketMaxLots) / instrument.marketStepLots) * instrument.marketStepLots;
  const enough = quantity >= instrument.marketMinLots && quantity >= instrument.minLots;
  return enough && quantity * market.bid >= instrument.minNotional ? lots(quantity) : null;
}

function limitLots({ instrument }: Desk, rest: number, price: Ticks): Lots | null {
  const quantity = Math.floor(Math.min(rest, instrument.maxLots) / instrument.lotStep) * instrument.lotStep;
  return quantity >= instrument.minLots && quantity * price >= instrument.minNotional ? lots(quantity) : null;
}

function stopPassed({ market }: Desk, { plan }: Trade): boolean {
  if (market.bid <= 0 || market.ask <= 0) return true;
  const touch = plan.side === "buy" ? market.bid : market.ask;
  return (touch - plan.stopLoss) * sign(plan.side) <= 0;
}

function tellHeldBack(
  desk: Desk,
  trade: Trade,
  { mode }: EntryBrief,
  { reason, measured, limit }: Evidence<BlockReason>,
): void {
  desk.emit({
    kind: "notice",
    level: "info",
    code: mode === "scalp" ? "[SCALP] Held back: the rest of an entry" : "ENTRY_HELD_BACK",
    symbol: desk.instrument.index,
    fields: { trade: trade.plan.trade, reason, measured, limit },
  });
}
