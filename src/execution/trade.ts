/** One trade: the plan that risk approved, the orders sent for it, and the exact books of what they did. */

import { averagePrice, emptyLedger, type Ledger, withFill } from "../account/ledger.ts";
import { assert } from "../domain/assert.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Fill, opposite, type Role, type Side, sign, type TimeInForce } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { ExitReason } from "../domain/reason.ts";
import {
  addMoney,
  type Lots,
  lots,
  type Micros,
  type Money,
  noLots,
  noMoney,
  type SymbolIndex,
  type Ticks,
} from "../domain/units.ts";
import { missedLots, type Order } from "./order.ts";

export type EntryTerms =
  | { readonly type: "MARKET" }
  | { readonly type: "LIMIT"; readonly price: Ticks; readonly timeInForce: TimeInForce };

/** What risk approved and execution planned. */
export type TradePlan = {
  readonly trade: TradeId;
  readonly decisionId: string;
  readonly source: string;
  readonly symbol: SymbolIndex;
  readonly side: Side;
  readonly quantity: Lots;
  readonly terms: EntryTerms;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks | null;
  /** end of the hold if the position were entered at once; it counts from the first fill */
  readonly holdUntil: Micros;
  readonly holdMicros: Micros;
  /** bid + ask at the decision; null when the trade was adopted without its decision */
  readonly decisionMidHalfTicks: number | null;
  readonly cooldownMicros: Micros;
};

/** A close that has begun. It ends with the position flat, however often it must be tried. */
export type Closing = { readonly reason: ExitReason; readonly since: Micros; attempts: number; nextAttemptAt: number };

export type Trade = {
  readonly plan: TradePlan;
  /** put together from what was found on the exchange: its entry is settled, never sent again */
  readonly adopted: boolean;
  readonly orders: Map<string, Order>;
  /** attempts that an earlier life of the trade made, per role: ids are never used twice */
  readonly attempts: Map<Role, number>;
  /** ids of the executions that were applied, so that none counts twice (failure-catalogue F-28) */
  readonly executions: Set<string>;
  ledger: Ledger;
  fees: Money;
  makerLots: Lots;
  tradedLots: Lots;
  /** the position is closed at this time at the latest (requirements EXE-6) */
  holdUntil: Micros;
  /** no further entry order will be sent and none may trade */
  entryFinished: boolean;
  /** the entry is to be given up: what works is cancelled, and nothing follows it */
  entryWithdrawn: boolean;
  entryTime: Micros | null;
  lastFillTime: Micros;
  lastExitRole: Role | null;
  /** since when there has been exposure without a live stop; null when covered or flat */
  exposedSince: Micros | null;
  closing: Closing | null;
  /** the target could not rest on the exchange, so the core watches the price itself */
  watchTarget: boolean;
  /** worst and best excursion of the exit side of the touch from the average entry, ticks */
  adverseTicks: number;
  favourableTicks: number;
  /** earliest time at which something must be done about this trade */
  wakeAt: number;
};

export function newTrade(plan: TradePlan, adopted = false): Trade {
  return {
    plan,
    adopted,
    orders: new Map(),
    attempts: new Map(),
    executions: new Set(),
    ledger: emptyLedger,
    fees: noMoney,
    makerLots: noLots,
    tradedLots: noLots,
    holdUntil: plan.holdUntil,
    entryFinished: false,
    entryWithdrawn: false,
    entryTime: null,
    lastFillTime: 0 as Micros,
    lastExitRole: null,
    exposedSince: null,
    closing: null,
    watchTarget: false,
    adverseTicks: 0,
    favourableTicks: 0,
    wakeAt: Number.POSITIVE_INFINITY,
  };
}

/** Open quantity in the direction of the trade; negative would mean that a close went too far. */
export function openLots(trade: Trade): number {
  return trade.ledger.position * sign(trade.plan.side);
}

/**
 * Open quantity as far as it is known, executions included that were told in sum and not yet one by one. This is what
 * protection covers and exits close.
 */
export function exposedLots(trade: Trade): number {
  let exposed = openLots(trade);
  for (const order of trade.orders.values()) exposed += order.role === "e" ? missedLots(order) : -missedLots(order);
  return exposed;
}

export function exitSide(trade: Trade): Side {
  return opposite(trade.plan.side);
}

export function ordersOf(trade: Trade, role: Role): readonly Order[] {
  return [...trade.orders.values()].filter((order) => order.role === role);
}

/** The newest order of a role, or null. */
export function lastOf(trade: Trade, role: Role): Order | null {
  let last: Order | null = null;
  for (const order of trade.orders.values()) {
    if (order.role === role && (last === null || order.attempt > last.attempt)) last = order;
  }
  return last;
}

export function averageEntry(trade: Trade): number | null {
  return averagePrice(trade.ledger, trade.plan.side);
}

/** Lots that entries bought (or sold), over all attempts. */
export function enteredLots(trade: Trade): Lots {
  return trade.plan.side === "buy" ? trade.ledger.boughtLots : trade.ledger.soldLots;
}

/**
 * Books one execution; false when it is known already.
 *
 * @param instrument for the asset in which profit is counted; a commission in another asset is not converted
 */
export function applyFill(trade: Trade, order: Order, fill: Fill, instrument: Instrument): boolean {
  if (trade.executions.has(fill.tradeId)) return false;
  trade.executions.add(fill.tradeId);
  trade.ledger = withFill(trade.ledger, order.side, fill.price, fill.quantity);
  trade.tradedLots = lots(trade.tradedLots + fill.quantity);
  if (fill.maker === true) trade.makerLots = lots(trade.makerLots + fill.quantity);
  if (fill.commission !== null && fill.commissionAsset === instrument.rules.quoteAsset) {
    trade.fees = addMoney(trade.fees, fill.commission);
  }
  if (order.role === "e") trade.entryTime ??= fill.time;
  else trade.lastExitRole = order.role;
  if (fill.time > trade.lastFillTime) trade.lastFillTime = fill.time;
  return true;
}

/** Wakes the trade no later than `at`. */
export function wakeBy(trade: Trade, at: number): void {
  assert(!Number.isNaN(at), "a wake-up needs a time");
  if (at < trade.wakeAt) trade.wakeAt = at;
}
