import { expect, test } from "vitest";
import { venue } from "./harness.ts";

test("[SIM-2] an aggressive order walks the recorded levels, best first", () => {
  const sim = venue();
  sim.order("BUY", "0.025");
  const fills = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" }).map((row) => [row["price"], row["qty"]]);
  expect(fills).toEqual([
    ["64000.10", "0.010"],
    ["64000.20", "0.015"],
  ]);
});

test("[SIM-2] the same displayed quantity is not given twice", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("BUY", "0.010", { newClientOrderId: "second" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "second" })["avgPrice"]).toBe("64000.20000");
});

test("[SIM-2] a level gives again once a market update has refreshed it", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.depth([], [[640_001, 10]]);
  sim.order("BUY", "0.010", { newClientOrderId: "second" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "second" })["avgPrice"]).toBe("64000.10000");
});

test("[SIM-2] a snapshot that displays a level as before does not refresh it", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.book(
    [[639_999, 12]],
    [
      [640_001, 10],
      [640_002, 20],
    ],
  );
  sim.order("BUY", "0.010", { newClientOrderId: "second" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "second" })["avgPrice"]).toBe("64000.20000");
});

test("[SIM-2] a snapshot that displays another quantity at a level refreshes it", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.book([[639_999, 10]], [[640_001, 11]]);
  sim.order("BUY", "0.010", { newClientOrderId: "second" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "second" })["avgPrice"]).toBe("64000.10000");
});

test("[SIM-2] a best ask that only the book ticker knows is taken", () => {
  const sim = venue();
  sim.ticker(639_999, 10, 640_000, 4);
  sim.order("BUY", "0.006", { newClientOrderId: "top" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "top" })["cumQuote"]).toBe("384.00020");
});

test("[SIM-2] levels better than a newer best price are gone although depth still shows them", () => {
  const sim = venue();
  sim.ticker(639_999, 10, 640_002, 7);
  sim.order("BUY", "0.007", { newClientOrderId: "top" });
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "top" })["avgPrice"]).toBe("64000.20000");
});

test("[SIM-2] a resting order waits behind all that its level displayed when it came", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.trade(639_999, 10, "SELL");
  expect(sim.position()).toBe("0.000");
  sim.trade(639_999, 3, "SELL");
  expect(sim.position()).toBe("0.003");
  sim.trade(639_999, 9, "SELL");
  expect(sim.position()).toBe("0.005");
});

test("[SIM-2] trades of the other aggressor do not move the queue", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.trade(639_999, 50, "BUY");
  expect(sim.position()).toBe("0.000");
});

test("[SIM-2] cancels ahead count only when less is displayed than was ahead", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.depth([[639_999, 25]], []);
  sim.depth([[639_999, 4]], []);
  sim.trade(639_999, 4, "SELL");
  expect(sim.position()).toBe("0.000");
  sim.trade(639_999, 1, "SELL");
  expect(sim.position()).toBe("0.001");
});

test("[SIM-2] two own orders at one price share what trades beyond the queue", () => {
  const sim = venue();
  sim.order("BUY", "0.002", { price: "63999.90", newClientOrderId: "first" });
  sim.order("BUY", "0.002", { price: "63999.90", newClientOrderId: "second" });
  sim.trade(639_999, 13, "SELL");
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "first" })["status"]).toBe("FILLED");
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "second" })["executedQty"]).toBe("0.001");
});

test("[SIM-2] a trade through the price fills at the order's own price, at most the traded quantity", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90", newClientOrderId: "through" });
  sim.trade(639_998, 3, "SELL");
  const row = () => sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "through" });
  expect(row()).toMatchObject({ executedQty: "0.003", avgPrice: "63999.90000" });
  sim.trade(639_997, 8, "SELL");
  expect(row()).toMatchObject({ executedQty: "0.005", status: "FILLED" });
});

test("[SIM-2] the opposite best coming to the price fills as maker what it displays", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90", newClientOrderId: "crossed" });
  sim.ticker(639_990, 5, 639_999, 4);
  expect(sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "crossed" })["executedQty"]).toBe("0.004");
  const [trade] = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" });
  expect(trade).toMatchObject({ maker: true, price: "63999.90" });
});

test("[SIM-2] a limit order that takes in part rests with the remainder", () => {
  const sim = venue();
  sim.order("BUY", "0.015", { price: "64000.10" });
  expect(sim.rows("GET v1/openOrders")[0]).toMatchObject({ executedQty: "0.010", status: "PARTIALLY_FILLED" });
});

test("[SIM-2] makers pay the maker fee and takers the taker fee, to the last unit", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010", { price: "64000.20" });
  sim.trade(640_002, 30, "BUY");
  const fees = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" }).map((row) => row["commission"]);
  expect(fees).toEqual(["0.32000050", "0.12800040"]);
});

test("[SIM-1] an aggressive order expires our own resting order that it meets (EXPIRE_MAKER)", () => {
  const sim = venue();
  sim.order("SELL", "0.005", { price: "64000.00", newClientOrderId: "resting" });
  sim.order("BUY", "0.005");
  const row = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "resting" });
  expect(row["status"]).toBe("EXPIRED_IN_MATCH");
  expect(sim.position()).toBe("0.005");
});

test("[SIM-1] each fill is told as TRADE_LITE, then ORDER_TRADE_UPDATE, then ACCOUNT_UPDATE, after the NEW", () => {
  const sim = venue();
  sim.order("BUY", "0.005");
  expect(sim.events().map((event) => event.e)).toEqual([
    "ORDER_TRADE_UPDATE",
    "TRADE_LITE",
    "ORDER_TRADE_UPDATE",
    "ACCOUNT_UPDATE",
  ]);
});

test("[SIM-2] after a gap nothing fills at its own price until the book is back, then behind all that is displayed", () => {
  const sim = venue();
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.gap();
  sim.trade(639_999, 100, "SELL");
  expect(sim.position()).toBe("0.000");
  sim.book([[639_999, 6]], [[640_001, 10]]);
  sim.trade(639_999, 6, "SELL");
  expect(sim.position()).toBe("0.000");
  sim.trade(639_999, 5, "SELL");
  expect(sim.position()).toBe("0.005");
});

test("[SIM-2] an order that came while there was no book stands behind all that is displayed then", () => {
  const sim = venue();
  sim.gap();
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.book([[639_999, 6]], [[640_001, 10]]);
  sim.trade(639_999, 6, "SELL");
  expect(sim.position()).toBe("0.000");
});

test("[SIM-2] above a newer best bid nobody stands before us, whatever the older depth displays", () => {
  const sim = venue();
  sim.ticker(639_998, 20, 640_001, 10);
  sim.order("BUY", "0.005", { price: "63999.90" });
  sim.trade(639_999, 2, "SELL");
  expect(sim.position()).toBe("0.002");
});

test("[SIM-2] a depth message newer than the best price takes over", () => {
  const sim = venue();
  sim.ticker(639_998, 20, 640_003, 5);
  sim.depth([[639_999, 8]], []);
  expect(sim.row("GET v1/ticker/bookTicker", { symbol: "BTCUSDT" })).toMatchObject({
    bidPrice: "63999.90",
    bidQty: "0.008",
    askPrice: "64000.10",
  });
});

test("[SIM-2] a best price older than the depth is not taken over", () => {
  const sim = venue();
  const before = sim.row("GET v1/ticker/bookTicker", { symbol: "BTCUSDT" });
  sim.ticker(630_000, 1, 630_001, 1, 0, 1);
  expect(sim.row("GET v1/ticker/bookTicker", { symbol: "BTCUSDT" })).toMatchObject({ bidPrice: before["bidPrice"] });
});

test("[SIM-2] our fills do not change the recorded book that clients are shown", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  expect(sim.row("GET v1/depth", { symbol: "BTCUSDT", limit: "5" })["asks"]).toEqual([
    ["64000.10", "0.010"],
    ["64000.20", "0.020"],
    ["64000.30", "0.030"],
  ]);
});
