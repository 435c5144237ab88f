/**
 * The two market connections: scanned frames to the core, books kept in sequence, and liveness by content. A stream that
 * was acknowledged and delivers nothing is dead.
 *
 * @see binance-usdm.md §1.2, §5.3; requirements MKT-1; failure-catalogue F-25
 */

import { at, present } from "../domain/assert.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketSink } from "../domain/market-port.ts";
import { type Micros, micros, plus, type SymbolIndex } from "../domain/units.ts";
import type { AskPorts } from "./asking.ts";
import { BookSync } from "./book-sync.ts";
import type { Connections } from "./connections.ts";
import type { EngineClock } from "./engine-clock.ts";
import { publicQuery } from "./wire/encode.ts";
import { FrameScanner, type FrameSink, frameBad, frameForeign } from "./wire/scan.ts";

type MarketStream = "public" | "market";

export type MarketFeedPorts = AskPorts & {
  readonly market: MarketSink;
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
  /** receipt of the last message, by symbol, of the stream that never rests while the connection lives: depth, mark price */
  readonly #heard: Readonly<Record<MarketStream, Float64Array>>;
  /** since when each connection is open, and how often in a row each symbol had one opened anew and stayed silent */
  readonly #openedAt: Record<MarketStream, Micros> = { public: micros(0), market: micros(0) };
  readonly #inVain: Readonly<Record<MarketStream, Float64Array>>;
  #badFrames = 0;

  constructor(instruments: readonly Instrument[], ports: MarketFeedPorts) {
    this.#ports = ports;
    this.#instruments = instruments;
    this.#scanner = new FrameScanner(instruments);
    this.#books = new BookSync(instruments.length, {
      market: ports.market,
      timers: ports.timers,
      random: ports.random,
      fetch: (symbol, now) => this.#fetch(symbol, now),
    });
    this.#heard = { public: new Float64Array(instruments.length), market: new Float64Array(instruments.length) };
    this.#inVain = { public: new Float64Array(instruments.length), market: new Float64Array(instruments.length) };
    this.#sink = frameSink(ports, this.#books, this.#heard);
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
    this.#heard[name].fill(now);
    this.#openedAt[name] = now;
    this.#watch(name, now);
  }

  onDown(name: MarketStream, now: Micros): void {
    this.#ports.timers.clear(`silence:${name}`);
    if (name === "public") this.#books.onDown(now);
  }

  resyncBook(symbol: SymbolIndex, now: Micros): void {
    this.#books.resync(symbol, now);
  }

  /** Hot. */
  onMessage(bytes: Uint8Array, receivedAt: Micros): void {
    const outcome = this.#scanner.scan(bytes, receivedAt, this.#sink);
    if (outcome === frameBad || outcome === frameForeign) this.#flag(outcome);
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
      const silent = this.#instruments.find(({ index }) => this.#isDead(name, index, then));
      if (silent === undefined) return this.#watch(name, then);
      this.#inVain[name][silent.index] = at(this.#inVain[name], silent.index) + 1;
      this.#ports.connections.drop(name, `${silent.symbol} is silent`, then);
    });
  }

  /**
   * Others share the connection: where a symbol stays silent on new ones, too, as one does that is closed, the next waits ever
   * longer, unless nobody says anything.
   */
  #isDead(name: MarketStream, index: SymbolIndex, now: Micros): boolean {
    const { silenceMax } = this.#ports;
    const heardAt = at(this.#heard[name], index);
    if (heardAt > this.#openedAt[name]) this.#inVain[name][index] = 0;
    const areOthersHeard = this.#heard[name].some((other) => now - other <= silenceMax);
    const patience = areOthersHeard ? 2 ** Math.min(at(this.#inVain[name], index), inVainMax) : 1;
    return now - heardAt > silenceMax * patience;
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

function frameSink(
  { market, engineClock }: MarketFeedPorts,
  books: BookSync,
  heard: Readonly<Record<MarketStream, Float64Array>>,
): FrameSink {
  return {
    onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt) {
      engineClock.onTold(exchangeTime, receivedAt);
      market.onBookTicker(symbol, updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt);
    },
    onDepth(symbol, levels, exchangeTime, receivedAt) {
      heard.public[symbol] = receivedAt;
      books.onDepth(symbol, levels, exchangeTime, receivedAt);
    },
    onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt) {
      market.onTrade(symbol, tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    },
    onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt) {
      heard.market[symbol] = receivedAt;
      market.onMark(symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt);
    },
  };
}
