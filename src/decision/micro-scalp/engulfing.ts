/**
 * Signal: a rising bar that undoes the falling one before it (for a short: the reverse). A perpetual market never closes,
 * so the bar opens about where the other closed, a tick to either side: it is the bodies' sizes that are compared.
 */

import { atLeast, type Finding, found } from "./finding.ts";
import type { Rules } from "./rules.ts";
import type { Scene } from "./scene.ts";

/** Measured is the body in bodies of the bar before, 0 where it does not engulf. */
export function engulfing({ bars }: Scene, signals: Rules["signals"]): Finding {
  const [bar, before] = bars;
  if (bar === undefined || before === undefined) return found("ENGULFING", false, null, signals.engulfing_body_ratio);
  const fall = before.open - before.close;
  const engulfs = fall > 0 && bar.close > before.open;
  return atLeast("ENGULFING", engulfs ? (bar.close - bar.open) / fall : 0, signals.engulfing_body_ratio);
}
