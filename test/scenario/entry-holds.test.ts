/** What a refused entry holds back, until when, and what it never holds back. */

import { expect, test } from "vitest";
import { refusal } from "./support/errors.ts";
import { normal } from "./support/settings.ts";
import { type Simulation, simulate } from "./support/simulate.ts";
import { expectSettled, reached } from "./support/verdict.ts";

const rest = { through: "rest" } as const;

/** A decision each second on a market that lives, for so long. */
function decideFor(sim: Simulation, seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    if (second % 10 === 0) {
      sim.quote(sim.quoted);
      sim.traded(sim.quoted.bid + 150, 1, "buy");
      sim.traded(sim.quoted.bid + (second % 20 === 0 ? 5 : 100), 1, "buy");
    }
    sim.decide();
    sim.advance(1_000);
  }
}

function entriesSent(sim: Simulation): number {
  return reached(sim, "place-order e").length;
}

function refusedOnce(code: number, status = 400): Simulation {
  const faults = [{ on: "place-order e1", fault: refusal(code, status) }];
  return simulate({ ...rest, settings: normal({ order_timeout_seconds: 1, entry_max_seconds: 2 }), faults });
}

test.each([
  [-2010, 0, 4],
  [-1008, 0, 4],
  [-1102, 0, 4],
  [-1003, 50, 15],
  [-1015, 50, 15],
  [-2018, 4, 6],
  [-2019, 4, 6],
  [-2027, 4, 6],
  [-2028, 4, 6],
  [-1016, 0, 4],
  [-4087, 290, 15],
  [-4105, 290, 15],
  [-4106, 290, 15],
  [-4107, 290, 15],
  [-4140, 290, 15],
  [-4141, 290, 15],
  [-4192, 290, 15],
  [-4400, 290, 15],
])(
  "[SAF-2] an entry refused with %i holds entries back for %i s, and is tried again within %i s after",
  (code, held, then) => {
    // given
    const sim = refusedOnce(code, code === -1008 || code === -1016 ? 503 : 400);
    sim.decide();
    sim.advance(500);
    const first = entriesSent(sim);
    // when
    decideFor(sim, held);
    const meanwhile = entriesSent(sim);
    decideFor(sim, then);
    // then
    expect([first, meanwhile, entriesSent(sim) > 1]).toEqual([1, 1, true]);
    expect(Object.keys(sim.core.summary().blocked)).toContain("ENTRIES_REFUSED");
  },
);

test.each([-2020, -5021, -5022, -5041])(
  "[SAF-2] %i is an outcome of every day: the next decision is followed",
  (code) => {
    // given
    const sim = refusedOnce(code);
    sim.decide();
    sim.advance(500);
    // when
    sim.decide();
    sim.advance(100);
    // then
    expect([entriesSent(sim), Object.keys(sim.core.summary().blocked)]).toEqual([2, []]);
  },
);

test.each([-2010, -2019, -2027])("[F-64] %i for an hour, with a decision each second: no storm of entries", (code) => {
  // given
  const fault = refusal(code);
  const sim = simulate({ ...rest, settings: normal(), faults: [{ on: "place-order e*", fault, times: 10_000 }] });
  // when
  decideFor(sim, 3_600);
  const refused = entriesSent(sim);
  sim.wire.heal();
  decideFor(sim, 700);
  // then
  expect([refused <= 70, entriesSent(sim) > refused]).toEqual([true, true]);
});

test("[SAF-2] an entry refused for its margin waits for a reconciliation that finds nothing wrong", () => {
  // given
  const sim = refusedOnce(-2019);
  sim.wire.script([{ on: "GET balance", fault: refusal(-1000, 500), times: 20 }]);
  sim.decide();
  // when
  decideFor(sim, 20);
  const before = entriesSent(sim);
  sim.wire.heal();
  decideFor(sim, 40);
  // then
  expect([before, entriesSent(sim) > 1]).toEqual([1, true]);
});

test.each([-1003, -2019, -4400])(
  "[SAF-2] a position that is open while entries are held by %i is protected and closed",
  (code) => {
    // given: the second order of an entry is refused
    const settings = normal({
      order_timeout_seconds: 2,
      entry_max_seconds: 6,
      on_timeout: "cross",
      max_hold_seconds: 20,
    });
    const sim = simulate({ ...rest, settings, faults: [{ on: "place-order e2", fault: refusal(code) }] });
    sim.decide();
    sim.advance(100);
    sim.traded(sim.quoted.bid - 1, 4, "sell");
    sim.advance(5_000);
    // when
    const meanwhile = [sim.truth.position > 0, sim.truth.coveringStops.length];
    sim.advance(40_000);
    // then
    expect(meanwhile).toEqual([true, 1]);
    expectSettled(sim);
  },
);

test.each([-4028, -4202, -4209, -2028, -4161])(
  "[SAF-2] a leverage refused with %i turns the symbol's entries off until it is taken",
  (code) => {
    // given
    const sim = simulate({ ...rest, settings: normal() });
    sim.wire.script([{ on: "POST leverage", fault: refusal(code), times: 3 }]);
    // when
    sim.foreign("POST", "leverage", { leverage: "3" });
    sim.advance(10_000);
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.decide();
    sim.advance(100);
    const meanwhile = [entriesSent(sim), Object.keys(sim.core.summary().blocked)];
    decideFor(sim, 180);
    // then
    expect([meanwhile, entriesSent(sim) > 0]).toEqual([[0, ["ACCOUNT_NOT_SET_UP"]], true]);
  },
);
