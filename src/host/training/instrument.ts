/** The instrument of a tape whose symbol no exchange lists here: enough to build its market, not to trade it. */

import { type Instrument, instrumentFromRules } from "../../domain/instrument.ts";
import { symbolIndex } from "../../domain/units.ts";
import type { TapeMetadata } from "../../tape/format.ts";

/** Only its steps are known; what an order would be checked against is left open. */
export function tapeInstrument({ symbol, tickSize, stepSize }: TapeMetadata): Instrument {
  const rules = {
    symbol,
    baseAsset: "",
    quoteAsset: "",
    tickSize,
    minPrice: tickSize,
    maxPrice: tickSize,
    stepSize,
    minQuantity: stepSize,
    maxQuantity: stepSize,
    marketStepSize: stepSize,
    marketMinQuantity: stepSize,
    marketMaxQuantity: stepSize,
    minNotional: "0",
    multiplierUp: null,
    multiplierDown: null,
    maxOrders: null,
    tradable: false,
  };
  return instrumentFromRules(rules, symbolIndex(0), tickSize, stepSize);
}
