/** The session's VWAP: near it, on the trade's side, turned back from it, and how long so (requirements DEC-5). */

import { atLeast, type Finding, found } from "./finding.ts";
import type { Rules } from "./rules.ts";
import { lowerWickShare, type Scene } from "./scene.ts";

/** Location: inside the band, on the trade's side. Measured in ATR. */
export function vwapBand({ vwap, vwapBand, mid, atr }: Scene): Finding {
  if (vwap === null || vwapBand === null) return found("VWAP_BAND", false, null, null);
  const distance = mid - vwap;
  return found("VWAP_BAND", distance >= 0 && distance <= vwapBand, distance / atr, vwapBand / atr);
}

/** Signal: came from the trade's side, touched the VWAP, and was turned back with a wick. Measured is the wick's share. */
export function vwapRejection({ bars, vwap, atr }: Scene, { signals, location }: Rules): Finding {
  const [bar, before] = bars;
  if (vwap === null || bar === undefined || before === undefined) return found("VWAP_REJECTION", false, null, null);
  const touched = bar.low <= vwap + location.tolerance_atr * atr;
  const held = before.close > vwap && bar.close > vwap;
  return atLeast("VWAP_REJECTION", touched && held ? lowerWickShare(bar) : 0, signals.vwap_wick_share_min);
}

/** Bonus: the price has stayed on the trade's side. Seconds; negative on the other side. */
export function vwapPersistence({ vwapHeldSeconds }: Scene, signals: Rules["signals"]): Finding {
  return atLeast("VWAP_PERSISTENCE", vwapHeldSeconds, signals.persistence_seconds);
}
