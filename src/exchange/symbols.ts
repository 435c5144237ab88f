/** The symbols that the embedded exchange lists: their exchangeInfo rows, as on the wire, and their leverage brackets. */

import { type Instrument, type InstrumentRules, instrumentFromRules } from "../domain/instrument.ts";
import { symbolIndex } from "../domain/units.ts";

export type Filter = Readonly<Record<string, string | number>> & { readonly filterType: string };

/** One row of `exchangeInfo.symbols`, key for key. @see binance-usdm.md §5.2 */
export type ExchangeInfoSymbol = {
  readonly symbol: string;
  readonly pair: string;
  readonly contractType: string;
  readonly deliveryDate: number;
  readonly onboardDate: number;
  readonly status: string;
  readonly maintMarginPercent: string;
  readonly requiredMarginPercent: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly marginAsset: string;
  readonly pricePrecision: number;
  readonly quantityPrecision: number;
  readonly baseAssetPrecision: number;
  readonly quotePrecision: number;
  readonly underlyingType: string;
  readonly underlyingSubType: readonly string[];
  readonly triggerProtect: string;
  readonly liquidationFee: string;
  readonly marketTakeBound: string;
  readonly maxMoveOrderLimit: number;
  readonly filters: readonly Filter[];
  readonly orderTypes: readonly string[];
  readonly timeInForce: readonly string[];
  readonly permissionSets: readonly string[];
};

/** One leverage bracket, as GET leverageBracket writes it; notionals in USDT. @see binance-usdm.md §4.2 */
export type LeverageBracket = {
  readonly bracket: number;
  readonly initialLeverage: number;
  readonly notionalCap: number;
  readonly notionalFloor: number;
  readonly maintMarginRatio: number;
  readonly cum: number;
};

export type SymbolSpec = {
  readonly row: ExchangeInfoSymbol;
  readonly brackets: readonly LeverageBracket[];
  /** a usual price, quote asset per base asset: bounds the whole-number arithmetic */
  readonly referencePrice: string;
};

const orderTypes = [
  "LIMIT",
  "MARKET",
  "STOP",
  "STOP_MARKET",
  "TAKE_PROFIT",
  "TAKE_PROFIT_MARKET",
  "TRAILING_STOP_MARKET",
] as const;

const timesInForce = ["GTC", "IOC", "FOK", "GTX", "GTD"] as const;

/** Captured 2026-10-07. The key order inside the filters varies on the wire, too. */
const btcusdt: SymbolSpec = {
  row: {
    symbol: "BTCUSDT",
    pair: "BTCUSDT",
    contractType: "PERPETUAL",
    deliveryDate: 4133404800000,
    onboardDate: 1567965300000,
    status: "TRADING",
    maintMarginPercent: "2.5000",
    requiredMarginPercent: "5.0000",
    baseAsset: "BTC",
    quoteAsset: "USDT",
    marginAsset: "USDT",
    pricePrecision: 2,
    quantityPrecision: 3,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: "COIN",
    underlyingSubType: ["PoW", "Crypto"],
    triggerProtect: "0.0500",
    liquidationFee: "0.012500",
    marketTakeBound: "0.05",
    maxMoveOrderLimit: 10000,
    filters: [
      { maxPrice: "4529764", tickSize: "0.10", filterType: "PRICE_FILTER", minPrice: "556.80" },
      { stepSize: "0.001", minQty: "0.001", maxQty: "1000", filterType: "LOT_SIZE" },
      { minQty: "0.001", maxQty: "120", filterType: "MARKET_LOT_SIZE", stepSize: "0.001" },
      { filterType: "MAX_NUM_ORDERS", limit: 200 },
      { notional: "50", filterType: "MIN_NOTIONAL" },
      { multiplierDown: "0.9500", multiplierUp: "1.0500", multiplierDecimal: "4", filterType: "PERCENT_PRICE" },
      { filterType: "POSITION_RISK_CONTROL", positionControlSide: "NONE" },
    ],
    orderTypes,
    timeInForce: timesInForce,
    permissionSets: ["GRID", "COPY", "DCA", "PSB"],
  },
  brackets: [
    { bracket: 1, initialLeverage: 125, notionalCap: 300000, notionalFloor: 0, maintMarginRatio: 0.004, cum: 0 },
    { bracket: 2, initialLeverage: 100, notionalCap: 800000, notionalFloor: 300000, maintMarginRatio: 0.005, cum: 300 },
    {
      bracket: 3,
      initialLeverage: 75,
      notionalCap: 3000000,
      notionalFloor: 800000,
      maintMarginRatio: 0.0065,
      cum: 1500,
    },
    {
      bracket: 4,
      initialLeverage: 50,
      notionalCap: 12000000,
      notionalFloor: 3000000,
      maintMarginRatio: 0.01,
      cum: 12000,
    },
    {
      bracket: 5,
      initialLeverage: 20,
      notionalCap: 70000000,
      notionalFloor: 12000000,
      maintMarginRatio: 0.025,
      cum: 192000,
    },
  ],
  referencePrice: "100000",
};

/** Grid and bounds as live; what the capture lacks (dates, precisions) is as documented for the symbol. */
const ethusdt: SymbolSpec = {
  row: {
    ...btcusdt.row,
    symbol: "ETHUSDT",
    pair: "ETHUSDT",
    onboardDate: 1569398400000,
    baseAsset: "ETH",
    underlyingSubType: ["Layer-1"],
    filters: [
      { tickSize: "0.01", maxPrice: "306177", filterType: "PRICE_FILTER", minPrice: "39.86" },
      { maxQty: "10000", minQty: "0.001", stepSize: "0.001", filterType: "LOT_SIZE" },
      { filterType: "MARKET_LOT_SIZE", stepSize: "0.001", maxQty: "2000", minQty: "0.001" },
      { limit: 200, filterType: "MAX_NUM_ORDERS" },
      { notional: "20", filterType: "MIN_NOTIONAL" },
      { multiplierUp: "1.0500", multiplierDown: "0.9500", multiplierDecimal: "4", filterType: "PERCENT_PRICE" },
      { filterType: "POSITION_RISK_CONTROL", positionControlSide: "NONE" },
    ],
    permissionSets: ["GRID", "COPY", "DCA"],
  },
  brackets: [
    { bracket: 1, initialLeverage: 100, notionalCap: 300000, notionalFloor: 0, maintMarginRatio: 0.005, cum: 0 },
    {
      bracket: 2,
      initialLeverage: 75,
      notionalCap: 800000,
      notionalFloor: 300000,
      maintMarginRatio: 0.0065,
      cum: 450,
    },
    { bracket: 3, initialLeverage: 50, notionalCap: 3000000, notionalFloor: 800000, maintMarginRatio: 0.01, cum: 3250 },
    {
      bracket: 4,
      initialLeverage: 25,
      notionalCap: 30000000,
      notionalFloor: 3000000,
      maintMarginRatio: 0.02,
      cum: 33250,
    },
  ],
  referencePrice: "4000",
};

/** What the exchange lists when nothing else is said, in the order of the symbol index. */
export const listedSymbols: readonly SymbolSpec[] = [btcusdt, ethusdt];

/** @throws {UnsupportedInstrumentError} the row does not fit whole-number arithmetic */
export function instrumentFromSpec(spec: SymbolSpec, index: number): Instrument {
  const rules = rulesFromRow(spec.row);
  return instrumentFromRules(rules, symbolIndex(index), spec.referencePrice, rules.maxQuantity);
}

/** The value of a filter as text; null when the row has no such filter. */
export function filterText(row: ExchangeInfoSymbol, filterType: string, key: string): string | null {
  const value = row.filters.find((filter) => filter.filterType === filterType)?.[key];
  return value === undefined ? null : String(value);
}

export function rulesFromRow(row: ExchangeInfoSymbol): InstrumentRules {
  const maxOrders = filterText(row, "MAX_NUM_ORDERS", "limit");
  const text = (filterType: string, key: string): string => filterText(row, filterType, key) ?? "0";
  return {
    symbol: row.symbol,
    baseAsset: row.baseAsset,
    quoteAsset: row.quoteAsset,
    tickSize: text("PRICE_FILTER", "tickSize"),
    minPrice: text("PRICE_FILTER", "minPrice"),
    maxPrice: text("PRICE_FILTER", "maxPrice"),
    stepSize: text("LOT_SIZE", "stepSize"),
    minQuantity: text("LOT_SIZE", "minQty"),
    maxQuantity: text("LOT_SIZE", "maxQty"),
    marketStepSize: text("MARKET_LOT_SIZE", "stepSize"),
    marketMinQuantity: text("MARKET_LOT_SIZE", "minQty"),
    marketMaxQuantity: text("MARKET_LOT_SIZE", "maxQty"),
    minNotional: text("MIN_NOTIONAL", "notional"),
    multiplierUp: filterText(row, "PERCENT_PRICE", "multiplierUp"),
    multiplierDown: filterText(row, "PERCENT_PRICE", "multiplierDown"),
    maxOrders: maxOrders === null ? null : Number(maxOrders),
    tradable: row.status === "TRADING",
  };
}
