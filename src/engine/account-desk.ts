/**
 * What the exchange says of the account as a whole: when it is asked, what is taken over at the start, and how each later
 * answer is compared with our books (requirements REC-1, REC-2).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot, CommandOutcome, CoreEvent } from "../domain/event.ts";
import { emptyJournal, type Journal } from "../domain/journal.ts";
import { type AlgoReport, type OrderReport, sign } from "../domain/order.ts";
import { type OrderIdParts, parseOrderId, stopPathTrade, type TradeId } from "../domain/order-id.ts";
import type { Output } from "../domain/output.ts";
import { type Micros, microsFromSeconds, type SymbolIndex } from "../domain/units.ts";
import { isPlacedAnew } from "../execution/order.ts";
import { openLots, type Trade } from "../execution/trade.ts";
import { AccountReads } from "./account-reads.ts";
import { ForeignOrders } from "./foreign-orders.ts";
import type { Modes } from "./modes.ts";
import { OwnerWatch } from "./owner-watch.ts";
import { passNotice } from "./pass-summary.ts";
import { Reconciliation } from "./reconciliation.ts";
import type { SymbolDesk } from "./symbol-desk.ts";
import { UnownedExecutions } from "./unowned-executions.ts";

/** A leftover whose cancel did not work is looked for again after this long (failure-catalogue I-23, I-21). */
const leftoverMicros = microsFromSeconds(5);
/** The stream's word of a position comes just after that of the execution: it has the account read by itself. */
const statedMicros = microsFromSeconds(1);

type Stated = Extract<CoreEvent, { readonly kind: "position-report" }>;

export type AccountDeskPorts = {
  readonly settings: () => Settings;
  readonly account: Account;
  readonly modes: Modes;
  readonly desks: () => readonly SymbolDesk[];
  readonly emit: (output: Output) => void;
  /** what was put out and not taken yet */
  readonly outputs: () => readonly Output[];
  /** a trade that is taken over has a position */
  readonly onExecuted: (trade: TradeId, now: Micros) => void;
  /** a reconciliation found nothing wrong in what it read after `requestedAt` */
  readonly onCleanPass: (requestedAt: Micros, now: Micros) => void;
};

export class AccountDesk {
  readonly #ports: AccountDeskPorts;
  readonly #reads: AccountReads;
  readonly #reconciliation: Reconciliation;
  readonly #foreignOrders: ForeignOrders;
  readonly #unownedExecutions: UnownedExecutions;
  #journal: Journal = emptyJournal;
  readonly #owners: OwnerWatch;
  /** when the account was first read */
  #recoveredAt = Number.POSITIVE_INFINITY;
  /** reads in a row that were not understood */
  #unproven = 0;

  constructor(ports: AccountDeskPorts) {
    const { settings, account, modes, emit } = ports;
    this.#ports = ports;
    this.#reads = new AccountReads(settings);
    this.#owners = new OwnerWatch(settings);
    this.#foreignOrders = new ForeignOrders(settings, emit);
    this.#unownedExecutions = new UnownedExecutions(settings, account);
    this.#reconciliation = new Reconciliation({
      settings,
      account,
      emit,
      enterSafeMode: (reason, detail, now) => modes.enter(reason, detail, now),
      readAgainBy: (at, now) => this.#reads.by(at, now),
      onAdopted: (trade, now) => {
        this.#owners.know(trade.plan.trade);
        if (openLots(trade) !== 0) ports.onExecuted(trade.plan.trade, now);
      },
      isFlattening: () => modes.stopPolicy === "flatten",
    });
  }

  /** Whether the account has been read: before that, nothing is known of positions. */
  get isRecovered(): boolean {
    return this.#recoveredAt !== Number.POSITIVE_INFINITY;
  }

  /** Whether what is open of the symbol is somebody else's, and was left alone. */
  isLeftAlone(symbol: SymbolIndex): boolean {
    return this.#reconciliation.isLeftAlone(symbol);
  }

  /**
   * Whether a stop rests that may protect nothing any more, which would close an entry, or something may be open that no
   * trade explains.
   */
  isUnsettled(symbol: SymbolIndex, now: Micros): boolean {
    return this.#reconciliation.isKeepingStop(symbol, now) || this.#unownedExecutions.isUnsettled(symbol);
  }

  /** Whether something of the symbol is open, or may be, that no trade holds yet and that is not left alone. */
  mayHoldMore({ instrument: { index }, manager, history }: SymbolDesk, now: Micros): boolean {
    if (manager.trade !== null) return false;
    if (!this.isRecovered) return true;
    if (this.#ports.account.reportedLots(index) !== 0 && !this.isLeftAlone(index)) return true;
    return this.isUnsettled(index, now) || (history.isPending && this.#reconciliation.isEarly(now));
  }

  /** When {@link onTimer} is due. */
  get wakeAt(): number {
    return this.#reads.dueAt;
  }

  /** What earlier runs knew. It comes before the first read. */
  remember(journal: Journal): void {
    this.#journal = journal;
    for (const { intent } of journal.openTrades) this.#owners.know(intent.trade);
    for (const trade of journal.begun ?? []) this.#owners.know(trade);
  }

  /** The account is wanted no later than `at`. */
  readBy(at: number, now: Micros): void {
    this.#reads.by(at, now);
  }

  onTimer(now: Micros): void {
    if (now < this.#reads.dueAt) return;
    this.#reads.onAsked(now);
    this.#ports.emit({ kind: "query-account" });
  }

  /** An order of ours that belongs to no running trade and fills, or may still, changes the account: it is read again. */
  onReport(desk: SymbolDesk, report: OrderReport | AlgoReport, now: Micros): void {
    const order = report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId;
    const parts = parseOrderId(order, this.#ports.settings().order_id_prefix);
    if (parts === null) {
      const fields = { order };
      const symbol = desk.instrument.index;
      // Somebody closed what was ours, or the exchange did: a trade that runs must not be looked after for a minute more.
      // What was opened beside none lies bare, and the stream's own word of it may be late (I-01, F-27).
      if (report.kind === "order-report" && report.filled > 0) {
        this.#unownedExecutions.onExecuted(report, now);
        this.#reads.by(desk.manager.trade === null ? now + statedMicros : now, now);
      }
      return this.#ports.emit({ kind: "notice", level: "warn", code: "FOREIGN_ORDER", symbol, fields });
    }
    this.#reconciliation.onReport(desk, report, now);
    if (isLeftBehind(desk, parts, report)) this.#reads.by(now + leftoverMicros, now);
    if (this.#owners.isOthers(desk, parts, report, this.#recoveredAt, now)) {
      this.#ports.modes.enter("ANOTHER_DAEMON", `${order} has our prefix, and this daemon did not send it`, now);
    }
    const changes = report.kind === "order-report" && changesPosition(report);
    const running = desk.manager.trade?.plan.trade;
    if (!changes || parts.trade === running || parts.role !== "e") return;
    if (report.filled > 0) this.#unownedExecutions.onExecuted(report, now);
    this.#reads.by(now, now);
  }

  /** Where the stop of what was found belongs, now that more of it may be known. */
  levelFound(desk: SymbolDesk): void {
    this.#reconciliation.levelFound(desk);
  }

  /** No trade of ours explains it, or it stands against the running one's direction: nothing of ours protects it. */
  onPosition(desk: SymbolDesk, { lots, time }: Stated, now: Micros): void {
    const side = desk.manager.trade?.plan.side;
    const isExplained = lots === 0 || (side !== undefined && Math.sign(lots) === sign(side));
    this.#reconciliation.onPositionStated(desk, lots, time, now);
    if (this.isRecovered) this.#reconciliation.tellUnexplained(desk, lots, time, now);
    if (!isExplained) this.#reads.by(now, now);
  }

  /** How a command ended that a symbol's desk looks after: a leftover may need another look at the account. */
  onOutcome(event: CommandOutcome, trade: Trade | null, now: Micros): void {
    if (isLeftoverUncertain(event, trade)) this.#reads.by(now + leftoverMicros, now);
  }

  onReadOutcome({ outcome }: CommandOutcome, now: Micros): void {
    this.#reads.onOutcome(outcome, now);
  }

  /** Once is a race of two reads; again and again is an account that nothing may be opened on. */
  onUnproven(cause: string, now: Micros): void {
    const { settings, modes } = this.#ports;
    this.#unproven += 1;
    if (this.#unproven >= settings().safe_mode.inconsistent_reads) modes.enter("INCONSISTENT_ACCOUNT", cause, now);
  }

  /** What the stream did not tell while it was away is asked for (failure-catalogue F-07). */
  onPrivateStream(alive: boolean, now: Micros): void {
    if (!this.#ports.account.onPrivateStream(alive, now)) return;
    for (const { turned } of this.#ports.desks()) turned.onReportsMissed(now);
    for (const { manager } of this.#ports.desks()) manager.onReportsMissed(now);
    this.#reads.by(now, now, "reconnect");
  }

  /** @param measure called once the read is compared: equity may be another */
  onSnapshot(snapshot: AccountSnapshot, measure: (now: Micros) => void, now: Micros): void {
    const { account, desks, emit, onCleanPass, outputs, settings } = this.#ports;
    const lag = microsFromSeconds(settings().protection.absence_proof_seconds);
    if (!account.onSnapshot(snapshot, lag)) return;
    const cause = this.#reads.onRead(snapshot.requestedAt, now);
    if (account.disputedUntil !== null) this.#reads.by(account.disputedUntil, now);
    this.#unproven = 0;
    const before = outputs().length;
    for (const desk of desks()) {
      if (this.isRecovered) this.#reconciliation.compare(desk, snapshot, now);
      else this.#reconciliation.recover(desk, snapshot, this.#journal, now);
    }
    this.#recoveredAt = Math.min(this.#recoveredAt, now);
    const next = this.#unownedExecutions.nextRead(snapshot.requestedAt, now);
    if (next !== null) this.#reads.by(next, now);
    const tally = this.#reconciliation.takeTally();
    tally.foreign += this.#foreignOrders.look(snapshot);
    measure(now);
    const isClean = account.privateAlive && desks().every((desk) => this.#isClean(desk));
    emit(passNotice(cause, tally, outputs().slice(before), isClean));
    if (isClean) onCleanPass(snapshot.requestedAt, now);
    // Read before the private stream came to life: what happened in between is in neither.
    if (account.isAlive && !account.privateAlive) this.#reads.by(now, now);
  }

  /**
   * The exchange and our books agree, nothing is in doubt, and what is open is protected and can be. Where nothing is open
   * a symbol need not be set up: one that is closed for days holds back no others (failure-catalogue F-58, I-21).
   */
  #isClean({ instrument, manager, turned, history, setUp, isStopRefused }: SymbolDesk): boolean {
    const { trade } = manager;
    if (isStopRefused || history.isPending || turned.trade !== null) return false;
    if (this.#ports.account.reportedLots(instrument.index) !== (trade?.ledger.position ?? 0)) return false;
    if (trade === null) return true;
    if (setUp !== "proven") return false;
    const { exposedSince, closing, unexplained } = trade;
    return exposedSince === null && closing === null && unexplained?.isSettled !== false && !manager.inDoubt;
  }
}

/**
 * The cancel of an order that no running trade looks after: lost or refused, also as unknown (failure-catalogue F-03),
 * only another look at the account tells.
 */
function isLeftoverUncertain({ command, outcome }: CommandOutcome, trade: Trade | null): boolean {
  if (outcome.kind === "ok") return false;
  if (command.kind === "cancel-order") return trade?.orders.has(command.clientOrderId) !== true;
  return command.kind === "cancel-algo" && trade?.orders.has(command.clientAlgoId) !== true;
}

/**
 * A conditional order rests that neither trade looks after: a request that arrived once more placed it anew when it, or all
 * of its trade, was over (failure-catalogue F-28, I-23). Proofs of the stop path are the adapter's.
 */
function isLeftBehind(
  { instrument, manager, turned }: SymbolDesk,
  { trade }: OrderIdParts,
  report: OrderReport | AlgoReport,
): boolean {
  if (report.kind !== "algo-report" || report.status !== "NEW") return false;
  const running = [manager.trade, turned.trade].find((one) => one?.plan.trade === trade);
  if (running === undefined || running === null) return trade !== stopPathTrade(instrument.symbol);
  const order = running.orders.get(report.clientAlgoId);
  return order !== undefined && isPlacedAnew(order, report.algoId);
}

/** A cancelled entry of which nothing filled is told twice, by reply and by stream, and means nothing the second time. */
function changesPosition({ filled, status }: OrderReport): boolean {
  return filled > 0 || status === "NEW" || status === "PARTIALLY_FILLED";
}
