/** Mode normal: the entry inside its zone, the chase, and what may follow it. */

import { expect, test } from "vitest";
import { ticks } from "../../src/domain/units.ts";
import { restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import { type Simulation, type Story, simulate } from "./support/simulate.ts";

const patient = { order_timeout_seconds: 10, entry_max_seconds: 15 };
const chasing = normal({ ...patient, chase: { after_seconds: 1, threshold_bps: 0.5, max_attempts: 2 } });
const byReplacing = normal({
  ...patient,
  amend_in_place: false,
  chase: { after_seconds: 1, threshold_bps: 0.5, max_attempts: 2 },
});

/** Price of the one entry that works; null when none does. */
function entryPrice(sim: Simulation): number | null {
  return sim.truth.openOrders.find(({ role }) => role === "e")?.price ?? null;
}

/** The most entries that ever worked at once, from what the exchange said. */
function watchEntries(): { readonly most: () => number; readonly watch: NonNullable<Story["watch"]> } {
  let most = 0;
  return {
    most: () => most,
    watch: (truth) => ({
      said: () => {
        most = Math.max(most, truth.openOrders.filter(({ role }) => role === "e").length);
      },
    }),
  };
}

test("[EXE-7] the entry stands in the middle of its zone", () => {
  // given
  const sim = simulate({ settings: normal({ zone_price: "mid" }) });
  // when
  sim.decide({ entryZone: { low: ticks(639_900), high: ticks(640_000) } });
  sim.advance(100);
  // then
  expect(entryPrice(sim)).toBe(639_950);
});

test("[EXE-7] an entry that the market leaves behind is moved to the touch, in place", () => {
  // given
  const sim = restingEntry({ settings: chasing });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(1_200);
  // then
  expect([sim.sent(), entryPrice(sim)]).toEqual([["place-order e1", "amend-order e1"], 640_040]);
});

test("[EXE-7] nearer than the threshold, the entry is left alone", () => {
  // given: half a basis point is 32 ticks
  const sim = restingEntry({ settings: chasing });
  // when
  sim.quote({ bid: 640_030 });
  sim.advance(5_000);
  // then
  expect(entryPrice(sim)).toBe(640_000);
});

test("[EXE-7] the chase never leaves the zone", () => {
  // given
  const zone = { low: ticks(639_900), high: ticks(640_060) };
  const sim = restingEntry({ settings: chasing }, { entryZone: zone });
  // when
  for (const bid of [640_050, 640_100, 640_150]) {
    sim.quote({ bid });
    sim.advance(1_200);
  }
  // then
  expect(entryPrice(sim)).toBe(640_050);
});

test("[EXE-7] the chase ends after so many attempts", () => {
  // given
  const sim = restingEntry({ settings: chasing });
  // when
  for (const bid of [640_040, 640_080, 640_120, 640_160]) {
    sim.quote({ bid });
    sim.advance(1_200);
  }
  // then
  expect([sim.sent().filter((name) => name === "amend-order e1").length, entryPrice(sim)]).toEqual([2, 640_080]);
});

test("[EXE-7] without amendments the entry is cancelled first, and there are never two", () => {
  // given
  const entries = watchEntries();
  const sim = restingEntry({ settings: byReplacing, watch: entries.watch });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(1_500);
  // then
  expect([sim.sent(), entryPrice(sim), entries.most()]).toEqual([
    ["place-order e1", "cancel-order e1", "place-order e2"],
    640_040,
    1,
  ]);
});

test("[F-29] a fill that meets the cancel of a chase makes the next order smaller", () => {
  // given
  const sim = restingEntry({ settings: byReplacing });
  sim.quote({ bid: 640_040 });
  // when: the cancel has left and has not arrived
  sim.advance(905);
  sim.traded(639_999, 4, "sell");
  sim.quote({ bid: 640_040 });
  sim.advance(500);
  // then
  const second = sim.truth.openOrders.find(({ attempt, role }) => role === "e" && attempt === 2);
  expect([sim.truth.position, (second?.quantity ?? 0) > 0, (second?.quantity ?? 10) <= 6]).toEqual([4, true, true]);
});

test("[F-29] a fill that meets an amendment does not enlarge the plan", () => {
  // given
  const sim = restingEntry({ settings: chasing });
  sim.quote({ bid: 640_040 });
  // when
  sim.advance(905);
  sim.traded(639_999, 4, "sell");
  sim.quote({ bid: 640_040 });
  sim.advance(500);
  sim.traded(639_999, 100, "sell");
  sim.advance(500);
  // then
  const entered = sim.truth.position;
  expect([entered > 4, entered <= 10, sim.truth.openOrders]).toEqual([true, true, []]);
});

test("[F-50] an amendment whose reply is lost is looked up, and there are never two entries", () => {
  // given
  const entries = watchEntries();
  const sim = restingEntry({
    settings: chasing,
    watch: entries.watch,
    faults: [
      { on: "amend-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault: { kind: "untold" }, times: 2 },
    ],
  });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(5_000);
  // then
  expect([sim.asked.includes("query-order e1"), entries.most(), sim.truth.fills.length]).toEqual([true, 1, 0]);
});

test("[F-29] the whole entry fills while its amendment is on the way: it is protected, and nothing follows", () => {
  // given
  const sim = restingEntry({ settings: chasing });
  sim.quote({ bid: 640_040 });
  // when: the exchange does not find the order open any more
  sim.advance(905);
  sim.traded(639_999, 10, "sell");
  sim.advance(3_000);
  // then
  const entries = sim.sent().filter((name) => name.startsWith("place-order e"));
  expect([entries, sim.truth.position, sim.truth.coveringStops]).toEqual([["place-order e1"], 10, [639_640]]);
});

test("[EXE-7] a decision that changes during the chase ends it: the entry is cancelled", () => {
  // given
  const sim = restingEntry({ settings: chasing });
  sim.quote({ bid: 640_040 });
  sim.advance(1_200);
  // when
  sim.decide({ direction: "SHORT" });
  sim.quote({ bid: 640_090 });
  sim.advance(3_000);
  // then
  expect([entryPrice(sim), sim.truth.position]).toEqual([null, 0]);
});

test("[EXE-7] a word to leave ends the entry and nothing follows it", () => {
  // given
  const sim = restingEntry({ settings: normal({ ...patient, on_timeout: "cross" }) });
  // when
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(20_000);
  // then
  expect([sim.sent(), sim.truth.position, sim.running]).toEqual([["place-order e1", "cancel-order e1"], 0, null]);
});

test("[EXE-8] after the chase the rest is taken from the market when confidence is high and the spread narrow", () => {
  // given
  const settings = normal({ on_timeout: "cross", fail_safe: { min_confidence: 0.75, max_spread_bps: 2 } });
  const sim = restingEntry({ settings }, { confidence: 0.8 });
  // when
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.truth.fills.every(({ order }) => order.id.includes("-e2-"))]).toEqual([10, true]);
});

test("[EXE-8] with less confidence it is not", () => {
  // given
  const settings = normal({ on_timeout: "cross", fail_safe: { min_confidence: 0.75, max_spread_bps: 2 } });
  const sim = restingEntry({ settings }, { confidence: 0.7 });
  // when
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
});

test("[EXE-8] with a wide spread it is not", () => {
  // given
  const settings = normal({ on_timeout: "cross", fail_safe: { min_confidence: 0.75, max_spread_bps: 2 } });
  const sim = restingEntry({ settings }, { confidence: 0.9 });
  // when
  sim.quote({ bid: 640_000, ask: 640_200 });
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.running]).toEqual([0, null]);
});

test("[EXE-8] with the price outside the zone it is not", () => {
  // given
  const settings = normal({ on_timeout: "cross" });
  const sim = restingEntry({ settings }, { entryZone: { low: ticks(639_900), high: ticks(640_010) } });
  // when
  sim.quote({ bid: 640_020 });
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.running]).toEqual([0, null]);
});

test("[EXE-7] a post-only order that would take steps back a tick and goes again", () => {
  // given
  const sim = restingEntry({
    settings: normal({ ...patient, post_only: true, replace_attempts: 2 }),
    faults: [{ on: "place-order e1", fault: { kind: "refused", code: -5022 } }],
  });
  // when
  sim.advance(500);
  // then
  expect([sim.sent(), entryPrice(sim)]).toEqual([["place-order e1", "place-order e2"], 639_999]);
});

test.each(["cross", "replace"] as const)(
  "[I-15] on_timeout %s: nothing is entered anew on a mark price that has gone stale meanwhile",
  (on_timeout) => {
    // given
    const settings = normal({ order_timeout_seconds: 8, on_timeout, replace_attempts: 2 });
    const sim = restingEntry({ settings: { ...settings, market: { mark_stale_ms: 5_000 } } });
    sim.sent();
    sim.silenced.add("mark");
    // when
    sim.advance(15_000);
    // then
    expect(sim.sent()).toEqual(["cancel-order e1"]);
  },
);

test("[EXE-4] a time-out that replaces goes to where the price is now, so often and no more", () => {
  // given
  const sim = restingEntry({ settings: normal({ on_timeout: "replace", replace_attempts: 2 }) });
  // when
  for (const bid of [640_010, 640_020, 640_030]) {
    sim.quote({ bid });
    sim.advance(2_100);
  }
  // then
  expect([sim.sent(), sim.running]).toEqual([
    ["place-order e1", "amend-order e1", "amend-order e1", "cancel-order e1"],
    null,
  ]);
});

test("[ORD-6] an entry that a filter refuses is mended once towards less risk, with a warning", () => {
  // given
  const sim = restingEntry({
    settings: normal(patient),
    faults: [{ on: "place-order e1", fault: { kind: "refused", code: -4005 } }],
  });
  // when
  sim.advance(500);
  // then
  const sizes = sim.commands.map((command) => (command.kind === "place-order" ? command.quantity : null));
  const warnings = sim.outputs.filter((output) => output.kind === "notice" && output.level === "warn");
  expect([sizes.filter((size) => size !== null), warnings.length > 0, sim.truth.open]).toEqual([[10, 5], true, ["e2"]]);
});

test("[ORD-6] an entry that is refused again is given up", () => {
  // given
  const sim = restingEntry({
    settings: normal(patient),
    faults: [{ on: "place-order e*", fault: { kind: "refused", code: -4005 }, times: 9 }],
  });
  // when
  sim.advance(5_000);
  // then
  expect([sim.sent(), sim.running]).toEqual([["place-order e1", "place-order e2"], null]);
});

test("[EXE-9] an order that would take is not sent when the book would fill it far from the touch", () => {
  // given: one lot at the touch, and nothing near behind it
  const sim = simulate({ settings: normal({ entry_order: "market", max_slippage_bps: 0.001 }) });
  sim.quote({ bid: 640_000, bidLots: 1 });
  // when
  sim.decide();
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["SLIPPAGE_TOO_HIGH"]]);
});

test("[EXE-9] an entry is not sent on news that are too old", () => {
  // given
  const sim = simulate({ settings: normal({ max_latency_ms: 300 }) });
  sim.quote({ bid: 640_000, age: 400 });
  // when
  sim.decide();
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["LATENCY_TOO_HIGH"]]);
});

test("[EXE-7] no entry while the price is far from the zone", () => {
  // given: ten basis points are 640 ticks
  const sim = simulate({ settings: normal({ max_zone_distance_bps: 10 }) });
  // when
  sim.decide({ entryZone: { low: ticks(639_000), high: ticks(639_300) } });
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["ZONE_TOO_FAR"]]);
});

test("[EXE-7] no entry in a restricted trading session", () => {
  // given: the story begins at 10:40 UTC
  const sim = simulate({ settings: normal({ restricted_sessions: ["london"] }) });
  // when
  sim.decide();
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["RESTRICTED_SESSION"]]);
});

test("[I-20] the same story gives the same outputs", () => {
  // given
  const tell = (): Simulation => {
    const sim = restingEntry({ settings: chasing });
    sim.quote({ bid: 640_040 });
    sim.advance(1_200);
    sim.traded(640_039, 10, "sell");
    sim.advance(40_000);
    return sim;
  };
  // when
  const [one, other] = [tell(), tell()];
  // then
  expect(one.outputs).toEqual(other.outputs);
});
