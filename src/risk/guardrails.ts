/** The guardrails between a decision and an entry, each against its limit (requirements RSK-5). */

import type { Settings } from "../config/schema.ts";
import type { Side } from "../domain/order.ts";
import type { Micros } from "../domain/units.ts";
import { type Gates, isUsable } from "./gates.ts";

type EquityAndMarket = {
  readonly settings: Settings;
  readonly side: Side;
  /** quote asset; null when the exchange has not said it, which a gate of its own blocks */
  readonly equity: number | null;
  /** highest equity ever, or since an operator resumed */
  readonly peakEquity: number | null;
  /** relative change of the price over 5 minutes; null when not known */
  readonly recentReturn: number | null;
};

export type GuardrailInput = EquityAndMarket & {
  readonly available: number | null;
  /** end of the cooldown of the symbol and direction; 0 without one */
  readonly cooldownUntil: Micros;
  /** symbols with a position or an entry under way */
  readonly openPositions: number;
  /** worth of what is open or may still open in the symbol, quote asset */
  readonly exposure: number;
  readonly confidence: number | null;
  readonly edge: number | null;
};

export function checkGuardrails(input: GuardrailInput, now: Micros, gates: Gates): void {
  const { guardrails, risk } = input.settings;
  const { equity, available, exposure, confidence, edge } = input;
  checkMarketAndEquity(input, gates);
  gates.check("COOLDOWN", now >= input.cooldownUntil, now, input.cooldownUntil);
  gates.check(
    "MAX_POSITIONS",
    input.openPositions < guardrails.max_positions,
    input.openPositions,
    guardrails.max_positions,
  );
  const { min_free_margin } = guardrails;
  gates.check("INSUFFICIENT_MARGIN", isUsable(available) && available >= min_free_margin, available, min_free_margin);
  const room = isUsable(equity) ? risk.max_exposure_fraction * equity : null;
  gates.check("MAX_EXPOSURE", room !== null && isUsable(exposure) && exposure < room, exposure, room);
  if (confidence === null) gates.skip("LOW_CONFIDENCE", guardrails.min_confidence);
  else {
    const { min_confidence } = guardrails;
    gates.check("LOW_CONFIDENCE", confidence >= min_confidence, confidence, min_confidence);
  }
  const { min_edge, below_min_edge } = risk.edge_sizing;
  if (edge === null) gates.skip("LOW_EDGE", min_edge);
  else gates.check("LOW_EDGE", edge >= min_edge || (below_min_edge === "minimum" && edge >= 0), edge, min_edge);
}

/** The system's drawdown, and a market that moves against the entry: those that an entry meets again when it is sent. */
export function checkMarketAndEquity(input: EquityAndMarket, gates: Gates): void {
  const { drawdown_pct, crash_return_pct } = input.settings.guardrails;
  const fall = drawdown(input.equity, input.peakEquity);
  if (isUsable(input.equity)) gates.check("DRAWDOWN_GUARD", fall !== null && fall <= drawdown_pct, fall, drawdown_pct);
  else gates.skip("DRAWDOWN_GUARD", drawdown_pct);
  const against =
    input.recentReturn === null ? null : input.side === "buy" ? 0 - input.recentReturn : input.recentReturn;
  gates.check("CRASH_GUARD", against !== null && against < crash_return_pct, against, crash_return_pct);
}

/** Fall from the highest equity as a fraction of it; null when either is not known. */
export function drawdown(equity: number | null, peak: number | null): number | null {
  if (equity === null || peak === null || !(peak > 0)) return null;
  return Math.max(0, (peak - equity) / peak);
}
