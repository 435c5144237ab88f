/** Plain words for what an evaluation can and cannot say (requirements BT-3). */

import type { Estimate } from "./bootstrap.ts";
import type { HorizonTraining } from "./train.ts";

/** Nothing to add when a horizon is better than the base rate and earns after costs beyond noise. */
export function warningsOf({ seconds, fitted }: HorizonTraining): readonly string[] {
  const horizon = `horizon ${seconds} s`;
  if (fitted.labels === 0) return [`${horizon}: no label was forecast: the tape is too short`];
  return [forecastWarning(horizon, fitted.logLossGain), tradingWarning(horizon, fitted.atMinEdge.net)].filter(
    (warning) => warning !== null,
  );
}

function forecastWarning(horizon: string, gain: Estimate): string | null {
  if (gain.ci95 === null) return `${horizon}: ${tooFew(gain)} nothing can be said about its forecasts`;
  const [low, high] = gain.ci95;
  if (high < 0) return `${horizon}: its forecasts are worse than the base rate`;
  return low > 0 ? null : `${horizon}: its forecasts are within noise of the base rate`;
}

function tradingWarning(horizon: string, net: Estimate): string | null {
  if (net.count === 0) return `${horizon}: no forecast was far enough from ½ to trade on`;
  if (net.ci95 === null) return `${horizon}: ${tooFew(net)} nothing can be said about trading on it`;
  const [low, high] = net.ci95;
  if (high < 0) return `${horizon}: trading on it loses after costs`;
  return low > 0 ? null : `${horizon}: trading on it is within noise of nothing after costs`;
}

function tooFew({ blocks }: Estimate): string {
  return `${blocks} independent stretches of time are too few for an interval:`;
}
