/** Targets and stop of a newer decision in the decision file (requirements DEC-6). */

import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import { type Ticks, ticks } from "../../src/domain/units.ts";
import { openLong } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import type { Simulation, Story } from "./support/simulate.ts";
import type { TrueAlgo } from "./support/truth.ts";

const twoTargets = normal({ max_hold_seconds: 600 }, { ...plainExits, targets: "as-decided" });

function fromFile(...takeProfits: readonly number[]): Partial<Decision> {
  return { source: "decision_file", takeProfits: takeProfits.map(ticks) };
}

function openFromFile(story: Story = {}, ...takeProfits: readonly number[]): Simulation {
  const sim = openLong({ settings: twoTargets, ...story }, fromFile(...takeProfits));
  sim.advance(1_000);
  sim.sent();
  return sim;
}

/** The price goes there, and somebody trades at it. */
function goTo(sim: Simulation, bid: number, milliseconds: number): void {
  sim.quote({ bid });
  sim.traded(bid, 1, "sell");
  sim.advance(milliseconds);
}

/** What would take a profit now: role, level and size; null closes all. */
function resting({
  truth,
}: Pick<Simulation, "truth">): readonly (readonly [TrueAlgo["role"], number, number | null])[] {
  return truth.openAlgos
    .filter(({ type }) => type === "TAKE_PROFIT_MARKET")
    .map(({ role, trigger, quantity }) => [role, trigger, quantity] as const)
    .toSorted((a, b) => a[1] - b[1]);
}

test("[DEC-6] both targets of a newer decision replace the ones that rest", () => {
  // given
  const sim = openFromFile({}, 640_900, 641_800);
  // when
  sim.decide(fromFile(641_100, 642_500));
  sim.advance(1_000);
  // then
  expect(resting(sim)).toEqual([
    ["t1", 641_100, 5],
    ["t2", 642_500, null],
  ]);
});

test("[DEC-6] a target goes before the new one comes, so that no two ever close all", () => {
  // given
  const most: number[] = [];
  const sim = openFromFile(
    { watch: (truth) => ({ said: () => most.push(resting({ truth }).filter(([, , size]) => size === null).length) }) },
    640_900,
    641_800,
  );
  most.length = 0;
  // when: one target in place of two
  sim.decide(fromFile(641_400));
  sim.advance(1_000);
  // then
  expect([resting(sim), Math.max(...most)]).toEqual([[["t1", 641_400, null]], 1]);
});

test("[DEC-6] two targets in place of one divide the position", () => {
  // given
  const sim = openFromFile({}, 641_800);
  // when
  sim.decide(fromFile(640_900, 641_800));
  sim.advance(1_000);
  // then
  expect(resting(sim)).toEqual([
    ["t1", 640_900, 5],
    ["t2", 641_800, null],
  ]);
});

test("[DEC-6] after the first target has filled only the second moves, and the first part is not closed again", () => {
  // given
  const sim = openFromFile({}, 640_900, 641_800);
  goTo(sim, 640_900, 1_000);
  // when
  sim.decide(fromFile(641_200, 642_500));
  sim.advance(1_000);
  // then
  expect([sim.truth.position, resting(sim)]).toEqual([5, [["t2", 642_500, null]]]);
});

test("[DEC-6] a target that triggers while it is being moved closes its part once", () => {
  // given: the cancel is on the wire when the price comes
  const sim = openFromFile(
    { faults: [{ on: "cancel-algo t1_1", fault: { kind: "request-late", ms: 200 } }] },
    640_900,
    641_800,
  );
  sim.decide(fromFile(641_400, 642_500));
  sim.advance(50);
  // when
  goTo(sim, 640_900, 2_000);
  // then
  expect([sim.truth.fills.map(({ after }) => after), resting(sim)]).toEqual([[10, 5], [["t2", 642_500, null]]]);
});

test("[DEC-6] a target that has been reached already takes its part at once", () => {
  // given
  const sim = openFromFile({}, 641_800, 642_500);
  goTo(sim, 641_000, 1_000);
  // when
  sim.decide(fromFile(640_900, 642_500));
  sim.advance(1_000);
  // then
  expect([sim.truth.position, resting(sim)]).toEqual([5, [["t2", 642_500, null]]]);
});

test("[DEC-6] a target that would close at a loss at once is not taken over", () => {
  // given: the price is below the entry
  const sim = openFromFile({}, 640_900);
  goTo(sim, 639_900, 1_000);
  // when
  sim.decide(fromFile(639_800));
  sim.advance(1_000);
  // then
  expect([sim.truth.position, resting(sim)]).toEqual([10, [["t1", 640_900, null]]]);
});

test("[DEC-6] a move of less than the least step is none", () => {
  // given: a twentieth of 360 ticks
  const sim = openFromFile({}, 640_900);
  // when
  sim.decide(fromFile(640_917));
  sim.advance(1_000);
  // then
  expect([resting(sim), sim.sent()]).toEqual([[["t1", 640_900, null]], []]);
});

test("[DEC-6] decisions that come faster than the interval of moves end at the last one with few orders", () => {
  // given
  const sim = openFromFile({}, 640_900);
  // when
  for (let turn = 1; turn <= 10; turn += 1) {
    sim.decide(fromFile(640_900 + 50 * turn));
    sim.advance(50);
  }
  sim.advance(1_000);
  // then
  expect(resting(sim)).toEqual([["t1", 641_400, null]]);
  expect(sim.sent().filter((name) => name.startsWith("place-algo")).length).toBeLessThanOrEqual(3);
});

test("[DEC-6] stop and targets of one decision are taken over together", () => {
  // given
  const sim = openFromFile({}, 640_900);
  // when
  sim.decide({ ...fromFile(641_400), stopLoss: ticks(639_800) });
  sim.advance(1_000);
  // then
  expect([sim.truth.coveringStops[0], resting(sim)]).toEqual([639_800, [["t1", 641_400, null]]]);
});

test("[DEC-6] a decision for the other direction moves no target", () => {
  // given
  const sim = openFromFile({}, 640_900);
  // when
  sim.decide({ ...fromFile(639_000), direction: "SHORT" });
  sim.advance(1_000);
  // then
  expect(resting(sim)).toEqual([["t1", 640_900, null]]);
});

test.each<[string, Partial<Decision>, readonly Ticks[]]>([
  ["another source's decision for a trade of the file", { source: "script" }, [ticks(641_400)]],
  ["a decision without a target", { source: "decision_file" }, []],
])("[DEC-6] %s moves no target", (_, decision, takeProfits) => {
  // given
  const sim = openFromFile({}, 640_900);
  // when
  sim.decide({ ...decision, takeProfits });
  sim.advance(1_000);
  // then
  expect(resting(sim)).toEqual([["t1", 640_900, null]]);
});

test.each<[string, readonly number[]]>([
  ["two", [641_100, 642_500]],
  ["one in place of two", [641_100]],
])("[DEC-6] moved targets stay where they are over a restart (%s)", (_, moved) => {
  // given
  const sim = openFromFile({}, 640_900, 641_800);
  sim.decide(fromFile(...moved));
  sim.advance(1_000);
  const before = resting(sim);
  // when
  sim.kill();
  sim.advance(500);
  sim.restart();
  sim.advance(5_000);
  // then
  expect(resting(sim)).toEqual(before);
});
