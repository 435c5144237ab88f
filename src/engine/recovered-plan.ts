/**
 * What a trade that is taken over was meant to be: the journal's intent where it is known, else what rests for it, else
 * what is configured (design.md, Identity of orders).
 */

import type { Settings } from "../config/schema.ts";
import type { ExitRules } from "../domain/exit-rules.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { OpenTrade } from "../domain/journal.ts";
import { type Role, type Side, sign } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import {
  lots,
  type Micros,
  micros,
  microsFromSeconds,
  type SignedLots,
  signedLots,
  type Ticks,
  ticks,
} from "../domain/units.ts";
import { exitRules } from "../execution/exit-rules.ts";
import type { TradePlan } from "../execution/trade.ts";
import type { Found } from "./found-orders.ts";

/** Source of a trade that no decision of ours is known of. */
export const adoptedSource = "adopted";

export function planFor(
  instrument: Instrument,
  settings: Settings,
  trade: TradeId,
  side: Side,
  held: SignedLots,
  entryTicks: number,
  own: readonly Found[],
  known: OpenTrade | null,
  now: Micros,
): TradePlan {
  const intent = known?.intent;
  const stopLoss =
    triggerOf(own, "f") ??
    intent?.stopLoss ??
    triggerOf(own, "r") ??
    defaultStop(instrument, settings, side, entryTicks);
  return {
    trade,
    decisionId: known?.intent.decisionId ?? `adopted-${trade}`,
    source: known?.intent.source ?? adoptedSource,
    symbol: instrument.index,
    side,
    quantity: known?.intent.quantity ?? lots(Math.abs(held)),
    terms: { type: "MARKET" },
    entry: null,
    stopLoss,
    // A newer decision may have moved them since the intent: what rests says so.
    takeProfit: triggerOf(own, "t1") ?? intent?.takeProfit ?? null,
    secondTarget: triggerOf(own, "t2") ?? (closesAll(own, "t1") ? null : (intent?.secondTarget ?? null)),
    exits: intent?.exits ?? configuredRules(settings),
    holdUntil:
      known?.intent.holdUntil ??
      micros(now + microsFromSeconds(settings.trading[settings.trading.mode].max_hold_seconds)),
    holdMicros: microsFromSeconds(settings.trading[settings.trading.mode].max_hold_seconds),
    decisionMidHalfTicks: known?.intent.decisionMidHalfTicks ?? null,
    cooldownMicros: cooldownOf(settings, intent),
  };
}

/** An entry that rests although the journal has lost its intent: the default stop from its own price. */
export function planOfResting(
  instrument: Instrument,
  settings: Settings,
  resting: Found | undefined,
  now: Micros,
): TradePlan | null {
  if (resting === undefined || resting.report.kind !== "order-report") return null;
  const { side, quantity, price } = resting.report;
  if (price === null) return null;
  const held = signedLots(sign(side) * quantity);
  return planFor(instrument, settings, resting.parts.trade, side, held, price, [], null, now);
}

export function planOfIntent(settings: Settings, intent: OpenTrade["intent"]): TradePlan {
  const holdMicros = micros(Math.max(0, intent.holdUntil - intent.time));
  const cooldownMicros = cooldownOf(settings, intent);
  const exits = intent.exits ?? configuredRules(settings);
  return { ...intent, exits, holdMicros, terms: { type: "MARKET" }, entry: null, cooldownMicros };
}

/** What its decision asked for, where that is known (requirement RSK-5). */
function cooldownOf(settings: Settings, intent: OpenTrade["intent"] | undefined): Micros {
  return intent?.cooldownMicros ?? microsFromSeconds(settings.guardrails.cooldown_seconds);
}

/** For a trade whose own rules are not known. */
function configuredRules(settings: Settings): ExitRules {
  return exitRules(settings, { feesBps: null, leverage: settings.risk.max_leverage, atrTicks: null });
}

/** Trigger of a conditional order that rests in a role; null when none does. */
function triggerOf(own: readonly Found[], role: Role): Ticks | null {
  const report = own.find(({ parts }) => parts.role === role)?.report;
  return report?.kind === "algo-report" ? report.trigger : null;
}

/** Whether what rests in a role closes the whole position: nothing is left for another. */
function closesAll(own: readonly Found[], role: Role): boolean {
  const report = own.find(({ parts }) => parts.role === role)?.report;
  return report?.kind === "algo-report" && report.quantity === null;
}

/** The level when nothing says where the stop belongs: the configured distance from the average entry. */
export function defaultStop(instrument: Instrument, settings: Settings, side: Side, entryTicks: number): Ticks {
  const distance = Math.max(
    settings.risk.sltp.min_ticks,
    Math.floor((entryTicks * settings.protection.default_stop_bps) / 1e4),
  );
  return ticks(Math.max(instrument.minTicks, Math.round(entryTicks) - sign(side) * distance));
}
