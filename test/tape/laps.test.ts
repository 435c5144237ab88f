import { expect, test } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { LapCursor, lapSpan } from "../../src/tape/laps.ts";
import { MergedCursors, TapeCursor } from "../../src/tape/player.ts";
import { timeMap } from "../../src/tape/time-map.ts";
import { type BookTickerEvent, type LevelsEvent, played, smallMarket, type TapeEvent, tapeOf } from "./support.ts";

const start = 1_000_000_000_000_000;
const market = smallMarket([100, 104, 103, 97]);
const tape = tapeOf(market);
const span = lapSpan([tape]);
const perLap = market.length;

function laps(count: number): TapeEvent[][] {
  const events = played(new LapCursor(tape, symbolIndex(0), span, count));
  // A lap is its events, and from the second on the seam before them.
  return Array.from({ length: count }, (_, lap) =>
    events.slice(lap === 0 ? 0 : perLap * lap + lap - 1, perLap * (lap + 1) + lap),
  );
}

const tickers = (events: readonly TapeEvent[]): BookTickerEvent[] =>
  events.filter((event) => event.kind === "book_ticker");
const books = (events: readonly TapeEvent[]): LevelsEvent[] =>
  events.filter((event): event is LevelsEvent => event.kind === "depth" || event.kind === "snapshot");
const mid = (event: BookTickerEvent | undefined): number => ((event?.bid ?? NaN) + (event?.ask ?? NaN)) / 2;

test("[SIM-1] the first lap is the recording as it is", () => {
  expect(laps(1)[0]).toEqual(played(new TapeCursor(tape, symbolIndex(0))));
});

test("[SIM-1] a lap of several tapes lasts from the first event of any to the last of any, in whole seconds", () => {
  const other = tapeOf(smallMarket([50, 51], start + 2_500_000));
  expect(lapSpan([tape, other])).toEqual({ start, length: 4_000_000 });
});

test("[SIM-1] each seam is a gap, delivered before anything of the next lap", () => {
  expect(laps(3).map((lap) => lap.findIndex((event) => event.kind === "gap"))).toEqual([-1, 0, 0]);
});

test("[SIM-1] a lap begins with a whole book", () => {
  expect(laps(3).map((lap) => books(lap)[0]?.kind)).toEqual(["snapshot", "snapshot", "snapshot"]);
});

test("[SIM-1] prices join: each lap begins at the mid where the last one ended", () => {
  const played = laps(4).map(tickers);
  const ends = played.slice(0, -1).map((lap) => mid(lap.at(-1)));
  expect(played.slice(1).map((lap) => mid(lap[0]))).toEqual(ends);
});

test("[SIM-1] after a thousand laps the price is still within the recording and its mirror image", () => {
  const prices = tickers(laps(1_000).flat()).map((event) => event.bid);
  expect([Math.min(...prices), Math.max(...prices)]).toEqual([93, 104]);
});

test("[SIM-1] in the mirror bids are asks, at mirrored prices and with their quantities", () => {
  const [second] = laps(2).slice(1);
  // first mid 100.5, last mid 97.5: a price p becomes 198 − p
  expect(tickers(second ?? []).map(({ bid, bidLots, ask, askLots }) => [bid, bidLots, ask, askLots])).toEqual(
    [100, 104, 103, 97].map((bid) => [198 - bid - 1, 7, 198 - bid, 5]),
  );
});

test("[SIM-1] in the mirror the taker changes sides", () => {
  const second = laps(2)[1] ?? [];
  const trades = second.filter((event) => event.kind === "trade");
  expect(trades.map((event) => [event.price, event.buyerIsMaker])).toEqual([
    [97, true],
    [93, true],
    [94, true],
    [100, true],
  ]);
});

test("[SIM-1] in the mirror mark and book stay at the same distance", () => {
  const second = laps(2)[1] ?? [];
  const marks = second.filter((event) => event.kind === "mark").map((event) => event.mark);
  expect(marks).toEqual(tickers(second).map((event) => mid(event) * 10_000_000));
});

test("[SIM-1] a level above twice the price has no mirror image", () => {
  const far = market.map((event) =>
    event.kind === "snapshot" ? { ...event, levels: [...event.levels, { side: 1, price: 500, size: 1 }] } : event,
  );
  const events = played(new LapCursor(tapeOf(far), symbolIndex(0), span, 2));
  expect(books(events).map((event) => event.levels.length)).toEqual([3, 2, 2, 2, 2, 2, 2, 2]);
});

test("[SIM-1] a tape whose price has no mirror image above zero repeats as it is", () => {
  const events = played(new LapCursor(tapeOf(smallMarket([10, 50, 11])), symbolIndex(0), span, 2));
  expect(tickers(events).map((event) => event.bid)).toEqual([10, 50, 11, 10, 50, 11]);
});

test("[SIM-1] update and trade ids keep rising over laps", () => {
  const events = laps(5).flat();
  const ids = tickers(events).map((event) => event.id);
  const trades = events.filter((event) => event.kind === "trade").map((event) => event.id);
  expect([ids, trades]).toEqual([[...new Set(ids)].sort((a, b) => a - b), [...new Set(trades)].sort((a, b) => a - b)]);
});

test("[SIM-1] within a lap each diff continues the one before", () => {
  const broken = laps(5).flatMap((lap) => {
    const ids = books(lap);
    return ids.slice(1).filter((event, index) => event.previousId !== ids[index]?.lastId);
  });
  expect(broken).toEqual([]);
});

test("[SIM-1] laps of several symbols stay simultaneous", () => {
  const other = tapeOf(smallMarket([50, 51], start + 500_000));
  const both = lapSpan([tape, other]);
  const cursors = [tape, other].map((each, index) => new LapCursor(each, symbolIndex(index), both, 3));
  const seams = played(new MergedCursors(cursors)).filter((event) => event.kind === "gap");
  const [second, third] = [start + both.length, start + 2 * both.length];
  expect(seams.map((event) => [event.symbol, event.receivedAt])).toEqual([
    [0, second],
    [1, second],
    [0, third],
    [1, third],
  ]);
});

test("[SIM-1] laps without end go on", () => {
  const cursor = new LapCursor(tape, symbolIndex(0), span, Infinity);
  played(cursor, 10_000);
  expect(cursor.lap).toBe(Math.floor(10_000 / (perLap + 1)));
});

test("[SIM-1] time never goes back over laps, at any speed", () => {
  const map = timeMap(micros(start), micros(2_000_000_000_000_000), 7);
  const times = played(new LapCursor(tape, symbolIndex(0), span, 6, map)).map((event) => event.receivedAt);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test("[SIM-1] an empty tape has no laps", () => {
  expect(new LapCursor(tapeOf([]), symbolIndex(0), span, Infinity).nextTime).toBe(Infinity);
});
