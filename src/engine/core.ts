/**
 * The deterministic core: events and market calls in, outputs out. It reads no clock, awaits nothing, draws no random
 * number and touches no socket or file; time is what the events say (design.md, The one idea).
 */

import { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import type { DecisionSource } from "../decision/source.ts";
import { assert, InvariantError } from "../domain/assert.ts";
import type { Evidence } from "../domain/decision.ts";
import type { AccountSnapshot, CommandOutcome, CoreEvent, SetUp } from "../domain/event.ts";
import { type Instrument, takeBounds } from "../domain/instrument.ts";
import type { DepthLevels, MarketSink } from "../domain/market-port.ts";
import type { Output } from "../domain/output.ts";
import type { BlockReason, SafeModeReason } from "../domain/reason.ts";
import type { SessionState } from "../domain/session.ts";
import {
  type Lots,
  type Micros,
  microsPerMillisecond,
  type PriceE8,
  type SymbolIndex,
  type Ticks,
} from "../domain/units.ts";
import type { Features } from "../market/features.ts";
import { AccountDesk } from "./account-desk.ts";
import { EntryHolds } from "./entry-holds.ts";
import { equityOf, openProfitOf } from "./equity.ts";
import { LedgerDesk } from "./ledger-desk.ts";
import { LimitWatch } from "./limit-watch.ts";
import { Modes, type SafeModeView, type StopPolicy } from "./modes.ts";
import { areAtRest, areFlat, type OpenPosition, openPositionsOf } from "./open-positions.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { type CoreSummary, summarise } from "./summary.ts";
import { SymbolDesk } from "./symbol-desk.ts";

const unknownReasons = { status: "UNKNOWN_STATUS", code: "UNKNOWN_CODE", authority: "AUTHORITY_LOST" } as const;

export type CoreOptions = {
  readonly settings: Settings;
  readonly instruments: readonly Instrument[];
  /** the sources of one symbol, in order of priority */
  readonly sourcesFor: (instrument: Instrument, features: Features) => readonly DecisionSource[];
};

const notReady: Evidence<BlockReason> = { reason: "NOT_READY", measured: null, limit: null };

export class Core implements MarketSink {
  #settings: Settings;
  readonly #desks: readonly SymbolDesk[];
  readonly #account: Account;
  readonly #session: SessionKeeper;
  readonly #blocked = new Map<BlockReason, number>();
  #outputs: Output[] = [];
  readonly #modes: Modes;
  readonly #accountDesk: AccountDesk;
  readonly #limits: LimitWatch;
  readonly #ledger: LedgerDesk;
  readonly #holds: EntryHolds;
  #wakeAt = 0;
  /** books of what has just left, kept once it is on its way: an order does not wait for its own bookkeeping */
  #bookkeeping: (() => void) | null = null;

  constructor(options: CoreOptions) {
    this.#settings = options.settings;
    this.#account = new Account(options.instruments.length);
    const emit = (output: Output): void => {
      this.#outputs.push(output);
    };
    const equity = (): number | null => this.equity;
    const enterSafeMode = (reason: SafeModeReason, detail: string, now: Micros): void =>
      this.#modes.enter(reason, detail, now);
    this.#modes = new Modes({
      settings: () => this.#settings,
      emit,
      withdrawEntries: () => this.#limits.withdrawEntries(),
    });
    this.#session = new SessionKeeper({
      settings: () => this.#settings,
      equity,
      isUnexplained: () => this.#ledger.isUnexplained,
      givenUpTo: () => this.#ledger.givenUpTo,
      emit,
    });
    this.#limits = new LimitWatch({
      account: this.#account,
      session: this.#session,
      desks: () => this.#desks,
      isUnexplained: () => this.#ledger.isUnexplained,
      knowsWhatIsOpen: (now) => this.knowsWhatIsOpen(now),
    });
    this.#ledger = new LedgerDesk({
      settings: () => this.#settings,
      account: this.#account,
      session: this.#session,
      desks: () => this.#desks,
      emit,
      readAgainBy: (at, now) => this.#accountDesk.readBy(at, now),
      measure: (now) => this.#limits.measure(now),
    });
    this.#accountDesk = new AccountDesk({
      settings: () => this.#settings,
      account: this.#account,
      modes: this.#modes,
      desks: () => this.#desks,
      emit,
      outputs: () => this.#outputs,
      onExecuted: (trade, now) => this.#session.onExecuted(trade, now),
      onCleanPass: (requestedAt, now) => {
        this.#holds.onCleanPass(requestedAt);
        this.#modes.onCleanPass(requestedAt, now);
      },
    });
    this.#holds = new EntryHolds({ emit, readAccount: (now) => this.#accountDesk.readBy(now, now) });
    const floor = {
      account: this.#account,
      session: this.#session,
      emit,
      equity,
      markedEquity: () => equityOf(this.#account, this.#desks, "marked"),
      enterSafeMode,
      entriesOff: () => this.#entriesOff(),
      mayHoldMore: (desk: SymbolDesk, now: Micros) => this.#accountDesk.mayHoldMore(desk, now),
      heldBack: (symbol: SymbolIndex, now: Micros) =>
        this.#accountDesk.isUnsettled(symbol, now) ? notReady : this.#holds.against(symbol, now),
      catchUp: () => this.#catchUp(),
      readAgainBy: (at: number, now: Micros) => this.#accountDesk.readBy(at, now),
      afterwards: (bookkeeping: () => void) => {
        this.#catchUp();
        this.#bookkeeping = bookkeeping;
      },
      openPositions: () => this.#desks.filter((desk) => this.#isTaken(desk)).length,
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
    return this.#accountDesk.isRecovered;
  }

  get desks(): readonly SymbolDesk[] {
    return this.#desks;
  }

  get account(): Account {
    return this.#account;
  }

  /** Null while it is off. */
  get safeMode(): SafeModeView | null {
    return this.#modes.safeMode;
  }

  /** Whether the account was read, and nothing is open, or may be, that no trade holds yet and that is not left alone. */
  knowsWhatIsOpen(now: Micros): boolean {
    return !this.#desks.some((desk) => this.#accountDesk.mayHoldMore(desk, now));
  }

  /** True once nothing of ours is open or pending: a stopping host may leave. */
  isFlat(now: Micros): boolean {
    return areFlat(this.#desks) && this.knowsWhatIsOpen(now);
  }

  /** True once no entry works and every open position has a live stop, or there is none. */
  isAtRest(now: Micros): boolean {
    return areAtRest(this.#desks) && this.knowsWhatIsOpen(now);
  }

  /** Positions of running trades, with the level of their stop and whether it is live. */
  openPositions(): readonly OpenPosition[] {
    return openPositionsOf(this.#desks);
  }

  /** Limits, halts and cooldowns as they stand; null before anything was to be remembered. */
  session(now: Micros): SessionState {
    return this.#session.stateAt(now);
  }

  /** Equity as limits measure it, quote asset; null when not known. */
  get equity(): number | null {
    return equityOf(this.#account, this.#desks, this.#settings.risk.session.equity);
  }

  /** Profit of what is open at the mark price, whatever limits are measured on; quote asset, null when not known. */
  get openProfit(): number | null {
    return openProfitOf(this.#account, this.#desks);
  }

  /** Other settings from now on, between two events. What cannot change at run time is refused by the host. */
  reconfigure(settings: Settings, now: Micros): void {
    this.#limits.passTime(now);
    this.#settings = settings;
    for (const desk of this.#desks) desk.reconfigure(settings, now);
    this.#session.onSettings(now);
    this.#limits.enforce(now);
    this.#schedule();
  }

  summary(): CoreSummary {
    return summarise(this.#desks, this.#blocked, this.safeMode?.reason ?? null);
  }

  handle(event: CoreEvent, now: Micros): void {
    this.#catchUp();
    this.#limits.passTime(now);
    switch (event.kind) {
      case "account-snapshot":
        this.#accountDesk.onSnapshot(event, (then) => this.#measure(event, then), now);
        break;
      case "order-report":
        this.#accountDesk.onReport(this.#desk(event.symbol), event, now);
        this.#desk(event.symbol).manager.onOrderReport(event, now);
        this.#desk(event.symbol).turned.onOrderReport(event, now);
        break;
      case "algo-report":
        this.#accountDesk.onReport(this.#desk(event.symbol), event, now);
        this.#desk(event.symbol).manager.onAlgoReport(event, now);
        this.#desk(event.symbol).turned.onAlgoReport(event, now);
        break;
      case "fills-report":
        this.#desk(event.symbol).manager.onFills(event, now);
        this.#desk(event.symbol).turned.onFills(event, now);
        break;
      case "history-report":
        this.#desk(event.symbol).history.onReport(event, now);
        break;
      case "income-report":
        this.#ledger.onReport(event, now);
        break;
      case "outcome":
        this.#onOutcome(event, now);
        break;
      case "found-nothing": {
        const { manager, turned } = this.#desk(event.symbol);
        manager.onFoundNothing(event.clientOrderId, event.askedAt, now);
        turned.onFoundNothing(event.clientOrderId, event.askedAt, now);
        break;
      }
      case "fees":
        this.#account.onFees(event);
        break;
      case "wallet":
        this.#ledger.onWallet(this.#limits.onWallet(event, now));
        break;
      case "funding":
        this.#desk(event.symbol).manager.onFunding(event.amount, event.time);
        break;
      case "set-up":
        this.#onSetUp(event.symbol, event, now);
        break;
      case "rules":
        takeBounds(this.#desk(event.symbol).instrument, event.rules);
        break;
      case "position-report":
        this.#account.onPosition(event, now);
        this.#limits.onPosition();
        this.#accountDesk.levelFound(this.#desk(event.symbol));
        this.#desk(event.symbol).manager.onPositionStated(event.lots, event.time, now);
        this.#accountDesk.onPosition(this.#desk(event.symbol), event, now);
        break;
      case "candle-history":
        this.#desk(event.symbol).market.loadCandles(event.candles);
        break;
      case "clock-offset":
        for (const desk of this.#desks) desk.market.setClockOffset(event.offset);
        this.#modes.prove("CLOCK_JUMP", now);
        break;
      case "private-stream":
        if (event.alive && this.isRecovered && !this.#account.isAlive) this.#ledger.onReconnected();
        this.#accountDesk.onPrivateStream(event.alive, now);
        break;
      case "journal":
        assert(!this.isRecovered, "the journal comes before the first account snapshot");
        this.#accountDesk.remember(event);
        this.#session.restore(event, now);
        this.#ledger.recover(event.openTrades.map(({ intent }) => intent.time));
        if (event.safeMode) this.#modes.restore(event.safeMode, now);
        for (const desk of this.#desks) desk.rememberBegun(event.begun ?? []);
        for (const desk of this.#desks) {
          const { index } = desk.instrument;
          desk.history.remember(event.appliedTradeIds?.get(index)?.toReversed() ?? []);
          desk.rememberEnded(event.endedTrades?.get(index)?.toReversed() ?? []);
        }
        for (const model of event.models ?? []) this.#desk(model.symbol).models.restore(model);
        break;
      case "store-failed":
        this.#modes.enter("STORE_FAILED", event.message, now);
        break;
      case "account-unproven":
        this.#accountDesk.onUnproven(event.cause, now);
        break;
      case "another-daemon":
        this.#modes.enter("ANOTHER_DAEMON", event.detail, now);
        break;
      case "clock-jump":
        this.#modes.enter("CLOCK_JUMP", `the wall clock jumped by ${event.by / microsPerMillisecond} ms`, now);
        break;
      case "internal-error":
        this.#modes.enter(event.what === "order" ? "INVALID_ORDER" : "UNEXPECTED_ERROR", event.detail, now);
        break;
      case "model-output":
        this.#desk(event.symbol).models.onOutput(event, now);
        break;
      case "venue-unknown":
        this.#onVenueUnknown(event.what, event.detail, now);
        break;
      case "outside":
        this.#desk(event.symbol).tell(event, now);
        break;
      case "control":
        this.#session.onControl(event, now);
        if (event.action === "resume" && event.isAutomatic !== true) this.#modes.resume(event.by, now);
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
    this.#limits.enforce(now);
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
    this.#limits.passTime(receivedAt);
    this.#desk(symbol).onMark(mark, fundingRate, nextFunding, exchangeTime, receivedAt);
    if (this.#limits.mustMeasure || this.#account.measuredLots(symbol) === 0) return;
    if (this.#settings.risk.session.equity !== "marked") return;
    this.#session.onEquity(receivedAt);
    this.#limits.enforce(receivedAt);
    this.#afterMarket(receivedAt);
  }

  onGap(symbol: SymbolIndex, receivedAt: Micros): void {
    this.#desk(symbol).onGap(receivedAt);
  }

  #afterMarket(now: Micros): void {
    if (this.#outputs.length > 0 || now >= this.#wakeAt) this.#schedule();
  }

  #schedule(): void {
    let wake = Math.min(this.#accountDesk.wakeAt, this.#limits.wakeAt, this.#ledger.wakeAt);
    for (const desk of this.#desks) wake = Math.min(wake, desk.wakeAt);
    this.#wakeAt = wake;
  }

  #onTimer(now: Micros): void {
    this.#limits.onTimer(now);
    for (const desk of this.#desks) desk.onTimer(now);
    this.#accountDesk.onTimer(now);
    this.#ledger.onTimer(now);
  }

  #measure(snapshot: AccountSnapshot, now: Micros): void {
    this.#ledger.onSnapshot(snapshot, now);
    this.#limits.measure(now);
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

  /** A position that no trade explains takes a place, too: it will be taken over. One that was left alone does not (RSK-5). */
  #isTaken({ instrument: { index }, manager }: SymbolDesk): boolean {
    if (manager.trade !== null) return true;
    return this.#account.reportedLots(index) !== 0 && !this.#accountDesk.isLeftAlone(index);
  }

  #entriesOff(): BlockReason | null {
    return this.#modes.entriesOff() ?? (this.isRecovered && !this.#ledger.isBlind ? null : "NOT_READY");
  }

  #onOutcome(event: CommandOutcome, now: Micros): void {
    const { command, outcome } = event;
    if (command.kind === "query-account") return this.#accountDesk.onReadOutcome(event, now);
    if (command.kind === "query-income") return this.#ledger.onOutcome(outcome, now);
    const { history, manager, turned } = this.#desk(command.symbol);
    if (command.kind === "query-history") return history.onOutcome(outcome, now);
    this.#accountDesk.onOutcome(event, manager.trade, now);
    this.#holds.onOutcome(event, now);
    manager.onOutcome(command, outcome, now);
    turned.onOutcome(command, outcome, now);
  }

  /** Without a stop path nothing may be opened, on no symbol: what holds for one may hold for all (failure-catalogue F-12). */
  #onSetUp(symbol: SymbolIndex, setUp: SetUp, now: Micros): void {
    const desk = this.#desk(symbol);
    desk.onSetUp(setUp);
    if (setUp.state === "stop-refused") {
      this.#modes.enter("CANNOT_PROTECT", `no stop path for ${desk.instrument.symbol}: ${setUp.cause}`, now);
    }
    if (setUp.state === "proven") this.#modes.prove("AUTHORITY_LOST", now);
  }

  #onVenueUnknown(what: keyof typeof unknownReasons, detail: string, now: Micros): void {
    this.#modes.enter(unknownReasons[what], detail, now);
  }

  #onStop(policy: StopPolicy, now: Micros): void {
    this.#modes.stopPolicy = policy;
    for (const desk of this.#desks) {
      desk.flushNoTrades(now);
      desk.models.save(now);
    }
    for (const { manager, turned } of this.#desks) {
      if (policy !== "flatten") manager.cancelEntry(now);
      else for (const one of [turned, manager]) one.close("OPERATOR", now);
    }
  }
}
