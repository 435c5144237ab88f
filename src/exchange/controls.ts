/** What an exchange, or the owner of an account at its page, does without a request of ours. */

import type { Desk } from "./desk.ts";
import { cancel } from "./matching.ts";
import type { RulesChange } from "./protocol.ts";
import type { ExchangeState } from "./state.ts";
import type { Filter, SymbolSpec } from "./symbols.ts";
import { clearClosed } from "./triggers.ts";

/** Other rules of a symbol from now on; what the change leaves out is as it was listed. */
export function changeRules(desk: Desk, change: RulesChange): void {
  const { row, brackets } = desk.listed;
  const spec: SymbolSpec = {
    ...desk.listed,
    row: {
      ...row,
      status: change.status ?? row.status,
      marketTakeBound: change.marketTakeBound ?? row.marketTakeBound,
      filters: row.filters.map((filter) => changedFilter(filter, change)),
    },
    brackets: brackets.map((bracket) => ({
      ...bracket,
      initialLeverage: Math.min(bracket.initialLeverage, change.maxLeverage ?? bracket.initialLeverage),
    })),
  };
  desk.takeRules(spec);
}

/** Ends every resting order; conditional ones stay. */
export function cancelAll(state: ExchangeState): void {
  for (const desk of state.desks) {
    for (const order of [...desk.bids.orders, ...desk.asks.orders]) cancel(state, order);
    clearClosed(state, desk);
  }
}

/** @returns false with an open order or position: the mode stays then */
export function switchPositionMode(state: ExchangeState, isHedged: boolean): boolean {
  const isBusy = state.desks.some(
    ({ index, openOrders }) => openOrders > 0 || state.account.position(index).lots !== 0,
  );
  if (isBusy || state.algos.openCount > 0) return false;
  state.isHedged = isHedged;
  return true;
}

function changedFilter(filter: Filter, change: RulesChange): Filter {
  const { tickSize, stepSize, minNotional, marketMaxQuantity } = change;
  const steps = stepSize === undefined ? {} : { stepSize, minQty: stepSize };
  switch (filter.filterType) {
    case "PRICE_FILTER":
      return tickSize === undefined ? filter : { ...filter, tickSize };
    case "LOT_SIZE":
      return { ...filter, ...steps };
    case "MARKET_LOT_SIZE":
      return { ...filter, ...steps, ...(marketMaxQuantity === undefined ? {} : { maxQty: marketMaxQuantity }) };
    case "MIN_NOTIONAL":
      return minNotional === undefined ? filter : { ...filter, notional: minNotional };
    default:
      return filter;
  }
}
