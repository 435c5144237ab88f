/**
 * The limits over time as a pure state machine: trades per rolling hour, loss, profit and drawdown of the UTC day, the
 * highest equity ever, halts and cooldowns (requirements RSK-4). Each transition returns the next state and what there is
 * to tell. State that comes back from the store continues as if nothing had been.
 */

import type { Settings } from "../config/schema.ts";
import type { Control } from "../domain/event.ts";
import type { Side } from "../domain/order.ts";
import type { RiskHappening } from "../domain/output.ts";
import type { Hold, LimitReason, SessionState, SymbolCooldown } from "../domain/session.ts";
import { type Micros, micros, microsPerMinute } from "../domain/units.ts";
import { drawdown } from "./guardrails.ts";

export type SessionSettings = {
  readonly session: Settings["risk"]["session"];
  /** fall from the highest equity at which the guard is told */
  readonly drawdownPct: number;
};

export type SessionStep = { readonly state: SessionState; readonly events: readonly RiskHappening[] };

/** One limit of the day: what was measured, and from where on it stands against entries. */
export type LimitMeasure = {
  readonly reason: Exclude<LimitReason, "HALTED">;
  /** quote asset, or a fraction for the drawdown; null while the equity is not known */
  readonly measured: number | null;
  /** null: there is none, or it is a share of an equity that is not known */
  readonly limit: number | null;
  readonly isSet: boolean;
  readonly reached: boolean;
};

const microsPerHour = 60 * microsPerMinute;
export const microsPerDay = 24 * microsPerHour;

/** The most trades an hour that settings can allow: older ones can never matter. */
const tradeTimesMax = 5_000;

export function newSession(now: Micros): SessionState {
  return {
    version: 1,
    day: dayOf(now),
    dayStartEquity: null,
    limitEquity: null,
    dayPeakEquity: null,
    peakEquity: null,
    realisedToday: 0,
    tradesToday: 0,
    tradeTimes: [],
    tradesToldAt: null,
    hold: { kind: "none" },
    flattening: null,
    scale: 1,
    reached: [],
    ledger: null,
    cooldowns: [],
  };
}

/**
 * Time went on: a new UTC day begins, a halt or a cooldown ends. A clock that steps back begins no day and ends nothing
 * early; what it had put into the future counts from now.
 *
 * @param equity null when not known: what begins anew begins with the first that is
 */
export function onTime(before: SessionState, equity: number | null, now: Micros): SessionStep {
  const events: RiskHappening[] = [];
  let state = withoutFuture(before, now);
  if (dayOf(now) > state.day) {
    state = { ...state, ...dayStart(equity), day: dayOf(now), realisedToday: 0, tradesToday: 0, reached: [] };
    events.push({ event: "DAY_STARTED", day: state.day, equity });
  }
  const { hold } = state;
  if (hold.kind !== "none" && hold.until !== null && now >= hold.until) {
    // A cooldown that is over measures anew: else the loss that began it would never let it end.
    const measures = hold.kind === "cooldown" ? { limitEquity: equity, dayPeakEquity: equity, reached: [] } : {};
    state = { ...state, ...measures, hold: { kind: "none" } };
    events.push({ event: "RESUMED", by: hold.kind === "cooldown" ? "cooldown" : "day" });
  }
  return { state, events };
}

/** The equity is known anew: measures that wait for one begin with it, peaks follow it, limits that it reaches act. */
export function onEquity(before: SessionState, equity: number, now: Micros, settings: SessionSettings): SessionStep {
  const state = withEquity(before, equity);
  return act(state, equity, now, settings);
}

/** An entry leaves. It counts from now, and no longer if nothing of it fills: {@link onTradeVoided}. */
export function onTradeOpened(before: SessionState, now: Micros, settings: SessionSettings): SessionStep {
  const times = [...recentTimes(before, now), now].slice(-tradeTimesMax);
  const state = { ...before, tradeTimes: times, tradesToday: before.tradesToday + 1 };
  const limit = settings.session.max_trades_per_hour;
  const told = before.tradesToldAt;
  if (times.length < limit || (told !== null && now - told < microsPerHour)) return { state, events: [] };
  return {
    state: { ...state, tradesToldAt: now },
    events: [{ event: "TRADES_PER_HOUR_HIT", measured: times.length, limit }],
  };
}

/** Nothing of the entry filled: it was no trade. */
export function onTradeVoided(before: SessionState, openedAt: Micros): SessionState {
  const index = before.tradeTimes.lastIndexOf(openedAt);
  if (index === -1) return before;
  return {
    ...before,
    tradeTimes: before.tradeTimes.toSpliced(index, 1),
    tradesToday: Math.max(0, before.tradesToday - ofToday(before, openedAt)),
  };
}

/** @param netPnl quote asset, fees included */
export function onTradeClosed(before: SessionState, netPnl: number): SessionState {
  return { ...before, realisedToday: before.realisedToday + netPnl };
}

/**
 * An entry that the journal knows and the state does not, because the end came between the two.
 *
 * @param nth of the entries that left in that microsecond: one turn may decide for several symbols
 */
export function withTradeAt(before: SessionState, openedAt: Micros, nth: number, now: Micros): SessionState {
  const known = before.tradeTimes.filter((time) => time === openedAt).length;
  if (known >= nth || openedAt <= now - microsPerHour) return before;
  // The machine's clock may have been set back since: it counts from now, as everything that is in the future does.
  const time = micros(Math.min(openedAt, now));
  const tradeTimes = [...before.tradeTimes, time].sort((a, b) => a - b).slice(-tradeTimesMax);
  return { ...before, tradeTimes, tradesToday: before.tradesToday + ofToday(before, time) };
}

/** 1 for an entry that the day's trades count, 0 for one that left before the day began: it was counted, if at all, in that one. */
function ofToday({ day }: SessionState, openedAt: Micros): 0 | 1 {
  return dayOf(openedAt) < day ? 0 : 1;
}

/**
 * Money came in or, negative, went out: neither profit nor loss. What losses and profits count from moves with it; the
 * peaks keep their ratio to the equity, so that no fall from them begins or ends with a transfer.
 *
 * @param equity before the transfer; null when not known
 */
export function onTransfer(before: SessionState, amount: number, equity: number | null): SessionState {
  const moved = (value: number | null): number | null => (value === null ? null : value + amount);
  const ratio = equity !== null && equity > 0 && equity + amount > 0 ? (equity + amount) / equity : null;
  const scaled = (peak: number | null): number | null => (peak === null || ratio === null ? moved(peak) : peak * ratio);
  return {
    ...before,
    dayStartEquity: moved(before.dayStartEquity),
    limitEquity: moved(before.limitEquity),
    dayPeakEquity: scaled(before.dayPeakEquity),
    peakEquity: scaled(before.peakEquity),
  };
}

/** What an operator or supervisor wants. Whoever flattens says with {@link onFlat} when nothing is open any more. */
export function onControl(before: SessionState, control: Control, equity: number | null, now: Micros): SessionStep {
  const { by } = control;
  switch (control.action) {
    case "halt":
      return halted(before, "HALTED", by, null);
    case "flatten": {
      const { state, events } = halted(before, "HALTED", by, null);
      return flattened(state, events, by);
    }
    case "resume":
      return {
        state: {
          ...before,
          ...measuredFrom(equity),
          peakEquity: equity,
          // The day is taken from the clock again, also when a wrong one had put it into the future.
          day: dayOf(now),
          hold: { kind: "none" },
          flattening: null,
          reached: [],
        },
        events: [{ event: "RESUMED", by }],
      };
    case "scale":
      if (!(control.factor > 0 && control.factor <= 1)) return { state: before, events: [] };
      // A supervisor may scale down, which an operator may have done already (requirements RSK-7): nothing changes then.
      if (control.isAutomatic === true && control.factor >= before.scale) return { state: before, events: [] };
      return {
        state: { ...before, scale: control.factor },
        events: [{ event: "SCALED", by, factor: control.factor }],
      };
    default:
      throw new TypeError(`unhandled control ${control satisfies never}`);
  }
}

/** Everything is closed that was to be closed. */
export function onFlat(before: SessionState): SessionStep {
  if (before.flattening === null) return { state: before, events: [] };
  return {
    state: { ...before, flattening: null },
    events: [{ event: "FLATTENED", by: before.flattening }],
  };
}

/**
 * A close of a symbol and direction: entries there rest until then, or as long as a close before it said, if that is later.
 * Those that are over are forgotten.
 */
export function withCooldown(before: SessionState, { symbol, side, until }: SymbolCooldown, now: Micros): SessionState {
  const later = micros(Math.max(until, cooldownUntil(before, symbol, side)));
  const others = before.cooldowns.filter((one) => one.until > now && (one.symbol !== symbol || one.side !== side));
  return { ...before, cooldowns: later > now ? [...others, { symbol, side, until: later }] : others };
}

export function cooldownUntil(state: SessionState, symbol: string, side: Side): Micros {
  return state.cooldowns.find((one) => one.symbol === symbol && one.side === side)?.until ?? micros(0);
}

/** Trades in the 60 minutes that end now. */
export function tradesInHour({ tradeTimes }: SessionState, now: Micros): number {
  let count = 0;
  for (let index = tradeTimes.length - 1; index >= 0; index -= 1) {
    if (isOver(tradeTimes[index], now)) break;
    count += 1;
  }
  return count;
}

/** The limits of the day in their order. Reached means ≥. */
export function limitsOf(
  state: SessionState,
  equity: number | null,
  session: SessionSettings["session"],
): readonly LimitMeasure[] {
  const change = equity === null || state.limitEquity === null ? null : equity - state.limitEquity;
  const share = (fraction: number | null): number | null =>
    fraction === null || state.dayStartEquity === null ? null : fraction * state.dayStartEquity;
  const lossLimit = least(session.max_daily_loss_abs, share(session.max_daily_loss_pct));
  const profitLimit = least(session.max_daily_profit_abs, share(session.max_daily_profit_pct));
  const loss = change === null ? null : -change;
  const isLossSet = session.max_daily_loss_abs !== null || session.max_daily_loss_pct !== null;
  const isProfitSet = session.max_daily_profit_abs !== null || session.max_daily_profit_pct !== null;
  const fall = drawdown(equity, state.dayPeakEquity);
  return [
    measure("MAX_DAILY_LOSS_REACHED", loss, lossLimit, isLossSet),
    measure("MAX_DAILY_PROFIT_REACHED", change, profitLimit, isProfitSet),
    measure("MAX_DRAWDOWN_REACHED", fall, session.max_drawdown_pct, session.max_drawdown_pct !== null),
  ];
}

/**
 * Equities above `low` and up to `high` change nothing: no limit is reached there, no peak is passed. For those who ask
 * with every mark price.
 */
export function quietRange(
  state: SessionState,
  { session, drawdownPct }: SessionSettings,
): { readonly low: number; readonly high: number } | null {
  const { limitEquity, dayPeakEquity, peakEquity } = state;
  if (limitEquity === null || dayPeakEquity === null || peakEquity === null) return null;
  const [loss, profit] = limitsOf(state, limitEquity, session);
  return {
    low: Math.max(
      limitEquity - (loss?.limit ?? Number.POSITIVE_INFINITY),
      dayPeakEquity * (1 - (session.max_drawdown_pct ?? 1)),
      peakEquity * (1 - drawdownPct),
    ),
    high: Math.min(limitEquity + (profit?.limit ?? Number.POSITIVE_INFINITY), dayPeakEquity, peakEquity),
  };
}

/** When {@link onTime} has something to do next; never later than the next UTC midnight. */
export function nextTime(state: SessionState): Micros {
  const midnight = (state.day + 1) * microsPerDay;
  const until = state.hold.kind === "none" ? null : state.hold.until;
  return micros(Math.min(midnight, until ?? midnight));
}

/** Limits that stand reached for the first time are told, and then as the settings say. */
function act(before: SessionState, equity: number, now: Micros, settings: SessionSettings): SessionStep {
  let state = before;
  const events: RiskHappening[] = [];
  for (const { reason, measured, limit, reached } of limitsOf(before, equity, settings.session)) {
    if (!reached || before.reached.includes(reason)) continue;
    state = { ...state, reached: [...state.reached, reason] };
    events.push({ event: hitEvents[reason], measured, limit });
    const step = violated(state, reason, now, settings.session);
    state = step.state;
    events.push(...step.events);
  }
  const fall = drawdown(equity, state.peakEquity);
  if (fall !== null && fall > settings.drawdownPct && !state.reached.includes("DRAWDOWN_GUARD")) {
    state = { ...state, reached: [...state.reached, "DRAWDOWN_GUARD"] };
    events.push({ event: "DRAWDOWN_GUARD_HIT", measured: fall, limit: settings.drawdownPct });
  }
  return { state, events };
}

function violated(
  state: SessionState,
  reason: LimitReason,
  now: Micros,
  { on_violation, cooldown_minutes }: SessionSettings["session"],
): SessionStep {
  const nextDay = micros((state.day + 1) * microsPerDay);
  switch (on_violation) {
    case "halt":
      return halted(state, reason, "limit", nextDay);
    case "flatten": {
      const { state: next, events } = halted(state, reason, "limit", nextDay);
      return flattened(next, events, "limit");
    }
    case "cooldown": {
      if (state.hold.kind === "halt") return { state, events: [] };
      const until = micros(now + Math.round(cooldown_minutes * microsPerMinute));
      return {
        state: { ...state, hold: { kind: "cooldown", reason, until } },
        events: [{ event: "COOLDOWN_STARTED", reason, until }],
      };
    }
    default:
      throw new TypeError(`unhandled violation ${on_violation satisfies never}`);
  }
}

/** A halt that lasts longer stays as it is. */
function halted(state: SessionState, reason: LimitReason, by: string, until: Micros | null): SessionStep {
  const { hold } = state;
  if (hold.kind === "halt" && (hold.until === null || (until !== null && hold.until >= until))) {
    return { state, events: [] };
  }
  const next: Hold = { kind: "halt", reason, by, until };
  return { state: { ...state, hold: next }, events: [{ event: "HALTED", by, reason, until }] };
}

function flattened(state: SessionState, events: readonly RiskHappening[], by: string): SessionStep {
  if (state.flattening !== null) return { state, events };
  return {
    state: { ...state, flattening: by },
    events: [...events, { event: "FLATTENING", by }],
  };
}

const hitEvents = {
  MAX_DAILY_LOSS_REACHED: "DAILY_LOSS_HIT",
  MAX_DAILY_PROFIT_REACHED: "DAILY_PROFIT_HIT",
  MAX_DRAWDOWN_REACHED: "DRAWDOWN_HIT",
} as const;

function measure(
  reason: LimitMeasure["reason"],
  measured: number | null,
  limit: number | null,
  isSet: boolean,
): LimitMeasure {
  // A measure that is no number has reached every limit.
  return { reason, measured, limit, isSet, reached: measured !== null && limit !== null && !(measured < limit) };
}

function dayStart(equity: number | null) {
  return { dayStartEquity: equity, ...measuredFrom(equity) };
}

function measuredFrom(equity: number | null) {
  return { limitEquity: equity, dayPeakEquity: equity };
}

function withEquity(state: SessionState, equity: number): SessionState {
  const dayStartEquity = state.dayStartEquity ?? equity;
  const limitEquity = state.limitEquity ?? equity;
  const dayPeakEquity = Math.max(state.dayPeakEquity ?? equity, equity);
  const peakEquity = Math.max(state.peakEquity ?? equity, equity);
  const same =
    dayStartEquity === state.dayStartEquity &&
    limitEquity === state.limitEquity &&
    dayPeakEquity === state.dayPeakEquity &&
    peakEquity === state.peakEquity;
  return same ? state : { ...state, dayStartEquity, limitEquity, dayPeakEquity, peakEquity };
}

function withoutFuture(state: SessionState, now: Micros): SessionState {
  const last = state.tradeTimes.at(-1);
  if (last === undefined || last <= now) return state;
  return { ...state, tradeTimes: state.tradeTimes.map((time) => (time > now ? now : time)) };
}

function recentTimes({ tradeTimes }: SessionState, now: Micros): readonly Micros[] {
  return tradeTimes.filter((time) => !isOver(time, now)).map((time) => (time > now ? now : time));
}

/** A trade counts for exactly an hour. */
function isOver(time: Micros | undefined, now: Micros): boolean {
  return time === undefined || now - time >= microsPerHour;
}

function least(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

function dayOf(now: Micros): number {
  return Math.floor(now / microsPerDay);
}
