/**
 * The market as the detectors see it: seen from the side of the trade. For a short the prices are mirrored, so that every
 * detector is written once, for a long: "up" is where the trade earns, "low" is where it would be stopped.
 */

import type { Side } from "../../domain/order.ts";

/** A closed minute. Prices in ticks. */
export type Bar = {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** lots */
  readonly volume: number;
  /** the part of it that was taken by buyers; in a scene by those on the trade's side */
  readonly taken: number;
};

export type Extremes = { readonly high: number; readonly low: number };

/** What is known at one moment, without a side. Prices and distances in ticks; null is not known. */
export type Facts = {
  /** newest first, without a hole */
  readonly bars: readonly Bar[];
  readonly bid: number;
  readonly ask: number;
  /** average true range, above 0 */
  readonly atr: number;
  /** true range of the newest bar */
  readonly atr1: number;
  readonly vwap: number | null;
  /** half-width of the band around it */
  readonly vwapBand: number | null;
  /** how long the price has been above the VWAP, or below it (negative), seconds */
  readonly vwapHeldSeconds: number;
  readonly session: Extremes | null;
  readonly day: Extremes | null;
  /** when the trading session began, same clock as the bars */
  readonly sessionStart: number;
};

export type Scene = Omit<Facts, "bid" | "ask" | "session" | "day"> & {
  readonly mid: number;
  /** the near side of the touch, which an entry joins */
  readonly near: number;
  readonly sessionLow: number | null;
  readonly dayLow: number | null;
  readonly dayRange: number | null;
};

export function sceneOf(facts: Facts, side: Side): Scene {
  const { bid, ask, session, day, ...common } = facts;
  const dayRange = day === null ? null : day.high - day.low;
  if (side === "buy") {
    const lows = { sessionLow: session?.low ?? null, dayLow: day?.low ?? null };
    return { ...common, mid: (bid + ask) / 2, near: bid, dayRange, ...lows };
  }
  return {
    ...common,
    bars: facts.bars.map(mirrored),
    mid: -(bid + ask) / 2,
    near: -ask,
    vwap: facts.vwap === null ? null : -facts.vwap,
    vwapHeldSeconds: -facts.vwapHeldSeconds,
    sessionLow: session === null ? null : -session.high,
    dayLow: day === null ? null : -day.high,
    dayRange,
  };
}

/** Share of the lower wick in a bar's range, 0–1; 0 for a bar without a range. */
export function lowerWickShare({ open, high, low, close }: Pick<Bar, "open" | "high" | "low" | "close">): number {
  return high > low ? (Math.min(open, close) - low) / (high - low) : 0;
}

/** Mean volume of the bars; null without any, or when nothing was traded. */
export function meanVolume(bars: readonly Bar[]): number | null {
  const sum = bars.reduce((total, { volume }) => total + volume, 0);
  return sum > 0 ? sum / bars.length : null;
}

export function lowest(bars: readonly Bar[]): number {
  return bars.reduce((least, { low }) => Math.min(least, low), Number.POSITIVE_INFINITY);
}

function mirrored({ time, open, high, low, close, volume, taken }: Bar): Bar {
  return { time, open: -open, high: -low, low: -high, close: -close, volume, taken: volume - taken };
}
