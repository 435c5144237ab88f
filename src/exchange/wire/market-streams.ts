/**
 * Turns market calls into the messages of the public and market streams. What a stream gathers over its speed is sent
 * when `advance` passes the next multiple of that speed. Books, candles and mark prices are the exchange's own.
 *
 * @see binance-usdm.md §5.3
 */

import type { Instrument } from "../../domain/instrument.ts";
import type { DepthLevels, MarketSink } from "../../domain/market-port.ts";
import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "../../domain/units.ts";
import { type AggregateTrade, AggregateTrades } from "./aggregate-trades.ts";
import { CandleStream } from "./candle-stream.ts";
import { DecimalText } from "./decimal-text.ts";
import { DepthDifferences, DepthTop, milliseconds, type SymbolTexts, type TopLevels } from "./depth-streams.ts";
import { jsonText } from "./json.ts";
import { Topic } from "./topic.ts";

/** The route that serves a stream. @see binance-usdm.md §1.2 */
export type StreamRoute = "public" | "market";

/** Reads a public GET of the exchange; null when it refuses. */
export type PublicRead = (path: string, params: Readonly<Record<string, string>>) => unknown;

/** Whether a mark price is to be told at its second; where the market is simulated it may be rarer. */
export type IsMarkDue = (symbol: SymbolIndex, now: Micros) => boolean;

/** Anything that sends what it gathered. */
type Flusher = { flush(now: Micros): void };

/** Depth speeds; the name of the slowest but one carries no suffix. */
const depthSpeeds = [
  { milliseconds: 100, suffix: "@100ms" },
  { milliseconds: 250, suffix: "" },
  { milliseconds: 500, suffix: "@500ms" },
] as const;
const topLevelCounts = [5, 10, 20] as const;
const candleMilliseconds = 250;
const markSpeeds = [
  { milliseconds: 1_000, suffix: "@1s" },
  { milliseconds: 3_000, suffix: "" },
] as const;

/** All speeds are multiples of this; more frequent calls of `advance` only help streams that are late. */
export const streamTickMilliseconds = 50;

export class MarketStreams implements MarketSink {
  private readonly symbols: readonly SymbolStreams[];
  private readonly topics = new Map<string, Topic>();
  private readonly schedule = new Schedule();

  constructor(instruments: readonly Instrument[], read: PublicRead, isMarkDue: IsMarkDue = () => true) {
    this.symbols = instruments.map((instrument) => {
      const streams = new SymbolStreams(instrument, read, this.schedule, this.topics);
      for (const { milliseconds: speed, suffix } of markSpeeds) {
        const mark = streams.topic("market", `markPrice${suffix}`);
        const flush = (now: Micros): void => {
          if (!mark.idle && isMarkDue(instrument.index, now)) publishMark(mark, read, streams, now);
        };
        this.schedule.every(speed, { flush });
      }
      return streams;
    });
  }

  /** The topic behind a stream name on a route; null for what does not exist there and therefore stays silent. */
  topic(route: StreamRoute, name: string): Topic | null {
    return this.topics.get(`${route}/${name}`) ?? null;
  }

  /** Sends everything whose time has come by `now`. */
  advance(now: Micros): void {
    this.schedule.advance(now);
    for (const symbol of this.symbols) symbol.aggregates.advance(now);
  }

  /** Aggregate trades of a symbol for the REST call; null when the symbol is not listed. */
  aggregates(symbol: string): AggregateTrades | null {
    return this.symbols.find((streams) => streams.texts.symbol === symbol)?.aggregates ?? null;
  }

  /** One row of GET aggTrades. */
  aggregateRow(symbol: string, trade: AggregateTrade): Readonly<Record<string, unknown>> {
    const streams = this.symbols.find((candidate) => candidate.texts.symbol === symbol);
    return streams === undefined ? {} : streams.aggregateFields(trade);
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
    const streams = this.symbols[symbol];
    if (streams === undefined || streams.ticker.idle) return;
    const { price, quantity } = streams.texts;
    const name = streams.quotedSymbol;
    streams.ticker.publish(
      `{"e":"bookTicker","u":${updateId},"s":${name},"ps":${name},"b":"${price.of(bid)}","B":"${quantity.of(bidLots)}","a":"${price.of(ask)}","A":"${quantity.of(askLots)}","T":${milliseconds(exchangeTime)},"E":${milliseconds(receivedAt)},"st":1}`,
    );
  }

  /** A whole book breaks every `pu` chain, so that those who keep a book fetch it anew. */
  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, _exchangeTime: Micros, _receivedAt: Micros): void {
    const streams = this.symbols[symbol];
    if (streams === undefined) return;
    streams.lastDepthId = levels.lastId;
    for (const depth of streams.depths) depth.reset();
  }

  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, _receivedAt: Micros): void {
    const streams = this.symbols[symbol];
    if (streams === undefined) return;
    for (const depth of streams.depths) depth.add(levels, streams.lastDepthId, exchangeTime);
    streams.lastDepthId = levels.lastId;
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
    const streams = this.symbols[symbol];
    if (streams === undefined) return;
    streams.receivedAt = receivedAt;
    streams.aggregates.add(tradeId, price, quantity, buyerIsMaker, exchangeTime);
    streams.candles.addTrade(tradeId, exchangeTime);
  }

  /** Mark prices are read from the exchange at their streams' own speeds. */
  onMark(
    _symbol: SymbolIndex,
    _mark: PriceE8,
    _fundingRate: number,
    _nextFunding: Micros,
    _exchangeTime: Micros,
    _receivedAt: Micros,
  ): void {}

  onGap(symbol: SymbolIndex, _receivedAt: Micros): void {
    const streams = this.symbols[symbol];
    if (streams === undefined) return;
    streams.aggregates.close();
    for (const depth of streams.depths) depth.reset();
  }
}

/** Everything of one symbol. */
class SymbolStreams {
  readonly texts: SymbolTexts;
  readonly quotedSymbol: string;
  readonly ticker: Topic;
  readonly depths: readonly (DepthDifferences | DepthTop)[];
  readonly aggregates: AggregateTrades;
  readonly candles: CandleStream;
  lastDepthId = 0;
  receivedAt = 0;
  private readonly trades: Topic;
  private readonly topics: Map<string, Topic>;

  constructor(instrument: Instrument, read: PublicRead, schedule: Schedule, topics: Map<string, Topic>) {
    const { symbol, rules } = instrument;
    this.texts = {
      symbol,
      price: new DecimalText(rules.tickSize),
      quantity: new DecimalText(rules.stepSize),
    };
    this.quotedSymbol = JSON.stringify(symbol);
    this.topics = topics;
    this.ticker = this.topic("public", "bookTicker");
    this.depths = depthSpeeds.flatMap(({ milliseconds: speed, suffix }) => {
      const streams = [
        new DepthDifferences(this.topic("public", `depth${suffix}`), this.texts),
        ...topLevelCounts.map(
          (count) =>
            new DepthTop(this.topic("public", `depth${count}${suffix}`), symbol, () => topLevels(read, symbol, count)),
        ),
      ];
      for (const stream of streams) schedule.every(speed, stream);
      return streams;
    });
    this.trades = this.topic("market", "aggTrade");
    this.aggregates = new AggregateTrades((trade) => this.publishTrade(trade));
    this.candles = new CandleStream(this.topic("market", "kline_1m"), symbol, () => lastCandles(read, symbol));
    schedule.every(candleMilliseconds, this.candles);
  }

  topic(route: StreamRoute, kind: string): Topic {
    const made = new Topic(`${this.texts.symbol.toLowerCase()}@${kind}`);
    this.topics.set(`${route}/${made.name}`, made);
    return made;
  }

  aggregateFields(trade: AggregateTrade): Readonly<Record<string, unknown>> {
    return {
      a: trade.id,
      p: this.texts.price.of(trade.price),
      q: this.texts.quantity.of(trade.lots),
      nq: this.texts.quantity.of(trade.lots),
      f: trade.firstTradeId,
      l: trade.lastTradeId,
      T: milliseconds(trade.time),
      m: trade.buyerIsMaker,
    };
  }

  private publishTrade(trade: AggregateTrade): void {
    if (this.trades.idle) return;
    const E = milliseconds(Math.max(this.receivedAt, trade.time));
    const { price, quantity } = this.texts;
    const size = quantity.of(trade.lots);
    this.trades.publish(
      `{"e":"aggTrade","E":${E},"s":${this.quotedSymbol},"a":${trade.id},"p":"${price.of(trade.price)}","q":"${size}","nq":"${size}","f":${trade.firstTradeId},"l":${trade.lastTradeId},"T":${milliseconds(trade.time)},"m":${trade.buyerIsMaker},"st":1}`,
    );
  }
}

/** Calls what gathers at each full multiple of its speed. */
class Schedule {
  private readonly entries: { readonly speed: number; next: number; readonly flushers: Flusher[] }[] = [];

  every(speedMilliseconds: number, flusher: Flusher): void {
    const speed = speedMilliseconds * 1_000;
    const entry = this.entries.find((candidate) => candidate.speed === speed);
    if (entry !== undefined) entry.flushers.push(flusher);
    else this.entries.push({ speed, next: 0, flushers: [flusher] });
  }

  advance(now: Micros): void {
    for (const entry of this.entries) {
      if (now < entry.next) continue;
      entry.next = (Math.floor(now / entry.speed) + 1) * entry.speed;
      for (const flusher of entry.flushers) flusher.flush(now);
    }
  }
}

function topLevels(read: PublicRead, symbol: string, limit: number): TopLevels | null {
  const book = fields(read("/fapi/v1/depth", { symbol, limit: String(limit) }));
  if (book === null) return null;
  const { bids = [], asks = [] } = book;
  return { bids: jsonText(bids), asks: jsonText(asks) };
}

function lastCandles(read: PublicRead, symbol: string): readonly (readonly unknown[])[] {
  const rows = read("/fapi/v1/klines", { symbol, interval: "1m", limit: "2" });
  return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : [];
}

function publishMark(topic: Topic, read: PublicRead, { texts, quotedSymbol }: SymbolStreams, now: Micros): void {
  const index = read("/fapi/v1/premiumIndex", { symbol: texts.symbol });
  if (typeof index !== "object" || index === null) return;
  const text = (name: string): string => jsonText(Reflect.get(index, name));
  const price = text("markPrice");
  topic.publish(
    `{"e":"markPriceUpdate","E":${milliseconds(now)},"s":${quotedSymbol},"p":${price},"ap":${price},"P":${text("estimatedSettlePrice")},"i":${text("indexPrice")},"r":${text("lastFundingRate")},"T":${text("nextFundingTime")},"st":1}`,
  );
}

function fields(body: unknown): Readonly<Record<string, unknown>> | null {
  return typeof body === "object" && body !== null ? { ...body } : null;
}
