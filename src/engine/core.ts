/**
 * The deterministic core: events and market calls in, outputs out. It reads no clock, awaits nothing, draws no random
 * number and touches no socket or file; time is what the events say (design.md, The one idea).
 */

import { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { DecisionSource } from "../decision/source.ts";
import { assert, InvariantError } from "../domain/assert.ts";
import type { AccountSnapshot, CommandOutcome, CoreEvent, SetUp } from "../domain/event.ts";
import { type Instrument, numberFromMoney, takeBounds } from "../domain/instrument.ts";
import { emptyJournal, type Journal } from "../domain/journal.ts";
import type { DepthLevels, MarketSink } from "../domain/market-port.ts";
import type { OrderReport } from "../domain/order.ts";
import { parseOrderId } from "../domain/order-id.ts";
import type { Output } from "../domain/output.ts";
import type { BlockReason, SafeModeReason } from "../domain/reason.ts";
import type { SessionState } from "../domain/session.ts";
import {
  type Lots,
  type Micros,
  type Money,
  microsFromMillis,
  microsFromSeconds,
  noMoney,
  type PriceE8,
  type SignedLots,
  type SymbolIndex,
  type Ticks,
} from "../domain/units.ts";
import { backedOff } from "../execution/desk.ts";
import { openLots, type Trade } from "../execution/trade.ts";
import type { Features } from "../market/features.ts";
import { equityOf } from "./equity.ts";
import { Reconciliation } from "./reconciliation.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { type CoreSummary, summarise } from "./summary.ts";
import { SymbolDesk } from "./symbol-desk.ts";

/** A leftover whose cancel did not work is looked for again after this long (failure-catalogue I-23, I-21). */
const leftoverMicros = microsFromSeconds(5);

export type CoreOptions = {
  readonly settings: Settings;
  readonly instruments: readonly Instrument[];
  /** the sources of one symbol, in order of priority */
  readonly sourcesFor: (instrument: Instrument, features: Features) => readonly DecisionSource[];
};

export class Core implements MarketSink {
  #settings: Settings;
  readonly #desks: readonly SymbolDesk[];
  readonly #account: Account;
  readonly #session: SessionKeeper;
  #journal: Journal = emptyJournal;
  readonly #blocked = new Map<BlockReason, number>();
  readonly #reconciliation: Reconciliation;
  #outputs: Output[] = [];
  #safeMode: { readonly reason: SafeModeReason; readonly detail: string } | null = null;
  #stopPolicy: "leave-protected" | "flatten" | null = null;
  #recovered = false;
  #reconcileAt = Number.POSITIVE_INFINITY;
  /** when the account was last asked for, and how often in a row in vain */
  #askedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** SAFE MODE has begun: entries that rest are cancelled at the next turn */
  #withdrawEntries = false;
  /** wallet or positions are new; they come one by one and fit each other only when all are here: the next turn measures */
  #measureEquity = false;
  #wakeAt = 0;
  /** books of what has just left, kept once it is on its way: an order does not wait for its own bookkeeping */
  #bookkeeping: (() => void) | null = null;

  constructor(options: CoreOptions) {
    this.#settings = options.settings;
    this.#account = new Account(options.instruments.length);
    const emit = (output: Output): void => {
      this.#outputs.push(output);
    };
    const equity = (): number | null => this.#equity();
    this.#session = new SessionKeeper({ settings: () => this.#settings, equity, emit });
    this.#reconciliation = new Reconciliation({
      settings: () => this.#settings,
      account: this.#account,
      emit,
      enterSafeMode: (reason, detail) => this.#enterSafeMode(reason, detail),
      readAgainBy: (at, now) => this.#reconcileBy(at, now),
      isFlattening: () => this.#stopPolicy === "flatten",
    });
    const floor = {
      account: this.#account,
      session: this.#session,
      emit,
      equity,
      enterSafeMode: (reason: SafeModeReason, detail: string) => this.#enterSafeMode(reason, detail),
      entriesOff: () => this.#entriesOff(),
      catchUp: () => this.#catchUp(),
      readAgainBy: (at: number, now: Micros) => this.#reconcileBy(at, now),
      afterwards: (bookkeeping: () => void) => {
        this.#catchUp();
        this.#bookkeeping = bookkeeping;
      },
      openPositions: () => this.#desks.filter((desk) => desk.manager.trade !== null).length,
      exposure: () => this.#desks.reduce((sum, desk) => sum + desk.exposure, 0),
    };
    this.#desks = options.instruments.map(
      (instrument) => new SymbolDesk(instrument, options.sourcesFor, options.settings, floor, this.#blocked),
    );
  }

  /** What the core asked for since the last call, in order. Hosts ask until there is nothing more. */
  takeOutputs(): readonly Output[] {
    if (this.#outputs.length === 0) this.#catchUp();
    const outputs = this.#outputs;
    if (outputs.length > 0) this.#outputs = [];
    return outputs;
  }

  /** Cheap, for hosts that ask after each market event. */
  get hasOutputs(): boolean {
    return this.#outputs.length > 0 || this.#bookkeeping !== null;
  }

  /** When the core wants a `timer` event; infinite when nothing waits. Microseconds. */
  nextDeadline(): number {
    return this.#wakeAt;
  }

  /** Whether the account has been read: before that, nothing is known of positions. */
  get isRecovered(): boolean {
    return this.#recovered;
  }

  get desks(): readonly SymbolDesk[] {
    return this.#desks;
  }

  get account(): Account {
    return this.#account;
  }

  get safeMode(): { readonly reason: SafeModeReason; readonly detail: string } | null {
    return this.#safeMode;
  }

  /** True once nothing of ours is open or pending: a stopping host may leave. Not before the account was read. */
  get isFlat(): boolean {
    return this.#recovered && this.#desks.every((desk) => desk.manager.trade === null);
  }

  /** True once no entry works and every open position has a live stop, or there is none. */
  get isAtRest(): boolean {
    if (!this.#recovered) return false;
    return this.#desks.every(({ manager: { trade } }) => {
      if (trade === null) return true;
      return trade.entryFinished && openLots(trade) !== 0 && trade.exposedSince === null && trade.closing === null;
    });
  }

  /** Positions of running trades, with the level of their stop and whether it is live. */
  openPositions(): readonly {
    readonly instrument: Instrument;
    readonly lots: SignedLots;
    readonly stopLoss: Ticks;
    readonly isProtected: boolean;
  }[] {
    return this.#desks.flatMap(({ instrument, manager: { trade } }) => {
      if (trade === null || openLots(trade) === 0) return [];
      const { position } = trade.ledger;
      return [{ instrument, lots: position, stopLoss: trade.plan.stopLoss, isProtected: trade.exposedSince === null }];
    });
  }

  /** Limits, halts and cooldowns as they stand; null before anything was to be remembered. */
  session(now: Micros): SessionState {
    return this.#session.stateAt(now);
  }

  /** Equity as limits measure it, quote asset; null when not known. */
  get equity(): number | null {
    return this.#equity();
  }

  /** Other settings from now on, between two events. What cannot change at run time is refused by the host. */
  reconfigure(settings: Settings, now: Micros): void {
    this.#settings = settings;
    for (const desk of this.#desks) desk.reconfigure(settings, now);
    this.#session.onSettings(now);
    this.#afterRisk(now);
    this.#schedule();
  }

  summary(): CoreSummary {
    return summarise(this.#desks, this.#blocked, this.#safeMode !== null);
  }

  handle(event: CoreEvent, now: Micros): void {
    this.#catchUp();
    switch (event.kind) {
      case "account-snapshot":
        this.#onSnapshot(event, now);
        break;
      case "order-report":
        this.#onReport(event.symbol, event.clientOrderId, changesPosition(event), now);
        this.#desk(event.symbol).manager.onOrderReport(event, now);
        break;
      case "algo-report":
        this.#onReport(event.symbol, event.clientAlgoId, false, now);
        this.#desk(event.symbol).manager.onAlgoReport(event, now);
        break;
      case "fills-report":
        this.#desk(event.symbol).manager.onFills(event, now);
        break;
      case "history-report":
        this.#desk(event.symbol).history.onReport(event, now);
        break;
      case "outcome":
        this.#onOutcome(event, now);
        break;
      case "fees":
        this.#account.onFees(event);
        break;
      case "wallet":
        this.#onWallet(event.wallet, event.transfer, now);
        break;
      case "funding":
        this.#desk(event.symbol).manager.onFunding(event.amount);
        break;
      case "set-up":
        this.#onSetUp(event.symbol, event);
        break;
      case "rules":
        takeBounds(this.#desk(event.symbol).instrument, event.rules);
        break;
      case "position-report":
        this.#account.onPosition(event);
        this.#measureEquity = true;
        this.#desk(event.symbol).manager.onPositionStated(event.lots, event.time, now);
        if (event.lots !== 0 && this.#desk(event.symbol).manager.trade === null) this.#reconcileBy(now, now);
        break;
      case "candle-history":
        this.#desk(event.symbol).market.loadCandles(event.candles);
        break;
      case "clock-offset":
        for (const desk of this.#desks) desk.market.setClockOffset(event.offset);
        break;
      case "private-stream":
        this.#onPrivateStream(event.alive, now);
        break;
      case "journal":
        assert(!this.#recovered, "the journal comes before the first account snapshot");
        this.#journal = event;
        this.#session.restore(event, now);
        for (const desk of this.#desks) desk.rememberBegun(event.begun ?? []);
        for (const model of event.models ?? []) this.#desk(model.symbol).models.restore(model);
        break;
      case "store-failed":
        this.#enterSafeMode("STORE_FAILED", event.message);
        break;
      case "model-output":
        this.#desk(event.symbol).models.onOutput(event, now);
        break;
      case "venue-unknown":
        this.#onVenueUnknown(event.what, event.detail);
        break;
      case "outside":
        this.#desk(event.symbol).tell(event, now);
        break;
      case "control":
        this.#session.onControl(event, now);
        break;
      case "stop-requested":
        this.#onStop(event.policy, now);
        break;
      case "timer":
        this.#onTimer(now);
        break;
      default:
        throw new TypeError(`unhandled event ${event satisfies never}`);
    }
    this.#afterRisk(now);
    this.#schedule();
  }

  onBookTicker(
    symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    const desk = this.#desk(symbol);
    desk.onBookTicker(updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
    this.#afterMarket(receivedAt);
  }

  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    const desk = this.#desk(symbol);
    desk.onSnapshot(levels, exchangeTime, receivedAt);
    this.#afterMarket(receivedAt);
  }

  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    const desk = this.#desk(symbol);
    desk.onDepth(levels, exchangeTime, receivedAt);
    this.#afterMarket(receivedAt);
  }

  onTrade(
    symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    const desk = this.#desk(symbol);
    desk.onTrade(tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    this.#afterMarket(receivedAt);
  }

  onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#desk(symbol).onMark(mark, fundingRate, nextFunding, exchangeTime, receivedAt);
    if (this.#measureEquity || this.#account.reportedLots(symbol) === 0) return;
    if (this.#settings.risk.session.equity !== "marked") return;
    this.#session.onEquity(receivedAt);
    this.#afterRisk(receivedAt);
    this.#afterMarket(receivedAt);
  }

  onGap(symbol: SymbolIndex, _receivedAt: Micros): void {
    this.#desk(symbol).onGap();
  }

  #afterMarket(now: Micros): void {
    if (this.#outputs.length > 0 || now >= this.#wakeAt) this.#schedule();
  }

  #schedule(): void {
    let wake = this.#withdrawEntries || this.#measureEquity ? 0 : Math.min(this.#reconcileAt, this.#session.wakeAt);
    for (const desk of this.#desks) wake = Math.min(wake, desk.wakeAt);
    this.#wakeAt = wake;
  }

  #onTimer(now: Micros): void {
    if (this.#measureEquity) this.#onEquity(now);
    if (this.#withdrawEntries) {
      this.#withdrawEntries = false;
      for (const { manager } of this.#desks) {
        if (this.#session.isFlattening) manager.close("RISK_LIMIT", now);
        else manager.cancelEntry(now);
      }
    }
    if (now >= this.#session.wakeAt) this.#session.onTime(now);
    for (const desk of this.#desks) desk.onTimer(now);
    if (now < this.#reconcileAt) return;
    this.#askedAt = now;
    this.#reconcileAt = now + microsFromSeconds(this.#settings.protection.reconcile_seconds);
    this.#outputs.push({ kind: "query-account" });
  }

  /** What limits ask for: entries that rest are withdrawn, everything is closed, and it is told when nothing is open. */
  #afterRisk(now: Micros): void {
    if (!this.#session.isHeld) return;
    if (this.#session.isFlattening && this.#recovered && this.isFlat && !this.#hasPositions())
      this.#session.onFlat(now);
    const acts = this.#session.isFlattening ? isClosable : isEntering;
    if (this.#desks.some(({ manager: { trade } }) => trade !== null && acts(trade))) this.#withdrawEntries = true;
  }

  #onEquity(now: Micros): void {
    this.#measureEquity = false;
    this.#session.onEquity(now);
    for (const { risk } of this.#desks) risk.onPosition(now);
  }

  #hasPositions(): boolean {
    return this.#desks.some(({ instrument }) => this.#account.reportedLots(instrument.index) !== 0);
  }

  #equity(): number | null {
    return equityOf(this.#account, this.#desks, this.#settings.risk.session.equity);
  }

  /** Nothing new is looked at before the books of what went before are kept. */
  #catchUp(): void {
    const bookkeeping = this.#bookkeeping;
    if (bookkeeping === null) return;
    this.#bookkeeping = null;
    bookkeeping();
    this.#schedule();
  }

  #desk(symbol: SymbolIndex): SymbolDesk {
    this.#catchUp();
    const desk = this.#desks[symbol];
    if (desk === undefined) throw new InvariantError(`no desk of symbol ${symbol}`);
    return desk;
  }

  #entriesOff(): BlockReason | null {
    if (this.#stopPolicy !== null) return "STOPPING";
    if (this.#safeMode !== null) return "SAFE_MODE";
    return this.#recovered ? null : "NOT_READY";
  }

  /** An order of ours that belongs to no running trade and fills, or may still, changes the account: it is read again. */
  #onReport(symbol: SymbolIndex, clientId: string, changes: boolean, now: Micros): void {
    const parts = parseOrderId(clientId, this.#settings.order_id_prefix);
    if (parts === null) return this.#notice("warn", "FOREIGN_ORDER", symbol, { order: clientId });
    const running = this.#desk(symbol).manager.trade?.plan.trade;
    if (changes && parts.trade !== running && parts.role === "e") this.#reconcileBy(now, now);
  }

  #onOutcome(event: CommandOutcome, now: Micros): void {
    const { command, outcome } = event;
    if (command.kind !== "query-account") {
      const { history, manager } = this.#desk(command.symbol);
      if (command.kind === "query-history") return history.onOutcome(outcome, now);
      if (isLeftoverUncertain(event, manager.trade)) this.#reconcileBy(now + leftoverMicros, now);
      return manager.onOutcome(command, outcome, now);
    }
    if (outcome.kind === "ok") this.#failures = 0;
    else {
      const interval = microsFromMillis(this.#settings.protection.lookup_interval_ms);
      this.#reconcileBy(now + backedOff(interval, this.#failures), now);
      this.#failures += 1;
    }
  }

  /** What the stream did not tell while it was away is asked for (failure-catalogue F-07). */
  #onPrivateStream(alive: boolean, now: Micros): void {
    if (!this.#account.onPrivateStream(alive, now)) return;
    for (const { manager } of this.#desks) manager.onReportsMissed(now);
    this.#reconcileBy(now, now);
  }

  /** Reads the account no later than `at`, and not more often than orders are looked up. */
  #reconcileBy(at: number, now: Micros): void {
    const soonest = this.#askedAt + microsFromMillis(this.#settings.protection.lookup_interval_ms);
    this.#reconcileAt = Math.min(this.#reconcileAt, Math.max(at, soonest, now));
  }

  #onSnapshot(snapshot: AccountSnapshot, now: Micros): void {
    if (!this.#account.onSnapshot(snapshot)) return;
    this.#reconcileAt = now + microsFromSeconds(this.#settings.protection.reconcile_seconds);
    for (const item of snapshot.foreign) this.#notice("warn", "FOREIGN", null, { item });
    for (const desk of this.#desks) {
      if (this.#recovered) this.#reconciliation.compare(desk, snapshot, now);
      else this.#reconciliation.recover(desk, snapshot, this.#journal, now);
    }
    this.#recovered = true;
    this.#onEquity(now);
    // Read before the private stream came to life: what happened in between is in neither.
    if (this.#account.isAlive && !this.#account.privateAlive) this.#reconcileBy(now, now);
  }

  /** A transfer is told to the session before the equity shows it: else it would be measured as profit or loss. */
  #onWallet(wallet: Money, transfer: Money, now: Micros): void {
    const isCounted = this.#account.wallet === wallet;
    if (transfer !== noMoney) this.#session.onTransfer(numberFromMoney(transfer), isCounted, now);
    this.#account.onWallet(wallet, now);
    this.#measureEquity = true;
  }

  /** Without a stop path nothing may be opened, on no symbol: what holds for one may hold for all (failure-catalogue F-12). */
  #onSetUp(symbol: SymbolIndex, setUp: SetUp): void {
    const desk = this.#desk(symbol);
    desk.onSetUp(setUp);
    if (setUp.state === "stop-refused") {
      this.#enterSafeMode("CANNOT_PROTECT", `no stop path for ${desk.instrument.symbol}: ${setUp.cause}`);
    }
  }

  #onVenueUnknown(what: "status" | "code" | "authority", detail: string): void {
    const reasons = { status: "UNKNOWN_STATUS", code: "UNKNOWN_CODE", authority: "AUTHORITY_LOST" } as const;
    this.#enterSafeMode(reasons[what], detail);
  }

  #onStop(policy: "leave-protected" | "flatten", now: Micros): void {
    this.#stopPolicy = policy;
    for (const desk of this.#desks) {
      desk.flushNoTrades(now);
      desk.models.save(now);
    }
    for (const { manager } of this.#desks) {
      if (policy === "flatten") manager.close("OPERATOR", now);
      else manager.cancelEntry(now);
    }
  }

  #enterSafeMode(reason: SafeModeReason, detail: string): void {
    if (this.#safeMode !== null) return;
    this.#safeMode = { reason, detail };
    this.#withdrawEntries = true;
    this.#outputs.push({ kind: "safe-mode", on: true, reason, detail });
  }

  #notice(
    level: "info" | "warn" | "error",
    code: string,
    symbol: SymbolIndex | null,
    fields: Readonly<Record<string, string | number | boolean | null>>,
  ): void {
    this.#outputs.push({ kind: "notice", level, code, symbol, fields });
  }
}

function isClosable({ closing }: Trade): boolean {
  return closing === null;
}

/** An entry that works, or would follow, and is not withdrawn yet. */
function isEntering({ entryFinished, entryWithdrawn }: Trade): boolean {
  return !entryFinished && !entryWithdrawn;
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

/** A cancelled entry of which nothing filled is told twice, by reply and by stream, and means nothing the second time. */
function changesPosition({ filled, status }: OrderReport): boolean {
  return filled > 0 || status === "NEW" || status === "PARTIALLY_FILLED";
}
