/** Which mood the market is in: return and volatility of the longest horizon, each against its own past. */

import type { Regime } from "../../domain/decision.ts";
import { f64 } from "../../domain/typed.ts";
import type { Features } from "../../market/features.ts";
import type { Standardiser } from "./standardiser.ts";

export class RegimeGauge {
  private readonly volatility: number;
  private readonly return: number;

  /** @param seconds the longest horizon */
  constructor(features: Features, seconds: number) {
    this.volatility = features.index(`volatility_bps_${seconds}s`);
    this.return = features.index(`return_bps_${seconds}s`);
  }

  /** @param unusual deviations from its own mean at which a measure tells */
  read(features: Features, standardiser: Standardiser, unusual: number): Regime {
    const trend = standardiser.scale(this.return, f64(features.vector, this.return));
    const volatility = standardiser.scale(this.volatility, f64(features.vector, this.volatility));
    if (Math.abs(trend) > unusual) return "TREND";
    if (volatility > unusual) return "VOLATILE";
    return volatility < -unusual ? "QUIET" : "RANGE";
  }
}
