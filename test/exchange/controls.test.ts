import { expect, test } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

const btc = symbolIndex(0);

/** A long position of 0.010 BTC with a stop that closes it. */
function protectedLong(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.algoCode("SELL", "63000.00", { closePosition: "true", workingType: "MARK_PRICE", clientAlgoId: "stop" });
  sim.events();
  return sim;
}

test("[F-82] a forced close for want of margin ends orders, stops and the position under the exchange's own id", () => {
  const sim = protectedLong();
  expect(sim.exchange.closeOut(btc, "liquidation", micros(sim.now))).toBe(true);
  const fill = sim.inner("ORDER_TRADE_UPDATE").find((row) => row["x"] === "CALCULATED");
  expect(String(fill?.["c"])).toMatch(/^autoclose-/);
  expect([sim.position(), sim.rows("GET v1/openAlgoOrders")]).toEqual(["0.000", []]);
});

test("[F-82] auto-deleveraging takes a part of the position, and the stop stays", () => {
  const sim = protectedLong();
  expect(sim.exchange.closeOut(btc, "auto-deleveraging", micros(sim.now))).toBe(true);
  const fill = sim.inner("ORDER_TRADE_UPDATE").find((row) => row["x"] === "CALCULATED");
  expect(fill).toMatchObject({ c: "adl_autoclose", l: "0.005", n: "0.00000000" });
  expect([sim.position(), sim.rows("GET v1/openAlgoOrders").length]).toEqual(["0.005", 1]);
});

test("nothing is closed by force where there is nothing", () => {
  const sim = venue();
  expect(sim.exchange.closeOut(btc, "auto-deleveraging", micros(sim.now))).toBe(false);
});

test("[F-88] funding outside its hours is paid at its own rate", () => {
  const sim = protectedLong();
  const before = Number(sim.wallet());
  sim.exchange.payFunding(btc, 0.01, micros(sim.now));
  expect(Number(sim.wallet()) - before).toBeCloseTo(-6.4, 5);
  expect(sim.events("ACCOUNT_UPDATE")).toMatchObject([{ a: { m: "FUNDING_FEE" } }]);
});

test("[F-88] a fee in another asset is told as such and leaves the wallet alone", () => {
  const sim = venue();
  const before = sim.wallet();
  sim.exchange.chargeFeesIn("BNB");
  sim.order("BUY", "0.010");
  const fill = sim.inner("ORDER_TRADE_UPDATE").find((row) => row["x"] === "TRADE");
  expect(fill).toMatchObject({ N: "BNB", n: "0.00053333" });
  expect(sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" })).toMatchObject([{ commissionAsset: "BNB" }]);
  expect(sim.wallet()).toBe(before);
});

test("[F-77] other bounds hold at once, and what a change leaves out is as it was listed", () => {
  const sim = venue();
  sim.exchange.changeRules(btc, { minNotional: "1000" });
  expect(sim.orderCode("BUY", "0.010")).toBe(-4164);
  sim.exchange.changeRules(btc, { marketMaxQuantity: "0.005" });
  expect(sim.orderCode("BUY", "0.010")).toBe(-4005);
  sim.exchange.changeRules(btc, {});
  expect(sim.orderCode("BUY", "0.010")).toBeNull();
});

test("[F-87] brackets that are cut refuse entries at the leverage of before, and the leverage itself", () => {
  const sim = venue();
  sim.exchange.changeRules(btc, { maxLeverage: 2 });
  expect(sim.orderCode("BUY", "0.010")).toBe(-2027);
  expect(sim.code("POST v1/leverage", { symbol: "BTCUSDT", leverage: "5" })).toBe(-4028);
});

test("[F-52] a band that is narrowed refuses market orders beyond it", () => {
  const sim = venue();
  sim.exchange.changeRules(btc, { marketTakeBound: "0.0000001" });
  expect(sim.orderCode("BUY", "0.010")).toBe(-4131);
});

test.each([
  ["SETTLING", -4140, null],
  ["CLOSE", -4141, -4141],
] as const)("[F-58] a symbol in %s: entries get %i, closes %s", (status, entry, close) => {
  const sim = protectedLong();
  sim.exchange.changeRules(btc, { status });
  expect(sim.orderCode("BUY", "0.010")).toBe(entry);
  expect(sim.orderCode("SELL", "0.010", { reduceOnly: "true" })).toBe(close);
});

test("[F-36] the position mode changes only without orders and positions, and then orders without a side are refused", () => {
  const busy = protectedLong();
  expect(busy.exchange.switchPositionMode(true)).toBe(false);
  const sim = venue();
  expect(sim.exchange.switchPositionMode(true)).toBe(true);
  expect(sim.orderCode("BUY", "0.010")).toBe(-4061);
  expect(sim.row("GET v1/positionSide/dual")).toEqual({ dualSidePosition: true });
});

test("[F-71] cancelling everything ends resting orders and leaves conditional ones", () => {
  const sim = protectedLong();
  sim.order("BUY", "0.010", { price: "63000.00" });
  sim.exchange.cancelAll(micros(sim.now));
  expect([sim.rows("GET v1/openOrders").length, sim.rows("GET v1/openAlgoOrders").length]).toEqual([0, 1]);
});

test("[F-40] a delayed trigger stays in triggering, cannot be cancelled, and makes its order when it is due", () => {
  const sim = protectedLong();
  sim.exchange.failTrigger({ clientAlgoId: "stop", delay: 3_000_000 });
  sim.mark(630_000);
  expect(sim.row("GET v1/algoOrder", { clientAlgoId: "stop" })["algoStatus"]).toBe("TRIGGERING");
  expect(sim.code("DELETE v1/algoOrder", { clientAlgoId: "stop" })).toBe(-2011);
  expect(sim.exchange.nextDeadline()).toBeLessThanOrEqual(sim.now + 3_000_000);
  expect(sim.position()).toBe("0.010");
  sim.exchange.advance(micros(sim.now + 3_000_000));
  expect(sim.position()).toBe("0.000");
});
