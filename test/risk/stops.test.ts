/** Stop and target by volatility. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { sides, sign } from "../../src/domain/order.ts";
import { ticks } from "../../src/domain/units.ts";
import { stopLevels, volatilityBand } from "../../src/risk/stops.ts";
import { settings } from "../support/core.ts";

const { sltp } = settings.risk;

const market = fc.record({
  side: fc.constantFrom(...sides),
  price: fc.integer({ min: 1, max: 10_000_000 }),
  atr: fc.double({ min: 1e-6, max: 1e7, noNaN: true }),
  minTicks: fc.integer({ min: 1, max: 1_000 }),
});

test("[RSK-3] the stop lies on the losing side and the target on the winning side of every price", () => {
  fc.assert(
    fc.property(market, ({ side, price, atr, minTicks }) => {
      const levels = stopLevels(side, ticks(price), atr, { ...sltp, min_ticks: minTicks });
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
    fc.property(market, ({ side, price, atr, minTicks }) => {
      const levels = stopLevels(side, ticks(price), atr, { ...sltp, min_ticks: minTicks });
      const multiple = sltp.atr[volatilityBand((atr / price) * 1e4, sltp)].sl;
      const risk = levels === null ? 0 : (price - levels.stopLoss) * sign(side);
      expect(risk).toBeLessThanOrEqual(Math.max(minTicks, atr * multiple));
    }),
  );
});

test("[RSK-3] both levels are prices: whole and at least one tick, or there are none", () => {
  fc.assert(
    fc.property(market, ({ side, price, atr }) => {
      const levels = stopLevels(side, ticks(price), atr, sltp);
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

test.each([
  // 100 ticks of 640,000 are 1.56 bps, 400 are 6.25, 1,000 are 15.6.
  { atr: 100, stop: 150, target: 200, band: "low" },
  { atr: 400, stop: 480, target: 640, band: "medium" },
  { atr: 1_000, stop: 1_000, target: 1_200, band: "high" },
])("[RSK-3] an ATR of $atr ticks takes the multiples of the band $band", ({ atr, stop, target, band }) => {
  expect(stopLevels("buy", ticks(640_000), atr, sltp)).toEqual({
    stopLoss: 640_000 - stop,
    takeProfit: 640_000 + target,
    band,
  });
});

test("[RSK-3] a stop that would not be a price gives no levels", () => {
  expect(stopLevels("buy", ticks(20), 300, sltp)).toBeNull();
});
