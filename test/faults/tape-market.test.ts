import { expect, test } from "vitest";
import { TapeMarket } from "../../src/faults/tape-market.ts";
import { Collector, type TapeEvent, tapeOf } from "../tape/support.ts";

const second = 1_000_000;
const recorded = 1_721_347_200 * second;
const start = 1_767_484_800 * second;

function ticker(symbol: number, offset: number, bid: number): TapeEvent {
  const time = recorded + offset;
  const sizes = { bidLots: 1, ask: bid + 1, askLots: 1 };
  return { kind: "book_ticker", symbol, id: bid, bid, ...sizes, exchangeTime: time, receivedAt: time };
}

function times(offset: number) {
  return { symbol: 0, exchangeTime: recorded + offset, receivedAt: recorded + offset };
}

/** A symbol with a touch each second, and another with one in between. */
function playing() {
  const sink = new Collector();
  const first = tapeOf([ticker(0, 0, 100), ticker(0, second, 101), ticker(0, 2 * second, 102)]);
  const tapes = [first, tapeOf([ticker(0, second / 2, 500), ticker(0, 1.5 * second, 501)])];
  return { sink, market: new TapeMarket({ tapes, start, seed: 1, sink }) };
}

/** What is delivered from now on, so many events: symbol and microseconds since the start. */
function next({ sink, market }: ReturnType<typeof playing>, count: number): readonly (readonly number[])[] {
  const before = sink.events.length;
  for (let event = 0; event < count; event += 1) market.deliver();
  return sink.events.slice(before).map(({ symbol, receivedAt }) => [symbol, receivedAt - start]);
}

test("[SIM-3] recordings begin when the world does, and their symbols keep their places in time", () => {
  expect(next(playing(), 4)).toEqual([
    [0, 0],
    [1, second / 2],
    [0, second],
    [1, 1.5 * second],
  ]);
});

test("[SIM-3] a recording goes on after its end", () => {
  const { market, sink } = playing();
  while (market.next < start + 3_600 * second) market.deliver();
  expect(sink.events.filter(({ kind }) => kind === "gap").length).toBeGreaterThan(1_000);
});

test("the best bid is the one that was last told", () => {
  const world = playing();
  next(world, 4);
  expect([world.market.bid(0), world.market.bid(1)]).toEqual([101, 501]);
});

test("[F-75] a symbol that stands still goes on later where it was, and the others do not wait", () => {
  const world = playing();
  next(world, 2);
  world.market.freeze(0, start + 2.5 * second);
  expect(next(world, 2)).toEqual([
    [1, 1.5 * second],
    [0, 2.5 * second],
  ]);
  expect(world.market.bid(0)).toBe(101);
});

test("a symbol that is let go on does so at once, and nothing happens in the past", () => {
  const world = playing();
  next(world, 2);
  world.market.halt(0, start + 60 * second);
  world.market.halt(0, start + 1.2 * second);
  expect(next(world, 2)).toEqual([
    [0, 1.2 * second],
    [1, 1.5 * second],
  ]);
});

test("to let a symbol go on that does not stand still changes nothing", () => {
  const world = playing();
  next(world, 2);
  world.market.freeze(0, start + second / 2);
  expect(next(world, 1)).toEqual([[0, second]]);
});

test("the mark price stands apart by a fraction, until it no longer does", () => {
  const sink = new Collector();
  const mark = (offset: number): TapeEvent => ({
    kind: "mark",
    ...times(offset),
    mark: 1_000_000,
    fundingRate: 0,
    nextFunding: 0,
  });
  const tapes = [tapeOf([ticker(0, 0, 100), mark(1), mark(2), mark(3)])];
  const market = new TapeMarket({ tapes, start, seed: 1, sink });
  for (const share of [0, 0, 0.01, 0]) {
    market.setBasis(0, share);
    market.deliver();
  }
  const marks = sink.events.flatMap((event) => (event.kind === "mark" ? [event.mark] : []));
  expect(marks).toEqual([1_000_000, 1_010_000, 1_000_000]);
});

test("trades are of at most so many lots, until they no longer are", () => {
  const sink = new Collector();
  const trade = (offset: number, quantity: number): TapeEvent => ({
    kind: "trade",
    ...times(offset),
    id: offset,
    price: 100,
    quantity,
    buyerIsMaker: true,
  });
  const tapes = [tapeOf([ticker(0, 0, 100), trade(1, 50), trade(2, 50), trade(3, 2), trade(4, 50)])];
  const market = new TapeMarket({ tapes, start, seed: 1, sink });
  for (const most of [null, null, 10, 10, null]) {
    market.thin(most);
    market.deliver();
  }
  const sizes = sink.events.flatMap((event) => (event.kind === "trade" ? [event.quantity] : []));
  expect(sizes).toEqual([50, 10, 2, 50]);
});

test("what a recording cannot do is not said to have happened", () => {
  const { market } = playing();
  expect([market.jump(), market.burst()]).toEqual([false, false]);
});
