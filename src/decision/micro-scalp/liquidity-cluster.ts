/**
 * Location: several swing lows at the price of now, below which the stops of others are likely to rest (for a short: swing
 * highs). From candles alone.
 */

import { atLeast, type Finding } from "./finding.ts";
import type { Rules } from "./rules.ts";
import type { Scene } from "./scene.ts";
import { swingLows } from "./swings.ts";

export function liquidityCluster({ bars, mid, atr }: Scene, location: Rules["location"]): Finding {
  const reach = location.cluster_atr * atr;
  const touches = swingLows(bars).filter((low) => Math.abs(low - mid) <= reach).length;
  return atLeast("LIQUIDITY_CLUSTER", touches, location.cluster_touches);
}
