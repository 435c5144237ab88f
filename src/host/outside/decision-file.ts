/**
 * What stands in a decision file: a decision, or why it is none (requirements DEC-6). Pure; whatever the bytes are, it
 * answers and throws nothing. @see failure-catalogue S-15
 */

import { z } from "zod";
import type { Settings } from "../../config/schema.ts";
import { oneLine } from "../../config/text.ts";
import { decisionFileSource } from "../../decision/decision-file.ts";
import type { Decision } from "../../domain/decision.ts";
import type { Instrument } from "../../domain/instrument.ts";
import { type Micros, micros, microsFromSeconds, microsPerMillisecond, microsPerSecond } from "../../domain/units.ts";
import { GridError, ticksFrom } from "./prices.ts";
import { parseStrictJson, StrictJsonError } from "./strict-json.ts";

export const fileBytesMax = 64 * 1_024;
/** Clocks differ a little; what is further ahead was not decided yet. */
const aheadMicrosMax = 5 * microsPerSecond;
const problemsMax = 5;

export type ReadDecision =
  | { readonly state: "decision"; readonly instrument: Instrument; readonly decision: Decision }
  /** one line: place, and what is allowed */
  | { readonly state: "malformed"; readonly problem: string };

const price = z.number().positive().max(1e9);
/** An ISO 8601 time with its zone, or milliseconds since the epoch. */
const time = z.union([z.iso.datetime({ offset: true }), z.int().min(1e12).max(1e13)]);
const id = z.union([z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/), z.int().nonnegative()]);

const common = {
  id,
  time,
  symbol: z
    .string()
    .regex(/^[A-Z0-9]{2,20}$/)
    .exactOptional(),
  reason: z.string().max(2_000).exactOptional(),
};
const entry = {
  entry_zone: z.tuple([price, price]),
  sl: price,
  tp1: price.exactOptional(),
  tp2: price.exactOptional(),
  position_size_usdt: z.number().positive().max(1e7),
  leverage: z.number().min(1).max(125),
  confidence: z.number().min(0).max(1).exactOptional(),
};

const Entry = z
  .strictObject({ action: z.enum(["long", "short"]), ...common, ...entry })
  .refine((d) => d.entry_zone[0] <= d.entry_zone[1], { error: "must be [low, high]", path: ["entry_zone"] })
  .refine((d) => d.position_size_usdt * d.leverage <= 1e8, {
    error: "is too large with this leverage",
    path: ["leverage"],
  })
  .refine((d) => (d.action === "long" ? d.sl < d.entry_zone[0] : d.sl > d.entry_zone[1]), {
    error: "must be below the entry zone of a long, above that of a short",
    path: ["sl"],
  })
  .refine((d) => isTarget(d.action, d.entry_zone, d.tp1), {
    error: "must be above the entry zone of a long, below that of a short",
    path: ["tp1"],
  })
  .refine((d) => isTarget(d.action, d.tp1 === undefined ? d.entry_zone : [d.tp1, d.tp1], d.tp2), {
    error: "must be further away than tp1",
    path: ["tp2"],
  });
const Flat = z.strictObject({ action: z.literal("flat"), ...common, ...partial(entry) });
/** The JSON of the file. */
const DecisionDocument = z.discriminatedUnion("action", [Entry, Flat]);
type DecisionDocument = z.infer<typeof DecisionDocument>;

/** @param now microseconds since the epoch */
export function readDecision(
  text: string,
  instruments: readonly Instrument[],
  settings: Settings["decision_file"],
  now: Micros,
): ReadDecision {
  try {
    const parsed = DecisionDocument.safeParse(parseStrictJson(text));
    if (!parsed.success) return malformed(issuesOf(parsed.error));
    return placed(parsed.data, instruments, settings, now);
  } catch (error) {
    if (error instanceof StrictJsonError || error instanceof GridError) return malformed(error.message);
    throw error;
  }
}

function placed(
  document: DecisionDocument,
  instruments: readonly Instrument[],
  settings: Settings["decision_file"],
  now: Micros,
): ReadDecision {
  const named = document.symbol ?? settings.symbol ?? (instruments.length === 1 ? instruments[0]?.symbol : undefined);
  if (settings.symbol !== null && named !== settings.symbol) {
    return malformed(`symbol is ${named}; allowed: ${settings.symbol}`);
  }
  const instrument = instruments.find(({ symbol }) => symbol === named);
  if (instrument === undefined) {
    const allowed = instruments.map(({ symbol }) => symbol).join(", ");
    return malformed(`symbol is ${named ?? "absent"}; allowed: ${allowed}`);
  }
  const decided = timeOf(document.time);
  if (decided === null || decided > now + aheadMicrosMax) return malformed("time is in the future");
  return { state: "decision", instrument, decision: decisionOf(document, instrument, settings, decided) };
}

function decisionOf(
  document: DecisionDocument,
  instrument: Instrument,
  settings: Settings["decision_file"],
  decided: Micros,
): Decision {
  const base = {
    id: `file-${document.id}`,
    symbol: instrument.index,
    time: decided,
    edge: null,
    regime: null,
    style: "TREND",
    holdMicrosMax: null,
    cooldownMicros: null,
    validUntil: micros(decided + microsFromSeconds(settings.max_age_seconds)),
    source: decisionFileSource,
    reasons: [],
  } as const;
  if (document.action === "flat") {
    const action = settings.on_flat === "keep" ? "HOLD" : "EXIT";
    const nothing = { entryZone: null, stopLoss: null, takeProfits: [], size: null, leverage: null };
    return { ...base, direction: "FLAT", action, confidence: document.confidence ?? null, ...nothing };
  }
  const isLong = document.action === "long";
  const [low, high] = document.entry_zone;
  const targets = [document.tp1, document.tp2].filter((target) => target !== undefined);
  return {
    ...base,
    direction: isLong ? "LONG" : "SHORT",
    action: "ENTER",
    confidence: document.confidence ?? null,
    entryZone: { low: ticksFrom(instrument, low, "up"), high: ticksFrom(instrument, high, "down") },
    stopLoss: ticksFrom(instrument, document.sl, isLong ? "up" : "down"),
    takeProfits: targets.map((target) => ticksFrom(instrument, target, "nearest")),
    size: { kind: "notional", quote: document.position_size_usdt },
    leverage: document.leverage,
  };
}

function isTarget(
  action: "long" | "short",
  [low, high]: readonly [number, number],
  target: number | undefined,
): boolean {
  return target === undefined || (action === "long" ? target > high : target < low);
}

function timeOf(value: string | number): Micros | null {
  const time = (typeof value === "number" ? value : Date.parse(value)) * microsPerMillisecond;
  return Number.isSafeInteger(time) && time > 0 ? micros(time) : null;
}

function partial<Shape extends Record<string, z.ZodType>>(shape: Shape) {
  return z.object(shape).partial().shape;
}

function issuesOf(error: z.ZodError): string {
  const lines = error.issues.map(({ path, message }) => `${path.join(".") || "the document"}: ${message}`);
  return lines.slice(0, problemsMax).join("; ");
}

function malformed(problem: string): ReadDecision {
  return { state: "malformed", problem: oneLine(problem, 400) };
}
