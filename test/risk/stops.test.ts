/** Stop and target by volatility. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { sides, sign } from "../../src/domain/order.ts";
import { ticks } from "../../src/domain/units.ts";
import { bandOf, bands, stopLevels, volatilityBand } from "../../src/risk/stops.ts";
import { settings } from "../support/core.ts";

const { sltp } = settings.risk;

const market = fc.record({
  side: fc.constantFrom(...sides),
  price: fc.integer({ min: 1, max: 10_000_000 }),
  atr: fc.double({ min: 1e-6, max: 1e7, noNaN: true }),
  minTicks: fc.integer({ min: 1, max: 1_000 }),
  band: fc.constantFrom(...bands),
  mode: fc.constantFrom("atr" as const, "percent" as const),
});

test("[RSK-3] the stop lies on the losing side and the target on the winning side of every price", () => {
  fc.assert(
    fc.property(market, ({ side, price, atr, minTicks, band, mode }) => {
      const levels = stopLevels(side, ticks(price), atr, band, { ...sltp, mode, min_ticks: minTicks });
      const away =
        levels === null
          ? 0
          : Math.min((price - levels.stopLoss) * sign(side), (levels.takeProfit - price) * sign(side));
      expect(levels === null || away >= minTicks).toBe(true);
    }),
  );
});

test("[RSK-3] rounding to the tick never adds risk beyond the configured least distance", () => {
  fc.assert(
    fc.property(market, ({ side, price, atr, minTicks, band, mode }) => {
      const levels = stopLevels(side, ticks(price), atr, band, { ...sltp, mode, min_ticks: minTicks });
      const multiple = { low: 1.5, medium: 1.2, high: 1 }[band];
      const percent = { low: 0.2, medium: 0.3, high: 0.4 }[band];
      const risk = levels === null ? 0 : (price - levels.stopLoss) * sign(side);
      expect(risk).toBeLessThanOrEqual(Math.max(minTicks, mode === "atr" ? atr * multiple : (price * percent) / 100));
    }),
  );
});

test("[RSK-3] both levels are prices: whole and at least one tick, or there are none", () => {
  fc.assert(
    fc.property(market, ({ side, price, atr, band, mode }) => {
      const levels = stopLevels(side, ticks(price), atr, band, { ...sltp, mode });
      const both = levels === null ? [] : [levels.stopLoss, levels.takeProfit];
      expect(both.every((level) => Number.isSafeInteger(level) && level >= 1)).toBe(true);
    }),
  );
});

test.each([
  { bps: 2.999, band: "low" },
  { bps: 3, band: "medium" },
  { bps: 12, band: "medium" },
  { bps: 12.001, band: "high" },
])("[RSK-3] an ATR of $bps bps is $band", ({ bps, band }) => {
  expect(volatilityBand(bps, sltp)).toBe(band);
});

test.each([
  { bps: 4.999, band: "low" },
  { bps: 5, band: "high" },
  { bps: 5.001, band: "high" },
])("[RSK-3] with equal thresholds of 5 there is no MEDIUM: $bps bps is $band", ({ bps, band }) => {
  expect(volatilityBand(bps, { ...sltp, low_bps: 5, high_bps: 5 })).toBe(band);
});

const distances = [
  { mode: "atr", side: "buy", band: "low", atr: 100, stop: 639_850, target: 640_200 },
  { mode: "atr", side: "buy", band: "medium", atr: 400, stop: 639_520, target: 640_640 },
  { mode: "atr", side: "buy", band: "high", atr: 1_000, stop: 639_000, target: 641_200 },
  { mode: "atr", side: "sell", band: "medium", atr: 400, stop: 640_480, target: 639_360 },
  // 0.2, 0.3 and 0.4 percent of 640,000 are 1,280, 1,920 and 2,560 ticks; targets 2, 1.5 and 1 times as far.
  { mode: "percent", side: "buy", band: "low", atr: null, stop: 638_720, target: 642_560 },
  { mode: "percent", side: "buy", band: "medium", atr: null, stop: 638_080, target: 642_880 },
  { mode: "percent", side: "buy", band: "high", atr: null, stop: 637_440, target: 642_560 },
  { mode: "percent", side: "sell", band: "low", atr: null, stop: 641_280, target: 637_440 },
] as const;

test.each(distances)("[RSK-3] in mode $mode a $side in the band $band", ({ mode, side, band, atr, stop, target }) => {
  expect(stopLevels(side, ticks(640_000), atr, band, { ...sltp, mode })).toEqual({
    stopLoss: stop,
    takeProfit: target,
  });
});

const allNull = { tp_mult_low_vol: null, tp_mult_medium_vol: null, tp_mult_high_vol: null };
const noRatios = { tp_rr_low_vol: null, tp_rr_medium_vol: null, tp_rr_high_vol: null };

test.each(bands)("[RSK-3] a band %s without a target of its own takes base_rr times the stop's distance", (band) => {
  const atr = stopLevels("buy", ticks(640_000), 100, band, { ...sltp, base_rr: 3, atr: { ...sltp.atr, ...allNull } });
  const percent = stopLevels("buy", ticks(640_000), null, band, {
    ...sltp,
    mode: "percent",
    base_rr: 3,
    percent: { ...sltp.percent, ...noRatios },
  });
  const ratios = [atr, percent].map((levels) =>
    levels === null ? null : (levels.takeProfit - 640_000) / (640_000 - levels.stopLoss),
  );
  expect(ratios).toEqual([3, 3]);
});

test("[RSK-3] a distance between two ticks is rounded towards the price, for stop and target", () => {
  // 1.2 and 1.6 times 333 are 399.6 and 532.8.
  expect(stopLevels("buy", ticks(640_000), 333, "medium", sltp)).toEqual({ stopLoss: 639_601, takeProfit: 640_532 });
});

test("[RSK-3] a short's distance is rounded towards the price, too", () => {
  expect(stopLevels("sell", ticks(640_000), 333, "medium", sltp)).toEqual({ stopLoss: 640_399, takeProfit: 639_468 });
});

test("[RSK-3] a stop that would not be a price gives no levels", () => {
  expect(stopLevels("buy", ticks(20), 300, "low", sltp)).toBeNull();
});

test("[RSK-3] a short's target that would not be a price gives no levels", () => {
  expect(stopLevels("sell", ticks(20), 300, "low", sltp)).toBeNull();
});

test("[RSK-3] a stop at the first tick is a price", () => {
  expect(stopLevels("buy", ticks(21), 1, "low", sltp)).toEqual({ stopLoss: 1, takeProfit: 41 });
});

test.each([null, Number.NaN, Number.POSITIVE_INFINITY])("[RSK-8] an ATR of %s gives no levels in mode atr", (atr) => {
  expect(stopLevels("buy", ticks(640_000), atr, "low", sltp)).toBeNull();
});

test("[RSK-8] an infinite target distance gives no levels", () => {
  const far = { ...sltp, min_ticks: Number.MAX_SAFE_INTEGER };
  expect([stopLevels("sell", ticks(640_000), 1, "low", far), stopLevels("buy", ticks(640_000), 1, "low", far)]).toEqual(
    [null, null],
  );
});

const metrics = [
  // 300 ticks of 640,000 are 4.7 bps.
  { mode: "atr", metric: "atr", atrTicks: 300, realisedBps: null, band: "medium" },
  { mode: "atr", metric: "atr", atrTicks: 100, realisedBps: 20, band: "low" },
  { mode: "atr", metric: "realised", atrTicks: 100, realisedBps: 20, band: "high" },
  { mode: "atr", metric: "realised", atrTicks: null, realisedBps: 20, band: null },
  { mode: "atr", metric: "realised", atrTicks: 100, realisedBps: null, band: null },
  { mode: "percent", metric: "realised", atrTicks: null, realisedBps: 20, band: "high" },
  { mode: "percent", metric: "realised", atrTicks: 300, realisedBps: Number.NaN, band: null },
  { mode: "percent", metric: "realised", atrTicks: 300, realisedBps: Number.POSITIVE_INFINITY, band: null },
  { mode: "percent", metric: "atr", atrTicks: null, realisedBps: 20, band: null },
  { mode: "percent", metric: "atr", atrTicks: 0, realisedBps: 20, band: null },
  { mode: "atr", metric: "atr", atrTicks: 0, realisedBps: 20, band: null },
  { mode: "atr", metric: "atr", atrTicks: -1, realisedBps: 20, band: null },
] as const;

test.each(metrics)(
  "[RSK-3] mode $mode with the metric $metric: ATR $atrTicks, deviation $realisedBps bps is $band",
  ({ mode, metric, atrTicks, realisedBps, band }) => {
    expect(bandOf({ atrTicks, realisedBps }, ticks(640_000), { ...sltp, mode, metric })).toBe(band);
  },
);
