import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, type Micros, micros, microsPerMinute, ticks } from "../../src/domain/units.ts";
import { Candles } from "../../src/market/candles.ts";
import { Indicators } from "../../src/market/indicators.ts";
import { microsPerDay, SessionSchedule } from "../../src/market/trading-sessions.ts";
import { settings } from "./support.ts";

const schedule = new SessionSchedule(settings.market.sessions);
/** An hour and a half before a UTC day, and with it Asia, begins. */
const begin = 20_000 * microsPerDay - 90 * microsPerMinute;

type Print = { readonly price: number; readonly size: number; readonly time: number };

test("[MKT-4] VWAP, high, low and range of session and day are those of the trades of the minutes that were seen whole", () => {
  // Goal: what is kept up to date lazily agrees with a computation over the list of trades, at any moment.
  // Method: random trades over hours, across the end of a session and of the day; the first minute was not seen whole.
  const print = fc.record({
    price: fc.integer({ min: 9_000, max: 11_000 }),
    size: fc.integer({ min: 1, max: 100 }),
    wait: fc.integer({ min: 0, max: 15 * 60 }),
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(print, { minLength: 1, maxLength: 60 }), (list) => {
      const candles = new Candles();
      const indicators = new Indicators(candles, settings.market, schedule);
      const seen: Print[] = [];
      let time = begin;
      for (const { price, size, wait, look } of list) {
        time += wait * 1_000_000;
        seen.push({ price, size, time });
        candles.onTrade(ticks(price), lots(size), false, micros(time));
        if (look) compare(indicators, seen, time);
      }
      compare(indicators, seen, time);
    }),
    { numRuns: 300 },
  );
});

test("[MKT-4] a back-fill counts with its typical price, and again when it is replaced", () => {
  const candles = new Candles();
  const indicators = new Indicators(candles, settings.market, schedule);
  candles.load([candle(0, 100, 10), candle(1, 200, 30)]);
  expect(indicators.day.vwap).toBeCloseTo((100 * 10 + 200 * 30) / 40, 9);
  candles.load([candle(1, 300, 30)]);
  expect([indicators.day.vwap, indicators.day.high]).toEqual([(100 * 10 + 300 * 30) / 40, 300]);
});

test("[MKT-4] a price lies above the average price, below it, or on neither side: at it, and while there is none", () => {
  const candles = new Candles();
  const { day } = new Indicators(candles, settings.market, schedule);
  const before = day.sideOfVwap(100);
  candles.load([candle(0, 100, 10), candle(1, 200, 10)]);
  expect([before, day.sideOfVwap(150.5), day.sideOfVwap(149.5), day.sideOfVwap(150)]).toEqual([0, 1, -1, 0]);
});

test("[MKT-4] coverage says which share of the window is known", () => {
  const candles = new Candles();
  const indicators = new Indicators(candles, settings.market, schedule);
  candles.load([candle(0, 100, 10), candle(2, 100, 10), candle(3, 100, 10)]);
  expect(indicators.session.coverage).toBe(0.75);
});

test("[MKT-4] session and day say when they began, by the schedule in UTC", () => {
  const candles = new Candles();
  const { session, day } = new Indicators(candles, settings.market, schedule);
  expect([session.begin, day.begin]).toEqual([-1, -1]);
  candles.load([candle(7 * 60 + 30, 100, 10)]);
  expect([session.begin, day.begin]).toEqual([minuteOf(7 * 60), minuteOf(0)]);
});

test("[CFG-4] other session times hold at once, whatever was looked at before", () => {
  const candles = new Candles();
  const indicators = new Indicators(candles, settings.market, schedule);
  const midnight = 20_000 * microsPerDay;
  candles.onTrade(ticks(100), lots(1), false, micros(midnight + 90 * microsPerMinute));
  const before = indicators.session.begin;
  const later = new SessionSchedule({ ...settings.market.sessions, asia: "01:00" });
  indicators.configure(settings.market, later);
  expect([before, indicators.session.begin]).toEqual([midnight, midnight + 60 * microsPerMinute]);
});

test("[MKT-4] without candles nothing is known of the session", () => {
  const { session, day, ...rest } = reads(new Indicators(new Candles(), settings.market, schedule));
  expect([session, day]).toEqual([nothing, nothing]);
  expect(rest).toEqual({ range: null, ratio: null, spike: false, band: null, atrBand: null });
});

test("[MKT-4] VWAP bands are a fixed share of the price, and a multiple of ATR", () => {
  const candles = new Candles();
  const indicators = new Indicators(candles, settings.market, schedule);
  candles.load(Array.from({ length: 14 }, (_, minute) => candle(minute, 10_000, 10, 40)));
  expect(indicators.vwapBandTicks()).toBeCloseTo((10_000 * settings.market.vwap.band_bps) / 1e4, 9);
  expect(indicators.vwapAtrBandTicks()).toBeCloseTo(40 * settings.market.vwap.band_atr, 9);
});

test("[MKT-4] a volume spike shows in the minute in which it happens, and in the one after", () => {
  const candles = new Candles();
  const indicators = new Indicators(candles, settings.market, schedule);
  candles.load(Array.from({ length: 25 }, (_, minute) => candle(minute, 100, 10)));
  candles.onTrade(ticks(100), lots(1), false, minuteOf(25));
  candles.onTrade(ticks(100), lots(10), false, minuteOf(26));
  expect(indicators.hasVolumeSpike()).toBe(false);
  candles.onTrade(ticks(100), lots(15), false, minuteOf(26));
  expect([indicators.volumeRatio(), indicators.hasVolumeSpike()]).toEqual([2.5, true]);
  candles.onTrade(ticks(100), lots(1), false, minuteOf(27));
  expect([indicators.volumeRatio(), indicators.hasVolumeSpike()]).toEqual([2.5, true]);
});

const nothing = { high: null, low: null, range: null, vwap: null, volume: 0, coverage: 0 };

function reads(indicators: Indicators) {
  const window = ({ high, low, range, vwap, volume, coverage }: Indicators["day"]) => {
    return { high, low, range, vwap, volume, coverage };
  };
  return {
    session: window(indicators.session),
    day: window(indicators.day),
    range: indicators.averageRangeTicks(),
    ratio: indicators.volumeRatio(),
    spike: indicators.hasVolumeSpike(),
    band: indicators.vwapBandTicks(),
    atrBand: indicators.vwapAtrBandTicks(),
  };
}

function compare(indicators: Indicators, seen: readonly Print[], now: number): void {
  const firstWhole = Math.floor((seen[0]?.time ?? 0) / microsPerMinute) + 1;
  for (const [window, from] of [
    [indicators.session, schedule.startOf(now)],
    [indicators.day, Math.floor(now / microsPerDay) * microsPerDay],
  ] as const) {
    const start = Math.max(from, firstWhole * microsPerMinute);
    const inside = seen.filter(({ time }) => time >= start);
    // A minute without a trade is a candle at the last price: it belongs to high and low.
    const before = seen.findLast(({ time }) => time < start);
    const firstInside = inside[0]?.time ?? now;
    const flat = before !== undefined && Math.floor(firstInside / microsPerMinute) * microsPerMinute > start;
    const prices = [...inside.map(({ price }) => price), ...(flat ? [before.price] : [])];
    const volume = inside.reduce((sum, { size }) => sum + size, 0);
    const worth = inside.reduce((sum, { price, size }) => sum + price * size, 0);
    expect(window.volume).toBe(volume);
    expect(window.high).toBe(prices.length === 0 ? null : Math.max(...prices));
    expect(window.low).toBe(prices.length === 0 ? null : Math.min(...prices));
    if (volume === 0) expect(window.vwap).toBe(null);
    else expect(window.vwap).toBeCloseTo(worth / volume, 6);
  }
}

function minuteOf(minute: number): Micros {
  return micros(20_000 * microsPerDay + minute * microsPerMinute);
}

function candle(minute: number, price: number, volume: number, range = 0) {
  return {
    openTime: minuteOf(minute),
    open: ticks(price),
    high: ticks(price + range / 2),
    low: ticks(price - range / 2),
    close: ticks(price),
    volume: lots(volume),
    takerBuyVolume: lots(0),
  };
}
