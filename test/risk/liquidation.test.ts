import fc from "fast-check";
import { expect, test } from "vitest";
import { ticks } from "../../src/domain/units.ts";
import { type LiquidationInput, marginLeft } from "../../src/risk/liquidation.ts";
import { instrument } from "../support/core.ts";

/** Ten lots of BTCUSDT at 64,000 are worth 640 USDT. */
const plain: LiquidationInput = {
  instrument,
  side: "buy",
  reference: ticks(640_000),
  stopLoss: ticks(633_600),
  quantity: 10,
  elsewhere: 0,
  equity: 100,
  maintenance: [
    { upTo: 1_000, rate: 0.01 },
    { upTo: 5_000, rate: 0.02 },
  ],
  isolatedLeverage: null,
  buffer: 0,
};
const left = (changes: Partial<LiquidationInput> = {}): number => marginLeft({ ...plain, ...changes }) ?? Number.NaN;

test("[F-42] with the account's margin: equity, less the loss at the stop, less what is demanded there", () => {
  expect(left()).toBeCloseTo(100 - 6.4 - 6.336, 9);
});

test("[F-42] with a margin of its own: that margin, less the loss, less what is demanded", () => {
  expect(left({ isolatedLeverage: 20 })).toBeCloseTo(32 - 6.4 - 6.336, 9);
  expect(left({ isolatedLeverage: 100 })).toBeCloseTo(6.4 - 6.4 - 6.336, 9);
});

test("[F-42] a short's stop lies above, where more is demanded", () => {
  expect(left({ side: "sell", stopLoss: ticks(646_400) })).toBeCloseTo(100 - 6.4 - 6.464, 9);
});

test("[F-42] the price may run past the stop by the buffer", () => {
  expect(left() - left({ buffer: 0.01 })).toBeCloseTo(6.336 * 0.99, 9);
});

test("[F-42] a larger position is in a higher bracket, one beyond all in the highest", () => {
  expect(left({ quantity: 20 })).toBeCloseTo(100 - 12.8 - 1_267.2 * 0.02, 9);
  expect(left({ quantity: 100, equity: 1_000 })).toBeCloseTo(1_000 - 64 - 6_336 * 0.02, 9);
});

test("[F-42] what is open elsewhere needs its part of the account", () => {
  expect(left() - left({ elsewhere: 2_000 })).toBeCloseTo(40, 9);
});

test("[F-42] without brackets nothing is known, which is not far away", () => {
  expect(marginLeft({ ...plain, maintenance: [] })).toBeNull();
});

test("[F-42] without the equity nothing is known where it is what is left, and a margin of its own is known", () => {
  expect(marginLeft({ ...plain, equity: null })).toBeNull();
  expect(left({ equity: null, isolatedLeverage: 20 })).toBeCloseTo(32 - 6.4 - 6.336, 9);
});

test("[F-42] a farther stop never leaves more", () => {
  const level = fc.integer({ min: 1, max: 639_999 });
  fc.assert(
    fc.property(level, level, fc.option(fc.integer({ min: 1, max: 125 })), (one, two, isolatedLeverage) => {
      const [far, near] = [ticks(Math.min(one, two)), ticks(Math.max(one, two))];
      // Within one bracket: where a fall of the price leads into a lower one, less is demanded.
      const maintenance = [{ upTo: 1e12, rate: 0.05 }];
      const at = (stopLoss: LiquidationInput["stopLoss"]): number => left({ stopLoss, isolatedLeverage, maintenance });
      expect(at(far)).toBeLessThanOrEqual(at(near) + 1e-9);
    }),
  );
});
