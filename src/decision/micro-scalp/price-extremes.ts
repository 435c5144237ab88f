/** Location: at the low of the trading session, or in the outer part of the day's range (for a short: high). */

import { atMost, type Finding } from "./finding.ts";
import type { Rules } from "./rules.ts";
import type { Scene } from "./scene.ts";

/** Measured in ATR above the low; negative below it. */
export function sessionExtreme({ sessionLow, mid, atr }: Scene, location: Rules["location"]): Finding {
  const distance = sessionLow === null ? null : (mid - sessionLow) / atr;
  return atMost("SESSION_EXTREME", distance, location.tolerance_atr);
}

/** Measured as a share of the day's range. */
export function dayExtreme({ dayLow, dayRange, mid }: Scene, location: Rules["location"]): Finding {
  const isKnown = dayLow !== null && dayRange !== null && dayRange > 0;
  return atMost("DAY_EXTREME", isKnown ? (mid - dayLow) / dayRange : null, location.day_range_share);
}
