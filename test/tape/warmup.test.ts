import fc from "fast-check";
import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { Random } from "../../src/tape/random.ts";
import { readTape } from "../../src/tape/reader.ts";
import { tapeStatistics } from "../../src/tape/statistics.ts";
import { warmupCandles } from "../../src/tape/warmup.ts";
import { smallMarket, tapeOf } from "./support.ts";

const path = new URL("../../config/tapes/BTCUSDT-20240719.arrow", import.meta.url).pathname;
const tape = readTape(path);
const statistics = tapeStatistics(tape);
const minute = 60_000_000;

const seed = fc.integer();
const count = fc.integer({ min: 1, max: 120 });
const start = fc.integer({ min: 200 * minute, max: 2_000_000_000_000_000 });

const property = (holds: (seed: number, count: number, start: number) => void): void =>
  fc.assert(fc.property(seed, count, start, holds), { numRuns: 30 });

test("[MKT-1] warm-up candles are whole UTC minutes, one after the other, up to the minute of the start", () => {
  property((seed, count, start) => {
    const times = warmupCandles(tape, seed, count, micros(start)).map((candle) => candle.openTime);
    const end = Math.floor(start / minute) * minute;
    expect(times).toEqual(Array.from({ length: count }, (_, index) => end - (count - index) * minute));
  });
});

test("[MKT-1] the last warm-up candle closes at the tape's first mid, rounded down to a tick", () => {
  property((seed, count, start) => {
    const last = warmupCandles(tape, seed, count, micros(start)).at(-1);
    expect(last?.close).toBe(Math.floor(statistics.firstMidHalfTicks / 2));
  });
});

test("[MKT-1] each warm-up candle opens where the one before closed", () => {
  property((seed, count, start) => {
    const candles = warmupCandles(tape, seed, count, micros(start));
    expect(candles.slice(1).map((candle) => candle.open)).toEqual(candles.slice(0, -1).map((candle) => candle.close));
  });
});

test("[MKT-1] a warm-up candle's high and low enclose its open and close, and taker volume is part of the volume", () => {
  property((seed, count, start) => {
    const wrong = warmupCandles(tape, seed, count, micros(start)).filter(
      ({ open, high, low, close, volume, takerBuyVolume }) =>
        high < Math.max(open, close) || low > Math.min(open, close) || low < 1 || takerBuyVolume > volume,
    );
    expect(wrong).toEqual([]);
  });
});

test("[MKT-1] the same seed gives the same warm-up candles", () => {
  property((seed, count, start) => {
    const once = warmupCandles(tape, seed, count, micros(start));
    // A tape of its own, because those of the last call are kept with the tape.
    expect(warmupCandles({ ...tape }, seed, count, micros(start))).toEqual(once);
  });
});

test("[MKT-1] another seed gives other warm-up candles", () => {
  const at = statistics.firstTime;
  expect(warmupCandles(tape, 1, 50, at)).not.toEqual(warmupCandles(tape, 2, 50, at));
});

test("[MKT-1] warm-up candles move and trade about as much as the tape", () => {
  const candles = warmupCandles(tape, 7, 1_500, statistics.firstTime);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const range = mean(candles.map((candle) => candle.high - candle.low)) / mean(statistics.minutes.map((m) => m.range));
  const volume = mean(candles.map((candle) => candle.volume)) / mean(statistics.minutes.map((m) => m.volume));
  expect({ range: range > 0.5 && range < 2, volume: volume > 0.9 && volume < 1.1 }).toEqual({
    range: true,
    volume: true,
  });
});

test("[MKT-1] no warm-up candles can lead up to a tape without prices", () => {
  expect(() => warmupCandles(tapeOf([]), 1, 10, micros(600 * minute))).toThrow("no price to lead up to");
});

test("[MKT-1] statistics count volume and taker buys per minute", () => {
  const bids = Array.from({ length: 121 }, () => 100);
  const { minutes } = tapeStatistics(tapeOf(smallMarket(bids)));
  expect(minutes).toEqual([
    { volume: 180, takerBuyVolume: 180, trades: 60, secondVariance: 0, range: 0 },
    { volume: 180, takerBuyVolume: 180, trades: 60, secondVariance: 0, range: 0 },
  ]);
});

test("[MKT-1] statistics measure the variance of the mid over one second", () => {
  const bids = Array.from({ length: 62 }, (_, second) => 100 + (second % 2) * 4);
  expect(tapeStatistics(tapeOf(smallMarket(bids))).minutes[0]?.secondVariance).toBe(16);
});

test("[SIM-1] seeded normals have mean 0 and variance 1", () => {
  const random = new Random(11);
  const draws = Array.from({ length: 20_000 }, () => random.normal());
  const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
  const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
  expect([Math.abs(mean) < 0.03, Math.abs(variance - 1) < 0.03]).toEqual([true, true]);
});

test("[SIM-1] seeded numbers are the same on every machine", () => {
  const random = new Random(1);
  expect([random.uniform(), random.below(1_000), random.uniform()]).toEqual([
    0.6270739405881613, 2, 0.5274470399599522,
  ]);
});
