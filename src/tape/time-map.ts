/** Re-timing: a host plays a tape "as if now", and at a speed of its own. */

import { assert } from "../domain/assert.ts";
import { type Micros, micros } from "../domain/units.ts";

/** What happened at `origin` is played at `start`; a second of the tape takes 1/`speed` seconds. */
export type TimeMap = { readonly origin: Micros; readonly start: Micros; readonly speed: number };

/** The tape's own time. */
export const ownTime: TimeMap = { origin: micros(0), start: micros(0), speed: 1 };

/** @param speed above 0 */
export function timeMap(origin: Micros, start: Micros, speed: number): TimeMap {
  assert(Number.isFinite(speed) && speed > 0, `speed ${speed} must be above 0`);
  return { origin, start, speed };
}

/** Whole microseconds; never out of order, but two instants may become one at a high speed. */
export function playedAt(map: TimeMap, time: number): number {
  const since = time - map.origin;
  return map.start + (map.speed === 1 ? since : Math.round(since / map.speed));
}
