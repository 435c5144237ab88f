/**
 * A seeded market for the exchange: touch, depth, trades and mark price of each symbol in turn, a walk with fat steps.
 * How dense it is follows from what is at stake: nobody sees it while the daemon is down, and where it has neither
 * position nor order it is calmer.
 */

import { at, present } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import type { Instrument } from "../domain/instrument.ts";
import { askSide, bidSide, type DepthLevels, depthLevels, type MarketSink } from "../domain/market-port.ts";
import { lots, type Micros, micros, microsPerMinute, microsPerSecond, priceE8, ticks } from "../domain/units.ts";
import type { Random } from "../tape/random.ts";
import { randomFor } from "./random.ts";

/** What a world's exchange is fed with. Times are microseconds, shares fractions. */
export interface SimulatedMarket {
  /** when the next event happens */
  readonly next: number;
  /** Hands it over. */
  deliver(sink: MarketSink): void;
  /** Best bid, ticks. */
  bid(symbol: number): number;
  /** Whether the mark price is told at this second: where nothing is at stake only now and then. */
  isMarkDue(symbol: number, now: number): boolean;
  /** Candles of the minutes before `start`, oldest first. */
  history(symbol: number, minutes: number, start: number): readonly Candle[];
  /** Whether the daemon is up. */
  watched(isWatched: boolean): void;
  /** A position or an order of the daemon is there, or no more. */
  hold(symbol: number, isHeld: boolean, now: number): void;
  /** Somebody asks for something there. */
  stir(symbol: number, now: number): void;
  /** The book stands still until then; a time that is over ends it. */
  freeze(symbol: number, until: number): void;
  /** Nothing is traded or said of it until then; a time that is over ends it. */
  halt(symbol: number, until: number): void;
  /** The mark price stands apart from the last, by a fraction. */
  setBasis(symbol: number, share: number): void;
  /** Trades are of at most so many lots; null: as ever. */
  thin(lotsMax: number | null): void;
  /** The price jumps, by a fraction of itself. @returns whether it could */
  jump(symbol: number, share: number): boolean;
  /** So many times as dense as ever. @returns whether it could */
  burst(times: number): boolean;
}

export type MarketOptions = {
  readonly seed: number;
  readonly instruments: readonly Instrument[];
  /** in ticks, by symbol */
  readonly prices: readonly number[];
  readonly start: number;
  /** as dense as ever, whatever is at stake */
  readonly isSteady: boolean;
};

/** Events of a symbol in one second, which are also the kinds that take turns. */
const eventsPerSecond = 5;
const interval = microsPerSecond / eventsPerSecond;
/**
 * Where nothing is at stake two turns go round, each of which says more: a book or its touch is at most 3.2 s old, a trade
 * and a mark price as well, which is still much less than the age at which data are stale.
 */
const calmInterval = 1.25 * microsPerSecond;
const calmTurns = 2;
/** Seconds from one mark price that is told to the next, there. */
const calmMark = 3;
/** How long a request keeps a symbol from being calm: it may lead to something. */
const stir = 10 * microsPerSecond;
/** While the daemon is down: enough for triggers and funding. */
const idleInterval = 5 * microsPerSecond;
const levelsASide = 6;
/** Standard deviation of a second's move, as a fraction of the price: about 6 bps a minute. */
const deviation = 0.000_08;
const levelGap = 0.000_01;
/** What the best level is worth, and the largest trade; quote asset. */
const levelWorth = 20_000;
const tradeWorth = 40_000;

type Walk = {
  readonly instrument: Instrument;
  readonly gap: number;
  bid: number;
  spread: number;
  shownBid: number;
  shownSpread: number;
  updateId: number;
  tradeId: number;
  turn: number;
  nextAt: number;
  movedAt: number;
  /** a position, or an order of the daemon, is there */
  isHeld: boolean;
  stirredUntil: number;
  /** mark price over mid, minus one */
  basis: number;
  readonly sizes: readonly number[];
  readonly largestTrade: number;
  /** until when the book stands still, and everything */
  frozenUntil: number;
  haltedUntil: number;
};

export class Market implements SimulatedMarket {
  readonly #walks: readonly Walk[];
  readonly #random: Random;
  readonly #levels: DepthLevels = depthLevels(4 * levelsASide);
  readonly #isSteady: boolean;
  #nextAt: number;
  #isWatched = true;
  #tradeLotsMax = Number.POSITIVE_INFINITY;
  #times = 1;

  constructor({ seed, instruments, prices, start, isSteady }: MarketOptions) {
    this.#isSteady = isSteady;
    this.#random = randomFor(seed, "market");
    this.#walks = instruments.map((instrument, index) => {
      const bid = at(prices, index);
      const worth = (bid * instrument.tickLotE8) / 1e8;
      return {
        instrument,
        gap: Math.max(1, Math.round(bid * levelGap)),
        bid,
        spread: 1,
        shownBid: 0,
        shownSpread: 1,
        updateId: 1_000,
        tradeId: 1_000,
        turn: 0,
        nextAt: start + index * 37_000,
        movedAt: start,
        isHeld: false,
        stirredUntil: 0,
        basis: 0,
        frozenUntil: 0,
        haltedUntil: 0,
        largestTrade: Math.ceil(tradeWorth / worth),
        sizes: Array.from({ length: levelsASide }, (_, level) => Math.ceil((levelWorth * (1 + level)) / worth)),
      };
    });
    this.#nextAt = start;
  }

  get next(): number {
    return this.#nextAt;
  }

  watched(isWatched: boolean): void {
    this.#isWatched = isWatched;
  }

  hold(symbol: number, isHeld: boolean, now: number): void {
    const walk = present(this.#walks[symbol], "walk of a symbol");
    if (walk.isHeld === isHeld) return;
    walk.isHeld = isHeld;
    if (isHeld) this.#hurry(walk, now);
  }

  stir(symbol: number, now: number): void {
    const walk = present(this.#walks[symbol], "walk of a symbol");
    walk.stirredUntil = now + stir;
    this.#hurry(walk, now);
  }

  bid(symbol: number): number {
    return present(this.#walks[symbol], "walk of a symbol").bid;
  }

  isMarkDue(symbol: number, now: number): boolean {
    const walk = present(this.#walks[symbol], "walk of a symbol");
    return this.#isDense(walk, now) || Math.floor(now / microsPerSecond) % calmMark === 0;
  }

  jump(symbol: number, share: number): boolean {
    const walk = present(this.#walks[symbol], "walk of a symbol");
    walk.bid = Math.max(1_000, Math.round(walk.bid * (1 + share)));
    return true;
  }

  thin(lotsMax: number | null): void {
    this.#tradeLotsMax = lotsMax ?? Number.POSITIVE_INFINITY;
  }

  burst(times: number): boolean {
    this.#times = times;
    return true;
  }

  setBasis(symbol: number, share: number): void {
    present(this.#walks[symbol], "walk of a symbol").basis = share;
  }

  freeze(symbol: number, until: number): void {
    present(this.#walks[symbol], "walk of a symbol").frozenUntil = until;
  }

  halt(symbol: number, until: number): void {
    present(this.#walks[symbol], "walk of a symbol").haltedUntil = until;
  }

  /** One event, at its time. */
  deliver(sink: MarketSink): void {
    let earliest = present(this.#walks[0], "walk");
    for (const walk of this.#walks) if (walk.nextAt < earliest.nextAt) earliest = walk;
    const isDense = this.#isDense(earliest, earliest.nextAt);
    this.#emit(earliest, isDense, micros(Math.round(earliest.nextAt)), sink);
    const wait = this.#isWatched ? (isDense ? interval : calmInterval) / this.#times : idleInterval;
    earliest.nextAt = Math.round(earliest.nextAt + wait * (0.75 + 0.5 * this.#random.uniform()));
    let next = Number.POSITIVE_INFINITY;
    for (const walk of this.#walks) next = Math.min(next, walk.nextAt);
    this.#nextAt = next;
  }

  /** Of the same walk. */
  history(symbol: number, minutes: number, start: number): readonly Candle[] {
    const { bid } = present(this.#walks[symbol], "walk of a symbol");
    const random = this.#random;
    const step = bid * deviation * Math.sqrt(60);
    const last = Math.floor(start / microsPerMinute) * microsPerMinute;
    const candles: Candle[] = [];
    let close = bid;
    for (let minute = 1; minute <= minutes; minute += 1) {
      const open = Math.round(close - random.normal() * step);
      const reach = Math.round(step * (0.3 + random.uniform()));
      candles.push({
        openTime: micros(last - minute * microsPerMinute),
        open: ticks(open),
        high: ticks(Math.max(open, close) + reach),
        low: ticks(Math.max(1, Math.min(open, close) - reach)),
        close: ticks(close),
        volume: lots(1_000),
        takerBuyVolume: lots(500),
      });
      close = open;
    }
    return candles.reverse();
  }

  #hurry(walk: Walk, now: number): void {
    if (!this.#isWatched) return;
    walk.nextAt = Math.min(walk.nextAt, now + interval);
    this.#nextAt = Math.min(this.#nextAt, walk.nextAt);
  }

  #isDense({ isHeld, stirredUntil }: Walk, at: number): boolean {
    return this.#isSteady || isHeld || at < stirredUntil;
  }

  #emit(walk: Walk, isDense: boolean, now: Micros, sink: MarketSink): void {
    const { turn } = walk;
    walk.turn += 1;
    if (walk.haltedUntil > now) return;
    if (!isDense) return this.#emitCalmly(walk, turn % calmTurns, now, sink);
    switch (turn % eventsPerSecond) {
      case 0:
        if (walk.frozenUntil <= now) this.#depth(walk, now, sink);
        return;
      case 1:
      case 3:
        if (walk.frozenUntil <= now) this.#touch(walk, now, sink);
        return;
      case 2:
        return this.#trade(walk, now, sink);
      default:
        return this.#mark(walk, now, sink);
    }
  }

  #emitCalmly(walk: Walk, turn: number, now: Micros, sink: MarketSink): void {
    if (turn === 0) {
      if (walk.frozenUntil > now) return;
      this.#depth(walk, now, sink);
      this.#showTouch(walk, now, sink);
      return;
    }
    this.#trade(walk, now, sink);
    this.#mark(walk, now, sink);
  }

  #depth(walk: Walk, now: Micros, sink: MarketSink): void {
    const random = this.#random;
    const seconds = Math.min(60, (now - walk.movedAt) / microsPerSecond);
    // Every other time the touch stands still, and levels only change their size.
    const moves = walk.shownBid === 0 || random.below(2) === 0;
    if (!moves) return this.#resize(walk, now, sink);
    walk.movedAt = now;
    walk.bid = Math.max(1_000, walk.bid + Math.round(random.normal() * walk.bid * deviation * Math.sqrt(seconds)));
    walk.spread = random.below(4) === 0 ? 2 : 1;
    const isFirst = walk.shownBid === 0;
    const levels = this.#levels;
    levels.count = 0;
    if (!isFirst) this.#ladder(walk.shownBid, walk.shownSpread, walk, 0);
    this.#ladder(walk.bid, walk.spread, walk, 1);
    walk.shownBid = walk.bid;
    walk.shownSpread = walk.spread;
    levels.previousId = walk.updateId;
    levels.firstId = walk.updateId + 1;
    walk.updateId += 2;
    levels.lastId = walk.updateId;
    const { index } = walk.instrument;
    if (isFirst) sink.onSnapshot(index, levels, now, now);
    else sink.onDepth(index, levels, now, now);
    this.#showTouch(walk, now, sink);
  }

  #resize(walk: Walk, now: Micros, sink: MarketSink): void {
    const levels = this.#levels;
    const level = 1 + this.#random.below(levelsASide - 1);
    levels.side[0] = bidSide;
    levels.price[0] = walk.shownBid - level * walk.gap;
    levels.size[0] = at(walk.sizes, level) + this.#random.below(10);
    levels.count = 1;
    levels.previousId = walk.updateId;
    levels.firstId = walk.updateId + 1;
    walk.updateId += 1;
    levels.lastId = walk.updateId;
    sink.onDepth(walk.instrument.index, levels, now, now);
  }

  /** Twelve levels around the touch, of their size or, with `share` 0, gone. */
  #ladder(bid: number, spread: number, { gap, sizes }: Walk, share: number): void {
    const levels = this.#levels;
    for (let level = 0; level < levelsASide; level += 1) {
      const size = share * at(sizes, level);
      const place = levels.count;
      levels.side[place] = bidSide;
      levels.price[place] = bid - level * gap;
      levels.size[place] = size;
      levels.side[place + 1] = askSide;
      levels.price[place + 1] = bid + spread + level * gap;
      levels.size[place + 1] = size;
      levels.count = place + 2;
    }
  }

  #touch(walk: Walk, now: Micros, sink: MarketSink): void {
    if (walk.shownBid === 0) return;
    walk.updateId += 1;
    this.#showTouch(walk, now, sink);
  }

  /** Every change of the touch is told by both streams, under one number: who keeps a book compares them. */
  #showTouch(walk: Walk, now: Micros, sink: MarketSink): void {
    const size = lots(at(walk.sizes, 0));
    const { shownBid: bid, shownSpread: spread } = walk;
    sink.onBookTicker(walk.instrument.index, walk.updateId, ticks(bid), size, ticks(bid + spread), size, now, now);
  }

  #trade(walk: Walk, now: Micros, sink: MarketSink): void {
    if (walk.shownBid === 0) return;
    const random = this.#random;
    walk.tradeId += 1;
    const isSell = random.below(2) === 0;
    const beyond = random.below(3) === 0 ? random.below(3) : 0;
    const price = isSell ? walk.shownBid - beyond : walk.shownBid + walk.shownSpread + beyond;
    const size = Math.min(this.#tradeLotsMax, Math.ceil(walk.largestTrade * random.uniform() ** 4));
    sink.onTrade(walk.instrument.index, walk.tradeId, ticks(price), lots(Math.max(1, size)), isSell, now, now);
  }

  #mark(walk: Walk, now: Micros, sink: MarketSink): void {
    if (walk.shownBid === 0) return;
    const { tickE8 } = walk.instrument;
    const mark = Math.round(walk.shownBid * (1 + walk.basis)) * tickE8;
    sink.onMark(walk.instrument.index, priceE8(mark), 0.0001, micros(0), now, now);
  }
}
