/**
 * Market frames as the exchange sends them, made from a time and a serial number. Update ids are the microseconds of the
 * exchange's clock, so that a snapshot and a stream that know nothing of each other fit together. The touch moves up and
 * down by one tick; the book moves with it.
 *
 * @see binance-usdm.md §5.3
 */

import { generator } from "./measure.ts";

export const symbol = "BTCUSDT";
/** The exchange's clock where benchmarks without a real one begin, milliseconds. */
export const feedStart = 1_791_383_000_000;
const stream = symbol.toLowerCase();
const levelsPerSide = 25;
const nearTicks = 60;
const deepTicks = 1_000;
const snapshotLevels = 1_000;

/** What a step of the market shows: `up` says which of two neighbouring touches holds. */
export type Step = { readonly millis: number; readonly serial: number; readonly up: boolean };

export function tickerFrame({ millis, serial, up }: Step): string {
  const bid = up ? "64000.10" : "64000.00";
  const ask = up ? "64000.20" : "64000.10";
  return (
    `{"stream":"${stream}@bookTicker","data":{"e":"bookTicker","u":${millis}000,"s":"${symbol}","b":"${bid}",` +
    `"B":"${size(serial)}","a":"${ask}","A":"${size(serial * 7)}","T":${millis},"E":${millis},"st":1}}`
  );
}

/** @param previous update id that the last depth message ended with */
export function depthFrame(step: Step, previous: number): string {
  const { millis } = step;
  const { bids, asks } = levels(step);
  return (
    `{"stream":"${stream}@depth@100ms","data":{"e":"depthUpdate","E":${millis},"T":${millis},"s":"${symbol}",` +
    `"U":${previous + 1},"u":${millis}000,"pu":${previous},"b":${bids},"a":${asks}}}`
  );
}

export function snapshotBody(step: Step): string {
  const { bid, ask } = touchOf(step);
  const side = (touch: number, outward: 1 | -1): string =>
    rows(Array.from({ length: snapshotLevels }, (_, level) => [touch + outward * level, size(step.serial + level)]));
  return (
    `{"lastUpdateId":${step.millis}000,"E":${step.millis},"T":${step.millis},` +
    `"bids":${side(bid, -1)},"asks":${side(ask, 1)}}`
  );
}

/** Trades go up and down enough for an average true range. */
export function tradeFrame({ millis, serial }: Step): string {
  const price = serial % 4 < 2 ? "64030.00" : "63970.00";
  return (
    `{"stream":"${stream}@aggTrade","data":{"e":"aggTrade","E":${millis},"a":${serial},"s":"${symbol}","p":"${price}",` +
    `"q":"${size(serial)}","f":${serial},"l":${serial},"T":${millis},"m":${serial % 2 === 0}}}`
  );
}

export function markFrame({ millis }: Step): string {
  return (
    `{"stream":"${stream}@markPrice@1s","data":{"e":"markPriceUpdate","E":${millis},"s":"${symbol}",` +
    `"p":"64000.10000000","ap":"64000.10000000","P":"64000.10000000","i":"64000.10000000","r":"0.00010000",` +
    `"T":${millis + 3_600_000}}}`
  );
}

/**
 * 50 levels as a busy market sends them: the touch, what it left removed, and 23 changes a side, most of them near, a
 * quarter of them removals.
 */
function levels(step: Step): { readonly bids: string; readonly asks: string } {
  const random = generator(step.serial * 2_654_435);
  const { bid, ask } = touchOf(step);
  const side = (touch: number, outward: 1 | -1, gone: number): string => {
    const changes = new Map([
      [touch, size(step.serial)],
      [gone, "0.000"],
    ]);
    while (changes.size < levelsPerSide) {
      const distance = 1 + Math.floor(random() * (random() < 0.7 ? nearTicks : deepTicks));
      changes.set(touch + outward * distance, random() < 0.25 ? "0.000" : size(distance + step.serial));
    }
    return rows([...changes]);
  };
  return { bids: side(bid, -1, bid + 1), asks: side(ask, 1, ask - 1) };
}

/** Prices in ticks, as the exchange writes them. */
function rows(levels: readonly (readonly [number, string])[]): string {
  return `[${levels.map(([ticks, amount]) => `["${(ticks / 10).toFixed(2)}","${amount}"]`).join(",")}]`;
}

function touchOf({ up }: Step): { readonly bid: number; readonly ask: number } {
  return up ? { bid: 640_001, ask: 640_002 } : { bid: 640_000, ask: 640_001 };
}

function size(serial: number): string {
  return `${1 + (serial % 37)}.${String(100 + ((serial * 31) % 899))}`;
}
