import { expect, test } from "vitest";
import { venue } from "./harness.ts";

const reduce = { reduceOnly: "true" };

test("[SIM-2] reduce-only without a position, or on its own side, is refused with −2022", () => {
  const sim = venue();
  expect(sim.orderCode("SELL", "0.005", reduce)).toBe(-2022);
  sim.order("BUY", "0.005");
  expect(sim.orderCode("BUY", "0.005", reduce)).toBe(-2022);
});

test("[SIM-2] a resting reduce-only target counts against the position and blocks the market close with −4118 (F-14)", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  expect(sim.orderCode("SELL", "0.010", { ...reduce, price: "65000.00", newClientOrderId: "target" })).toBeNull();
  expect(sim.orderCode("SELL", "0.010", reduce)).toBe(-4118);
  sim.row("DELETE v1/order", { symbol: "BTCUSDT", origClientOrderId: "target" });
  expect(sim.orderCode("SELL", "0.010", reduce)).toBeNull();
  expect(sim.position()).toBe("0.000");
});

test("[SIM-2] reduce-only orders fit beside each other up to the position", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  expect(sim.orderCode("SELL", "0.004", { ...reduce, price: "65000.00" })).toBeNull();
  expect(sim.orderCode("SELL", "0.006", { ...reduce, price: "65100.00" })).toBeNull();
  expect(sim.orderCode("SELL", "0.001", { ...reduce, price: "65200.00" })).toBe(-4118);
});

test("[SIM-2] a reduce-only market order larger than the position closes it and never flips it", () => {
  const sim = venue();
  sim.order("BUY", "0.005");
  sim.events();
  sim.order("SELL", "0.009", reduce);
  expect(sim.position()).toBe("0.000");
  expect(sim.inner("ORDER_TRADE_UPDATE").at(-1)).toMatchObject({ X: "EXPIRED", z: "0.005", er: "4" });
});

test("[SIM-2] when the position is gone its reduce-only orders expire with reason 4", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010", { ...reduce, price: "65000.00", newClientOrderId: "target" });
  sim.events();
  sim.order("SELL", "0.010");
  const expired = sim.inner("ORDER_TRADE_UPDATE").find((row) => row["c"] === "target");
  expect(expired).toMatchObject({ x: "EXPIRED", X: "EXPIRED", er: "4" });
});

test("[SIM-2] when the position shrinks the best-priced reduce-only orders stay covered, the others expire", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.005", { ...reduce, price: "65000.00", newClientOrderId: "near" });
  sim.order("SELL", "0.005", { ...reduce, price: "65100.00", newClientOrderId: "far" });
  sim.order("SELL", "0.005");
  expect(sim.rows("GET v1/openOrders").map((row) => row["clientOrderId"])).toEqual(["near"]);
});

test("[SIM-2] a resting reduce-only order that is covered in part fills only that part", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010", { ...reduce, price: "64001.00", newClientOrderId: "target" });
  sim.order("SELL", "0.006");
  sim.trade(640_011, 50, "BUY");
  expect(sim.position()).toBe("0.000");
  const row = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "target" });
  expect(row).toMatchObject({ executedQty: "0.004", status: "EXPIRED" });
});

test("[SIM-2] a reversal expires the reduce-only orders of the old side", () => {
  const sim = venue();
  sim.order("BUY", "0.005");
  sim.order("SELL", "0.005", { ...reduce, price: "65000.00" });
  sim.order("SELL", "0.010");
  expect(sim.position()).toBe("-0.005");
  expect(sim.rows("GET v1/openOrders")).toEqual([]);
});
