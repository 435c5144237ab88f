/** A plan as it is posted and shown, and what the core is told of it (requirements DEC-8, failure-catalogue S-18). */

import { z } from "zod";
import type { Settings } from "../../config/schema.ts";
import { planDecisionId, type WatchedPlan } from "../../decision/plans.ts";
import { type Instrument, numberFromTicks } from "../../domain/instrument.ts";
import { tradeIdFrom } from "../../domain/order-id.ts";
import type { Plan } from "../../domain/outside.ts";
import { type Micros, micros, microsPerMillisecond, microsPerSecond } from "../../domain/units.ts";
import { tradingSessions } from "../../market/trading-sessions.ts";
import { isoTime, microsOf, outsideId, symbolName } from "./intent.ts";
import { GridError, lotsFrom, ticksFrom } from "./prices.ts";
import { Refusal } from "./refusal.ts";

const price = z.number().positive().max(1e9);
const bps = z.number().nonnegative().max(1_000);

const Conditions = z
  .strictObject({
    price_above: price.exactOptional().describe("The mid must be above it."),
    price_below: price.exactOptional().describe("The mid must be below it."),
    spread_bps_max: bps.exactOptional().describe("Widest spread, basis points of the price."),
    volatility_bps_min: bps.exactOptional().describe("Least deviation of one-minute returns, basis points."),
    volatility_bps_max: bps.exactOptional(),
    sessions: z
      .array(z.enum(tradingSessions))
      .max(tradingSessions.length)
      .exactOptional()
      .describe("Trading sessions in which it may enter; none named: all of them."),
    score_min: z
      .number()
      .min(0)
      .max(8)
      .exactOptional()
      .describe(
        "Least confluence score that the micro-scalp source says in the plan's direction; it must be switched on.",
      ),
  })
  .describe("All must hold at once. Data only: nothing is evaluated.");

const planFields = {
  plan_type: z.literal("micro_scalp").default("micro_scalp"),
  plan_id: outsideId.exactOptional().describe("Makes the plan one, however often it is posted; made up when left out."),
  symbol: symbolName,
  direction: z.enum(["LONG", "SHORT", "BUY", "SELL"]).describe("BUY is LONG, SELL is SHORT."),
  entry_price: price.describe("The worst price at which it enters: a long at or below it, a short at or above it."),
  stop_loss: price.describe("It counts where it risks less than the stop that risk would set."),
  take_profit: price,
  volume: z
    .number()
    .positive()
    .max(1e9)
    .describe("In the base asset, BTC of BTCUSDT; a ceiling under every cap of risk."),
  conditions: Conditions.default({}),
  expiry: z.iso.datetime({ offset: true }).exactOptional().describe("When it expires; this or `expires_in_seconds`."),
  expires_in_seconds: z.number().min(1).max(2_592_000).exactOptional(),
};
/** For tools, which want the fields. */
export const planShape = planFields;

export const PlanBody = z
  .strictObject(planFields)
  .refine((p) => (p.expiry === undefined) !== (p.expires_in_seconds === undefined), {
    error: "one of expiry and expires_in_seconds must be given",
    path: ["expiry"],
  })
  .refine((p) => (isLong(p.direction) ? p.stop_loss < p.entry_price : p.stop_loss > p.entry_price), {
    error: "must be below entry_price of a long, above that of a short",
    path: ["stop_loss"],
  })
  .refine((p) => (isLong(p.direction) ? p.take_profit > p.entry_price : p.take_profit < p.entry_price), {
    error: "must be above entry_price of a long, below that of a short",
    path: ["take_profit"],
  })
  .describe("An entry that waits until its conditions hold, is executed once, or expires.");
export type PlanBody = z.infer<typeof PlanBody>;

/** As it was accepted: the record that the store keeps. */
export const PlanDocument = z.object({
  plan_id: outsideId,
  plan_type: z.literal("micro_scalp"),
  symbol: symbolName,
  direction: z.enum(["LONG", "SHORT"]),
  entry_price: price,
  stop_loss: price,
  take_profit: price,
  volume: z.number(),
  conditions: Conditions,
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
  decision_id: z.string(),
  trade: z.string().describe("Begins the id of every order of it."),
});
export type PlanDocument = z.infer<typeof PlanDocument>;

const measure = z.union([z.number(), z.string()]).nullable();
export const PlanView = PlanDocument.extend({
  status: z.enum(["pending", "executed", "expired", "cancelled"]),
  checked_at: z.iso.datetime().nullable().describe("null: not looked at since the daemon started."),
  checks: z
    .array(z.object({ condition: z.string(), holds: z.boolean(), measured: measure, limit: measure }))
    .describe("Each condition as it was last compared."),
  blocked: z
    .array(z.object({ reason: z.string(), measured: z.number().nullable(), limit: z.number().nullable() }))
    .describe("What stood against the entry when the conditions held last, in the words of `scalpd why`."),
});
export type PlanView = z.infer<typeof PlanView>;

/** @throws {Refusal} */
export function planDocument(body: PlanBody, planId: string, settings: Settings["plans"], now: Micros): PlanDocument {
  const expiry =
    body.expiry === undefined
      ? now + Math.floor((body.expires_in_seconds ?? 0) * microsPerSecond)
      : Date.parse(body.expiry) * microsPerMillisecond;
  const latest = now + settings.expiry_hours_max * 3_600 * microsPerSecond;
  if (!(expiry > now)) throw new Refusal("BODY_INVALID", "expiry: must be in the future");
  if (expiry > latest) {
    throw new Refusal("BODY_INVALID", `expiry: must be within ${settings.expiry_hours_max} h (plans.expiry_hours_max)`);
  }
  const expiresAt = micros(expiry);
  const { plan_type, symbol, direction, entry_price, stop_loss, take_profit, volume, conditions } = body;
  const decisionId = planDecisionId(planId, now);
  return {
    plan_id: planId,
    plan_type,
    symbol,
    direction: isLong(direction) ? "LONG" : "SHORT",
    entry_price,
    stop_loss,
    take_profit,
    volume,
    conditions,
    created_at: isoTime(now),
    expires_at: isoTime(expiresAt),
    decision_id: decisionId,
    trade: tradeIdFrom(decisionId),
  };
}

/** What the core is told. @throws {Refusal} a price or the volume is not one that the exchange takes */
export function planFrom(document: PlanDocument, instrument: Instrument): Plan {
  const { conditions, direction } = document;
  const long = direction === "LONG";
  const halfTicks = (value: number | undefined): number | null =>
    value === undefined ? null : Math.round((2 * value) / Number(instrument.tickSize));
  return {
    id: document.plan_id,
    symbol: instrument.index,
    direction,
    entryPrice: placed("entry_price", () => ticksFrom(instrument, document.entry_price, long ? "down" : "up")),
    stopLoss: placed("stop_loss", () => ticksFrom(instrument, document.stop_loss, long ? "up" : "down")),
    takeProfit: placed("take_profit", () => ticksFrom(instrument, document.take_profit, "nearest")),
    volume: placed("volume", () => lotsFrom(instrument, document.volume)),
    conditions: {
      aboveHalfTicks: halfTicks(conditions.price_above),
      belowHalfTicks: halfTicks(conditions.price_below),
      spreadBpsMax: conditions.spread_bps_max ?? null,
      volatilityBpsMin: conditions.volatility_bps_min ?? null,
      volatilityBpsMax: conditions.volatility_bps_max ?? null,
      sessions: conditions.sessions ?? [],
      scoreMin: conditions.score_min ?? null,
    },
    createdAt: microsOf(document.created_at),
    expiresAt: microsOf(document.expires_at),
  };
}

const inTicks: ReadonlySet<string> = new Set(["entry_price", "price_above", "price_below"]);

export function planView(
  document: PlanDocument,
  status: PlanView["status"],
  watched: WatchedPlan | null,
  instrument: Instrument | null,
): PlanView {
  const shown = (condition: string, value: number | string | null): number | string | null =>
    typeof value === "number" && instrument !== null && inTicks.has(condition)
      ? numberFromTicks(instrument, value)
      : value;
  const checks = (watched?.checks ?? []).map(({ condition, holds, measured, limit }) => {
    return { condition, holds, measured: shown(condition, measured), limit: shown(condition, limit) };
  });
  const checkedAt = watched?.checkedAt ?? null;
  return {
    ...document,
    status,
    checked_at: checkedAt === null ? null : isoTime(checkedAt),
    checks,
    blocked: [...(watched?.blocked ?? [])],
  };
}

function placed<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof GridError) throw new Refusal("OFF_GRID", `${field} ${error.message}`);
    throw error;
  }
}

function isLong(direction: "LONG" | "SHORT" | "BUY" | "SELL"): boolean {
  return direction === "LONG" || direction === "BUY";
}
