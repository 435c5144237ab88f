/**
 * One-minute candles for the time before a tape, which indicators need and a recording of some minutes does not have.
 * They are made up, and whoever hands them on says so.
 */

import { assert } from "../domain/assert.ts";
import type { Candle } from "../domain/candle.ts";
import { lots, type Micros, micros, microsPerMinute, microsPerSecond, ticks } from "../domain/units.ts";
import type { Tape } from "./format.ts";
import { Random } from "./random.ts";
import { type TapeMinute, tapeStatistics } from "./statistics.ts";

/** Fourteen days: more than any indicator looks back, and small enough to make in a moment. */
const candlesMax = 20_160;

const secondsPerMinute = microsPerMinute / microsPerSecond;

/**
 * Candles of the `count` whole UTC minutes before the one in which the tape starts to play. Each takes its volatility
 * and its volume from a minute of the tape drawn at random; the last one closes at the tape's first mid (rounded down
 * to a tick). The same tape, seed, count and start give the same candles.
 *
 * @param start when the first event of the tape is played
 */
export function warmupCandles(tape: Tape, seed: number, count: number, start: Micros): readonly Candle[] {
  const last = lastMade.get(tape);
  if (last !== undefined && last.seed === seed && last.count === count && last.start === start) return last.candles;
  const candles = makeCandles(tape, seed, count, start);
  lastMade.set(tape, { seed, count, start, candles });
  return candles;
}

type Made = {
  readonly seed: number;
  readonly count: number;
  readonly start: Micros;
  readonly candles: readonly Candle[];
};

/** Whoever plays a tape again mostly asks for the same candles again. */
const lastMade = new WeakMap<Tape, Made>();

function makeCandles(tape: Tape, seed: number, count: number, start: Micros): readonly Candle[] {
  assert(Number.isSafeInteger(count) && count >= 0 && count <= candlesMax, `${count} candles: 0 to ${candlesMax}`);
  const { minutes, firstMidHalfTicks } = tapeStatistics(tape);
  assert(firstMidHalfTicks > 0, `${tape.metadata.symbol}: no price to lead up to in a tape without book tickers`);
  const random = new Random(seed);
  const end = Math.floor(start / microsPerMinute) * microsPerMinute;
  const firstMid = firstMidHalfTicks / 2;
  const candles: Candle[] = [];
  // Backwards from the tape, so that the prices join and more candles leave the latest as they are.
  let close = Math.floor(firstMid);
  for (let back = 1; back <= count; back += 1) {
    const minute = minutes[random.below(minutes.length)];
    assert(minute !== undefined, "a tape without minutes");
    const candle = candleBefore(close, minute, firstMid, random, micros(end - back * microsPerMinute));
    candles.push(candle);
    close = candle.open;
  }
  return candles.reverse();
}

function candleBefore(close: number, like: TapeMinute, firstMid: number, random: Random, openTime: Micros): Candle {
  // Relative to the price: a walk in ticks alone could pass zero.
  const deviation = Math.sqrt(like.secondVariance) / firstMid;
  let price = close;
  let high = close;
  let low = close;
  for (let second = 0; second < secondsPerMinute; second += 1) {
    price = Math.max(1, price * (1 + deviation * random.normal()));
    high = Math.max(high, price);
    low = Math.min(low, price);
  }
  return {
    openTime,
    open: ticks(Math.round(price)),
    high: ticks(Math.round(high)),
    low: ticks(Math.round(low)),
    close: ticks(close),
    volume: lots(like.volume),
    takerBuyVolume: lots(like.takerBuyVolume),
  };
}
