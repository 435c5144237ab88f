/** Cases of the failure catalogue about liquidation, judged by what reached the exchange and what it has. */

import { expect, test } from "vitest";
import { answer } from "../support/errors.ts";
import { openLong } from "../support/given.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, type Story, simulate } from "../support/simulate.ts";
import { reached } from "../support/verdict.ts";

/** Ten lots, 640 USDT, on a wallet of a hundred. */
const geared = {
  ...normal({ max_hold_seconds: 600 }),
  exchange: { wallet_usdt: 100 },
  risk: {
    cost: { enabled: false, factor: 1 },
    base_risk_fraction: 1,
    max_exposure_fraction: 10,
    edge_sizing: { max_multiplier: 10 },
  },
} as const;

function asked(story: Story): Simulation {
  const sim = simulate({ through: "rest", ...story });
  sim.decide();
  sim.advance(1_000);
  return sim;
}

function reasons(sim: Simulation): readonly string[] {
  const rows = sim.outputs.filter((output) => output.kind === "decision");
  return rows.flatMap(({ blocked }) => blocked.map(({ reason }) => reason));
}

test("[F-42] a stop that the position would not live to see is refused before the entry", () => {
  // given: a fall of a fifth costs 128 of the hundred
  const percent = { sl_percent_low_vol: 20, sl_percent_medium_vol: 20, sl_percent_high_vol: 20 };
  const sltp = { mode: "percent", percent } as const;
  // when
  const sim = asked({ settings: { ...geared, risk: { ...geared.risk, sltp } } });
  // then
  expect([reached(sim, "place-order e"), reasons(sim)]).toEqual([[], ["STOP_BEYOND_LIQUIDATION"]]);
});

test("[F-42] the same size with a near stop is entered", () => {
  expect(reached(asked({ settings: geared }), "place-order e")).toEqual(["place-order e1"]);
});

test("[F-42] the exchange demands more than before: the next entry is measured by that", () => {
  // given: of 640 it wants a fifth as maintenance, and the account is looked at again because something was changed in it
  const rows = [
    { symbol: "BTCUSDT", brackets: [{ initialLeverage: 125, notionalCap: 300_000, maintMarginRatio: 0.2 }] },
  ];
  const sim = simulate({ through: "rest", settings: geared });
  sim.wire.script([{ on: "GET leverageBracket", fault: answer(200, JSON.stringify(rows)), times: 10 }]);
  sim.foreign("POST", "leverage", { leverage: "3" });
  sim.advance(5_000);
  // when
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(1_000);
  // then
  expect([reached(sim, "place-order e"), reasons(sim)]).toEqual([[], ["STOP_BEYOND_LIQUIDATION"]]);
});

test("[F-42] liquidated while its stop was on the way: booked within ten seconds, SAFE MODE, and nothing is opened", () => {
  // given
  const sim = simulate({
    through: "rest",
    settings: geared,
    faults: [{ on: "place-algo f1", fault: { kind: "request-late", ms: 1_000 } }],
  });
  sim.decide();
  sim.advance(100);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.advance(30);
  // when: a sixth is gone before the stop arrives
  sim.quote({ bid: 535_000 });
  sim.advance(100);
  const position = sim.truth.position;
  sim.sent();
  sim.quote(sim.quoted);
  sim.advance(10_000);
  // then
  const orders = sim.sent().filter((name) => name.startsWith("place-order"));
  const liquidation = sim.truth.fills.at(-1)?.order.id;
  expect([position, liquidation, orders]).toEqual([0, expect.stringMatching(/^autoclose-/), []]);
  expect([sim.core.safeMode?.reason, sim.running, sim.truth.open]).toEqual(["UNKNOWN_POSITION", null, []]);
  expect([sim.trades[0]?.exitReason, sim.trades[0]?.quantity]).toEqual(["EXTERNAL", 10]);
});

test("[F-42] liquidated with its stop resting: the stop goes with the position, and the trade is booked", () => {
  // given: the mark falls and the last price does not, so that a stop by the last price would not have helped either
  const sim = openLong({ through: "rest", settings: geared });
  sim.exchange.failTrigger({
    clientAlgoId: sim.truth.openAlgos.find(({ role }) => role === "f")?.id ?? "",
    status: "REJECTED",
    reason: "Margin is insufficient.",
  });
  // when
  sim.quote({ bid: 535_000 });
  sim.advance(90_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
  expect(sim.core.safeMode?.reason).toBe("UNKNOWN_POSITION");
});
