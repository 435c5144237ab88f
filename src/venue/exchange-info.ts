/** exchangeInfo as the rules of our instruments. Absent filters do not break it; unknown states are "not tradable". */

import { z } from "zod";
import type { InstrumentRules } from "../domain/instrument.ts";
import type { ExchangeInfo, ExchangeSymbol } from "./wire/schemas.ts";

const decimal = z.string().regex(/^\d{1,20}(\.\d{1,20})?$/);
const PriceFilter = z.object({ minPrice: decimal, maxPrice: decimal, tickSize: decimal });
const LotFilter = z.object({ minQty: decimal, maxQty: decimal, stepSize: decimal });
const NotionalFilter = z.object({ notional: decimal });
const PercentFilter = z.object({ multiplierUp: decimal, multiplierDown: decimal });
const CountFilter = z.object({ limit: z.int().positive() });

export type RulesResult =
  | { readonly ok: true; readonly rules: InstrumentRules }
  | { readonly ok: false; readonly cause: string };

/** What keeps entries of a symbol from being right. */
export type Obstacle = {
  readonly cause: string;
  /** the symbol is not traded, or not listed any more: nothing can be set or proven of it */
  readonly isClosed: boolean;
};

/** Null while the symbol trades. @see failure-catalogue F-58 */
export function closureOf({ symbol, tradable }: InstrumentRules): Obstacle | null {
  return tradable ? null : { cause: `${symbol} is not trading on this exchange`, isClosed: true };
}

/** Names of an error that would list some five hundred. */
const namesShown = 10;

/** @see binance-usdm.md §5.2 */
export function rulesOf(info: ExchangeInfo, name: string): RulesResult {
  const symbol = info.symbols.find((candidate) => candidate.symbol === name);
  if (symbol === undefined)
    return { ok: false, cause: `symbols: ${name} is not listed here; allowed: ${listed(info)}` };
  const price = PriceFilter.safeParse(filter(symbol, "PRICE_FILTER"));
  const lot = LotFilter.safeParse(filter(symbol, "LOT_SIZE"));
  if (!price.success || !lot.success) return { ok: false, cause: `${name} has no readable price or lot filter` };
  const marketLot = LotFilter.safeParse(filter(symbol, "MARKET_LOT_SIZE"));
  const notional = NotionalFilter.safeParse(filter(symbol, "MIN_NOTIONAL"));
  const percent = PercentFilter.safeParse(filter(symbol, "PERCENT_PRICE"));
  const count = CountFilter.safeParse(filter(symbol, "MAX_NUM_ORDERS"));
  const market = marketLot.success ? marketLot.data : lot.data;
  return {
    ok: true,
    rules: {
      symbol: symbol.symbol,
      baseAsset: symbol.baseAsset,
      quoteAsset: symbol.quoteAsset,
      tickSize: price.data.tickSize,
      minPrice: price.data.minPrice,
      maxPrice: price.data.maxPrice,
      stepSize: lot.data.stepSize,
      minQuantity: lot.data.minQty,
      maxQuantity: lot.data.maxQty,
      marketStepSize: market.stepSize,
      marketMinQuantity: market.minQty,
      marketMaxQuantity: market.maxQty,
      minNotional: notional.success ? notional.data.notional : "0",
      multiplierUp: percent.success ? percent.data.multiplierUp : null,
      multiplierDown: percent.success ? percent.data.multiplierDown : null,
      maxOrders: count.success ? count.data.limit : null,
      tradable: symbol.status === "TRADING",
    },
  };
}

function filter(symbol: ExchangeSymbol, type: string): unknown {
  return symbol.filters.find((candidate) => candidate.filterType === type);
}

function listed({ symbols }: ExchangeInfo): string {
  const names = symbols.slice(0, namesShown).map(({ symbol }) => symbol);
  return symbols.length > names.length
    ? `${names.join(", ")} and ${symbols.length - names.length} more`
    : names.join(", ");
}
