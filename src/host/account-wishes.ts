/** What the settings ask of the account, as the venue wants to be told. */

import type { Settings } from "../config/schema.ts";
import { settingsFor } from "../engine/settings.ts";
import type { MarginType } from "../venue/set-up.ts";

export type AccountWishes = {
  /** a symbol's own `risk.max_leverage` */
  readonly leverageOf: (symbol: string) => number;
  readonly marginType: MarginType;
  readonly orderIdPrefix: string;
  readonly stopProofDistance: number;
};

export function accountWishes(settings: Settings): AccountWishes {
  const { venue, order_id_prefix } = settings;
  return {
    leverageOf: (symbol) => settingsFor(settings, symbol).risk.max_leverage,
    marginType: venue.margin_type === "cross" ? "CROSSED" : "ISOLATED",
    orderIdPrefix: order_id_prefix,
    stopProofDistance: venue.stop_proof_distance,
  };
}
