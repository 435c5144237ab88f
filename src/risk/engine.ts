/**
 * The checks between a decision and an order, pure over explicit state, always in this order: what is known of account
 * and market; halts and session limits; guardrails; stop and target; size; costs. All that fail are reported, each with
 * what was measured and its limit; what a decision has no number for is skipped and says so (requirements RSK-6, RSK-8).
 */

import type { Settings } from "../config/schema.ts";
import type { Decision } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import type { MaintenanceStep } from "../domain/maintenance.ts";
import { type Side, sign } from "../domain/order.ts";
import type { SessionState } from "../domain/session.ts";
import { type Micros, microsFromSeconds, type Ticks, ticks } from "../domain/units.ts";
import { type CostToFill, expectedCost, expectedMoveBps } from "./cost.ts";
import { Gates, isUsable } from "./gates.ts";
import { checkGuardrails, type GuardrailInput } from "./guardrails.ts";
import { checkSession, checkTradesPerHour } from "./limits.ts";
import { marginLeft } from "./liquidation.ts";
import { mayTake, modeOf } from "./mode.ts";
import type { RiskCheckResult, SizedOrder } from "./result.ts";
import { scalpLevels } from "./scalp-levels.ts";
import { type Sizing, sizeEntry } from "./sizing.ts";
import { bandOf, type StopLevels, stopLevels, type VolatilityBand } from "./stops.ts";

/** What the account and the market of a symbol look like at a moment; null is not known. */
export type RiskView = {
  readonly instrument: Instrument;
  /** with what the symbol overrides */
  readonly settings: Settings;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** quote asset; null when the exchange has not said it */
  readonly equity: number | null;
  readonly available: number | null;
  /** age of the last proof of account and positions, microseconds */
  readonly accountAge: number;
  /** position, live, unknown and in-flight lots of the symbol */
  readonly committedLots: number;
  /** worth of the same of all symbols, and of positions that no trade of ours has; quote asset */
  readonly accountExposure: number;
  /** relative change of the price over 5 minutes */
  readonly recentReturn: number | null;
  readonly session: SessionState;
};

export type RiskInput = RiskView & {
  readonly decision: Decision;
  readonly side: Side;
  /** where the entry is expected to fill, as its policy plans it */
  readonly entryPrice: Ticks;
  /** average true range, ticks */
  readonly atrTicks: number | null;
  /** deviation of one-minute returns, basis points */
  readonly realisedBps: number | null;
  /** symbols with a position or an entry under way */
  readonly openPositions: number;
  /** equity with open profit, whatever basis limits and sizes have; null when not known */
  readonly markedEquity: number | null;
  /** what the exchange demands to keep a position open; empty when it has not said it */
  readonly maintenance: readonly MaintenanceStep[];
  /** end of the cooldown of the symbol and direction; 0 without one */
  readonly cooldownUntil: Micros;
  /** fees as fractions */
  readonly makerFee: number | null;
  readonly takerFee: number | null;
  readonly costToFill: CostToFill;
  /** fraction per interval */
  readonly fundingRate: number;
  /** 0 when it is not known */
  readonly nextFunding: Micros;
};

export function checkRisk(input: RiskInput, now: Micros): RiskCheckResult {
  const gates = new Gates();
  const { settings, decision, session, equity } = input;
  const reference = input.entryPrice;
  const exposure = quoteFromTickLots(input.instrument, input.committedLots * input.ask);
  const band = isTouch(input) ? bandOf(input, reference, settings.risk.sltp) : null;
  checkKnown(input, gates);
  if (isTouch(input)) gates.check("VOLATILITY_MISSING", band !== null, volatilityMeasure(input), 0);
  else gates.skip("VOLATILITY_MISSING", 0);
  checkSession(input, now, gates);
  checkTradesPerHour(session, settings.risk.session.max_trades_per_hour, now, gates);
  const guarded: GuardrailInput = {
    settings,
    side: input.side,
    equity,
    peakEquity: session.peakEquity,
    recentReturn: input.recentReturn,
    available: input.available,
    cooldownUntil: input.cooldownUntil,
    openPositions: input.openPositions,
    exposure,
    confidence: decision.confidence,
    edge: decision.edge,
  };
  checkGuardrails(guarded, now, gates);
  const levels = band === null ? null : checkLevels(input, reference, band, gates);
  if (band === null || levels === null || !isUsable(equity) || !isUsable(input.available) || !isUsable(exposure)) {
    return { approved: false, reasons: gates.reasons, gates: gates.list };
  }
  const sizing = sizeFor(input, band, equity, input.available, exposure);
  gates.check("SIZE_TOO_SMALL", sizing.quantity >= sizing.least, sizing.quantity, sizing.least);
  checkLiquidation(input, sizing, levels, gates);
  checkCost(input, sizing, levels, now, gates);
  if (gates.failed) return { approved: false, reasons: gates.reasons, gates: gates.list };
  const { quantity, notional, leverage, steps } = sizing;
  const { stopLoss, takeProfit } = levels;
  const order: SizedOrder = { side: input.side, quantity, notional, leverage, steps, reference, stopLoss, takeProfit };
  return { approved: true, order, gates: gates.list };
}

/** What nothing can be decided without. */
export function checkKnown(view: RiskView, gates: Gates): void {
  const ageMax = microsFromSeconds(view.settings.guardrails.account_stale_seconds);
  const isFresh = Number.isFinite(view.accountAge) && view.accountAge <= ageMax;
  gates.check("ACCOUNT_STALE", isFresh, view.accountAge, ageMax);
  gates.check("MARKET_DATA_STALE", isTouch(view), view.bid, view.ask);
  gates.check("EQUITY_MISSING", isUsable(view.equity), view.equity, 0);
}

type Levels = Pick<SizedOrder, "reference" | "stopLoss" | "takeProfit">;

/** Stop and target on their sides of the price and far enough from it, the decision's own ones too; null without any. */
function checkLevels(input: RiskInput, reference: Ticks, band: VolatilityBand, gates: Gates): Levels | null {
  const { sltp } = input.settings.risk;
  const own = stopLevels(input.side, reference, input.atrTicks, band, sltp);
  if (own === null) {
    gates.check("STOP_INVALID", false, input.atrTicks, null);
    return null;
  }
  const { stopLoss, takeProfit } = levelsFor(input, reference, own);
  const risk = (reference - stopLoss) * sign(input.side);
  const reward = (takeProfit - reference) * sign(input.side);
  const touch = input.side === "buy" ? input.bid : input.ask;
  const isBeyondTouch = (touch - stopLoss) * sign(input.side) > 0;
  const nearest = Math.min(risk, reward);
  gates.check(
    "STOP_INVALID",
    risk >= sltp.min_ticks && reward >= sltp.min_ticks && isBeyondTouch,
    nearest,
    sltp.min_ticks,
  );
  return { reference, stopLoss, takeProfit };
}

/** The engine's levels with what the decision brings of its own; in scalp mode no farther than that allows (EXE-2). */
function levelsFor(input: RiskInput, reference: Ticks, own: StopLevels): StopLevels {
  const { side, decision, settings } = input;
  const stopLoss = tighter(side, own.stopLoss, decision.stopLoss);
  const levels: StopLevels = { stopLoss, takeProfit: decision.takeProfits[0] ?? own.takeProfit };
  if (modeOf(settings.trading, decision.style) !== "scalp") return levels;
  const scalp = scalpLevels({ side, bid: input.bid, ask: input.ask, reference, levels }, settings.trading.scalp);
  return { ...scalp, stopLoss: tighter(side, scalp.stopLoss, decision.stopLoss) };
}

function sizeFor(input: RiskInput, band: VolatilityBand, equity: number, available: number, exposure: number): Sizing {
  return sizeEntry({
    instrument: input.instrument,
    risk: input.settings.risk,
    // Whatever price it fills at, it is not above the dearer side of the touch, so no cap is passed by crossing; nor above
    // its own price, which a coarser grid may put beyond that (failure-catalogue F-77).
    reference: ticks(Math.max(input.ask, input.entryPrice)),
    cheapest: ticks(Math.min(input.bid, input.entryPrice)),
    edge: input.decision.edge,
    band,
    scale: input.session.scale,
    equity,
    available,
    exposure,
    accountExposure: input.accountExposure,
    requested: input.decision.size,
    requestedLeverage: input.decision.leverage,
    mayTake: mayTake(input.settings.trading, modeOf(input.settings.trading, input.decision.style)),
  });
}

/** Requirements RSK-3; failure-catalogue F-42: a stop that lies beyond the liquidation price protects nothing. */
function checkLiquidation(input: RiskInput, sizing: Sizing, levels: Levels, gates: Gates): void {
  if (sizing.quantity === 0) return gates.skip("STOP_BEYOND_LIQUIDATION", 0);
  const left = marginLeft({
    instrument: input.instrument,
    side: input.side,
    reference: levels.reference,
    stopLoss: levels.stopLoss,
    quantity: sizing.quantity + input.committedLots,
    elsewhere: Math.max(
      0,
      input.accountExposure - quoteFromTickLots(input.instrument, input.committedLots * input.ask),
    ),
    equity: input.markedEquity,
    maintenance: input.maintenance,
    isolatedLeverage: input.settings.venue.margin_type === "isolated" ? input.settings.risk.max_leverage : null,
    buffer: input.settings.risk.liquidation_buffer,
  });
  gates.check("STOP_BEYOND_LIQUIDATION", left !== null && left > 0, left, 0);
}

function checkCost(input: RiskInput, { quantity }: Sizing, levels: Levels, now: Micros, gates: Gates): void {
  const { decision, settings, makerFee, takerFee } = input;
  if (!settings.risk.cost.enabled || decision.edge === null || quantity === 0) {
    gates.skip("COST_EXCEEDS_EDGE", null);
    return;
  }
  if (makerFee === null || takerFee === null) {
    gates.check("FEES_MISSING", false, takerFee, null);
    return;
  }
  const mode = modeOf(settings.trading, decision.style);
  const holdMax = microsFromSeconds(settings.trading[mode].max_hold_seconds);
  const cost = expectedCost({
    side: input.side,
    quantity,
    bid: input.bid,
    ask: input.ask,
    makerFee,
    takerFee,
    costToFill: input.costToFill,
    fundingRate: input.fundingRate,
    nextFunding: input.nextFunding,
    holdMicros: decision.holdMicrosMax ?? holdMax,
    mayTake: mayTake(settings.trading, mode),
    now,
  });
  const move = expectedMoveBps(decision.edge, levels.reference, levels.stopLoss, levels.takeProfit);
  const limit = cost.totalBps * settings.risk.cost.factor;
  gates.check("COST_EXCEEDS_EDGE", move > limit, move, limit);
}

/** A stop that the decision brings counts only where it risks less. */
function tighter(side: Side, own: Ticks, asked: Ticks | null): Ticks {
  if (asked === null) return own;
  if (side === "buy") return asked > own ? asked : own;
  return asked < own ? asked : own;
}

function volatilityMeasure({ settings, atrTicks, realisedBps }: RiskInput): number | null {
  return settings.risk.sltp.metric === "realised" ? realisedBps : atrTicks;
}

function isTouch({ bid, ask }: RiskView): boolean {
  return bid > 0 && ask > bid;
}
