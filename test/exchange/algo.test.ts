import { expect, test } from "vitest";
import { type Row, type Venue, venue } from "./harness.ts";

const closeAll = { closePosition: "true", workingType: "MARK_PRICE" };

/** A long position of 0.010 BTC with nothing else. */
function long(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.events();
  return sim;
}

function statuses(sim: Venue): readonly unknown[] {
  return sim.inner("ALGO_UPDATE").map((row) => row["X"]);
}

function algo(sim: Venue, clientAlgoId: string): Row {
  return sim.row("GET v1/algoOrder", { clientAlgoId });
}

test("[SIM-1] a conditional order is acknowledged, listed by its own service and told as NEW", () => {
  const sim = long();
  expect(sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" })).toBeNull();
  expect(statuses(sim)).toEqual(["NEW"]);
  expect(sim.rows("GET v1/openAlgoOrders")[0]).toMatchObject({ clientAlgoId: "stop", algoStatus: "NEW" });
});

test("[SIM-1] an untriggered conditional order is invisible to the order endpoints (F-30)", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  const key = { symbol: "BTCUSDT", origClientOrderId: "stop" };
  expect(sim.rows("GET v1/openOrders")).toEqual([]);
  expect(sim.code("GET v1/order", key)).toBe(-2013);
  expect(sim.code("DELETE v1/order", key)).toBe(-2011);
  sim.row("DELETE v1/allOpenOrders", { symbol: "BTCUSDT" });
  expect(sim.rows("GET v1/openAlgoOrders")).toHaveLength(1);
});

test("[SIM-1] a stop on the mark price closes the position: TRIGGERING, TRIGGERED, FINISHED", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.events();
  sim.mark(630_001);
  expect(sim.position()).toBe("0.010");
  sim.mark(630_000);
  expect(sim.position()).toBe("0.000");
  expect(statuses(sim)).toEqual(["TRIGGERING", "TRIGGERED", "FINISHED"]);
});

test("[SIM-1] the child carries the conditional order's client id and is linked by its order id", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.mark(630_000);
  const child = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "stop" });
  expect(child).toMatchObject({ type: "MARKET", status: "FILLED", closePosition: true, reduceOnly: true });
  const row = algo(sim, "stop");
  expect(row).toMatchObject({ algoStatus: "FINISHED", actualPrice: "63999.90000", actualQty: "0.010" });
  expect(row["actualOrderId"]).toBe(String(child["orderId"]));
});

test.each([
  ["STOP_MARKET", "BUY", "64100.00", 641_000],
  ["STOP_MARKET", "SELL", "63900.00", 639_000],
  ["TAKE_PROFIT_MARKET", "BUY", "63900.00", 639_000],
  ["TAKE_PROFIT_MARKET", "SELL", "64100.00", 641_000],
] as const)("[SIM-2] %s %s triggers on the last price at its trigger, not before", (type, side, trigger, price) => {
  const sim = venue();
  const away = price > 640_000 ? -1 : 1;
  expect(sim.algoCode(side, trigger, { type, quantity: "0.005", clientAlgoId: "a" })).toBeNull();
  sim.trade(price + away, 1, "BUY");
  expect(algo(sim, "a")["algoStatus"]).toBe("NEW");
  sim.mark(price);
  expect(algo(sim, "a")["algoStatus"]).toBe("NEW");
  sim.trade(price, 1, "BUY");
  expect(algo(sim, "a")["algoStatus"]).toBe("FINISHED");
});

test("[SIM-2] a trigger that is already passed is refused with −2021", () => {
  const sim = long();
  expect(sim.algoCode("SELL", "64000.00", closeAll)).toBe(-2021);
  expect(sim.algoCode("SELL", "64000.00", { ...closeAll, type: "TAKE_PROFIT_MARKET" })).toBe(-2021);
  expect(sim.algoCode("SELL", "64100.00", { quantity: "0.005" })).toBe(-2021);
});

test("[SIM-2] one close-position order per type and side: the second is refused with −4130 (F-22)", () => {
  const sim = long();
  expect(sim.algoCode("SELL", "63000.00", closeAll)).toBeNull();
  expect(sim.algoCode("SELL", "63100.00", closeAll)).toBe(-4130);
  expect(sim.algoCode("SELL", "65000.00", { ...closeAll, type: "TAKE_PROFIT_MARKET" })).toBeNull();
  expect(sim.algoCode("SELL", "63100.00", { quantity: "0.010", reduceOnly: "true" })).toBeNull();
});

test("[SIM-1] a client id is unique among open conditional orders", () => {
  const sim = long();
  const stop = { quantity: "0.005", reduceOnly: "true", clientAlgoId: "same" };
  expect(sim.algoCode("SELL", "63000.00", stop)).toBeNull();
  expect(sim.algoCode("SELL", "63100.00", stop)).toBe(-4116);
});

test("[SIM-2] the account holds at most 200 open conditional orders", () => {
  const sim = venue();
  const one = { quantity: "0.001", reduceOnly: "true" };
  for (let count = 0; count < 200; count += 1) expect(sim.algoCode("SELL", "63000.00", one)).toBeNull();
  expect(sim.algoCode("SELL", "63000.00", one)).toBe(-4045);
});

test.each([
  ["quantity with closePosition", { closePosition: "true", quantity: "0.005" }, -4137],
  ["reduceOnly with closePosition", { closePosition: "true", reduceOnly: "true" }, -1106],
  ["a price on a market type", { quantity: "0.005", price: "63000.00" }, -1106],
  ["no quantity", {}, -1102],
  ["notional below the minimum", { quantity: "0.001", triggerPrice: "49000.00" }, -4164],
  ["trigger off the tick", { quantity: "0.005", triggerPrice: "63000.05" }, -4014],
  ["quantity above the market maximum", { quantity: "120.001" }, -4005],
  ["another algo type", { quantity: "0.005", algoType: "VP" }, -1130],
  ["a type that this exchange lacks", { quantity: "0.005", type: "TRAILING_STOP_MARKET" }, -1020],
  ["an unknown type", { quantity: "0.005", type: "LIMIT" }, -1116],
  ["an unknown working type", { quantity: "0.005", workingType: "INDEX" }, -1130],
])("[SIM-1] a conditional order is refused: %s", (_what, changed, code) => {
  expect(venue().algoCode("SELL", "63000.00", changed)).toBe(code);
});

test("[SIM-2] close-position and reduce-only stops are exempt from the least notional (F-15)", () => {
  const sim = long();
  expect(sim.algoCode("SELL", "49000.00", { quantity: "0.001", reduceOnly: "true" })).toBeNull();
  expect(sim.algoCode("SELL", "49000.00", closeAll)).toBeNull();
});

test("[SIM-2] close-position orders expire when the position is closed otherwise; stops with a quantity stay (F-13)", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "all" });
  sim.algoCode("SELL", "63000.00", { quantity: "0.010", reduceOnly: "true", clientAlgoId: "some" });
  sim.order("SELL", "0.010");
  expect(algo(sim, "all")["algoStatus"]).toBe("EXPIRED");
  expect(algo(sim, "some")["algoStatus"]).toBe("NEW");
});

test("[SIM-2] a GTE_GTC stop with a quantity expires with the position, too", () => {
  const sim = long();
  const params = { quantity: "0.010", reduceOnly: "true", timeInForce: "GTE_GTC", clientAlgoId: "bound" };
  sim.algoCode("SELL", "63000.00", params);
  sim.order("SELL", "0.010");
  expect(algo(sim, "bound")["algoStatus"]).toBe("EXPIRED");
});

test("[SIM-2] a reversal expires the close-position orders of the old side", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "all" });
  sim.order("SELL", "0.015");
  expect(algo(sim, "all")["algoStatus"]).toBe("EXPIRED");
});

test("[SIM-2] of two close-position orders the one that fires ends the other", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.algoCode("SELL", "65000.00", { ...closeAll, type: "TAKE_PROFIT_MARKET", clientAlgoId: "target" });
  sim.mark(650_000);
  expect(algo(sim, "target")["algoStatus"]).toBe("FINISHED");
  expect(algo(sim, "stop")["algoStatus"]).toBe("EXPIRED");
});

test("[SIM-2] a reduce-only stop that finds no position is rejected when it triggers, with a reason", () => {
  const sim = venue();
  sim.algoCode("SELL", "63000.00", { quantity: "0.005", reduceOnly: "true" });
  sim.events();
  sim.trade(630_000, 1, "SELL");
  const updates = sim.inner("ALGO_UPDATE");
  expect(updates.map((row) => row["X"])).toEqual(["TRIGGERING", "REJECTED"]);
  expect(updates.at(-1)?.["rm"]).toBe("Reduce Only reject");
  expect(sim.position()).toBe("0.000");
});

test("[SIM-2] a triggered stop displaces resting reduce-only targets instead of being blocked by them", () => {
  const sim = long();
  sim.order("SELL", "0.010", { price: "65000.00", reduceOnly: "true", newClientOrderId: "target" });
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.mark(630_000);
  expect(sim.position()).toBe("0.000");
  const target = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "target" });
  expect(target["status"]).toBe("EXPIRED");
});

test("[SIM-2] without margin for its child an opening stop is rejected at the trigger, not before", () => {
  const sim = venue({ walletUsdt: "100" });
  expect(sim.algoCode("BUY", "65000.00", { quantity: "1.000", clientAlgoId: "a" })).toBeNull();
  sim.trade(650_000, 1, "BUY");
  expect(algo(sim, "a")["algoStatus"]).toBe("REJECTED");
});

test("[SIM-2] a child whose client id an open order carries is rejected at the trigger", () => {
  const sim = long();
  sim.order("SELL", "0.005", { price: "65000.00", newClientOrderId: "same" });
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "same" });
  sim.mark(630_000);
  expect(algo(sim, "same")["algoStatus"]).toBe("REJECTED");
  expect(sim.position()).toBe("0.010");
});

test("[SIM-2] without a book a triggered stop waits for it", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.gap();
  sim.mark(630_000);
  expect(algo(sim, "stop")["algoStatus"]).toBe("NEW");
  sim.book([[629_999, 50]], [[630_001, 50]]);
  sim.mark(630_000);
  expect(algo(sim, "stop")["algoStatus"]).toBe("FINISHED");
});

test("[SIM-1] a cancelled conditional order says so and cannot be cancelled again", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  expect(sim.row("DELETE v1/algoOrder", { clientAlgoId: "stop" })).toMatchObject({ code: "200", msg: "success" });
  expect(sim.code("DELETE v1/algoOrder", { clientAlgoId: "stop" })).toBe(-2011);
  expect(sim.code("GET v1/algoOrder", { clientAlgoId: "other" })).toBe(-2013);
  expect(algo(sim, "stop")["algoStatus"]).toBe("CANCELED");
});

test("[SIM-1] cancel-all of the algo service ends the conditional orders of one symbol", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", closeAll);
  expect(sim.row("DELETE v1/algoOpenOrders", { symbol: "BTCUSDT" })).toMatchObject({ code: 200 });
  expect(sim.rows("GET v1/openAlgoOrders")).toEqual([]);
  expect(sim.rows("GET v1/allAlgoOrders", { symbol: "BTCUSDT" })[0]).toMatchObject({ algoStatus: "CANCELED" });
});

test("[SIM-2] price protection holds a stop back while mark and last price disagree", () => {
  const sim = long();
  sim.algoCode("SELL", "60000.00", { ...closeAll, priceProtect: "TRUE", clientAlgoId: "stop" });
  sim.mark(600_000);
  expect(algo(sim, "stop")["algoStatus"]).toBe("NEW");
  sim.trade(600_500, 1, "SELL");
  sim.mark(600_000);
  expect(algo(sim, "stop")["algoStatus"]).toBe("FINISHED");
});

const quantity = { quantity: "0.010", reduceOnly: "true" };

test("[SIM-2] a stop with a quantity stands beside the close-position stop of the same side", () => {
  const sim = long();
  expect(sim.algoCode("SELL", "63000.00", closeAll)).toBeNull();
  expect(sim.algoCode("SELL", "63500.00", { ...quantity, workingType: "MARK_PRICE" })).toBeNull();
  expect(sim.rows("GET v1/openAlgoOrders")).toHaveLength(2);
});

test("[SIM-2] of two stops the nearer one closes the position, and the other expires with it", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "floor" });
  sim.algoCode("SELL", "63500.00", { ...quantity, workingType: "MARK_PRICE", clientAlgoId: "ratchet" });
  sim.mark(635_000);
  expect([sim.position(), algo(sim, "ratchet")["algoStatus"], algo(sim, "floor")["algoStatus"]]).toEqual([
    "0.000",
    "FINISHED",
    "EXPIRED",
  ]);
});

test("[SIM-2] two stops that are due in the same instant never turn the position", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "floor" });
  sim.algoCode("SELL", "63500.00", { ...quantity, workingType: "MARK_PRICE", clientAlgoId: "ratchet" });
  sim.mark(620_000);
  expect([sim.position(), sim.rows("GET v1/openAlgoOrders")]).toEqual(["0.000", []]);
});

test("[SIM-2] a target and a stop that are due together: one closes, the other finds nothing", () => {
  const sim = long();
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.request("POST v1/algoOrder", {
    ...quantity,
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "TAKE_PROFIT_MARKET",
    triggerPrice: "65000.00",
    workingType: "CONTRACT_PRICE",
    clientAlgoId: "target",
  });
  sim.mark(630_000);
  sim.events();
  sim.trade(650_000, 1, "BUY");
  const target = sim.inner("ALGO_UPDATE").at(-1);
  expect([sim.position(), target?.["X"], target?.["rm"]]).toEqual(["0.000", "REJECTED", "Reduce Only reject"]);
});

test.each(["REJECTED", "EXPIRED"] as const)(
  "[SIM-2] a stop that is to fail ends %s when it is due, with the words, and makes no order",
  (status) => {
    const sim = long();
    sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
    sim.exchange.failTrigger({ clientAlgoId: "stop", status, reason: "Margin is insufficient." });
    sim.events();
    sim.mark(630_000);
    const updates = sim.inner("ALGO_UPDATE");
    expect([updates.map((row) => row["X"]), updates.at(-1)?.["rm"], sim.position()]).toEqual([
      ["TRIGGERING", status],
      "Margin is insufficient.",
      "0.010",
    ]);
  },
);

test("[SIM-2] a stop fails once: the next one of its id fires", () => {
  const sim = long();
  sim.exchange.failTrigger({ clientAlgoId: "stop", status: "REJECTED", reason: "no" });
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.mark(630_000);
  sim.mark(640_000);
  sim.algoCode("SELL", "63000.00", { ...closeAll, clientAlgoId: "stop" });
  sim.mark(630_000);
  expect(sim.position()).toBe("0.000");
});

test("[SIM-2] a stop far below the mark price is taken without a position, and cancelled", () => {
  const sim = venue();
  const smallest = { quantity: "0.001", reduceOnly: "true", clientAlgoId: "proof" };
  expect(sim.algoCode("SELL", "61440.00", smallest)).toBeNull();
  expect(sim.code("DELETE v1/algoOrder", { clientAlgoId: "proof" })).toBeNull();
});
