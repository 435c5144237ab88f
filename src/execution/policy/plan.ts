/** The policy of each mode. */

import type { Settings } from "../../config/schema.ts";
import type { Mode } from "../../risk/mode.ts";
import { normalPolicy } from "./normal.ts";
import type { EntryPlan, PolicyInput } from "./policy.ts";
import { scalpPolicy } from "./scalp.ts";

export function planEntry(mode: Mode, input: PolicyInput, trading: Settings["trading"]): EntryPlan {
  if (!(input.bid > 0 && input.ask > input.bid)) {
    return { kind: "wait", reason: "MARKET_DATA_STALE", measured: input.bid, limit: input.ask };
  }
  switch (mode) {
    case "normal":
      return normalPolicy(input, trading.normal);
    case "scalp":
      return scalpPolicy(input, trading.scalp);
    default:
      throw new TypeError(`unhandled mode ${mode satisfies never}`);
  }
}
