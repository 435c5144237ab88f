/**
 * The order manager of one symbol: at most one trade at a time, one-way. Reports, outcomes, quotes and deadlines move the
 * orders along; after each of them the same few duties run in the same order, so that what is missing is put right
 * whatever the way it went missing.
 */

import { assert } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import type { FillsReport, HistoryReport, IncomeRow, Outcome } from "../domain/event.ts";
import type { ExitRules } from "../domain/exit-rules.ts";
import type { AlgoReport, Fill, OrderReport } from "../domain/order.ts";
import type { Command, TradeRow } from "../domain/output.ts";
import type { ExitReason } from "../domain/reason.ts";
import {
  addMoney,
  type Micros,
  type Money,
  micros,
  microsFromMillis,
  noMoney,
  plus,
  type SignedLots,
  signedLots,
  type Ticks,
} from "../domain/units.ts";
import { cancel, type Desk, nextIdentity, placeOrder, update } from "./desk.ts";
import { isEntryMoved, manageEntry } from "./entry.ts";
import { isAlive, ownOrder, settle, takeHistory, tellExecution, tellPosition } from "./executions.ts";
import { beginClose, manageExit } from "./exit.ts";
import { tightenExits } from "./exit-rules.ts";
import { isAdverse, reactToPrice } from "./exit-watch.ts";
import { Fundings } from "./fundings.ts";
import { inDoubt, lacksExecutions, settleDoubts } from "./lookup.ts";
import { isBuried, mayExecuteUntold, mayTrade, type Order, remaining } from "./order.ts";
import { cancelBuried, compareWithList, takeTerms } from "./order-evidence.ts";
import { afterChange, clientIdOf, settleOutcome } from "./outcome.ts";
import {
  isLastWordAwaited,
  nearerThanGuessed,
  noteEntered,
  noteUnfilled,
  seePosition,
  statePosition,
} from "./position-evidence.ts";
import { manageProtection } from "./protection.ts";
import { manageStopLevel, tightenTo, trackPrice } from "./ratchet.ts";
import { tradeRow } from "./summary.ts";
import { moveTargets } from "./targets.ts";
import {
  applyFill,
  type Executing,
  enteredLots,
  isLeftToOthers,
  mayContain,
  newTrade,
  openLots,
  type Trade,
  type TradePlan,
  wakeBy,
} from "./trade.ts";

export type Counts = {
  entries: number;
  exits: number;
  fills: number;
  trades: number;
  netPnl: Money;
  unprotectedMicrosMax: number;
};

export class TradeManager {
  readonly #desk: Desk;
  #trade: Trade | null = null;
  #exposedSince: Micros | null = null;
  readonly #fundings = new Fundings();
  #isLedgerAwaited = false;
  readonly counts: Counts = {
    entries: 0,
    exits: 0,
    fills: 0,
    trades: 0,
    netPnl: noMoney,
    unprotectedMicrosMax: 0,
  };
  readonly #onClosed: (row: TradeRow | null, trade: Trade, now: Micros) => void;

  /** @param onClosed called once a trade is over, with its row, or null when nothing had filled */
  constructor(desk: Desk, onClosed: (row: TradeRow | null, trade: Trade, now: Micros) => void) {
    this.#desk = desk;
    this.#onClosed = onClosed;
  }

  get trade(): Trade | null {
    return this.#trade;
  }

  /** Earliest time at which {@link onTimer} must be called; infinite when nothing waits. */
  get wakeAt(): number {
    return this.#trade === null ? Number.POSITIVE_INFINITY : this.#trade.wakeAt;
  }

  /** Whether anything is unproven: no entry may leave while this holds (I-04). */
  get inDoubt(): boolean {
    return this.#trade !== null && inDoubt(this.#trade);
  }

  /** Whether an order is on the wire, in doubt or executing: the exchange's position may be ahead of our books. */
  get isMoving(): boolean {
    if (this.#trade === null) return false;
    return inDoubt(this.#trade) || [...this.#trade.orders.values()].some(mayExecuteUntold);
  }

  /** Lots that are open or may still be opened: position, live, unknown and in flight (F-11). */
  get committedLots(): number {
    const trade = this.#trade;
    if (trade === null) return 0;
    let sum = Math.abs(openLots(trade));
    for (const order of trade.orders.values()) {
      if (order.role === "e" && mayTrade(order)) sum += remaining(order);
    }
    return sum;
  }

  /** Starts the trade that risk approved. The intent stands before the order that it covers. */
  begin(plan: TradePlan, now: Micros): void {
    assert(this.#trade === null, "a trade is under way: another would bury it");
    const trade = newTrade(plan);
    this.#trade = trade;
    const entry = nextIdentity(this.#desk, trade, "e");
    const {
      trade: id,
      decisionId,
      source,
      symbol,
      side,
      quantity,
      stopLoss,
      takeProfit,
      secondTarget,
      exits,
      holdUntil,
      cooldownMicros,
    } = plan;
    this.#desk.emit({
      kind: "intent",
      trade: id,
      decisionId,
      source,
      symbol,
      clientOrderId: entry.id,
      side,
      quantity,
      stopLoss,
      takeProfit,
      secondTarget,
      exits,
      decisionMidHalfTicks: plan.decisionMidHalfTicks,
      holdUntil,
      cooldownMicros,
      time: now,
    });
    placeOrder(this.#desk, trade, "e", side, quantity, plan.terms, now, entry);
    // What follows from it is looked at once it is on its way.
    wakeBy(trade, now);
  }

  /** Takes over what recovery put together. Protection is the first thing that it may send. */
  adopt(trade: Trade, now: Micros): void {
    this.#trade = trade;
    // Before the rest of the entry is cancelled: a position that was found naked gets its stop first (I-11).
    manageProtection(this.#desk, trade, now);
    this.#manage(trade, now);
  }

  /** Lets go of a trade that the exchange contradicts; recovery takes its orders over. */
  abandon(): Trade | null {
    const trade = this.#trade;
    this.#trade = null;
    this.#exposedSince = null;
    return trade;
  }

  onOrderReport(report: OrderReport, now: Micros): void {
    const trade = this.#trade;
    const isKnown = trade?.orders.has(report.clientOrderId) === true;
    const order = trade === null ? null : ownOrder(this.#desk, trade, report, now);
    if (trade === null || order === null) return;
    // The cumulative amount orders the executions: what an adopted position contains is not counted again.
    if (report.fill !== null) this.#applyFill(trade, order, report.fill, report.filled <= order.inherited, now);
    const before = trade.orders.get(order.id) ?? order;
    const { status, filled, orderId } = report;
    const after = update(this.#desk, trade, before, { kind: "reported", status, filled, venueId: orderId }, now);
    // Of an order that nobody knew of, the position that was adopted has what it filled.
    if (isKnown) noteEntered(trade, before, after, report.time);
    afterChange(this.#desk, trade, before, after, now);
    if (report.source === "query") takeTerms(this.#desk, trade, after, report, now);
    if (after.role === "e" && isBuried(after) && isAlive(status)) cancelBuried(this.#desk, after);
    this.#manage(trade, now);
  }

  onAlgoReport(report: AlgoReport, now: Micros): void {
    const trade = this.#trade;
    const order = trade === null ? null : ownOrder(this.#desk, trade, report, now);
    if (trade === null || order === null) return;
    const { status, childOrderId: childId, algoId } = report;
    update(this.#desk, trade, order, { kind: "algo-reported", status, childId, algoId }, now);
    this.#manage(trade, now);
  }

  onFills(report: FillsReport, now: Micros): void {
    const trade = this.#trade;
    const order = trade?.orders.get(report.clientOrderId);
    if (trade === null || order === undefined) return;
    let cumulative = 0;
    for (const fill of report.fills) {
      cumulative += fill.quantity;
      // When it was read says nothing of whether the position that the exchange told last has it.
      const isAdopted = trade.unexplained?.isSettled === false && mayContain(trade, order.id);
      const isContained = cumulative <= order.inherited || isAdopted;
      this.#applyFill(trade, trade.orders.get(order.id) ?? order, fill, isContained, now);
    }
    this.#manage(trade, now);
  }

  /** @param reported position of the symbol as the exchange says */
  onHistory(report: HistoryReport, reported: SignedLots, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    this.#takeHistory(trade, report, reported, now);
    this.#manage(trade, now);
  }

  /** Where the stop of what is open belongs by the settings, whoever opened it. */
  levelFound(level: Ticks): void {
    if (this.#trade !== null) this.#trade = nearerThanGuessed(this.#trade, level);
  }

  /** The exchange says how much is open, as of its own `time`. */
  onPositionStated(lots: SignedLots, time: Micros, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    if (statePosition(this.#desk, trade, lots, time, now)) return this.#manage(trade, now);
    // The report of what opened it follows as a rule, and is missed only after a while.
    const { lookup_interval_ms } = this.#desk.settings.protection;
    if (trade.seenLots > openLots(trade)) wakeBy(trade, now + microsFromMillis(lookup_interval_ms));
  }

  /** A read of the account shows this position. @param asOf when it was asked for, by the exchange's clock */
  onPositionSeen(lots: SignedLots, asOf: Micros, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    seePosition(this.#desk, trade, lots, asOf, now);
    this.#manage(trade, now);
  }

  /**
   * A trade that ended with an earlier run, which kept no summary of it.
   *
   * @returns whether its executions come to a closed trade, which is told now
   */
  onPastTrade(trade: Trade, report: HistoryReport, now: Micros): boolean {
    this.#takeHistory(trade, report, signedLots(0), now);
    if (this.#isLedgerAwaited || trade.unexplained !== null) return false;
    if (enteredLots(trade) === 0 || openLots(trade) !== 0) return false;
    this.#onClosed(this.#tellClosed(trade), trade, now);
    return true;
  }

  /**
   * The history does not explain the books: they stay at the exchange's average.
   *
   * @param reported position of the symbol as the exchange says
   * @param averageTicks its average entry; 0 when not known
   */
  settleBooks(reported: SignedLots, averageTicks: number, now: Micros): void {
    const trade = this.#trade;
    if (trade === null || trade.unexplained === null) return;
    settle(this.#desk, trade, reported, averageTicks, now);
    this.#manage(trade, now);
  }

  /** Reports may have been lost: whatever counts as live is asked about (failure-catalogue F-07). */
  onReportsMissed(now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    for (const order of trade.orders.values()) update(this.#desk, trade, order, { kind: "doubted" }, now);
    this.#manage(trade, now);
  }

  /** The open orders of both services. @param requestedAt when they were asked for, by our own clock */
  onOpenOrders(ids: ReadonlySet<string>, requestedAt: Micros, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    compareWithList(this.#desk, trade, ids, requestedAt, now);
    this.#manage(trade, now);
  }

  onOutcome(command: Command, outcome: Outcome, now: Micros): void {
    const trade = this.#trade;
    const id = clientIdOf(command);
    const order = id === null ? undefined : trade?.orders.get(id);
    if (trade === null || order === undefined) return;
    settleOutcome(this.#desk, trade, order, command, outcome, now);
    this.#manage(trade, now);
  }

  /** A look-up that left at `askedAt` was answered too late for its time-out: the answer is as good as another (F-20). */
  onFoundNothing(clientOrderId: string, askedAt: Micros, now: Micros): void {
    const trade = this.#trade;
    const order = trade?.orders.get(clientOrderId);
    if (trade === null || order?.status.kind !== "unknown" || askedAt < order.status.since) return;
    update(this.#desk, trade, order, { kind: "missed", askedAt }, now);
    this.#manage(trade, now);
  }

  /** The touch moved. Allocates nothing unless something is due. */
  onQuote(now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    trackPrice(this.#desk, trade);
    if (reactToPrice(this.#desk, trade, now) || isEntryMoved(this.#desk, trade, now)) this.#manage(trade, now);
  }

  onTimer(now: Micros): void {
    const trade = this.#trade;
    if (trade !== null && now >= trade.wakeAt) this.#manage(trade, now);
  }

  /** Closes the position, and the entry if it still works. */
  close(reason: ExitReason, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    beginClose(this.#desk, trade, reason, now);
    this.#manage(trade, now);
  }

  /** A source wants to leave: followed only where the trade's rules say so (requirements EXE-10). */
  leave(now: Micros): void {
    if (this.#trade?.rules.leavesOnDecision === true) this.close("DECISION_EXIT", now);
  }

  /**
   * A nearer stop, from a newer decision or the risk manager (requirements EXE-11).
   *
   * @returns false when it is not nearer by the least step, would be hit at once, or waits for the interval of moves
   */
  tighten(stop: Ticks, cause: "decision" | "risk", now: Micros): boolean {
    const trade = this.#trade;
    if (trade === null || !tightenTo(this.#desk, trade, stop, cause, now)) return false;
    this.#manage(trade, now);
    return true;
  }

  /** Targets of a newer decision for the open side, the nearer first (requirements DEC-6). */
  retarget(levels: readonly Ticks[], now: Micros): void {
    const trade = this.#trade;
    if (trade !== null && moveTargets(this.#desk, trade, levels)) this.#manage(trade, now);
  }

  /** Other settings: an open trade takes from them what lets less be lost, and nothing else (requirements CFG-4). */
  tightenRules(rules: ExitRules, holdMicrosMax: Micros | null, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    if (holdMicrosMax !== null) trade.holdMicros = micros(Math.min(trade.holdMicros, holdMicrosMax));
    const holdUntil = holdMicrosMax === null ? Number.POSITIVE_INFINITY : (trade.entryTime ?? now) + holdMicrosMax;
    tightenExits(this.#desk, trade, rules, holdUntil, now);
    this.#manage(trade, now);
  }

  /** A one-minute candle has closed. @param atrTicks average true range with it; null when not known */
  onCandle(candle: Candle, atrTicks: number | null, now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    trade.atrTicks = atrTicks;
    if (trade.closing === null && isAdverse(trade, candle)) beginClose(this.#desk, trade, "ADVERSE_CANDLE", now);
    this.#manage(trade, now);
  }

  /** Funding of the symbol belongs to the position that was open then. @param amount positive was received */
  onFunding(amount: Money, time: Micros): void {
    this.#fundings.tell(amount, time);
    if (this.#trade !== null) this.#trade.funding = this.#fundings.of(this.#trade, Number.POSITIVE_INFINITY);
  }

  /** The exchange's ledger is being read: what a trade came to is known when it is here. */
  awaitLedger(): void {
    this.#isLedgerAwaited = true;
  }

  get isLedgerAwaited(): boolean {
    return this.#isLedgerAwaited;
  }

  /** What the ledger has of the symbol; nothing where it cannot be read. */
  onLedger(rows: readonly IncomeRow[], now: Micros): void {
    this.#isLedgerAwaited = false;
    this.#fundings.read(rows);
    if (this.#trade === null) return;
    this.#trade.funding = this.#fundings.of(this.#trade, Number.POSITIVE_INFINITY);
    this.#manage(this.#trade, now);
  }

  /** Cancels what would still open; what has filled stays protected. */
  cancelEntry(now: Micros): void {
    const trade = this.#trade;
    if (trade === null) return;
    trade.entryWithdrawn = true;
    this.#manage(trade, now);
  }

  #takeHistory(trade: Trade, report: HistoryReport, reported: SignedLots, now: Micros): void {
    const tell = (order: Executing, fill: Fill): void => {
      this.#applyFill(trade, trade.orders.get(order.id) ?? order, fill, mayContain(trade, order.id), now);
    };
    takeHistory(this.#desk, trade, report, reported, tell, now);
  }

  /** @param isContained the adopted position has it already: it is known from now on, and changes nothing */
  #applyFill(trade: Trade, order: Order | Executing, fill: Fill, isContained: boolean, now: Micros): void {
    if (trade.executions.has(fill.tradeId)) return;
    const wasFlat = openLots(trade) === 0;
    if (isContained) trade.executions.set(fill.tradeId, { clientOrderId: order.id, side: order.side, fill });
    else applyFill(trade, order, fill, this.#desk.instrument);
    if ("inherited" in order && (!isContained || order.inherited === 0)) {
      const after = update(this.#desk, trade, order, { kind: "executed", quantity: fill.quantity }, now);
      if (isContained) noteEntered(trade, order, after, fill.time);
    }
    this.counts.fills += 1;
    const open = openLots(trade);
    if (wasFlat && open > 0 && order.role === "e" && trade.tradedLots === fill.quantity) {
      this.counts.entries += 1;
      trade.holdUntil = plus(now, trade.holdMicros);
    }
    tellExecution(this.#desk, trade.plan.trade, order, fill);
    if (!isContained) tellPosition(this.#desk, trade);
  }

  #manage(trade: Trade, now: Micros): void {
    trade.wakeAt = Number.POSITIVE_INFINITY;
    settleDoubts(this.#desk, trade, now);
    manageEntry(this.#desk, trade, now);
    manageStopLevel(this.#desk, trade, now);
    manageProtection(this.#desk, trade, now);
    manageExit(this.#desk, trade, now);
    this.#measureExposure(trade, now);
    this.#finish(trade, now);
  }

  /** Naked time: from the first knowledge of exposure until a stop is live or the position is gone (I-01). */
  #measureExposure(trade: Trade, now: Micros): void {
    if (this.#exposedSince !== null && trade.exposedSince !== this.#exposedSince) {
      this.counts.unprotectedMicrosMax = Math.max(this.counts.unprotectedMicrosMax, now - this.#exposedSince);
    }
    this.#exposedSince = trade.exposedSince;
  }

  #finish(trade: Trade, now: Micros): void {
    // Whether it is over, and with what, is known once its executions are.
    if (trade.unexplained?.isSettled === false) return;
    if (!trade.entryFinished || openLots(trade) !== 0 || lacksExecutions(trade)) return;
    noteUnfilled(trade);
    const rests = [...trade.orders.values()].some(isRestingStop);
    const isAwaited = rests && isLastWordAwaited(trade, this.#desk, now);
    const isKept = isAwaited || isLeftToOthers(trade);
    let pending = isAwaited;
    for (const order of trade.orders.values()) {
      if (!mayTrade(order) || (isKept && isRestingStop(order))) continue;
      pending = true;
      cancel(this.#desk, trade, order, now);
    }
    if (pending) {
      settleDoubts(this.#desk, trade, now);
      return;
    }
    if (this.#isLedgerAwaited && enteredLots(trade) > 0) return;
    this.#trade = null;
    this.#onClosed(enteredLots(trade) === 0 ? null : this.#tellClosed(trade), trade, now);
  }

  /** It counts in the run that tells it, whenever it ended: so counts are those of the rows in the journal. */
  #tellClosed(trade: Trade): TradeRow {
    trade.funding = this.#fundings.of(trade, trade.lastFillTime);
    const row = tradeRow(this.#desk, trade);
    this.counts.exits += 1;
    this.counts.trades += 1;
    this.counts.netPnl = addMoney(this.counts.netPnl, row.netPnl);
    this.#desk.emit(row);
    return row;
  }
}

/** It covers the whole position, whoever's a part of it is (failure-catalogue F-27). */
function isRestingStop({ role, status }: Order): boolean {
  return (role === "f" || role === "r") && status.kind === "live";
}
