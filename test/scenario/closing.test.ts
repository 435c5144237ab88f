/** Closing: reduce-only, until flat, with the stop in its place until then. */

import { expect, test } from "vitest";
import type { Command } from "../../src/domain/output.ts";
import { type Micros, microsFromSeconds } from "../../src/domain/units.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import type { Simulation, Story } from "./support/simulate.ts";

test("[EXE-6] after the longest hold the position is closed at market, reduce-only", () => {
  // given
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  // when
  sim.advance(11_000);
  // then
  const close = sim.commands.find((command) => command.kind === "place-order" && command.role === "x");
  expect([close, sim.truth.position, sim.trades[0]?.exitReason]).toEqual([
    expect.objectContaining({ side: "sell", quantity: 10, terms: { type: "MARKET" }, reduceOnly: true }),
    0,
    "MAX_HOLD",
  ]);
});

test("[ORD-3] the stop stays until the position is flat, and nothing is left after it", () => {
  // given: the close takes two seconds to arrive
  const sim = openLong({
    settings: normal({ max_hold_seconds: 10 }),
    faults: [{ on: "place-order x1", fault: { kind: "request-late", ms: 2_000 } }],
  });
  // when
  sim.advance(11_000);
  const meanwhile = sim.truth.coveringStops;
  sim.advance(5_000);
  // then
  expect([meanwhile, sim.truth.position, sim.truth.open]).toEqual([[639_640], 0, []]);
});

test("[F-14] a close that is refused for quantity which other orders hold: our targets go, and the stop stays", () => {
  // given: a person lets all of it be sold by an order of their own
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  const own = {
    side: "SELL",
    type: "LIMIT",
    timeInForce: "GTC",
    price: "64100",
    quantity: "0.010",
    reduceOnly: "true",
  };
  sim.foreign("POST", "order", { ...own, newClientOrderId: "by-hand" });
  // when
  sim.advance(10_300);
  // then
  expect([sim.sent().slice(0, 2), sim.truth.coveringStops]).toEqual([
    ["place-order x1", "cancel-algo t1_1"],
    [639_640],
  ]);
});

test("[F-14] once nothing holds the quantity any more the close goes through", () => {
  // given
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  const own = {
    side: "SELL",
    type: "LIMIT",
    timeInForce: "GTC",
    price: "64100",
    quantity: "0.010",
    reduceOnly: "true",
  };
  sim.foreign("POST", "order", { ...own, newClientOrderId: "by-hand" });
  sim.advance(12_000);
  const meanwhile = sim.truth.position;
  // when
  sim.foreign("DELETE", "order", { origClientOrderId: "by-hand" });
  sim.advance(10_000);
  // then
  expect([meanwhile, sim.truth.position, sim.truth.open, sim.running]).toEqual([10, 0, [], null]);
});

test("[F-33] the stop fills while the close is on its way: the close is refused, and nothing turns around", () => {
  // given
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  // when
  sim.advance(9_915);
  sim.quote({ bid: 639_630 });
  sim.traded(639_640, 1, "sell");
  sim.advance(5_000);
  // then
  expect([sim.truth.fills.every(({ after }) => after >= 0), sim.truth.position, sim.running]).toEqual([true, 0, null]);
});

test("[F-33] a close whose reply is lost is looked up before another is sent", () => {
  // given
  const sim = openLong({
    settings: normal({ max_hold_seconds: 10 }),
    faults: [
      { on: "place-order x1", fault: { kind: "reply-lost" } },
      { on: "report x1*", fault: { kind: "untold" }, times: 5 },
    ],
  });
  // when
  sim.advance(20_000);
  // then
  expect([sim.commands.filter(({ kind }) => kind === "place-order").length, sim.truth.position, sim.running]).toEqual([
    2,
    0,
    null,
  ]);
});

test("[F-54] closes that fail again and again come ever more seldom, and raise the alarm", () => {
  // given
  const sim = openLong({
    settings: normal({ max_hold_seconds: 10 }),
    faults: [{ on: "place-order x*", fault: { kind: "refused", code: -1008 }, times: 100 }],
  });
  // when
  sim.advance(70_000);
  // then
  const closes = sim.commands.filter((command) => command.kind === "place-order" && command.role === "x");
  expect([closes.length < 15, sim.core.safeMode?.reason, sim.truth.coveringStops]).toEqual([
    true,
    "CANNOT_PROTECT",
    [639_640],
  ]);
});

test("[F-54] closes of a naked position that are refused for minutes: SAFE MODE, and a stop rests in the end", () => {
  // given: the first stop never arrives
  const sim = restingEntry({
    faults: [
      { on: "place-algo f1", fault: { kind: "request-lost" } },
      { on: "place-order x*", fault: { kind: "refused", code: -1008 }, times: 1_000 },
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(120_000);
  // then
  expect([sim.truth.position, sim.core.safeMode?.reason, sim.truth.coveringStops]).toEqual([
    10,
    "CANNOT_PROTECT",
    [639_640],
  ]);
});

/** When closes leave, in seconds, of a position that no stop covers, because stops are not taken. */
function closesOfNaked(faults: NonNullable<Story["faults"]>): { readonly sim: Simulation; readonly times: number[] } {
  const times: number[] = [];
  const sent = (command: Command, at: Micros): void => {
    if (command.kind === "place-order" && command.role === "x") times.push(at / 1_000_000);
  };
  const refusedStops = { on: "place-algo*", fault: { kind: "refused", code: -1016 }, times: 1_000 } as const;
  const sim = restingEntry({ faults: [refusedStops, ...faults], watch: () => ({ sent }) });
  sim.traded(639_999, 10, "sell");
  return { sim, times };
}

function mostInAMinute(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + 60).length));
}

test("[I-21] closes of a naked position come at least every ten seconds, and at most ten in a minute", () => {
  // given
  const { sim, times } = closesOfNaked([
    { on: "place-order x*", fault: { kind: "refused", code: -4131 }, times: 1_000 },
  ]);
  // when
  sim.advance(300_000);
  // then
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect([Math.max(...waits) <= 10.1, mostInAMinute(times) <= 10, sim.truth.position]).toEqual([true, true, 10]);
});

test("[I-01] a close of a naked position that got lost goes again once it is not found, not after a back-off", () => {
  // given
  const { sim, times } = closesOfNaked([
    { on: "place-order x*", fault: { kind: "refused", code: -4131 }, times: 3 },
    { on: "place-order x*", fault: { kind: "request-lost" }, times: 2 },
  ]);
  // when
  sim.advance(60_000);
  // then
  const [lost = 0, again = 0, last = 0] = times.slice(3);
  expect([times.length, again - lost < 4, last - again < 4, sim.truth.position]).toEqual([6, true, true, 0]);
});

test("[I-21] closes of a naked position that get lost for minutes leave at most ten times a minute", () => {
  // given
  const { sim, times } = closesOfNaked([{ on: "place-order x*", fault: { kind: "request-lost" }, times: 1_000 }]);
  // when
  sim.advance(300_000);
  // then
  expect([mostInAMinute(times) <= 10, times.length > 25, sim.truth.position]).toEqual([true, true, 10]);
});

test("[F-27] a person who closes by hand leaves no stop and no trade behind", () => {
  // given
  const sim = openLong();
  // when
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true" });
  sim.advance(30_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
});

test("[ORD-4] the summary counts what the exchange counts", () => {
  // given
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  // when
  sim.quote({ bid: 640_100 });
  sim.advance(12_000);
  // then
  const fees = sim.truth.fills.reduce((sum, { fee }) => sum + fee, 0n);
  expect(sim.trades).toEqual([
    expect.objectContaining({ quantity: 10, grossPnl: 10_000_000n, fees, netPnl: 10_000_000n - fees, makerShare: 0.5 }),
  ]);
});

test("[ORD-4] the summary says how far the price went both ways, and what the entry cost against the mid", () => {
  // given: bought at the bid, half a tick below the mid
  const sim = openLong({ settings: normal({ max_hold_seconds: 10 }) });
  // when
  for (const bid of [640_200, 639_900, 640_000]) {
    sim.quote({ bid });
    sim.advance(1_000);
  }
  sim.advance(10_000);
  // then
  expect(sim.trades).toEqual([
    expect.objectContaining({
      favourableTicks: 200,
      adverseTicks: 100,
      slippageTicks: -0.5,
      arrivalSlippageTicks: -0.5,
    }),
  ]);
});

test("[EXE-6] the hold counts from the first fill, and a decision may ask for a shorter one", () => {
  // given
  const settings = normal({ max_hold_seconds: 60, order_timeout_seconds: 15, entry_max_seconds: 20 });
  const sim = restingEntry({ settings }, { holdMicrosMax: microsFromSeconds(5) });
  sim.advance(9_000);
  sim.traded(639_999, 10, "sell");
  // when
  sim.advance(4_900);
  const before = sim.truth.position;
  sim.advance(500);
  // then
  expect([before, sim.truth.position]).toEqual([10, 0]);
});

test("[SAF-5] a stop that is to end flat closes the position, and then nothing is open", () => {
  // given
  const sim = openLong();
  // when
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(2_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.core.isFlat(sim.now)]).toEqual([0, [], true]);
});

test("[F-07] what happened while the private stream was away is learnt from the exchange", () => {
  // given
  const sim = openLong();
  // when: the stop closes the position, and nobody tells
  sim.disconnect();
  sim.quote({ bid: 639_630 });
  sim.traded(639_640, 1, "sell");
  sim.advance(2_000);
  sim.reconnect();
  sim.advance(5_000);
  // then
  expect([sim.truth.position, sim.running, sim.trades[0]?.exitReason]).toEqual([0, null, "STOP_LOSS"]);
});
