/** What the interface shows of the core: its state, and why there was no trade. */

import { z } from "zod";
import { numberFromTicks, quoteFromTickLots } from "../../domain/instrument.ts";
import { type Micros, microsPerSecond, signedLots } from "../../domain/units.ts";
import type { Core } from "../../engine/core.ts";
import type { SymbolDesk } from "../../engine/symbol-desk.ts";
import { openLots } from "../../execution/trade.ts";
import { isoTime, symbolName } from "../outside/intent.ts";
import type { Outside } from "../outside/outside.ts";
import { PlanView } from "../outside/plan.ts";
import { instrumentOf, isReady } from "../outside/port.ts";
import { Refusal } from "../outside/refusal.ts";
import { positionText, shownLots } from "../shown-position.ts";

const number = z.number().nullable();
const Reason = z.object({ reason: z.string(), measured: number, limit: number });
const SymbolStatus = z.object({
  symbol: symbolName,
  bid: z.number(),
  ask: z.number(),
  position: z
    .string()
    .describe("Base asset, signed; also one that no trade of ours holds. Not known before `recovered`."),
  notional: z.number().describe("USDT, at the mid."),
  stop: number.describe("Level of the trade's stop."),
  protected: z.boolean().nullable().describe("The stop is live; null without a position."),
  trade_source: z.string().nullable(),
  not_ready: z.array(Reason).describe("What the market data lack; empty when decisions can be made."),
});
export const Status = z.object({
  time: z.iso.datetime(),
  venue: z.string(),
  api: z.string().describe("Where this interface listens."),
  recovered: z.boolean().describe("Positions are known."),
  takes_intents: z
    .boolean()
    .describe("Positions are known, reports come and the account is set up: intents and plans are accepted."),
  equity: number,
  safe_mode: z
    .object({
      reason: z.string().describe("Of the first cause."),
      detail: z.string(),
      reasons: z.array(z.string()).describe("Of all causes."),
      since: z.iso.datetime(),
    })
    .nullable()
    .describe("Null while it is off."),
  session: z.object({
    hold: z.enum(["none", "halt", "cooldown"]),
    reason: z.string().nullable(),
    until: z.iso.datetime().nullable(),
    flattening: z.string().nullable().describe("Who closes everything, while that is going on."),
    scale: z.number(),
    trades_today: z.number(),
    realised_today: z.number(),
  }),
  symbols: z.array(SymbolStatus),
  pending_plans: z.number(),
});
export type Status = z.infer<typeof Status>;

export function statusView(core: Core, outside: Outside, venue: string, api: string, now: Micros): Status {
  const { hold, flattening, scale, tradesToday, realisedToday } = core.session(now);
  const until = hold.kind === "none" ? null : hold.until;
  return {
    time: isoTime(now),
    venue,
    api,
    recovered: core.isRecovered,
    takes_intents: isReady(core),
    equity: core.equity === null ? null : rounded(core.equity),
    safe_mode: safeModeView(core),
    session: {
      hold: hold.kind,
      reason: hold.kind === "none" ? null : hold.reason,
      until: until === null ? null : isoTime(until),
      flattening,
      scale,
      trades_today: tradesToday,
      realised_today: rounded(realisedToday),
    },
    symbols: core.desks.map((desk) => symbolStatus(core, desk, now)),
    pending_plans: outside.plans.list().filter(({ status }) => status === "pending").length,
  };
}

function safeModeView({ safeMode }: Core): Status["safe_mode"] {
  if (safeMode === null) return null;
  const { reason, detail, reasons, since } = safeMode;
  return { reason, detail, reasons: [...reasons], since: isoTime(since) };
}

function symbolStatus(core: Core, desk: SymbolDesk, now: Micros): z.infer<typeof SymbolStatus> {
  const { instrument, market, manager } = desk;
  const lots = shownLots(core, desk) ?? signedLots(0);
  const trade = manager.trade !== null && openLots(manager.trade) !== 0 ? manager.trade : null;
  return {
    symbol: instrument.symbol,
    bid: numberFromTicks(instrument, market.bid),
    ask: numberFromTicks(instrument, market.ask),
    position: positionText(instrument, lots),
    notional: rounded(quoteFromTickLots(instrument, (Math.abs(lots) * market.midHalfTicks) / 2)),
    stop: trade === null ? null : numberFromTicks(instrument, trade.stopLevel),
    protected: trade === null ? null : trade.exposedSince === null,
    trade_source: manager.trade?.plan.source ?? null,
    not_ready: market.readiness(now).map(({ reason, measured, limit }) => ({ reason, measured, limit })),
  };
}

const SourceWord = z.object({
  source: z.string(),
  decision_id: z.string(),
  direction: z.string(),
  action: z.string(),
  age_seconds: z.number(),
  reasons: z.array(Reason),
});
export const Why = z.object({
  lines: z.array(z.string()).describe("The same in words."),
  plan: PlanView.nullable(),
  symbols: z.array(
    z.object({
      symbol: symbolName,
      last_word: SourceWord.nullable().describe("What the sources said last, together."),
      blocked: z
        .array(
          z.object({ time: z.iso.datetime(), decision_id: z.string(), source: z.string(), reasons: z.array(Reason) }),
        )
        .describe("Decisions that were not executed, the newest first."),
    }),
  ),
});
export type Why = z.infer<typeof Why>;

export type WhyQuestion = { readonly symbol: string | null; readonly planId: string | null };

/** @throws {Refusal} no such plan or symbol */
export function whyView(core: Core, outside: Outside, { symbol, planId }: WhyQuestion, now: Micros): Why {
  const plan = planId === null ? null : outside.plans.get(planId);
  if (planId !== null && plan === null) throw new Refusal("NOT_FOUND", `no plan ${planId}`);
  if (symbol !== null) instrumentOf(core, symbol);
  const wanted = symbol ?? plan?.symbol ?? null;
  const desks = core.desks.filter(({ instrument }) => wanted === null || instrument.symbol === wanted);
  const symbols = desks.map((desk) => ({
    symbol: desk.instrument.symbol,
    last_word: lastWord(desk, now),
    blocked: outside.blocked(desk.instrument.index).map((row) => ({
      time: isoTime(row.time),
      decision_id: row.decisionId,
      source: row.source,
      reasons: row.blocked.map((reason) => ({ ...reason })),
    })),
  }));
  return { lines: linesOf(core, plan, symbols, now), plan, symbols };
}

function lastWord({ lastDecision }: SymbolDesk, now: Micros): z.infer<typeof SourceWord> | null {
  if (lastDecision === null) return null;
  const { id, source, direction, action, time, reasons } = lastDecision;
  return {
    source,
    decision_id: id,
    direction,
    action,
    age_seconds: rounded((now - time) / microsPerSecond),
    reasons: reasons.map(({ reason, measured, limit }) => ({ reason, measured, limit })),
  };
}

/** The same in words, for people and language models. */
function linesOf(core: Core, plan: PlanView | null, symbols: Why["symbols"], now: Micros): string[] {
  const { hold } = core.session(now);
  const lines: string[] = [];
  if (core.safeMode !== null) lines.push(`SAFE MODE for ${core.safeMode.reasons.join(", ")}: nothing is entered`);
  if (hold.kind !== "none") lines.push(`entries are held: ${hold.reason}`);
  if (plan !== null) lines.push(...planLines(plan));
  for (const { symbol, last_word, blocked } of symbols) {
    const said = last_word === null ? "nothing was decided yet" : `${last_word.source} said ${last_word.action}`;
    const why = (last_word?.reasons ?? []).map(reasonText).join(", ");
    lines.push(`${symbol}: ${said}${why === "" ? "" : `: ${why}`}`);
    const [latest] = blocked;
    if (latest !== undefined) {
      lines.push(
        `${symbol}: ${latest.source} was blocked at ${latest.time}: ${latest.reasons.map(reasonText).join(", ")}`,
      );
    }
  }
  return lines;
}

function planLines({ plan_id, status, checked_at, checks, blocked }: PlanView): string[] {
  const unmet = checks.filter(({ holds }) => !holds);
  const lines = [`plan ${plan_id} is ${status}${checked_at === null ? "" : `, checked at ${checked_at}`}`];
  for (const { condition, measured, limit } of status === "executed" ? [] : unmet) {
    lines.push(
      `plan ${plan_id}: ${condition} does not hold: measured ${measured ?? "unknown"}, limit ${limit ?? "none"}`,
    );
  }
  if (blocked.length > 0) lines.push(`plan ${plan_id} was blocked: ${blocked.map(reasonText).join(", ")}`);
  return lines;
}

function reasonText({ reason, measured, limit }: z.infer<typeof Reason>): string {
  if (measured === null) return reason;
  return `${reason} (measured ${rounded(measured)}${limit === null ? "" : `, limit ${rounded(limit)}`})`;
}

function rounded(value: number): number {
  return Number(value.toFixed(4));
}
