/** How an entry of the decision file is worked: a limit order inside its zone (requirements DEC-6, EXE-7). */

import { expect, test } from "vitest";
import { DecisionFileSource } from "../../src/decision/decision-file.ts";
import type { Decision } from "../../src/domain/decision.ts";
import { lots, micros, symbolIndex, ticks } from "../../src/domain/units.ts";
import { plainExits } from "./support/settings.ts";
import { type Simulation, type Story, simulate } from "./support/simulate.ts";
import { decisionAt } from "./support/source.ts";
import type { TrueOrder } from "./support/truth.ts";

/** The time-out leaves the rest alone, so that what a test sees is the zone's doing. */
const settings = {
  trading: { mode: "normal", normal: { on_timeout: "give-up", max_hold_seconds: 600 } },
  exits: plainExits,
} as const;
const zone = { low: ticks(639_600), high: ticks(640_000) };

/** Best bid 640,000: at the upper edge of the zone. */
function withFile(story: Story = {}): Simulation {
  return simulate({ settings, sources: (own) => [new DecisionFileSource(own.decision_file)], ...story });
}

function write(sim: Simulation, id: string, changes: Partial<Decision> = {}): void {
  const decision = decisionAt(sim.now, id, {
    source: "decision_file",
    style: "TREND",
    confidence: null,
    edge: null,
    entryZone: zone,
    size: { kind: "lots", quantity: lots(10) },
    validUntil: micros(sim.now + 600_000_000),
    ...changes,
  });
  const symbol = symbolIndex(0);
  sim.tell({ kind: "outside", symbol, to: "decision_file", word: { state: "decision", decision } }, sim.now);
}

/** Time passes in a market that stays where it is. */
function pass(sim: Simulation, seconds: number): void {
  for (let quarter = 0; quarter < 4 * seconds; quarter += 1) {
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.ask, 1, "buy");
    sim.advance(250);
  }
}

/** Sellers come down to the middle of the zone. */
function fill(sim: Simulation): void {
  for (let turn = 0; turn < 20 && sim.truth.position === 0; turn += 1) {
    sim.traded(639_799, 10, "sell");
    pass(sim, 1);
  }
  if (sim.truth.position !== 10) throw new Error(`${sim.truth.position} lots were filled`);
}

function entries({ truth }: Simulation): readonly TrueOrder[] {
  return [...truth.orders.values()].filter(({ role }) => role === "e");
}

function working(sim: Simulation): readonly number[] {
  return sim.truth.openOrders.map(({ price }) => price);
}

test("[EXE-7] an entry of the file rests at the middle of its zone, below a price that is just outside", () => {
  // given: 9 basis points above the zone
  const sim = withFile({ bid: 640_550 });
  // when
  write(sim, "file-1");
  sim.advance(500);
  // then
  expect(working(sim)).toEqual([639_800]);
});

test("[EXE-7] a price that is too far from the zone gets no order, and the reason is counted", () => {
  // given: 11 basis points above the zone
  const sim = withFile({ bid: 640_710 });
  // when
  write(sim, "file-1");
  sim.advance(500);
  // then
  expect([entries(sim), sim.core.summary().blocked]).toMatchObject([[], { OUTSIDE_ENTRY_ZONE: 1 }]);
});

test("[EXE-7] a price that has fallen through the zone of a long gets no order either", () => {
  // given
  const sim = withFile({ bid: 639_500 });
  // when
  write(sim, "file-1");
  pass(sim, 5);
  // then
  expect(entries(sim)).toEqual([]);
});

test("[DEC-6] an entry of which nothing has filled is begun again for as long as the decision stands", () => {
  // given
  const sim = withFile();
  write(sim, "file-1");
  // when: the price comes to the middle of the zone after a minute
  pass(sim, 60);
  const tried = entries(sim).length;
  fill(sim);
  // then
  expect([tried > 5, sim.truth.position]).toEqual([true, 10]);
});

test("[DEC-6] each attempt has orders of its own, and one at a time works", () => {
  // given
  const most: number[] = [];
  const sim = withFile({ watch: (truth) => ({ said: () => most.push(truth.openOrders.length) }) });
  // when
  write(sim, "file-1");
  pass(sim, 30);
  // then
  const trades = entries(sim).map(({ trade }) => trade);
  expect([new Set(trades).size > 3, Math.max(...most)]).toEqual([true, 1]);
});

test("[IDM-1] once something has filled the decision is not executed again, whatever happens to the position", () => {
  // given
  const sim = withFile();
  write(sim, "file-1");
  pass(sim, 10);
  fill(sim);
  const begun = entries(sim).length;
  // when
  sim.tell({ kind: "control", by: "test", action: "flatten" }, sim.now);
  pass(sim, 2);
  sim.control("resume");
  write(sim, "file-1");
  pass(sim, 60);
  // then
  expect([sim.truth.position, entries(sim).length]).toEqual([0, begun]);
});

test("[DEC-6] the same decision written again, after a malformed file, goes on where it was", () => {
  // given
  const sim = withFile();
  write(sim, "file-1");
  pass(sim, 20);
  const word = { state: "malformed", time: sim.now } as const;
  sim.tell({ kind: "outside", symbol: symbolIndex(0), to: "decision_file", word }, sim.now);
  pass(sim, 20);
  const before = entries(sim).length;
  // when
  write(sim, "file-1");
  pass(sim, 20);
  // then
  expect(entries(sim).length).toBeGreaterThan(before + 2);
});

test("[DEC-6] the attempts are bounded", () => {
  // given
  const sim = withFile({ settings: { ...settings, decision_file: { entry_attempts: 3 } } });
  // when
  write(sim, "file-1");
  pass(sim, 60);
  // then
  expect(new Set(entries(sim).map(({ trade }) => trade)).size).toBe(3);
});

test("[F-46] an entry that the exchange refuses is not begun again", () => {
  // given
  const sim = withFile({ faults: [{ on: "place-order e1", fault: { kind: "refused", code: -2019 }, times: 50 }] });
  // when
  write(sim, "file-1");
  pass(sim, 60);
  // then
  expect(sim.sent()).toEqual(["place-order e1"]);
});

test("[EXE-7] a newer decision ends the entry of the older one and takes its place", () => {
  // given
  const sim = withFile({
    settings: { ...settings, trading: { mode: "normal", normal: { order_timeout_seconds: 15 } } },
  });
  write(sim, "file-1");
  sim.advance(500);
  // when
  write(sim, "file-2", { entryZone: { low: ticks(639_000), high: ticks(640_400) } });
  pass(sim, 3);
  // then
  expect(working(sim)).toEqual([639_700]);
});

test("[EXE-7] the chase stays inside the zone", () => {
  // given: the zone ends 100 ticks above the touch
  const sim = withFile();
  write(sim, "file-1", { entryZone: { low: ticks(639_000), high: ticks(640_100) } });
  sim.advance(500);
  // when
  for (let bid = 640_000; bid <= 640_600; bid += 20) {
    sim.quote({ bid });
    sim.advance(500);
  }
  // then
  const prices = entries(sim).map(({ price }) => price);
  expect([Math.max(...prices) <= 640_100, prices.some((price) => price > 640_000)]).toEqual([true, true]);
});

test("[DEC-6] a stale decision cancels the order that waits in the zone", () => {
  // given
  const sim = withFile({
    settings: { ...settings, trading: { mode: "normal", normal: { order_timeout_seconds: 15 } } },
  });
  write(sim, "file-1", { validUntil: micros(sim.now + 3_000_000) });
  pass(sim, 1);
  const before = working(sim).length;
  // when
  pass(sim, 5);
  // then
  expect([before, working(sim)]).toEqual([1, []]);
});

test("[REC-3] after a restart an entry that was begun is not begun again", () => {
  // given
  const sim = withFile();
  write(sim, "file-1");
  pass(sim, 1);
  const begun = entries(sim).length;
  // when
  sim.kill();
  sim.advance(500);
  sim.restart();
  write(sim, "file-1");
  pass(sim, 60);
  // then
  expect([entries(sim).length, working(sim)]).toEqual([begun, []]);
});
