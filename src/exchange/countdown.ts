/**
 * The dead man's switch of a symbol: unless it is wound up again in time, its open orders are cancelled. Conditional
 * orders stay, as protection should. @see binance-usdm.md §3.5, §2.2
 */

import { isRefusal, type Refusal } from "./errors.ts";
import { cancel } from "./matching.ts";
import { deskParam, type Params, required, wholeParam } from "./parameters.ts";
import type { ExchangeState } from "./state.ts";

/** A day; the exchange names no bound. */
const countdownMillisMax = 86_400_000;

export function postCountdownCancelAll(state: ExchangeState, params: Params): unknown | Refusal {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const text = required(params, "countdownTime");
  if (isRefusal(text)) return text;
  const milliseconds = wholeParam(params, "countdownTime", { otherwise: 0, min: 0, max: countdownMillisMax });
  if (isRefusal(milliseconds)) return milliseconds;
  desk.countdownEnds = milliseconds === 0 ? Number.POSITIVE_INFINITY : state.now + milliseconds * 1_000;
  refreshCountdowns(state);
  return { symbol: desk.symbol, countdownTime: String(milliseconds) };
}

export function endCountdowns(state: ExchangeState, now: number): void {
  if (now < state.nextCountdown) return;
  for (const desk of state.desks) {
    if (now < desk.countdownEnds) continue;
    desk.countdownEnds = Number.POSITIVE_INFINITY;
    for (const order of [...desk.bids.orders, ...desk.asks.orders]) cancel(state, order);
  }
  refreshCountdowns(state);
}

/** A countdown of a symbol ends at another time, or never. */
export function refreshCountdowns(state: ExchangeState): void {
  state.nextCountdown = Math.min(...state.desks.map((desk) => desk.countdownEnds));
}
