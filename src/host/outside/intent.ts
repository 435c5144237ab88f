/** An intent as it is posted, what is answered, and what the core is told of it (requirements DEC-7). */

import { z } from "zod";
import type { Settings } from "../../config/schema.ts";
import { intentDecisionId } from "../../decision/intents.ts";
import type { Decision } from "../../domain/decision.ts";
import type { Instrument } from "../../domain/instrument.ts";
import { tradeIdFrom } from "../../domain/order-id.ts";
import type { OutsideIntent } from "../../domain/outside.ts";
import { type Micros, micros, microsFromSeconds, microsPerMillisecond } from "../../domain/units.ts";

const returnPct = z.number().gt(0).max(0.5);

/** The names of ids: they are shown, logged and become part of file-safe names. */
export const outsideId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, "one to 64 letters, digits, dots, colons, dashes or underscores")
  .describe("One to 64 letters, digits and . _ : -");
export const symbolName = z
  .string()
  .regex(/^[A-Z0-9]{2,20}$/, "upper-case letters and digits")
  .describe("As the exchange spells it.");

export const IntentBody = z
  .strictObject({
    intent_id: outsideId.describe("Makes the intent one, however often it is posted."),
    symbol: symbolName,
    action: z
      .enum(["OPEN_LONG", "OPEN_SHORT", "CLOSE", "HOLD", "REVERSE"])
      .describe("REVERSE becomes CLOSE unless `intents.reverse` is on."),
    confidence: z.number().min(0).max(1).exactOptional().describe("Chooses the tier of values that are left out."),
    leverage: z.number().min(1).max(125).exactOptional(),
    size_pct: z
      .number()
      .gt(0)
      .max(1)
      .exactOptional()
      .describe("Margin as a fraction of equity: notional = equity × size_pct × leverage; a ceiling, never a floor."),
    tp_pct: returnPct.exactOptional().describe("Target as a return on the margin: 0.02 at 5 × is 0.4 % of the price."),
    sl_pct: returnPct.exactOptional().describe("Stop as a loss on the margin; it counts where it risks less."),
    time_in_trade_limit_sec: z.int().min(1_200).max(3_600).exactOptional(),
    cooldown_sec: z.int().min(0).max(86_400).exactOptional(),
    trail_activation_roi: returnPct
      .exactOptional()
      .describe("Return on the margin from which on the stop trails; absent: as configured."),
  })
  .describe("What an outside system wants done in a symbol.");
export type IntentBody = z.infer<typeof IntentBody>;

const time = z.iso.datetime().describe("UTC");
/** The answer, and the record of the intent: repeated posts get the same one. */
export const IntentAnswer = z.object({
  intent_id: outsideId,
  decision_id: z.string(),
  trade: z.string().describe("Begins the id of every order of it."),
  symbol: symbolName,
  action: z
    .enum(["OPEN_LONG", "OPEN_SHORT", "CLOSE", "HOLD", "REVERSE"])
    .describe("What is done: REVERSE may be CLOSE."),
  tier: z.enum(["high", "medium", "low"]).nullable().describe("Where values that were left out came from."),
  confidence: z.number().nullable(),
  leverage: z.number().nullable(),
  size_pct: z.number().nullable(),
  notional: z.number().nullable().describe("Most that it may be worth, USDT."),
  tp_pct: z.number().nullable(),
  sl_pct: z.number().nullable(),
  time_in_trade_limit_sec: z.number().nullable(),
  cooldown_sec: z.number().nullable(),
  trail_activation_roi: z.number().nullable(),
  accepted_at: time,
  valid_until: time,
});
export type IntentAnswer = z.infer<typeof IntentAnswer>;

/** @param equity quote asset; what the size is a fraction of */
export function answerTo(body: IntentBody, settings: Settings, equity: number, now: Micros): IntentAnswer {
  const { intents } = settings;
  const decisionId = intentDecisionId(body.intent_id, now);
  const action = body.action === "REVERSE" && !intents.reverse ? "CLOSE" : body.action;
  const opens = action === "OPEN_LONG" || action === "OPEN_SHORT" || action === "REVERSE";
  const tier = opens ? tierOf(body.confidence ?? null) : null;
  const values = tier === null ? null : intents[tier];
  const holdWithout =
    body.confidence === undefined ? intents.default_time_in_trade_limit_sec : (values?.time_in_trade_limit_sec ?? null);
  const leverage = Math.min(body.leverage ?? values?.leverage ?? 1, settings.risk.max_leverage);
  const sizePct = body.size_pct ?? values?.size_pct ?? null;
  return {
    intent_id: body.intent_id,
    decision_id: decisionId,
    trade: tradeIdFrom(decisionId),
    symbol: body.symbol,
    action,
    tier,
    confidence: body.confidence ?? null,
    leverage: opens ? leverage : null,
    size_pct: opens ? sizePct : null,
    notional: opens && sizePct !== null ? Math.floor(equity * sizePct * leverage * 100) / 100 : null,
    tp_pct: opens ? (body.tp_pct ?? values?.tp_pct ?? null) : null,
    sl_pct: opens ? (body.sl_pct ?? values?.sl_pct ?? null) : null,
    time_in_trade_limit_sec: opens ? (body.time_in_trade_limit_sec ?? holdWithout) : null,
    cooldown_sec: body.cooldown_sec ?? null,
    trail_activation_roi: body.trail_activation_roi ?? null,
    accepted_at: isoTime(now),
    valid_until: isoTime(micros(now + microsFromSeconds(intents.validity_seconds))),
  };
}

/** > 85 %, 70–85 %, and below. */
function tierOf(confidence: number | null): "high" | "medium" | "low" {
  if (confidence === null || confidence < 0.7) return "low";
  return confidence > 0.85 ? "high" : "medium";
}

/** What the core is told: made from the answer, so that it is the same after a restart. */
export function intentFrom(answer: IntentAnswer, instrument: Instrument): OutsideIntent {
  const { leverage } = answer;
  const ofPrice = (pct: number | null): number | null => (pct === null || leverage === null ? null : pct / leverage);
  const trail = ofPrice(answer.trail_activation_roi);
  const seconds = (value: number | null): Micros | null => (value === null ? null : microsFromSeconds(value));
  const decision: Decision = {
    id: answer.decision_id,
    symbol: instrument.index,
    time: microsOf(answer.accepted_at),
    ...wordOf(answer.action),
    confidence: answer.confidence,
    edge: null,
    regime: null,
    style: "SCALP",
    entryZone: null,
    stopLoss: null,
    takeProfits: [],
    size: answer.notional === null ? null : { kind: "notional", quote: answer.notional },
    leverage,
    holdMicrosMax: seconds(answer.time_in_trade_limit_sec),
    cooldownMicros: seconds(answer.cooldown_sec),
    ...(trail === null ? {} : { trailFraction: trail }),
    validUntil: microsOf(answer.valid_until),
    source: "intents",
    reasons: [],
  };
  return {
    decision,
    stopFraction: ofPrice(answer.sl_pct),
    targetFraction: ofPrice(answer.tp_pct),
    reverse: answer.action === "REVERSE",
  };
}

function wordOf(action: IntentAnswer["action"]): Pick<Decision, "direction" | "action"> {
  switch (action) {
    case "OPEN_LONG":
      return { direction: "LONG", action: "ENTER" };
    case "OPEN_SHORT":
      return { direction: "SHORT", action: "ENTER" };
    case "CLOSE":
    case "REVERSE":
      return { direction: "FLAT", action: "EXIT" };
    case "HOLD":
      return { direction: "NO_TRADE", action: "HOLD" };
    default:
      throw new TypeError(`unknown action ${action satisfies never}`);
  }
}

export function isoTime(time: Micros): string {
  return new Date(Math.floor(time / microsPerMillisecond)).toISOString();
}

export function microsOf(time: string): Micros {
  return micros(Date.parse(time) * microsPerMillisecond);
}
