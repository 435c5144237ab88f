/** Cases of the failure catalogue about the market's data and prices, judged by what was asked of the exchange. */

import { expect, test } from "vitest";
import { refusal } from "../support/errors.ts";
import { openLong } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal, plainExits } from "../support/settings.ts";
import { type Quote, type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;

/** A decision on this quote, and how many entries reached the exchange. */
function entriesOn(sim: Simulation, quote: Quote): number {
  const before = reached(sim, "place-order e").length;
  sim.quote(quote);
  sim.decide();
  sim.advance(500);
  return reached(sim, "place-order e").length - before;
}

const tops: readonly (readonly [string, Quote])[] = [
  ["crossed", { bid: 640_000, ask: 639_999 }],
  ["locked", { bid: 640_000, ask: 640_000 }],
  ["without asks", { bid: 640_000, ask: 640_001, askLots: 0 }],
  ["without bids", { bid: 640_000, bidLots: 0, askLots: 100 }],
  ["of five seconds ago", { bid: 640_000, age: 5_000 }],
];

test.each(tops)("[F-75] the top of the book is %s: no entry, and one as soon as it is whole again", (_, quote) => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  // when
  const meanwhile = entriesOn(sim, quote);
  sim.quote({ bid: 640_000, bidLots: 100, askLots: 100 });
  sim.traded(640_000, 1, "sell");
  sim.advance(1_000);
  // then
  expect([meanwhile, entriesOn(sim, { bid: 640_000 })]).toEqual([0, 1]);
});

test("[F-75] the top of the book stands still while depth and trades go on: no entry", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  sim.silenced.add("touch");
  // when
  for (let second = 0; second < 10; second += 1) {
    sim.quote({ bid: 640_000 + second });
    sim.traded(640_000 + second, 1, "sell");
    sim.advance(1_000);
  }
  // then
  expect(entriesOn(sim, { bid: 640_010 })).toBe(0);
});

test.each([2_000, 10_000, 3_600_000])(
  "[F-69] news of the market arrives %i ms late: no entry, though each of them is new to us",
  (age) => {
    // given
    const sim = simulate({ ...rest, settings: normal() });
    for (let beat = 0; beat < 20; beat += 1) {
      sim.quote({ bid: 640_000, age });
      sim.advance(100);
    }
    // when, then
    expect(entriesOn(sim, { bid: 640_000, age })).toBe(0);
  },
);

test("[F-69] what the private stream says is taken in however late the market's news are", () => {
  // given
  const measures = measured();
  const sim = simulate({ ...rest, settings: normal({ max_hold_seconds: 20 }), watch: measures.watch });
  sim.decide();
  sim.advance(100);
  // when
  sim.quote({ bid: 640_000, age: 60_000 });
  sim.traded(639_999, 10, "sell");
  sim.advance(5_000);
  // then
  expect([measures.of().until(sim.now).nakedMs < 250, sim.truth.coveringStops]).toEqual([true, [639_640]]);
  sim.advance(60_000);
  expectSettled(sim);
});

const apart = [
  [639_000, 640_000],
  [640_000, 639_000],
  [608_000, 640_000],
  [640_000, 608_000],
] as const;

test.each(apart)(
  "[F-53] last price %i and mark price %i: the stop works by the price that it names, and is not moved for the other",
  (bid, mark) => {
    // given
    const measures = measured();
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 600 }), watch: measures.watch });
    const stops = sim.commands.flatMap((command) => (command.kind === "place-algo" ? [command.workingType] : []));
    // when
    sim.quote({ bid, mark });
    sim.traded(bid, 1, "sell");
    sim.advance(5_000);
    // then
    const workingType = sim.settings.protection.working_type;
    const price = workingType === "MARK_PRICE" ? mark : bid;
    expect(new Set(stops)).toEqual(new Set([workingType]));
    expect([sim.truth.position === 0, measures.of().levels.length <= 1]).toEqual([price <= 639_640, true]);
  },
);

test("[F-53] the stop is gone without a word and the price is past it: closed at market within seconds", () => {
  // given: somebody cancels it, and nobody tells
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 3_600 }) });
  sim.wire.script([{ on: "algo f1*", fault: { kind: "untold" }, times: 10 }]);
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f")?.id ?? "";
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor });
  // when
  sim.quote({ bid: 639_400 });
  sim.advance(5_000);
  // then
  expect([sim.truth.position, sim.trades[0]?.exitReason]).toEqual([0, "STOP_PASSED"]);
  sim.advance(90_000);
  expectSettled(sim);
});

test.each([
  ["comes back at once", 640_000],
  ["is past it by less than counts", 639_500],
])("[F-53] the stop is gone without a word and the price %s: not closed for that", (_, then) => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 3_600 }) });
  sim.wire.script([{ on: "algo f1*", fault: { kind: "untold" }, times: 10 }]);
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f")?.id ?? "";
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor });
  // when
  sim.quote({ bid: 639_400 });
  sim.advance(1_000);
  sim.quote({ bid: then });
  sim.advance(5_000);
  // then
  expect(sim.truth.position).toBe(10);
});

test.each([1, 30, 120])(
  "[F-52] the exit is refused with −4131 for %i s: tried ever more seldom, the stop stays, and it ends flat",
  (seconds) => {
    // given
    const measures = measured();
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }), watch: measures.watch });
    const before = measures.of().nakedMs;
    sim.advance(9_800);
    sim.wire.script([{ on: "place-order x*", fault: refusal(-4131), times: 10_000 }]);
    // when
    sim.advance(seconds * 1_000);
    const tries = new Set(reached(sim, "place-order x")).size;
    const meanwhile = [sim.truth.position, sim.truth.coveringStops];
    sim.wire.heal();
    sim.advance(120_000);
    // then
    expect(meanwhile).toEqual([10, [639_640]]);
    expect([measures.of().nakedMs, tries <= 6 + seconds / 16]).toEqual([before, true]);
    expectSettled(sim);
  },
);

/** An exit from a minute that closes far below where it opened. */
const adverse = normal(
  { max_hold_seconds: 3_600 },
  { ...plainExits, adverse_candle: { enabled: true, atr_multiple: 0.5 } },
);

function falls(sim: Simulation): void {
  sim.quote({ bid: 639_700 });
  sim.traded(639_700, 1, "sell");
}

test("[F-68] a minute that falls is no closed one until it is over", () => {
  // given: the stop is at 639,640, and a fall of 300 is a whole range of a usual minute
  const sim = openLong({ ...rest, settings: adverse });
  sim.advance(60_000 - ((sim.now / 1_000) % 60_000) + 1_000);
  sim.quote(sim.quoted);
  sim.traded(640_000, 1, "sell");
  // when
  falls(sim);
  sim.advance(50_000);
  const inside = sim.truth.position;
  sim.traded(639_700, 1, "sell");
  sim.advance(20_000);
  // then
  expect([inside, sim.truth.position, sim.trades[0]?.exitReason]).toEqual([10, 0, "ADVERSE_CANDLE"]);
});

test("[F-68] a minute in which the stream broke is not used, when it is over either", () => {
  // given
  const sim = openLong({ ...rest, settings: adverse });
  sim.advance(60_000 - ((sim.now / 1_000) % 60_000) + 1_000);
  sim.quote(sim.quoted);
  sim.traded(640_000, 1, "sell");
  sim.loseBook();
  // when
  falls(sim);
  sim.advance(50_000);
  sim.traded(639_700, 1, "sell");
  sim.advance(20_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops]).toEqual([10, [639_640]]);
});

test("[F-47] while the book is not whole no entry leaves, and one does as soon as it is", () => {
  // given: inside a minute, so that no candle is missing when the book is whole
  const sim = simulate({ ...rest, settings: normal() });
  sim.advance(2_000);
  sim.quote({ bid: 640_000 });
  sim.traded(640_000, 1, "sell");
  sim.loseBook();
  // when
  sim.decide();
  sim.advance(1_000);
  const meanwhile = reached(sim, "place-order e").length;
  sim.quote({ bid: 640_000 });
  sim.traded(640_000, 1, "sell");
  sim.advance(1_000);
  // then
  expect([meanwhile, entriesOn(sim, { bid: 640_000 })]).toEqual([0, 1]);
});
