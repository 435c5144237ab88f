/** The scalp gate, and how scalp mode sends and withdraws entries. */

import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import { restingEntry } from "./support/given.ts";
import { normal, scalp } from "./support/settings.ts";
import { type Quote, type Simulation, simulate } from "./support/simulate.ts";

const calm: Quote = { bid: 640_000, bidLots: 100 };

/** Why the last decision was blocked, in the order in which the reasons were found. */
function blockedBecause(sim: Simulation): readonly string[] {
  const rows = sim.outputs.filter((output) => output.kind === "decision");
  return rows.at(-1)?.blocked.map(({ reason }) => reason) ?? [];
}

const bad: readonly (readonly [string, Quote, Partial<Decision>])[] = [
  ["SCALP_SPREAD_TOO_WIDE", { bid: 640_000, ask: 640_400, bidLots: 100 }, {}],
  ["SCALP_INSUFFICIENT_DEPTH", { bid: 640_000, bidLots: 15 }, {}],
  ["SCALP_LOW_CONFIDENCE", calm, { confidence: 0.55 }],
  ["SCALP_LOW_EDGE", calm, { edge: 0.02 }],
  ["SCALP_LATENCY", { ...calm, age: 600 }, {}],
];

test.each(bad)("[EXE-1] %s blocks an entry in scalp mode", (reason, quote, decision) => {
  // given
  const sim = simulate({ settings: scalp() });
  sim.quote(quote);
  // when
  sim.decide(decision);
  // then
  expect([blockedBecause(sim), sim.sent()]).toEqual([[reason], []]);
});

test("[EXE-1] a book with too few levels blocks an entry in scalp mode", () => {
  // given: six levels a side are shown
  const sim = simulate({ settings: scalp({ min_book_levels: 7 }) });
  // when
  sim.decide();
  // then
  expect(blockedBecause(sim)).toEqual(["SCALP_TOO_FEW_LEVELS"]);
});

test("[EXE-1] each direction has a least confidence of its own", () => {
  // given
  const sim = simulate({ settings: scalp({ min_conf_long: 0.95, min_conf_short: 0.6 }) });
  // when
  sim.decide({ direction: "LONG", confidence: 0.9 });
  const long = blockedBecause(sim);
  sim.decide({ direction: "SHORT", confidence: 0.9 });
  // then
  expect([long, blockedBecause(sim)]).toEqual([["SCALP_LOW_CONFIDENCE"], []]);
});

test("[EXE-1] all that stands against an entry is told, in the order of the checks", () => {
  // given
  const sim = simulate({ settings: scalp({ min_book_levels: 7 }) });
  sim.quote({ bid: 640_000, ask: 640_400, bidLots: 15, age: 600 });
  // when
  sim.decide({ confidence: 0.55, edge: 0.02 });
  // then
  expect(blockedBecause(sim)).toEqual([
    "SCALP_SPREAD_TOO_WIDE",
    "SCALP_INSUFFICIENT_DEPTH",
    "SCALP_TOO_FEW_LEVELS",
    "SCALP_LOW_CONFIDENCE",
    "SCALP_LOW_EDGE",
    "SCALP_LATENCY",
  ]);
});

test("[EXE-1] the log line of the gate begins with [SCALP] and carries value and limit", () => {
  // given
  const sim = simulate({ settings: scalp() });
  sim.quote({ bid: 640_000, ask: 640_640, bidLots: 100 });
  // when
  sim.decide();
  // then
  const lines = sim.outputs.filter((output) => output.kind === "notice" && output.code.startsWith("[SCALP]"));
  expect(lines).toEqual([
    expect.objectContaining({ fields: expect.objectContaining({ measured: expect.closeTo(9.995, 2), limit: 5 }) }),
  ]);
});

test("[CFG-3] in mode normal the scalp gate does not stand in the way", () => {
  // given
  const sim = simulate({ settings: normal() });
  // when
  sim.decide({ confidence: 0.55, edge: 0.02 });
  // then
  expect(sim.sent()).toEqual(["place-order e1"]);
});

test("[CFG-3] mode scalp needs `trading.scalp.enabled`, too", () => {
  // given
  const sim = simulate({ settings: scalp({ enabled: false }) });
  // when
  sim.decide({ confidence: 0.55, edge: 0.02 });
  // then
  expect(sim.sent()).toEqual(["place-order e1"]);
});

test("[EXE-1] where only decisions of style SCALP are scalped, others pass by the gate", () => {
  // given
  const sim = simulate({ settings: scalp({ only_style_scalp: true }) });
  // when
  sim.decide({ style: "TREND", confidence: 0.55, edge: 0.02 });
  // then
  expect(sim.sent()).toEqual(["place-order e1"]);
});

test("[EXE-3] on a book of one tick the limit order joins the touch", () => {
  // given
  const sim = restingEntry({ settings: scalp({ passive_offset_bps: 2 }) });
  // then
  expect(sim.truth.openOrders).toEqual([expect.objectContaining({ price: 640_000, side: "BUY" })]);
});

test("[EXE-3] on a wider book it goes one tick into the spread, and no farther", () => {
  // given
  const sim = simulate({ settings: scalp({ passive_offset_bps: 2 }) });
  sim.quote({ bid: 640_000, ask: 640_050, bidLots: 100 });
  // when
  sim.decide({ direction: "SHORT" });
  sim.advance(100);
  // then
  expect(sim.truth.openOrders).toEqual([expect.objectContaining({ price: 640_049, side: "SELL" })]);
});

test("[EXE-3] a market order leaves only where the book passes the stricter limits", () => {
  // given
  const deep = simulate({ settings: scalp({ prefer_limit: false }) });
  const thin = simulate({ settings: scalp({ prefer_limit: false }) });
  thin.quote({ bid: 640_000, bidLots: 20 });
  // when
  deep.decide();
  thin.decide();
  // then
  const types = [deep, thin].map((sim) =>
    sim.sentCommands().map((one) => one.kind === "place-order" && one.terms.type),
  );
  expect(types).toEqual([["MARKET"], ["LIMIT"]]);
});

test("[EXE-5] an open entry is cancelled when the spread widens", () => {
  // given
  const sim = restingEntry({ settings: scalp({ order_timeout_seconds: 10, spread_widen_bps: 10 }) });
  // when
  sim.quote({ bid: 640_000, ask: 640_700, bidLots: 100 });
  sim.advance(200);
  // then
  expect([sim.sent(), sim.truth.open]).toEqual([["place-order e1", "cancel-order e1"], []]);
});

test("[EXE-5] a partial fill, then the spread widens: the rest is cancelled, what filled stays protected", () => {
  // given
  const sim = restingEntry({ settings: scalp({ order_timeout_seconds: 10, on_timeout: "cross" }) });
  sim.traded(639_999, 4, "sell");
  sim.advance(100);
  // when
  sim.quote({ bid: 640_000, ask: 640_700, bidLots: 100 });
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.truth.openOrders, sim.truth.coveringStops.length]).toEqual([4, [], 1]);
});

test("[EXE-5] a spread that widens less leaves the entry alone", () => {
  // given
  const sim = restingEntry({ settings: scalp({ order_timeout_seconds: 10, spread_widen_bps: 10 }) });
  // when
  sim.quote({ bid: 640_000, ask: 640_600, bidLots: 100 });
  sim.advance(200);
  // then
  expect(sim.truth.open).toEqual(["e1"]);
});

test("[EXE-1] the gate is asked again before an entry is placed anew", () => {
  // given: confidence and edge are the decision's, so it is the book that has become thin
  const sim = restingEntry({ settings: scalp({ on_timeout: "replace", replace_attempts: 2 }) });
  sim.quote({ bid: 640_010, bidLots: 15 });
  // when
  sim.advance(5_000);
  // then
  expect([sim.sent(), sim.truth.open, sim.running]).toEqual([["place-order e1", "cancel-order e1"], [], null]);
});

test("[EXE-2] in scalp mode stop and target are no farther than the scalp distances", () => {
  // given
  const settings = scalp({ sl_distance_bps: 3, tp_distance_bps: 4 });
  const sim = restingEntry({ settings });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(200);
  // then: 192 and 256 ticks
  const levels = sim.truth.openAlgos.map(({ trigger }) => Math.abs(trigger - 640_000));
  expect([Math.max(...levels) <= 257, Math.min(...levels) <= 193, levels.length]).toEqual([true, true, 2]);
});

test("[EXE-2] or they are exactly those distances from the mid, on the tick", () => {
  // given
  const settings = scalp({ use_risk_sl_tp: false, sl_distance_bps: 5, tp_distance_bps: 10 });
  const sim = restingEntry({ settings });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(200);
  // then: the mid is 640,000.5 ticks
  const levels = sim.truth.openAlgos.map(({ trigger }) => Math.round((trigger - 640_000.5) / 64));
  expect(levels.toSorted((a, b) => a - b)).toEqual([-5, 10]);
});
