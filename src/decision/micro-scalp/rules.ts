/** The settings of this source, and of one symbol in it. */

import type { Settings } from "../../config/schema.ts";

export type Rules = Settings["decision"]["micro_scalp"];

/** Distances in the quote asset. */
export type SymbolRules = Rules["symbols"]["BTCUSDT"];
