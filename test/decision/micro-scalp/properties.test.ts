import fc from "fast-check";
import { expect, test } from "vitest";
import { type Layer, setUpOf } from "../../../src/decision/micro-scalp/layers.ts";
import { distancesOf } from "../../../src/decision/micro-scalp/levels.ts";
import type { Bar, Facts } from "../../../src/decision/micro-scalp/scene.ts";
import { facts, mirrored, own, rules } from "./support.ts";

/** A day that ends about here; whole ticks. */
const level = 100_000;

/** Markets with jumps, wicks and bursts of volume, in which every detector fires now and then. */
const markets: fc.Arbitrary<Facts> = fc
  .record({
    steps: fc.array(
      fc.record({
        move: fc.integer({ min: -40, max: 40 }),
        up: fc.integer({ min: 0, max: 60 }),
        down: fc.integer({ min: 0, max: 60 }),
        volume: fc.integer({ min: 0, max: 50 }),
        bought: fc.integer({ min: 0, max: 100 }),
      }),
      { minLength: 5, maxLength: 30 },
    ),
    spread: fc.integer({ min: 1, max: 5 }),
    atr: fc.integer({ min: 10, max: 60 }),
    atr1: fc.integer({ min: 0, max: 100 }),
    vwap: fc.option(fc.integer({ min: -40, max: 40 }), { nil: null }),
    held: fc.integer({ min: -90, max: 90 }),
  })
  .map(({ steps, spread, atr, atr1, vwap, held }) => {
    const bars: Bar[] = [];
    let price = level;
    for (const { move, up, down, volume, bought } of steps) {
      const close = price + move;
      const taken = Math.round((volume * bought) / 100);
      bars.unshift({
        time: bars.length,
        open: price,
        high: Math.max(price, close) + up,
        low: Math.min(price, close) - down,
        close,
        volume,
        taken,
      });
      price = close;
    }
    const extremes = {
      high: Math.max(...bars.map(({ high }) => high)),
      low: Math.min(...bars.map(({ low }) => low)),
    };
    return facts({
      bars,
      bid: price,
      ask: price + spread,
      atr,
      atr1,
      vwap: vwap === null ? null : price + vwap,
      vwapBand: vwap === null ? null : 20,
      vwapHeldSeconds: held,
      session: extremes,
      day: { high: extremes.high + 10, low: extremes.low - 10 },
      sessionStart: 3,
    });
  });

test("[DEC-4] whatever the market, mirrored prices give mirrored set-ups and distances", () => {
  fc.assert(
    fc.property(markets, (market) => {
      const other = mirrored(market, level);
      for (const [side, opposite] of [
        ["buy", "sell"],
        ["sell", "buy"],
      ] as const) {
        const here = setUpOf(market, [], side, rules);
        const there = setUpOf(other, [], opposite, rules);
        expectSame(there.layers, here.layers);
        // What pays the fees depends on the price, which is another one in the mirror.
        const free = { ...rules, filters: { ...rules.filters, target_bps_min: 0 } };
        expect(distancesOf(there.scene, 0.1, own, free)).toEqual(distancesOf(here.scene, 0.1, own, free));
      }
    }),
    { numRuns: 500 },
  );
});

test("[DEC-4] prices and distances in a unit half as large give the same set-up", () => {
  fc.assert(
    fc.property(markets, fc.constantFrom("buy" as const, "sell" as const), (market, side) => {
      expectSame(setUpOf(transformed(market, 2, 0), [], side, rules).layers, setUpOf(market, [], side, rules).layers);
    }),
    { numRuns: 500 },
  );
});

test("[DEC-4] the same market at another level of prices gives the same set-up", () => {
  fc.assert(
    fc.property(markets, fc.integer({ min: -50_000, max: 50_000 }), (market, shift) => {
      expectSame(
        setUpOf(transformed(market, 1, shift), [], "buy", rules).layers,
        setUpOf(market, [], "buy", rules).layers,
      );
    }),
    { numRuns: 500 },
  );
});

test("[DEC-4] the score is 0 to 8, is the sum of its layers, and a set-up that holds has the score to trade", () => {
  fc.assert(
    fc.property(markets, (market) => {
      const { layers, score, passed } = setUpOf(market, [], "buy", rules);
      const [filters, location, signals, confluence] = layers;
      const extra = confluence?.findings.filter(({ reason, passed }) => passed && reason !== "SCORE").length ?? 0;
      expect(score).toBe((filters?.score ?? 0) + (location?.score ?? 0) + (signals?.score ?? 0) + extra);
      expect(score).toBeGreaterThanOrEqual(0);
      expect(score).toBeLessThanOrEqual(8);
      expect(passed === 4).toBe(layers.every((layer) => layer.passed));
      if (passed === 4) expect(score).toBeGreaterThanOrEqual(rules.trade_score);
    }),
    { numRuns: 500 },
  );
});

test("[DEC-4] these markets hold set-ups of every score up to six, so that the properties are about something", () => {
  const seen = new Set<number>();
  const words = new Set<string>();
  for (const market of fc.sample(markets, { numRuns: 3_000, seed: 5 })) {
    const { layers, score } = setUpOf(market, [], "buy", rules);
    seen.add(score);
    for (const { findings } of layers) for (const { reason, passed } of findings) if (passed) words.add(reason);
  }
  expect([...seen]).toEqual(expect.arrayContaining([0, 1, 2, 3, 4, 5, 6]));
  expect([...words].toSorted()).toEqual(
    [
      "CHANGE_OF_CHARACTER",
      "DAY_EXTREME",
      "ENGULFING",
      "LIQUIDITY_CLUSTER",
      "LIQUIDITY_SWEEP",
      "MOMENTUM",
      "ORDER_BLOCK",
      "ORDER_BLOCK_RETEST",
      "SCORE",
      "SESSION_EXTREME",
      "VOLATILITY_EXPANSION",
      "VOLUME",
      "VWAP_BAND",
      "VWAP_PERSISTENCE",
      "VWAP_REJECTION",
      "WICK_TRAP",
    ].toSorted(),
  );
});

function transformed(market: Facts, factor: number, shift: number): Facts {
  const price = (value: number): number => value * factor + shift;
  return {
    ...market,
    bars: market.bars.map((bar) => ({
      ...bar,
      open: price(bar.open),
      high: price(bar.high),
      low: price(bar.low),
      close: price(bar.close),
    })),
    bid: price(market.bid),
    ask: price(market.ask),
    atr: market.atr * factor,
    atr1: market.atr1 * factor,
    vwap: market.vwap === null ? null : price(market.vwap),
    vwapBand: market.vwapBand === null ? null : market.vwapBand * factor,
    session: market.session === null ? null : { high: price(market.session.high), low: price(market.session.low) },
    day: market.day === null ? null : { high: price(market.day.high), low: price(market.day.low) },
  };
}

/** Verdicts and scores are equal; what was measured is so up to the last digits. */
function expectSame(actual: readonly Layer[], wanted: readonly Layer[]): void {
  const verdicts = (layers: readonly Layer[]) =>
    layers.map(({ name, passed, score, findings }) => [
      name,
      passed,
      score,
      ...findings.map((finding) => [finding.reason, finding.passed, finding.score]),
    ]);
  expect(verdicts(actual)).toEqual(verdicts(wanted));
  const numbers = (layers: readonly Layer[]) =>
    layers.flatMap(({ findings }) => findings.map(({ measured }) => measured));
  for (const [index, measured] of numbers(actual).entries()) {
    const other = numbers(wanted)[index] ?? null;
    if (measured === null || other === null) expect(measured).toBe(other);
    else expect(measured).toBeCloseTo(other, 6);
  }
}
