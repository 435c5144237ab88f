/** User events and order replies as the exchange sends them. @see binance-usdm.md §2.5, §6.3 */

import { symbol } from "./frames.ts";

/** Ids pass 2⁵³, as the exchange's do. */
const idBase = 9_007_199_254_740_993n;

export type FilledOrder = {
  readonly clientOrderId: string;
  readonly side: string;
  readonly quantity: string;
  readonly price: string;
  readonly millis: number;
  readonly serial: number;
  readonly reduceOnly: boolean;
};

export function fillFrame(order: FilledOrder): string {
  const { clientOrderId, side, quantity, price, millis, serial, reduceOnly } = order;
  const type = reduceOnly ? "MARKET" : "LIMIT";
  return (
    `{"e":"ORDER_TRADE_UPDATE","E":${millis},"T":${millis},"o":{"s":"${symbol}","c":"${clientOrderId}","S":"${side}",` +
    `"o":"${type}","f":"GTC","q":"${quantity}","p":"${price}","ap":"${price}","sp":"0","x":"TRADE","X":"FILLED",` +
    `"i":${idBase + BigInt(serial)},"l":"${quantity}","z":"${quantity}","L":"${price}","N":"USDT","n":"0.01280000",` +
    `"T":${millis},"t":${idBase + BigInt(serial)},"b":"0","a":"0","m":true,"R":${reduceOnly},"wt":"CONTRACT_PRICE",` +
    `"ot":"${type}","ps":"BOTH","cp":false,"pP":false,"si":0,"ss":0,"rp":"0","V":"EXPIRE_MAKER","pm":"NONE","gtd":0}}`
  );
}

type Params = Readonly<Record<string, string | number>>;

/** What the WebSocket API replies to an order that the exchange takes. */
export function orderResult(params: Params, millis: number): string {
  return (
    `{"orderId":${idBase + BigInt(millis)},"symbol":"${symbol}","status":"NEW",` +
    `"clientOrderId":"${params["newClientOrderId"]}","price":"${params["price"] ?? "0"}","avgPrice":"0.00",` +
    `"origQty":"${params["quantity"]}","executedQty":"0.000","cumQty":"0.000","cumQuote":"0.00000",` +
    `"timeInForce":"GTC","type":"${params["type"]}","reduceOnly":${params["reduceOnly"] === "true"},` +
    `"closePosition":false,"side":"${params["side"]}","positionSide":"BOTH","stopPrice":"0.00",` +
    `"workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"${params["type"]}","priceMatch":"NONE",` +
    `"selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,"updateTime":${millis}}`
  );
}

export function algoResult(params: Params, millis: number): string {
  return (
    `{"algoId":${idBase + BigInt(millis)},"clientAlgoId":"${params["clientAlgoId"]}","algoType":"CONDITIONAL",` +
    `"orderType":"${params["type"]}","symbol":"${symbol}","side":"${params["side"]}","positionSide":"BOTH",` +
    `"timeInForce":"GTC","quantity":"${params["quantity"] ?? "0.000"}","algoStatus":"NEW",` +
    `"triggerPrice":"${params["triggerPrice"]}","price":"0.00","icebergQuantity":null,` +
    `"selfTradePreventionMode":"EXPIRE_MAKER","workingType":"${params["workingType"]}","priceMatch":"NONE",` +
    `"closePosition":${params["closePosition"] === "true"},"priceProtect":false,` +
    `"reduceOnly":${params["reduceOnly"] === "true"},"createTime":${millis},"updateTime":${millis},"triggerTime":0,` +
    `"goodTillDate":0}`
  );
}

export function algoCancelled(params: Params): string {
  return `{"algoId":1,"clientAlgoId":"${params["clientAlgoId"]}","code":"200","msg":"success"}`;
}
