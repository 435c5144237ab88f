/** The machine's clock in microseconds since the epoch. It never goes back: adjustments of the wall clock show up in the
 * measured offset to the exchange's clock, not as a step in our own time. */

import { type Micros, micros } from "../domain/units.ts";

export type Clock = () => Micros;

/** What the machine shows as its time, microseconds; it may be set, and jumps when the machine has slept. */
export function machineWallClock(): number {
  return Date.now() * 1_000;
}

export function machineClock(): Clock {
  const origin = performance.timeOrigin * 1_000;
  return () => micros(Math.round(origin + performance.now() * 1_000));
}
