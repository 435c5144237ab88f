/** Local extremes of a run of bars: lower (higher) than the newer neighbour and not above (below) the older one. */

import type { Bar } from "./scene.ts";

/** Newest first. The newest and the oldest bar have only one neighbour and are none. */
export function swingLows(bars: readonly Bar[]): readonly number[] {
  return swings(bars, ({ low }) => low);
}

/** Newest first. */
export function swingHighs(bars: readonly Bar[]): readonly number[] {
  return swings(bars, ({ high }) => -high).map((high) => -high);
}

function swings(bars: readonly Bar[], of: (bar: Bar) => number): readonly number[] {
  const values = bars.map(of);
  return values.filter((value, index) => {
    const newer = values[index - 1];
    const older = values[index + 1];
    return newer !== undefined && older !== undefined && value < newer && value <= older;
  });
}
