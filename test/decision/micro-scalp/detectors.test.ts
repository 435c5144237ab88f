import { expect, test } from "vitest";
import { changeOfCharacter } from "../../../src/decision/micro-scalp/change-of-character.ts";
import { engulfing } from "../../../src/decision/micro-scalp/engulfing.ts";
import { liquidityCluster } from "../../../src/decision/micro-scalp/liquidity-cluster.ts";
import { liquiditySweep } from "../../../src/decision/micro-scalp/liquidity-sweep.ts";
import { sessionMomentum } from "../../../src/decision/micro-scalp/momentum.ts";
import { dayExtreme, sessionExtreme } from "../../../src/decision/micro-scalp/price-extremes.ts";
import { lowerWickShare, meanVolume, sceneOf } from "../../../src/decision/micro-scalp/scene.ts";
import { swingHighs, swingLows } from "../../../src/decision/micro-scalp/swings.ts";
import { takenVolume } from "../../../src/decision/micro-scalp/volume.ts";
import { vwapBand, vwapPersistence, vwapRejection } from "../../../src/decision/micro-scalp/vwap-filter.ts";
import { VwapSide } from "../../../src/decision/micro-scalp/vwap-side.ts";
import { wickTrap } from "../../../src/decision/micro-scalp/wick-trap.ts";
import { bar, facts, flat, rules, scene } from "./support.ts";

test("[DEC-5] the wick's share is what lies below the body, and nothing in a bar without a range", () => {
  expect([
    lowerWickShare(bar(108, 110, { low: 100, high: 120 })),
    lowerWickShare(bar(110, 108, { low: 100, high: 120 })),
    lowerWickShare(bar(100, 100)),
    lowerWickShare(bar(100, 110)),
  ]).toEqual([0.4, 0.4, 0, 0]);
});

test("[DEC-5] a mean volume needs something that was traded", () => {
  expect([
    meanVolume([bar(1, 1), bar(1, 1, { volume: 30 })]),
    meanVolume([bar(1, 1, { volume: 0 })]),
    meanVolume([]),
  ]).toEqual([20, null, null]);
});

test("[DEC-5] a short sees the market upside down: highs are lows, sellers are the takers on its side", () => {
  const market = facts({
    bars: [bar(1_010, 1_005, { time: 7, low: 1_000, high: 1_020, volume: 10, taken: 3 })],
    vwap: 1_003,
    vwapHeldSeconds: 12,
    session: { high: 1_050, low: 950 },
    day: { high: 1_100, low: 900 },
  });
  expect(sceneOf(market, "sell")).toMatchObject({
    bars: [{ time: 7, open: -1_010, high: -1_000, low: -1_020, close: -1_005, volume: 10, taken: 7 }],
    mid: -1_000,
    near: -1_001,
    vwap: -1_003,
    vwapHeldSeconds: -12,
    sessionLow: -1_050,
    dayLow: -1_100,
    dayRange: 200,
  });
  expect(sceneOf(market, "buy")).toMatchObject({ mid: 1_000, near: 999, vwap: 1_003, sessionLow: 950, dayLow: 900 });
});

test("[DEC-5] what is not known of a market is not known to either side", () => {
  for (const side of ["buy", "sell"] as const) {
    expect(sceneOf(facts(), side)).toMatchObject({ vwap: null, sessionLow: null, dayLow: null, dayRange: null });
  }
});

test.each([
  ["at the limit", { low: 994, high: 1_004 }, true, 0.6],
  ["just below it", { low: 994.1, high: 1_004 }, false, 5.9 / 9.9],
  ["no deeper than the bar before", { low: 995, high: 997 }, false, 0],
])("[DEC-5] wick trap, %s", (_, shape, passed, measured) => {
  // The bar before has its low at 995; the trap closes above that.
  const bars = [bar(1_000, 1_002, shape), bar(1_000, 1_000, { low: 995 }), ...flat(5, 1_000)];
  const finding = wickTrap(scene({ bars }), rules.signals);
  expect(finding).toMatchObject({ reason: "WICK_TRAP", passed, limit: 0.6, score: passed ? 1 : 0 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test("[DEC-5] nobody is trapped where the bar closes at the low of the one before", () => {
  const bars = [bar(996, 995, { low: 980 }), bar(1_000, 1_000, { low: 995 })];
  expect(wickTrap(scene({ bars }), rules.signals)).toMatchObject({ passed: false, measured: 0 });
  expect(
    wickTrap(scene({ bars: [bar(996, 995.5, { low: 980 }), bar(1_000, 1_000, { low: 995 })] }), rules.signals).passed,
  ).toBe(true);
});

test("[DEC-5] a wick trap needs two bars", () => {
  expect(wickTrap(scene({ bars: [bar(1, 1)] }), rules.signals)).toEqual({
    reason: "WICK_TRAP",
    passed: false,
    measured: null,
    limit: 0.6,
    score: 0,
  });
});

test.each([
  ["undoes it by the least ratio", bar(990, 1_001), true, 1.1],
  ["is a little too small", bar(990.1, 1_001), false, 1.09],
  ["closes where the fall began", bar(985, 1_000), false, 0],
  ["falls too", bar(1_000, 980), false, 0],
])("[DEC-5] engulfing: after a fall of ten the bar %s", (_, newest, passed, measured) => {
  const finding = engulfing(scene({ bars: [newest, bar(1_000, 990)] }), rules.signals);
  expect(finding).toMatchObject({ reason: "ENGULFING", passed, limit: 1.1 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test("[DEC-5] there is nothing to engulf in a bar that rose, or in one that stood, or before the first", () => {
  const after = (before: ReturnType<typeof bar>) =>
    engulfing(scene({ bars: [bar(990, 1_010), before] }), rules.signals);
  expect([after(bar(990, 1_000)), after(bar(1_000, 1_000))].map(({ passed, measured }) => [passed, measured])).toEqual([
    [false, 0],
    [false, 0],
  ]);
  expect(engulfing(scene({ bars: [bar(1, 2)] }), rules.signals)).toMatchObject({
    passed: false,
    measured: null,
    limit: 1.1,
  });
});

test.each([
  ["taken, returned, rejected, with volume", { low: 990, volume: 15 }, 1, true],
  ["with too little volume", { low: 990, volume: 14.9 }, 0.75, true],
  ["with too little wick", { low: 999, high: 1_012, volume: 15 }, 0.75, true],
  ["with neither", { low: 999, high: 1_012, volume: 14.9 }, 0.5, false],
  ["not taken", { low: 1_000, volume: 100 }, 0, false],
])("[DEC-5] liquidity sweep of one bar, %s", (_, shape, measured, passed) => {
  const bars = [bar(1_003, 1_004, shape), ...flat(6, 1_000)];
  expect(liquiditySweep(scene({ bars }), { ...rules.sweep, return_candles: 1 })).toEqual({
    reason: "LIQUIDITY_SWEEP",
    passed,
    measured,
    limit: 0.75,
    score: passed ? 1 : 0,
  });
});

test("[DEC-5] the wick that rejects is at least the configured share", () => {
  const sweep = { ...rules.sweep, return_candles: 1, confidence_min: 1 };
  const at = (low: number) => [bar(1_006, 1_008, { low, high: 1_010, volume: 100 }), ...flat(4, 1_002)];
  // Wick of 8 in a range of 12, against 0.4; and 4 in 8 is more than enough as well, 3 in 7 just so.
  expect([998, 1_001.9, 1_001.99].map((low) => liquiditySweep(scene({ bars: at(low) }), sweep).passed)).toEqual([
    true,
    true,
    true,
  ]);
  const steep = { ...sweep, wick_share_min: 2 / 3 };
  expect([998, 998.1].map((low) => liquiditySweep(scene({ bars: at(low) }), steep).passed)).toEqual([true, false]);
});

test("[DEC-5] a low that is taken is given back when the bar closes above it, not at it", () => {
  const at = (close: number) => [bar(1_001, close, { low: 980, volume: 100 }), ...flat(6, 1_000)];
  expect(liquiditySweep(scene({ bars: at(1_000) }), rules.sweep).measured).toBe(0);
  expect(liquiditySweep(scene({ bars: at(1_000.5) }), rules.sweep).measured).toBe(1);
});

test("[DEC-5] the low may be taken in one bar and given back in the next, and no later than configured", () => {
  const bars = [bar(985, 1_005), bar(1_000, 985, { low: 975, volume: 50 }), ...flat(6, 1_000)];
  const within = (return_candles: number) => liquiditySweep(scene({ bars }), { ...rules.sweep, return_candles });
  // Together: opened at 1,000, low 975, closed at 1,005: a wick of 25 in 30, volume of the busiest bar.
  expect([within(1).measured, within(2).measured, within(3).measured]).toEqual([0, 1, 1]);
  const late = [bar(1_000, 1_005), ...bars.map((one) => ({ ...one, close: Math.min(one.close, 999) }))];
  expect(liquiditySweep(scene({ bars: late }), { ...rules.sweep, return_candles: 2 }).measured).toBe(0);
});

test("[DEC-5] together bars have the highest high, so that a spike between them makes the wick smaller", () => {
  const bars = [bar(985, 1_005, { high: 1_100 }), bar(1_000, 985, { low: 975, volume: 50 }), ...flat(6, 1_000)];
  expect(liquiditySweep(scene({ bars }), rules.sweep).measured).toBe(0.75);
});

test("[DEC-5] the local low is the lowest of all bars before, and one bar must be before", () => {
  const deep = [bar(1_003, 1_004, { low: 990, volume: 50 }), ...flat(5, 1_000), bar(1_000, 1_000, { low: 990 })];
  expect(liquiditySweep(scene({ bars: deep }), rules.sweep).measured).toBe(0);
  expect(liquiditySweep(scene({ bars: [bar(1_003, 1_004, { low: 990 })] }), rules.sweep).measured).toBe(0);
});

test("[DEC-5] where nothing was traded before, volume speaks for nothing", () => {
  const bars = [bar(1_003, 1_004, { low: 990, volume: 50 }), ...flat(5, 1_000).map((one) => ({ ...one, volume: 0 }))];
  expect(liquiditySweep(scene({ bars }), rules.sweep).measured).toBe(0.75);
});

test.each([
  [-0.1, false],
  [0, true],
  [4, true],
  [4.1, false],
])("[DEC-5] %d above the VWAP with a band of four: at the band is %s", (above, passed) => {
  expect(vwapBand(scene({ vwap: 1_000 - above, vwapBand: 4 }))).toMatchObject({
    reason: "VWAP_BAND",
    passed,
    limit: 0.4,
  });
});

test("[DEC-5] the distance to the VWAP is measured in ATR, and there is none to an unknown one", () => {
  expect(vwapBand(scene({ vwap: 995, vwapBand: 4 })).measured).toBe(0.5);
  expect([vwapBand(scene({ vwap: 1_000 })), vwapBand(scene({ vwapBand: 4 }))]).toMatchObject([
    { passed: false, measured: null },
    { passed: false, measured: null },
  ]);
});

test.each([
  ["touched and turned back", bar(1_004, 1_005, { low: 1_002.5, high: 1_006 }), 1_001, true],
  ["not touched", bar(1_004, 1_005, { low: 1_002.6, high: 1_006 }), 1_001, false],
  ["closed at the VWAP", bar(1_004, 1_000, { low: 990, high: 1_006 }), 1_001, false],
  ["came from the other side", bar(1_004, 1_005, { low: 1_002.5, high: 1_006 }), 1_000, false],
  ["left too small a wick", bar(1_003.8, 1_005, { low: 1_002.5, high: 1_006 }), 1_001, false],
])("[DEC-5] rejection at a VWAP of 1,000: %s", (_, newest, closeBefore, passed) => {
  const bars = [newest, bar(1_001, closeBefore)];
  expect(vwapRejection(scene({ bars, vwap: 1_000 }), rules)).toMatchObject({ reason: "VWAP_REJECTION", passed });
});

test("[DEC-5] a rejection measures the wick's share; without VWAP or bars nothing", () => {
  const bars = [bar(1_004, 1_005, { low: 1_002, high: 1_007 }), bar(1_001, 1_001)];
  expect(vwapRejection(scene({ bars, vwap: 1_000 }), rules)).toMatchObject({ measured: 0.4, limit: 0.4 });
  expect(
    [scene({ bars }), scene({ bars: bars.slice(1), vwap: 1_000 })].map((one) => vwapRejection(one, rules).measured),
  ).toEqual([null, null]);
});

test.each([
  [29.9, false],
  [30, true],
  [-30, false],
])("[DEC-5] %d seconds on its side of the VWAP is persistent: %s", (vwapHeldSeconds, passed) => {
  expect(vwapPersistence(scene({ vwapHeldSeconds }), rules.signals)).toEqual({
    reason: "VWAP_PERSISTENCE",
    passed,
    measured: vwapHeldSeconds,
    limit: 30,
    score: passed ? 1 : 0,
  });
});

test("[DEC-5] the side of the VWAP is held from the moment that the price came to it", () => {
  const side = new VwapSide();
  const held: number[] = [];
  const update = (where: -1 | 0 | 1, seconds: number): void => {
    side.update(where, seconds * 1e6);
    held.push(side.heldSeconds((seconds + 1) * 1e6));
  };
  update(1, 10);
  update(1, 20);
  update(-1, 30);
  update(1, 40);
  update(0, 50);
  update(0, 60);
  update(1, 70);
  expect(held).toEqual([1, 11, -1, 1, 0, 0, 1]);
  side.reset();
  expect(side.heldSeconds(80e6)).toBe(0);
  side.update(1, 90e6);
  expect(side.heldSeconds(92e6)).toBe(2);
});

test.each([
  [997.5, true, 0.25],
  [997.4, false, 0.26],
  [1_001, true, -0.1],
])("[DEC-4] with the session's low at %d the mid of 1,000 is at its extreme: %s", (low, passed, measured) => {
  const finding = sessionExtreme(scene({ session: { high: 1_100, low } }), rules.location);
  expect(finding).toMatchObject({ reason: "SESSION_EXTREME", passed, limit: 0.25 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test.each([
  [{ high: 1_090, low: 990 }, true, 0.1],
  [{ high: 1_089, low: 990 }, false, 10 / 99],
  [{ high: 1_000, low: 1_000 }, false, null],
])("[DEC-4] in a day of %j the mid of 1,000 is in the outer part: %s", (day, passed, measured) => {
  expect(dayExtreme(scene({ day }), rules.location)).toMatchObject({
    reason: "DAY_EXTREME",
    passed,
    limit: 0.1,
    measured,
  });
});

test("[DEC-4] an unknown session or day has no extreme", () => {
  expect([sessionExtreme(scene(), rules.location), dayExtreme(scene(), rules.location)]).toMatchObject([
    { passed: false, measured: null },
    { passed: false, measured: null },
  ]);
});

test("[DEC-5] a swing is below its newer neighbour and not above its older one", () => {
  const lows = [5, 3, 4, 4, 6, 2, 2, 7, 1].map((low) => bar(low, low));
  expect(swingLows(lows)).toEqual([3, 2]);
  expect(swingHighs(lows)).toEqual([4, 6, 7]);
  expect([swingLows([]), swingLows([bar(1, 1)]), swingLows([bar(2, 2), bar(1, 1)])]).toEqual([[], [], []]);
});

test("[DEC-4] a cluster is as many swing lows as configured within its reach of the price", () => {
  const swing = (low: number) => [bar(1_010, 1_010, { low }), bar(1_020, 1_020)];
  const cluster = (...lows: number[]) =>
    liquidityCluster(scene({ bars: [bar(1_020, 1_020), ...lows.flatMap(swing)] }), rules.location);
  expect(cluster(1_000, 1_002.5, 997.5)).toEqual({
    reason: "LIQUIDITY_CLUSTER",
    passed: true,
    measured: 3,
    limit: 3,
    score: 1,
  });
  expect(cluster(1_000, 1_002.6, 997.5)).toMatchObject({ passed: false, measured: 2 });
  expect(cluster(1_000, 1_002.5, 997.4)).toMatchObject({ passed: false, measured: 2 });
});

/** Swing highs, newest first, then the newest bars before them. */
function highs(newest: readonly ReturnType<typeof bar>[], ...swings: readonly number[]) {
  return [...newest, ...swings.flatMap((high) => [bar(990, 990), bar(990, 990, { high })]), bar(990, 990)];
}

test.each([
  ["breaks the last of two lower highs", [bar(990, 1_006), bar(990, 990)], [1_005, 1_010], true, 0.1],
  ["only reaches it", [bar(990, 1_005), bar(990, 990)], [1_005, 1_010], false, 0],
  ["breaks one of rising highs", [bar(990, 1_016), bar(990, 990)], [1_015, 1_010], false, 0.1],
  ["breaks one of equal highs", [bar(990, 1_011), bar(990, 990)], [1_010, 1_010], false, 0.1],
  ["is not the first beyond it", [bar(990, 1_007), bar(990, 1_006)], [1_005, 1_010], false, 0.2],
  ["is the first beyond it", [bar(990, 1_007), bar(990, 1_005)], [1_005, 1_010], true, 0.2],
])("[DEC-5] change of character: the bar %s", (_, newest, swings, passed, measured) => {
  const finding = changeOfCharacter(scene({ bars: highs(newest, ...swings) }));
  expect(finding).toMatchObject({ reason: "CHANGE_OF_CHARACTER", passed, limit: 0 });
  expect(finding.measured).toBeCloseTo(measured, 9);
});

test("[DEC-5] there is no change of character without two swing highs", () => {
  expect(changeOfCharacter(scene({ bars: highs([bar(990, 1_006), bar(990, 990)], 1_005) }))).toEqual({
    reason: "CHANGE_OF_CHARACTER",
    passed: false,
    measured: null,
    limit: 0,
    score: 0,
  });
});

test("[DEC-5] momentum is the move of the last candles of the session, in ATR", () => {
  const bars = [
    bar(1_003, 1_005, { time: 30 }),
    bar(1_001, 1_003, { time: 20 }),
    bar(1_000, 1_001, { time: 10 }),
    bar(900, 1_000),
  ];
  const of = (sessionStart: number, momentum_atr = 0.5) =>
    sessionMomentum(scene({ bars, sessionStart }), { ...rules.signals, momentum_atr });
  expect(of(0)).toEqual({ reason: "MOMENTUM", passed: true, measured: 0.5, limit: 0.5, score: 1 });
  expect(of(0, 0.51).passed).toBe(false);
  expect([of(10).measured, of(11).measured, of(30).measured, of(31).measured]).toEqual([0.5, 0.4, 0.2, null]);
});

test("[DEC-5] volume is what was taken on the trade's side, against half of the usual", () => {
  const of = (volume: number, taken: number, usual = 10) =>
    takenVolume(
      scene({ bars: [bar(1, 1, { volume, taken }), ...flat(4, 1).map((one) => ({ ...one, volume: usual }))] }),
      rules.signals,
    );
  expect(of(20, 7.5)).toEqual({ reason: "VOLUME", passed: true, measured: 1.5, limit: 1.5, score: 1 });
  expect(of(20, 7.4).passed).toBe(false);
  expect(of(20, 20, 0)).toMatchObject({ passed: false, measured: null });
  expect(takenVolume(scene({ bars: [] }), rules.signals).measured).toBe(null);
});
