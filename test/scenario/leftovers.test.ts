/** Orders of ours that outlive their trade: none stays, whatever happens to the cancels. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import { type Simulation, type Story, simulate } from "./support/simulate.ts";

const longHold = { max_hold_seconds: 600 };

/** A long whose stop has moved up, and that a person then closes by hand: the moved stop, for a quantity, stays behind. */
function closedByHand(faults: NonNullable<Story["faults"]>, hold = longHold): Simulation {
  const trailing = { enabled: true, activation_r: 0.5, distance_r: 0.5 };
  const sim = openLong({ settings: normal(hold, { ...plainExits, trailing }), faults });
  sim.quote({ bid: 640_300 });
  sim.traded(640_300, 1, "sell");
  sim.advance(1_000);
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true" });
  if (!sim.truth.open.includes("r1")) throw new Error("the story begins without a stop that has moved");
  return sim;
}

test("[I-23] a stop that is left over after a close by hand is cancelled", () => {
  // given
  const sim = closedByHand([]);
  // when
  sim.advance(15_000);
  // then
  expect([sim.truth.open, sim.running]).toEqual([[], null]);
});

test("[I-23] a leftover whose cancel is lost is cancelled again soon, not at the next comparison", () => {
  // given
  const sim = closedByHand([{ on: "cancel-algo r1", fault: { kind: "request-lost" } }]);
  // when
  sim.advance(20_000);
  // then
  expect(sim.truth.open).toEqual([]);
});

test("[F-03] a leftover whose cancel is answered with `unknown order` is looked for, not taken for gone", () => {
  // given
  const sim = closedByHand([{ on: "cancel-algo r1", fault: { kind: "refused", code: -2011 } }]);
  // when
  sim.advance(20_000);
  // then
  expect(sim.truth.open).toEqual([]);
});

test("[I-23] a stop that is left over goes although the fate of our own close is still open", () => {
  // given
  const lost = { on: "place-order x*", fault: { kind: "request-lost" } } as const;
  const unanswered = { on: "query-order*", fault: { kind: "refused", code: -1008 }, times: 40 } as const;
  const sim = closedByHand([lost, unanswered], { max_hold_seconds: 5 });
  // when
  sim.advance(70_000);
  // then
  expect([sim.core.desks.map(({ manager }) => manager.inDoubt), sim.truth.open]).toEqual([[true], []]);
});

test("[I-07] an entry that was told cancelled is not taken over again where a read lags", () => {
  // given
  const settings = normal({ order_timeout_seconds: 1, on_timeout: "give-up", replace_attempts: 0 });
  const sim = restingEntry({ through: "rest", settings });
  sim.wire.script([{ on: "GET openOrders", fault: { kind: "stale", ms: 4_500 }, times: 10 }]);
  sim.advance(4_000);
  if (sim.running !== null) throw new Error("the story begins with an entry that has ended");
  // when
  sim.disconnect();
  sim.advance(100);
  sim.reconnect();
  sim.advance(3_000);
  // then
  const states = sim.outputs.flatMap((output) =>
    output.kind === "order" && output.role === "e" ? [output.state] : [],
  );
  expect([states.at(-1), states.filter((state) => state === "cancelling").length]).toEqual(["cancelled", 1]);
});

test("[I-23] a position that is read before its execution is told is ours: no stop is left to others after the close", () => {
  // given
  const sim = simulate({
    settings: normal({ entry_order: "market", max_hold_seconds: 600 }),
    latencyMs: 1,
    faults: [{ on: "place-order x1", fault: { kind: "refused", code: -4118 } }],
  });
  sim.decide();
  sim.disconnect();
  sim.decide({ direction: "FLAT", action: "EXIT" });
  // when
  sim.advance(15);
  sim.reconnect();
  sim.advance(20_000);
  // then
  expect([sim.truth.open, sim.trades.length, sim.notices("STOP_LEFT_TO_OTHERS").length]).toEqual([[], 1, 0]);
});

test("[I-23] an order of ours from another trade is cancelled although a trade is running", () => {
  // given
  const sim = openLong({ settings: normal(longHold, plainExits) });
  const clientAlgoId = orderId({ prefix: "sd", trade: tradeIdFrom("earlier"), role: "r", attempt: 1 });
  const stop = { algoType: "CONDITIONAL", side: "SELL", type: "STOP_MARKET", triggerPrice: "63000", quantity: "0.005" };
  sim.foreign("POST", "algoOrder", { ...stop, reduceOnly: "true", clientAlgoId });
  // when
  sim.advance(65_000);
  // then
  expect([sim.truth.open, sim.truth.position]).toEqual([["f1", "t1_1"], 10]);
});

test("[F-59] an order of somebody else is left alone", () => {
  // given
  const sim = openLong({ settings: normal(longHold, plainExits) });
  const stop = { algoType: "CONDITIONAL", side: "SELL", type: "STOP_MARKET", triggerPrice: "63000", quantity: "0.005" };
  sim.foreign("POST", "algoOrder", { ...stop, reduceOnly: "true", clientAlgoId: "by-hand" });
  // when
  sim.advance(65_000);
  // then
  expect(sim.truth.open).toEqual(["f1", "t1_1", "by-hand"]);
});

test("[F-27] somebody adds in the millisecond of our entry's execution: the stop outlives our close, and covers theirs", () => {
  // given: the entry fills, and at the same time as much again is sold to them
  const sim = simulate({
    settings: normal({ entry_order: "market", max_hold_seconds: 600 }, plainExits),
    latencyMs: 1,
  });
  sim.decide();
  while (sim.truth.position === 0) sim.advance(1);
  sim.foreign("POST", "order", { side: "BUY", type: "MARKET", quantity: "0.010" });
  // when: closed before any read of the account
  sim.advance(20);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(20);
  // then
  expect([sim.truth.position > 0, sim.truth.coveringStops.length]).toEqual([true, 1]);
});
