/**
 * The two market connections: scanned frames to the core, books kept in sequence, and liveness by content. A stream that
 * was acknowledged and delivers nothing is dead: depth and mark price when they are silent, the ticker when it is silent
 * while the depth shows what it should tell.
 *
 * @see binance-usdm.md §1.2, §5.3; requirements MKT-1; failure-catalogue F-25
 */

import { at, present } from "../domain/assert.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketSink } from "../domain/market-port.ts";
import { type Micros, micros, plus, type SymbolIndex } from "../domain/units.ts";
import type { AskPorts } from "./asking.ts";
import { BookSync, type BookSyncPorts } from "./book-sync.ts";
import type { CandleBackfill } from "./candle-backfill.ts";
import type { Connections } from "./connections.ts";
import type { EngineClock } from "./engine-clock.ts";
import { QuoteWatch } from "./quote-watch.ts";
import { publicQuery } from "./wire/encode.ts";
import { FrameScanner, type FrameSink, frameBad, frameForeign } from "./wire/scan.ts";

type MarketStream = "public" | "market";

/** What is watched on each connection, that first which never rests while the connection lives. */
const feedsOf = { public: ["depth", "ticker"], market: ["mark"] } as const;
type Feed = (typeof feedsOf)[MarketStream][number];
type ByFeed = Readonly<Record<Feed, Float64Array>>;

export type MarketFeedPorts = AskPorts & {
  readonly market: MarketSink;
  readonly backfill: Pick<CandleBackfill, "onGap" | "onTrade">;
  readonly engineClock: EngineClock;
  readonly connections: Connections;
  /** a symbol that is silent on a connection for longer than this makes it dead */
  readonly silenceMax: Micros;
};

/** Levels a side of a snapshot, and its weight. @see binance-usdm.md §5.4 */
const snapshotLevels = 1_000;
const snapshotWeight = 20;

/** Waits for a symbol that stays silent double up to this many times. */
const inVainMax = 7;

export class MarketFeed {
  readonly #ports: MarketFeedPorts;
  readonly #instruments: readonly Instrument[];
  readonly #scanner: FrameScanner;
  readonly #books: BookSync;
  readonly #sink: FrameSink;
  readonly #quotes: QuoteWatch;
  /** receipt of the last message, by symbol */
  readonly #heard: ByFeed;
  /** since when each connection is open, 0 while it is not, and how often in a row each symbol had one opened anew and stayed silent */
  readonly #openedAt: Record<MarketStream, Micros> = { public: micros(0), market: micros(0) };
  readonly #inVain: ByFeed;
  #badFrames = 0;

  constructor(instruments: readonly Instrument[], ports: MarketFeedPorts) {
    this.#ports = ports;
    this.#instruments = instruments;
    this.#scanner = new FrameScanner(instruments);
    this.#quotes = new QuoteWatch(instruments.length);
    this.#books = new BookSync(instruments.length, {
      market: watchedBook(ports, this.#quotes),
      timers: ports.timers,
      random: ports.random,
      fetch: (symbol, now) => this.#fetch(symbol, now),
    });
    this.#heard = byFeed(instruments.length);
    this.#inVain = byFeed(instruments.length);
    this.#sink = frameSink(ports, this.#books, this.#quotes, this.#heard);
  }

  path(name: MarketStream): string {
    const kinds = name === "public" ? ["bookTicker", "depth@100ms"] : ["aggTrade", "markPrice@1s"];
    const streams = this.#instruments.flatMap(({ symbol }) =>
      // Lower case: upper-case names are acknowledged and stay silent.
      kinds.map((kind) => `${encodeURIComponent(symbol.toLowerCase())}@${kind}`),
    );
    return `/${name}/stream?streams=${streams.join("/")}`;
  }

  onOpen(name: MarketStream, now: Micros): void {
    for (const feed of feedsOf[name]) this.#heard[feed].fill(now);
    if (name === "public") this.#quotes.forget();
    this.#openedAt[name] = now;
    this.#watch(name, now);
  }

  onDown(name: MarketStream, now: Micros): void {
    this.#ports.timers.clear(`silence:${name}`);
    if (name === "public") this.#books.onDown(now);
    // One that never opened has carried nothing since the last that did.
    else if (this.#openedAt.market !== 0) for (const { index } of this.#instruments) this.#lose(index, now);
    this.#openedAt[name] = micros(0);
  }

  resyncBook(symbol: SymbolIndex, now: Micros): void {
    this.#books.resync(symbol, now);
  }

  /** Hot. */
  onMessage(bytes: Uint8Array, receivedAt: Micros): void {
    const outcome = this.#scanner.scan(bytes, receivedAt, this.#sink);
    if (outcome === frameBad || outcome === frameForeign) this.#flag(outcome);
  }

  /**
   * Trades are missed until the connection is back: candles and features have a hole, which nobody tells by the book alone
   * (failure-catalogue F-68). A gap is of the whole symbol, so its book begins anew, too.
   */
  #lose(symbol: SymbolIndex, now: Micros): void {
    if (this.#books.isSynced(symbol)) this.#books.resync(symbol, now);
    else tellGap(this.#ports, symbol, now);
  }

  /** Said at the 1st, 2nd, 4th … time, so that a stream of them does not drown the log. */
  #flag(outcome: number): void {
    this.#badFrames += 1;
    if ((this.#badFrames & (this.#badFrames - 1)) !== 0) return;
    this.#ports.notice({
      kind: "notice",
      level: "warn",
      code: outcome === frameBad ? "MARKET_FRAME_UNREADABLE" : "MARKET_FRAME_FOREIGN",
      symbol: null,
      fields: { count: this.#badFrames },
    });
  }

  #watch(name: MarketStream, now: Micros): void {
    const interval = micros(Math.ceil(this.#ports.silenceMax / 4));
    this.#ports.timers.set(`silence:${name}`, plus(now, interval), (then) => {
      for (const feed of feedsOf[name]) {
        const silent = this.#instruments.find(({ index }) => this.#isDead(name, feed, index, then));
        if (silent === undefined) continue;
        this.#inVain[feed][silent.index] = at(this.#inVain[feed], silent.index) + 1;
        const cause = feed === "ticker" ? `the ticker of ${silent.symbol} is silent` : `${silent.symbol} is silent`;
        return this.#ports.connections.drop(name, cause, then);
      }
      this.#watch(name, then);
    });
  }

  /**
   * Others share the connection: where a symbol stays silent on new ones, too, as one does that is closed, the next waits ever
   * longer, unless nobody says anything.
   */
  #isDead(name: MarketStream, feed: Feed, index: SymbolIndex, now: Micros): boolean {
    const { silenceMax } = this.#ports;
    const heardAt = at(this.#heard[feed], index);
    if (heardAt > this.#openedAt[name]) this.#inVain[feed][index] = 0;
    const areOthersHeard = this.#heard[feedsOf[name][0]].some((other) => now - other <= silenceMax);
    const patience = areOthersHeard ? 2 ** Math.min(at(this.#inVain[feed], index), inVainMax) : 1;
    const since = feed === "ticker" ? (this.#quotes.owedSince(index) ?? now) : heardAt;
    return now - since > silenceMax * patience;
  }

  #fetch(symbol: SymbolIndex, now: Micros): void {
    const { symbol: name } = present(this.#instruments[symbol], `instrument ${symbol}`);
    const params = { symbol: name, limit: snapshotLevels };
    this.#ports.caller.call(
      { ...publicQuery("/fapi/v1/depth", snapshotWeight, params), priority: "query" },
      {
        asBytes: true,
        done: (answer, then) => {
          const bytes = answer.kind === "reply" ? answer.bytes : null;
          const snapshot = bytes === null ? null : this.#scanner.snapshot(bytes, symbol);
          if (snapshot === null) this.#books.onSnapshotFailed(symbol, then);
          else this.#books.onSnapshot(symbol, snapshot.levels, snapshot.time, then);
        },
      },
      now,
    );
  }
}

function byFeed(symbols: number): ByFeed {
  return { depth: new Float64Array(symbols), ticker: new Float64Array(symbols), mark: new Float64Array(symbols) };
}

/** Every gap breaks the candles as well: those of its minutes are asked for anew. */
function tellGap({ market, backfill }: MarketFeedPorts, symbol: SymbolIndex, now: Micros): void {
  market.onGap(symbol, now);
  backfill.onGap(symbol);
}

/** What the ticker has told is compared with the book where its changes are in sequence. */
function watchedBook(ports: MarketFeedPorts, quotes: QuoteWatch): BookSyncPorts["market"] {
  const { market } = ports;
  return {
    onSnapshot(symbol, levels, exchangeTime, receivedAt) {
      quotes.onSnapshot(symbol, levels);
      market.onSnapshot(symbol, levels, exchangeTime, receivedAt);
    },
    onDepth(symbol, levels, exchangeTime, receivedAt) {
      quotes.onDepth(symbol, levels, receivedAt);
      market.onDepth(symbol, levels, exchangeTime, receivedAt);
    },
    onGap: (symbol, receivedAt) => tellGap(ports, symbol, receivedAt),
  };
}

function frameSink(
  { market, backfill, engineClock }: MarketFeedPorts,
  books: BookSync,
  quotes: QuoteWatch,
  heard: ByFeed,
): FrameSink {
  return {
    onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt) {
      heard.ticker[symbol] = receivedAt;
      quotes.onTicker(symbol, updateId, bid, bidLots, ask, askLots);
      engineClock.onTold(exchangeTime, receivedAt);
      market.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
    },
    onDepth(symbol, levels, exchangeTime, receivedAt) {
      heard.depth[symbol] = receivedAt;
      books.onDepth(symbol, levels, exchangeTime, receivedAt);
    },
    onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt) {
      backfill.onTrade(symbol, exchangeTime, receivedAt);
      market.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    },
    onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt) {
      heard.mark[symbol] = receivedAt;
      market.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
    },
  };
}
