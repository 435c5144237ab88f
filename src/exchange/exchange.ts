/**
 * The embedded exchange: a deterministic state machine without clock or I/O. Market data and requests come in with their
 * time; replies and account events come out. It shares no order, position or margin code with the daemon: one is the
 * judge of the other. @see binance-usdm.md §11
 */

import type { Candle } from "../domain/candle.ts";
import type { Instrument } from "../domain/instrument.ts";
import { askSide, bidSide, type DepthLevels, type MarketSink } from "../domain/market-port.ts";
import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "../domain/units.ts";
import { openAlgosMax } from "./algo.ts";
import { cancelAll, changeRules, switchPositionMode } from "./controls.ts";
import { endCountdowns } from "./countdown.ts";
import type { Desk } from "./desk.ts";
import { isRefusal, refusal, refusalReply } from "./errors.ts";
import { nameFunding, payFunding, settleFunding } from "./funding.ts";
import { fillByCross, fillByTrade, settle } from "./matching.ts";
import type {
  ExchangeOptions,
  ExchangeReply,
  ExchangeRequest,
  FeeAsset,
  ForcedClose,
  RulesChange,
  TriggerFault,
  UserEvent,
} from "./protocol.ts";
import { closeOut, liquidateAll, liquidateIfDue, transfer } from "./risk.ts";
import { routes } from "./routes.ts";
import { restoreState, savedState } from "./saved.ts";
import { ExchangeState } from "./state.ts";
import { clearClosed, endDelays, runAwaiting, runTriggers } from "./triggers.ts";

export type { ExchangeOptions, ExchangeReply, ExchangeRequest, TriggerFault, UserEvent } from "./protocol.ts";

export class Exchange implements MarketSink {
  /** index = the symbol index of the hot calls */
  readonly instruments: readonly Instrument[];
  /** tells one exchange from another; `accountAlias` of the balance rows */
  readonly instance: string;
  readonly #state: ExchangeState;

  constructor(options: ExchangeOptions) {
    this.#state = new ExchangeState(options);
    // Whoever trades here learns of other rules by asking.
    this.instruments = this.#state.desks.map(({ instrument }) => ({ ...instrument }));
    this.instance = this.#state.instance;
  }

  /** Executed at once by the matching engine at `now`; what is not known is answered, never thrown. */
  request(request: ExchangeRequest, now: Micros): ExchangeReply {
    const state = this.#state;
    this.advance(now);
    const route = routes.get(`${request.method} ${request.path}`);
    if (route === undefined) return refusalReply(refusal(-5000, `${request.path}, Method ${request.method}`));
    const answer = route(state, request.params);
    if (request.method !== "GET") for (const desk of state.desks) this.#clear(desk);
    return isRefusal(answer) ? refusalReply(answer) : { status: 200, body: answer };
  }

  /** Account events since the last call, in order. */
  takeEvents(): readonly UserEvent[] {
    return this.#state.takeEvents();
  }

  hasEvents(): boolean {
    return this.#state.events.length > 0;
  }

  /** Candles before the first trade, oldest first, for GET klines; replaces what the symbol had. */
  loadCandles(symbol: SymbolIndex, candles: readonly Candle[]): void {
    this.#state.desk(symbol).candles.load(candles);
  }

  /** Microseconds since the epoch at which `advance` is due; Infinity when nothing waits. */
  nextDeadline(): number {
    return this.#state.nextDeadline;
  }

  /** Time has come to `now`: settles the funding that is due, and ends countdowns. */
  advance(now: Micros): void {
    settleFunding(this.#state, now);
    this.#state.observe(now);
    endCountdowns(this.#state, now);
    endDelays(this.#state, now);
  }

  /**
   * The account's owner moves money in or, negative, out.
   *
   * @param amount USDT, decimal text
   * @throws {RangeError} the amount is no decimal text, or more than is free
   */
  transfer(amount: string, now: Micros): void {
    this.advance(now);
    transfer(this.#state, amount);
  }

  /** @throws {RangeError} more stops are to fail than there may be */
  failTrigger(fault: TriggerFault): void {
    const { triggerFaults } = this.#state;
    if (triggerFaults.size >= openAlgosMax) throw new RangeError(`more than ${openAlgosMax} stops are to fail`);
    triggerFaults.set(fault.clientAlgoId, fault);
  }

  /**
   * Other rules from now on. What rests stays as it is; the exchange goes on counting in its first tick and step.
   *
   * @throws {RangeError} the tick or the step is not a multiple of the first one
   */
  changeRules(symbol: SymbolIndex, change: RulesChange): void {
    changeRules(this.#state.desk(symbol), change);
  }

  /** Funding outside its times, at a rate of its own. */
  payFunding(symbol: SymbolIndex, rate: number, now: Micros): void {
    this.advance(now);
    payFunding(this.#state, this.#state.desk(symbol), Math.round(rate * 1e8));
  }

  /** Fees are charged in this from now on. */
  chargeFeesIn(asset: FeeAsset): void {
    this.#state.feeAsset = asset;
  }

  /** @returns false with an open order or position: the mode stays then */
  switchPositionMode(isHedged: boolean): boolean {
    return switchPositionMode(this.#state, isHedged);
  }

  /** Ends every resting order, as some maintenances do; conditional ones stay. */
  cancelAll(now: Micros): void {
    this.advance(now);
    cancelAll(this.#state);
  }

  /**
   * Closes without the owner: the whole account for want of margin, or part of one position for somebody else's.
   *
   * @returns false when there is nothing to close
   */
  closeOut(symbol: SymbolIndex, by: ForcedClose, now: Micros): boolean {
    this.advance(now);
    const state = this.#state;
    const { lots } = state.account.position(symbol);
    if (lots === 0) return false;
    if (by === "liquidation") liquidateAll(state);
    else {
      const desk = state.desk(symbol);
      closeOut(state, desk, Math.trunc(lots / 2) || lots, by);
      this.#clear(desk);
    }
    return true;
  }

  /** Account, orders, positions and their recent history; JSON-safe. The market is not saved. */
  serialize(): unknown {
    return savedState(this.#state);
  }

  /**
   * @param saved what `serialize` gave, also after JSON
   * @throws {Error} `saved` is not that; the message names place and value
   */
  static restore(options: ExchangeOptions, saved: unknown): Exchange {
    const exchange = new Exchange(options);
    restoreState(exchange.#state, saved);
    return exchange;
  }

  onBookTicker(
    symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    _receivedAt: Micros,
  ): void {
    const desk = this.#state.desk(symbol);
    this.#state.observe(exchangeTime);
    desk.bookAt = exchangeTime;
    desk.book.applyTicker(updateId, bid, bidLots, ask, askLots);
    if (desk.awaitsBook) runAwaiting(this.#state, desk);
    const bidKey = desk.book.bestKey(bidSide);
    const askKey = desk.book.bestKey(askSide);
    if (bidKey <= desk.bids.bestKey) desk.bids.onTouch(bidKey, desk.book.displayed(bidSide, bidKey));
    if (askKey <= desk.asks.bestKey) desk.asks.onTouch(askKey, desk.book.displayed(askSide, askKey));
    this.#cross(desk, bidKey, askKey);
  }

  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, _receivedAt: Micros): void {
    const desk = this.#state.desk(symbol);
    desk.book.applySnapshot(levels);
    this.#bookChanged(desk, exchangeTime);
  }

  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, _receivedAt: Micros): void {
    const desk = this.#state.desk(symbol);
    desk.book.applyDepth(levels);
    this.#bookChanged(desk, exchangeTime);
  }

  onTrade(
    symbol: SymbolIndex,
    _tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    _receivedAt: Micros,
  ): void {
    const state = this.#state;
    const desk = state.desk(symbol);
    state.observe(exchangeTime);
    desk.lastPrice = price;
    desk.lastTradeAt = exchangeTime;
    desk.candles.trade(exchangeTime, price, quantity, buyerIsMaker);
    if (buyerIsMaker ? desk.bids.bestKey >= price : desk.asks.bestKey >= -price) {
      fillByTrade(state, desk, buyerIsMaker ? bidSide : askSide, price, quantity);
      this.#clear(desk);
    }
    if (price >= desk.triggers.contractUp || price <= desk.triggers.contractDown) runTriggers(state, desk);
  }

  onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    _receivedAt: Micros,
  ): void {
    const state = this.#state;
    const desk = state.desk(symbol);
    // What is told from the funding instant on is of the next funding.
    if (state.nextFunding <= exchangeTime) settleFunding(state, exchangeTime);
    state.observe(exchangeTime);
    nameFunding(state, desk, nextFunding);
    desk.mark = mark;
    desk.markAt = exchangeTime;
    desk.fundingRateE8 = Math.round(fundingRate * 1e8);
    if (mark >= desk.triggers.markUp || mark <= desk.triggers.markDown) runTriggers(state, desk);
    if (state.account.position(symbol).lots !== 0) liquidateIfDue(state);
  }

  onGap(symbol: SymbolIndex, _receivedAt: Micros): void {
    this.#state.desk(symbol).forgetBook();
  }

  #bookChanged(desk: Desk, exchangeTime: Micros): void {
    this.#state.observe(exchangeTime);
    desk.bookAt = exchangeTime;
    if (desk.awaitsBook) runAwaiting(this.#state, desk);
    if (desk.openOrders === 0) return;
    desk.bids.onDepth(desk.book);
    desk.asks.onDepth(desk.book);
    this.#cross(desk, desk.book.bestKey(bidSide), desk.book.bestKey(askSide));
  }

  /** A displayed price at or through one of ours: prices p ≥ q are keys p and −q whose sum is not negative. */
  #cross(desk: Desk, bidKey: number, askKey: number): void {
    const buys = desk.bids.bestKey + askKey >= 0;
    const sells = desk.asks.bestKey + bidKey >= 0;
    if (!buys && !sells) return;
    if (buys) fillByCross(this.#state, desk, bidSide);
    if (sells) fillByCross(this.#state, desk, askSide);
    this.#clear(desk);
  }

  #clear(desk: Desk): void {
    settle(this.#state, desk);
    clearClosed(this.#state, desk);
  }
}
