/** Stops whose level is met while there is no book to trade against: a gap of the recording. @see binance-usdm.md §2.5 */

import { expect, test } from "vitest";
import { Exchange } from "../../src/exchange/exchange.ts";
import { options, Venue, venue } from "./harness.ts";

type WorkingType = "MARK_PRICE" | "CONTRACT_PRICE";

/** A long position of 0.010 BTC with a stop at 63,000, and the book is gone. */
function inGap(workingType: WorkingType, more: Readonly<Record<string, string>> = {}): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.algoCode("SELL", "63000.00", { closePosition: "true", workingType, clientAlgoId: "stop", ...more });
  sim.gap();
  return sim;
}

function bookIsBack(sim: Venue): void {
  sim.book([[639_989, 50]], [[639_991, 50]]);
}

function status(sim: Venue): unknown {
  return sim.row("GET v1/algoOrder", { clientAlgoId: "stop" })["algoStatus"];
}

test("[SIM-1] a stop whose level the mark price met in a gap alone is hit when the book is back", () => {
  const sim = inGap("MARK_PRICE");
  sim.mark(630_000);
  sim.mark(640_000);
  bookIsBack(sim);
  expect([status(sim), sim.position()]).toEqual(["FINISHED", "0.000"]);
});

test("[SIM-1] a stop whose level a trade met in a gap alone is hit when the book is back, at that book's price", () => {
  const sim = inGap("CONTRACT_PRICE");
  sim.trade(630_000, 1, "SELL");
  sim.trade(640_000, 1, "BUY");
  bookIsBack(sim);
  expect(sim.row("GET v1/algoOrder", { clientAlgoId: "stop" })["actualPrice"]).toBe("63998.90000");
});

test("[SIM-1] a stop whose level was met in a gap waits until the side that it takes from is displayed", () => {
  const sim = inGap("MARK_PRICE");
  sim.mark(630_000);
  sim.mark(640_000);
  sim.book([], [[639_991, 50]]);
  const before = status(sim);
  sim.ticker(639_989, 50, 639_991, 50);
  expect([before, status(sim)]).toEqual(["NEW", "FINISHED"]);
});

test("[SIM-1] a price that has passed a stop's level within a gap hits it with the first word after it", () => {
  const sim = inGap("CONTRACT_PRICE");
  sim.book([[619_999, 50]], [[620_001, 50]]);
  sim.trade(620_000, 1, "SELL");
  expect([status(sim), sim.position()]).toEqual(["FINISHED", "0.000"]);
});

test("[SIM-1] a stop whose level was not met in a gap is not hit after it", () => {
  const sim = inGap("MARK_PRICE");
  sim.mark(630_001);
  bookIsBack(sim);
  expect(status(sim)).toBe("NEW");
});

test("[SIM-1] a stop under price protection is not met in a gap while mark and last price are too far apart", () => {
  const sim = inGap("MARK_PRICE", { priceProtect: "TRUE" });
  sim.mark(600_000);
  sim.mark(640_000);
  bookIsBack(sim);
  expect(status(sim)).toBe("NEW");
});

test("[SIM-1] a stop whose level was met in a gap is hit after a restart of the exchange, too", () => {
  const before = inGap("MARK_PRICE");
  before.mark(630_000);
  const saved: unknown = JSON.parse(JSON.stringify(before.exchange.serialize()));
  const after = new Venue({}, Exchange.restore(options, saved));
  after.now = before.now;
  after.mark(640_000);
  bookIsBack(after);
  expect([status(after), after.position()]).toEqual(["FINISHED", "0.000"]);
});
