/**
 * Size of an entry: a fraction of equity, more with more edge, under every cap; rounding never goes up (requirements
 * RSK-1, RSK-2). In this order: base, edge, least and largest notional, volatility, scale, what the decision asks for,
 * exposure of the symbol, leverage of the account, free margin, the exchange's steps.
 */

import type { Settings } from "../config/schema.ts";
import type { RequestedSize } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import type { SizeStep } from "../domain/output.ts";
import { type Lots, lots, type Ticks } from "../domain/units.ts";
import type { VolatilityBand } from "./stops.ts";

export type SizingInput = {
  readonly instrument: Instrument;
  readonly risk: Settings["risk"];
  /** the dearest price at which it may fill at once: caps are measured at it */
  readonly reference: Ticks;
  /** the cheapest one: the exchange's least notional is measured at it */
  readonly cheapest: Ticks;
  /** |p_up − 0.5|; null: the source has none, and the multiplier is skipped */
  readonly edge: number | null;
  readonly band: VolatilityBand;
  /** what an operator or supervisor multiplies every entry with, at most 1 */
  readonly scale: number;
  /** quote asset */
  readonly equity: number;
  /** free margin, quote asset */
  readonly available: number;
  /** what is open or may still open in the symbol, quote asset */
  readonly exposure: number;
  /** the same for all symbols together */
  readonly accountExposure: number;
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
  const { instrument, risk, reference, equity, requested } = input;
  const leverage = Math.min(risk.max_leverage, input.requestedLeverage ?? risk.max_leverage);
  const steps: SizeStep[] = [];
  let notional = risk.base_risk_fraction * equity;
  const note = (what: string): void => {
    steps.push({ what, notional });
  };
  const cap = (what: string, limit: number): void => {
    if (limit >= notional) return;
    // A limit that is no number allows nothing.
    notional = Number.isNaN(limit) ? 0 : Math.max(0, limit);
    note(what);
  };
  note("risk.base_risk_fraction");
  if (input.edge === null) note("risk.edge_sizing skipped: the decision has no edge");
  else {
    notional *= edgeMultiplier(input.edge, risk.edge_sizing);
    note("risk.edge_sizing");
  }
  if (notional > 0 && notional < risk.min_notional) {
    notional = risk.min_notional;
    note("risk.min_notional");
  }
  cap("risk.max_notional", risk.max_notional);
  cap(`risk.volatility_size.${input.band}`, notional * risk.volatility_size[input.band]);
  cap("scale", notional * input.scale);
  if (requested?.kind === "notional") cap("decision.size", requested.quote);
  cap("risk.max_exposure_fraction", risk.max_exposure_fraction * equity - input.exposure);
  cap("risk.max_leverage", risk.max_leverage * equity - input.accountExposure);
  cap("free margin", input.available * leverage);
  const perLot = quoteFromTickLots(instrument, reference);
  let quantity = Math.floor(notional / perLot);
  if (requested?.kind === "lots" && requested.quantity < quantity) {
    quantity = requested.quantity;
    steps.push({ what: "decision.size", notional: quantity * perLot });
  }
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

/** Linear from the smallest multiplier at `min_edge` to the largest at `max_edge`; below, as configured. NaN gives 0. */
export function edgeMultiplier(edge: number, sizing: Settings["risk"]["edge_sizing"]): number {
  const { min_edge, max_edge, min_multiplier, max_multiplier, below_min_edge } = sizing;
  if (edge >= max_edge) return max_multiplier;
  if (edge >= min_edge) {
    return min_multiplier + ((edge - min_edge) / (max_edge - min_edge)) * (max_multiplier - min_multiplier);
  }
  return below_min_edge === "minimum" && edge < min_edge ? min_multiplier : 0;
}

function onGrid({ instrument, mayTake }: SizingInput, quantity: number): number {
  const step = mayTake ? instrument.marketStepLots : instrument.lotStep;
  const most = mayTake ? Math.min(instrument.maxLots, instrument.marketMaxLots) : instrument.maxLots;
  return Math.floor(Math.min(quantity, most) / step) * step;
}

function leastLots({ instrument, cheapest, mayTake }: SizingInput): Lots {
  const byNotional = Math.ceil(instrument.minNotional / cheapest);
  const bySize = mayTake ? Math.max(instrument.minLots, instrument.marketMinLots) : instrument.minLots;
  return lots(Math.max(byNotional, bySize));
}
