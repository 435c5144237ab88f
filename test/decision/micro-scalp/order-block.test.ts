import { expect, test } from "vitest";
import { findOrderBlock, orderBlockRetest, orderBlockZone } from "../../../src/decision/micro-scalp/order-block.ts";
import type { Bar } from "../../../src/decision/micro-scalp/scene.ts";
import { bar, flat, rules, scene } from "./support.ts";

const settings = rules.order_block;

/** The block: fell from 1,000 to 994, between 992 and 1,001. */
const block = bar(1_000, 994, { low: 992, high: 1_001 });

/** @param later bars after the block, oldest first */
function find(later: readonly Bar[], changes: Partial<typeof settings> = {}) {
  const bars = [...later].reverse();
  return findOrderBlock(scene({ bars: [...bars, block, ...flat(5, 1_000)] }), { ...settings, ...changes });
}

test("[DEC-5] the last falling bar before a move of an ATR beyond it is an order block, its range a zone", () => {
  expect(find([bar(994, 1_005), bar(1_005, 1_011), bar(1_011, 1_010)])).toEqual({
    low: 992,
    high: 1_001,
    strength: 1,
    retests: 0,
  });
});

test("[DEC-5] a weaker move makes none", () => {
  expect(find([bar(994, 1_005), bar(1_005, 1_010.9), bar(1_010.9, 1_010)])).toBe(null);
  expect(
    find([bar(994, 1_005), bar(1_005, 1_010.9), bar(1_010.9, 1_010)], { impulse_atr: 0.98 })?.strength,
  ).toBeCloseTo(0.99, 9);
});

test("[DEC-5] the move must come within its candles, and the newest bar is not part of it", () => {
  const slow = [bar(994, 1_000), bar(1_000, 1_003), bar(1_003, 1_006), bar(1_006, 1_015), bar(1_015, 1_014)];
  expect(find(slow)).toBe(null);
  expect(find(slow, { impulse_candles: 4 })?.strength).toBe(1.4);
  expect(find([bar(994, 1_000), bar(1_000, 1_020)])).toBe(null);
});

test("[DEC-5] a bar that rose or stood is no block", () => {
  const after = [bar(1_015, 1_014), bar(1_000, 1_015), bar(994, 1_000)];
  for (const first of [bar(994, 1_000, { low: 990 }), bar(994, 994, { low: 990 })]) {
    expect(findOrderBlock(scene({ bars: [...after, first, ...flat(5, 1_000)] }), settings)).toBe(null);
  }
});

test("[DEC-5] the zone is no higher than the configured share of the ATR", () => {
  const move = [bar(994, 1_005), bar(1_005, 1_015), bar(1_015, 1_014)];
  expect([find(move, { zone_atr_max: 0.5 })?.high, find(move, { zone_atr_max: 0.9 })?.high]).toEqual([997, 1_001]);
});

test("[DEC-5] a close below the block breaks it, a close at its low does not", () => {
  const then = (close: number) => find([bar(994, 1_015), bar(1_015, 1_014), bar(1_014, close), bar(close, 1_000)]);
  expect(then(991.9)?.low).not.toBe(992);
  expect(then(992)?.low).toBe(992);
  expect(find([bar(994, 1_015), bar(1_015, 1_014), bar(1_014, 991.9)])).toBe(null);
});

test("[DEC-5] a block that was tested more often than configured is not fresh; the newest bar is not counted", () => {
  const touch = bar(1_012, 1_013, { low: 1_001 });
  const near = bar(1_012, 1_013, { low: 1_001.1 });
  const move = [bar(994, 1_005), bar(1_005, 1_015)];
  expect(find([...move, touch, near, touch])?.retests).toBe(1);
  expect(find([...move, touch, touch, near])).toBe(null);
  expect(find([...move, touch, touch, near], { retests_max: 2 })?.retests).toBe(2);
});

test("[DEC-5] bars of the move itself, up to its peak, are no tests", () => {
  const move = [bar(994, 1_005, { low: 993 }), bar(1_005, 1_004, { low: 998 }), bar(1_004, 1_015, { low: 1_000 })];
  expect(find([...move, bar(1_015, 1_014)], { retests_max: 0 })?.retests).toBe(0);
});

test("[DEC-5] of several blocks the newest counts", () => {
  const bars = [
    bar(1_040, 1_039),
    bar(1_020, 1_040),
    bar(1_022, 1_018, { low: 1_017, high: 1_023 }),
    bar(994, 1_022),
    block,
  ];
  expect(findOrderBlock(scene({ bars }), settings)).toMatchObject({ low: 1_017, high: 1_023 });
});

test("[DEC-5] without bars there is no block", () => {
  expect([findOrderBlock(scene({ bars: [] }), settings), findOrderBlock(scene({ bars: [block] }), settings)]).toEqual([
    null,
    null,
  ]);
});

const zone = { low: 985, high: 997.5, strength: 1.4, retests: 0 };

test.each([
  [997.5, 985, true, 0.25],
  [997.4, 985, false, 0.26],
  [1_010, 1_000, true, -1],
  [1_010, 1_000.1, false, -1],
])("[DEC-5] a zone up to %d from %d with the mid at 1,000 is a location: %s", (high, low, passed, measured) => {
  const finding = orderBlockZone(scene(), { ...zone, high, low }, rules.location);
  expect(finding).toMatchObject({ reason: "ORDER_BLOCK", passed, limit: 0.25, score: passed ? 1 : 0 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test.each([
  ["touched its upper end and closed in its upper half", bar(1_000, 991.25, { low: 990 }), true],
  ["closed in its lower half", bar(1_000, 991.2, { low: 990 }), false],
  ["did not touch it", bar(1_000, 999, { low: 997.6 }), false],
  ["touched it by its low", bar(1_000, 999, { low: 997.5 }), true],
])("[DEC-5] a retest: the bar %s", (_, newest, passed) => {
  expect(orderBlockRetest(scene({ bars: [newest] }), zone, settings)).toEqual({
    reason: "ORDER_BLOCK_RETEST",
    passed,
    measured: passed ? 1.4 : 0,
    limit: 1,
    score: passed ? 1 : 0,
  });
});

test("[DEC-5] without a block nothing is measured", () => {
  expect(orderBlockZone(scene(), null, rules.location)).toMatchObject({ passed: false, measured: null, limit: 0.25 });
  expect(orderBlockRetest(scene(), null, settings)).toMatchObject({
    reason: "ORDER_BLOCK_RETEST",
    passed: false,
    measured: null,
    limit: 1,
  });
  expect(orderBlockRetest(scene({ bars: [] }), zone, settings)).toMatchObject({ passed: false, measured: null });
});
