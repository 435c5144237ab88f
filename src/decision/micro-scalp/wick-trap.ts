/** Signal: the newest bar went below the one before, came back above its low, and left a long wick (for a short: high). */

import { atLeast, type Finding, found } from "./finding.ts";
import type { Rules } from "./rules.ts";
import { lowerWickShare, type Scene } from "./scene.ts";

/** Measured is the wick's share of the range, 0 where nobody was trapped. */
export function wickTrap({ bars }: Scene, signals: Rules["signals"]): Finding {
  const [bar, before] = bars;
  if (bar === undefined || before === undefined) return found("WICK_TRAP", false, null, signals.wick_share_min);
  const trapped = bar.low < before.low && bar.close > before.low;
  return atLeast("WICK_TRAP", trapped ? lowerWickShare(bar) : 0, signals.wick_share_min);
}
