import { afterEach, expect, test, vi } from "vitest";
import { type Micros, micros } from "../../../src/domain/units.ts";
import { candlesBefore, TapeFeed } from "../../../src/exchange/wire/feed.ts";
import { Collector, type TapeEvent, tapeOf } from "../../tape/support.ts";

const second = 1_000_000;
const start = micros(1_791_382_980 * second);
const recorded = 1_721_347_200 * second;

const feeds: TapeFeed[] = [];

afterEach(() => {
  for (const feed of feeds.splice(0)) feed.stop();
});

function ticker(offset: number, id: number): TapeEvent {
  const time = recorded + offset;
  return {
    kind: "book_ticker",
    symbol: 0,
    id,
    bid: 640_000,
    bidLots: 1,
    ask: 640_001,
    askLots: 1,
    exchangeTime: time,
    receivedAt: time,
  };
}

/** A feed over two events, half a second apart, on a clock that the test moves. */
function playing(speed: number): { readonly sink: Collector; readonly feed: TapeFeed; at(time: number): void } {
  let now: Micros = start;
  const sink = new Collector();
  const tapes = [tapeOf([ticker(0, 10), ticker(second / 2, 12)])];
  const feed = new TapeFeed({ tapes, speed, market: sink, settle: () => {}, clock: () => now }, start);
  feeds.push(feed);
  feed.start();
  return {
    sink,
    feed,
    at: (time) => {
      now = micros(time);
    },
  };
}

function times(sink: Collector): readonly number[] {
  return sink.events.map((event) => event.receivedAt - start);
}

test("[SIM-1] a tape plays as if its first event happened now", () => {
  const { sink } = playing(1);
  expect(times(sink)).toEqual([0]);
});

test("[SIM-1] the speed makes the feed denser", async () => {
  const { sink, at } = playing(5);
  at(start + second / 10);
  await vi.waitUntil(() => sink.events.length === 2);
  expect(times(sink)).toEqual([0, second / 10]);
});

test("[SIM-1] the tape repeats in laps, each after a gap, with ids that go on rising", async () => {
  const { sink, at } = playing(1);
  at(start + 1.5 * second);
  await vi.waitUntil(() => sink.events.length === 5);
  expect(sink.events.map((event) => event.kind)).toEqual([
    "book_ticker",
    "book_ticker",
    "gap",
    "book_ticker",
    "book_ticker",
  ]);
  const ids = sink.events.flatMap((event) => (event.kind === "book_ticker" ? [event.id] : []));
  expect(ids).toEqual([10, 12, 13, 15]);
});

test("[SIM-1] after a pause of the machine the tape goes on where it was, at the present time", async () => {
  const { sink, at } = playing(1);
  const woken = start + 3_600 * second;
  at(woken);
  await vi.waitUntil(() => sink.events.length === 2);
  expect(sink.events.map((event) => event.receivedAt)).toEqual([start, woken]);
});

test("[SIM-1] a feed that was stopped plays nothing more", async () => {
  const { sink, feed, at } = playing(1);
  feed.stop();
  at(start + second);
  await new Promise((resolve) => setImmediate(resolve));
  expect(sink.events).toHaveLength(1);
});

test("[SIM-1] the candles before the tape end with the minute before the present one", () => {
  const candles = candlesBefore(tapeOf([ticker(0, 10), ticker(second / 2, 12)]), 1, start);
  expect(candles.at(-1)?.openTime).toBe(start - 60 * second);
});
