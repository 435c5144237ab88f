import fc from "fast-check";
import { expect, test } from "vitest";
import type { Candle } from "../../src/domain/candle.ts";
import { lots, micros, microsPerMinute, microsPerSecond, ticks } from "../../src/domain/units.ts";
import { Candles } from "../../src/market/candles.ts";
import { after, start } from "./support.ts";

type Print = { readonly price: number; readonly size: number; readonly sell: boolean; readonly time: number };

test("[MKT-1] candles are those of the minutes that were seen whole, and of no other", () => {
  // Goal: OHLC, volumes, flat minutes and holes agree with a computation over the whole list.
  // Method: random trades cut into stretches by gaps. A minute is known when its stretch began before and ended after it.
  const stretch = fc.array(
    fc.record({
      price: fc.integer({ min: 1, max: 500 }),
      size: fc.integer({ min: 1, max: 50 }),
      sell: fc.boolean(),
      pause: fc.integer({ min: 0, max: 150 }),
    }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 1, maxLength: 5 }), (stretches) => {
      const candles = new Candles();
      const expected: Candle[] = [];
      let time = 0;
      for (const prints of stretches) {
        const seen: Print[] = [];
        candles.onGap();
        for (const { pause, ...print } of prints) {
          time += pause * microsPerSecond;
          seen.push({ ...print, time });
          candles.onTrade(ticks(print.price), lots(print.size), print.sell, after(time));
        }
        expected.push(...wholeMinutes(seen));
      }
      expect(all(candles)).toEqual(expected);
      const period = 3;
      if (candles.count >= period && expected.length === candles.count) {
        const atr = candles.atr(period);
        if (atr !== null) expect(atr).toBeCloseTo(naiveAtr(expected, period), 9);
      }
    }),
    { numRuns: 300 },
  );
});

test("[MKT-1] a minute is closed by a later one's trade, not by its own end", () => {
  const candles = begun();
  candles.onTrade(ticks(100), lots(1), false, after(61 * microsPerSecond));
  candles.onTrade(ticks(105), lots(1), false, after(119.9 * microsPerSecond));
  expect(candles.count).toBe(0);
  candles.onTrade(ticks(101), lots(1), false, after(120 * microsPerSecond));
  expect(candles.closed(0)).toMatchObject({ open: 100, high: 105, low: 100, close: 105, volume: 2 });
});

test("[MKT-1] a minute without trades closes flat once it is known that none will come", () => {
  const candles = begun();
  candles.advance(after(179 * microsPerSecond));
  expect(candles.count).toBe(1);
  candles.advance(after(180 * microsPerSecond));
  expect(all(candles).map(({ open, close, volume }) => [open, close, volume])).toEqual([
    [100, 100, 0],
    [100, 100, 0],
  ]);
});

test("[MKT-1] the minute of a gap and the one in which trades resume make no candle", () => {
  const candles = begun();
  candles.onTrade(ticks(100), lots(1), false, after(70 * microsPerSecond));
  candles.onGap();
  candles.advance(after(200 * microsPerSecond));
  candles.onTrade(ticks(300), lots(1), false, after(210 * microsPerSecond));
  candles.onTrade(ticks(301), lots(1), false, after(250 * microsPerSecond));
  candles.onTrade(ticks(302), lots(1), false, after(310 * microsPerSecond));
  expect(all(candles).map((candle) => (candle.openTime - start) / microsPerMinute)).toEqual([4]);
});

test("[MKT-1] the true range does not reach across a hole", () => {
  const candles = new Candles();
  candles.load([flat(0, 100), flat(1, 110), flat(3, 500)]);
  expect(candles.atr(2)).toBe(5);
  expect(candles.returnOver(1)).toBe(null);
});

test("[MKT-1] a trade of a closed minute is left out and counted", () => {
  const candles = begun();
  candles.onTrade(ticks(100), lots(1), false, after(130 * microsPerSecond));
  candles.onTrade(ticks(999), lots(1), false, after(110 * microsPerSecond));
  expect([candles.late, candles.closed(0).high]).toEqual([1, 100]);
});

test("[MKT-1] history fills in, replaces, and never touches the forming minute", () => {
  const candles = begun();
  candles.onTrade(ticks(100), lots(1), false, after(61 * microsPerSecond));
  candles.onTrade(ticks(100), lots(1), false, after(121 * microsPerSecond));
  candles.load([flat(2, 900), flat(1, 200), flat(-1, 300), flat(0, 250)]);
  expect(all(candles).map((candle) => candle.close)).toEqual([300, 250, 200]);
});

test("[MKT-1] history fills the hole that a gap left, and the minutes that were seen whole since stay (F-68)", () => {
  const candles = interrupted();
  candles.onTrade(ticks(120), lots(3), false, after(125 * microsPerSecond));
  candles.onTrade(ticks(121), lots(1), false, after(185 * microsPerSecond));
  candles.load([flat(1, 110)]);
  expect(all(candles).map(({ close, volume }) => [close, volume])).toEqual([
    [110, 10],
    [120, 3],
  ]);
});

test("[MKT-1] a broken minute that the venue calls closed is over, though no trade of the next one has come (F-68)", () => {
  const candles = interrupted();
  candles.load([flat(1, 110)]);
  expect([all(candles).map(({ close }) => close), candles.currentMinute]).toEqual([
    [110],
    after(120 * microsPerSecond),
  ]);
});

test("[MKT-1] the minute after a broken one that the venue closed is seen whole (F-68)", () => {
  const candles = interrupted();
  candles.load([flat(1, 110)]);
  candles.onTrade(ticks(120), lots(3), false, after(125 * microsPerSecond));
  candles.onTrade(ticks(121), lots(1), false, after(185 * microsPerSecond));
  expect(all(candles).map(({ open, close }) => [open, close])).toEqual([
    [110, 110],
    [120, 120],
  ]);
});

test("[MKT-1] a trade of the broken minute that the venue closed is not counted twice (F-68)", () => {
  const candles = interrupted();
  candles.load([flat(1, 110)]);
  candles.onTrade(ticks(999), lots(3), false, after(119 * microsPerSecond));
  candles.onTrade(ticks(121), lots(1), false, after(185 * microsPerSecond));
  expect([candles.late, all(candles).map(({ high }) => high)]).toEqual([1, [110, 110]]);
});

test("[MKT-1] where trades are missed again, the minute after the one that the venue closed is broken, too (F-68)", () => {
  const candles = interrupted();
  candles.onGap();
  candles.load([flat(1, 110)]);
  candles.onTrade(ticks(120), lots(3), false, after(125 * microsPerSecond));
  candles.onTrade(ticks(121), lots(1), false, after(185 * microsPerSecond));
  expect(all(candles).map(({ close }) => close)).toEqual([110]);
});

test("[MKT-1] only so many candles are kept, the newest", () => {
  const candles = new Candles(3);
  candles.load([0, 1, 2, 3, 4].map((minute) => flat(minute, 100 + minute)));
  expect(all(candles).map((candle) => candle.close)).toEqual([102, 103, 104]);
});

test("[MKT-1] 5-minute candles follow from whole groups of five, aligned to UTC", () => {
  const candles = new Candles();
  const minutes = Array.from({ length: 14 }, (_, i) => flat(i + 3, 100 + i));
  candles.load(minutes);
  const first = minutes.findIndex((candle) => candle.openTime % (5 * microsPerMinute) === 0);
  const derived = candles.series(5);
  expect(derived.count).toBe(Math.floor((14 - first) / 5));
  expect(derived.candle(derived.count - 1)).toMatchObject({
    openTime: minutes[first]?.openTime,
    open: minutes[first]?.open,
    close: minutes[first + 4]?.close,
    volume: 50,
  });
});

test("[MKT-4] the return over n minutes is the change of the close", () => {
  const candles = new Candles();
  candles.load([0, 1, 2, 3, 4, 5].map((minute) => flat(minute, 100 + minute)));
  expect(candles.returnOver(1)).toBeCloseTo(105 / 104 - 1, 12);
  expect(candles.returnOver(5)).toBeCloseTo(105 / 100 - 1, 12);
  expect(candles.returnOver(15)).toBe(null);
});

test("[MKT-4] ATR and average range need their candles, and candles that are not from long ago", () => {
  const candles = new Candles();
  candles.load([wide(0, 100, 10), wide(1, 120, 10), wide(2, 120, 20)]);
  expect(candles.atr(4)).toBe(null);
  expect(candles.averageRange(3)).toBeCloseTo(40 / 3, 12);
  // 100 ± 5, then from the close at 100 up to 125, then 120 ± 10.
  expect(candles.atr(3)).toBeCloseTo((10 + 25 + 20) / 3, 12);
  candles.onTrade(ticks(120), lots(1), false, after(40 * microsPerMinute));
  expect(candles.atr(3)).toBe(null);
});

function begun(): Candles {
  const candles = new Candles();
  candles.onTrade(ticks(100), lots(1), false, after(30 * microsPerSecond));
  return candles;
}

/** Trades were missed in minute 1, and come again. */
function interrupted(): Candles {
  const candles = begun();
  candles.onGap();
  candles.onTrade(ticks(100), lots(1), false, after(70 * microsPerSecond));
  return candles;
}

function all(candles: Candles): Candle[] {
  return Array.from({ length: candles.count }, (_, i) => candles.closed(candles.count - 1 - i));
}

function flat(minute: number, price: number): Candle {
  return wide(minute, price, 0);
}

function wide(minute: number, price: number, range: number): Candle {
  return {
    openTime: micros(start + minute * microsPerMinute),
    open: ticks(price),
    high: ticks(price + range / 2),
    low: ticks(price - range / 2),
    close: ticks(price),
    volume: lots(10),
    takerBuyVolume: lots(4),
  };
}

function minuteOf(time: number): number {
  return Math.floor(time / microsPerMinute);
}

function wholeMinutes(prints: readonly Print[]): Candle[] {
  const result: Candle[] = [];
  const first = prints[0];
  const last = prints[prints.length - 1];
  if (first === undefined || last === undefined) return result;
  let close = first.price;
  for (let minute = minuteOf(first.time); minute < minuteOf(last.time); minute++) {
    const inside = prints.filter((print) => minuteOf(print.time) === minute);
    const prices = inside.length > 0 ? inside.map((print) => print.price) : [close];
    const open = prices[0] ?? close;
    close = prices[prices.length - 1] ?? close;
    if (minute === minuteOf(first.time)) continue;
    const sum = (of: readonly Print[]): number => of.reduce((total, print) => total + print.size, 0);
    result.push({
      openTime: after(minute * microsPerMinute),
      open: ticks(open),
      high: ticks(Math.max(...prices)),
      low: ticks(Math.min(...prices)),
      close: ticks(close),
      volume: lots(sum(inside)),
      takerBuyVolume: lots(sum(inside.filter((print) => !print.sell))),
    });
  }
  return result;
}

function naiveAtr(candles: readonly Candle[], period: number): number {
  const ranges = candles.map((candle, i) => {
    const previous = candles[i - 1];
    const adjacent = previous !== undefined && previous.openTime + microsPerMinute === candle.openTime;
    const closes = adjacent ? [previous.close] : [];
    return Math.max(candle.high, ...closes) - Math.min(candle.low, ...closes);
  });
  return ranges.slice(-period).reduce((sum, range) => sum + range, 0) / period;
}
