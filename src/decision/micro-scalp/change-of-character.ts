/** Signal: after lower swing highs the newest bar is the first to close above the last of them (for a short: the reverse). */

import { type Finding, found } from "./finding.ts";
import type { Scene } from "./scene.ts";
import { swingHighs } from "./swings.ts";

/** Measured in ATR beyond the swing. */
export function changeOfCharacter({ bars, atr }: Scene): Finding {
  const [bar, before] = bars;
  const [last, previous] = swingHighs(bars);
  if (bar === undefined || before === undefined || last === undefined || previous === undefined) {
    return found("CHANGE_OF_CHARACTER", false, null, 0);
  }
  const breaks = last < previous && before.close <= last && bar.close > last;
  return found("CHANGE_OF_CHARACTER", breaks, (bar.close - last) / atr, 0);
}
