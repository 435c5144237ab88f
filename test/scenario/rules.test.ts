/** The exchange's rules change while the daemon runs. */

import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import { lots, symbolIndex, ticks } from "../../src/domain/units.ts";
import type { RulesChange } from "../../src/exchange/protocol.ts";
import { refusal } from "./support/errors.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { measured } from "./support/measures.ts";
import { normal } from "./support/settings.ts";
import { type Simulation, simulate } from "./support/simulate.ts";
import { expectSettled, reached } from "./support/verdict.ts";

const rest = { through: "rest" } as const;

function change(sim: Simulation, rules: RulesChange): void {
  sim.exchange.changeRules(symbolIndex(0), rules);
}

/** The market goes on for a while; after an hour the rules have been read. */
function pass(sim: Simulation, minutes: number): void {
  for (let minute = 0; minute < minutes; minute += 1) {
    sim.advance(60_000);
    sim.traded(sim.quoted.bid + 150, 1, "buy");
    sim.traded(sim.quoted.bid - 150, 1, "sell");
  }
}

/** A decision on a market that has been quiet for long. */
function decideAnew(sim: Simulation, changes: Partial<Decision> = {}): void {
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide(changes);
}

const refusals = (sim: Simulation): readonly unknown[] =>
  sim.notices("ORDER_REFUSED").map(({ fields }) => fields["refusal"]);

test.each(["0.5", "1.0"])(
  "[F-77] the tick becomes %s between entry and stop: the stop goes out again at once, on the new grid and not looser",
  (tickSize) => {
    // given
    const measures = measured();
    const story = { ...rest, settings: normal({ max_hold_seconds: 60 }), watch: measures.watch };
    const sim = restingEntry(story, { stopLoss: ticks(639_642) });
    change(sim, { tickSize });
    // when
    sim.traded(639_999, 10, "sell");
    sim.advance(1_000);
    // then
    const stops = sim.truth.coveringStops;
    expect([stops, refusals(sim), sim.core.safeMode, measures.of().nakedMs < 250]).toEqual([
      [639_650],
      [-4014],
      null,
      true,
    ]);
    sim.advance(120_000);
    expectSettled(sim);
  },
);

test("[F-77] a grid that no next decade meets cannot be protected on: closed, SAFE MODE", () => {
  // given
  const sim = restingEntry({ ...rest, settings: normal() }, { stopLoss: ticks(639_642) });
  change(sim, { tickSize: "0.7" });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(5_000);
  // then
  expect([sim.truth.position, sim.core.safeMode?.reason]).toEqual([0, "CANNOT_PROTECT"]);
});

test("[F-77] a refusal for the grid has the rules read, and what leaves from then on is on it", () => {
  // given
  const sim = restingEntry({ ...rest, settings: normal({ max_hold_seconds: 600 }) }, { stopLoss: ticks(639_642) });
  change(sim, { tickSize: "0.5" });
  const before = reached(sim, "GET exchangeInfo").length;
  sim.traded(639_999, 10, "sell");
  sim.advance(10_000);
  // when
  for (const stop of sim.truth.openAlgos) sim.foreign("DELETE", "algoOrder", { clientAlgoId: stop.id });
  sim.advance(1_000);
  // then: the half is known now
  expect([
    reached(sim, "GET exchangeInfo").length - before,
    sim.truth.coveringStops,
    sim.notices("EXCHANGE_RULES_CHANGED").map(({ fields }) => fields["change"]),
  ]).toEqual([1, [639_645], ["tickSize 0.10 → 0.5"]]);
});

test("[F-77] a coarser tick and step with a position open: its stop stays, it is closed whole, and the next trade is on the new grid", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 7_200 }) });
  change(sim, { tickSize: "1.0", stepSize: "0.004" });
  pass(sim, 61);
  const meanwhile = sim.truth.coveringStops;
  // when
  sim.tell({ kind: "control", by: "test", action: "flatten" }, sim.now);
  sim.advance(20_000);
  const closed = [sim.truth.position, sim.running, refusals(sim)];
  sim.control("resume");
  sim.quote({ bid: 640_013 });
  decideAnew(sim, { stopLoss: ticks(639_642) });
  sim.advance(1_000);
  const [entry] = sim.truth.openOrders;
  sim.traded(640_009, 1_000, "sell");
  sim.advance(1_000);
  // then
  expect([meanwhile, closed, sim.core.safeMode]).toEqual([[639_640], [0, null, []], null]);
  expect(Object.keys(sim.core.summary().blocked)).toEqual([]);
  const wanted = Math.ceil((sim.running?.plan.stopLoss ?? 0) / 10) * 10;
  expect([(entry?.price ?? 1) % 10, sim.truth.position > 0, sim.truth.position % 4, sim.truth.coveringStops]).toEqual([
    0,
    true,
    0,
    [wanted],
  ]);
});

test("[F-77] the step becomes coarser than the position just before it is closed: closed whole", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
  change(sim, { stepSize: "0.007" });
  // when
  sim.advance(60_000);
  // then
  expectSettled(sim);
});

test("[F-77] a larger minimum notional holds for the next entry once the rules are read", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  change(sim, { minNotional: "100000" });
  pass(sim, 61);
  // when
  decideAnew(sim);
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["SIZE_TOO_SMALL"]]);
});

test("[F-77] quantities of the decision are taken down to the new step", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  change(sim, { stepSize: "0.004" });
  pass(sim, 61);
  // when
  decideAnew(sim, { size: { kind: "lots", quantity: lots(10) } });
  sim.advance(1_000);
  // then
  expect([sim.truth.openOrders.map(({ quantity }) => quantity), refusals(sim)]).toEqual([[8], []]);
});

test.each(["BREAK", "SETTLING", "PENDING_TRADING"])(
  "[F-58] a symbol in %s while a position is open: the stop stays, nothing is entered until it trades again",
  (status) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 7_200 }) });
    change(sim, { status });
    pass(sim, 61);
    const meanwhile = sim.truth.coveringStops;
    sim.control("flatten");
    sim.advance(20_000);
    sim.control("resume");
    // when
    sim.sent();
    sim.decide();
    sim.advance(1_000);
    const off = [sim.sent(), Object.keys(sim.core.summary().blocked)];
    change(sim, { status: "TRADING" });
    pass(sim, 6);
    sim.sent();
    decideAnew(sim);
    sim.advance(100);
    // then
    expect([meanwhile, off, sim.sent()]).toEqual([[639_640], [[], ["ACCOUNT_NOT_SET_UP"]], ["place-order e1"]]);
  },
);

test("[F-77] a stop path that is proven anew on a grid that has changed meanwhile: no SAFE MODE, and proven once the rules are read", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  change(sim, { tickSize: "1.0", stepSize: "0.004" });
  pass(sim, 1);
  // when: a doubt about our authority has it proven anew
  sim.wire.script([{ on: "place-order e1", fault: refusal(-2015, 401) }]);
  decideAnew(sim);
  sim.advance(30_000);
  // then
  expect(sim.core.safeMode?.reasons ?? []).not.toContain("CANNOT_PROTECT");
  expect([sim.core.desks[0]?.setUp, sim.core.desks[0]?.instrument.lotStep]).toEqual(["proven", 4]);
});
