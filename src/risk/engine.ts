/**
 * The checks between a decision and an order, pure over explicit state, in this order: equity and age of the account,
 * volatility, cooldown, positions, margin, exposure, confidence, stop, size. All that fail are reported, each with what
 * was measured and its limit (requirements RSK-6, RSK-8).
 */

import type { Settings } from "../config/schema.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Micros, microsFromSeconds, type Ticks } from "../domain/units.ts";
import type { RiskCheckResult, SizedOrder } from "./result.ts";
import { sizeEntry } from "./sizing.ts";
import { stopLevels } from "./stops.ts";

export type RiskInput = {
  readonly decision: Decision;
  readonly instrument: Instrument;
  readonly settings: Settings;
  readonly side: Side;
  readonly bid: Ticks;
  readonly ask: Ticks;
  readonly atrTicks: number | null;
  /** quote asset; null when the exchange has not said it */
  readonly equity: number | null;
  readonly available: number | null;
  /** age of the last proof of account and positions, microseconds */
  readonly accountAge: number;
  /** position, live, unknown and in-flight lots of the symbol */
  readonly committedLots: number;
  /** symbols with a position or an entry under way */
  readonly openPositions: number;
  /** end of the cooldown of the symbol and direction; 0 without one */
  readonly cooldownUntil: Micros;
};

export function checkRisk(input: RiskInput, now: Micros): RiskCheckResult {
  const reasons: Evidence<BlockReason>[] = [];
  const block = (reason: BlockReason, measured: number | null, limit: number | null): void => {
    reasons.push({ reason, measured, limit });
  };
  checkAccount(input, block);
  checkGuardrails(input, now, block);
  const levels = isTouch(input) && usableAtr(input) ? checkLevels(input, block) : null;
  if (levels === null || !isUsable(input.equity) || !isUsable(input.available) || !isUsable(input.committedLots)) {
    return { approved: false, reasons };
  }
  const sizing = sizeEntry({
    instrument: input.instrument,
    settings: input.settings,
    // Whatever price it fills at, it is not above the dearer side of the touch, so no cap is passed by crossing.
    reference: input.ask,
    cheapest: input.bid,
    equity: input.equity,
    available: input.available,
    exposure: quoteFromTickLots(input.instrument, input.committedLots * input.ask),
    requested: input.decision.size,
    requestedLeverage: input.decision.leverage,
    mayTake: input.settings.trading.entry_order === "market" || input.settings.trading.on_timeout === "cross",
  });
  if (sizing.quantity < sizing.least) block("SIZE_TOO_SMALL", sizing.quantity, sizing.least);
  if (reasons.length > 0) return { approved: false, reasons };
  const { quantity, notional, leverage, steps } = sizing;
  return { approved: true, order: { side: input.side, quantity, notional, leverage, steps, ...levels } };
}

type Block = (reason: BlockReason, measured: number | null, limit: number | null) => void;

function checkAccount(input: RiskInput, block: Block): void {
  const ageMax = microsFromSeconds(input.settings.guardrails.account_stale_seconds);
  if (!isUsable(input.equity)) block("EQUITY_MISSING", input.equity, 0);
  if (!(input.accountAge <= ageMax)) block("ACCOUNT_STALE", input.accountAge, ageMax);
  if (!usableAtr(input)) block("VOLATILITY_MISSING", input.atrTicks, 0);
  if (!isTouch(input)) block("MARKET_DATA_STALE", input.bid, input.ask);
}

function checkGuardrails(input: RiskInput, now: Micros, block: Block): void {
  const { guardrails, risk } = input.settings;
  if (now < input.cooldownUntil) block("COOLDOWN", now, input.cooldownUntil);
  if (input.openPositions >= guardrails.max_positions) {
    block("MAX_POSITIONS", input.openPositions, guardrails.max_positions);
  }
  if (!isUsable(input.available) || input.available < guardrails.min_free_margin) {
    block("INSUFFICIENT_MARGIN", input.available, guardrails.min_free_margin);
  }
  if (isUsable(input.equity)) {
    const exposure = quoteFromTickLots(input.instrument, input.committedLots * input.ask);
    const limit = risk.max_exposure_fraction * input.equity;
    if (!isUsable(exposure) || exposure >= limit) block("MAX_EXPOSURE", exposure, limit);
  }
  const { confidence } = input.decision;
  if (confidence !== null && !(confidence >= guardrails.min_confidence)) {
    block("LOW_CONFIDENCE", confidence, guardrails.min_confidence);
  }
}

type Levels = Pick<SizedOrder, "reference" | "stopLoss" | "takeProfit">;

/** Stop and target on their sides of the price and far enough from it, the decision's own ones too; null without any. */
function checkLevels(input: RiskInput & { readonly atrTicks: number }, block: Block): Levels | null {
  const { sltp } = input.settings.risk;
  const reference = entryReference(input);
  const own = stopLevels(input.side, reference, input.atrTicks, sltp);
  if (own === null) {
    block("STOP_INVALID", input.atrTicks, null);
    return null;
  }
  const stopLoss = tighter(input.side, own.stopLoss, input.decision.stopLoss);
  const takeProfit = input.decision.takeProfits[0] ?? own.takeProfit;
  const risk = (reference - stopLoss) * sign(input.side);
  const reward = (takeProfit - reference) * sign(input.side);
  if (!(risk >= sltp.min_ticks)) block("STOP_INVALID", risk, sltp.min_ticks);
  if (!(reward >= sltp.min_ticks)) block("STOP_INVALID", reward, sltp.min_ticks);
  if (input.side === "buy" ? stopLoss >= input.bid : stopLoss <= input.ask) {
    block("STOP_INVALID", stopLoss, input.side === "buy" ? input.bid : input.ask);
  }
  return { reference, stopLoss, takeProfit };
}

/** The side of the touch that the entry joins, or takes. */
function entryReference(input: RiskInput): Ticks {
  const takes = input.settings.trading.entry_order === "market";
  if (input.side === "buy") return takes ? input.ask : input.bid;
  return takes ? input.bid : input.ask;
}

/** A stop that the decision brings counts only where it risks less. */
function tighter(side: Side, own: Ticks, asked: Ticks | null): Ticks {
  if (asked === null) return own;
  if (side === "buy") return asked > own ? asked : own;
  return asked < own ? asked : own;
}

function isTouch({ bid, ask }: RiskInput): boolean {
  return bid > 0 && ask > bid;
}

function usableAtr(input: RiskInput): input is RiskInput & { atrTicks: number } {
  return isUsable(input.atrTicks) && input.atrTicks > 0;
}

function isUsable(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0;
}
