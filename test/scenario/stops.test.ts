/** The stop that is always there, and what may keep it from being there. */

import { expect, test } from "vitest";
import { openLong, restingEntry } from "./support/given.ts";

test("[ORD-3] the stop leaves at the first fill, and covers what fills later", () => {
  // given
  const sim = restingEntry();
  // when
  sim.traded(639_999, 3, "sell");
  sim.advance(100);
  sim.traded(639_999, 5, "sell");
  sim.advance(100);
  // then
  expect([sim.sent(), sim.truth.position, sim.truth.coveringStops]).toEqual([
    ["place-order e1", "place-algo f1", "place-algo t1_1"],
    8,
    [639_640],
  ]);
});

test("[F-04] a stop that would trigger at once is hit: the position is closed, and no wider stop is tried", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "place-algo f1", fault: { kind: "refused", code: -2021 } }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_000);
  // then
  expect([sim.sent(), sim.truth.position]).toEqual([["place-order e1", "place-algo f1", "place-order x1"], 0]);
});

test("[F-04] the price falls through the stop while it is on its way: the position is closed at market", () => {
  // given
  const sim = restingEntry();
  sim.traded(639_999, 10, "sell");
  // when
  sim.advance(30);
  sim.quote({ bid: 639_500 });
  sim.traded(639_500, 1, "sell");
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.trades[0]?.exitReason]).toEqual([0, [], "STOP_PASSED"]);
});

test("[SAF-3] a stop that is refused for a reason not understood: closed, and SAFE MODE", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "place-algo f1", fault: { kind: "refused", code: -4120 } }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.core.safeMode?.reason]).toEqual([0, "CANNOT_PROTECT"]);
});

test("[F-40] a stop that fails when it triggers is followed by a close", () => {
  // given
  const sim = openLong();
  // when: the best bid is too far from the mark price for a market order, until the mark price has followed
  sim.quote({ bid: 600_000, mark: 640_000 });
  sim.traded(600_000, 1, "sell");
  const failed = [...sim.truth.algos.values()].find(({ role }) => role === "f")?.status;
  sim.advance(1_000);
  sim.quote({ bid: 600_000 });
  sim.advance(10_000);
  // then
  expect([failed, sim.truth.position, sim.truth.open]).toEqual(["REJECTED", 0, []]);
});

test("[ORD-3] a stop that somebody else cancels is put back at once, at the same level", () => {
  // given
  const sim = openLong();
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  // when
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  sim.advance(100);
  // then
  expect([sim.sent(), sim.truth.coveringStops]).toEqual([["place-algo f2"], [639_640]]);
});

test("[ORD-3] a stop whose end nobody told is put back when the account is compared", () => {
  // given
  const sim = openLong({ faults: [{ on: "algo f1 CANCELED", fault: { kind: "untold" } }] }, { holdMicrosMax: null });
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  // when
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  sim.tell({ kind: "private-stream", alive: false }, sim.now);
  sim.reconnect();
  sim.advance(2_000);
  // then
  expect(sim.truth.coveringStops).toEqual([639_640]);
});

test("[F-65] a stop whose reply is lost is not doubled while it is looked up", () => {
  // given
  const sim = restingEntry({
    faults: [
      { on: "place-algo f1", fault: { kind: "reply-lost" } },
      { on: "algo f1*", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_000);
  // then
  expect([sim.sent().filter((name) => name.startsWith("place-algo f")), sim.truth.coveringStops]).toEqual([
    ["place-algo f1"],
    [639_640],
  ]);
});

test("[SAF-1] a stop that nobody acknowledges in time: the position is closed while the stop stays", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "place-algo f1", fault: { kind: "request-lost" } }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(2_500);
  // then
  expect([sim.truth.position, sim.core.safeMode?.reason]).toEqual([0, "CANNOT_PROTECT"]);
});

test("[F-22] the exchange holds another close-position stop: ours stands beside it for the quantity", () => {
  // given: a person has put a stop of their own
  const sim = restingEntry();
  const own = {
    algoType: "CONDITIONAL",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: "63000",
    closePosition: "true",
  };
  sim.foreign("POST", "algoOrder", own);
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(500);
  // then
  expect([sim.truth.position, sim.truth.coveringStops]).toEqual([10, [639_640, 630_000]]);
});

test("[ORD-3] when the stop closes the position, nothing of the trade is left", () => {
  // given
  const sim = openLong();
  // when
  sim.quote({ bid: 639_630 });
  sim.traded(639_640, 1, "sell");
  sim.advance(5_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.trades[0]?.exitReason]).toEqual([0, [], "STOP_LOSS"]);
});
