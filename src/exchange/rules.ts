/** Rules of a symbol that change while it is traded. @see binance-usdm.md §5.2; failure-catalogue F-58, F-77 */

import { isCoveredBy, takeBounds } from "../domain/instrument.ts";
import type { Desk } from "./desk.ts";
import { type ExchangeInfoSymbol, rulesFromRow } from "./symbols.ts";

/** What is left out stays. Sizes are decimal text. */
export type RulesChange = {
  readonly tickSize?: string;
  readonly stepSize?: string;
  readonly minNotional?: string;
  readonly status?: string;
};

/** @throws {RangeError} the tick or the step is not a multiple of the first one */
export function changeRules(desk: Desk, change: RulesChange): void {
  const row = changedRow(desk.spec.row, change);
  const rules = rulesFromRow(row);
  const { tickSize, stepSize } = desk.instrument;
  if (!isCoveredBy(rules, desk.instrument)) {
    throw new RangeError(
      `rules: tick ${rules.tickSize} and step ${rules.stepSize}; allowed: multiples of ${tickSize} and ${stepSize}`,
    );
  }
  desk.spec = { ...desk.spec, row };
  takeBounds(desk.instrument, rules);
}

function changedRow(
  row: ExchangeInfoSymbol,
  { tickSize, stepSize, minNotional, status }: RulesChange,
): ExchangeInfoSymbol {
  const steps = stepSize === undefined ? {} : { stepSize, minQty: stepSize };
  const changes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    PRICE_FILTER: tickSize === undefined ? {} : { tickSize },
    LOT_SIZE: steps,
    MARKET_LOT_SIZE: steps,
    MIN_NOTIONAL: minNotional === undefined ? {} : { notional: minNotional },
  };
  const filters = row.filters.map((filter) => ({ ...filter, ...changes[String(filter["filterType"])] }));
  return { ...row, filters, status: status ?? row.status };
}
