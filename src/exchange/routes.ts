/** Which request is answered by what. */

import * as account from "./account-routes.ts";
import * as algos from "./algo-routes.ts";
import { postCountdownCancelAll } from "./countdown.ts";
import type { Refusal } from "./errors.ts";
import * as market from "./market-routes.ts";
import * as orders from "./order-routes.ts";
import type { Params } from "./parameters.ts";
import type { ExchangeState } from "./state.ts";

/** The body of the answer, or why there is none. */
export type Route = (state: ExchangeState, params: Params) => unknown | Refusal;

/** Keyed by method and path. */
export const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ["GET /fapi/v1/ping", market.getPing],
  ["GET /fapi/v1/time", market.getTime],
  ["GET /fapi/v1/exchangeInfo", market.getExchangeInfo],
  ["GET /fapi/v1/depth", market.getDepth],
  ["GET /fapi/v1/klines", market.getKlines],
  ["GET /fapi/v1/premiumIndex", market.getPremiumIndex],
  ["GET /fapi/v1/ticker/bookTicker", market.getBookTicker],
  ["GET /fapi/v1/ticker/price", market.getTickerPrice],
  ["GET /fapi/v2/ticker/price", market.getTickerPrice],
  ["POST /fapi/v1/order", orders.postOrder],
  ["POST /fapi/v1/order/test", orders.postOrderTest],
  ["PUT /fapi/v1/order", orders.putOrder],
  ["DELETE /fapi/v1/order", orders.deleteOrder],
  ["GET /fapi/v1/order", orders.getOrder],
  ["GET /fapi/v1/openOrder", orders.getOpenOrder],
  ["GET /fapi/v1/openOrders", orders.getOpenOrders],
  ["GET /fapi/v1/allOrders", orders.getAllOrders],
  ["GET /fapi/v1/userTrades", orders.getUserTrades],
  ["DELETE /fapi/v1/allOpenOrders", orders.deleteAllOpenOrders],
  ["POST /fapi/v1/countdownCancelAll", postCountdownCancelAll],
  ["POST /fapi/v1/batchOrders", orders.postBatchOrders],
  ["DELETE /fapi/v1/batchOrders", orders.deleteBatchOrders],
  ["POST /fapi/v1/algoOrder", algos.postAlgoOrder],
  ["DELETE /fapi/v1/algoOrder", algos.deleteAlgoOrder],
  ["GET /fapi/v1/algoOrder", algos.getAlgoOrder],
  ["DELETE /fapi/v1/algoOpenOrders", algos.deleteAlgoOpenOrders],
  ["GET /fapi/v1/openAlgoOrders", algos.getOpenAlgoOrders],
  ["GET /fapi/v1/allAlgoOrders", algos.getAllAlgoOrders],
  ["GET /fapi/v3/account", account.getAccountV3],
  ["GET /fapi/v2/balance", account.getBalance],
  ["GET /fapi/v3/balance", account.getBalance],
  ["GET /fapi/v2/positionRisk", account.getPositionRiskV2],
  ["GET /fapi/v3/positionRisk", account.getPositionRiskV3],
  ["GET /fapi/v1/accountConfig", account.getAccountConfig],
  ["GET /fapi/v1/symbolConfig", account.getSymbolConfig],
  ["GET /fapi/v1/commissionRate", account.getCommissionRate],
  ["GET /fapi/v1/leverageBracket", account.getLeverageBracket],
  ["POST /fapi/v1/leverage", account.postLeverage],
  ["POST /fapi/v1/marginType", account.postMarginType],
  ["GET /fapi/v1/positionSide/dual", account.getPositionSideDual],
  ["POST /fapi/v1/positionSide/dual", account.postPositionSideDual],
  ["GET /fapi/v1/multiAssetsMargin", account.getMultiAssetsMargin],
  ["POST /fapi/v1/multiAssetsMargin", account.postMultiAssetsMargin],
  ["GET /fapi/v1/income", account.getIncome],
]);
