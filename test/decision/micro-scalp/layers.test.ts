import { expect, test } from "vitest";
import { evidenceOf, found } from "../../../src/decision/micro-scalp/finding.ts";
import { decidingLayer, type SetUp, setUpOf } from "../../../src/decision/micro-scalp/layers.ts";
import type { Facts } from "../../../src/decision/micro-scalp/scene.ts";
import { bar, facts, flat, rules } from "./support.ts";

const passing = [found("ATR1", true, 12, 10)];

/** A wick trap and sweep of the lows, bought in volume, at the session's low and near no VWAP. */
const sweeping: Partial<Facts> = {
  bars: [bar(1_001, 1_002, { low: 996, high: 1_003, volume: 30, taken: 25 }), ...flat(8, 1_000)],
  session: { high: 1_100, low: 996 },
  bid: 997,
  ask: 998,
};

function long(changes: Partial<Facts> = {}, filters = passing): SetUp {
  return setUpOf(facts({ ...sweeping, ...changes }), filters, "buy", rules);
}

function words(setUp: SetUp): string[] {
  return setUp.layers.flatMap(({ findings }) => findings.filter(({ passed }) => passed).map(({ reason }) => reason));
}

test("[DEC-4] layers come in their order, each with every finding of its own", () => {
  expect(long().layers.map(({ name, findings }) => [name, ...findings.map(({ reason }) => reason)])).toEqual([
    ["FILTERS", "ATR1"],
    ["LOCATION", "VWAP_BAND", "SESSION_EXTREME", "DAY_EXTREME", "ORDER_BLOCK", "LIQUIDITY_CLUSTER"],
    [
      "SIGNALS",
      "WICK_TRAP",
      "LIQUIDITY_SWEEP",
      "VWAP_REJECTION",
      "ENGULFING",
      "ORDER_BLOCK_RETEST",
      "CHANGE_OF_CHARACTER",
      "MOMENTUM",
      "VOLUME",
    ],
    ["CONFLUENCE", "SCORE", "VWAP_PERSISTENCE", "VOLATILITY_EXPANSION"],
  ]);
});

test("[DEC-4] a set-up of one location, two primary and one secondary signal scores four, which is not enough", () => {
  const setUp = long();
  expect(words(setUp)).toEqual(["ATR1", "SESSION_EXTREME", "WICK_TRAP", "LIQUIDITY_SWEEP", "VOLUME"]);
  expect(setUp.layers.map(({ passed, score }) => [passed, score])).toEqual([
    [true, 0],
    [true, 1],
    [true, 3],
    [false, 4],
  ]);
  expect(setUp).toMatchObject({ side: "buy", passed: 3, score: 4, primaries: 2 });
  expect(decidingLayer(setUp).findings[0]).toEqual({ reason: "SCORE", passed: false, measured: 4, limit: 5, score: 0 });
});

test("[DEC-4] volatility that expands, and a price that stayed on its side of the VWAP, add a point each", () => {
  expect(long({ atr1: 12 })).toMatchObject({ score: 5, passed: 4 });
  expect(long({ atr1: 12, vwapHeldSeconds: 30 })).toMatchObject({ score: 6, passed: 4 });
  expect(decidingLayer(long({ atr1: 12 })).name).toBe("CONFLUENCE");
});

test("[DEC-4] no more than two points come from one kind of evidence", () => {
  const many = long({ day: { high: 1_100, low: 996 }, vwap: 997, vwapBand: 3, atr1: 12, vwapHeldSeconds: 40 });
  expect(words(many)).toEqual(expect.arrayContaining(["VWAP_BAND", "SESSION_EXTREME", "DAY_EXTREME"]));
  expect(many.layers.map(({ score }) => score)).toEqual([0, 2, 3, 7]);
});

test("[DEC-4] the full score is eight", () => {
  const bars = [
    bar(995, 1_003, { low: 970, high: 1_003, volume: 90, taken: 80 }),
    bar(1_000, 995.5, { low: 995.5 }),
    bar(994, 1_000),
    ...flat(6, 1_000),
  ];
  const setUp = long({ bars, day: { high: 1_100, low: 996 }, atr1: 12, vwapHeldSeconds: 40 });
  expect(words(setUp)).toEqual([
    "ATR1",
    "SESSION_EXTREME",
    "DAY_EXTREME",
    "WICK_TRAP",
    "LIQUIDITY_SWEEP",
    "ENGULFING",
    "MOMENTUM",
    "VOLUME",
    "SCORE",
    "VWAP_PERSISTENCE",
    "VOLATILITY_EXPANSION",
  ]);
  expect(setUp).toMatchObject({ score: 8, passed: 4, primaries: 3 });
});

test("[DEC-4] the first layer that does not hold is where it stopped, whatever the later ones say", () => {
  const blocked = long({ atr1: 12 }, [...passing, found("SPREAD", false, 20, 15)]);
  expect([blocked.passed, decidingLayer(blocked).name, blocked.score]).toEqual([0, "FILTERS", 5]);
  const nowhere = long({ atr1: 12, vwapHeldSeconds: 40, session: null });
  expect([nowhere.passed, decidingLayer(nowhere).name, nowhere.score]).toEqual([1, "LOCATION", 5]);
});

test("[DEC-4] signals need one of each kind", () => {
  const noVolume = sweeping.bars?.map((one) => ({ ...one, volume: 10, taken: 5 })) ?? [];
  const onlyPrimary = long({ bars: noVolume, atr1: 12, vwapHeldSeconds: 40 });
  expect([onlyPrimary.passed, onlyPrimary.primaries, onlyPrimary.layers[2]?.score]).toEqual([2, 2, 2]);
  const bars = [bar(1_000, 1_001, { volume: 30, taken: 25 }), ...flat(8, 1_000)];
  const onlySecondary = long({ bars, atr1: 12, vwapHeldSeconds: 40 });
  expect([onlySecondary.passed, onlySecondary.primaries, onlySecondary.layers[2]?.score]).toEqual([2, 0, 1]);
});

test("[DEC-4] a short is judged by the market upside down", () => {
  const setUp = setUpOf(facts(sweeping), passing, "sell", rules);
  expect(setUp).toMatchObject({ side: "sell", primaries: 0 });
  expect(setUp.scene.near).toBe(-998);
});

test("[DEC-4] evidence is what was looked at, measured and compared with", () => {
  expect(evidenceOf(found("SPREAD", false, 20, 15))).toEqual({ reason: "SPREAD", measured: 20, limit: 15 });
});
