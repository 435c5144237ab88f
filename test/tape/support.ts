/** Events as values, so that tests can generate, compare and mend them. */

import fc from "fast-check";
import { type DepthLevels, depthLevels, type MarketSink } from "../../src/domain/market-port.ts";
import { lots, micros, priceE8, type SymbolIndex, symbolIndex, ticks } from "../../src/domain/units.ts";
import { TapeBuilder } from "../../src/tape/builder.ts";
import type { Tape, TapeMetadata } from "../../src/tape/format.ts";
import type { MarketCursor } from "../../src/tape/player.ts";

type Level = { side: number; price: number; size: number };
type Times = { symbol: number; exchangeTime: number; receivedAt: number };

export type BookTickerEvent = Times & {
  kind: "book_ticker";
  id: number;
  bid: number;
  bidLots: number;
  ask: number;
  askLots: number;
};
export type LevelsEvent = Times & {
  kind: "depth" | "snapshot";
  firstId: number;
  lastId: number;
  previousId: number;
  levels: Level[];
};
export type TradeEvent = Times & {
  kind: "trade";
  id: number;
  price: number;
  quantity: number;
  buyerIsMaker: boolean;
};
export type MarkEvent = Times & { kind: "mark"; mark: number; fundingRate: number; nextFunding: number };
export type GapEvent = { kind: "gap"; symbol: number; receivedAt: number };
export type TapeEvent = BookTickerEvent | LevelsEvent | TradeEvent | MarkEvent | GapEvent;

/** Keeps what it is given, copied. */
export class Collector implements MarketSink {
  readonly events: TapeEvent[] = [];

  onBookTicker: MarketSink["onBookTicker"] = (symbol, id, bid, bidLots, ask, askLots, exchangeTime, receivedAt) => {
    this.events.push({ kind: "book_ticker", symbol, id, bid, bidLots, ask, askLots, exchangeTime, receivedAt });
  };
  onSnapshot: MarketSink["onSnapshot"] = (symbol, levels, exchangeTime, receivedAt) => {
    this.events.push({ kind: "snapshot", symbol, ...copied(levels), exchangeTime, receivedAt });
  };
  onDepth: MarketSink["onDepth"] = (symbol, levels, exchangeTime, receivedAt) => {
    this.events.push({ kind: "depth", symbol, ...copied(levels), exchangeTime, receivedAt });
  };
  onTrade: MarketSink["onTrade"] = (symbol, id, price, quantity, buyerIsMaker, exchangeTime, receivedAt) => {
    this.events.push({ kind: "trade", symbol, id, price, quantity, buyerIsMaker, exchangeTime, receivedAt });
  };
  onMark: MarketSink["onMark"] = (symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt) => {
    this.events.push({ kind: "mark", symbol, mark, fundingRate, nextFunding, exchangeTime, receivedAt });
  };
  onGap: MarketSink["onGap"] = (symbol, receivedAt) => {
    this.events.push({ kind: "gap", symbol, receivedAt });
  };
}

function copied(levels: DepthLevels): { firstId: number; lastId: number; previousId: number; levels: Level[] } {
  const { firstId, lastId, previousId, count } = levels;
  const list = Array.from({ length: count }, (_, index) => ({
    side: levels.side[index] ?? -1,
    price: levels.price[index] ?? -1,
    size: levels.size[index] ?? -1,
  }));
  return { firstId, lastId, previousId, levels: list };
}

export function played(cursor: MarketCursor, most = Infinity): TapeEvent[] {
  const sink = new Collector();
  while (cursor.nextTime < Infinity && sink.events.length < most) cursor.deliver(sink);
  return sink.events;
}

export const metadata: TapeMetadata = {
  symbol: "BTCUSDT",
  tickSize: "0.10",
  stepSize: "0.001",
  source: "a test",
  licence: "MIT",
  clockShift: micros(0),
  derived: [],
  dropped: {},
};

export function tapeOf(events: readonly TapeEvent[], described: TapeMetadata = metadata): Tape {
  const builder = new TapeBuilder();
  for (const event of events) deliver(event, builder);
  return builder.build(described);
}

function deliver(event: TapeEvent, sink: MarketSink): void {
  const symbol: SymbolIndex = symbolIndex(event.symbol);
  const receivedAt = micros(event.receivedAt);
  if (event.kind === "gap") {
    sink.onGap(symbol, receivedAt);
    return;
  }
  const exchangeTime = micros(event.exchangeTime);
  switch (event.kind) {
    case "book_ticker": {
      const { id, bid, bidLots, ask, askLots } = event;
      sink.onBookTicker(symbol, id, ticks(bid), lots(bidLots), ticks(ask), lots(askLots), exchangeTime, receivedAt);
      return;
    }
    case "depth":
      sink.onDepth(symbol, levelsOf(event), exchangeTime, receivedAt);
      return;
    case "snapshot":
      sink.onSnapshot(symbol, levelsOf(event), exchangeTime, receivedAt);
      return;
    case "trade": {
      const { id, price, quantity, buyerIsMaker } = event;
      sink.onTrade(symbol, id, ticks(price), lots(quantity), buyerIsMaker, exchangeTime, receivedAt);
      return;
    }
    case "mark":
      sink.onMark(symbol, priceE8(event.mark), event.fundingRate, micros(event.nextFunding), exchangeTime, receivedAt);
      return;
    default:
      throw new TypeError(`unhandled event ${event satisfies never}`);
  }
}

function levelsOf(event: LevelsEvent): DepthLevels {
  const levels = depthLevels(event.levels.length);
  levels.firstId = event.firstId;
  levels.lastId = event.lastId;
  levels.previousId = event.previousId;
  levels.count = event.levels.length;
  event.levels.forEach((level, index) => {
    levels.side[index] = level.side;
    levels.price[index] = level.price;
    levels.size[index] = level.size;
  });
  return levels;
}

const whole = (max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.nat(max),
    fc.maxSafeNat().map((n) => n % max),
  );
const id = whole(Number.MAX_SAFE_INTEGER);
const price = whole(10_000_000).map((value) => value + 1);
const size = whole(1_000_000_000_000);
const time = whole(2_000_000_000_000_000);
const levels = fc.array(fc.record({ side: fc.nat(1), price, size }), { maxLength: 8 });

const anyEvent: fc.Arbitrary<TapeEvent> = fc.oneof(
  fc
    .record({
      id,
      bid: price,
      bidLots: size,
      spread: fc.integer({ min: 1, max: 50 }),
      askLots: size,
      exchangeTime: time,
    })
    .map(({ spread, ...event }) => ({
      ...event,
      kind: "book_ticker" as const,
      symbol: 0,
      ask: event.bid + spread,
      receivedAt: 0,
    })),
  fc
    .record({
      kind: fc.constantFrom("depth" as const, "snapshot" as const),
      ids: fc.tuple(id, id),
      previousId: id,
      levels,
      exchangeTime: time,
    })
    .map(({ ids: [a, b], ...event }) => ({
      ...event,
      symbol: 0,
      firstId: Math.min(a, b),
      lastId: Math.max(a, b),
      receivedAt: 0,
    })),
  fc
    .record({ id, price, quantity: size.map((value) => value + 1), buyerIsMaker: fc.boolean(), exchangeTime: time })
    .map((event) => ({ ...event, kind: "trade" as const, symbol: 0, receivedAt: 0 })),
  fc
    .record({
      mark: whole(Number.MAX_SAFE_INTEGER - 1).map((value) => value + 1),
      fundingRate: fc.double({ min: -1, max: 1, noNaN: true }),
      nextFunding: time,
      exchangeTime: time,
    })
    .map((event) => ({ ...event, kind: "mark" as const, symbol: 0, receivedAt: 0 })),
  fc.constant({ kind: "gap" as const, symbol: 0, receivedAt: 0 }),
);

/** Any sequence of events that a tape can hold: receipt times never go back. */
export const eventSequence: fc.Arbitrary<TapeEvent[]> = fc
  .tuple(time, fc.array(fc.tuple(anyEvent, fc.nat(3_000_000)), { maxLength: 60 }))
  .map(([start, steps]) => {
    let receivedAt = start;
    return steps.map(([event, delay]) => {
      receivedAt += delay;
      return { ...event, receivedAt };
    });
  });

/** A small market with one book ticker a second, a snapshot, diffs and trades. */
export function smallMarket(bids: readonly number[], start = 1_000_000_000_000_000): TapeEvent[] {
  return bids.flatMap((bid, index): TapeEvent[] => {
    const receivedAt = start + index * 1_000_000;
    const times = { symbol: 0, exchangeTime: receivedAt - 2_000, receivedAt };
    const id = 1_000 + index * 10;
    const levels: Level[] = [
      { side: 0, price: bid, size: 5 },
      { side: 1, price: bid + 1, size: 7 },
    ];
    return [
      { ...times, kind: "book_ticker", id, bid, bidLots: 5, ask: bid + 1, askLots: 7 },
      index === 0
        ? { ...times, kind: "snapshot", firstId: id, lastId: id, previousId: id, levels }
        : { ...times, kind: "depth", firstId: id - 3, lastId: id, previousId: id - 10, levels },
      { ...times, kind: "trade", id: 70 + index, price: bid + 1, quantity: 3, buyerIsMaker: false },
      { ...times, kind: "mark", mark: (2 * bid + 1) * 5_000_000, fundingRate: 0.0001, nextFunding: 0 },
    ];
  });
}
