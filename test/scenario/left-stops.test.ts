/** Stops that an ended trade of ours left to somebody's part of the position, and that are hit (failure-catalogue F-27). */

import { expect, test } from "vitest";
import { openLong } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import type { Simulation, Story } from "./support/simulate.ts";

/** Somebody adds ten lots to our long of ten, and ours is closed: its stop at 639,640 is left to theirs. */
function left(story: Story = {}): Simulation {
  const sim = openLong({ settings: normal({ max_hold_seconds: 600 }, plainExits), ...story });
  sim.foreign("POST", "order", { side: "BUY", type: "MARKET", quantity: "0.010" });
  sim.advance(200);
  sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(500);
  if (sim.notices("STOP_LEFT_TO_OTHERS").length !== 1) throw new Error("the story begins with a stop that was left");
  return sim;
}

function hit(sim: Simulation): void {
  sim.quote({ bid: 639_500 });
  sim.traded(639_500, 1, "sell");
}

/** Lots that stops of ours have closed, as booked, and what is known of the trades that they closed. */
function booked(sim: Simulation): unknown {
  const fills = sim.outputs.flatMap((output) => (output.kind === "fill" ? [output] : []));
  const byStop = fills.filter(({ clientOrderId }) => /-[fr]\d*-/.test(clientOrderId));
  const rows = sim.trades.filter(({ trade }) => byStop.some((fill) => fill.trade === trade));
  return {
    lots: byStop.map(({ quantity }) => quantity),
    trades: rows.map(({ source, quantity, exitReason }) => [source, quantity, exitReason]),
    left: [sim.truth.position, sim.truth.open, sim.running],
  };
}

const theirs = { lots: [10], trades: [["adopted", 10, "STOP_LOSS"]], left: [0, [], null] };

test("[I-08] a stop that was left to somebody's part is hit before anybody has taken that over: a trade of its own has the execution", () => {
  const sim = left();
  hit(sim);
  sim.advance(180_000);
  expect(booked(sim)).toEqual(theirs);
});

test("[I-08] it is hit while another stop is to take its place: the trade that has taken the part over has the execution", () => {
  const sim = left();
  for (let ms = 0; sim.running === null && ms < 10_000; ms += 10) sim.advance(10);
  hit(sim);
  sim.advance(180_000);
  expect(booked(sim)).toEqual(theirs);
});

test("[I-08] it is hit while messages are lost: it is asked about when a list names it no more", () => {
  const sim = left();
  sim.wire.isStreamDown = true;
  hit(sim);
  sim.advance(1_000);
  sim.wire.isStreamDown = false;
  sim.advance(180_000);
  expect(booked(sim)).toEqual(theirs);
});

test("[I-08] a list that lags still names one that was hit: its execution is in one trade", () => {
  const sim = left();
  sim.wire.script([{ on: "GET openAlgoOrders", fault: { kind: "stale", ms: 4_500 }, times: 10 }]);
  hit(sim);
  sim.advance(180_000);
  expect(booked(sim)).toEqual(theirs);
});

test("[I-08] the daemon starts again, and one that an earlier run left is hit while another stop is to take its place", () => {
  const sim = left();
  sim.kill();
  sim.restart();
  for (let ms = 0; sim.running === null && ms < 10_000; ms += 10) sim.advance(10);
  hit(sim);
  sim.advance(180_000);
  expect(booked(sim)).toEqual(theirs);
});

test("[I-23] one that was left and is cancelled with its position is nobody's business", () => {
  const sim = left();
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true" });
  sim.advance(180_000);
  expect([sim.trades.length, sim.truth.open, sim.running]).toEqual([1, [], null]);
});
