import { expect, test } from "vitest";
import { venue } from "./harness.ts";

test("[SIM-1] a market order is acknowledged as NEW with nothing executed, even when it filled at once", () => {
  const sim = venue();
  const ack = sim.row("POST v1/order", { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.005" });
  expect(ack).toMatchObject({ status: "NEW", executedQty: "0.000", cumQty: "0.000" });
  expect(ack).not.toHaveProperty("avgPrice");
  expect(ack).not.toHaveProperty("cumQuote");
  expect(sim.position()).toBe("0.005");
});

test("[SIM-1] RESULT tells the final state of a market order", () => {
  const sim = venue();
  const params = { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.005", newOrderRespType: "RESULT" };
  expect(sim.row("POST v1/order", params)).toMatchObject({ status: "FILLED", executedQty: "0.005" });
});

test("[SIM-1] RESULT of a resting limit order says NEW", () => {
  const sim = venue();
  const reply = sim.order("BUY", "0.005", { price: "63999.00", newOrderRespType: "RESULT" });
  expect(reply.body).toMatchObject({ status: "NEW" });
});

test("[SIM-1] order and trade ids are above 2⁵³ and survive as bigint", () => {
  const sim = venue();
  sim.order("BUY", "0.005");
  const [trade] = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" });
  expect(trade?.["orderId"]).toBeTypeOf("bigint");
  expect(BigInt(String(trade?.["id"]))).toBeGreaterThan(2n ** 53n);
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", orderId: String(trade?.["orderId"]) })["status"]).toBe("FILLED");
});

test("[SIM-1] the same seed gives the same ids, another seed other ones", () => {
  const first = (seed: number) => {
    const sim = venue({ seed });
    sim.order("BUY", "0.005", { price: "63000.00" });
    return sim.rows("GET v1/openOrders")[0]?.["orderId"];
  };
  expect(first(7)).toBe(first(7));
  expect(first(7)).not.toBe(first(8));
});

test("[SIM-1] conditional types on the order endpoint are refused with −4120", () => {
  const sim = venue();
  for (const type of ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"]) {
    expect(sim.orderCode("SELL", "0.005", { type, stopPrice: "63000.00" })).toBe(-4120);
  }
});

test("[SIM-1] a client id is unique among open orders and free again after the close", () => {
  const sim = venue();
  const resting = { price: "63000.00", newClientOrderId: "mine" };
  expect(sim.orderCode("BUY", "0.005", resting)).toBeNull();
  expect(sim.orderCode("BUY", "0.005", resting)).toBe(-4116);
  expect(sim.code("DELETE v1/order", { symbol: "BTCUSDT", origClientOrderId: "mine" })).toBeNull();
  expect(sim.orderCode("BUY", "0.005", resting)).toBeNull();
});

test.each([
  ["price off the tick", { price: "63000.05" }, -4014],
  ["price with too many decimals", { price: "63000.005" }, -1111],
  ["price zero", { price: "0" }, -4001],
  ["price below the minimum", { price: "500.00" }, -4013],
  ["price above the maximum", { price: "4529764.10" }, -4002],
  ["buy far above the mark price", { price: "67300.00" }, -4016],
  ["quantity with too many decimals", { quantity: "0.0055" }, -1111],
  ["quantity zero", { quantity: "0" }, -4003],
  ["quantity above the maximum", { quantity: "1000.001" }, -4005],
  ["unknown side", { side: "HOLD" }, -1117],
  ["unknown type", { type: "ICEBERG" }, -1116],
  ["unknown time in force", { timeInForce: "SOON" }, -1115],
  ["unknown symbol", { symbol: "NOPE" }, -1121],
  ["client id too long", { newClientOrderId: "x".repeat(37) }, -4015],
  ["client id with a blank", { newClientOrderId: "a b" }, -1100],
  ["hedge side in one-way mode", { positionSide: "LONG" }, -4061],
  ["unknown position side", { positionSide: "UP" }, -4060],
  ["quantity that is not a number", { quantity: "1e3" }, -1102],
  ["unknown response type", { newOrderRespType: "FULL" }, -1136],
  ["a feature of the live exchange that this one lacks", { timeInForce: "GTD" }, -1020],
])("[SIM-1] a limit order is refused: %s", (_what, changed, code) => {
  expect(venue().orderCode("BUY", "0.005", { price: "63000.00", ...changed })).toBe(code);
});

test.each([["symbol"], ["side"], ["type"], ["quantity"], ["price"], ["timeInForce"]])(
  "[SIM-1] a limit order without %s is refused with −1102",
  (name) => {
    const all = {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "LIMIT",
      quantity: "0.005",
      price: "63000.00",
      timeInForce: "GTC",
    };
    const params = Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
    expect(venue().code("POST v1/order", params)).toBe(-1102);
  },
);

test("[SIM-1] a market order with a price or a time in force is refused with −1106", () => {
  const sim = venue();
  expect(sim.orderCode("BUY", "0.005", { type: "MARKET", price: "63000.00" })).toBe(-1106);
  expect(sim.orderCode("BUY", "0.005", { timeInForce: "GTC" })).toBe(-1106);
});

test("[SIM-2] a market order has its own largest quantity", () => {
  const sim = venue({ walletUsdt: "100000000" });
  expect(sim.orderCode("BUY", "120.001")).toBe(-4005);
});

test("[SIM-2] a sell far below the mark price is refused with −4024", () => {
  expect(venue().orderCode("SELL", "0.005", { price: "60700.00" })).toBe(-4024);
});

test("[SIM-2] the least notional counts at the mark price for market orders", () => {
  const sim = venue();
  sim.mark(490_000);
  expect(sim.orderCode("BUY", "0.001")).toBe(-4164);
  sim.mark(640_000);
  expect(sim.orderCode("BUY", "0.001")).toBeNull();
});

test("[SIM-2] reduce-only orders are exempt from the least notional", () => {
  const sim = venue();
  sim.order("BUY", "0.002");
  sim.mark(490_000);
  expect(sim.orderCode("SELL", "0.001", { reduceOnly: "true" })).toBeNull();
});

test("[SIM-2] a symbol holds at most 200 open orders", () => {
  const sim = venue({ walletUsdt: "1000000" });
  for (let count = 0; count < 200; count += 1) expect(sim.orderCode("BUY", "0.001", { price: "63000.00" })).toBeNull();
  expect(sim.orderCode("BUY", "0.001", { price: "63000.00" })).toBe(-2025);
  expect(sim.orderCode("BUY", "0.001")).toBeNull();
});

test("[SIM-1] a post-only order that would take is refused with −5022", () => {
  const sim = venue();
  expect(sim.orderCode("BUY", "0.005", { price: "64000.10", timeInForce: "GTX" })).toBe(-5022);
  expect(sim.orderCode("BUY", "0.005", { price: "64000.00", timeInForce: "GTX" })).toBeNull();
});

test("[SIM-1] a fill-or-kill order that the book cannot fill is refused with −5021 and leaves no trace", () => {
  const sim = venue();
  expect(sim.orderCode("BUY", "0.031", { price: "64000.20", timeInForce: "FOK" })).toBe(-5021);
  expect(sim.rows("GET v1/allOrders")).toEqual([]);
  expect(sim.orderCode("BUY", "0.030", { price: "64000.20", timeInForce: "FOK" })).toBeNull();
  expect(sim.position()).toBe("0.030");
});

test("[SIM-1] the remainder of an immediate-or-cancel order expires with reason 2", () => {
  const sim = venue();
  sim.order("BUY", "0.015", { price: "64000.10", timeInForce: "IOC" });
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ x: "EXPIRED", X: "EXPIRED", z: "0.010", er: "2" });
});

test("[SIM-1] the remainder of a market order expires with reason 9", () => {
  const sim = venue();
  sim.order("BUY", "0.100");
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ x: "EXPIRED", X: "EXPIRED", z: "0.060", er: "9" });
});

test("[SIM-2] a market order fills no further than marketTakeBound from the mark price", () => {
  const sim = venue();
  sim.book(
    [[639_999, 10]],
    [
      [640_001, 10],
      [673_000, 10],
    ],
  );
  sim.order("BUY", "0.020");
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ X: "EXPIRED", z: "0.010", er: "9" });
});

test("[SIM-2] a market order without anything to take in reach is refused with −4131", () => {
  const sim = venue();
  sim.book([[639_999, 10]], [[673_000, 10]]);
  expect(sim.orderCode("BUY", "0.005")).toBe(-4131);
});

test("[SIM-1] a cancel of an order that is closed or unknown is refused with −2011, a query of an unknown one with −2013", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { newClientOrderId: "done" });
  expect(sim.code("DELETE v1/order", { symbol: "BTCUSDT", origClientOrderId: "done" })).toBe(-2011);
  expect(sim.code("DELETE v1/order", { symbol: "BTCUSDT", orderId: "1" })).toBe(-2011);
  expect(sim.code("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "none" })).toBe(-2013);
  expect(sim.code("GET v1/openOrder", { symbol: "BTCUSDT", origClientOrderId: "done" })).toBe(-2013);
  expect(sim.code("GET v1/order", { symbol: "BTCUSDT" })).toBe(-1102);
});

test("[SIM-1] a cancelled order keeps what it filled and says CANCELED", () => {
  const sim = venue();
  sim.order("BUY", "0.015", { price: "64000.10", newClientOrderId: "part" });
  const ack = sim.row("DELETE v1/order", { symbol: "BTCUSDT", origClientOrderId: "part" });
  expect(ack).toMatchObject({ status: "CANCELED", executedQty: "0.010", origQty: "0.015" });
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ x: "CANCELED", X: "CANCELED", er: "0" });
});

test("[SIM-1] cancel-all ends the open orders of one symbol", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63000.00" });
  sim.order("SELL", "0.005", { price: "65000.00" });
  expect(sim.row("DELETE v1/allOpenOrders", { symbol: "ETHUSDT" })).toMatchObject({ code: 200 });
  expect(sim.rows("GET v1/openOrders", { symbol: "BTCUSDT" })).toHaveLength(2);
  sim.row("DELETE v1/allOpenOrders", { symbol: "BTCUSDT" });
  expect(sim.rows("GET v1/openOrders")).toEqual([]);
});

test("[SIM-1] a query shows average price and quote amount", () => {
  const sim = venue();
  sim.order("BUY", "0.020", { newClientOrderId: "two" });
  const row = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "two" });
  expect(row).toMatchObject({
    avgPrice: "64000.15000",
    cumQuote: "1280.00300",
    executedQty: "0.020",
    status: "FILLED",
  });
});

test("[SIM-1] a modified order loses its place, keeps its id and is told as an amendment", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90", newClientOrderId: "mod" });
  const params = { symbol: "BTCUSDT", side: "BUY", origClientOrderId: "mod", quantity: "0.006", price: "63999.80" };
  expect(sim.row("PUT v1/order", params)).toMatchObject({ origQty: "0.006", price: "63999.80", status: "NEW" });
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ x: "AMENDMENT", X: "NEW", q: "0.006", M: "1" });
  expect(sim.rows("GET v3/positionRisk")[0]?.["bidNotional"]).toBe("383.99880000");
  expect(sim.code("PUT v1/order", params)).toBe(-5027);
  expect(sim.code("PUT v1/order", { ...params, quantity: "0.007", reduceOnly: "true" })).toBe(-5047);
});

const amended = { symbol: "BTCUSDT", side: "BUY", origClientOrderId: "mod" };

test("[SIM-2] a modified order goes to the end of the queue even when only its quantity falls", () => {
  const sim = venue();
  sim.book([[640_000, 100]], [[640_001, 100]]);
  sim.order("BUY", "0.005", { price: "64000.00", newClientOrderId: "mod" });
  sim.trade(640_000, 90, "SELL");
  sim.row("PUT v1/order", { ...amended, quantity: "0.004", price: "64000.00" });
  sim.trade(640_000, 20, "SELL");
  expect(sim.position()).toBe("0.000");
});

test("[SIM-1] a modification to no more than what has filled cancels the order", () => {
  const sim = venue();
  sim.book([[640_000, 100]], [[640_001, 3]]);
  sim.order("BUY", "0.005", { price: "64000.10", newClientOrderId: "mod" });
  const row = sim.row("PUT v1/order", { ...amended, quantity: "0.003", price: "64000.10" });
  expect(row).toMatchObject({ status: "CANCELED", executedQty: "0.003" });
});

test("[SIM-1] a post-only order whose new price would take is cancelled", () => {
  const sim = venue();
  sim.book([[640_000, 100]], [[640_001, 100]]);
  sim.order("BUY", "0.005", { price: "63999.00", timeInForce: "GTX", newClientOrderId: "mod" });
  expect(sim.row("PUT v1/order", { ...amended, quantity: "0.005", price: "64000.10" })["status"]).toBe("CANCELED");
});

test("[SIM-2] a modification into the book takes at once", () => {
  const sim = venue();
  sim.book([[640_000, 100]], [[640_001, 100]]);
  sim.order("BUY", "0.005", { price: "63999.00", newClientOrderId: "mod" });
  expect(sim.row("PUT v1/order", { ...amended, quantity: "0.005", price: "64000.10" })["status"]).toBe("FILLED");
});

test.each([
  ["a closed order", { price: "63000.00" }, true, -2013],
  ["the other side", { side: "SELL" }, false, -2013],
  ["no price", { price: "" }, false, -1102],
  ["a price off the tick", { price: "63000.05" }, false, -4014],
  ["a price too far up", { price: "67300.00" }, false, -4016],
  ["too small a notional", { quantity: "0.001", price: "45000.00" }, false, -5029],
])("[SIM-1] a modification is refused: %s", (_, changed, isClosed, code) => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.00", newClientOrderId: "mod" });
  if (isClosed) sim.request("DELETE v1/order", amended);
  expect(sim.code("PUT v1/order", { ...amended, quantity: "0.005", price: "63998.00", ...changed })).toBe(code);
});

test("[SIM-1] an order is modified at most 9,999 times", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63000.00", newClientOrderId: "mod" });
  let code: unknown = null;
  let done = 0;
  for (; code === null && done < 20_000; done += 1) {
    code = sim.code("PUT v1/order", { ...amended, quantity: "0.005", price: done % 2 === 0 ? "63000.10" : "63000.00" });
    sim.events();
  }
  expect([code, done - 1]).toEqual([-5026, 9_999]);
});

test("[SIM-1] a batch answers each order on its own", () => {
  const sim = venue();
  const good = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.005",
    price: "63000.00",
  };
  const batchOrders = JSON.stringify([good, { ...good, price: "63000.05" }]);
  const rows = sim.rows("POST v1/batchOrders", { batchOrders });
  expect(rows[0]).toMatchObject({ status: "NEW" });
  expect(rows[1]).toMatchObject({ code: -4014 });
  const orderIdList = `[${String(rows[0]?.["orderId"])}]`;
  expect(sim.rows("DELETE v1/batchOrders", { symbol: "BTCUSDT", orderIdList })[0]).toMatchObject({
    status: "CANCELED",
  });
});

test("[SIM-1] an unknown path is answered with 404", () => {
  expect(venue().request("GET v1/nothing")).toMatchObject({ status: 404, body: { code: -5000 } });
});
