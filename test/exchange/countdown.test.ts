import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

function resting(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("BUY", "0.005", { price: "63000.00" });
  sim.order("SELL", "0.005", { price: "65000.00", reduceOnly: "true" });
  sim.algoCode("SELL", "63000.00", { closePosition: "true", workingType: "MARK_PRICE" });
  return sim;
}

function arm(sim: Venue, countdownTime: string): unknown {
  return sim.row("POST v1/countdownCancelAll", { symbol: "BTCUSDT", countdownTime });
}

/** Open orders of both services after so many milliseconds. */
function openAfter(sim: Venue, milliseconds: number): readonly number[] {
  sim.now += milliseconds * 1_000;
  sim.exchange.advance(micros(sim.now));
  return [sim.rows("GET v1/openOrders").length, sim.rows("GET v1/openAlgoOrders").length];
}

test("[SIM-1] the countdown is acknowledged with its time as text", () => {
  expect(arm(resting(), "120000")).toEqual({ symbol: "BTCUSDT", countdownTime: "120000" });
});

test("[SIM-1] a countdown that ends cancels the symbol's open orders, and leaves its conditional ones", () => {
  const sim = resting();
  arm(sim, "1000");
  expect([openAfter(sim, 900), openAfter(sim, 200)]).toEqual([
    [2, 1],
    [0, 1],
  ]);
});

test("[SIM-1] each call starts the countdown anew, and zero ends it", () => {
  const sim = resting();
  arm(sim, "1000");
  sim.now += 900_000;
  arm(sim, "1000");
  const later = openAfter(sim, 500);
  arm(sim, "0");
  expect([later, openAfter(sim, 60_000), sim.exchange.nextDeadline() > sim.now]).toEqual([[2, 1], [2, 1], true]);
});

test("[SIM-1] whoever runs the exchange is told when a countdown ends", () => {
  const sim = resting();
  arm(sim, "1000");
  expect(sim.exchange.nextDeadline()).toBe(sim.now + 1_000_000);
});

test("[SIM-1] a countdown on one symbol leaves the others alone", () => {
  const sim = resting();
  sim.row("POST v1/countdownCancelAll", { symbol: "ETHUSDT", countdownTime: "1000" });
  expect(openAfter(sim, 2_000)).toEqual([2, 1]);
});

test.each([
  ["no symbol", { countdownTime: "1000" }, -1102],
  ["no time", { symbol: "BTCUSDT" }, -1102],
  ["a time that is no number", { symbol: "BTCUSDT", countdownTime: "soon" }, -1130],
])("[SIM-1] a countdown with %s is refused", (_, params, code) => {
  expect(venue().code("POST v1/countdownCancelAll", params)).toBe(code);
});
