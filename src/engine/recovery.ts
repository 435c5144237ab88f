/**
 * Putting a symbol back together from the exchange first and the journal second: what is found is wired up before
 * anything is created, and entries are only settled (design.md, Identity of orders; requirements REC-3;
 * failure-catalogue F-08, I-11).
 */

import { emptyLedger, type Ledger, withFill, withLots } from "../account/ledger.ts";
import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Journal, JournalFill, OpenTrade } from "../domain/journal.ts";
import { type Fill, roles, type Side, sign } from "../domain/order.ts";
import { parseOrderId, stopPathTrade, type TradeId, tradeIdFrom } from "../domain/order-id.ts";
import type { Command } from "../domain/output.ts";
import {
  addMoney,
  type Lots,
  lots,
  type Micros,
  micros,
  microsFromSeconds,
  microsPerMinute,
  microsPerSecond,
  type SignedLots,
  signedLots,
} from "../domain/units.ts";
import { knownLots, nearerStop } from "../execution/executions.ts";
import { isPlacedAnew, type Order, sentOrder, step } from "../execution/order.ts";
import { exitSide, newTrade, type Trade, type TradePlan } from "../execution/trade.ts";
import { cancelOf, type Found, orderFrom, oursOf } from "./found-orders.ts";
import { adoptedSource, planFor, planOfIntent, planOfResting } from "./recovered-plan.ts";

/** More than a trade can have tried of a role in its first moment, and in each second after it. */
const attemptsAtOnce = 4;
const attemptsPerSecond = 2;
/** Half of what an id has room for: a position that was left alone for a week is protected all the same. */
const attemptsMax = 500_000;

const microsPerDay = 1_440 * microsPerMinute;

/** The exchange shows no history that is older than this. @see binance-usdm.md §4.1 */
const historyMicros = 7 * microsPerDay;

export type Recovered = {
  /** null: the symbol is flat and nothing of ours may still surface */
  readonly trade: Trade | null;
  /** an earlier run was closing it, and what is open is what that run had open */
  readonly isClosing: boolean;
  /** orders of ours that belong to no position: cancelled */
  readonly leftovers: readonly Command[];
  /** cancels of what an ended trade left to somebody else's part of the position: until another stop covers it, they wait */
  readonly kept: readonly Command[];
  /** these orders themselves, and those of them that nothing is open for any more */
  readonly left: readonly Order[];
  /** trades of earlier runs that do not run any more, of whose end the journal knows nothing; oldest first */
  readonly past: readonly Trade[];
};

/** @param ended trades that are over: what rests of them is the protection of none of ours (I-08) */
export function recoverSymbol(
  instrument: Instrument,
  settings: Settings,
  snapshot: AccountSnapshot,
  journal: Journal,
  now: Micros,
  ended: ReadonlySet<TradeId> = new Set(),
): Recovered {
  const ours = oursOf(instrument, settings, snapshot);
  const proofs = ours.filter(({ parts }) => parts.trade === stopPathTrade(instrument.symbol));
  const open = new Set(journal.openTrades.map(({ intent }) => intent.trade));
  const left = ours.filter(({ parts }) => ended.has(parts.trade) && !open.has(parts.trade));
  const found = ours.filter((one) => !proofs.includes(one) && !left.includes(one));
  const { trade, isClosing, leftovers } = recoverFrom(instrument, settings, snapshot, journal, found, now);
  if (trade !== null && trade.unexplained !== null) trade.unexplained.readAt = snapshot.asOf;
  const past = pastTrades(instrument, settings, journal, trade?.plan.trade ?? null, now);
  const cancels = left.map(cancelOf);
  const [kept, others] = trade === null ? [[], cancels] : [cancels, []];
  return {
    trade,
    isClosing,
    leftovers: [...leftovers, ...others, ...proofs.map(cancelOf)],
    kept,
    left: left.map((one) => orderFrom(one, now)),
    past,
  };
}

/** Trades of the journal that do not run any more, of whose end it knows nothing; oldest first. */
export function pastTrades(
  instrument: Instrument,
  settings: Settings,
  journal: Journal,
  running: TradeId | null,
  now: Micros,
): readonly Trade[] {
  return journal.openTrades
    .filter(({ intent }) => intent.symbol === instrument.index && intent.trade !== running)
    .filter(({ intent }) => intent.time + historyMicros > now)
    .map((known) => pastTrade(settings, known));
}

/**
 * The trade in which a position is protected that was found beside one of ours, and that no read of the account explains yet.
 *
 * @param how it came about, as a part of its id
 */
export function tradeBeside(
  how: "turned" | "left",
  instrument: Instrument,
  settings: Settings,
  held: SignedLots,
  entryTicks: number,
  now: Micros,
): Trade {
  const side: Side = held > 0 ? "buy" : "sell";
  const id = tradeIdFrom(`${how}-${instrument.symbol}-${held}-${now}`);
  const trade = adoptedTrade(planFor(instrument, settings, id, side, held, entryTicks, [], null, now), [], null, now);
  restoreBooks(instrument, trade, settings.order_id_prefix, held, entryTicks, null, now);
  return trade;
}

/** What the journal knows of a trade; only the exchange's history can tell whether, and how, it ended. */
function pastTrade(settings: Settings, { intent, fills, stopLevel }: OpenTrade): Trade {
  const trade = newTrade(planOfIntent(settings, intent), true);
  trade.stopLevel = stopLevel ?? trade.stopLevel;
  leaveUnexplained(trade, signedLots(0), fills);
  return trade;
}

/** What is known of the executions may be a part: the history says (failure-catalogue F-07). */
function leaveUnexplained(trade: Trade, held: SignedLots, fills: readonly JournalFill[]): void {
  for (const known of fills) trade.executions.set(known.fill.tradeId, known);
  trade.unexplained = { lots: held, statedAt: 0, readAt: 0, enteredAt: 0, unbookedLots: 0, isSettled: false };
}

/** @param found what is ours, but for what proved the stop path: that never was the protection of anything */
function recoverFrom(
  instrument: Instrument,
  settings: Settings,
  snapshot: AccountSnapshot,
  journal: Journal,
  found: readonly Found[],
  now: Micros,
): Pick<Recovered, "trade" | "isClosing" | "leftovers"> {
  const position = snapshot.positions.find((row) => row.symbol === instrument.index);
  const held = position?.lots ?? signedLots(0);
  const open = journal.openTrades.filter((trade) => trade.intent.symbol === instrument.index);
  if (held === 0) return { ...recoverFlat(instrument, settings, found, open, now), isClosing: false };
  const side: Side = held > 0 ? "buy" : "sell";
  const entryTicks = position?.entryTicks ?? 0;
  const newest = open.findLast(({ intent }) => intent.side === side);
  const id = tradeOf(found, newest, side) ?? orphanId(instrument, held, entryTicks, snapshot.requestedAt);
  const own = found.filter(({ parts }) => parts.trade === id);
  const known = open.find(({ intent }) => intent.trade === id && intent.side === side) ?? null;
  const plan = planFor(instrument, settings, id, side, held, entryTicks, own, known, now);
  const trade = adoptedTrade(plan, own, known, now);
  restoreBooks(instrument, trade, settings.order_id_prefix, held, entryTicks, known, now);
  // Where more or less is open somebody else has had a hand in it, and may want the rest.
  const isClosing = known?.isClosing === true && knownLots(known.fills) === held;
  return { trade, isClosing, leftovers: found.filter(({ parts }) => parts.trade !== id).map(cancelOf) };
}

/** What a running core knows of trades of its own: one that the exchange contradicts, and those that were past already. */
export function journalOf(trades: readonly Trade[]): Journal {
  return { openTrades: trades.map(openTradeOf), session: null };
}

function openTradeOf({ plan, rules, stopLevel, takeProfit, secondTarget, entryTime, ...known }: Trade): OpenTrade {
  const { trade, decisionId, source, symbol, side, quantity, stopLoss } = plan;
  const intent = {
    kind: "intent",
    trade,
    decisionId,
    source,
    symbol,
    clientOrderId: "",
    side,
    quantity,
    stopLoss,
    takeProfit,
    secondTarget,
    exits: rules,
    decisionMidHalfTicks: plan.decisionMidHalfTicks,
    holdUntil: known.holdUntil,
    cooldownMicros: plan.cooldownMicros,
    time: entryTime ?? micros(plan.holdUntil - plan.holdMicros),
  } as const;
  return { intent, fills: [...known.executions.values()], stopLevel };
}

/**
 * Past trades that run, by what rests of them, or by executions that come to just what is open: reads lag, and the first
 * after the start may have shown as over what runs still, or a later one shows as open what is over. Each trade is booked
 * once (failure-catalogue I-07).
 */
export function namedIn(
  snapshot: AccountSnapshot,
  past: readonly Trade[],
  instrument: Instrument,
  settings: Settings,
): readonly Trade[] {
  const held = snapshot.positions.find(({ symbol }) => symbol === instrument.index)?.lots ?? 0;
  const isFlat = held === 0;
  // Beside a flat position only what may still open something is wired up again.
  const found = oursOf(instrument, settings, snapshot).filter(({ parts }) => !isFlat || parts.role === "e");
  const named = new Set(found.map(({ parts }) => parts.trade));
  return past.filter(
    (trade) => named.has(trade.plan.trade) || (!isFlat && knownLots(trade.executions.values()) === held),
  );
}

/** Flat: entries that still rest, or may still be on the wire, are watched until they are proven gone. */
function recoverFlat(
  instrument: Instrument,
  settings: Settings,
  found: readonly Found[],
  open: readonly OpenTrade[],
  now: Micros,
): Pick<Recovered, "trade" | "leftovers"> {
  const proof = microsFromSeconds(settings.protection.absence_proof_seconds);
  const { normal, scalp } = settings.trading;
  const worked = microsFromSeconds(Math.max(normal.entry_max_seconds, scalp.entry_max_seconds));
  const resting = found.find(({ parts, report }) => parts.role === "e" && report.kind === "order-report");
  // An entry of which executions are known has arrived, and flat means that what it opened is closed again.
  const intended = open.findLast(({ intent, fills }) =>
    resting === undefined
      ? intent.time + worked + proof > now && fills.length === 0
      : intent.trade === resting.parts.trade,
  );
  const plan =
    intended === undefined
      ? planOfResting(instrument, settings, resting, now)
      : planOfIntent(settings, intended.intent);
  if (plan === null) return { trade: null, leftovers: found.map(cancelOf) };
  const own = found.filter(({ parts }) => parts.trade === plan.trade);
  const trade = { ...adoptedTrade(plan, own, intended ?? null, now), isLevelGuessed: intended === undefined };
  // What it sent since may be open by now, and neither the journal's last rows nor a read that lags show it (I-01, F-19).
  trade.foundAt = now;
  const fills = intended?.fills ?? [];
  const untold = untoldLots(own, fills);
  leaveUnexplained(trade, untold, fills);
  if (trade.unexplained !== null) trade.unexplained.unbookedLots = Math.abs(untold);
  if (resting === undefined && intended !== undefined) watchLost(trade, intended.intent, now);
  return { trade, leftovers: found.filter(({ parts }) => parts.trade !== plan.trade).map(cancelOf) };
}

/**
 * Orders and positions are read apart: what a resting entry has filled, and no execution that the journal has explains,
 * may be younger than the flat position (failure-catalogue I-01).
 */
function untoldLots(own: readonly Found[], fills: readonly JournalFill[]): SignedLots {
  let sum = 0;
  for (const { parts, report } of own) {
    if (parts.role !== "e" || report.kind !== "order-report") continue;
    const told = fills.filter(({ clientOrderId }) => clientOrderId === report.clientOrderId);
    const known = told.reduce((known, { fill }) => known + fill.quantity, 0);
    sum += sign(report.side) * Math.max(0, report.filled - known);
  }
  return signedLots(sum);
}

/** An entry that left shortly before the end and is not to be seen: its fate is not known. */
function watchLost(trade: Trade, intent: OpenTrade["intent"], now: Micros): void {
  const { clientOrderId: id, side, quantity } = intent;
  const entry = sentOrder({ id, role: "e", attempt: 1, service: "order", side, quantity, price: null }, intent.time);
  trade.orders.set(id, step(entry, { kind: "lost" }, now));
}

function adoptedTrade(plan: TradePlan, own: readonly Found[], known: OpenTrade | null, now: Micros): Trade {
  const trade = newTrade(plan, true);
  for (const item of own) {
    const order = orderFrom(item, now);
    // What the position already contains is neither to be fetched again nor to be counted when it is told late.
    trade.orders.set(order.id, { ...order, applied: order.filled, inherited: order.filled });
    if (item.parts.role === "r" && order.price !== null)
      trade.stopLevel = nearerStop(plan.side, trade.stopLevel, order.price);
  }
  // An earlier life may have used ids that nothing shows any more. It cannot have tried more often than this.
  const elapsed = Math.ceil(Math.max(0, now - begunBy(known, now)) / microsPerSecond);
  const attempts = Math.min(attemptsAtOnce + attemptsPerSecond * elapsed, attemptsMax);
  for (const role of roles) trade.attempts.set(role, attempts);
  if (known === null || known.stopLevel === null) return trade;
  trade.stopLevel = nearerStop(plan.side, trade.stopLevel, known.stopLevel);
  return trade;
}

/** An orphan that is found again is the same trade for a day, as its id says: an earlier life began no sooner than that. */
function begunBy(known: OpenTrade | null, now: Micros): number {
  const day = Math.floor(now / microsPerDay) * microsPerDay;
  if (known === null) return day;
  return known.intent.source === adoptedSource ? Math.min(day, known.intent.time) : known.intent.time;
}

/**
 * Which trade a position belongs to: the journal's, else that of a stop that rests for it, else that of any other
 * reducing order. Where none rests, and the journal knows no execution, it is that of an entry that rests and has filled:
 * the row of its intent may be lost with the last moments, and an older one stand for it (I-08, F-37). Null when nothing
 * tells.
 */
function tradeOf(found: readonly Found[], known: OpenTrade | undefined, side: Side): TradeId | null {
  const reducing = found.filter(({ parts, report }) => parts.role !== "e" && report.side !== side);
  const filling = found.findLast((one) => isFilling(one, side))?.parts.trade;
  if (filling !== undefined && reducing.length === 0 && (known?.fills.length ?? 0) === 0) return filling;
  const id = known?.intent.trade;
  if (id !== undefined && (reducing.length === 0 || reducing.some(({ parts }) => parts.trade === id))) return id;
  const stop = reducing.findLast(({ parts }) => parts.role === "f" || parts.role === "r");
  return (stop ?? reducing.at(-1))?.parts.trade ?? null;
}

/**
 * Orders of ours that belong to another trade than those that run, or that a request which arrived twice placed anew when
 * they were over: nobody counts on them (I-23).
 */
export function straysBeside(
  running: readonly Trade[],
  instrument: Instrument,
  settings: Settings,
  snapshot: AccountSnapshot,
): readonly Found[] {
  return oursOf(instrument, settings, snapshot).filter(({ parts, report }) => {
    const own = running.find(({ plan }) => plan.trade === parts.trade);
    if (own === undefined || report.kind === "order-report") return own === undefined;
    const order = own.orders.get(report.clientAlgoId);
    return order !== undefined && isPlacedAnew(order, report.algoId);
  });
}

/** Whether a stop is all that covers what a trade has open, because the exchange has not taken the trade's own (I-01, F-54). */
export function isOnlyStop({ parts, report }: Found, trade: Trade): boolean {
  const isStop = report.kind === "algo-report" && (parts.role === "f" || parts.role === "r");
  return isStop && trade.exposedSince !== null && report.side === exitSide(trade);
}

function isFilling({ parts, report }: Found, side: Side): boolean {
  return parts.role === "e" && report.kind === "order-report" && report.side === side && report.filled > 0;
}

/**
 * A function of the facts, so that a second recovery of the same orphan gives the same trade (failure-catalogue F-37);
 * the day keeps apart orphans that happen to be alike.
 */
function orphanId(instrument: Instrument, held: SignedLots, entryTicks: number, at: Micros): TradeId {
  const day = Math.floor(at / microsPerDay);
  return tradeIdFrom(`orphan-${instrument.symbol}-${held}-${entryTicks}-${day}`);
}

/**
 * The journal's executions are the exact books when they explain the position; otherwise the position is taken as it is,
 * at the exchange's average, and its history is not invented (failure-catalogue F-78, F-80).
 */
function restoreBooks(
  instrument: Instrument,
  trade: Trade,
  prefix: string,
  held: SignedLots,
  entryTicks: number,
  known: OpenTrade | null,
  now: Micros,
): void {
  const fills = known?.fills ?? [];
  let ledger: Ledger = emptyLedger;
  for (const { side, fill } of fills) ledger = withFill(ledger, side, fill.price, fill.quantity);
  const exact = ledger.position === held;
  trade.ledger = exact ? ledger : adoptedLedger(held, entryTicks);
  for (const { clientOrderId, fill } of fills) {
    if (parseOrderId(clientOrderId, prefix)?.role === "t1") trade.firstTargetLots += fill.quantity;
    if (exact) restoreCosts(instrument, trade, fill);
  }
  trade.tradedLots = lots(trade.ledger.boughtLots + trade.ledger.soldLots);
  trade.entryTime = known?.intent.time ?? now;
  trade.foundAt = now;
  leaveUnexplained(trade, held, fills);
}

function restoreCosts(instrument: Instrument, trade: Trade, fill: Fill): void {
  if (fill.commission !== null && fill.commissionAsset === instrument.rules.quoteAsset) {
    trade.fees = addMoney(trade.fees, fill.commission);
  }
  if (fill.maker === true) trade.makerLots = lots(trade.makerLots + fill.quantity);
  if (fill.time > trade.lastFillTime) trade.lastFillTime = fill.time;
}

function adoptedLedger(held: SignedLots, entryTicks: number): Ledger {
  const quantity = size(held);
  return withLots(emptyLedger, held > 0 ? "buy" : "sell", quantity, Math.round(entryTicks * quantity));
}

function size(held: SignedLots): Lots {
  return lots(Math.abs(held));
}
