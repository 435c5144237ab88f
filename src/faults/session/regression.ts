/**
 * A failure that was found and mended, as a file: a small plan whose faults are addressed by what they strike. It holds
 * as long as every fault still finds its place; one that no longer does is stale, and says so instead of passing.
 */

import { z } from "zod";
import { Settings } from "../../config/schema.ts";
import { type AnswerName, answers } from "../answers.ts";
import { type Effect, humanActs, type Place, type Plan, warps } from "../plan/fault.ts";
import { run } from "../run.ts";
import { settingsOf } from "../settings.ts";

const whole = z.number().int();
const span = whole.nonnegative();
const stream = z.enum(["public", "market", "private", "ws-api"]);
const nth = whole.positive();

const PlaceShape: z.ZodType<Place> = z.union([
  z.strictObject({ request: z.string(), nth }),
  z.strictObject({ message: z.string(), nth }),
  z.strictObject({ row: z.string(), nth }),
  z.strictObject({ at: span }),
]);

const answerNames = z.custom<AnswerName>((name) => typeof name === "string" && Object.hasOwn(answers, name), {
  error: `allowed: ${Object.keys(answers).join(", ")}`,
});

const RulesShape = z.strictObject({
  status: z.enum(["TRADING", "SETTLING", "CLOSE"]).exactOptional(),
  minNotional: z.string().exactOptional(),
  marketMaxQuantity: z.string().exactOptional(),
  marketTakeBound: z.string().exactOptional(),
  maxLeverage: z.number().exactOptional(),
});

const EffectShape: z.ZodType<Effect> = z.discriminatedUnion("do", [
  z.strictObject({ do: z.enum(["lose-request", "lose-reply", "reset", "lose-message", "throw", "day-cut"]) }),
  z.strictObject({ do: z.enum(["delay-request", "delay-reply", "delay-message", "delay-trigger"]), by: span }),
  z.strictObject({ do: z.enum(["repeat-request", "repeat-message"]), after: span }),
  z.strictObject({ do: z.literal("answer"), answer: answerNames, executed: z.boolean() }),
  z.strictObject({ do: z.literal("fail-trigger"), status: z.enum(["REJECTED", "EXPIRED"]) }),
  z.strictObject({
    do: z.literal("crash"),
    loss: z.enum(["kill", "power", "disk", "database"]),
    down: span,
    again: nth.nullable(),
  }),
  z.strictObject({ do: z.enum(["disconnect", "half-open"]), stream }),
  z.strictObject({ do: z.literal("stall"), stream, for: span }),
  z.strictObject({ do: z.literal("garble"), stream: z.enum(["public", "market"]), for: span, share: z.number() }),
  z.strictObject({
    do: z.literal("warp"),
    stream: z.enum(["public", "market"]),
    how: z.enum(warps),
    share: z.number(),
    for: span,
  }),
  z.strictObject({ do: z.literal("freeze"), symbol: span, for: span }),
  z.strictObject({ do: z.literal("maintenance"), answer: answerNames, cancels: z.boolean(), for: span }),
  z.strictObject({ do: z.enum(["deny", "backlog", "hedge-mode"]), for: span }),
  z.strictObject({
    do: z.literal("close-out"),
    symbol: span,
    by: z.enum(["liquidation", "auto-deleveraging"]),
  }),
  z.strictObject({ do: z.literal("funding"), symbol: span, rate: z.number() }),
  z.strictObject({ do: z.literal("fees"), asset: z.enum(["USDT", "BNB"]), for: span }),
  z.strictObject({ do: z.literal("rules"), symbol: span, change: RulesShape, for: span }),
  z.strictObject({
    do: z.literal("partition"),
    what: z.enum(["all", "rest", "private", "market", "in", "out", "names"]),
    for: span,
  }),
  z.strictObject({ do: z.literal("lag"), most: span, for: span }),
  z.strictObject({ do: z.literal("burst"), times: nth, for: span }),
  z.strictObject({ do: z.literal("slow"), by: span, for: span }),
  z.strictObject({ do: z.literal("ban"), status: z.union([z.literal(418), z.literal(403)]), for: span }),
  z.strictObject({ do: z.literal("lose-listen-key"), told: z.boolean() }),
  z.strictObject({ do: z.literal("gap"), symbol: span, share: z.number() }),
  z.strictObject({ do: z.literal("apart"), symbol: span, share: z.number(), for: span }),
  z.strictObject({ do: z.literal("thin"), lots: nth, for: span }),
  z.strictObject({ do: z.literal("disk"), fault: z.enum(["refuses", "slow"]), for: span }),
  z.strictObject({ do: z.literal("coarser"), symbol: span, ticks: nth, steps: nth, for: span }),
  z.strictObject({ do: z.literal("exchange-clock"), by: whole, for: span }),
  z.strictObject({ do: z.literal("second-daemon"), symbol: span, enters: z.boolean(), for: span }),
  z.strictObject({ do: z.literal("drift-clock"), ppm: z.number() }),
  z.strictObject({ do: z.literal("pause"), for: span }),
  z.strictObject({
    do: z.literal("human"),
    act: z.enum(humanActs),
    symbol: span,
  }),
  z.strictObject({ do: z.literal("operator"), act: z.enum(["halt", "resume", "flatten"]) }),
]);

const Regression = z.strictObject({
  /** what went wrong, for people */
  about: z.string(),
  invariant: z.string(),
  seed: whole,
  hours: z.number().positive(),
  /** null: those that the seed draws */
  settings: z.unknown(),
  faults: z.array(z.strictObject({ class: z.string(), place: PlaceShape, effect: EffectShape })).readonly(),
});
export type Regression = z.infer<typeof Regression>;

export type RegressionVerdict =
  | { readonly state: "holds" }
  | { readonly state: "violated"; readonly detail: string }
  /** faults that found their place no more: what this file was made for is not tested */
  | { readonly state: "stale"; readonly detail: string };

/** @throws {Error} the text is no such file; the message names place and value */
export function readRegression(text: string): Regression {
  return Regression.parse(JSON.parse(text));
}

export function regressionText(plan: Plan, invariant: string, about: string, settings: Settings | null): string {
  return `${JSON.stringify({ about, invariant, ...plan, settings } satisfies Regression, null, 1)}\n`;
}

export function checkRegression({ seed, hours, faults, settings }: Regression): RegressionVerdict {
  const own = settings === null ? settingsOf(seed) : Settings.parse(settings);
  const { reached, violations } = run({ plan: { seed, hours, faults }, settings: own });
  const [first] = violations;
  if (first !== undefined) return { state: "violated", detail: `${first.invariant}: ${first.detail}` };
  const missed = faults.filter((_, index) => !reached.includes(index));
  if (missed.length === 0) return { state: "holds" };
  return { state: "stale", detail: missed.map(({ place }) => JSON.stringify(place)).join(", ") };
}
