/** Signal: much was taken on the trade's side in the newest bar. Volume without a side would speak for both. */

import { atLeast, type Finding } from "./finding.ts";
import type { Rules } from "./rules.ts";
import { meanVolume, type Scene } from "./scene.ts";

/** Measured in averages of half a bar's volume: 1 is what a usual bar has on each side. */
export function takenVolume({ bars }: Scene, signals: Rules["signals"]): Finding {
  const usual = meanVolume(bars.slice(1));
  const bar = bars[0];
  const ratio = bar === undefined || usual === null ? null : (2 * bar.taken) / usual;
  return atLeast("VOLUME", ratio, signals.volume_ratio_min);
}
