/** In which mode an entry is worked, and what that means for its price and its costs (requirements CFG-3). */

import type { Settings } from "../config/schema.ts";
import type { TradeStyle } from "../domain/decision.ts";

export type Mode = Settings["trading"]["mode"];

/** Scalp takes the mode and the switch of its section, and where configured a decision of that style. */
export function modeOf({ mode, scalp }: Settings["trading"], style: TradeStyle): Mode {
  return mode === "scalp" && scalp.enabled && (!scalp.only_style_scalp || style === "SCALP") ? "scalp" : "normal";
}

/** Whether an entry takes from the book, at once or when its time is out. */
export function mayTake({ normal, scalp }: Settings["trading"], mode: Mode): boolean {
  switch (mode) {
    case "normal":
      return normal.entry_order === "market" || normal.on_timeout === "cross";
    case "scalp":
      return !scalp.prefer_limit || scalp.limit_may_cross || scalp.on_timeout === "cross";
    default:
      throw new TypeError(`unhandled mode ${mode satisfies never}`);
  }
}
