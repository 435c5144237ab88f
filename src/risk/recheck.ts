/**
 * The second look, at the moment at which more of an approved entry is to be sent: what has changed since refuses it or
 * makes it smaller, never larger (requirements RSK-9).
 */

import type { Evidence } from "../domain/decision.ts";
import { quoteFromTickLots } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Lots, lots, type Micros, noLots, type Ticks } from "../domain/units.ts";
import { checkKnown, type RiskView } from "./engine.ts";
import { Gates, isUsable } from "./gates.ts";
import { checkMarketAndEquity } from "./guardrails.ts";
import { checkSession } from "./limits.ts";

export type RecheckInput = RiskView & {
  readonly side: Side;
  /** what risk approved, and the dearest price that it reckoned with */
  readonly approved: Lots;
  readonly approvedPrice: Ticks;
  readonly stopLoss: Ticks;
  /** bid + ask at the decision; null without one */
  readonly decisionMidHalfTicks: number | null;
  /** what of it has filled */
  readonly entered: Lots;
  /** what is to be sent now, and at which price; a market order pays the other side of the touch */
  readonly wanted: Lots;
  readonly price: Ticks;
};

/** What may still be sent: at most what was wanted, 0 when refused; and why it is less. */
export type RecheckResult = { readonly quantity: Lots; readonly reasons: readonly Evidence<BlockReason>[] };

export function recheckEntry(input: RecheckInput, now: Micros): RecheckResult {
  const gates = new Gates();
  const { settings, side, equity, available, price } = input;
  const distance = (price - input.stopLoss) * sign(side);
  checkKnown(input, gates);
  checkSession(input, now, gates);
  checkMarketAndEquity({ ...input, peakEquity: input.session.peakEquity }, gates);
  const { min_free_margin } = settings.guardrails;
  gates.check("INSUFFICIENT_MARGIN", isUsable(available) && available >= min_free_margin, available, min_free_margin);
  const move = worseBps(input, price);
  const moveMax = settings.risk.recheck.max_price_move_bps;
  gates.check("PRICE_MOVED", move <= moveMax, move, moveMax);
  const { min_ticks } = settings.risk.sltp;
  gates.check("STOP_INVALID", distance >= min_ticks, distance, min_ticks);
  if (gates.failed || !isUsable(equity) || !isUsable(available)) return { quantity: noLots, reasons: gates.reasons };
  const allowed = Math.max(0, Math.floor(Math.min(byRisk(input, distance), byCaps(input, equity, available, price))));
  if (allowed >= input.wanted) return { quantity: input.wanted, reasons: [] };
  return {
    quantity: Number.isNaN(allowed) ? noLots : lots(allowed),
    reasons: [{ reason: "SIZE_TOO_SMALL", measured: allowed, limit: input.wanted }],
  };
}

/** What the stop would lose stays at most what was approved. */
function byRisk({ side, approved, approvedPrice, stopLoss, entered }: RecheckInput, distance: number): number {
  const budget = (approved - entered) * (approvedPrice - stopLoss) * sign(side);
  return budget / distance;
}

function byCaps(input: RecheckInput, equity: number, available: number, price: Ticks): number {
  const { instrument, settings, committedLots, accountExposure, entered } = input;
  const { risk } = settings;
  const perLot = quoteFromTickLots(instrument, Math.max(price, input.ask));
  const room = Math.min(
    risk.max_notional - entered * perLot,
    risk.max_exposure_fraction * equity - committedLots * perLot,
    risk.max_leverage * equity - accountExposure,
    available * risk.max_leverage,
  );
  return room / perLot;
}

/** How much worse the price is than the mid of the decision; without a decision, than the approved price. */
function worseBps(input: RecheckInput, price: Ticks): number {
  const before = input.decisionMidHalfTicks === null ? input.approvedPrice : input.decisionMidHalfTicks / 2;
  return (((price - before) * sign(input.side)) / before) * 1e4;
}
