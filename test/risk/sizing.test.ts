/** Size under every cap, never rounded up. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { RequestedSize } from "../../src/domain/decision.ts";
import { quoteFromTickLots } from "../../src/domain/instrument.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { edgeMultiplier, type SizingInput, sizeEntry } from "../../src/risk/sizing.ts";
import { bands } from "../../src/risk/stops.ts";
import { instrumentWith, settings, settingsWith } from "../support/core.ts";

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
    edge: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 0.5, noNaN: true })),
    band: fc.constantFrom(...bands),
    scale: fc.double({ min: 0.01, max: 1, noNaN: true }),
    elsewhere: fc.double({ min: 0, max: 1e7, noNaN: true }),
  })
  .map((one) => ({
    instrument: instrumentWith({ marketStepSize: one.marketStep, marketMaxQuantity: one.marketMost }),
    risk: settingsWith({
      risk: {
        base_risk_fraction: one.fraction,
        min_notional: 10,
        max_notional: one.most,
        max_exposure_fraction: one.exposureFraction,
        max_leverage: one.leverageMax,
        volatility_size: { low: 1, medium: 0.7, high: 0.3 },
      },
    }).risk,
    reference: ticks(one.ask),
    cheapest: ticks(one.ask - 1),
    equity: one.equity,
    available: one.available,
    exposure: one.exposure,
    requested: one.requested,
    requestedLeverage: one.requestedLeverage,
    mayTake: one.mayTake,
    edge: one.edge,
    band: one.band,
    scale: one.scale,
    accountExposure: one.exposure + one.elsewhere,
  }));

function baseOf({ risk, equity, edge }: SizingInput): number {
  const multiplier = edge === null ? 1 : edgeMultiplier(edge, risk.edge_sizing);
  const base = risk.base_risk_fraction * equity * multiplier;
  return base > 0 ? Math.max(risk.min_notional, base) : 0;
}

function notionalOf(input: SizingInput): number {
  return quoteFromTickLots(input.instrument, input.reference) * sizeEntry(input).quantity;
}

/** A product and its parts in floating point may differ in the last place. */
const rounding = 1 + 1e-12;

const caps: readonly (readonly [string, (input: SizingInput) => number])[] = [
  ["the fraction of equity times the edge's multiplier, or the least notional", (input) => baseOf(input)],
  [
    "the band's share of the largest notional, scaled",
    ({ risk, band, scale }) => risk.max_notional * risk.volatility_size[band] * scale,
  ],
  [
    "the band's share of the base, scaled",
    (input) => baseOf(input) * input.risk.volatility_size[input.band] * input.scale,
  ],
  [
    "what leverage leaves of the equity",
    ({ risk, equity, accountExposure }) => Math.max(0, risk.max_leverage * equity - accountExposure),
  ],
  ["the largest notional", ({ risk }) => risk.max_notional],
  [
    "the exposure that is left",
    ({ risk, equity, exposure }) => Math.max(0, risk.max_exposure_fraction * equity - exposure),
  ],
  [
    "leverage times free margin",
    ({ risk, available, requestedLeverage }) =>
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

test("[RSK-1] the size never falls as the edge grows", () => {
  const edge = fc.double({ min: 0, max: 0.5, noNaN: true });
  fc.assert(
    fc.property(inputs, edge, edge, fc.constantFrom("zero", "minimum"), (input, a, b, below_min_edge) => {
      const risk = { ...input.risk, edge_sizing: { ...input.risk.edge_sizing, below_min_edge } } as const;
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((value) => sizeEntry({ ...input, risk, edge: value }));
      expect(less?.quantity).toBeLessThanOrEqual(more?.quantity ?? 0);
    }),
  );
});

const { edge_sizing } = settings.risk;

test.each([
  [0.00999, 0],
  [0.01, 0.5],
  [0.055, 1.25],
  [0.0999, expect.closeTo(1.998333, 5)],
  [0.1, 2],
  [0.5, 2],
  [Number.NaN, 0],
  [-1, 0],
])("[RSK-1] an edge of %d multiplies the base with %s", (edge, multiplier) => {
  expect(edgeMultiplier(edge, edge_sizing)).toEqual(multiplier);
});

test.each([
  [0.00999, 0.5],
  [0, 0.5],
  [0.01, 0.5],
  [Number.NaN, 0],
])("[RSK-1] with below_min_edge: minimum an edge of %d multiplies the base with %d", (edge, multiplier) => {
  expect(edgeMultiplier(edge, { ...edge_sizing, below_min_edge: "minimum" })).toBe(multiplier);
});

const plain: SizingInput = {
  instrument: instrumentWith({}),
  risk: settings.risk,
  reference: ticks(640_000),
  cheapest: ticks(640_000),
  edge: null,
  band: "medium",
  scale: 1,
  equity: 10_000,
  available: 10_000,
  exposure: 0,
  accountExposure: 0,
  requested: null,
  requestedLeverage: null,
  mayTake: true,
};

const noEdge = { what: "risk.edge_sizing skipped: the decision has no edge", notional: 1_000 };

test("[RSK-1] what raised, lowered or clamped the size is told with the notional after it, in order", () => {
  const risk = { ...settings.risk, max_notional: 1_800, volatility_size: { low: 1, medium: 0.9, high: 1 } };
  const input: SizingInput = {
    ...plain,
    risk,
    edge: 0.1,
    scale: 0.8,
    available: 50,
    exposure: 1_200,
    accountExposure: 99_300,
    requested: { kind: "notional", quote: 900 },
    requestedLeverage: 5,
  };
  expect(sizeEntry(input)).toEqual({
    quantity: 3,
    notional: 192,
    leverage: 5,
    least: 2,
    steps: [
      { what: "risk.base_risk_fraction", notional: 1_000 },
      { what: "risk.edge_sizing", notional: 2_000 },
      { what: "risk.max_notional", notional: 1_800 },
      { what: "risk.volatility_size.medium", notional: 1_620 },
      { what: "scale", notional: 1_296 },
      { what: "decision.size", notional: 900 },
      { what: "risk.max_exposure_fraction", notional: 800 },
      { what: "risk.max_leverage", notional: 700 },
      { what: "free margin", notional: 250 },
    ],
  });
});

test("[RSK-1] a decision without an edge has the base notional, and the step says that the multiplier was skipped", () => {
  const { quantity, steps } = sizeEntry(plain);
  expect([quantity, steps]).toEqual([15, [{ what: "risk.base_risk_fraction", notional: 1_000 }, noEdge]]);
});

test("[RSK-1] a base below the least notional is raised to it, and said", () => {
  const { steps } = sizeEntry({ ...plain, equity: 50 });
  expect(steps.slice(1, 3)).toEqual([
    { ...noEdge, notional: 5 },
    { what: "risk.min_notional", notional: 10 },
  ]);
});

test("[RSK-1] a base that is the least notional is not raised", () => {
  expect(sizeEntry({ ...plain, equity: 100 }).steps).toHaveLength(2);
});

test("[RSK-1] an edge that allows nothing is not raised to the least notional", () => {
  const { quantity, steps } = sizeEntry({ ...plain, edge: 0 });
  expect([quantity, steps.at(-1)]).toEqual([0, { what: "risk.edge_sizing", notional: 0 }]);
});

test("[RSK-1] a scale below 1 is not raised to the least notional again", () => {
  const { steps } = sizeEntry({ ...plain, equity: 100, scale: 0.5 });
  expect(steps.at(-1)).toEqual({ what: "scale", notional: 5 });
});

test("[RSK-2] a requested quantity lowers the size and says so", () => {
  const { quantity, steps } = sizeEntry({ ...plain, requested: { kind: "lots", quantity: lots(4) } });
  expect([quantity, steps.at(-1)]).toEqual([4, { what: "decision.size", notional: 256 }]);
});

test("[RSK-2] a requested quantity never raises the size", () => {
  const { quantity, steps } = sizeEntry({ ...plain, requested: { kind: "lots", quantity: lots(15) } });
  expect([quantity, steps]).toEqual([15, [{ what: "risk.base_risk_fraction", notional: 1_000 }, noEdge]]);
});

test("[RSK-2] a requested leverage above the largest is the largest", () => {
  expect(sizeEntry({ ...plain, requestedLeverage: 50 }).leverage).toBe(10);
});

test("[RSK-2] the least quantity is the exchange's minimum, or what the least notional needs", () => {
  const heavy = instrumentWith({ minQuantity: "0.003", marketMinQuantity: "0.004" });
  const least = (changes: Partial<SizingInput>) => sizeEntry({ ...plain, instrument: heavy, ...changes }).least;
  expect([least({ mayTake: false }), least({ mayTake: true }), least({ cheapest: ticks(100_000) })]).toEqual([
    3, 4, 10,
  ]);
});

test("[RSK-2] an entry that only rests may pass the largest market order, not the largest order", () => {
  const instrument = instrumentWith({ maxQuantity: "0.012", marketMaxQuantity: "0.005", marketStepSize: "0.002" });
  const sizes = [true, false].map((mayTake) => sizeEntry({ ...plain, instrument, mayTake }).quantity);
  expect(sizes).toEqual([4, 12]);
});

test("[RSK-2] a lot that only the rounding of the division allows is taken back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000_000 }), fc.integer({ min: 1, max: 10_000 }), (price, count) => {
      const perLot = quoteFromTickLots(plain.instrument, price);
      const quote = perLot * count * (1 - Number.EPSILON / 2);
      const risk = { ...settings.risk, max_notional: quote, base_risk_fraction: 1, max_exposure_fraction: 10 };
      const { quantity } = sizeEntry({ ...plain, risk, equity: 1e9, available: 1e9, reference: ticks(price) });
      expect([quantity * perLot <= quote, quantity >= Math.min(count, 120_000) - 1]).toEqual([true, true]);
    }),
  );
});
