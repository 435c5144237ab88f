/**
 * Asks the exchange what was really traded on a symbol, until the executions explain the books of the trade that runs and
 * the ends of those that an earlier run left without a summary (requirements REC-1, REC-3). It never stands before
 * protection: history only explains (failure-catalogue F-78).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { HistoryReport, Outcome } from "../domain/event.ts";
import { parseOrderId, type TradeId } from "../domain/order-id.ts";
import type { Notice, Output } from "../domain/output.ts";
import {
  type Micros,
  micros,
  microsFromMillis,
  microsFromSeconds,
  microsPerMinute,
  type SymbolIndex,
} from "../domain/units.ts";
import type { Trade } from "../execution/trade.ts";
import type { TradeManager } from "../execution/trade-manager.ts";
import { Patience } from "./patience.ts";

export type HistoryPorts = {
  readonly symbol: SymbolIndex;
  readonly settings: () => Settings;
  readonly account: Account;
  readonly manager: TradeManager;
  readonly emit: (output: Output) => void;
  /** the account is wanted again, no later than `at` */
  readonly readAgainBy: (at: number, now: Micros) => void;
};

/** An order of a trade may have been sent so long before the trade counts as begun, with its first execution. */
const entryMicrosMax = 60 * microsPerMinute;
/** The exchange shows no more than seven days at a time. @see binance-usdm.md §4.1 */
const shownMicros = 7 * 1_440 * microsPerMinute - microsPerMinute;
/** Executions of a symbol that are known to be in the books, the newest of them; one of somebody else is rare. */
const bookedMax = 4_000;

export class HistoryDesk {
  readonly #ports: HistoryPorts;
  #past: readonly Trade[] = [];
  /** ids of executions that are in the books of trades, of those that are over too */
  readonly #booked = new Set<string>();
  readonly #patience = new Patience();
  #isAwaited = false;
  #answeredAt = Number.NEGATIVE_INFINITY;
  /** Earliest time at which {@link onTimer} must be called; infinite when nothing waits. */
  wakeAt = Number.POSITIVE_INFINITY;

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Whether trades of an earlier run still wait for their end: until then nothing new is entered (I-04). */
  get isPending(): boolean {
    return this.#past.length > 0;
  }

  /** When the last answer came. */
  get answeredAt(): number {
    return this.#answeredAt;
  }

  /** Trades of an earlier run, of whose end nothing is known; oldest first. */
  get past(): readonly Trade[] {
    return this.#past;
  }

  isPast(trade: TradeId): boolean {
    return this.#past.some(({ plan }) => plan.trade === trade);
  }

  /** @param past trades of an earlier run, of whose end nothing is known: none of them is the one that runs */
  recover(past: readonly Trade[], now: Micros): void {
    for (const { executions } of past) this.remember(executions.keys());
    const running = this.#ports.manager.trade?.plan.trade;
    const all = [...this.#past, ...past.filter(({ plan }) => !this.isPast(plan.trade))];
    this.#past = all.filter(({ plan }) => plan.trade !== running);
    if (!this.#isExplained()) this.ask(now);
  }

  /** @param executions ids of what is in the books, older ones first */
  remember(executions: Iterable<string>): void {
    for (const id of executions) this.#booked.add(id);
    for (const oldest of this.#booked) {
      if (this.#booked.size <= bookedMax) return;
      this.#booked.delete(oldest);
    }
  }

  /** The books are contradicted. What is asked already is not asked again. */
  ask(now: Micros): void {
    if (Number.isFinite(this.wakeAt)) return;
    this.#patience.reset();
    this.#send(now);
  }

  /** When the oldest trade that waits for an explanation can have begun; null: longer ago than the exchange shows. */
  #since(now: Micros): Micros | null {
    const waiting = this.#ports.manager.trade;
    const trades = waiting === null || waiting.unexplained === null ? this.#past : [...this.#past, waiting];
    const begun = trades.map(({ plan }) => plan.holdUntil - plan.holdMicros);
    const since = Math.min(...begun, now) - entryMicrosMax;
    return since < now - shownMicros ? null : micros(since);
  }

  onReport(report: HistoryReport, now: Micros): void {
    const { account, manager, symbol } = this.#ports;
    this.#isAwaited = false;
    this.#answeredAt = now;
    const { trade: running } = manager;
    if (running !== null) {
      manager.onHistory(this.#unbooked(report), account.reportedLots(symbol), now);
      this.remember(running.executions.keys());
    }
    const named = this.#tradesIn(report);
    this.#past = this.#past.filter((trade) => !this.#isOver(trade, named, report, now));
    this.#goOn(now);
  }

  /** Fundings are known now: what waited for them is looked at again. */
  onLedger(now: Micros): void {
    if (!this.isPending || this.#isAwaited) return;
    this.#patience.reset();
    this.#send(now);
  }

  onOutcome(outcome: Outcome, now: Micros): void {
    if (outcome.kind === "ok" || !this.#isAwaited) return;
    this.#isAwaited = false;
    this.#goOn(now, outcome);
  }

  onTimer(now: Micros): void {
    if (now < this.wakeAt) return;
    // The adapter answers each request; this is the second line, for an answer that never comes.
    if (this.#isAwaited) this.onOutcome({ kind: "unknown", cause: "no answer" }, now);
    else this.#send(now);
  }

  /** What somebody else executed has happened to one trade: where one has it in its books, it explains no other (I-07). */
  #unbooked(report: HistoryReport): HistoryReport {
    const { order_id_prefix: prefix } = this.#ports.settings();
    const executions = report.executions.filter(
      ({ clientOrderId, fill }) => !this.#booked.has(fill.tradeId) || parseOrderId(clientOrderId, prefix) !== null,
    );
    return { ...report, executions };
  }

  #tradesIn(report: HistoryReport): ReadonlySet<TradeId> {
    const prefix = this.#ports.settings().order_id_prefix;
    const named = report.orders.map(({ clientOrderId }) => parseOrderId(clientOrderId, prefix)?.trade);
    return new Set(named.filter((trade) => trade !== undefined));
  }

  /** The journal may name thousands of entries that never filled: what nobody has heard of is not looked at in full. */
  #isOver(trade: Trade, named: ReadonlySet<TradeId>, report: HistoryReport, now: Micros): boolean {
    const { manager, settings } = this.#ports;
    const { holdUntil, holdMicros, trade: id } = trade.plan;
    const isHeardOf = named.has(id) || trade.executions.size > 0;
    if (isHeardOf) {
      const isClosed = manager.onPastTrade(trade, this.#unbooked(report), now);
      this.remember(trade.executions.keys());
      if (isClosed) return true;
    }
    // What had not executed when it was explained first may have done so since: it is then told, and not forgotten (I-08).
    const isUnsettled = trade.unexplained !== null || trade.executions.size > 0;
    if (isHeardOf && (isUnsettled || manager.isLedgerAwaited)) return false;
    // Reads lag: that nothing was traded is believed only as late as the absence of an entry (failure-catalogue I-05).
    return now > holdUntil - holdMicros + microsFromSeconds(settings().protection.absence_proof_seconds);
  }

  #isExplained(): boolean {
    return this.#past.length === 0 && this.#ports.manager.trade?.unexplained?.isSettled !== false;
  }

  #send(now: Micros): void {
    const { emit, settings, symbol } = this.#ports;
    this.#patience.onAsked();
    this.#isAwaited = true;
    this.wakeAt = now + 2 * microsFromMillis(settings().venue.reply_timeout_ms);
    const since = this.#since(now);
    emit({ kind: "query-history", symbol, ...(since === null ? {} : { since }) });
  }

  /** @param failure how the last question ended, where it brought no report */
  #goOn(now: Micros, failure: Outcome | null = null): void {
    const { settings, readAgainBy } = this.#ports;
    this.wakeAt = Number.POSITIVE_INFINITY;
    if (this.#isExplained() && failure === null) return;
    const wait = this.#patience.waitAfter(failure, microsFromMillis(settings().protection.lookup_interval_ms));
    if (this.#patience.isOver) return this.#giveUp(now);
    this.wakeAt = now + wait;
    // What the history is compared with may be what is wrong; a question that failed has compared nothing.
    if (failure === null) readAgainBy(now, now);
  }

  #giveUp(now: Micros): void {
    const { account, manager, symbol, readAgainBy } = this.#ports;
    for (const { plan } of this.#past) this.#notice({ trade: plan.trade, running: false });
    this.#past = [];
    if (manager.trade?.unexplained?.isSettled !== false) return;
    this.#notice({ trade: manager.trade.plan.trade, running: true });
    manager.settleBooks(account.reportedLots(symbol), account.entryTicks(symbol), now);
    // Nothing was compared with the exchange while the history was being asked (I-06).
    readAgainBy(now, now);
  }

  #notice(fields: Notice["fields"]): void {
    const { emit, symbol } = this.#ports;
    emit({ kind: "notice", level: "warn", code: "BOOKS_UNEXPLAINED", symbol, fields });
  }
}
