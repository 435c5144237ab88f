/** Cases of the failure catalogue about the stop, each with its injection, judged by what the exchange has. */

import { expect, test } from "vitest";
import { lots } from "../../../src/domain/units.ts";
import { answer, html, of, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal, plainExits } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";
import type { Fault, ScriptedFault } from "../support/wire.ts";

const rest = { through: "rest" } as const;
const trailing = normal(
  { max_hold_seconds: 600 },
  {
    ...plainExits,
    trailing: { enabled: true, activation_r: 0.5, distance_r: 0.5 },
    stop_moves: { min_step_r: 0.05, min_interval_ms: 500 },
  },
);

/** The price goes there, and somebody trades at it. */
function goTo(sim: Simulation, bid: number, milliseconds = 1_000): void {
  sim.quote({ bid });
  sim.traded(bid, 1, "sell");
  sim.advance(milliseconds);
}

/** Levels at which stops of a role were asked for. */
function triggers(sim: Simulation, role: string): readonly number[] {
  return sim.commands.flatMap((command) =>
    command.kind === "place-algo" && command.role === role ? [command.trigger] : [],
  );
}

test("[F-04] the price falls through the stop while its placement is in flight: closed at once, never wider", () => {
  // given
  const measures = measured();
  const sim = restingEntry({ ...rest, watch: measures.watch });
  sim.traded(639_999, 10, "sell");
  sim.advance(30);
  // when
  goTo(sim, 639_500, 2_000);
  // then
  expect([sim.truth.position, triggers(sim, "f"), measures.of().nakedMs < 250, sim.core.safeMode]).toEqual([
    0,
    [639_640],
    true,
    null,
  ]);
  expectSettled(sim);
});

test("[F-04] the price falls through the new level while a trailing move is in flight: closed at once", () => {
  // given
  const sim = openLong({ ...rest, settings: trailing });
  goTo(sim, 640_400, 30);
  // when: the move to 640,220 is on the wire
  goTo(sim, 640_100, 3_000);
  // then
  expect([sim.truth.position, sim.trades[0]?.exitReason]).toEqual([0, "TRAILING_STOP"]);
  expectSettled(sim);
});

test("[F-04] a close that is refused after −2021 goes again and again, and is an alarm", () => {
  // given
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "place-algo f*", fault: refusal(-2021), times: 100 },
      { on: "place-order x*", fault: refusal(-4131), times: 30 },
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(20_000);
  const alarmed = sim.core.safeMode?.reason;
  sim.advance(180_000);
  // then
  expect([alarmed, triggers(sim, "f").every((level) => level >= 639_640)]).toEqual(["CANNOT_PROTECT", true]);
  expectSettled(sim);
});

const secondLegs: readonly (readonly [string, Fault | "crash"])[] = [
  ["−2021", refusal(-2021)],
  ["−4130", refusal(-4130)],
  [
    "503 with the unknown-error text, executed",
    answer(503, "Unknown error, please check your request or try again later.", true),
  ],
  [
    "503 with the unknown-error text, not executed",
    answer(503, "Unknown error, please check your request or try again later."),
  ],
  ["429", { ...answer(429, '{"code":-1003,"msg":"Too many requests."}'), retryAfterSeconds: 2 }],
  ["a crash", "crash"],
];

test.each(secondLegs.flatMap(([what, fault]) => [1, 2, 3].map((move) => [move, what, fault] as const)))(
  "[F-05] move %i of the stop fails with %s: the old level holds, or the position is closed",
  (move, _, fault) => {
    // given
    const measures = measured();
    const faults: readonly ScriptedFault[] = fault === "crash" ? [] : [{ on: `place-algo r${move}`, fault }];
    const sim = openLong({ ...rest, settings: trailing, watch: measures.watch, faults });
    const before = measures.of().nakedMs;
    // when: three moves
    for (const [index, bid] of [640_300, 640_450, 640_600].entries()) {
      goTo(sim, bid, fault === "crash" && index + 1 === move ? 30 : 1_200);
      if (fault !== "crash" || index + 1 !== move) continue;
      sim.kill();
      sim.advance(1_000);
      sim.restart();
      sim.advance(3_000);
    }
    sim.advance(10_000);
    // then
    expect([measures.of().until(sim.now).nakedMs, measures.of().isTightening]).toEqual([before, true]);
    expect(sim.truth.position === 0 || (sim.truth.coveringStops[0] ?? 0) >= 640_120).toBe(true);
  },
);

test.each([
  ["−4120", refusal(-4120)],
  ["a code that nobody knows", refusal(-9_999)],
  ["HTML", answer(400, html)],
] as const)("[F-12] from some moment on stops are answered with %s: closed, SAFE MODE, no entry", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-algo*", fault, times: 1_000 }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(4_000);
  const after = [sim.truth.position, sim.core.safeMode !== null];
  sim.decide();
  sim.advance(1_000);
  // then
  expect([after, reached(sim, "place-order e").length]).toEqual([[0, true], 1]);
});

test("[F-12] where the stop path is refused at the start, nothing is entered", () => {
  // given: another run, to which every stop is refused
  const sim = simulate(rest);
  sim.kill();
  sim.wire.script([{ on: "place-algo*", fault: refusal(-4120), times: 1_000 }]);
  sim.restart();
  sim.advance(3_000);
  // when
  sim.decide();
  sim.advance(1_000);
  // then
  expect([reached(sim, "place-order e"), sim.core.safeMode?.reason]).toEqual([[], "CANNOT_PROTECT"]);
});

test.each([60_000, 3_600_000])(
  "[F-16] the daemon is away for %i ms and the price gaps through the stop: it rests on the exchange",
  (ms) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 7_200 }) });
    sim.kill();
    sim.advance(ms / 2);
    // when
    goTo(sim, 632_000, ms / 2);
    const meanwhile = sim.truth.position;
    sim.restart();
    sim.advance(20_000);
    // then
    expect(meanwhile).toBe(0);
    expectSettled(sim);
  },
);

const foreignStop = { algoType: "CONDITIONAL", side: "SELL", type: "STOP_MARKET", closePosition: "true" };

test.each([
  ["looser than ours", "63000", 639_640],
  ["tighter than ours", "63980", 639_800],
] as const)(
  "[F-22] a close-position stop of a human, %s: ours rests beside it for the quantity",
  (_, triggerPrice, nearest) => {
    // given
    const measures = measured();
    const sim = restingEntry({ ...rest, watch: measures.watch });
    sim.foreign("POST", "algoOrder", { ...foreignStop, triggerPrice, clientAlgoId: "web_1" });
    // when
    sim.traded(639_999, 10, "sell");
    sim.advance(3_000);
    // then
    expect([sim.truth.coveringStops[0], sim.truth.coveringStops.includes(639_640), sim.core.safeMode]).toEqual([
      nearest,
      true,
      null,
    ]);
    expect([measures.of().nakedMs < 250, sim.truth.open.includes("web_1")]).toEqual([true, true]);
  },
);

test("[F-22] a stale close-position stop of a former trade of ours: covered at our level all the same", () => {
  // given: a stop of ours that no running trade knows
  const sim = restingEntry(rest);
  sim.foreign("POST", "algoOrder", { ...foreignStop, triggerPrice: "63000", clientAlgoId: "sd-3k9f2x1a-f1-zz" });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(5_000);
  // then
  expect([sim.truth.coveringStops.includes(639_640), sim.core.safeMode]).toEqual([true, null]);
});

const children: readonly (readonly [string, readonly ScriptedFault[]])[] = [
  ["before the algo's own event", [{ on: "algo f1 TRIGGER*", fault: { kind: "told-late", ms: 2_000 }, times: 3 }]],
  ["after it", [{ on: "report f1*", fault: { kind: "told-late", ms: 2_000 }, times: 3 }]],
  [
    "without it",
    [
      { on: "algo f1 TRIGGER*", fault: { kind: "untold" }, times: 3 },
      { on: "algo f1 FINISHED", fault: { kind: "untold" } },
    ],
  ],
  [
    "without any event",
    [
      { on: "algo f1*", fault: { kind: "untold" }, times: 9 },
      { on: "report f1*", fault: { kind: "untold" }, times: 9 },
    ],
  ],
];

test.each(children)("[F-23] the fill of the triggered stop is told %s: booked once, at its own price", (_, faults) => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 600 }) });
  sim.wire.script(faults);
  // when
  goTo(sim, 639_600, 90_000);
  // then
  expectSettled(sim);
  expect(sim.trades.map(({ exitReason }) => exitReason)).toEqual(["STOP_LOSS"]);
});

const parts = [
  { total: 10, each: 5, crashAt: -1 },
  { total: 10, each: 1, crashAt: -1 },
  { total: 10, each: 1, crashAt: 3 },
  { total: 10, each: 2, crashAt: 0 },
  { total: 30, each: 1, crashAt: -1 },
  { total: 30, each: 1, crashAt: 20 },
];

test.each(parts)(
  "[F-24] an entry of $total lots that fills by $each (crash after part $crashAt) is covered as a whole at all times",
  (story) => {
    // given
    const { total, each, crashAt } = story;
    const measures = measured();
    const settings = {
      ...normal({ order_timeout_seconds: 60, entry_max_seconds: 80, max_hold_seconds: 600 }),
      risk: { base_risk_fraction: 0.5, max_notional: 5_000, max_exposure_fraction: 1 },
    };
    const size = { kind: "lots", quantity: lots(total) } as const;
    const sim = restingEntry({ ...rest, settings, watch: measures.watch }, { size });
    // when
    for (let part = 0; part * each < total; part += 1) {
      sim.traded(639_999, each, "sell");
      sim.advance(200);
      if (part !== crashAt) continue;
      sim.kill();
      sim.traded(639_999, each, "sell");
      sim.advance(500);
      sim.restart();
      sim.advance(2_000);
    }
    // then: one stop for all there is, from the first part on
    expect([
      measures.of().nakedMs < 250,
      sim.truth.position === total || crashAt >= 0,
      sim.truth.coveringStops.length > 0,
    ]).toEqual([true, true, true]);
    expect(triggers(sim, "f").length).toBe(1);
  },
);

test.each([
  ["GET openAlgoOrders", answer(500, "")],
  ["GET openOrders", answer(500, "")],
  ["GET openAlgoOrders", { kind: "stale", ms: 10_000 }],
  ["GET openOrders", { kind: "stale", ms: 10_000 }],
] as const)(
  "[F-30] after a restart %s alone fails or lags (%j): nothing is doubled and nothing forgotten",
  (on, fault) => {
    // given: the stop lives in one service, an entry that works in the other
    const measures = measured();
    const settings = normal({ order_timeout_seconds: 30, entry_max_seconds: 60, max_hold_seconds: 600 });
    const sim = restingEntry({ ...rest, settings, watch: measures.watch });
    sim.traded(639_999, 4, "sell");
    sim.advance(100);
    // when
    sim.kill();
    sim.wire.script([{ on, fault, times: 6 }]);
    sim.advance(500);
    sim.restart();
    sim.advance(20_000);
    // then
    const kinds = sim.truth.openAlgos.map(({ type }) => type).toSorted();
    expect([kinds, sim.truth.coveringStops, measures.of().nakedMs < 250]).toEqual([
      ["STOP_MARKET", "TAKE_PROFIT_MARKET"],
      [639_640],
      true,
    ]);
    sim.wire.heal();
    sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
    sim.advance(30_000);
    expectSettled(sim);
  },
);

test("[F-30] each cancel goes to the service in which its order lives", () => {
  // given: an entry that works beside a stop
  const sim = restingEntry({ ...rest, settings: normal({ partial_fill_min_ratio: 1 }) });
  sim.traded(639_999, 4, "sell");
  // when: the entry times out, and then the position is closed
  sim.advance(60_000);
  // then
  const cancels = sim.adapterWire.arrivals.map(({ name }) => name).filter((name) => name.startsWith("cancel-"));
  expect(cancels.filter((name) => /^cancel-order (f|r|t)|^cancel-algo (e|x)/.test(name))).toEqual([]);
  expect(of(sim, "e")).toContain("cancel-order e1");
  expectSettled(sim);
});
