/** Cases of the failure catalogue about people at the same account, judged by what the exchange has. */

import { expect, test } from "vitest";
import { answer, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";
import type { ScriptedFault } from "../support/wire.ts";

const rest = { through: "rest" } as const;
const long = normal({ max_hold_seconds: 600 });

function market(sim: Simulation, side: "BUY" | "SELL", quantity: string): void {
  sim.foreign("POST", "order", { side, type: "MARKET", quantity, newClientOrderId: `web_${side}` });
}

const byHand: readonly (readonly [string, (sim: Simulation) => void, number])[] = [
  ["closes", (sim) => market(sim, "SELL", "0.010"), 0],
  ["closes a part of", (sim) => market(sim, "SELL", "0.004"), 6],
  ["adds to", (sim) => market(sim, "BUY", "0.005"), 15],
  ["flips", (sim) => market(sim, "SELL", "0.020"), -10],
];

test.each(byHand.flatMap(([what, act, lots]) => [0, 3_000, 70_000].map((ms) => [what, ms, act, lots] as const)))(
  "[F-27] a human %s the position after %i ms: the account's word holds, and all of it stays covered",
  (_, ms, act, lots) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    sim.advance(ms);
    // when
    act(sim);
    sim.advance(90_000);
    // then
    const own = sim.core.account.reportedLots(sim.instrument.index);
    expect([sim.truth.position, own, sim.truth.position === 0 || sim.truth.coveringStops.length > 0]).toEqual([
      lots,
      lots,
      true,
    ]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
  },
);

test("[F-27] a human deletes the stop: it is restored; deleted again and again, the position is closed and SAFE MODE says why", () => {
  // given
  const measures = measured();
  const sim = openLong({ ...rest, settings: long, watch: measures.watch });
  // when
  const restored: boolean[] = [];
  for (let turn = 0; turn < 6 && sim.truth.position > 0; turn += 1) {
    for (const stop of sim.truth.openAlgos.filter(({ type }) => type === "STOP_MARKET")) {
      sim.foreign("DELETE", "algoOrder", { clientAlgoId: stop.id });
    }
    sim.advance(1_000);
    restored.push(sim.truth.coveringStops.length > 0);
  }
  sim.advance(20_000);
  // then
  expect([restored[0], measures.of().nakedMs < 500, sim.core.safeMode?.reason]).toEqual([true, true, "CANNOT_PROTECT"]);
  expectSettled(sim);
});

test("[F-27] a human sets a stop of their own: it is left alone, and ours stays", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 60 }) });
  // when
  const stop = { algoType: "CONDITIONAL", side: "SELL", type: "STOP_MARKET", triggerPrice: "63000", quantity: "0.005" };
  sim.foreign("POST", "algoOrder", { ...stop, reduceOnly: "true", clientAlgoId: "web_stop" });
  sim.advance(50_000);
  const meanwhile = sim.truth.coveringStops;
  sim.advance(120_000);
  // then
  expect([meanwhile, sim.truth.position, sim.truth.open]).toEqual([[639_640], 0, ["web_stop"]]);
});

test("[F-27] a human changes the leverage: it is set back before the next entry", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  const before = reached(sim, "POST leverage").length;
  // when
  sim.foreign("POST", "leverage", { leverage: "3" });
  sim.advance(5_000);
  // then
  const config = sim.exchange.request(
    { method: "GET", path: "/fapi/v1/symbolConfig", params: { symbol: "BTCUSDT" } },
    sim.now,
  );
  expect([reached(sim, "POST leverage").length - before, config.body]).toEqual([
    1,
    [expect.objectContaining({ leverage: sim.settings.risk.max_leverage })],
  ]);
});

test("[F-36] the mode was switched to hedge before an entry, which −4061 says: SAFE MODE", () => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-order e1", fault: refusal(-4061) }] });
  // when
  sim.advance(5_000);
  // then
  expect([sim.core.safeMode?.reason, sim.truth.open]).toEqual(["AUTHORITY_LOST", []]);
});

test("[F-36] positions are reported by side while one is open: nothing is concluded, and the stop stays", () => {
  // given
  const rows = '[{"symbol":"BTCUSDT","positionSide":"SHORT","positionAmt":"0.000","entryPrice":"0"}]';
  const sim = openLong({ ...rest, settings: long });
  sim.wire.script([{ on: "GET positionRisk", fault: answer(200, rows), times: 20 }]);
  // when
  sim.advance(120_000);
  // then
  expect([sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([[639_640], 10]);
});

test.each([0, 3_000, 70_000])(
  "[F-27] a human adds to the position after %i ms and our trade is closed: the human's part is never without a stop",
  (ms) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 120 }) });
    sim.advance(ms);
    market(sim, "BUY", "0.005");
    sim.advance(1_000);
    // when
    const closed = sim.trades.length;
    sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
    sim.decide({ direction: "FLAT", action: "EXIT" });
    const naked: number[] = [];
    for (let step = 0; step < 1_000; step += 1) {
      sim.advance(20);
      if (sim.truth.position > 0 && sim.truth.coveringStops.length === 0) naked.push(step * 20);
    }
    // then
    expect([closed, sim.trades.length > 0, naked]).toEqual([0, true, []]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
  },
);

test("[F-27] a human adds while messages are lost and our trade closes: the last of them tells what is left, and it keeps its stop", () => {
  // given
  const measures = measured();
  const sim = openLong({ ...rest, settings: long, watch: measures.watch });
  const { nakedMs: entering } = measures.of();
  sim.wire.isStreamDown = true;
  market(sim, "BUY", "0.010");
  sim.wire.isStreamDown = false;
  // when
  sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  const left = [sim.truth.position, sim.trades.length, sim.notices("STOP_LEFT_TO_OTHERS").length];
  sim.advance(15_000);
  // then
  const { nakedMs } = measures.of().until(sim.now);
  expect([left, nakedMs, sim.running?.ledger.position]).toEqual([[10, 1, 1], entering, 10]);
});

test("[F-27] a human adds while messages are lost, and so is what our last execution left: a read tells, and it keeps its stop", () => {
  // given
  const measures = measured();
  const sim = openLong({ ...rest, settings: long, watch: measures.watch });
  const { nakedMs: entering } = measures.of();
  sim.wire.isStreamDown = true;
  market(sim, "BUY", "0.010");
  // when
  sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(4_000);
  const left = [sim.truth.position, sim.trades.length, sim.notices("STOP_LEFT_TO_OTHERS").length];
  sim.wire.isStreamDown = false;
  sim.advance(15_000);
  // then
  const { nakedMs } = measures.of().until(sim.now);
  expect([left, nakedMs, sim.running?.ledger.position]).toEqual([[10, 1, 1], entering, 10]);
});

test("[F-27] a human adds to the position and our stop is hit: all of it is closed, and nothing is left behind", () => {
  // given
  const sim = openLong({ ...rest, settings: long });
  market(sim, "BUY", "0.005");
  sim.advance(1_000);
  // when
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(1_000);
  const open = [sim.truth.position, sim.truth.open, sim.notices("STOP_LEFT_TO_OTHERS")];
  sim.advance(90_000);
  // then
  expect([open, sim.truth.open, sim.running]).toEqual([[0, [], []], [], null]);
});

test("[F-27] a human adds and takes it back before our trade is closed: no stop is left behind", () => {
  // given
  const sim = openLong({ ...rest, settings: long });
  market(sim, "BUY", "0.005");
  sim.advance(500);
  market(sim, "SELL", "0.005");
  sim.advance(500);
  // when
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.notices("STOP_LEFT_TO_OTHERS"), sim.trades.length]).toEqual([
    0,
    [],
    [],
    1,
  ]);
});

test.each(["f1", "t1_1"])(
  "[F-27] a human turns the position around while the fate of %s is open: the other side gets its stop at once",
  (order) => {
    // given
    const measures = measured();
    const sim = openLong({
      ...rest,
      settings: long,
      watch: measures.watch,
      faults: unanswered(order),
    });
    // when
    market(sim, "SELL", "0.020");
    sim.advance(20_000);
    const { nakedMs } = measures.of().until(sim.now);
    sim.advance(90_000);
    // then
    const own = sim.core.account.reportedLots(sim.instrument.index);
    expect([nakedMs < 500, sim.truth.position, own, sim.truth.coveringStops.length > 0]).toEqual([
      true,
      -10,
      -10,
      true,
    ]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
  },
);

test.each(["f1", "t1_1"])(
  "[F-27] a human turns the position around while %s is lost, and look-ups of it end in errors: the books follow all the same",
  (order) => {
    // given
    const faults: readonly ScriptedFault[] = [{ on: `place-algo ${order}`, fault: { kind: "request-lost" } }];
    const sim = openLong({ ...rest, settings: long, faults });
    market(sim, "SELL", "0.020");
    sim.advance(10_000);
    // when
    sim.wire.script([{ on: `query-algo ${order}`, fault: refusal(-1007, 408), times: 3 }]);
    sim.advance(20_000);
    // then
    expect([sim.running?.plan.side, sim.running?.ledger.position]).toEqual(["sell", -10]);
  },
);

test("[F-27] a human turns the position around and back while the fate of a target is open: nothing is left in the end", () => {
  // given
  const sim = openLong({ ...rest, settings: long, faults: unanswered("t1_1") });
  market(sim, "SELL", "0.020");
  sim.advance(3_000);
  const turned = sim.truth.openAlgos.filter(({ side, type }) => side === "BUY" && type === "STOP_MARKET");
  // when
  market(sim, "BUY", "0.020");
  sim.advance(60_000);
  // then: our stop went when the position passed zero, so our trade is closed
  expect([turned.length, sim.truth.position, sim.truth.open, sim.running]).toEqual([1, 0, [], null]);
});

test("[F-27] a human turns the position around in the millisecond in which our entry fills: the other side gets its stop at once", () => {
  // given
  const measures = measured();
  const sim = restingEntry({ ...rest, settings: long, watch: measures.watch });
  // when
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  market(sim, "SELL", "0.020");
  sim.advance(20_000);
  // then
  const { nakedMs } = measures.of().until(sim.now);
  expect([nakedMs < 500, sim.truth.position, sim.truth.coveringStops.length]).toEqual([true, -10, 1]);
});

test("[F-27] a human sells while an entry of ours to buy is lost: the short has its stop at once, and keeps it when the entry is given up", () => {
  // given
  const measures = measured();
  const sim = restingEntry({
    ...rest,
    settings: long,
    watch: measures.watch,
    faults: [{ on: "place-order e1", fault: { kind: "request-lost" } }],
  });
  // when
  market(sim, "SELL", "0.005");
  sim.advance(90_000);
  // then
  const { nakedMs } = measures.of().until(sim.now);
  expect([nakedMs < 500, sim.running?.plan.side, sim.core.safeMode?.reason]).toEqual([
    true,
    "sell",
    "UNKNOWN_POSITION",
  ]);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(60_000);
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
});

test("[F-27] the stop of a position that a human has turned around is hit while a target is in doubt: it is closed, and told as a trade", () => {
  // given
  const sim = openLong({ ...rest, settings: long, faults: unanswered("t1_1") });
  market(sim, "SELL", "0.020");
  sim.advance(1_000);
  const [stop] = sim.truth.openAlgos.filter(({ side }) => side === "BUY");
  // when
  sim.quote({ bid: stop?.trigger ?? 0 });
  sim.traded(stop?.trigger ?? 0, 1, "buy");
  sim.advance(90_000);
  // then
  expect([sim.truth.position, sim.running, sim.trades.some(({ trade }) => trade === stop?.trade)]).toEqual([
    0,
    null,
    true,
  ]);
});

/** The order's fate stays open: no reply, no report, and no look-up that is answered. */
function unanswered(order: string): readonly ScriptedFault[] {
  return [
    { on: `place-algo ${order}`, fault: { kind: "reply-lost" } },
    { on: `algo ${order}*`, fault: { kind: "untold" } },
    { on: `query-algo ${order}`, fault: refusal(-1007, 408), times: 1_000 },
  ];
}

/** A human opens five lots beside an entry of ours that rests a while longer, and is then given up. */
function openedBesideEntry(): Simulation {
  const settings = normal({ order_timeout_seconds: 1, on_timeout: "give-up", replace_attempts: 0 });
  const sim = restingEntry({ ...rest, settings });
  market(sim, "BUY", "0.005");
  sim.advance(2_000);
  if (sim.running !== null) throw new Error("the story begins with an entry that was given up");
  return sim;
}

test("[F-27] [I-01] a human opens while our entry rests, and it is given up: what is open keeps its stop", () => {
  // given
  const sim = openedBesideEntry();
  // when
  const naked: number[] = [];
  for (let step = 0; step < 1_500; step += 1) {
    if (sim.truth.coveringStops.length === 0) naked.push(step * 20);
    sim.advance(20);
  }
  // then
  expect([sim.truth.position, sim.running?.ledger.position, naked]).toEqual([5, 5, []]);
});

test("[F-27] [I-23] a human opens while our entry rests, and closes once it is given up: no stop is left behind", () => {
  // given
  const sim = openedBesideEntry();
  const left = sim.truth.open;
  // when
  market(sim, "SELL", "0.005");
  sim.advance(30_000);
  // then
  expect([left, sim.truth.position, sim.truth.open, sim.running]).toEqual([["f1"], 0, [], null]);
});

test("[F-18] [F-27] a human opens while our entry rests: it is looked up ever more seldom, not as fast as answers come", () => {
  // given
  const sim = restingEntry({
    ...rest,
    settings: normal({ max_hold_seconds: 600, entry_max_seconds: 60, order_timeout_seconds: 60 }),
  });
  // when
  market(sim, "BUY", "0.005");
  sim.advance(30_000);
  // then
  const asked = sim.commands.filter(({ kind }) => kind === "query-order").length;
  expect([asked > 2, asked < 20]).toEqual([true, true]);
});

test("[F-27] a human opens while our entry rests, we close that, and the human sells on: the trade is told, and nothing fails", () => {
  // given
  const sim = restingEntry({ ...rest, settings: long });
  market(sim, "BUY", "0.005");
  sim.advance(500);
  sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(200);
  // when
  market(sim, "SELL", "0.005");
  sim.advance(30_000);
  // then
  const told = sim.trades.map(({ side, quantity, exitReason }) => [side, quantity, exitReason]);
  expect([told, sim.truth.position, sim.truth.open]).toEqual([[["buy", 5, "DECISION_EXIT"]], 0, []]);
});

test.each([0, 200, 1_000, 8_000])(
  "[F-27] [I-01] a human adds to a position that we adopted, and we close it %i ms later: nothing is ever without a stop",
  (ms) => {
    // given
    const sim = simulate({ ...rest, settings: normal({ max_hold_seconds: 120 }) });
    market(sim, "BUY", "0.010");
    sim.advance(40_000);
    const adopted = sim.running?.ledger.position;
    market(sim, "BUY", "0.005");
    sim.advance(ms);
    // when
    sim.tell({ kind: "control", by: "test", action: "halt" }, sim.now);
    sim.decide({ direction: "FLAT", action: "EXIT" });
    const naked: number[] = [];
    for (let step = 0; step < 2_000; step += 1) {
      sim.advance(20);
      if (sim.truth.position > 0 && sim.truth.coveringStops.length === 0) naked.push(step * 20);
    }
    // then
    expect([adopted, naked]).toEqual([10, []]);
  },
);
