import { expect, test } from "vitest";
import { z } from "zod";
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

const Earlier = z.looseObject({ positions: z.array(z.looseObject({})) });

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

function armed(): Venue {
  const sim = busy();
  sim.row("POST v1/countdownCancelAll", { symbol: "BTCUSDT", countdownTime: "60000" });
  return sim;
}

/** Open orders of both services, at so many milliseconds after the last request. */
function openAfter(sim: Venue, milliseconds: number): readonly number[] {
  sim.now += milliseconds * 1_000;
  sim.exchange.advance(micros(sim.now));
  return [sim.rows("GET v1/openOrders").length, sim.rows("GET v1/openAlgoOrders").length];
}

test("[SIM-1] an armed countdown goes on over a restart, and cancels when it would have", () => {
  const after = restart(armed());
  expect([openAfter(after, 59_900), openAfter(after, 200)]).toEqual([
    [2, 1],
    [0, 1],
  ]);
});

test("[SIM-1] whoever runs the exchange is told after a restart when a countdown ends", () => {
  const before = armed();
  expect(restart(before).exchange.nextDeadline()).toBe(before.now + 60_000_000);
});

test("[SIM-1] a countdown that was not armed is not after a restart", () => {
  expect(openAfter(restart(busy()), 86_400_000)).toEqual([2, 1]);
});

test("[SIM-1] hedge mode survives a restart", () => {
  const before = venue();
  before.exchange.switchPositionMode(true);
  expect(restart(before).orderCode("BUY", "0.010")).toBe(-4061);
});

test("[SIM-1] what an earlier version saved, without position mode and countdowns, is restored", () => {
  const { isHedged: _, positions, ...rest } = Earlier.parse(busy().exchange.serialize());
  const saved = { ...rest, positions: positions.map(({ countdownEnds: __, ...row }) => row) };
  const after = new Venue({}, Exchange.restore(options, saved));
  expect([after.position(), after.row("GET v1/positionSide/dual")]).toEqual(["0.010", { dualSidePosition: false }]);
});

test.each([
  ["something else", { a: 1 }, /version/],
  ["another instance", { ...Object(busy().exchange.serialize()), instance: "other" }, /instance is other/],
])("[SIM-1] %s is refused with a clear message", (_what, saved, message) => {
  expect(() => Exchange.restore(options, saved)).toThrow(message);
});
