import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Row, type Venue, venue } from "./harness.ts";

/** A real message; arrays give their first element. */
function fixture(name: string): Row {
  const text = readFileSync(new URL(`../fixtures/payloads/${name}.json`, import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  return z.record(z.string(), z.unknown()).parse(Array.isArray(parsed) ? parsed[0] : parsed);
}

/** Keys and kinds of values, all the way down: what a parser depends on. Ids are numbers on the wire. */
function shape(value: unknown): unknown {
  if (value === null) return "null or text";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, item]) => [key, shape(item)] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  if (typeof value === "bigint") return "number";
  if (typeof value === "string") return /^-?\d+(\.\d+)?$/.test(value) ? "decimal text" : "text";
  return typeof value;
}

function without(row: Row, ...keys: readonly string[]): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !keys.includes(key)));
}

/** Fields of a trailing stop, which this exchange does not have. */
const trailing = ["activatePrice", "priceRate"] as const;
const stop = { closePosition: "true", clientAlgoId: "stop" };

/** A position, a resting order and a stop. */
function busy(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("BUY", "0.005", { price: "63000.00", newClientOrderId: "resting" });
  sim.algoCode("SELL", "63000.00", stop);
  return sim;
}

const symbol = { symbol: "BTCUSDT" };
const resting = { ...symbol, origClientOrderId: "resting" };
const order = { ...symbol, side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.005", price: "62000.00" };
const algo = { ...symbol, algoType: "CONDITIONAL", side: "SELL", type: "TAKE_PROFIT_MARKET", triggerPrice: "65000.00" };

test.each([
  ["rest.order.post", "POST v1/order", order],
  ["rest.order.delete", "DELETE v1/order", resting],
  ["rest.order.get", "GET v1/order", resting],
  ["rest.openOrders.get", "GET v1/openOrders", symbol],
  ["rest.allOrders.get", "GET v1/allOrders", symbol],
  ["rest.order.put", "PUT v1/order", { ...resting, side: "BUY", quantity: "0.005", price: "62000.00" }],
  ["rest.allOpenOrders.delete", "DELETE v1/allOpenOrders", symbol],
  ["rest.userTrades.get", "GET v1/userTrades", symbol],
  ["rest.algoOrder.post", "POST v1/algoOrder", { ...algo, quantity: "0.010" }],
  ["rest.algoOrder.delete", "DELETE v1/algoOrder", { clientAlgoId: "stop" }],
  ["rest.openAlgoOrders.get", "GET v1/openAlgoOrders", symbol],
  ["rest.allAlgoOrders.get", "GET v1/allAlgoOrders", symbol],
  ["rest.algoOpenOrders.delete", "DELETE v1/algoOpenOrders", symbol],
  ["rest.account.v3.get", "GET v3/account", {}],
  ["rest.balance.v3.get", "GET v3/balance", {}],
  ["rest.balance.v3.get", "GET v2/balance", {}],
  ["rest.positionRisk.v3.get", "GET v3/positionRisk", symbol],
  ["rest.positionRisk.v2.get", "GET v2/positionRisk", symbol],
  ["rest.accountConfig.get", "GET v1/accountConfig", {}],
  ["rest.symbolConfig.get", "GET v1/symbolConfig", symbol],
  ["rest.commissionRate.get", "GET v1/commissionRate", symbol],
  ["rest.leverage.post", "POST v1/leverage", { ...symbol, leverage: "10" }],
  ["rest.positionSideDual.get", "GET v1/positionSide/dual", {}],
  ["rest.multiAssetsMargin.get", "GET v1/multiAssetsMargin", {}],
  ["rest.time.get", "GET v1/time", {}],
  ["rest.tickerBookTicker.get", "GET v1/ticker/bookTicker", symbol],
  ["rest.tickerPrice.v2.get", "GET v2/ticker/price", symbol],
  ["live.rest.premiumIndex.all", "GET v1/premiumIndex", symbol],
] as const)("[SIM-1] %s: the answer of %s has the keys and value forms of the real one", (name, line, params) => {
  const body = busy().request(line, params).body;
  const row: unknown = Array.isArray(body) ? body[0] : body;
  const real = without(fixture(name), ...(name === "rest.algoOrder.post" ? [] : trailing), "icebergQuantity");
  const ours = without(z.record(z.string(), z.unknown()).parse(row), "icebergQuantity");
  // Texts that are only sometimes decimal (ids of others' making) are texts.
  const asText = (value: unknown) =>
    JSON.parse(JSON.stringify(shape(value)).replaceAll('"decimal text"', '"text"')) as unknown;
  const texts = name === "rest.algoOrder.post" || name.startsWith("rest.balance");
  expect(texts ? asText(ours) : shape(ours)).toEqual(texts ? asText(real) : shape(real));
});

test("[SIM-1] a triggered algo order shows its child with the keys of the real answer", () => {
  const sim = busy();
  sim.trade(630_000, 1, "SELL");
  const real = without(fixture("rest.algoOrder.get"), "icebergQuantity", "actualOrderId");
  const ours = without(sim.row("GET v1/algoOrder", { clientAlgoId: "stop" }), "icebergQuantity", "actualOrderId");
  expect(shape(ours)).toEqual(shape(real));
});

test("[SIM-1] an income row has the keys of the real one, the trade id as text", () => {
  const [row] = busy().rows("GET v1/income");
  const real = without(fixture("rest.income.get"), "symbol", "tradeId", "info");
  expect(shape(without(row ?? {}, "symbol", "tradeId", "info"))).toEqual(shape(real));
  expect(row?.["tradeId"]).toBeTypeOf("string");
});

test("[SIM-1] a leverage bracket has the keys of the real one, all numbers", () => {
  const [row] = busy().rows("GET v1/leverageBracket", symbol);
  expect(shape(row)).toEqual(shape(without(fixture("rest.leverageBracket.get"), "notionalCoef")));
});

test("[SIM-1] exchangeInfo gives the real row of BTCUSDT, text for text", () => {
  const real = z.object({ symbols: z.array(z.unknown()) }).parse(fixture("live.rest.exchangeInfo"));
  const ours = z.object({ symbols: z.array(z.unknown()) }).parse(venue().row("GET v1/exchangeInfo"));
  expect(JSON.stringify(ours.symbols[0])).toBe(JSON.stringify(real.symbols[0]));
});

test("[SIM-1] exchangeInfo has the real top-level keys and rate limits", () => {
  const ours = venue().row("GET v1/exchangeInfo");
  const real = fixture("live.rest.exchangeInfo");
  expect(Object.keys(ours)).toEqual(Object.keys(real));
  expect(ours["rateLimits"]).toEqual(real["rateLimits"]);
});

test("[SIM-1] a depth snapshot has the keys and the text of the real one", () => {
  const ours = venue().row("GET v1/depth", { symbol: "BTCUSDT", limit: "5" });
  expect(shape(ours)).toEqual(shape(fixture("live.rest.depth.limit5")));
  expect(Object.keys(ours)).toEqual(Object.keys(fixture("live.rest.depth.limit5")));
});

test("[SIM-1] a kline row has the columns of the real one", () => {
  const text = readFileSync(new URL("../fixtures/payloads/live.rest.klines_1m.json", import.meta.url), "utf8");
  const real = z.array(z.array(z.unknown())).parse(JSON.parse(text));
  const ours = z
    .array(z.array(z.unknown()))
    .parse(venue().request("GET v1/klines", { ...symbol, interval: "1m" }).body);
  const columns = (row: readonly unknown[] | undefined) => row?.map((cell) => shape(cell));
  expect(columns(ours[0])).toEqual(columns(real[0]));
});

const unsentWhenEmpty = ["M", "AP", "cr"] as const;

test("[SIM-1] ORDER_TRADE_UPDATE of a fill has the keys and value forms of the real one", () => {
  const sim = venue();
  sim.order("BUY", "0.005");
  const real = fixture("user.ORDER_TRADE_UPDATE.new");
  const fill = sim.inner("ORDER_TRADE_UPDATE").at(-1) ?? {};
  const inner = z.record(z.string(), z.unknown()).parse(real["o"]);
  expect(shape(without(fill, "c"))).toEqual(shape(without(inner, ...unsentWhenEmpty, "c")));
});

test("[SIM-1] ORDER_TRADE_UPDATE without a fill has no commission", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63000.00" });
  const [placed] = sim.inner("ORDER_TRADE_UPDATE");
  const inner = z.record(z.string(), z.unknown()).parse(fixture("user.ORDER_TRADE_UPDATE.new")["o"]);
  expect(Object.keys(placed ?? {}).sort()).toEqual(Object.keys(without(inner, ...unsentWhenEmpty, "n", "N")).sort());
});

test.each([
  ["TRADE_LITE", "user.TRADE_LITE"],
  ["ACCOUNT_UPDATE", "user.ACCOUNT_UPDATE.order"],
])("[SIM-1] %s has the keys and value forms of the real one", (kind, name) => {
  const sim = venue();
  sim.order("BUY", "0.005", { newClientOrderId: "mine" });
  const [event] = sim.events(kind);
  expect(shape(event)).toEqual(shape(fixture(name)));
});

test("[SIM-1] ALGO_UPDATE has the keys of the real one and says whether it is activated", () => {
  const sim = venue();
  sim.algoCode("SELL", "63000.00", { closePosition: "true", clientAlgoId: "stop" });
  sim.row("DELETE v1/algoOrder", { clientAlgoId: "stop" });
  const cancelled = sim.inner("ALGO_UPDATE").at(-1) ?? {};
  const inner = z.record(z.string(), z.unknown()).parse(fixture("user.ALGO_UPDATE.canceled")["o"]);
  expect(shape(without(cancelled, "ia"))).toEqual(shape(without(inner, "rm")));
  expect(cancelled["ia"]).toBe(false);
});

test("[SIM-1] ACCOUNT_CONFIG_UPDATE has the keys of the real one", () => {
  const sim = venue();
  sim.row("POST v1/leverage", { symbol: "BTCUSDT", leverage: "10" });
  expect(shape(sim.events()[0])).toEqual(shape(fixture("user.ACCOUNT_CONFIG_UPDATE.leverage")));
});

test.each([
  ["GET v1/depth", { symbol: "NOPE" }, -1121],
  ["POST v1/order", { ...order, type: "STOP_MARKET" }, -4120],
  ["GET v1/depth", { symbol: "BTCUSDT", limit: "7" }, -4021],
  ["GET v1/klines", { symbol: "BTCUSDT", interval: "1m", limit: "x" }, -1130],
  ["GET v1/order", { symbol: "BTCUSDT", orderId: "1" }, -2013],
  ["DELETE v1/order", { symbol: "BTCUSDT", orderId: "1" }, -2011],
  ["POST v1/algoOrder", { ...algo, type: "STOP_MARKET", quantity: "0.010" }, -2021],
  ["POST v1/order", { ...order, price: "64001.00", timeInForce: "GTX" }, -5022],
])("[SIM-1] %s: the refusal %# is the real one, word for word", (line, params, code) => {
  const text = readFileSync(new URL("../fixtures/payloads/rest.errors.json", import.meta.url), "utf8");
  const known = z
    .array(z.object({ httpStatus: z.number(), body: z.object({ code: z.number(), msg: z.string() }) }))
    .parse(JSON.parse(text));
  const real = known.find((row) => row.body.code === code);
  expect(venue().request(line, params)).toEqual({ status: real?.httpStatus, body: real?.body });
});
