/**
 * Funding: when it is due, by symbol, and its payment. The feed names the time of the next one; the interval is each
 * symbol's own and may change. @see binance-usdm.md §9, and §5.3 `T` of markPrice
 */

import type { Desk } from "./desk.ts";
import { accountUpdateOfFunding } from "./events.ts";
import { type ExchangeState, fundingInterval } from "./state.ts";
import { divideRounded } from "./text.ts";

/** Settles every funding instant up to `now`, each at the mark price and rate that are known. */
export function settleFunding(state: ExchangeState, now: number): void {
  while (state.nextFunding <= now) {
    const due = state.nextFunding;
    state.observe(due);
    for (const desk of state.desks) {
      if (desk.nextFunding > due) continue;
      payFunding(state, desk);
      desk.nextFunding = due + fundingInterval;
      desk.isFundingNamed = false;
    }
    state.refreshFunding();
  }
}

/**
 * The feed names the next funding of a symbol. What it named before stands against a later time: a tape that begins anew
 * before its funding would put it off for ever.
 *
 * @param named microseconds; 0, or what has passed, names none
 */
export function nameFunding(state: ExchangeState, desk: Desk, named: number): void {
  if (named <= state.now || (desk.isFundingNamed && named >= desk.nextFunding)) return;
  desk.isFundingNamed = true;
  desk.nextFunding = named;
  state.refreshFunding();
}

/** At the known rate unless another one is named, 10⁻⁸. */
export function payFunding(state: ExchangeState, desk: Desk, rateE8 = desk.fundingRateE8): void {
  const { lots } = state.account.position(desk.index);
  if (lots === 0 || rateE8 === 0) return;
  const amount = -divideRounded(desk.valueAtMark(lots) * BigInt(rateE8), 100_000_000n);
  state.account.book(desk.index, "FUNDING_FEE", amount, state.nowMs, null);
  state.emit(accountUpdateOfFunding(state, desk, amount));
}
