/** One symbol inside the core: its market, its sources, its trade, and the way from a decision to an order. */

import type { Settings } from "../config/schema.ts";
import type { DecisionSource } from "../decision/source.ts";
import type { Decision } from "../domain/decision.ts";
import type { SetUp } from "../domain/event.ts";
import { type Instrument, numberFromMoney, quoteFromTickLots } from "../domain/instrument.ts";
import type { DepthLevels } from "../domain/market-port.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { TradeRow } from "../domain/output.ts";
import type { OutsideWord } from "../domain/outside.ts";
import type { BlockReason } from "../domain/reason.ts";
import {
  type Lots,
  type Micros,
  micros,
  microsFromSeconds,
  noLots,
  type PriceE8,
  plus,
  type Ticks,
} from "../domain/units.ts";
import type { Desk } from "../execution/desk.ts";
import { cooldownAfter, tightenExits } from "../execution/exit-rules.ts";
import { isBuried, mayTrade } from "../execution/order.ts";
import { isLeftToOthers, ordersOf, type Trade } from "../execution/trade.ts";
import { TradeManager } from "../execution/trade-manager.ts";
import { Features } from "../market/features.ts";
import { SymbolMarket } from "../market/symbol-market.ts";
import { ClosedMinutes } from "./closed-minutes.ts";
import { EntryDesk } from "./entry-desk.ts";
import type { Floor } from "./floor.ts";
import { HistoryDesk } from "./history-desk.ts";
import { DecisionJudge } from "./judge.ts";
import { LeftStops } from "./left-stops.ts";
import type { ModelKeeper } from "./model-keeper.ts";
import { RiskDesk } from "./risk-desk.ts";
import { settingsFor } from "./settings.ts";
import { SourceDesk } from "./source-desk.ts";

/** Trades that are over and are remembered; the oldest make room. */
const endedMax = 100;

export class SymbolDesk {
  readonly instrument: Instrument;
  readonly market: SymbolMarket;
  readonly manager: TradeManager;
  /** what somebody has turned the position into, until the fate of the running trade is known (failure-catalogue F-27) */
  readonly turned: TradeManager;
  readonly risk: RiskDesk;
  readonly history: HistoryDesk;
  readonly #entries: EntryDesk;
  readonly #minutes: ClosedMinutes;
  #setUp: SetUp = { state: "pending", cause: "not told yet" };
  #isStopRefused = false;
  readonly #floor: Floor;
  #settings: Settings;
  readonly #judge: DecisionJudge;
  readonly #features: Features;
  readonly #sources: SourceDesk;
  #resyncAsked = false;
  #decisions = 0;
  #lastCancel: Micros = micros(0);
  #lastFill: Micros = micros(0);
  readonly #ended = new Set<TradeId>();
  /** what an ended trade left to somebody's part of the position */
  readonly leftStops = new LeftStops();
  /** entries of the last trade of which the exchange has said that they are over */
  #endedEntries: readonly string[] = [];

  constructor(
    instrument: Instrument,
    sourcesFor: (instrument: Instrument, features: Features) => readonly DecisionSource[],
    settings: Settings,
    floor: Floor,
    blocked: Map<BlockReason, number>,
  ) {
    this.instrument = instrument;
    this.#floor = floor;
    this.#settings = settingsFor(settings, instrument.symbol);
    const { market, decision } = this.#settings;
    this.market = new SymbolMarket(instrument, market);
    this.risk = new RiskDesk(instrument, this.market, () => this.#settings, floor);
    this.#minutes = new ClosedMinutes(this.market.candles);
    this.#entries = new EntryDesk(instrument, this.market, () => this.#settings, floor);
    this.#features = new Features(decision.ensemble.horizons_seconds.map(microsFromSeconds), market.depth_levels);
    const sources = sourcesFor(instrument, this.#features);
    this.#sources = new SourceDesk({ instrument, sources, market: this.market, features: this.#features, floor });
    const current = (): Settings => this.#settings;
    const desk: Desk = {
      instrument,
      get settings() {
        return current();
      },
      touch: this.market,
      market: this.market,
      emit: floor.emit,
      enterSafeMode: floor.enterSafeMode,
      mayEnter: () =>
        floor.entriesOff() === null &&
        !floor.session.isHeld &&
        floor.account.privateAlive &&
        this.#setUp.state === "proven",
      recheck: (trade, wanted, price, now) => {
        // What the decision was made on may have gone stale since (failure-catalogue I-15).
        if (!this.market.isReady(now)) return noLots;
        return this.risk.recheck(trade, wanted, price, this.manager.committedLots, now);
      },
    };
    const onClosed = (row: TradeRow | null, trade: Trade, now: Micros): void => this.#onTradeClosed(row, trade, now);
    this.manager = new TradeManager(desk, onClosed);
    this.turned = new TradeManager(desk, onClosed);
    const { account, emit, readAgainBy } = floor;
    const { index: symbol } = instrument;
    this.history = new HistoryDesk({ symbol, settings: current, account, manager: this.manager, emit, readAgainBy });
    this.#judge = new DecisionJudge({
      instrument,
      floor,
      sources: this.#sources.all,
      market: this.market,
      manager: this.manager,
      risk: this.risk,
      history: this.history,
      entries: this.#entries,
      setUp: () => this.#setUp,
      mayHoldMore: (now) => floor.mayHoldMore(this, now),
      blocked,
    });
  }

  get decisions(): number {
    return this.#decisions;
  }

  get lastDecision(): Decision | null {
    return this.#judge.lastDecision;
  }

  /**
   * When the last order of a trade that is over left, or its cancel, by our own clock; account reads older than this say
   * nothing about the symbol (failure-catalogue F-31).
   */
  get lastCancel(): Micros {
    return this.#lastCancel;
  }

  /** The last execution of a trade that is over, by the exchange's clock; 0 before the first. */
  get lastFill(): Micros {
    return this.#lastFill;
  }

  /** Whether the exchange has said that this entry is over: a read that shows it resting is older than that (F-19). */
  hasEnded(clientOrderId: string): boolean {
    return this.#endedEntries.includes(clientOrderId);
  }

  /** The newest trades that had a position, or a stop for somebody else's, and are over: a stop may have been left to that. */
  get ended(): ReadonlySet<TradeId> {
    return this.#ended;
  }

  get sources(): readonly DecisionSource[] {
    return this.#sources.all;
  }

  get models(): ModelKeeper {
    return this.#sources.models;
  }

  /** With what the symbol overrides. */
  get settings(): Settings {
    return this.#settings;
  }

  /**
   * Worth of what is open or may still open, at the dearer side of the touch; quote asset. What the exchange reports and no
   * trade of ours has takes its part of the account, too (requirements RSK-1).
   */
  get exposure(): number {
    const reported = Math.abs(this.#floor.account.reportedLots(this.instrument.index));
    return quoteFromTickLots(this.instrument, Math.max(this.manager.committedLots, reported) * this.market.ask);
  }

  /** Somebody outside has said something: the source that listens to it has its say at once. */
  tell(word: OutsideWord, now: Micros): void {
    this.#sources.each((source) => source.tell?.(word, now), now);
    if (this.#sources.isDue(now)) this.#decide(now);
  }

  /**
   * The running trade is over: what the position was turned into is the running one now.
   *
   * @returns whether there is such a trade
   */
  followTurned(now: Micros): boolean {
    const turned = this.manager.trade === null ? this.turned.abandon() : null;
    if (turned === null) return false;
    this.manager.adopt(turned, now);
    this.history.recover([], now);
    return true;
  }

  /** These have been executed, whoever says them again (requirements IDM-1). */
  rememberBegun(trades: readonly TradeId[]): void {
    for (const trade of trades) this.#judge.remember(trade);
  }

  /** These are over, whatever rests of them still; oldest first. */
  rememberEnded(trades: readonly TradeId[]): void {
    for (const trade of trades) {
      this.#ended.delete(trade);
      this.#ended.add(trade);
      if (this.#ended.size <= endedMax) continue;
      const [oldest] = this.#ended;
      if (oldest !== undefined) this.#ended.delete(oldest);
    }
  }

  /** Whether a decision began it, in this run or in an earlier one; the newest are known. */
  hasBegun(trade: TradeId): boolean {
    return this.#judge.hasBegun(trade);
  }

  /** Other settings from now on. An open trade keeps its exit rules but where the new ones tighten (requirements CFG-4). */
  reconfigure(settings: Settings, now: Micros): void {
    const before = this.#settings.trading;
    this.#settings = settingsFor(settings, this.instrument.symbol);
    this.market.configure(this.#settings.market);
    this.#sources.each((source) => source.configure?.(this.#settings.decision), now);
    const { trading, risk } = this.#settings;
    const mode = this.manager.trade?.plan.entry?.mode ?? trading.mode;
    const { max_hold_seconds } = trading[mode];
    // A hold that a decision brought is longer than the configured one for a reason: only a change shortens it.
    const isShorter = max_hold_seconds < before[mode].max_hold_seconds;
    const hold = isShorter ? microsFromSeconds(max_hold_seconds) : null;
    const rules = this.#entries.exitRules(risk.max_leverage);
    for (const manager of [this.manager, this.turned]) manager.tightenRules(rules, hold, now);
  }

  /** A trade of an earlier run: settings that were read since it was opened tighten it as they do while it runs (CFG-4). */
  tighten(trade: Trade, now: Micros): void {
    const rules = this.#entries.exitRules(this.#settings.risk.max_leverage);
    tightenExits(this.#floor, trade, rules, Number.POSITIVE_INFINITY, now);
  }

  /** Whether the account is ready for entries of this symbol. */
  onSetUp(setUp: SetUp): void {
    this.#setUp = setUp;
    // That it is tried again, or cannot be at the moment, takes nothing back.
    if (setUp.state !== "pending") this.#isStopRefused = setUp.state === "stop-refused";
    if (setUp.state === "proven") this.risk.onMaintenance(setUp.maintenance);
  }

  /** Whether the exchange has refused the stop that proves the stop path, and has taken none since (failure-catalogue F-12). */
  get isStopRefused(): boolean {
    return this.#isStopRefused;
  }

  get setUp(): SetUp["state"] {
    return this.#setUp.state;
  }

  /** What was counted of decisions not to trade and not yet told. */
  flushNoTrades(now: Micros): void {
    this.#judge.flushNoTrades(now);
  }

  /** Earliest time at which {@link onTimer} must be called. */
  get wakeAt(): number {
    return Math.min(this.manager.wakeAt, this.turned.wakeAt, this.history.wakeAt, this.#sources.dueAt);
  }

  onBookTicker(
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    if (this.market.onBookTicker(updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt)) {
      this.#features.onTouch(this.market, receivedAt);
      this.#sources.observe(this.manager.trade, receivedAt);
      this.manager.onQuote(receivedAt);
      this.turned.onQuote(receivedAt);
    }
    this.#wake(receivedAt);
  }

  onSnapshot(levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#resyncAsked = false;
    this.market.onSnapshot(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.market);
  }

  onDepth(levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.market.onDepth(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.market);
    if (this.market.book.needsSnapshot) this.#askForBook();
    this.#wake(receivedAt);
  }

  onTrade(
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.market.onTrade(tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    this.#features.onTrade(price, quantity, buyerIsMaker, receivedAt);
    this.#sources.observe(this.manager.trade, receivedAt);
    this.#wake(receivedAt);
  }

  onMark(mark: PriceE8, fundingRate: number, nextFunding: Micros, exchangeTime: Micros, receivedAt: Micros): void {
    this.market.onMark(mark, fundingRate, nextFunding, exchangeTime, receivedAt);
  }

  onGap(now: Micros): void {
    // Whoever lost continuity brings the snapshot that restores it.
    this.#resyncAsked = true;
    this.market.onGap();
    this.#features.onGap();
    this.#sources.each((source) => source.onGap(), now);
  }

  onTimer(now: Micros): void {
    this.manager.onTimer(now);
    this.turned.onTimer(now);
    this.history.onTimer(now);
    if (this.#sources.isDue(now)) this.#decide(now);
  }

  #wake(now: Micros): void {
    const candle = this.#minutes.next();
    if (candle !== null) this.manager.onCandle(candle, this.market.atrTicks(), now);
    if (this.#isDue(now)) this.onTimer(now);
  }

  /** As `now >= wakeAt`, asked by every market event: a minimum of times would be an object for each. */
  #isDue(now: Micros): boolean {
    const { manager, turned, history } = this;
    return now >= manager.wakeAt || now >= turned.wakeAt || now >= history.wakeAt || this.#sources.isDue(now);
  }

  /** Once a loss: the answer is a snapshot, or a gap and then a snapshot. */
  #askForBook(): void {
    if (this.#resyncAsked) return;
    this.#resyncAsked = true;
    this.#floor.emit({ kind: "resync-book", symbol: this.instrument.index });
  }

  #decide(now: Micros): void {
    const fresh = this.#sources.decide(this.manager.trade, now);
    this.#decisions += fresh.length;
    if (fresh.length > 0) this.#judge.choose(fresh, this.#sources.latest, now);
    this.#sources.onJudged(this.#settings.decision, now);
  }

  /** It is contradicted, and what is open is taken over anew: what had ended of it stays over all the same (I-07, F-19). */
  abandon(): Trade | null {
    const former = this.manager.abandon();
    if (former !== null) this.#endedEntries = endedEntriesOf(former);
    return former;
  }

  #onTradeClosed(row: TradeRow | null, trade: Trade, now: Micros): void {
    this.#keepClosed(row, trade, now);
    if (!this.followTurned(now)) return;
    const detail = `${this.instrument.symbol}: turned around while a trade of ours was in doubt`;
    this.#floor.enterSafeMode("UNKNOWN_POSITION", detail, now);
  }

  #keepClosed(row: TradeRow | null, trade: Trade, now: Micros): void {
    this.#endedEntries = endedEntriesOf(trade);
    // A trade of which nothing filled ends with its last order, so that an older read does not bring that one back.
    const orderTimes = [...trade.orders.values()].map(({ cancelAt }) => cancelAt);
    this.#lastCancel = micros(Math.max(this.#lastCancel, ...orderTimes));
    this.#lastFill = micros(Math.max(this.#lastFill, trade.lastFillTime));
    const { symbol, side } = trade.plan;
    const isLeft = isLeftToOthers(trade);
    if (row !== null || isLeft) this.rememberEnded([trade.plan.trade]);
    this.leftStops.close(trade);
    if (row === null) {
      const openedAt = this.#judge.openedAt(trade.plan.trade);
      if (openedAt !== null) this.#floor.session.onVoided(openedAt, now);
      if (!trade.adopted && !wasRefused(trade)) this.#judge.tellVoided(trade, now);
      const fields = { trade: trade.plan.trade };
      this.#floor.emit({ kind: "notice", level: "info", code: "ENTRY_NOT_FILLED", symbol, fields });
      if (isLeft) this.#leaveToOthers(trade, now);
      return;
    }
    if (isLeft) this.#leaveToOthers(trade, now);
    // The stream has not told what our last execution left: messages may be lost, and that of somebody's part among them.
    else if (trade.statedAt < trade.lastFillTime) this.#floor.readAgainBy(now, now);
    this.#floor.session.onExecuted(trade.plan.trade, now);
    const until = plus(this.market.byOurClock(row.exitTime), cooldownAfter(trade, row.exitReason));
    this.#floor.session.onClosed(numberFromMoney(row.netPnl), this.instrument.symbol, side, until, now);
  }

  /** What is open still is not ours: it keeps the stop until the next reads say what becomes of it (failure-catalogue F-27). */
  #leaveToOthers(trade: Trade, now: Micros): void {
    const { plan, othersLots } = trade;
    this.leftStops.leave(trade, this.#floor.account.entryTicks(plan.symbol));
    const fields = { trade: plan.trade, lots: othersLots };
    this.#floor.emit({ kind: "notice", level: "warn", code: "STOP_LEFT_TO_OTHERS", symbol: plan.symbol, fields });
    this.#floor.readAgainBy(now, now);
  }
}

/** Entries of which the exchange has said that they are over. */
function endedEntriesOf(trade: Trade): readonly string[] {
  return ordersOf(trade, "e").flatMap((order) => (mayTrade(order) || isBuried(order) ? [] : [order.id]));
}

/** What the exchange refuses it would refuse again. */
function wasRefused({ orders }: Trade): boolean {
  return [...orders.values()].some(({ refusal }) => refusal !== null);
}
