/** Everything known about one symbol's market: touch, book, trades, mark price, candles, and whether it may be acted on. */

import type { Settings } from "../config/schema.ts";
import type { Candle } from "../domain/candle.ts";
import type { Evidence } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import { askSide, bidSide, type DepthLevels } from "../domain/market-port.ts";
import type { Side } from "../domain/order.ts";
import type { BlockReason } from "../domain/reason.ts";
import {
  type Lots,
  type Micros,
  micros,
  microsFromMillis,
  microsPerMillisecond,
  noLots,
  type PriceE8,
  priceE8,
  type Ticks,
} from "../domain/units.ts";
import { Book, noTick } from "./book.ts";
import { type CandleMinutes, Candles } from "./candles.ts";
import { Indicators } from "./indicators.ts";
import { SpreadStatistics, type SpreadVerdict } from "./spread-statistics.ts";
import { SessionSchedule, type TradingSession } from "./trading-sessions.ts";

type MarketStream = "quote" | "book" | "trade" | "mark" | "latency" | "candles";

/** Why the market may not be acted on: ages and latency in milliseconds, candles as a count. */
export type Unreadiness = Evidence<BlockReason> & { readonly stream: MarketStream };

const never = Number.NEGATIVE_INFINITY;

/**
 * The touch is the book ticker's, the depth is the book's. `now` and receipt times are our clock's, exchange times the
 * matching engine's.
 */
export class SymbolMarket {
  readonly instrument: Instrument;
  readonly book: Book;
  readonly candles: Candles = new Candles();
  readonly spread: SpreadStatistics;
  readonly indicators: Indicators;
  private settings: Settings["market"];
  private limits: Limits;
  private schedule: SessionSchedule;

  private touchId = -1;
  private touchBid = noTick;
  private touchBidLots = noLots;
  private touchAsk = noTick;
  private touchAskLots = noLots;
  private touchTime = 0;
  private quoteReceived: number = never;
  private bookReceived: number = never;
  private tradeReceived: number = never;
  private markReceived: number = never;

  private tradePrice = noTick;
  private tradeLots = noLots;
  private tradeBuyerIsMaker = false;
  private markPrice: PriceE8 = priceE8(0);
  private funding = 0;
  private fundingAt = 0;
  private clockOffset = 0;
  /** the book's touch after its last message, kept until the book ticker's word on it is final */
  private bookId = -1;
  private bookBid = noTick;
  private bookAsk = noTick;
  private contradictions = 0;

  constructor(instrument: Instrument, settings: Settings["market"]) {
    this.instrument = instrument;
    this.book = new Book(settings.book_window_ticks);
    this.settings = settings;
    this.limits = limitsOf(settings);
    this.schedule = new SessionSchedule(settings.sessions);
    this.spread = new SpreadStatistics(settings.spread, this.schedule);
    this.indicators = new Indicators(this.candles, settings, this.schedule);
  }

  /** Other settings from now on; what is known is kept. The book's window stays as it was made. */
  configure(settings: Settings["market"]): void {
    this.settings = settings;
    this.limits = limitsOf(settings);
    this.schedule = new SessionSchedule(settings.sessions);
    this.spread.configure(settings.spread, this.schedule);
    this.indicators.configure(settings, this.schedule);
  }

  /** @returns whether the best bid or ask moved in price or size; a message older than the last one changes nothing */
  onBookTicker(
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): boolean {
    if (updateId < this.touchId) return false;
    if (this.bookId >= 0 && updateId > this.bookId) this.compareWithBook();
    const moved =
      bid !== this.touchBid || ask !== this.touchAsk || bidLots !== this.touchBidLots || askLots !== this.touchAskLots;
    this.touchId = updateId;
    this.touchBid = bid;
    this.touchBidLots = bidLots;
    this.touchAsk = ask;
    this.touchAskLots = askLots;
    this.touchTime = exchangeTime;
    this.quoteReceived = receivedAt;
    this.spread.onQuote(ask - bid, receivedAt);
    this.candles.advance((exchangeTime - this.limits.latencyMax) as Micros);
    return moved;
  }

  onSnapshot(levels: DepthLevels, _exchangeTime: Micros, receivedAt: Micros): void {
    this.book.applySnapshot(levels);
    this.bookReceived = receivedAt;
    this.contradictions = 0;
    this.rememberBookTouch(levels.lastId);
  }

  onDepth(levels: DepthLevels, _exchangeTime: Micros, receivedAt: Micros): void {
    this.book.apply(levels);
    this.bookReceived = receivedAt;
    this.rememberBookTouch(levels.lastId);
  }

  onTrade(
    _tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.tradePrice = price;
    this.tradeLots = quantity;
    this.tradeBuyerIsMaker = buyerIsMaker;
    this.tradeReceived = receivedAt;
    this.candles.onTrade(price, quantity, buyerIsMaker, exchangeTime);
  }

  onMark(mark: PriceE8, fundingRate: number, nextFunding: Micros, _exchangeTime: Micros, receivedAt: Micros): void {
    this.markPrice = mark;
    this.funding = fundingRate;
    this.fundingAt = nextFunding;
    this.markReceived = receivedAt;
  }

  /** Continuity is lost: nothing that was known counts as fresh, update ids may start anew. */
  onGap(): void {
    // When it began is not known: the last quote is the last that was surely so.
    this.spread.onGap(this.quoteReceived);
    this.book.invalidate();
    this.candles.onGap();
    this.touchId = -1;
    this.bookId = -1;
    this.contradictions = 0;
    this.quoteReceived = never;
    this.bookReceived = never;
    this.tradeReceived = never;
    this.markReceived = never;
  }

  loadCandles(candles: readonly Candle[]): void {
    this.candles.load(candles);
  }

  /** @param offset exchange clock minus ours */
  setClockOffset(offset: Micros): void {
    this.clockOffset = offset;
  }

  /** Our own clock when the exchange's says so (failure-catalogue F-26). */
  byOurClock(exchangeTime: Micros): Micros {
    return micros(exchangeTime - this.clockOffset);
  }

  /** {@link noTick} before the first book ticker. */
  get bid(): Ticks {
    return this.touchBid;
  }

  get bidLots(): Lots {
    return this.touchBidLots;
  }

  get ask(): Ticks {
    return this.touchAsk;
  }

  get askLots(): Lots {
    return this.touchAskLots;
  }

  /** Bid + ask: twice the mid, and whole. */
  get midHalfTicks(): number {
    return this.touchBid + this.touchAsk;
  }

  get spreadTicks(): Ticks {
    return (this.touchAsk - this.touchBid) as Ticks;
  }

  /** (ask − bid) / mid × 10⁴. @see requirements MKT-2 */
  get spreadBps(): number {
    return ((this.touchAsk - this.touchBid) / this.midHalfTicks) * 20_000;
  }

  /** The mid weighted with the size of the opposite side, in fractional ticks. */
  get micropriceTicks(): number {
    const total = this.touchBidLots + this.touchAskLots;
    if (total === 0) return this.midHalfTicks / 2;
    return (this.touchBid * this.touchAskLots + this.touchAsk * this.touchBidLots) / total;
  }

  /** Worth of the best level of a side in the quote asset. */
  topDepthQuote(side: number): number {
    const worth = side === bidSide ? this.touchBid * this.touchBidLots : this.touchAsk * this.touchAskLots;
    return quoteFromTickLots(this.instrument, worth);
  }

  /** Worth of the first levels of a side in the quote asset; 0 when the book is not valid. */
  depthQuote(side: number, levels: number = this.settings.depth_levels): number {
    return this.book.valid ? quoteFromTickLots(this.instrument, this.book.depth(side, levels)) : 0;
  }

  /** Levels of a side that the book holds; 0 when it is not valid. */
  validLevels(side: number): number {
    return this.book.valid ? this.book.levelCount(side) : 0;
  }

  /** {@link noTick} before the first trade. */
  get lastTrade(): Ticks {
    return this.tradePrice;
  }

  get lastTradeLots(): Lots {
    return this.tradeLots;
  }

  get lastTradeBuyerIsMaker(): boolean {
    return this.tradeBuyerIsMaker;
  }

  /** 0 before the first mark price. */
  get mark(): PriceE8 {
    return this.markPrice;
  }

  /** Fraction per funding interval. */
  get fundingRate(): number {
    return this.funding;
  }

  /** 0 when it is not known. */
  get nextFunding(): Micros {
    return micros(this.fundingAt);
  }

  /** Exchange time to receipt of the last book ticker, on one clock; null before the first one, or after a gap. */
  get latencyMicros(): number | null {
    return this.quoteReceived === never ? null : this.latency();
  }

  /** Average true range in ticks over `market.atr_period` closed candles; null while they are too few. */
  atrTicks(): number | null {
    return this.candles.atr(this.settings.atr_period);
  }

  /** The same over any period of candles of any width. */
  atr(minutes: CandleMinutes, period: number): number | null {
    return this.candles.atr(period, minutes);
  }

  /** Realised volatility of one-minute closes, basis points per √minute, over `market.volatility_minutes`; null while unknown. */
  volatilityBps(): number | null {
    return this.candles.volatilityBps(this.settings.volatility_minutes);
  }

  /**
   * The mid now against the close of the last minute that ended at least so many minutes ago, basis points. What happens
   * inside the forming minute counts. Null while either is unknown.
   */
  returnBps(minutes: number): number | null {
    const then = this.candles.closeBefore(minutes);
    if (then === null || this.quoteReceived === never || this.touchBid >= this.touchAsk) return null;
    return (this.midHalfTicks / 2 / then - 1) * 10_000;
  }

  /**
   * Average price in fractional ticks at which so many lots would fill now as a taker; null when the book is not valid, or
   * its first `market.slippage_levels` levels do not hold as many.
   *
   * @param side of the order: a buy takes asks
   */
  costToFill(side: Side, quantity: Lots): number | null {
    if (!this.book.valid) return null;
    return this.book.averageFill(side === "buy" ? askSide : bidSide, quantity, this.settings.slippage_levels);
  }

  /** Which part of the trading day it is. */
  tradingSession(now: Micros): TradingSession {
    return this.schedule.at(now + this.clockOffset);
  }

  /** Whether the spread of the touch allows an entry. @see SpreadStatistics.verdict */
  spreadVerdict(now: Micros): SpreadVerdict {
    return this.spread.verdict(this.spreadBps, now);
  }

  /** Microseconds since a stream last said something; infinite when it has not since the start or the last gap. */
  age(stream: "quote" | "book" | "trade" | "mark", now: Micros): number {
    switch (stream) {
      case "quote":
        return now - this.quoteReceived;
      case "book":
        return now - this.bookReceived;
      case "trade":
        return now - this.tradeReceived;
      case "mark":
        return now - this.markReceived;
      default:
        throw new TypeError(`unknown stream ${stream satisfies never}`);
    }
  }

  /** The same verdict as an empty {@link readiness}, without allocation. @see requirements MKT-5 */
  isReady(now: Micros): boolean {
    return (
      now - this.quoteReceived <= this.limits.quoteStale &&
      now - this.bookReceived <= this.limits.quoteStale &&
      now - this.tradeReceived <= this.limits.tradeStale &&
      now - this.markReceived <= this.limits.markStale &&
      this.hasTouch() &&
      this.book.valid &&
      Math.abs(this.latency()) <= this.limits.latencyMax &&
      this.atrTicks() !== null &&
      !this.candles.lostMinutesAwaited
    );
  }

  /** Bid below ask, and something to trade with at both. @see failure-catalogue F-75 */
  private hasTouch(): boolean {
    return this.touchBid < this.touchAsk && this.touchBidLots > 0 && this.touchAskLots > 0 && this.touchBid > 0;
  }

  /** What stands against acting on this market now; empty when nothing does. */
  readiness(now: Micros): readonly Unreadiness[] {
    if (this.isReady(now)) return ready;
    const found: Unreadiness[] = [];
    this.checkAge(found, "quote", now, this.limits.quoteStale);
    this.checkAge(found, "book", now, this.limits.quoteStale);
    this.checkAge(found, "trade", now, this.limits.tradeStale);
    this.checkAge(found, "mark", now, this.limits.markStale);
    if (this.quoteReceived !== never) {
      if (!this.hasTouch()) {
        found.push({ reason: "NOT_READY", measured: this.spreadTicks, limit: 1, stream: "quote" });
      }
      if (Math.abs(this.latency()) > this.limits.latencyMax) {
        found.push({
          reason: "MARKET_DATA_STALE",
          measured: this.latency() / microsPerMillisecond,
          limit: this.limits.latencyMax / microsPerMillisecond,
          stream: "latency",
        });
      }
    }
    if (this.bookReceived !== never && !this.book.valid) {
      found.push({ reason: "NOT_READY", measured: null, limit: null, stream: "book" });
    }
    if (this.atrTicks() === null) {
      found.push({
        reason: "VOLATILITY_MISSING",
        measured: this.candles.count,
        limit: this.settings.atr_period,
        stream: "candles",
      });
    } else if (this.candles.lostMinutesAwaited) {
      // Averages would be over what is left: a stop by them would lie where a calmer or livelier market has it.
      found.push({ reason: "NOT_READY", measured: null, limit: null, stream: "candles" });
    }
    return found;
  }

  private checkAge(
    found: Unreadiness[],
    stream: "quote" | "book" | "trade" | "mark",
    now: Micros,
    limit: number,
  ): void {
    const age = this.age(stream, now);
    if (age <= limit) return;
    const measured = Number.isFinite(age) ? age / microsPerMillisecond : null;
    const reason = measured === null ? "NOT_READY" : "MARKET_DATA_STALE";
    found.push({ reason, measured, limit: limit / microsPerMillisecond, stream });
  }

  private latency(): number {
    return this.quoteReceived + this.clockOffset - this.touchTime;
  }

  private rememberBookTouch(lastId: number): void {
    if (!this.book.valid) {
      this.bookId = -1;
      return;
    }
    this.bookId = lastId;
    this.bookBid = this.book.bestBid;
    this.bookAsk = this.book.bestAsk;
  }

  /**
   * Both streams number their updates alike. Once a ticker newer than the book's last message is here, the ticker
   * before it was the touch at that message. One mismatch may be a conflated ticker; two in a row are a wrong book.
   */
  private compareWithBook(): void {
    const comparable = this.touchId >= 0 && this.touchId <= this.bookId;
    this.bookId = -1;
    if (!comparable) return;
    if (this.bookBid === this.touchBid && this.bookAsk === this.touchAsk) {
      this.contradictions = 0;
      return;
    }
    this.contradictions++;
    if (this.contradictions >= contradictionsMax) this.book.invalidate();
  }
}

const contradictionsMax = 2;

/** Microseconds. */
type Limits = {
  readonly quoteStale: number;
  readonly tradeStale: number;
  readonly markStale: number;
  readonly latencyMax: number;
};

function limitsOf(settings: Settings["market"]): Limits {
  return {
    quoteStale: microsFromMillis(settings.quote_stale_ms),
    tradeStale: microsFromMillis(settings.trade_stale_ms),
    markStale: microsFromMillis(settings.mark_stale_ms),
    latencyMax: microsFromMillis(settings.latency_max_ms),
  };
}

const ready: readonly Unreadiness[] = [];
