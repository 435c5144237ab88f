import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { Exchange } from "../../src/exchange/exchange.ts";
import { options, Venue, venue } from "./harness.ts";

function busy(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("BUY", "0.005", { price: "63999.90", newClientOrderId: "resting" });
  sim.order("SELL", "0.003", { price: "65000.00", reduceOnly: "true" });
  sim.algoCode("SELL", "63000.00", { closePosition: "true", clientAlgoId: "stop" });
  sim.row("POST v1/leverage", { symbol: "BTCUSDT", leverage: "50" });
  sim.exchange.transfer("-12.5", micros(sim.now));
  return sim;
}

/** Through JSON, as a file would. */
function restart(sim: Venue): Venue {
  const saved: unknown = JSON.parse(JSON.stringify(sim.exchange.serialize()));
  const made = new Venue({}, Exchange.restore(options, saved));
  made.now = sim.now;
  return made;
}

const reads = [
  "GET v1/openOrders",
  "GET v1/allOrders",
  "GET v1/openAlgoOrders",
  "GET v1/income",
  "GET v3/balance",
  "GET v1/symbolConfig",
] as const;

test.each(reads)("[SIM-1] %s answers the same after a restart of the exchange", (line) => {
  const before = busy();
  const after = restart(before);
  for (const sim of [before, after]) sim.mark(640_000);
  expect(after.rows(line)).toEqual(before.rows(line));
});

test("[SIM-1] a position and its trades survive a restart", () => {
  const before = busy();
  const after = restart(before);
  expect(after.position()).toBe("0.010");
  const trades = (sim: Venue) => sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" });
  expect(trades(after)).toEqual(trades(before));
});

test("[SIM-1] ids go on after a restart, none is given twice", () => {
  const before = busy();
  const after = restart(before);
  after.mark(640_000);
  after.book([[639_999, 10]], [[640_001, 10]]);
  after.order("BUY", "0.001");
  const ids = after.rows("GET v1/allOrders").map((row) => row["orderId"]);
  expect(new Set(ids).size).toBe(ids.length);
});

test("[SIM-1] a stop fires after a restart", () => {
  const after = restart(busy());
  after.book([[629_999, 50]], [[630_001, 50]]);
  after.trade(630_000, 1, "SELL");
  expect(after.position()).toBe("0.000");
});

test("[SIM-2] a resting order joins the queue anew after a restart", () => {
  const after = restart(busy());
  after.trade(639_999, 50, "SELL");
  expect(after.position()).toBe("0.010");
  after.book([[639_999, 6]], [[640_001, 10]]);
  after.trade(639_999, 8, "SELL");
  expect(after.position()).toBe("0.012");
});

test.each([
  ["something else", { a: 1 }, /version/],
  ["another instance", { ...Object(busy().exchange.serialize()), instance: "other" }, /instance is other/],
])("[SIM-1] %s is refused with a clear message", (_what, saved, message) => {
  expect(() => Exchange.restore(options, saved)).toThrow(message);
});
