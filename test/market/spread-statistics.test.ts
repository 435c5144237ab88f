import fc from "fast-check";
import { expect, test } from "vitest";
import { microsPerSecond } from "../../src/domain/units.ts";
import { SpreadStatistics } from "../../src/market/spread-statistics.ts";
import { SessionSchedule } from "../../src/market/trading-sessions.ts";
import { settings } from "./support.ts";

const { sessions } = settings.market;
const limits = { ...settings.market.spread, window_seconds: 60, session_hours: 1 };
const hour = 3_600 * microsPerSecond;
/** An hour before London begins. */
const asia = 20_000 * 24 * hour + 6 * hour;

type Piece = { readonly spread: number; readonly from: number; readonly until: number };

test("[MKT-3] average and deviation are time-weighted, and the same as computed over the whole history", () => {
  // Goal: incremental means with decay agree with the integral over all pieces, across sessions and gaps.
  // Method: random spreads and silences; the naive mean weighs each piece with what is left of it.
  const step = fc.record({
    wait: fc.integer({ min: 0, max: 900 }),
    spread: fc.integer({ min: 1, max: 20 }),
    gap: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 2, maxLength: 30 }), (steps) => {
      const statistics = fresh();
      const pieces: Piece[] = [];
      let now = asia;
      let standing: { spread: number; from: number } | null = null;
      for (const { wait, spread, gap } of steps) {
        now += wait * microsPerSecond;
        if (standing !== null) pieces.push({ ...standing, until: now });
        if (gap) statistics.onGap(now);
        else statistics.onQuote(spread, now);
        standing = gap ? null : { spread, from: now };
      }
      const schedule = new SessionSchedule(sessions);
      compare(statistics.average(now), statistics.deviation(now), pieces, now, limits.window_seconds);
      // What a session remembers decays with its own hours only: pieces of other sessions take no time.
      const own = pieces.flatMap((piece) => split(piece, schedule)).filter(({ from }) => inSession(from, now));
      const usual = statistics.sessionAverage(now);
      const squeezed = squeeze(own);
      const naive = weigh(squeezed, squeezed.at(-1)?.until ?? 0, limits.session_hours * 3_600);
      if (naive === null) expect(usual).toBe(null);
      else expect(usual).toBeCloseTo(naive.mean, 6);
      function inSession(from: number, at: number): boolean {
        return schedule.at(from) === schedule.at(at);
      }
    }),
    { numRuns: 300 },
  );
});

test("[MKT-3] the ratio is that of the spread now to the average", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  statistics.onQuote(6, asia + 600 * microsPerSecond);
  expect(statistics.ratio(asia + 600 * microsPerSecond)).toBeCloseTo(3, 4);
});

test("[MKT-3] expansion is the average against what is usual in the trading session, not in another one", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  // London begins: its usual spread is 8, whatever it was in Asia.
  statistics.onQuote(8, asia + hour);
  const later = asia + 2 * hour;
  expect(statistics.sessionAverage(later)).toBeCloseTo(8, 9);
  expect(statistics.expansion(later)).toBeCloseTo(1, 9);
  statistics.onQuote(16, later);
  expect(statistics.expansion(later + 300 * microsPerSecond)).toBeGreaterThan(1.7);
});

test("[MKT-3] expansion is not known before a whole window of the session was seen", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  expect(statistics.expansion(asia + 59 * microsPerSecond)).toBe(null);
  expect(statistics.expansion(asia + 60 * microsPerSecond)).toBeCloseTo(1, 9);
});

test("[MKT-3] the verdict names its reason with measured value and limit", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  const soon = asia + 29 * microsPerSecond;
  expect(statistics.verdict(1, soon)).toEqual({
    acceptable: false,
    reason: "SPREAD_UNKNOWN",
    measured: 29,
    limit: limits.warmup_seconds,
  });
  const warm = asia + 600 * microsPerSecond;
  expect(statistics.verdict(limits.max_bps, warm)).toEqual({ acceptable: true });
  expect(statistics.verdict(limits.max_bps + 0.01, warm)).toEqual({
    acceptable: false,
    reason: "SPREAD_TOO_WIDE",
    measured: limits.max_bps + 0.01,
    limit: limits.max_bps,
  });
  statistics.onQuote(7, warm);
  expect(statistics.verdict(1, warm)).toMatchObject({ reason: "SPREAD_ABNORMAL", measured: 3.5, limit: 3 });
});

test("[MKT-3] an average that has grown beyond its session's usual one is expanded", () => {
  const statistics = new SpreadStatistics(
    { ...limits, window_seconds: 10, max_ratio: 100 },
    new SessionSchedule(sessions),
  );
  statistics.onQuote(2, asia);
  statistics.onQuote(20, asia + 1_800 * microsPerSecond);
  expect(statistics.verdict(1, asia + 1_830 * microsPerSecond)).toMatchObject({
    acceptable: false,
    reason: "SPREAD_EXPANDED",
    limit: limits.max_expansion,
  });
});

test("[MKT-3] after a gap, and on a crossed touch, the spread is unknown", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  const later = asia + hour / 2;
  statistics.onGap(later);
  expect(statistics.verdict(1, later)).toMatchObject({ reason: "SPREAD_UNKNOWN" });
  statistics.onQuote(2, later);
  expect(statistics.verdict(1, later)).toEqual({ acceptable: true });
  statistics.onQuote(-1, later);
  expect(statistics.ratio(later)).toBe(null);
});

test("[MKT-3] a bad number is never an acceptable spread", () => {
  const statistics = fresh();
  statistics.onQuote(2, asia);
  expect(statistics.verdict(Number.NaN, asia + hour / 2)).toMatchObject({ reason: "SPREAD_TOO_WIDE" });
});

function fresh(): SpreadStatistics {
  return new SpreadStatistics(limits, new SessionSchedule(sessions));
}

function compare(
  average: number | null,
  deviation: number | null,
  pieces: readonly Piece[],
  _now: number,
  memorySeconds: number,
): void {
  // Time without a quote does not count: the memory stands still in it.
  const squeezed = squeeze(pieces);
  const naive = weigh(squeezed, squeezed.at(-1)?.until ?? 0, memorySeconds);
  if (naive === null || average === null || deviation === null) {
    expect([average, deviation, naive]).toEqual([null, null, null]);
    return;
  }
  expect(average).toBeCloseTo(naive.mean, 6);
  expect(deviation).toBeCloseTo(naive.deviation, 5);
}

function squeeze(pieces: readonly Piece[]): Piece[] {
  let time = 0;
  return pieces.map(({ spread, from, until }) => {
    const start = time;
    time += until - from;
    return { spread, from: start, until: time };
  });
}

function weigh(pieces: readonly Piece[], now: number, memorySeconds: number) {
  const left = (time: number): number => Math.exp(-(now - time) / (memorySeconds * microsPerSecond));
  const weights = pieces.map(({ from, until }) => left(until) - left(from));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return null;
  const weighted = (value: (piece: Piece) => number): number =>
    pieces.reduce((sum, piece, i) => sum + value(piece) * (weights[i] ?? 0), 0) / total;
  const mean = weighted(({ spread }) => spread);
  return { mean, deviation: Math.sqrt(weighted(({ spread }) => (spread - mean) ** 2)) };
}

function split(piece: Piece, schedule: SessionSchedule): Piece[] {
  const end = schedule.endOf(piece.from);
  if (end >= piece.until) return [piece];
  return [{ ...piece, until: end }, ...split({ ...piece, from: end }, schedule)];
}

test("[MKT-3] with another schedule the average is at once that of the session which this one says", () => {
  const statistics = fresh();
  const now = asia + 600 * microsPerSecond;
  statistics.onQuote(2, asia);
  statistics.onQuote(4, now);
  expect(statistics.sessionAverage(now)).not.toBe(null);
  statistics.configure(limits, new SessionSchedule({ ...sessions, london: "00:01", asia: "23:00" }));
  expect(statistics.sessionAverage(now)).toBe(null);
});
