/** What an entry and its exit cost, against what its edge promises (requirements RSK-10). All in basis points. */

import { opposite, type Side, sign } from "../domain/order.ts";
import type { Lots, Micros, Ticks } from "../domain/units.ts";

/** Average price in fractional ticks at which so many lots would fill now as a taker; null: the book does not hold them. */
export type CostToFill = (side: Side, quantity: Lots) => number | null;

export type CostInput = {
  readonly side: Side;
  readonly quantity: Lots;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** fees as fractions */
  readonly makerFee: number;
  readonly takerFee: number;
  readonly costToFill: CostToFill;
  readonly fundingRate: number;
  /** 0: not known, which counts as within the hold */
  readonly nextFunding: Micros;
  readonly holdMicros: number;
  /** the entry takes, or may have to */
  readonly mayTake: boolean;
  readonly now: Micros;
};

export type Cost = {
  readonly feesBps: number;
  readonly spreadBps: number;
  readonly slippageBps: number;
  readonly fundingBps: number;
  readonly totalBps: number;
};

/**
 * An exit takes always: stop, target and time-out are market orders. An entry that only joins pays the maker's fee and no
 * spread; one that takes, or may be crossed at its time-out, pays as if it took.
 */
export function expectedCost(input: CostInput): Cost {
  const { side, mayTake } = input;
  const mid = (input.bid + input.ask) / 2;
  const feesBps = ((mayTake ? input.takerFee : input.makerFee) + input.takerFee) * 1e4;
  const spreadBps = mayTake ? ((input.ask - input.bid) / mid) * 1e4 : 0;
  const entry = mayTake ? slippageTicks(input, side) : 0;
  const slippageBps = ((entry + slippageTicks(input, opposite(side))) / mid) * 1e4;
  const fundingBps = crossesFunding(input) ? Math.max(0, input.fundingRate * sign(side)) * 1e4 : 0;
  return { feesBps, spreadBps, slippageBps, fundingBps, totalBps: feesBps + spreadBps + slippageBps + fundingBps };
}

/**
 * What the edge is worth: the chance by which it beats a market that knows nothing, times the whole way between stop and
 * target. Without drift a price reaches the target first with the chance stop / (stop + target), and gains nothing; each
 * point of chance more gains that point of the whole way.
 *
 * @param edge |p_up − 0.5|
 */
export function expectedMoveBps(edge: number, reference: Ticks, stopLoss: Ticks, takeProfit: Ticks): number {
  return ((edge * Math.abs(takeProfit - stopLoss)) / reference) * 1e4;
}

/** How much worse than the touch an order of a side fills on average; infinite when the book does not hold it. */
function slippageTicks({ costToFill, quantity, bid, ask }: CostInput, side: Side): number {
  const average = costToFill(side, quantity);
  if (average === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, side === "buy" ? average - ask : bid - average);
}

function crossesFunding({ nextFunding, holdMicros, now }: CostInput): boolean {
  return nextFunding === 0 || (nextFunding > now && nextFunding <= now + holdMicros);
}
