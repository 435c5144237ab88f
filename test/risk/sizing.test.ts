/** Size under every cap, never rounded up. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestedSize } from "../../src/domain/decision.ts";
import { quoteFromTickLots } from "../../src/domain/instrument.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { type SizingInput, sizeEntry } from "../../src/risk/sizing.ts";
import { instrumentWith, settingsWith } from "../support/core.ts";

const requested: fc.Arbitrary<RequestedSize | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant("lots" as const), quantity: fc.nat(100_000).map(lots) }),
  fc.record({ kind: fc.constant("notional" as const), quote: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
);

const inputs: fc.Arbitrary<SizingInput> = fc
  .record({
    fraction: fc.double({ min: 0.001, max: 0.2, noNaN: true }),
    most: fc.double({ min: 10, max: 1e6, noNaN: true }),
    exposureFraction: fc.double({ min: 0.2, max: 10, noNaN: true }),
    leverageMax: fc.integer({ min: 1, max: 125 }),
    marketStep: fc.constantFrom("0.001", "0.002", "0.005", "0.01"),
    marketMost: fc.constantFrom("0.1", "3", "120"),
    ask: fc.integer({ min: 2, max: 2_000_000 }),
    equity: fc.double({ min: 0, max: 1e7, noNaN: true }),
    available: fc.double({ min: 0, max: 1e7, noNaN: true }),
    exposure: fc.double({ min: 0, max: 1e7, noNaN: true }),
    requestedLeverage: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 125 })),
    requested,
    mayTake: fc.boolean(),
  })
  .map((one) => ({
    instrument: instrumentWith({ marketStepSize: one.marketStep, marketMaxQuantity: one.marketMost }),
    settings: settingsWith({
      risk: {
        base_risk_fraction: one.fraction,
        min_notional: 10,
        max_notional: one.most,
        max_exposure_fraction: one.exposureFraction,
        max_leverage: one.leverageMax,
      },
    }),
    reference: ticks(one.ask),
    cheapest: ticks(one.ask - 1),
    equity: one.equity,
    available: one.available,
    exposure: one.exposure,
    requested: one.requested,
    requestedLeverage: one.requestedLeverage,
    mayTake: one.mayTake,
  }));

function notionalOf(input: SizingInput): number {
  return quoteFromTickLots(input.instrument, input.reference) * sizeEntry(input).quantity;
}

/** A product and its parts in floating point may differ in the last place. */
const rounding = 1 + 1e-12;

const caps: readonly (readonly [string, (input: SizingInput) => number])[] = [
  [
    "the fraction of equity, or the least notional",
    ({ settings: { risk }, equity }) => Math.max(risk.min_notional, risk.base_risk_fraction * equity),
  ],
  ["the largest notional", ({ settings: { risk } }) => risk.max_notional],
  [
    "the exposure that is left",
    ({ settings: { risk }, equity, exposure }) => Math.max(0, risk.max_exposure_fraction * equity - exposure),
  ],
  [
    "leverage times free margin",
    ({ settings: { risk }, available, requestedLeverage }) =>
      available * Math.min(risk.max_leverage, requestedLeverage ?? risk.max_leverage),
  ],
  [
    "the requested size",
    (input) => {
      if (input.requested === null) return Number.POSITIVE_INFINITY;
      if (input.requested.kind === "notional") return input.requested.quote;
      return quoteFromTickLots(input.instrument, input.reference) * input.requested.quantity;
    },
  ],
];

test.each(caps)("[RSK-2] the size never exceeds %s", (_name, cap) => {
  fc.assert(
    fc.property(inputs, (input) => {
      expect(notionalOf(input)).toBeLessThanOrEqual(cap(input) * rounding);
    }),
  );
});

test("[RSK-2] the size is a multiple of the step of market orders and within their maximum, where it may become one", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { quantity } = sizeEntry({ ...input, mayTake: true });
      expect([quantity % input.instrument.marketStepLots, quantity <= input.instrument.marketMaxLots]).toEqual([
        0,
        true,
      ]);
    }),
  );
});

test("[RSK-2] one step more would exceed a cap or the exchange's maximum: rounding is down, and by less than a step", () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { quantity } = sizeEntry(input);
      const { instrument } = input;
      const step = input.mayTake ? instrument.marketStepLots : 1;
      const most = input.mayTake ? Math.min(instrument.maxLots, instrument.marketMaxLots) : instrument.maxLots;
      const next = quoteFromTickLots(instrument, input.reference) * (quantity + step);
      expect(quantity + step > most || caps.some(([, cap]) => next * rounding >= cap(input))).toBe(true);
    }),
  );
});

test("[RSK-2] a cap that is no number allows nothing", () => {
  fc.assert(
    fc.property(inputs, fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY, -1), (input, bad) => {
      const sizes = [
        sizeEntry({ ...input, requested: { kind: "notional", quote: bad } }),
        sizeEntry({ ...input, requestedLeverage: bad }),
        sizeEntry({ ...input, available: bad }),
      ];
      expect(sizes.map(({ quantity }) => quantity)).toEqual([0, 0, 0]);
    }),
  );
});

test("[RSK-2] what raised, lowered or clamped the size is told with the notional after it", () => {
  const input: SizingInput = {
    instrument: instrumentWith({}),
    settings: settingsWith({}),
    reference: ticks(640_000),
    cheapest: ticks(640_000),
    equity: 10_000,
    available: 50,
    exposure: 1_200,
    requested: { kind: "notional", quote: 900 },
    requestedLeverage: 5,
    mayTake: true,
  };
  expect(sizeEntry(input).steps).toEqual([
    { what: "risk.base_risk_fraction", notional: 1_000 },
    { what: "decision.size", notional: 900 },
    { what: "risk.max_exposure_fraction", notional: 800 },
    { what: "leverage", notional: 250 },
  ]);
});
