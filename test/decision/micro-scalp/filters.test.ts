import { expect, test } from "vitest";
import { distancesOf } from "../../../src/decision/micro-scalp/levels.ts";
import { spreadFilter, spreadVerdictFilter, targetFilter } from "../../../src/decision/micro-scalp/spread-filter.ts";
import {
  averageRangeFilter,
  sessionFilter,
  trueRangeFilter,
  volatilityExpansion,
} from "../../../src/decision/micro-scalp/volatility-filter.ts";
import { bar, flat, own, rules, scene } from "./support.ts";

const tick = 0.1;

test.each([
  [100, 150, true, 10, 10],
  [99, 150, false, 9.9, 10],
  [150, 300, true, 15, 15],
  [149, 300, false, 14.9, 15],
])("[DEC-4] a last minute of %d ticks with an ATR of %d moves enough: %s", (atr1, atr, passed, measured, limit) => {
  const finding = trueRangeFilter({ atr1, atr }, tick, own, rules.filters);
  expect(finding).toMatchObject({ reason: "ATR1", passed });
  expect(finding.measured).toBeCloseTo(measured, 9);
  expect(finding.limit).toBeCloseTo(limit, 9);
});

test.each([
  [150, true, 15],
  [149, false, 14.9],
  [null, false, null],
])("[DEC-4] an average range of %s ticks is enough: %s", (range, passed, measured) => {
  const finding = averageRangeFilter(range, tick, own);
  expect(finding).toMatchObject({ reason: "AVERAGE_RANGE", passed, limit: 15 });
  if (measured === null) expect(finding.measured).toBe(null);
  else expect(finding.measured).toBeCloseTo(measured, 9);
});

test("[DEC-5] nothing is entered in blocked trading sessions, those after New York unless configured", () => {
  const blocked = { reason: "SESSION_BLOCKED", passed: false, measured: null, limit: null, score: 0 };
  expect(sessionFilter("POST_NEW_YORK", rules.filters)).toEqual(blocked);
  expect(sessionFilter("LONDON", rules.filters)).toMatchObject({ passed: true });
  expect(sessionFilter("LONDON", { ...rules.filters, blocked_sessions: ["ASIA", "LONDON"] })).toEqual(blocked);
});

test.each([
  [12, true, 1.2],
  [11.9, false, 1.19],
])("[DEC-5] a last minute of %d against an ATR of ten expands: %s", (atr1, passed, measured) => {
  const finding = volatilityExpansion(scene({ atr1 }), rules.signals);
  expect(finding).toMatchObject({ reason: "VOLATILITY_EXPANSION", passed, limit: 1.2 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test.each([
  [15, true],
  [15.1, false],
])("[DEC-4] a spread of %d passes a limit of 15: %s", (spread, passed) => {
  expect(spreadFilter(spread, own)).toMatchObject({ reason: "SPREAD", passed, measured: spread, limit: 15 });
});

test("[MKT-3] a spread that is not usual says so in the market's own words", () => {
  expect(spreadVerdictFilter({ acceptable: true })).toBe(null);
  expect(spreadVerdictFilter({ acceptable: false, reason: "SPREAD_ABNORMAL", measured: 4, limit: 3 })).toEqual({
    reason: "SPREAD_ABNORMAL",
    passed: false,
    measured: 4,
    limit: 3,
    score: 0,
  });
});

test("[DEC-4] a target that cannot pay its fees blocks: 25 of 64,000 are 3.9 basis points", () => {
  expect(targetFilter(64_000, own, rules.filters)).toMatchObject({
    reason: "TARGET_BELOW_COSTS",
    passed: false,
    measured: 3.90625,
    limit: 7,
  });
  const wide = { ...own, tp_range: [10, 44.8] };
  expect(targetFilter(64_000, wide, rules.filters).passed).toBe(true);
  expect(targetFilter(64_001, wide, rules.filters).passed).toBe(false);
});

const free = { ...rules, filters: { ...rules.filters, target_bps_min: 0 } };

/** Distances with the newest low so far below the bid of 640,000, in ticks of 0.1. */
function distances(behind: number, changes: Partial<typeof own> = {}, settings = free) {
  const low = 640_000 - behind;
  const bars = [bar(640_000, 640_000), bar(640_000, 640_000, { low }), ...flat(5, 600_000)];
  return distancesOf(scene({ bars, bid: 640_000, ask: 640_002 }), tick, { ...own, ...changes }, settings);
}

test.each([
  [69, { stop: 70, target: 140 }],
  [69.6, { stop: 71, target: 142 }],
  [10, { stop: 50, target: 100 }],
  [49, { stop: 50, target: 100 }],
  [500, { stop: 100, target: 200 }],
])("[DEC-4] a low %d ticks away: stop and target %j", (behind, expected) => {
  // A tenth of an ATR of ten ticks behind the low; ranges of 5 to 10 and of 10 to 25.
  expect(distances(behind)).toEqual(expected);
});

test("[DEC-4] the target stays in its range, and above the fees", () => {
  expect(distances(69, { tp_range: [20, 25] })).toEqual({ stop: 70, target: 200 });
  expect(distances(69, { tp_range: [5, 13] })).toEqual({ stop: 70, target: 130 });
  const paying = { ...free, filters: { ...free.filters, target_bps_min: 3 } };
  expect(distances(69, {}, paying)).toEqual({ stop: 70, target: 192 });
  expect(distances(69, { tp_range: [5, 19.1] }, paying)).toBe(null);
});

test("[DEC-4] a short's target pays the same fees", () => {
  const paying = { ...free, filters: { ...free.filters, target_bps_min: 3 } };
  const short = { ...scene({ bars: flat(5, -640_010) }), near: -640_000 };
  expect(distancesOf(short, tick, own, paying)).toEqual({ stop: 50, target: 192 });
});

test("[DEC-4] ranges are met to the tick, whatever their quotients round to", () => {
  // 0.3 / 0.1 is 2.9999999999999996, 0.7 / 0.1 is 6.999999999999999.
  expect(distances(1, { sl_range: [0.3, 0.7], tp_range: [0.3, 0.7] })).toEqual({ stop: 3, target: 6 });
  expect(distances(500, { sl_range: [0.3, 0.7], tp_range: [0.3, 0.7] })).toEqual({ stop: 7, target: 7 });
  expect(distances(1, { sl_range: [0.31, 0.72] })?.stop).toBe(4);
  expect(distances(500, { sl_range: [0.31, 0.78] })?.stop).toBe(7);
});

test("[DEC-4] a range without a whole tick has no level", () => {
  expect(distances(69, { sl_range: [5.01, 5.09] })).toBe(null);
  expect(distances(69, { tp_range: [10.01, 10.09] })).toBe(null);
  expect(distances(69, { sl_range: [7, 7], tp_range: [14, 14] })).toEqual({ stop: 70, target: 140 });
});
