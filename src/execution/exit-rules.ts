/** The exit rules of a trade from the settings, and what a later change of the settings may still tighten. */

import type { Settings } from "../config/schema.ts";
import type { ExitRules } from "../domain/exit-rules.ts";
import { type Side, sign } from "../domain/order.ts";
import type { ExitReason } from "../domain/reason.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds, type Ticks, ticks } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import type { Trade } from "./trade.ts";

/** What is known when a position is opened. */
export type ExitCircumstances = {
  /** fees of entry and exit together; null when not known, which counts as none */
  readonly feesBps: number | null;
  /** of the position, for a gain over its margin */
  readonly leverage: number;
  /** average true range; null when not known */
  readonly atrTicks: number | null;
};

export function exitRules({ exits }: Settings, { feesBps, leverage, atrTicks }: ExitCircumstances): ExitRules {
  const { break_even, trailing, atr_shrink, adverse_candle, stop_moves } = exits;
  const roi = trailing.trail_activation_roi;
  return {
    leavesOnDecision: exits.on_decision === "on",
    firstTargetShare: exits.first_target_share,
    breakEvenBps: break_even.enabled ? break_even.offset_bps + (feesBps ?? 0) : null,
    trailFromR: trailing.enabled ? trailing.activation_r : null,
    trailFromBps: trailing.enabled && roi !== null ? (roi / leverage) * 1e4 : null,
    trailByR: trailing.enabled ? trailing.distance_r : null,
    trailByBps: trailing.enabled ? trailing.distance_bps : null,
    atrAtEntry: atr_shrink.enabled ? atrTicks : null,
    adverseCandleAtr: adverse_candle.enabled ? adverse_candle.atr_multiple : null,
    moveStepR: stop_moves.min_step_r,
    moveIntervalMicros: microsFromMillis(stop_moves.min_interval_ms),
    movesMax: stop_moves.most,
    stopCooldownMicros: microsFromSeconds(exits.stop_loss_cooldown_seconds),
  };
}

/**
 * The rules of an open position after the settings have changed: each stays as it was frozen unless the new one lets
 * less be lost (requirements CFG-4). What the opening alone can say (its leverage, its ATR) stays, as do shares and steps.
 */
export function tightenedRules(frozen: ExitRules, configured: ExitRules): ExitRules {
  return {
    ...frozen,
    leavesOnDecision: frozen.leavesOnDecision || configured.leavesOnDecision,
    breakEvenBps: larger(frozen.breakEvenBps, configured.breakEvenBps),
    trailFromR: smaller(frozen.trailFromR, configured.trailFromR),
    trailByR: smaller(frozen.trailByR, configured.trailByR),
    trailByBps: smallerOfSame(frozen.trailByBps, configured.trailByBps),
    adverseCandleAtr: smaller(frozen.adverseCandleAtr, configured.adverseCandleAtr),
    movesMax: Math.max(frozen.movesMax, configured.movesMax),
    stopCooldownMicros: micros(Math.max(frozen.stopCooldownMicros, configured.stopCooldownMicros)),
  };
}

/**
 * A trade takes from other settings what lets less be lost. What that changes is journalled, so that a restart with settings
 * that are looser again does not take it back.
 *
 * @param holdUntil no longer than this; infinite: as long as before
 */
export function tightenExits(
  { emit }: Pick<Desk, "emit">,
  trade: Trade,
  configured: ExitRules,
  holdUntil: number,
  now: Micros,
): void {
  const { rules: before, holdUntil: until, plan } = trade;
  trade.rules = tightenedRules(before, configured);
  trade.holdUntil = micros(Math.min(until, holdUntil));
  if (trade.holdUntil === until && isSame(before, trade.rules)) return;
  const { rules: exits } = trade;
  const { trade: id, symbol } = plan;
  emit({ kind: "exits-tightened", trade: id, symbol, exits, holdUntil: trade.holdUntil, time: now });
}

function isSame(before: ExitRules, after: ExitRules): boolean {
  const values = new Map(Object.entries(after));
  return Object.entries(before).every(([name, value]) => values.get(name) === value);
}

/** How long the symbol and direction rest after a trade. */
export function cooldownAfter({ plan, rules }: Trade, reason: ExitReason): Micros {
  const isStop = reason === "STOP_LOSS" || reason === "STOP_PASSED" || reason === "ADVERSE_CANDLE";
  return micros(Math.max(plan.cooldownMicros, isStop ? rules.stopCooldownMicros : 0));
}

export type TargetLevels = { readonly takeProfit: Ticks | null; readonly secondTarget: Ticks | null };

/**
 * One or two targets, the nearer first, as `exits.targets` says.
 *
 * @param decided the levels of the decision; none when it has no opinion
 * @param approved the one that risk approved, which stands where the decision has none
 */
export function targetLevels(
  settings: Settings,
  side: Side,
  reference: Ticks,
  approved: Ticks,
  decided: readonly Ticks[],
): TargetLevels {
  const { targets, split_at } = settings.exits;
  const away = sign(side);
  const further = decided.find((level) => (level - approved) * away > 0) ?? null;
  if (targets === "single") return { takeProfit: approved, secondTarget: null };
  if (further !== null) return { takeProfit: approved, secondTarget: further };
  if (targets === "as-decided") return { takeProfit: approved, secondTarget: null };
  const nearer = ticks(reference + Math.round((approved - reference) * split_at));
  const apart = (nearer - reference) * away > 0 && (approved - nearer) * away > 0;
  return apart ? { takeProfit: nearer, secondTarget: approved } : { takeProfit: approved, secondTarget: null };
}

/** Null is none: whatever there is outranks it. */
function smaller(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** A measure that outranks another one is compared only with itself: in place of the other it might loosen. */
function smallerOfSame(frozen: number | null, configured: number | null): number | null {
  return frozen === null || configured === null ? frozen : Math.min(frozen, configured);
}
