import fc from "fast-check";
import { expect, test } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { MergedCursors, TapeCursor } from "../../src/tape/player.ts";
import { timeMap } from "../../src/tape/time-map.ts";
import { Collector, eventSequence, played, smallMarket, tapeOf } from "./support.ts";

test("[BT-1] a cursor names the time of its next event, and Infinity at the end", () => {
  const cursor = new TapeCursor(tapeOf(smallMarket([100])), symbolIndex(0));
  const sink = new Collector();
  expect(cursor.nextTime).toBe(1_000_000_000_000_000);
  while (sink.events.length < 4) cursor.deliver(sink);
  expect(cursor.nextTime).toBe(Infinity);
});

test("[BT-1] an empty tape is at its end from the start", () => {
  expect(new TapeCursor(tapeOf([]), symbolIndex(0)).nextTime).toBe(Infinity);
});

test("[BT-1] playing past the end is refused", () => {
  const cursor = new TapeCursor(tapeOf([]), symbolIndex(0));
  expect(() => cursor.deliver(new Collector())).toThrow("past its end");
});

test("[BT-1] events carry the symbol that the cursor was made for", () => {
  const events = played(new TapeCursor(tapeOf(smallMarket([100, 101])), symbolIndex(3)));
  expect(new Set(events.map((event) => event.symbol))).toEqual(new Set([3]));
});

test("[MKT-1] several symbols play in the order of receipt, and at the same time in the order of the list", () => {
  fc.assert(
    fc.property(fc.array(eventSequence, { minLength: 1, maxLength: 6 }), (sequences) => {
      const cursors = sequences.map((events, index) => new TapeCursor(tapeOf(events), symbolIndex(index)));
      const expected = sequences
        .flatMap((events, index) => events.map((event) => ({ ...event, symbol: index })))
        .sort((a, b) => a.receivedAt - b.receivedAt || a.symbol - b.symbol);
      expect(played(new MergedCursors(cursors))).toEqual(expected);
    }),
  );
});

test("[MKT-1] merging nothing is at its end from the start", () => {
  expect(new MergedCursors([]).nextTime).toBe(Infinity);
});

test("[SIM-1] a tape is re-timed to now: exchange and receipt time move together", () => {
  const events = smallMarket([100, 101, 102]);
  const start = 1_000_000_000_000_000;
  const now = timeMap(micros(start), micros(1_800_000_000_000_000), 1);
  const moved = 800_000_000_000_000;
  expect(played(new TapeCursor(tapeOf(events), symbolIndex(0), now))).toEqual(
    events.map((event) =>
      event.kind === "gap"
        ? { ...event, receivedAt: event.receivedAt + moved }
        : { ...event, receivedAt: event.receivedAt + moved, exchangeTime: event.exchangeTime + moved },
    ),
  );
});

test("[SIM-1] at five times the speed a second takes a fifth", () => {
  const map = timeMap(micros(1_000_000_000_000_000), micros(7_000_000), 5);
  const events = played(new TapeCursor(tapeOf(smallMarket([100, 101, 102])), symbolIndex(0), map));
  const times = events.filter((event) => event.kind === "book_ticker").map((event) => event.receivedAt);
  expect(times).toEqual([7_000_000, 7_200_000, 7_400_000]);
});

test("[SIM-1] re-timing keeps whole microseconds and the order at any speed", () => {
  fc.assert(
    fc.property(eventSequence, fc.double({ min: 0.01, max: 1_000, noNaN: true }), (events, speed) => {
      const origin = micros(events[0]?.receivedAt ?? 0);
      const cursor = new TapeCursor(tapeOf(events), symbolIndex(0), timeMap(origin, micros(5_000_000), speed));
      const times = played(cursor).map((event) => event.receivedAt);
      expect(times).toEqual(times.map(Math.round).sort((a, b) => a - b));
    }),
  );
});

test.each([0, -1, Number.NaN, Infinity])("[SIM-1] a speed of %s is refused", (speed) => {
  expect(() => timeMap(micros(0), micros(0), speed)).toThrow("must be above 0");
});
