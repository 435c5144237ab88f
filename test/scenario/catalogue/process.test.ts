/** Cases of the failure catalogue about the process, the service and the start, judged by what the exchange has. */

import { expect, test } from "vitest";
import { z } from "zod";
import { symbolIndex } from "../../../src/domain/units.ts";
import { answer, arrived, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { entryLots, expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const long = normal({ max_hold_seconds: 86_400 });

/** Time passes on a market that goes on, second by second. */
function live(sim: Simulation, seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.advance(1_000);
  }
}

const losses = [
  "report e1 NEW",
  "report e1 FILLED",
  "account",
  "algo f1 NEW",
  "algo f1 TRIGGERED",
  "algo f1 FINISHED",
  "report f1*",
  "report x1 FILLED",
] as const;

test.each(losses)("[F-55] the stream goes on but for `%s`, once: covered in time, and settled in the end", (on) => {
  // given
  const measures = measured();
  const sim = simulate({
    ...rest,
    settings: normal({ max_hold_seconds: 40 }),
    watch: measures.watch,
    faults: [{ on, fault: { kind: "untold" } }],
  });
  // when
  sim.decide();
  sim.advance(100);
  sim.traded(639_999, 10, "sell");
  live(sim, 30);
  const before = [sim.truth.coveringStops, sim.running?.ledger.position];
  sim.quote({ bid: on.includes("f1 T") || on.includes("f1 F") || on.includes("f1*") ? 639_600 : 640_000 });
  live(sim, 90);
  // then
  expect(before).toEqual([[639_640], 10]);
  expectSettled(sim);
});

test.each([1_000, 60_000, 43_200_000])(
  "[F-57] the machine stands still for %i ms with a fill in flight: covered as soon as it goes on, nothing doubled",
  (ms) => {
    // given
    const sim = restingEntry({ ...rest, settings: long });
    sim.traded(639_999, 10, "sell");
    // when
    sim.pause(ms);
    sim.quote(sim.quoted);
    sim.advance(500);
    // then
    expect([sim.truth.coveringStops, entryLots(sim)]).toEqual([[639_640], 10]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expectSettled(sim);
  },
);

test.each([60_000, 43_200_000])(
  "[F-57] after %i ms of standing still no entry follows a decision or a quote from before",
  (ms) => {
    // given
    const sim = simulate({ ...rest, settings: normal() });
    // when: the market's news are as old as the pause
    sim.pause(ms);
    sim.quote({ bid: 640_000, age: ms });
    sim.decide();
    sim.advance(1_000);
    // then
    expect(reached(sim, "place-order e")).toEqual([]);
  },
);

test("[F-57] a clock that jumped ends entries until the exchange's is measured anew", () => {
  // given
  const sim = simulate({ ...rest, settings: { ...normal(), safe_mode: { leave: "clean-reconciliation" } } });
  // when
  sim.tell({ kind: "clock-jump", by: sim.now }, sim.now);
  sim.decide();
  sim.advance(200);
  // then
  expect([sim.core.safeMode?.reason, reached(sim, "place-order e")]).toEqual(["CLOCK_JUMP", []]);
});

const oddRows = [
  { symbol: "XYZUSDT", positionSide: "BOTH", positionAmt: "12", entryPrice: "1.5" },
  { symbol: "測試USDT", positionSide: "BOTH", positionAmt: "-0.000", entryPrice: "0" },
  { symbol: "BTCUSDC", positionSide: "BOTH", positionAmt: "0.0001", entryPrice: "64000" },
  { symbol: "OLDUSDT_240628", positionSide: "BOTH", positionAmt: "-0.00000001", entryPrice: "0.0000001" },
];

test.each(oddRows.map((row) => [row.symbol, row] as const))(
  "[F-60] a position in %s stands beside ours at the start: ours is protected all the same, and the other one told",
  (symbol, row) => {
    // given: its stop is gone, too
    const sim = openLong({ ...rest, settings: long });
    sim.kill();
    for (const { id } of sim.truth.openAlgos) sim.foreign("DELETE", "algoOrder", { clientAlgoId: id });
    const own = { symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "0.010", entryPrice: "64000.0" };
    sim.wire.script([{ on: "GET positionRisk", fault: answer(200, JSON.stringify([own, row].map(asRow))), times: 3 }]);
    // when
    sim.restart();
    sim.advance(5_000);
    // then
    const told = sim.notices("FOREIGN").map(({ fields }) => String(fields["item"]));
    const isOpen = Number(row.positionAmt) !== 0;
    expect([sim.truth.coveringStops, told.some((item) => item.includes(symbol))]).toEqual([[639_640], isOpen]);
  },
);

test.each(["0.003", "0.004", "0.100"])(
  "[F-60] [F-77] the step has become %s when a run begins, between whose lots our position lies: covered again, and closed whole",
  (stepSize) => {
    // given: its stop is gone, too
    const sim = openLong({ ...rest, settings: long });
    sim.kill();
    for (const { id } of sim.truth.openAlgos) sim.foreign("DELETE", "algoOrder", { clientAlgoId: id });
    sim.exchange.changeRules(symbolIndex(0), { stepSize });
    // when
    sim.restart();
    sim.advance(5_000);
    const found = [sim.truth.coveringStops, sim.running?.ledger.position, sim.core.safeMode];
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    // then
    expect([found, sim.notices("POSITION_OFF_GRID").length]).toEqual([[[639_640], 10, null], 1]);
    expectSettled(sim);
  },
);

function asRow(row: object): object {
  return { unRealizedProfit: "0", liquidationPrice: "0", leverage: "10", updateTime: 1, notional: "0", ...row };
}

test.each(["BREAK", "SETTLING", "PENDING_TRADING"])(
  "[F-60] the symbol is in %s when a run begins, and the position has lost its stop: covered again, and closable",
  (status) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    sim.kill();
    for (const { id } of sim.truth.openAlgos) sim.foreign("DELETE", "algoOrder", { clientAlgoId: id });
    sim.exchange.changeRules(symbolIndex(0), { status });
    // when
    sim.restart();
    sim.advance(5_000);
    const found = [sim.truth.coveringStops, sim.running?.ledger.position, sim.core.safeMode];
    sim.sent();
    sim.decide();
    sim.advance(1_000);
    // then
    expect([found, reached(sim, "place-order e").length]).toEqual([[[639_640], 10, null], 1]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expectSettled(sim);
  },
);

test("[F-58] [F-60] nothing is entered in a symbol that is closed at the start, and why is said, until it trades again", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  sim.kill();
  sim.exchange.changeRules(symbolIndex(0), { status: "BREAK" });
  sim.restart();
  sim.advance(5_000);
  // when
  sim.decide();
  sim.advance(1_000);
  const off = [sim.sent(), Object.keys(sim.core.summary().blocked)];
  sim.exchange.changeRules(symbolIndex(0), { status: "TRADING" });
  live(sim, 301);
  sim.sent();
  sim.decide();
  sim.advance(100);
  // then
  expect([off, sim.sent()]).toEqual([[[], ["ACCOUNT_NOT_SET_UP"]], ["place-order e1"]]);
});

const down = '{"code":-1016,"msg":"This service is no longer available."}';

test.each([60_000, 3_600_000, 7_200_000])(
  "[F-71] the exchange is shut for %i ms with a position open, and its stop triggers inside: no storm, and booked",
  (ms) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    sim.wire.script([{ on: "*", fault: answer(503, down), times: 1_000_000 }]);
    sim.disconnect();
    const from = sim.now;
    // when
    sim.advance(ms / 2);
    sim.quote({ bid: 639_600 });
    sim.traded(639_600, 1, "sell");
    sim.advance(ms / 2);
    const asked = arrived(sim, from, ms).length;
    sim.wire.heal();
    live(sim, 120);
    // then
    expect(asked / (ms / 60_000)).toBeLessThanOrEqual(120);
    expectSettled(sim);
  },
);

test("[F-71] after a shutdown everything is read before an entry leaves", () => {
  // given: an order that rested was cancelled inside
  const sim = restingEntry({ ...rest, settings: long });
  sim.wire.script([{ on: "*", fault: answer(503, down), times: 1_000_000 }]);
  sim.disconnect();
  sim.advance(60_000);
  for (const { id } of sim.truth.openOrders) sim.foreign("DELETE", "order", { origClientOrderId: id });
  sim.advance(60_000);
  // when
  const back = sim.adapterWire.arrivals.length;
  sim.wire.heal();
  for (let second = 0; second < 120; second += 1) {
    sim.decide();
    live(sim, 1);
  }
  // then
  const names = sim.adapterWire.arrivals.slice(back).map(({ name }) => name);
  const entry = names.findIndex((name) => name.startsWith("place-order e"));
  const before = names.slice(0, entry);
  expect([entry > 0, before]).toEqual([
    true,
    expect.arrayContaining(["GET positionRisk", "GET openOrders", "GET openAlgoOrders"]),
  ]);
});

test.each([-4046, -4047, -4048])(
  "[F-73] at a start with a position open a setting is refused with %i: the position is protected, entries wait",
  (code) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    sim.foreign("POST", "leverage", { leverage: "3" });
    sim.advance(100);
    sim.kill();
    for (const { id } of sim.truth.openAlgos) sim.foreign("DELETE", "algoOrder", { clientAlgoId: id });
    sim.foreign("POST", "leverage", { leverage: "4" });
    sim.wire.script([{ on: "POST leverage", fault: refusal(code), times: 1_000 }]);
    // when
    sim.restart();
    sim.advance(10_000);
    // then
    expect([sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([[639_640], 10]);
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(60_000);
    expectSettled(sim);
  },
);

test("[F-73] with a position open nothing is set: the leverage follows once it is closed", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 60 }) });
  const before = reached(sim, "POST leverage").length;
  sim.foreign("POST", "leverage", { leverage: "3" });
  sim.advance(30_000);
  const during = reached(sim, "POST leverage").length;
  expect(during).toBe(before);
  // when
  sim.advance(30_000);
  expectSettled(sim);
  sim.advance(600_000);
  // then
  const [row] = z
    .array(z.object({ leverage: z.int() }))
    .parse(sim.exchange.request({ method: "GET", path: "/fapi/v1/symbolConfig", params: {} }, sim.now).body);
  expect([reached(sim, "POST leverage").length > during, row?.leverage]).toEqual([
    true,
    sim.settings.risk.max_leverage,
  ]);
});

test("[F-73] what is as wanted is not set again", () => {
  const sim = openLong({ ...rest, settings: long });
  const before = reached(sim, "POST leverage").length + reached(sim, "POST marginType").length;
  sim.kill();
  sim.restart();
  sim.advance(10_000);
  expect(reached(sim, "POST leverage").length + reached(sim, "POST marginType").length - before).toBe(0);
});

test.each(["leave-protected", "flatten"] as const)(
  "[F-74] asked to stop (%s) while an entry rests and its cancel is lost twice: cancelled and confirmed before the end",
  (policy) => {
    // given
    const sim = restingEntry({
      ...rest,
      settings: long,
      faults: [{ on: "cancel-order e1", fault: { kind: "request-lost" }, times: 2 }],
    });
    sim.traded(639_999, 4, "sell");
    sim.advance(100);
    // when
    sim.tell({ kind: "stop-requested", policy }, sim.now);
    const atOnce = sim.core.isAtRest(sim.now);
    sim.advance(30_000);
    // then
    const entries = sim.truth.openOrders.filter(({ role }) => role === "e");
    expect([atOnce, sim.core.isAtRest(sim.now), entries]).toEqual([false, true, []]);
    expect(policy === "leave-protected" ? sim.truth.coveringStops : sim.truth.position).toEqual(
      policy === "leave-protected" ? [639_640] : 0,
    );
  },
);

test.each([1_000, 600_000, 21_600_000])(
  "[F-70] no name resolves for %i ms with a position open whose time runs out: closed as soon as one does, without a restart",
  (ms) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
    sim.advance(9_700);
    sim.wire.script([{ on: "*", fault: { kind: "unsent" }, times: 1_000_000 }]);
    sim.disconnect();
    // when
    sim.advance(ms);
    const meanwhile = [sim.truth.position, sim.truth.coveringStops];
    sim.wire.heal();
    sim.reconnect();
    sim.advance(120_000);
    // then
    expect(meanwhile).toEqual([10, [639_640]]);
    expectSettled(sim);
  },
);

const deep = 100_000;
const monsters: readonly (readonly [string, string])[] = [
  ["deep lists", "[".repeat(deep) + "]".repeat(deep)],
  ["deep objects", `${'{"a":'.repeat(deep)}1${"}".repeat(deep)}`],
  ["a number of a million digits", `[{"symbol":"BTCUSDT","positionAmt":${"9".repeat(1_000_000)}}]`],
];

test.each(monsters)("[F-76] the account is answered with %s: nothing is concluded, and the stop stays", (_, body) => {
  // given
  const sim = openLong({ ...rest, settings: long });
  sim.wire.script([{ on: "GET positionRisk", fault: answer(200, body), times: 3 }]);
  sim.sent();
  // when
  sim.advance(120_000);
  // then
  expect([sim.sent(), sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([[], [639_640], 10]);
});

test.each([50, 1_000, 30_000])(
  "[F-76] the loop stalls for %i ms with fills waiting: the first order when it goes on is the one that protects",
  (ms) => {
    // given: four lots filled, and a decision to enter once more waits as well
    const sim = restingEntry({ ...rest, settings: long });
    sim.traded(639_999, 4, "sell");
    sim.sent();
    // when
    sim.pause(ms);
    sim.decide();
    sim.advance(100);
    // then
    const placed = sim.sent().filter((name) => name.startsWith("place-"));
    expect([placed[0], sim.truth.coveringStops]).toEqual(["place-algo f1", [639_640]]);
  },
);
