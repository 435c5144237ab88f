/** The machine's clock for the wire exchange. */

import { type Micros, micros } from "../../domain/units.ts";

/** Microseconds since the epoch, which never go back: the exchange's time has to rise. */
export function risingClock(): () => Micros {
  let last = 0;
  return () => {
    last = Math.max(last, Date.now() * 1_000);
    return micros(last);
  };
}
