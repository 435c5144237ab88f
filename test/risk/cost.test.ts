/** What an entry costs, and what its edge promises. */

import { expect, test } from "vitest";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { type CostInput, expectedCost, expectedMoveBps } from "../../src/risk/cost.ts";
import { after, start } from "../support/core.ts";

function costOf(changes: Partial<CostInput> = {}) {
  return expectedCost({
    side: "buy",
    quantity: lots(10),
    bid: ticks(99_990),
    ask: ticks(100_010),
    makerFee: 0.0002,
    takerFee: 0.0005,
    costToFill: (side) => (side === "buy" ? 100_030 : 99_980),
    fundingRate: 0.0001,
    nextFunding: after(60_000),
    holdMicros: 30_000_000,
    mayTake: true,
    now: start,
    ...changes,
  });
}

test("[RSK-10] an entry that may take pays both sides as a taker, the spread, and the slippage of both", () => {
  expect(costOf()).toEqual({
    feesBps: 10,
    spreadBps: 2,
    slippageBps: expect.closeTo(3, 9),
    fundingBps: 0,
    totalBps: 15,
  });
});

test("[RSK-10] an entry that only joins pays the maker's fee, and slippage at the exit alone", () => {
  expect(costOf({ mayTake: false })).toEqual({
    feesBps: 7,
    spreadBps: 0,
    slippageBps: 1,
    fundingBps: 0,
    totalBps: 8,
  });
});

test("[RSK-10] a short leaves through the asks", () => {
  expect(costOf({ side: "sell", mayTake: false }).slippageBps).toBe(2);
});

test("[RSK-10] a fill better than the touch is no gain", () => {
  expect(costOf({ costToFill: () => 100_000 }).slippageBps).toBe(0);
});

test("[RSK-10] the size is asked for on both sides of the book", () => {
  const asked: string[] = [];
  costOf({
    costToFill: (side, quantity) => {
      asked.push(`${side} ${quantity}`);
      return 100_000;
    },
  });
  expect(asked).toEqual(["buy 10", "sell 10"]);
});

test("[RSK-10] a book that does not hold the size costs more than any edge", () => {
  expect(costOf({ costToFill: () => null }).totalBps).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  ["at the end of the hold", after(30_000), 1],
  ["after the hold", micros(start + 30_000_001), 0],
  ["now, which was paid already", start, 0],
  ["at a time that is not known", micros(0), 1],
])("[RSK-10] funding %s", (_name, nextFunding, bps) => {
  expect(costOf({ nextFunding }).fundingBps).toBe(bps);
});

test.each([
  ["buy", 0.0001, 1],
  ["buy", -0.0001, 0],
  ["sell", 0.0001, 0],
  ["sell", -0.0001, 1],
] as const)("[RSK-10] a %s with a funding rate of %d pays %d bps, and counts on none", (side, fundingRate, bps) => {
  expect(costOf({ side, fundingRate, nextFunding: after(1) }).fundingBps).toBe(bps);
});

test("[RSK-10] an edge is worth its share of the way from stop to target, on either side", () => {
  const long = expectedMoveBps(0.1, ticks(100_000), ticks(99_900), ticks(100_300));
  const short = expectedMoveBps(0.1, ticks(100_000), ticks(100_100), ticks(99_700));
  expect([long, short]).toEqual([4, 4]);
});
