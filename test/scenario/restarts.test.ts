/** kill −9 and the run after it: nothing is lost, nothing counts twice, and the stop is first. */

import { expect, test } from "vitest";
import type { SettingsChanges } from "../support/core.ts";
import { expectExact } from "./support/exact.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import type { Simulation, Story } from "./support/simulate.ts";

const long = { settings: normal({ max_hold_seconds: 600 }) } satisfies Story;

/** A long whose exit is on the wire for so long when the daemon is killed; the next run starts 100 ms later. */
function killedWhileLeaving(arrivesAfterMs: number, story: Story = {}, lostMs = 0): Simulation {
  const late = { on: "place-order x1", fault: { kind: "request-late", ms: arrivesAfterMs } } as const;
  const sim = openLong({ ...long, ...story, faults: [late, ...(story.faults ?? [])] });
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1);
  sim.kill();
  sim.advance(100);
  sim.restart({ lostMs });
  return sim;
}

/** The account is asked for 20 ms after the start at the earliest, and the answer is here 20 ms later. */
const around = [0, 60, 90, 100, 110, 115, 118, 119, 120, 121, 125, 130, 140, 141, 150, 170, 200, 400, 900];

test.each(around)("[REC-3] an exit of the killed run that arrives %i ms late is booked once", (ms) => {
  const sim = killedWhileLeaving(ms);
  sim.advance(20_000);
  expect([sim.truth.position, sim.running, sim.trades.length, sim.core.safeMode]).toEqual([0, null, 1, null]);
  expectExact(sim);
});

test.each(around)("[REC-3] the same when the first read of the account is answered late (%i ms)", (ms) => {
  const sim = killedWhileLeaving(ms, { faults: [{ on: "query-account", fault: { kind: "reply-late", ms: 150 } }] });
  sim.advance(20_000);
  expect([sim.truth.position, sim.running, sim.trades.length, sim.core.safeMode]).toEqual([0, null, 1, null]);
  expectExact(sim);
});

test.each(around)("[REC-3] the same while the daemon closes the position itself (%i ms)", (ms) => {
  const sim = killedWhileLeaving(ms);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(20_000);
  expect([sim.truth.position, sim.running, sim.trades.length, sim.core.safeMode]).toEqual([0, null, 1, null]);
  expectExact(sim);
});

test.each(around)("[REC-3] the same when the journal lost the trade's executions (%i ms)", (ms) => {
  const late = { on: "query-history", fault: { kind: "reply-late", ms: 300 } } as const;
  const sim = killedWhileLeaving(ms, { faults: [late] }, 5_000);
  sim.advance(20_000);
  expect([sim.truth.position, sim.running, sim.trades.length, sim.core.safeMode]).toEqual([0, null, 1, null]);
  expectExact(sim);
});

test.each([0, 10, 50, 100, 110, 120, 125, 140, 160, 300])(
  "[REC-3] a stop of the killed run that triggers %i ms after the kill is booked once",
  (ms) => {
    const sim = openLong(long);
    sim.kill();
    sim.advance(Math.min(ms, 100));
    if (ms >= 100) sim.restart();
    if (ms > 100) sim.advance(ms - 100);
    sim.quote({ bid: 639_000 });
    sim.traded(639_000, 1, "sell");
    if (ms < 100) sim.advance(100 - ms);
    if (ms < 100) sim.restart();
    sim.advance(20_000);
    expect([sim.truth.position, sim.trades.map(({ exitReason }) => exitReason), sim.core.safeMode]).toEqual([
      0,
      ["STOP_LOSS"],
      null,
    ]);
    expectExact(sim);
  },
);

/** A long whose target was hit while nobody ran, and the daemon started anew a minute later. */
function endedWhileDown(): Simulation {
  const sim = openLong(long);
  sim.kill();
  sim.quote({ bid: 642_000 });
  sim.traded(642_000, 1, "sell");
  sim.advance(60_000);
  sim.restart();
  sim.advance(1_000);
  return sim;
}

test("[REC-1] a trade that ended while the daemon was down gets its summary, with its real executions", () => {
  const sim = endedWhileDown();
  expect([sim.truth.position, sim.trades[0]?.exitReason, sim.trades[0]?.quantity]).toEqual([0, "TAKE_PROFIT", 10]);
  expectExact(sim);
});

test("[ORD-4] what ended while the daemon was down counts in the run that finds it, as its row in the journal does", () => {
  const sim = endedWhileDown();
  // The entry stood in the journal already.
  const { entries, exits, fills, trades, netPnl } = sim.core.summary();
  expect([entries, exits, fills, trades, netPnl]).toEqual([0, 1, 1, 1, sim.trades[0]?.netPnl]);
});

test("[REC-3] executions that the journal lost are fetched, and the books are exact to the fee", () => {
  // given: bought in three parts of which the journal has none
  const sim = restingEntry(long);
  for (const part of [3, 2, 5]) {
    sim.traded(639_999, part, "sell");
    sim.advance(50);
  }
  sim.kill();
  sim.advance(1_000);
  // when
  sim.restart({ lostMs: 5_000 });
  sim.advance(1_000);
  // then
  const { fees, makerLots, ledger, unexplained } = sim.running ?? {};
  expect([fees, makerLots, ledger?.cash, unexplained]).toEqual([
    sim.truth.fills.reduce((sum, { fee }) => sum + fee, 0n),
    10,
    -6_400_000,
    null,
  ]);
});

test("[REC-3] trades that ended in what the journal lost get their summaries", () => {
  // given: two trades, one after the other
  const sim = openLong(long);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  sim.decide();
  sim.advance(100);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.advance(100);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  const before = sim.trades.length;
  sim.kill();
  sim.advance(1_000);
  // when
  sim.restart({ lostMs: 5_000 });
  sim.advance(1_000);
  // then
  expect([before, sim.trades.slice(before).map(({ exitReason }) => exitReason)]).toEqual([
    2,
    ["EARLIER_RUN", "EARLIER_RUN"],
  ]);
  expectExact(sim);
});

/** A long of which settings were taken over that let less be lost, and then those of before again. */
function tightenedLong(): Simulation {
  const sim = openLong(long);
  const trailing = { enabled: true, activation_r: 0.5, distance_r: 0.25 };
  reload(sim, normal({ max_hold_seconds: 60 }, { ...plainExits, trailing }));
  reload(sim, {});
  return sim;
}

function reload(sim: Simulation, changes: SettingsChanges): void {
  sim.core.reconfigure(sim.settingsWith(changes), sim.now);
  sim.quote(sim.quoted);
}

test("[CFG-4] exit rules that a reload tightened and another one loosened stay tight over a restart", () => {
  const sim = tightenedLong();
  const before = sim.running?.rules;
  sim.kill();
  sim.restart();
  sim.advance(1_000);
  expect([before?.trailFromR, before?.trailByR, sim.running?.rules]).toEqual([0.5, 0.25, before]);
});

test("[CFG-4] a hold that a reload shortened and another one lengthened stays short over a restart", () => {
  const sim = tightenedLong();
  const before = sim.running?.holdUntil;
  sim.kill();
  sim.restart();
  sim.advance(1_000);
  expect([before, sim.running?.holdUntil]).toEqual([(sim.running?.entryTime ?? 0) + 60_000_000, before]);
});

test("[CFG-4] what a restart tightened stays so over the next one, whose settings are looser again", () => {
  const sim = openLong(long);
  const { settings } = sim;
  sim.kill();
  sim.settings = sim.settingsWith(normal({}, { ...plainExits, adverse_candle: { enabled: true, atr_multiple: 2 } }));
  sim.restart();
  sim.advance(1_000);
  const before = sim.running?.rules;
  sim.kill();
  sim.settings = settings;
  sim.restart();
  sim.advance(1_000);
  expect([before?.adverseCandleAtr, sim.running?.rules]).toEqual([2, before]);
});

test("[I-11] the first command that changes anything after a restart is the stop, whatever the history does", () => {
  // given: the stop is gone
  const sim = openLong({ ...long, faults: [{ on: "query-history", fault: { kind: "request-lost" }, times: 3 }] });
  sim.kill();
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  sim.advance(100);
  // when
  sim.restart({ lostMs: 5_000 });
  sim.advance(45);
  const first = sim.sentCommands()[0];
  sim.advance(60);
  // then
  expect([first?.kind, sim.truth.coveringStops]).toEqual(["place-algo", [639_640]]);
});

test("[F-78] a history that cannot be read delays nothing but the books", () => {
  // given
  const sim = openLong({ ...long, faults: [{ on: "query-history", fault: { kind: "reply-lost" }, times: 2 }] });
  sim.kill();
  sim.advance(100);
  sim.restart({ lostMs: 5_000 });
  // when
  sim.advance(200);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(500);
  const flat = sim.truth.position;
  sim.advance(20_000);
  // then
  expect([flat, sim.trades.length]).toEqual([0, 1]);
  expectExact(sim);
});

test("[F-78] where no history is to be had, the books stay at the exchange's average, and it is told", () => {
  // given
  const sim = openLong({
    ...long,
    faults: [{ on: "query-history", fault: { kind: "refused", code: -1003 }, times: 99 }],
  });
  sim.kill();
  sim.advance(100);
  sim.restart({ lostMs: 5_000 });
  // when
  sim.advance(30_000);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(20_000);
  // then
  expect([
    sim.notices("BOOKS_UNEXPLAINED").length,
    sim.truth.position,
    sim.core.isFlat(sim.now),
    sim.trades.length,
  ]).toEqual([1, 0, true, 1]);
});

test("[REC-1] a position that was closed without a word is closed in the books with its real executions", () => {
  // given: neither the stop, nor what it sold, nor the account is told
  const sim = openLong({
    settings: normal({ max_hold_seconds: 600 }, plainExits),
    faults: ["algo f1*", "report f1*", "account"].map((on) => ({ on, fault: { kind: "untold" }, times: 9 })),
  });
  // when
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(90_000);
  // then
  expect([sim.truth.position, sim.trades[0]?.exitReason, sim.truth.open, sim.core.safeMode]).toEqual([
    0,
    "STOP_LOSS",
    [],
    null,
  ]);
  expectExact(sim);
});

test("[F-27] a position that somebody closed by hand is closed in the books with their executions", () => {
  // given
  const sim = openLong(long);
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true" });
  // when
  sim.advance(90_000);
  // then
  expect([
    sim.trades[0]?.exitReason,
    sim.notices("CLOSED_BY_OTHERS").length,
    sim.truth.open,
    sim.core.safeMode,
  ]).toEqual(["EXTERNAL", 1, [], null]);
  expectExact(sim);
});

test("[F-27] a part that somebody closed by hand leaves the trade with the rest, its stop and its plan", () => {
  // given
  const sim = openLong(long);
  const trade = sim.running?.plan.trade;
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.004", reduceOnly: "true" });
  // when
  sim.advance(90_000);
  const { plan, ledger } = sim.running ?? {};
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(2_000);
  // then
  expect([plan?.trade, ledger?.position, sim.core.safeMode, sim.truth.position]).toEqual([trade, 6, null, 0]);
  expectExact(sim);
});

test("[F-82] a position that the exchange itself closed ends its trade, and leads to SAFE MODE", () => {
  // given
  const sim = openLong(long);
  const newClientOrderId = "autoclose-1721390000000";
  const order = { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true", newClientOrderId };
  sim.foreign("POST", "order", order);
  // when
  sim.advance(90_000);
  // then
  expect([sim.trades[0]?.exitReason, sim.core.safeMode?.reason, sim.truth.open]).toEqual([
    "EXTERNAL",
    "UNKNOWN_POSITION",
    [],
  ]);
});

test("[F-80] what somebody else bought is not booked as ours", () => {
  // given
  const sim = openLong(long);
  sim.foreign("POST", "order", { side: "BUY", type: "MARKET", quantity: "0.004" });
  // when
  sim.advance(90_000);
  // then
  const told = sim.outputs.flatMap((output) => (output.kind === "fill" ? [output.quantity] : []));
  expect([told, sim.core.safeMode?.reason]).toEqual([[10], "UNKNOWN_POSITION"]);
});

test("[F-31] no stop is placed anew while a trade that has ended waits for its history", () => {
  // given: it ended while the daemon was down
  const sim = openLong({ ...long, faults: [{ on: "query-history", fault: { kind: "reply-late", ms: 2_000 } }] });
  sim.kill();
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(1_000);
  sim.sent();
  // when
  sim.restart({ lostMs: 5_000 });
  sim.advance(20_000);
  // then
  expect([sim.sent().filter((name) => name.startsWith("place-")), sim.trades.length]).toEqual([[], 1]);
  expectExact(sim);
});

test("[F-19] an entry of which nothing is told and which no read finds is protected as soon as the account shows it", () => {
  // given: reply and news are lost, and reads of orders find nothing for three seconds
  const sim = restingEntry({
    ...long,
    faults: [
      { on: "place-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault: { kind: "untold" }, times: 9 },
      { on: "account", fault: { kind: "untold" }, times: 9 },
      { on: "query-order e1", fault: { kind: "refused", code: -2013 }, times: 4 },
      { on: "query-history", fault: { kind: "request-lost" }, times: 2 },
    ],
  });
  sim.traded(639_999, 10, "sell");
  // when: after half a second of silence the account is read, and the stop is sent
  sim.advance(400);
  const naked = sim.truth.coveringStops;
  sim.advance(65);
  // then
  expect([naked, sim.truth.coveringStops]).toEqual([[], [639_640]]);
});

test("[F-19] an entry that the account has shown is booked with its real executions", () => {
  const sim = restingEntry({
    ...long,
    faults: [
      { on: "place-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault: { kind: "untold" }, times: 9 },
      { on: "account", fault: { kind: "untold" }, times: 9 },
      { on: "query-order e1", fault: { kind: "refused", code: -2013 }, times: 99 },
    ],
  });
  sim.traded(639_999, 10, "sell");
  sim.advance(20_000);
  expect([sim.running?.ledger.position, sim.truth.coveringStops, sim.core.safeMode]).toEqual([10, [639_640], null]);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(5_000);
  expectExact(sim);
});

test("[F-06] an entry that rests and fills without its report is protected once the account has told of it", () => {
  // given
  const sim = restingEntry({ ...long, faults: [{ on: "report e1*", fault: { kind: "untold" }, times: 9 }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(600);
  // then
  expect(sim.truth.coveringStops).toEqual([639_640]);
});

test("[F-19] an entry that no read finds is not taken for absent while the account shows what it opened", () => {
  // given: reply and news are lost, and neither the order nor the history can be read
  const sim = restingEntry({
    ...long,
    faults: [
      { on: "place-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault: { kind: "untold" }, times: 9 },
      { on: "account", fault: { kind: "untold" }, times: 9 },
      { on: "query-order e1", fault: { kind: "refused", code: -2013 }, times: 99 },
      { on: "query-history", fault: { kind: "refused", code: -1003 }, times: 99 },
    ],
  });
  sim.traded(639_999, 10, "sell");
  // when: the time of the proof of absence is over
  sim.advance(18_000);
  // then
  expect([sim.truth.coveringStops, sim.core.safeMode]).toEqual([[639_640], null]);
});

test("[F-44] [REC-3] a close that kept being refused goes on in the next run", () => {
  // given: told as executed, and not done when the daemon ends
  const sim = openLong({
    ...long,
    faults: [{ on: "place-order x*", fault: { kind: "refused", code: -1008 }, times: 3 }],
  });
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(2_500);
  const before = [sim.truth.position, sim.trades.length];
  sim.kill();
  // when
  sim.restart();
  sim.advance(10_000);
  // then
  expect([before, sim.truth.position, sim.trades.map(({ exitReason }) => exitReason)]).toEqual([
    [10, 0],
    0,
    ["EARLIER_RUN"],
  ]);
  expectExact(sim);
});
