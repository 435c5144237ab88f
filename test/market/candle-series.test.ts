import fc from "fast-check";
import { expect, test } from "vitest";
import { microsPerMinute } from "../../src/domain/units.ts";
import { CandleGroups, CandleSeries } from "../../src/market/candle-series.ts";

type Row = {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
};

const capacity = 16;

/** Candles in order of time, with holes; prices around 10,000 ticks. */
const rows = fc
  .array(
    fc.record({
      skip: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 4 })),
      prices: fc.array(fc.integer({ min: 9_900, max: 10_100 }), { minLength: 2, maxLength: 5 }),
      volume: fc.integer({ min: 0, max: 1_000 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => {
    let time = 28_000_000 * microsPerMinute;
    return list.map(({ skip, prices, volume }): Row => {
      time += skip * microsPerMinute;
      const [open = 0] = prices;
      return {
        time,
        open,
        high: Math.max(...prices),
        low: Math.min(...prices),
        close: prices[prices.length - 1] ?? 0,
        volume,
      };
    });
  });

const period = fc.integer({ min: 1, max: 6 });

test("[MKT-4] ATR of any period, ATR(1) included, and the average range are those of the last candles", () => {
  forAll((kept, all, series, length, now) => {
    const last = kept.slice(-length);
    const known = last.length === length && isRecent(last, length, now);
    const trueRanges = last.map((row) => trueRange(row, all));
    check(series.atr(length, now), known ? mean(trueRanges) : null);
    check(series.averageRange(length, now), known ? mean(last.map(({ high, low }) => high - low)) : null);
  });
});

test("[MKT-4] realised volatility is the root of squared log returns over the time that they took", () => {
  forAll((kept, _all, series, length, now) => {
    const last = kept.slice(-length - 1);
    const known = last.length === length + 1 && isRecent(last, length, now);
    const squares = last.slice(1).map((row, i) => Math.log(row.close / (last[i]?.close ?? 0)) ** 2);
    const elapsed = ((last.at(-1)?.time ?? 0) - (last[0]?.time ?? 0)) / microsPerMinute;
    const variance = squares.reduce((sum, square) => sum + square, 0) / elapsed;
    check(series.volatilityBps(length, now), known ? Math.sqrt(variance) * 1e4 : null);
  });
});

test("[MKT-4] the volume ratio is the newest candle's volume over the mean of those before it", () => {
  forAll((kept, _all, series, length, now) => {
    const last = kept.slice(-length - 1);
    const before = mean(last.slice(0, -1).map(({ volume }) => volume));
    const known = last.length === length + 1 && isRecent(last, length, now) && before > 0;
    check(series.volumeRatio(length, now), known ? (last.at(-1)?.volume ?? 0) / before : null);
  });
});

test("[MKT-4] a candle is found by its time, and one that is not there is not", () => {
  forAll((kept, _all, series) => {
    const times = new Set(kept.map(({ time }) => time));
    const newest = kept.at(-1)?.time ?? 0;
    for (let back = -1; back < 20; back++) {
      const time = newest - back * microsPerMinute;
      const index = series.find(time);
      expect(index >= 0 ? series.openTime(index) : null).toBe(times.has(time) ? time : null);
    }
  });
});

test("[MKT-4] wider candles are made of whole groups of minutes only, and measured like narrow ones", () => {
  fc.assert(
    fc.property(rows, (all) => {
      const groups = new CandleGroups(microsPerMinute, 5, 100);
      for (const row of all) {
        groups.add(row.time, row.open, row.high, row.low, row.close, row.volume, 0, row.volume * row.close);
      }
      const whole = wholeGroups(all);
      expect(newestLast(groups.series)).toEqual(whole);
      const last = whole.at(-1);
      if (last === undefined) return;
      const now = last.time + 5 * microsPerMinute;
      const previous = whole.at(-2);
      const adjacent = previous !== undefined && previous.time + 5 * microsPerMinute === last.time;
      const closes = adjacent ? [previous.close] : [];
      expect(groups.series.atr(1, now)).toBe(Math.max(last.high, ...closes) - Math.min(last.low, ...closes));
    }),
    { numRuns: 300 },
  );
});

test("[MKT-4] sums do not drift: after a year of minutes an average is still exact", () => {
  const series = new CandleSeries(microsPerMinute, 100);
  for (let minute = 0; minute < 525_600; minute++) {
    series.push(minute * microsPerMinute, 640_000, 640_000 + (minute % 7), 639_990, 640_000, 1_000, 0, 640_000_000);
  }
  expect(series.atr(7, 525_600 * microsPerMinute)).toBe(13);
});

type Check = (kept: readonly Row[], all: readonly Row[], series: CandleSeries, period: number, now: number) => void;

function forAll(claim: Check): void {
  fc.assert(
    fc.property(rows, period, fc.integer({ min: 1, max: 12 }), (all, length, later) => {
      const series = new CandleSeries(microsPerMinute, capacity);
      for (const row of all) series.push(row.time, row.open, row.high, row.low, row.close, row.volume, 0, 0);
      const now = (all.at(-1)?.time ?? 0) + later * microsPerMinute;
      claim(all.slice(-capacity), all, series, length, now);
    }),
    { numRuns: 300 },
  );
}

function check(actual: number | null, expected: number | null): void {
  if (expected === null || actual === null) expect(actual).toBe(expected);
  else expect(actual).toBeCloseTo(expected, 6);
}

/** The oldest of them is not further back than eight times the period. */
function isRecent(last: readonly Row[], length: number, now: number): boolean {
  return now - (last[0]?.time ?? 0) <= 8 * length * microsPerMinute;
}

function trueRange(row: Row, all: readonly Row[]): number {
  const previous = all.find(({ time }) => time + microsPerMinute === row.time);
  const closes = previous === undefined ? [] : [previous.close];
  return Math.max(row.high, ...closes) - Math.min(row.low, ...closes);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function wholeGroups(all: readonly Row[]): Row[] {
  const width = 5 * microsPerMinute;
  const windows = new Map<number, Row[]>();
  for (const row of all) {
    const start = Math.floor(row.time / width) * width;
    windows.set(start, [...(windows.get(start) ?? []), row]);
  }
  return [...windows].flatMap(([time, group]) => {
    if (group.length < 5) return [];
    return [
      {
        time,
        open: group[0]?.open ?? 0,
        high: Math.max(...group.map(({ high }) => high)),
        low: Math.min(...group.map(({ low }) => low)),
        close: group[4]?.close ?? 0,
        volume: group.reduce((sum, { volume }) => sum + volume, 0),
      },
    ];
  });
}

function newestLast(series: CandleSeries): Row[] {
  return Array.from({ length: series.count }, (_, i) => {
    const { openTime, open, high, low, close, volume } = series.candle(series.count - 1 - i);
    return { time: openTime, open, high, low, close, volume };
  });
}
