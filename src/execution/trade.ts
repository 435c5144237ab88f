/** One trade: the plan that risk approved, the orders sent for it, and the exact books of what they did. */

import { averagePrice, emptyLedger, type Ledger, withFill } from "../account/ledger.ts";
import { assert } from "../domain/assert.ts";
import type { ExitRules } from "../domain/exit-rules.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { JournalFill } from "../domain/journal.ts";
import { type Fill, opposite, type Role, type Side, sign, type TimeInForce } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { ExitReason } from "../domain/reason.ts";
import {
  addMoney,
  type Lots,
  lots,
  type Micros,
  type Money,
  micros,
  noLots,
  noMoney,
  type SignedLots,
  type SymbolIndex,
  signedLots,
  type Ticks,
} from "../domain/units.ts";
import { type EntryBrief, type EntryWork, newEntryWork } from "./entry-work.ts";
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
  /** how the entry is worked; null when the trade was adopted: its entry is settled, and none follows */
  readonly entry: EntryBrief | null;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks | null;
  /** the further of two targets; null: the one closes all */
  readonly secondTarget: Ticks | null;
  readonly exits: ExitRules;
  /** end of the hold if the position were entered at once; it counts from the first fill */
  readonly holdUntil: Micros;
  readonly holdMicros: Micros;
  /** bid + ask at the decision; null when the trade was adopted without its decision */
  readonly decisionMidHalfTicks: number | null;
  readonly cooldownMicros: Micros;
};

/** A close that has begun. It ends with the position flat, however often it must be tried. */
export type Closing = {
  readonly reason: ExitReason;
  readonly since: Micros;
  attempts: number;
  nextAttemptAt: number;
  /** a close was refused: targets of ours may reserve what it would close, and go first (failure-catalogue F-14) */
  clearsTargets: boolean;
  /** the least that the exchange has refused as more than one order may close; infinite: nothing */
  tooLarge: number;
};

/**
 * An adopted position whose executions are not all known. Its ledger stands at the exchange's average, and which of the
 * executions told since it contains already is a guess: what is open is what the exchange says, until the executions
 * explain it.
 */
export type Unexplained = {
  /** what the exchange says is open, and what was told since */
  lots: SignedLots;
  /** exchange time of that word: what was executed no later is in it; 0 when not known */
  statedAt: number;
  /** when the last read of it was asked for, by our own clock; 0 when none was */
  readAt: number;
  /** exchange time of the last sum that was added to it: no older word takes it away; 0 when none was */
  enteredAt: number;
  /** of these sums, lots that the ledger has not */
  unbookedLots: number;
  /** no more is asked: the books stay as they are, until something else asks for an explanation */
  isSettled: boolean;
};

/** What reads say against our books. `refuted`: nothing is open in the direction of the trade. */
export type Contradiction = "none" | "differs" | "refuted";

export type Trade = {
  readonly plan: TradePlan;
  /** put together from what was found on the exchange: its entry is settled, never sent again */
  readonly adopted: boolean;
  /** nothing is known of its stop but the price of an entry that rested: where it belongs, what is open will say */
  readonly isLevelGuessed: boolean;
  /** when it was found, on the exchange or in the journal of an earlier run; 0 where it was begun here */
  foundAt: number;
  readonly orders: Map<string, Order>;
  /** attempts that an earlier life of the trade made, per role: ids are never used twice */
  readonly attempts: Map<Role, number>;
  /** executions that are known one by one, by id, so that none counts twice (failure-catalogue F-28) */
  readonly executions: Map<string, JournalFill>;
  /** null: the ledger is the sum of the executions */
  unexplained: Unexplained | null;
  /** closes that were sent while that is so: what these fill the adopted position does not contain */
  readonly laterCloses: Set<string>;
  /** lots that the exchange says are open, in the direction of the trade, since the last execution; and since when */
  seenLots: number;
  seenAt: number;
  /** orders that were told to be over before the trade was taken over anew in the same run */
  readonly ended: Set<string>;
  /** of these, lots that somebody else has added: our stop covers them, and outlives the trade for them */
  othersLots: number;
  /** what reads say of our books again and again, and since the last execution */
  contradiction: Contradiction;
  /** the last word of the private stream: lots that are open, signed, and its exchange time; 0 before the first */
  statedLots: SignedLots;
  statedAt: number;
  /** since when the stop waits, beside flat books, for the exchange's word of what is left; null while it does not */
  flatSince: Micros | null;
  /** when the account was last asked for that word; 0 while it was not */
  flatAskedAt: number;
  ledger: Ledger;
  fees: Money;
  /** positive was received */
  funding: Money;
  makerLots: Lots;
  tradedLots: Lots;
  /** the position is closed at this time at the latest (requirements EXE-6) */
  holdUntil: Micros;
  /** and so long after the first fill: the plan's, or what was configured since (requirements CFG-4) */
  holdMicros: Micros;
  /** no further entry order will be sent and none may trade */
  entryFinished: boolean;
  /** the entry is to be given up: what works is cancelled, and nothing follows it */
  entryWithdrawn: boolean;
  readonly work: EntryWork;
  entryTime: Micros | null;
  /** bid + ask when the first entry order left; null when none did, or without a market */
  arrivalMidHalfTicks: number | null;
  lastFillTime: Micros;
  lastExitRole: Role | null;
  /** since when there has been exposure without a live stop; null when covered or flat */
  exposedSince: Micros | null;
  /** the exposure that people were told of while it was being closed */
  exposureTold: Micros | null;
  closing: Closing | null;
  /** the plan's, tightened by what was configured since (requirements CFG-4) */
  rules: ExitRules;
  /** where the position is left to limit the loss: the plan's stop, or nearer; it never goes back */
  stopLevel: Ticks;
  stopMoves: number;
  stopMovedAt: number;
  /** a nearer stop that waits until the interval of moves is over; null: none */
  wantedStop: { readonly level: number; readonly cause: "decision" | "risk" } | null;
  /** where the targets are: the plan's, or those of a newer decision (requirements DEC-6) */
  takeProfit: Ticks | null;
  secondTarget: Ticks | null;
  targetMoves: number;
  /** best price of the exit side of the touch while there was a position; 0 before */
  bestTicks: number;
  /** where break-even waits for the price; NaN when it does not */
  breakEvenLevel: number;
  /** average true range as last told, ticks; null when not known */
  atrTicks: number | null;
  /** lots that the first of two targets has closed */
  firstTargetLots: number;
  /** since when the price has been past the stop; null while it is not */
  pastStopSince: number | null;
  /** no stop rests at the level that the stop has moved to, so the core watches the price itself */
  watchStop: boolean;
  /** a target could not rest on the exchange, so the core watches the price itself */
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
    isLevelGuessed: false,
    foundAt: 0,
    orders: new Map(),
    attempts: new Map(),
    executions: new Map(),
    unexplained: null,
    laterCloses: new Set(),
    seenLots: 0,
    seenAt: 0,
    ended: new Set(),
    othersLots: 0,
    contradiction: "none",
    statedLots: signedLots(0),
    statedAt: 0,
    flatSince: null,
    flatAskedAt: 0,
    ledger: emptyLedger,
    fees: noMoney,
    funding: noMoney,
    makerLots: noLots,
    tradedLots: noLots,
    holdUntil: plan.holdUntil,
    holdMicros: plan.holdMicros,
    entryFinished: false,
    entryWithdrawn: false,
    work: newEntryWork(),
    entryTime: null,
    arrivalMidHalfTicks: null,
    lastFillTime: 0 as Micros,
    lastExitRole: null,
    exposedSince: null,
    exposureTold: null,
    closing: null,
    rules: plan.exits,
    stopLevel: plan.stopLoss,
    stopMoves: 0,
    stopMovedAt: Number.NEGATIVE_INFINITY,
    wantedStop: null,
    takeProfit: plan.takeProfit,
    secondTarget: plan.secondTarget,
    targetMoves: 0,
    bestTicks: 0,
    breakEvenLevel: Number.NaN,
    atrTicks: null,
    firstTargetLots: 0,
    pastStopSince: null,
    watchStop: false,
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
 * Open quantity as far as it is known. This is what protection covers and exits close. While an entry may fill, the
 * position itself counts too: the account's own report may come first, and the entry's a while later (I-01).
 */
export function exposedLots(trade: Trade): number {
  const told = toldLots(trade);
  return mayFill(trade) ? Math.max(told, trade.seenLots) : told;
}

/** Open quantity by our orders' own words, executions included that were told in sum and not yet one by one. */
export function toldLots(trade: Trade): number {
  const { unexplained } = trade;
  // Sums of executions say nothing here: the position that was adopted may contain them, those of later closes excepted.
  if (unexplained?.isSettled === false) {
    return Math.max(0, unexplained.lots * sign(trade.plan.side) - closingLots(trade));
  }
  let told = openLots(trade);
  for (const order of trade.orders.values()) told += order.role === "e" ? missedLots(order) : -missedLots(order);
  return told;
}

/** What closes of an adopted position have filled without its being told one by one yet. */
function closingLots({ orders, laterCloses }: Trade): number {
  let sum = 0;
  for (const id of laterCloses) {
    const order = orders.get(id);
    if (order !== undefined) sum += missedLots(order);
  }
  return sum;
}

/** Whether the position that was adopted may have what the order executed. */
export function mayContain({ unexplained, laterCloses }: Trade, order: string): boolean {
  return unexplained !== null && !laterCloses.has(order);
}

/** Whether something is open beside what was ours: the floor, if it was hit, has closed all of it. */
export function isLeftToOthers({ othersLots, lastExitRole }: Trade): boolean {
  return othersLots > 0 && lastExitRole !== "f";
}

/**
 * Whether the exchange says that there is nothing to protect or to close, against our books. What leaves now could do
 * nothing, and would be one more order in doubt that keeps the books from being put right (failure-catalogue I-06, F-27).
 */
export function isPointless(trade: Trade): boolean {
  if (trade.contradiction !== "refuted" || trade.seenLots > 0 || mayFill(trade)) return false;
  return toldLots(trade) === openLots(trade);
}

/** Whether an entry may still fill, or may have filled without our knowing: then the position says nothing of others. */
export function mayFill({ unexplained, orders }: Trade): boolean {
  if (unexplained?.isSettled === false) return false;
  for (const { role, status } of orders.values()) {
    if (role === "e" && status.kind !== "closed") return true;
  }
  return false;
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

/** What an execution must know of its order. Role null: somebody else's, which closed what is ours. */
export type Executing = Pick<Order, "id" | "side"> & { readonly role: Role | null };

/**
 * Books one execution; false when it is known already.
 *
 * @param instrument for the asset in which profit is counted; a commission in another asset is not converted
 */
export function applyFill(trade: Trade, order: Executing, fill: Fill, instrument: Instrument): boolean {
  if (trade.executions.has(fill.tradeId)) return false;
  trade.executions.set(fill.tradeId, { clientOrderId: order.id, side: order.side, fill });
  // What was seen before it is old now.
  trade.seenLots = 0;
  trade.contradiction = "none";
  trade.flatSince = null;
  const { unexplained } = trade;
  if (unexplained !== null) {
    const summed = summedLots(trade, order, fill);
    unexplained.unbookedLots = Math.max(0, unexplained.unbookedLots - summed);
    if (fill.time > unexplained.statedAt) {
      unexplained.lots = signedLots(unexplained.lots + sign(order.side) * (fill.quantity - summed));
    }
  }
  trade.ledger = withFill(trade.ledger, order.side, fill.price, fill.quantity);
  trade.tradedLots = lots(trade.tradedLots + fill.quantity);
  if (fill.maker === true) trade.makerLots = lots(trade.makerLots + fill.quantity);
  if (fill.commission !== null && fill.commissionAsset === instrument.rules.quoteAsset) {
    trade.fees = addMoney(trade.fees, fill.commission);
  }
  // A close of what was a person's part is taken back by a close to the other side: that enters, too.
  // The first of them may be told last, and what was paid for the position since then is the trade's (F-49).
  if (order.side === trade.plan.side) trade.entryTime = micros(Math.min(trade.entryTime ?? fill.time, fill.time));
  if (order.role !== "e") trade.lastExitRole = order.role;
  if (order.role === "t1") trade.firstTargetLots += fill.quantity;
  if (fill.time > trade.lastFillTime) trade.lastFillTime = fill.time;
  return true;
}

/** What of an entry's execution was counted when it was told in sum. */
function summedLots({ orders }: Trade, { id, role }: Executing, { quantity }: Fill): number {
  const order = orders.get(id);
  return role === "e" && order !== undefined ? Math.min(missedLots(order), quantity) : 0;
}

/** The word for a stop that was hit: the one that limits the loss, or one that had moved. */
export function stopReason({ stopLevel, plan }: Trade): "STOP_LOSS" | "TRAILING_STOP" {
  return stopLevel === plan.stopLoss ? "STOP_LOSS" : "TRAILING_STOP";
}

/** Wakes the trade no later than `at`. */
export function wakeBy(trade: Trade, at: number): void {
  assert(!Number.isNaN(at), "a wake-up needs a time");
  if (at < trade.wakeAt) trade.wakeAt = at;
}
