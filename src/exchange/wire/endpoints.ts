/** Which paths exist, who may call them, and what a call costs. @see binance-usdm.md §2.2, §3.2, §4.1, §5.1, §6.1 */

/** `none`: anyone; `key`: the API key header alone; `signed`: key, timestamp and signature. */
export type Access = "none" | "key" | "signed";

export type Params = Readonly<Record<string, string>>;

export type Endpoint = {
  readonly access: Access;
  /** request weight of a call with these parameters; 0 where only the order pools are charged */
  readonly weight: (params: Params) => number;
  /** what it takes from the order pools of 10 s and of 1 minute; null for anything that is no order */
  readonly orders: { readonly perTenSeconds: number; readonly perMinute: number } | null;
  /** true for the two funding calls, which share a pool of their own instead of the weight */
  readonly fundingPool: boolean;
};

/** The endpoint behind a method and path, or null when there is none. */
export function endpointOf(method: string, path: string): Endpoint | null {
  return endpoints.get(`${method} ${path}`) ?? null;
}

const one = 1;
const withoutSymbol =
  (charged: number, otherwise: number) =>
  ({ symbol }: Params) =>
    symbol === undefined ? otherwise : charged;

/** Without `limit` the exchange gives 500 levels; the weight of that is charged, the conservative of two readings. */
function depthWeight(params: Params): number {
  const limit = limitOf(params);
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
}

/** At the borders of the bands the higher one is counted. */
function klinesWeight(params: Params): number {
  const limit = limitOf(params);
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1_000 ? 5 : 10;
}

function limitOf({ limit = "500" }: Params): number {
  return Number(limit);
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ["GET /fapi/v1/ping", market(one)],
  ["GET /fapi/v1/time", market(one)],
  ["GET /fapi/v1/exchangeInfo", market(one)],
  ["GET /fapi/v1/depth", market(depthWeight)],
  ["GET /fapi/v1/trades", market(5)],
  ["GET /fapi/v1/historicalTrades", { ...market(20), access: "key" }],
  ["GET /fapi/v1/aggTrades", market(20)],
  ["GET /fapi/v1/klines", market(klinesWeight)],
  ["GET /fapi/v1/continuousKlines", market(klinesWeight)],
  ["GET /fapi/v1/markPriceKlines", market(klinesWeight)],
  ["GET /fapi/v1/indexPriceKlines", market(klinesWeight)],
  ["GET /fapi/v1/premiumIndex", market(withoutSymbol(1, 10))],
  ["GET /fapi/v1/fundingRate", { ...market(0), fundingPool: true }],
  ["GET /fapi/v1/fundingInfo", { ...market(0), fundingPool: true }],
  ["GET /fapi/v1/ticker/24hr", market(withoutSymbol(1, 40))],
  ["GET /fapi/v1/ticker/price", market(withoutSymbol(1, 2))],
  ["GET /fapi/v2/ticker/price", market(withoutSymbol(1, 2))],
  ["GET /fapi/v1/ticker/bookTicker", market(withoutSymbol(2, 5))],
  ["GET /fapi/v1/openInterest", market(one)],

  ["POST /fapi/v1/order", order(0, 1, 1)],
  ["PUT /fapi/v1/order", order(0, 1, 1)],
  ["DELETE /fapi/v1/order", account(1)],
  ["GET /fapi/v1/order", account(1)],
  ["POST /fapi/v1/order/test", account(1)],
  ["POST /fapi/v1/batchOrders", order(5, 5, 1)],
  ["PUT /fapi/v1/batchOrders", order(5, 5, 1)],
  ["DELETE /fapi/v1/batchOrders", account(1)],
  ["DELETE /fapi/v1/allOpenOrders", account(1)],
  ["POST /fapi/v1/countdownCancelAll", account(10)],
  ["GET /fapi/v1/openOrder", account(1)],
  ["GET /fapi/v1/openOrders", account(withoutSymbol(1, 40))],
  ["GET /fapi/v1/allOrders", account(5)],
  ["GET /fapi/v1/userTrades", account(5)],
  ["GET /fapi/v1/forceOrders", account(withoutSymbol(20, 50))],
  ["GET /fapi/v1/orderAmendment", account(1)],
  ["GET /fapi/v1/rateLimit/order", account(1)],

  ["POST /fapi/v1/algoOrder", order(0, 1, 1)],
  ["DELETE /fapi/v1/algoOrder", account(1)],
  ["GET /fapi/v1/algoOrder", account(1)],
  ["DELETE /fapi/v1/algoOpenOrders", account(1)],
  ["GET /fapi/v1/openAlgoOrders", account(withoutSymbol(1, 40))],
  ["GET /fapi/v1/allAlgoOrders", account(5)],

  ["GET /fapi/v2/account", account(10)],
  ["GET /fapi/v3/account", account(5)],
  ["GET /fapi/v2/balance", account(10)],
  ["GET /fapi/v3/balance", account(5)],
  ["GET /fapi/v2/positionRisk", account(10)],
  ["GET /fapi/v3/positionRisk", account(5)],
  ["GET /fapi/v1/accountConfig", account(5)],
  ["GET /fapi/v1/symbolConfig", account(5)],
  ["POST /fapi/v1/leverage", account(1)],
  ["POST /fapi/v1/marginType", account(1)],
  ["POST /fapi/v1/positionMargin", account(1)],
  ["GET /fapi/v1/positionMargin/history", account(1)],
  ["GET /fapi/v1/commissionRate", account(20)],
  ["GET /fapi/v1/leverageBracket", account(1)],
  ["GET /fapi/v1/income", account(30)],
  ["GET /fapi/v1/apiTradingStatus", account(withoutSymbol(1, 10))],
  ["GET /fapi/v1/adlQuantile", account(5)],
  ["GET /fapi/v1/positionSide/dual", account(30)],
  ["POST /fapi/v1/positionSide/dual", account(1)],
  ["GET /fapi/v1/multiAssetsMargin", account(30)],
  ["POST /fapi/v1/multiAssetsMargin", account(1)],
  ["GET /fapi/v1/feeBurn", account(30)],
  ["POST /fapi/v1/feeBurn", account(1)],

  ["POST /fapi/v1/listenKey", { ...market(one), access: "key" }],
  ["PUT /fapi/v1/listenKey", { ...market(one), access: "key" }],
  ["DELETE /fapi/v1/listenKey", { ...market(one), access: "key" }],
]);

type Weight = number | ((params: Params) => number);

function market(weight: Weight): Endpoint {
  return { access: "none", weight: weightOf(weight), orders: null, fundingPool: false };
}

function account(weight: Weight): Endpoint {
  return { access: "signed", weight: weightOf(weight), orders: null, fundingPool: false };
}

function order(weight: number, perTenSeconds: number, perMinute: number): Endpoint {
  return { access: "signed", weight: weightOf(weight), orders: { perTenSeconds, perMinute }, fundingPool: false };
}

function weightOf(weight: Weight): (params: Params) => number {
  return typeof weight === "number" ? () => weight : weight;
}
