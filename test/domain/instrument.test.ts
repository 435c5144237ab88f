import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../src/domain/assert.ts";
import {
  fractionalTicks,
  gridPrice,
  type Instrument,
  type InstrumentRules,
  instrumentFromRules,
  instrumentHolding,
  isCoveredBy,
  lotsFromQuantity,
  moneyFromText,
  moneyFromTickLots,
  numberFromMoney,
  numberFromTicks,
  OffGridError,
  priceE8FromText,
  quoteFromTickLots,
  signedLotsCovering,
  signedLotsFromQuantity,
  suspectGrid,
  takeBounds,
  textFromLots,
  textFromMoney,
  textFromTicks,
  ticksFromPrice,
  UnsupportedInstrumentError,
} from "../../src/domain/instrument.ts";
import { lots, money, signedLots, symbolIndex, tickLots, ticks } from "../../src/domain/units.ts";

const btcusdt: InstrumentRules = {
  symbol: "BTCUSDT",
  baseAsset: "BTC",
  quoteAsset: "USDT",
  tickSize: "0.10",
  minPrice: "556.80",
  maxPrice: "4529764",
  stepSize: "0.001",
  minQuantity: "0.001",
  maxQuantity: "1000",
  marketStepSize: "0.001",
  marketMinQuantity: "0.001",
  marketMaxQuantity: "120",
  minNotional: "50",
  multiplierUp: "1.0500",
  multiplierDown: "0.9500",
  maxOrders: 200,
  tradable: true,
};

function instrument(rules: Partial<InstrumentRules> = {}, price = "1", largest = "1"): Instrument {
  return instrumentFromRules({ ...btcusdt, ...rules }, symbolIndex(0), price, largest);
}

/** `count` × 10⁻ᵈᵉᶜⁱᵐᵃˡˢ as plain text, worked out on whole numbers and digits alone. */
function decimalText(count: bigint, decimals: number): string {
  const digits = (count < 0n ? -count : count).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  return `${count < 0n ? "-" : ""}${whole}${decimals === 0 ? "" : `.${digits.slice(digits.length - decimals)}`}`;
}

type Grid = { readonly unit: bigint; readonly decimals: number; readonly text: string };

function grid(unit: number, decimals: number): Grid {
  return { unit: BigInt(unit), decimals, text: decimalText(BigInt(unit), decimals) };
}

/** Tick sizes and steps, as found on the exchange (1, 5, 10 … of a decimal place) and as they may become. */
const steps = fc
  .record({ unit: fc.constantFrom(1, 2, 5, 10, 25, 50, 1_000), decimals: fc.integer({ min: 0, max: 8 }) })
  .map(({ unit, decimals }) => grid(unit, decimals));

/** Pairs whose product is a whole number of 10⁻⁸. */
const grids = fc
  .tuple(steps, steps)
  .filter(([tick, step]) => (tick.unit * step.unit * 10n ** 8n) % 10n ** BigInt(tick.decimals + step.decimals) === 0n);

const extremes: readonly (readonly [Grid, Grid])[] = [
  [grid(1, 7), grid(1, 0)],
  [grid(1, 8), grid(1, 0)],
  [grid(1, 7), grid(1_000, 0)],
  [grid(1, 8), grid(1_000, 0)],
  [grid(1_000, 0), grid(1, 8)],
  [grid(1, 1), grid(1, 3)],
];

function onGrids(claim: (tick: Grid, step: Grid, made: Instrument, count: number) => void): void {
  fc.assert(
    fc.property(grids, fc.maxSafeNat(), ([tick, step], count) => {
      claim(tick, step, instrument({ tickSize: tick.text, stepSize: step.text }, "1", "0.00001"), count);
    }),
    {
      examples: extremes.flatMap((pair) =>
        [0, 1, 7, Number.MAX_SAFE_INTEGER].map((n): [[Grid, Grid], number] => [[...pair], n]),
      ),
    },
  );
}

/** The same value, however many zeros follow its point. */
function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

test("ticks become the text of exactly that price, and the text the same ticks, on every grid", () => {
  onGrids((tick, _step, made, count) => {
    const text = textFromTicks(made, ticks(count));
    expect(trimmed(text)).toBe(trimmed(decimalText(BigInt(count) * tick.unit, tick.decimals)));
    expect(ticksFromPrice(made, text)).toBe(count);
  });
});

test("lots become the text of exactly that quantity, and the text the same lots, on every grid", () => {
  onGrids((_tick, step, made, count) => {
    const text = textFromLots(made, lots(count));
    expect(trimmed(text)).toBe(trimmed(decimalText(BigInt(count) * step.unit, step.decimals)));
    expect(lotsFromQuantity(made, text)).toBe(count);
  });
});

test("short positions keep their sign in both directions", () => {
  onGrids((_tick, _step, made, count) => {
    const text = textFromLots(made, signedLots(-count));
    expect(signedLotsFromQuantity(made, text)).toBe(count === 0 ? 0 : -count);
  });
});

test("text that is sent is never in exponent form, with no more decimals than the step (failure-catalogue F-66)", () => {
  onGrids((tick, step, made, count) => {
    const shape = (decimals: number): RegExp => new RegExp(`^[0-9]+(\\.[0-9]{1,${Math.max(1, decimals)}})?$`);
    expect(textFromTicks(made, ticks(count))).toMatch(shape(tick.decimals));
    expect(textFromLots(made, lots(count))).toMatch(shape(step.decimals));
  });
});

test("one tick of 10⁻⁷ is sent as 0.0000001, and 92 of 10⁻⁸ as 0.00000092", () => {
  expect(textFromTicks(instrument({ tickSize: "0.0000001", stepSize: "1" }), ticks(1))).toBe("0.0000001");
  expect(textFromTicks(instrument({ tickSize: "0.00000001", stepSize: "1" }), ticks(92))).toBe("0.00000092");
});

test("a large quantity of a coarse step is sent as plain digits", () => {
  const made = instrument({ tickSize: "0.0000001", stepSize: "1000" });
  expect(textFromLots(made, lots(1e15))).toBe("1000000000000000000");
});

test("a price or quantity between two steps is refused, never rounded", () => {
  onGrids((tick, step, made, count) => {
    const between = (of: Grid): string => decimalText(BigInt(count) * of.unit * 10n + 1n, of.decimals + 1);
    expect(() => ticksFromPrice(made, between(tick))).toThrow(OffGridError);
    expect(() => lotsFromQuantity(made, between(step))).toThrow(OffGridError);
    expect(() => signedLotsFromQuantity(made, `-${between(step)}`)).toThrow(OffGridError);
  });
});

test.each([
  "",
  " 1",
  "1 ",
  "abc",
  "NaN",
  "Infinity",
  "-Infinity",
  "0x10",
  "0b1",
  "1_000",
  "1,5",
  ".5",
  "5.",
  "+1",
  "--1",
  "1".repeat(31),
])('the text "%s" is refused as a price, a quantity and money', (text) => {
  for (const read of [ticksFromPrice, lotsFromQuantity, signedLotsFromQuantity, fractionalTicks]) {
    expect(() => read(instrument(), text)).toThrow(OffGridError);
  }
  expect(() => moneyFromText(text)).toThrow(OffGridError);
  expect(() => priceE8FromText(text)).toThrow(OffGridError);
});

test("a negative quantity is refused where it can't be one", () => {
  expect(() => lotsFromQuantity(instrument(), "-0.001")).toThrow(InvariantError);
});

test("more ticks or lots than 2⁵³ are refused", () => {
  expect(() => ticksFromPrice(instrument(), "900719925474099.3")).toThrow(InvariantError);
  expect(() => lotsFromQuantity(instrument(), "9007199254740.993")).toThrow(InvariantError);
});

test.each(["-0", "-0.000", "0", "0.000"])('the text "%s" is zero, not a negative zero', (text) => {
  expect(ticksFromPrice(instrument(), text)).toBe(0);
  expect(lotsFromQuantity(instrument(), text)).toBe(0);
  expect(signedLotsFromQuantity(instrument(), text)).toBe(0);
  expect(priceE8FromText(text)).toBe(0);
  expect(moneyFromText(text)).toBe(0n);
});

test("flat, an empty book level and no money are spelled without a sign", () => {
  expect(textFromLots(instrument(), signedLots(-0))).toBe("0.000");
  expect(textFromMoney(money(-0n))).toBe("0.00000000");
});

test("trailing zeros of the exchange's text and of its filters change nothing", () => {
  const made = instrument({ tickSize: "0.100000", stepSize: "0.00100" });
  expect(ticksFromPrice(made, "64000.1000000")).toBe(640_001);
  expect(textFromTicks(made, ticks(640_001))).toBe("64000.1");
  expect(textFromLots(made, lots(1_500))).toBe("1.500");
});

test("the filters of BTCUSDT become whole ticks and lots", () => {
  expect(instrument({}, "64000", "1000")).toMatchObject({
    index: 0,
    symbol: "BTCUSDT",
    tickDecimals: 1,
    stepDecimals: 3,
    tickE8: 10_000_000,
    moneyPerTickLot: 10_000n,
    minLots: 1,
    maxLots: 1_000_000,
    marketStepLots: 1,
    marketMinLots: 1,
    marketMaxLots: 120_000,
    minNotional: 500_000,
    minTicks: 5_568,
    maxTicks: 45_297_640,
  });
});

test("bounds that are off the grid are taken inwards, and the least notional is rounded up", () => {
  const made = instrument({
    minPrice: "556.72",
    maxPrice: "100.07",
    minQuantity: "0.0015",
    maxQuantity: "9.9999",
    minNotional: "5.00001",
  });
  expect(made).toMatchObject({ minTicks: 5_568, maxTicks: 1_000, minLots: 2, maxLots: 9_999, minNotional: 50_001 });
});

test("a price bound of 0 is no bound, but a price below one tick never passes", () => {
  const made = instrument({ minPrice: "0", maxPrice: "0" });
  expect(made).toMatchObject({ minTicks: 1, maxTicks: Number.MAX_SAFE_INTEGER });
});

test("a largest quantity beyond 2⁵³ lots is cut to what is exact", () => {
  expect(instrument({ tickSize: "1", stepSize: "0.00000001", maxQuantity: "1000000000" }).maxLots).toBe(
    Number.MAX_SAFE_INTEGER,
  );
});

test("twice the price times the largest position must stay below 2⁵³ ticks × lots", () => {
  // 2 × 45,035,996.2 ÷ 0.1 × 10,000 ÷ 0.001 is 2⁵³ − 992.
  expect(instrument({}, "45035996.2", "10000").symbol).toBe("BTCUSDT");
  expect(() => instrument({}, "450359962.8", "10000")).toThrow(UnsupportedInstrumentError);
});

test("what the bound admits multiplies exactly up to twice the price", () => {
  const price = fc.integer({ min: 1, max: 10_000_000 });
  fc.assert(
    fc.property(price, fc.integer({ min: 1, max: 2_000_000_000 }), (priceTicks, largestLots) => {
      const [priceText, largestText] = [decimalText(BigInt(priceTicks), 1), decimalText(BigInt(largestLots), 3)];
      const product = 2n * BigInt(priceTicks) * BigInt(largestLots);
      if (product >= BigInt(Number.MAX_SAFE_INTEGER)) {
        expect(() => instrument({}, priceText, largestText)).toThrow(UnsupportedInstrumentError);
      } else {
        expect(BigInt(2 * priceTicks * largestLots)).toBe(product);
        expect(instrument({}, priceText, largestText).tickE8).toBe(1e7);
      }
    }),
  );
});

test.each([
  ["tick 0", { tickSize: "0" }, "1", "1"],
  ["step 0", { stepSize: "0.000" }, "1", "1"],
  ["a negative tick", { tickSize: "-0.1" }, "1", "1"],
  ["a tick finer than 10⁻⁸", { tickSize: "0.000000001", stepSize: "1000" }, "1", "1"],
  ["a tick × step finer than 10⁻⁸", { tickSize: "0.0000001", stepSize: "0.01" }, "1", "1"],
  ["price 0", {}, "0", "1"],
  ["a largest position of 0", {}, "1", "0"],
] as const)("an instrument is refused that has %s", (_what, rules, price, largest) => {
  expect(() => instrument(rules, price, largest)).toThrow(UnsupportedInstrumentError);
});

test.each([
  ["a price that is not a number", {}, "NaN", "1"],
  ["a largest position that is not a number", {}, "1", "NaN"],
  ["a tick that is not a number", { tickSize: "tick" }, "1", "1"],
] as const)("an instrument is refused that has %s", (_what, rules, price, largest) => {
  expect(() => instrument(rules, price, largest)).toThrow(OffGridError);
});

const held = (amount: string, rules: Partial<InstrumentRules> = {}): Instrument =>
  instrumentHolding(amount, { ...btcusdt, ...rules }, symbolIndex(0), "64000", "1000");

test.each([
  ["0.0105", "0.001", "0.0001", 105],
  ["-0.010", "0.004", "0.001", -10],
  ["0.010", "0.100", "0.001", 10],
  ["7", "5", "1", 7],
])(
  "[F-60] [F-77] what is open, %s at a step of %s, is counted in whole lots of %s",
  (amount, stepSize, counted, count) => {
    const made = held(amount, { stepSize });
    expect([made.stepSize, signedLotsFromQuantity(made, amount)]).toEqual([counted, count]);
  },
);

test("[F-77] where something is open between two lots, orders are put on the exchange's own step all the same", () => {
  const made = held("0.0105");
  expect([made.lotStep, made.marketStepLots, made.minLots, made.rules]).toEqual([10, 10, 10, btcusdt]);
});

test.each(["0", "0.000", "-0.000", "0.010"])("[F-77] with %s open lots are the exchange's", (amount) => {
  expect(held(amount)).toEqual(instrument({}, "64000", "1000"));
});

test("[F-60] an amount that is too fine to be exact leaves lots as the exchange's", () => {
  expect(held("0.00000001").stepSize).toBe("0.001");
});

test.each([
  ["0.010", 10, true],
  ["0.0101", 11, false],
  ["-0.0101", -11, false],
  ["0.00000001", 1, false],
])("[F-60] a position of %s is no more than %i lots", (amount, count, isWhole) => {
  expect(signedLotsCovering(instrument(), amount)).toEqual({ lots: count, isWhole });
});

test("money survives the way to text and back, to the last 10⁻⁸", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }), (amount) => {
      const text = textFromMoney(money(amount));
      expect(text).toBe(decimalText(amount, 8));
      expect(moneyFromText(text)).toBe(amount);
    }),
  );
});

test("money with more than eight decimals is refused, trailing zeros are not", () => {
  expect(() => moneyFromText("0.000000001")).toThrow(OffGridError);
  expect(moneyFromText("1.2300000000")).toBe(123_000_000n);
  expect(moneyFromText("-0.00000001")).toBe(-1n);
});

test("ticks × lots are worth exactly tick × step each", () => {
  onGrids((tick, step, made, count) => {
    const exact = (BigInt(count) * tick.unit * step.unit * 10n ** 8n) / 10n ** BigInt(tick.decimals + step.decimals);
    expect(moneyFromTickLots(made, tickLots(count))).toBe(exact);
  });
});

test("a mark price is cut to 10⁻⁸, never rounded up", () => {
  expect(priceE8FromText("63999.99999999")).toBe(6_399_999_999_999);
  expect(priceE8FromText("0.123456789")).toBe(12_345_678);
});

test("numbers for display agree with the exact text", () => {
  const made = instrument();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 90_000_000 }), (count) => {
      expect(numberFromTicks(made, count)).toBe(Number(textFromTicks(made, ticks(count))));
      expect(quoteFromTickLots(made, count)).toBe(numberFromMoney(moneyFromTickLots(made, tickLots(count))));
      expect(fractionalTicks(made, textFromTicks(made, ticks(count)))).toBe(count);
    }),
  );
  expect(fractionalTicks(made, "64000.05")).toBe(640_000.5);
});

test("an average price in ticks is the nearest double of the exact quotient, however it is written", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 15 - 1 }), (units) => {
      const text = decimalText(BigInt(units), 8);
      // A ninth decimal takes the way of unlimited precision.
      expect(fractionalTicks(instrument(), text)).toBe(fractionalTicks(instrument(), `${text}00000000`));
    }),
  );
});

test("text with fewer decimals than the grid is the same price, quantity and money", () => {
  const btc = instrument();
  expect(ticksFromPrice(btc, "64000")).toBe(640_000);
  expect(lotsFromQuantity(btc, "2.5")).toBe(2_500);
  expect(signedLotsFromQuantity(btc, "-2")).toBe(-2_000);
  expect(moneyFromText("-10000.5")).toBe(-1_000_050_000_000n);
});

test("[F-77] a coarser grid of the exchange is every so many of our ticks and lots, and our numbers stay what they are", () => {
  const made = instrument();
  takeBounds(made, {
    ...made.rules,
    tickSize: "0.50",
    stepSize: "0.004",
    marketStepSize: "0.004",
    minQuantity: "0.004",
  });
  expect([made.priceStep, made.lotStep, made.marketStepLots, made.minLots]).toEqual([5, 4, 4, 4]);
  expect([ticksFromPrice(made, "64000.1"), textFromTicks(made, ticks(640_001))]).toEqual([640_001, "64000.1"]);
  expect([gridPrice(made, ticks(640_001), "up"), gridPrice(made, ticks(640_004), "down")]).toEqual([640_005, 640_000]);
  takeBounds(made, { ...made.rules, tickSize: "0.10" });
  expect([made.priceStep, gridPrice(made, ticks(640_001), "up")]).toEqual([1, 640_001]);
});

test.each(["0.05", "0.15", "0.01"])(
  "[F-77] a tick of %s has points between ours, and is not taken over",
  (tickSize) => {
    const made = instrument();
    const rules = { ...made.rules, tickSize };
    expect([isCoveredBy(rules, made), isCoveredBy(made.rules, made)]).toEqual([false, true]);
    expect(() => takeBounds(made, rules)).toThrow("not ours");
  },
);

test("[F-77] a suspected grid is the one that is so many times coarser, and never below the first price", () => {
  const made = instrument();
  suspectGrid(made, { price: 10, lots: 10 });
  expect([made.priceStep, made.lotStep, made.marketStepLots, gridPrice(made, ticks(3), "down")]).toEqual([
    10, 10, 10, 10,
  ]);
});
