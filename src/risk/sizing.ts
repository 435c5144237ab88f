/** Size of an entry: a fixed fraction of equity under every cap; rounding never goes up (requirements RSK-1, RSK-2). */

import type { Settings } from "../config/schema.ts";
import type { RequestedSize } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import { type Lots, lots, type Ticks } from "../domain/units.ts";
import type { SizeStep } from "./result.ts";

export type SizingInput = {
  readonly instrument: Instrument;
  readonly settings: Settings;
  /** the dearest price at which it may fill at once: caps are measured at it */
  readonly reference: Ticks;
  /** the cheapest one: the exchange's least notional is measured at it */
  readonly cheapest: Ticks;
  /** quote asset */
  readonly equity: number;
  /** free margin, quote asset */
  readonly available: number;
  /** what is open or may still open in the symbol, quote asset */
  readonly exposure: number;
  readonly requested: RequestedSize | null;
  readonly requestedLeverage: number | null;
  /** the entry may end as a market order, whose largest size and step are the tighter ones */
  readonly mayTake: boolean;
};

export type Sizing = {
  /** 0 when no valid size fits under the caps */
  readonly quantity: Lots;
  readonly notional: number;
  readonly leverage: number;
  readonly steps: readonly SizeStep[];
  /** least quantity that the exchange takes at the cheapest price */
  readonly least: Lots;
};

export function sizeEntry(input: SizingInput): Sizing {
  const { instrument, settings, reference, equity } = input;
  const { risk } = settings;
  const leverage = Math.min(risk.max_leverage, input.requestedLeverage ?? risk.max_leverage);
  const steps: SizeStep[] = [];
  let notional = risk.base_risk_fraction * equity;
  steps.push({ what: "risk.base_risk_fraction", notional });
  const cap = (what: string, limit: number): void => {
    if (limit >= notional) return;
    // A limit that is no number allows nothing.
    notional = Number.isNaN(limit) ? 0 : Math.max(0, limit);
    steps.push({ what, notional });
  };
  if (notional < risk.min_notional) {
    notional = risk.min_notional;
    steps.push({ what: "risk.min_notional", notional });
  }
  cap("risk.max_notional", risk.max_notional);
  if (input.requested?.kind === "notional") cap("decision.size", input.requested.quote);
  cap("risk.max_exposure_fraction", risk.max_exposure_fraction * equity - input.exposure);
  cap("leverage", input.available * leverage);
  const perLot = quoteFromTickLots(instrument, reference);
  let quantity = Math.floor(notional / perLot);
  if (input.requested?.kind === "lots") quantity = Math.min(quantity, input.requested.quantity);
  quantity = onGrid(input, quantity);
  // Floating-point division may land one lot above the cap: the product decides.
  while (quantity > 0 && quantity * perLot > notional) quantity = onGrid(input, quantity - 1);
  return {
    quantity: lots(Math.max(0, quantity)),
    notional: quantity * perLot,
    leverage,
    steps,
    least: leastLots(input),
  };
}

function onGrid({ instrument, mayTake }: SizingInput, quantity: number): number {
  const step = mayTake ? instrument.marketStepLots : 1;
  const most = mayTake ? Math.min(instrument.maxLots, instrument.marketMaxLots) : instrument.maxLots;
  return Math.floor(Math.min(quantity, most) / step) * step;
}

function leastLots({ instrument, cheapest, mayTake }: SizingInput): Lots {
  const byNotional = Math.ceil(instrument.minNotional / cheapest);
  const bySize = mayTake ? Math.max(instrument.minLots, instrument.marketMinLots) : instrument.minLots;
  return lots(Math.max(byNotional, bySize));
}
