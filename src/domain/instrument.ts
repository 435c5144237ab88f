/** What the exchange says about a symbol, and the exact conversion between its decimal text and our whole numbers. */

import { Decimal } from "decimal.js";
import { assert } from "./assert.ts";
import {
  type Lots,
  lots,
  type Money,
  money,
  type PriceE8,
  priceE8,
  type SignedLots,
  type SymbolIndex,
  signedLots,
  type TickLots,
  type Ticks,
  tickLots,
  ticks,
} from "./units.ts";

// Decimal text has at most 30 digits on each side of the point (binance-usdm.md: 20), so 60 digits lose nothing.
const Exact = Decimal.clone({ precision: 60, toExpNeg: -40, toExpPos: 60 });

const decimalText = /^-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?$/;

/** The filters of one symbol as text, as exchangeInfo publishes them. @see binance-usdm.md §5.2 */
export type InstrumentRules = {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  /** `PRICE_FILTER.tickSize`; quote asset per one base asset */
  readonly tickSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
  /** `LOT_SIZE.stepSize`; base asset */
  readonly stepSize: string;
  readonly minQuantity: string;
  readonly maxQuantity: string;
  /** `MARKET_LOT_SIZE`: its maximum is the smaller one and its step may be coarser */
  readonly marketStepSize: string;
  readonly marketMinQuantity: string;
  readonly marketMaxQuantity: string;
  /** `MIN_NOTIONAL.notional`; quote asset */
  readonly minNotional: string;
  /** `PERCENT_PRICE` multipliers on the mark price; null when the filter is absent */
  readonly multiplierUp: string | null;
  readonly multiplierDown: string | null;
  /** `MAX_NUM_ORDERS.limit`; null when the filter is absent */
  readonly maxOrders: number | null;
  readonly tradable: boolean;
};

/** A symbol ready for whole-number arithmetic. Built by {@link instrumentFromRules} only. */
export type Instrument = {
  readonly index: SymbolIndex;
  readonly symbol: string;
  readonly rules: InstrumentRules;
  /** of our whole numbers, decimal text: those of the rules at the start, which the exchange may have made coarser since */
  readonly tickSize: string;
  readonly stepSize: string;
  readonly tickDecimals: number;
  readonly stepDecimals: number;
  /** 10⁻⁸ of the quote asset in one tick of price */
  readonly tickE8: number;
  /** 10⁻⁸ of the quote asset in one tick × one lot */
  readonly moneyPerTickLot: bigint;
  /** the same as a number, for sizing and display */
  readonly tickLotE8: number;
  /** units of the last decimal in one tick and in one step */
  readonly tickUnits: number;
  readonly stepUnits: number;
  /** the exchange takes prices that are multiples of so many ticks, and quantities of so many lots; 1 on our own grid */
  readonly priceStep: Ticks;
  readonly lotStep: Lots;
  readonly minLots: Lots;
  readonly maxLots: Lots;
  /** market orders: multiples of this many lots, between the two bounds */
  readonly marketStepLots: Lots;
  readonly marketMinLots: Lots;
  readonly marketMaxLots: Lots;
  /** least notional of an order that is not reduce-only; rounded up, so that at or above it the exchange agrees */
  readonly minNotional: TickLots;
  readonly minTicks: Ticks;
  readonly maxTicks: Ticks;
};

/** A value that is not a multiple of its step: our filters are stale, or the text is not a decimal number. */
export class OffGridError extends Error {
  override readonly name = "OffGridError";
}

/** A symbol whose rules do not fit whole-number arithmetic. */
export class UnsupportedInstrumentError extends Error {
  override readonly name = "UnsupportedInstrumentError";
}

/**
 * Builds an instrument and asserts that products of its whole numbers stay exact.
 *
 * @param largestPosition configured largest position in base asset; the bound is twice the current price times it
 * @param currentPrice quote asset per base asset
 * @throws {UnsupportedInstrumentError} the rules do not fit 10⁻⁸ money or 2⁵³
 * @throws {OffGridError} a rule, the price or the position is not a decimal number
 */
export function instrumentFromRules(
  rules: InstrumentRules,
  index: SymbolIndex,
  currentPrice: string,
  largestPosition: string,
): Instrument {
  const tick = exact(rules.tickSize);
  const step = exact(rules.stepSize);
  if (tick.lte(0) || step.lte(0)) {
    throw new UnsupportedInstrumentError(
      `${rules.symbol}: tick ${rules.tickSize} and step ${rules.stepSize} must be above 0`,
    );
  }
  const tickE8 = tick.times(1e8);
  const moneyPerTickLot = tick.times(step).times(1e8);
  if (!tickE8.isInteger() || !moneyPerTickLot.isInteger()) {
    throw new UnsupportedInstrumentError(
      `${rules.symbol}: tick ${rules.tickSize} × step ${rules.stepSize} is finer than 10⁻⁸ of the quote asset`,
    );
  }
  const price = exact(currentPrice);
  const largest = exact(largestPosition);
  if (price.lte(0) || largest.lte(0)) {
    throw new UnsupportedInstrumentError(
      `${rules.symbol}: price ${currentPrice} and largest position ${largestPosition} must be above 0`,
    );
  }
  const bound = price.div(tick).times(2).times(largest.div(step));
  if (bound.gte(Number.MAX_SAFE_INTEGER)) {
    throw new UnsupportedInstrumentError(
      `${rules.symbol}: a position of ${largestPosition} at twice ${currentPrice} is ${bound.toFixed(0)} ticks × lots, above 2⁵³`,
    );
  }
  return {
    index,
    symbol: rules.symbol,
    tickSize: rules.tickSize,
    stepSize: rules.stepSize,
    tickDecimals: tick.decimalPlaces(),
    stepDecimals: step.decimalPlaces(),
    tickE8: tickE8.toNumber(),
    moneyPerTickLot: BigInt(moneyPerTickLot.toFixed(0)),
    tickLotE8: moneyPerTickLot.toNumber(),
    tickUnits: unitsIn(tick),
    stepUnits: unitsIn(step),
    ...boundsOf(rules, tick, step),
  };
}

/**
 * The same for a symbol that something is open in. An amount that lies between the exchange's lots, because its step has
 * become coarser, is counted in finer ones, so that it is exact: then the step is a bound like others (failure-catalogue
 * F-60, F-77). Where finer ones are not exact, they are the exchange's.
 *
 * @param held amount that is open
 * @throws {UnsupportedInstrumentError} as {@link instrumentFromRules}
 */
export function instrumentHolding(
  held: string,
  rules: InstrumentRules,
  ...rest: readonly [index: SymbolIndex, currentPrice: string, largestPosition: string]
): Instrument {
  const plain = instrumentFromRules(rules, ...rest);
  const { stepSize } = rules;
  const amount = exact(held);
  if (amount.div(stepSize).isInteger()) return plain;
  // As many places as the exchange writes are most likely those of the step before, in which the journal counts.
  const written = held.split(".").at(1)?.length ?? 0;
  for (const places of [written, amount.decimalPlaces()]) {
    const decimals = Math.max(places, exact(stepSize).decimalPlaces());
    try {
      const counted = { ...rules, stepSize: new Exact(10).pow(-decimals).toFixed(decimals) };
      const instrument = instrumentFromRules(counted, ...rest);
      takeBounds(instrument, rules);
      return instrument;
    } catch (error) {
      if (!(error instanceof UnsupportedInstrumentError)) throw error;
    }
  }
  return plain;
}

/** What may change under a running core: bounds, and a grid of which ours has every point. */
type InstrumentBounds = Pick<
  Instrument,
  | "rules"
  | "priceStep"
  | "lotStep"
  | "minLots"
  | "maxLots"
  | "marketStepLots"
  | "marketMinLots"
  | "marketMaxLots"
  | "minNotional"
  | "minTicks"
  | "maxTicks"
>;

/** Whether all prices and quantities that the rules allow are whole ticks and lots of the instrument. */
export function isCoveredBy(rules: InstrumentRules, { tickSize, stepSize }: Instrument): boolean {
  return isMultiple(rules.tickSize, tickSize) && isMultiple(rules.stepSize, stepSize);
}

function isMultiple(size: string, of: string): boolean {
  const count = exact(size).div(of);
  return count.gt(0) && count.isInteger() && count.lte(Number.MAX_SAFE_INTEGER);
}

/**
 * Takes other bounds over in place, so that whoever holds the instrument has them from the next event on. Whole numbers
 * stay what they are: a coarser grid of the exchange is every so many of ours (failure-catalogue F-77).
 */
export function takeBounds(instrument: Instrument, rules: InstrumentRules): void {
  const { tickSize, stepSize } = instrument;
  assert(isCoveredBy(rules, instrument), `${rules.symbol}: bounds on a grid that is not ours`);
  Object.assign(instrument, boundsOf(rules, exact(tickSize), exact(stepSize)));
}

/** The exchange refused a price or quantity for its grid: until its rules are read, it is taken to be this coarser. */
export function suspectGrid(instrument: Instrument, coarser: { readonly price: number; readonly lots: number }): void {
  const { priceStep, lotStep, marketStepLots } = instrument;
  Object.assign(instrument, {
    priceStep: ticks(priceStep * coarser.price),
    lotStep: lots(lotStep * coarser.lots),
    marketStepLots: lots(marketStepLots * coarser.lots),
  });
}

/** A price that the exchange's grid has: that one, or the next above or below it; never below the first. */
export function gridPrice({ priceStep }: Instrument, price: Ticks, direction: "up" | "down"): Ticks {
  if (priceStep === 1) return price;
  const steps = direction === "up" ? Math.ceil(price / priceStep) : Math.floor(price / priceStep);
  return ticks(Math.max(1, steps) * priceStep);
}

function boundsOf(rules: InstrumentRules, tick: Decimal, step: Decimal): InstrumentBounds {
  // A maximum that is beyond exact numbers limits nothing that the bound on positions does not.
  const down = (text: string, grid: Decimal): number => wholeUpTo(exact(text).div(grid).floor());
  const up = (text: string, grid: Decimal): number => wholeUpTo(exact(text).div(grid).ceil());
  const lotStep = lots(Math.max(1, up(rules.stepSize, step)));
  return {
    rules,
    priceStep: ticks(Math.max(1, up(rules.tickSize, tick))),
    lotStep,
    minLots: lots(up(rules.minQuantity, step)),
    maxLots: lots(down(rules.maxQuantity, step)),
    marketStepLots: lots(Math.max(lotStep, up(rules.marketStepSize, step))),
    marketMinLots: lots(up(rules.marketMinQuantity, step)),
    marketMaxLots: lots(down(rules.marketMaxQuantity, step)),
    minNotional: tickLots(up(rules.minNotional, tick.times(step))),
    minTicks: ticks(Math.max(1, up(rules.minPrice, tick))),
    maxTicks: ticks(down(rules.maxPrice, tick) || Number.MAX_SAFE_INTEGER),
  };
}

/**
 * Converts a venue price to ticks, exactly or not at all.
 *
 * @param price decimal text as the venue sent it; quote asset per one base asset
 * @throws {OffGridError} `price` is not a multiple of the tick size
 * @see Binance USDⓈ-M futures, Exchange Information, `PRICE_FILTER`
 */
export function ticksFromPrice(instrument: Instrument, price: string): Ticks {
  const { tickSize, tickUnits, tickDecimals } = instrument;
  return ticks(exactSteps(instrument, "price", price, tickSize, tickUnits, tickDecimals));
}

/** Converts a venue quantity to lots, exactly or not at all. @throws {OffGridError} */
export function lotsFromQuantity(instrument: Instrument, quantity: string): Lots {
  const { stepSize, stepUnits, stepDecimals } = instrument;
  return lots(exactSteps(instrument, "quantity", quantity, stepSize, stepUnits, stepDecimals));
}

/** Converts a signed position amount to lots, exactly or not at all. @throws {OffGridError} */
export function signedLotsFromQuantity(instrument: Instrument, quantity: string): SignedLots {
  const { stepSize, stepUnits, stepDecimals } = instrument;
  return signedLots(exactSteps(instrument, "position", quantity, stepSize, stepUnits, stepDecimals));
}

/**
 * The same for a position that need not be on the grid: between two lots it is the one farther from none, so that what
 * reduces is never less than what is open. @throws {OffGridError} not a decimal number
 */
export function signedLotsCovering(
  { stepSize, stepUnits, stepDecimals }: Instrument,
  quantity: string,
): { readonly lots: SignedLots; readonly isWhole: boolean } {
  const quick = unitsOf(quantity, stepDecimals) / stepUnits;
  if (Number.isInteger(quick)) return { lots: signedLots(quick), isWhole: true };
  const count = exact(quantity).div(stepSize);
  const covering = count.toDecimalPlaces(0, Exact.ROUND_UP).toNumber();
  return { lots: signedLots(covering), isWhole: count.isInteger() };
}

/** A price that need not be on the grid (entry average, mark price), in fractional ticks. Never used for an equality. */
export function fractionalTicks(instrument: Instrument, price: string): number {
  const units = unitsOf(price, 8);
  if (!Number.isNaN(units)) return units / instrument.tickE8;
  return exact(price).div(instrument.tickSize).toNumber();
}

/** Mark price text to whole 10⁻⁸; further digits, which the exchange does not send, are cut. */
export function priceE8FromText(price: string): PriceE8 {
  return priceE8(exact(price).times(1e8).trunc().toNumber());
}

/** Decimal text of the quote asset to whole 10⁻⁸, exactly. @throws {OffGridError} more than eight decimals */
export function moneyFromText(amount: string): Money {
  const units = unitsOf(amount, 8);
  if (!Number.isNaN(units)) return money(BigInt(units));
  const scaled = exact(amount).times(1e8);
  if (!scaled.isInteger()) throw new OffGridError(`${amount} has more than eight decimals`);
  return money(BigInt(scaled.toFixed(0)));
}

/** Plain decimal text with eight places, as reports and the exchange write money. */
export function textFromMoney(amount: Money): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(9, "0");
  return `${amount < 0n ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** Money as a number for display and for thresholds written as numbers in the settings; never for bookkeeping. */
export function numberFromMoney(amount: Money): number {
  return Number(amount) / 1e8;
}

/** To the nearest 10⁻⁸; of what is measured at a price that moves, never for bookkeeping. */
export function moneyFromNumber(amount: number): Money {
  return money(BigInt(Math.round(amount * 1e8)));
}

/** Exact worth of ticks × lots. */
export function moneyFromTickLots(instrument: Instrument, amount: TickLots): Money {
  return money(BigInt(amount) * instrument.moneyPerTickLot);
}

/** Worth of ticks × lots in the quote asset as a number: for sizing and display. */
export function quoteFromTickLots(instrument: Instrument, amount: number): number {
  return (amount * instrument.tickLotE8) / 1e8;
}

/** Text of a price on the grid: made from whole ticks, so never in exponent form. @see failure-catalogue F-66 */
export function textFromTicks({ tickSize, tickUnits, tickDecimals }: Instrument, price: Ticks): string {
  return gridText(price, tickSize, tickUnits, tickDecimals);
}

/** Text of a quantity on the grid. */
export function textFromLots({ stepSize, stepUnits, stepDecimals }: Instrument, quantity: Lots | SignedLots): string {
  return gridText(quantity, stepSize, stepUnits, stepDecimals);
}

/** Whole steps as decimal text. By whole numbers where a double holds them, because every order passes here. */
function gridText(count: number, step: string, unitsPerStep: number, decimals: number): string {
  const units = count * unitsPerStep;
  if (!Number.isSafeInteger(units)) return new Exact(count).times(step).toFixed(decimals);
  if (decimals === 0) return String(units);
  const digits = String(Math.abs(units)).padStart(decimals + 1, "0");
  const whole = digits.length - decimals;
  return `${units < 0 ? "-" : ""}${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

/** Price in the quote asset as a number: for indicators and display. */
export function numberFromTicks(instrument: Instrument, price: number): number {
  return (price * instrument.tickE8) / 1e8;
}

/** A step in units of its last decimal. */
function unitsIn(step: Decimal): number {
  return step.times(new Exact(10).pow(step.decimalPlaces())).toNumber();
}

function exactSteps(
  instrument: Instrument,
  what: string,
  text: string,
  grid: string,
  unitsPerStep: number,
  decimals: number,
): number {
  const quick = unitsOf(text, decimals) / unitsPerStep;
  if (Number.isInteger(quick)) return quick;
  const count = exact(text).div(grid);
  if (!count.isInteger()) throw new OffGridError(`${instrument.symbol} ${what} ${text} is not a multiple of ${grid}`);
  const value = count.toNumber();
  assert(Number.isSafeInteger(value), `${instrument.symbol} ${what} ${text} is too large`);
  return value;
}

const zero = 48;
const point = 46;
const minus = 45;

/** Digits that a double holds exactly, whatever they are. */
const exactDigits = 15;

/**
 * Plain decimal text in whole units of 10^−`decimals`, for all that the exchange sends of prices, quantities and money.
 * Not a number for whatever else, finer or longer text, and −0: that is for {@link Exact} to judge, which takes a
 * hundred times as long.
 */
function unitsOf(text: string, decimals: number): number {
  const negative = text.charCodeAt(0) === minus;
  const first = negative ? 1 : 0;
  let units = 0;
  let pointAt = -1;
  let scale = 0;
  for (let index = first; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === point && pointAt < 0 && index > first) {
      pointAt = index;
      continue;
    }
    const digit = code - zero;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    if (pointAt >= 0) scale += 1;
    if (scale <= decimals) units = units * 10 + digit;
    else if (digit !== 0) return Number.NaN;
  }
  const digits = text.length - first - (pointAt < 0 ? 0 : 1) + Math.max(0, decimals - scale);
  if (text.length === first || pointAt === text.length - 1 || digits > exactDigits) return Number.NaN;
  for (; scale < decimals; scale += 1) units *= 10;
  return negative ? (units === 0 ? Number.NaN : -units) : units;
}

/** @throws {OffGridError} the text is not a decimal number (the library would take "NaN", "Infinity" and "0x10") */
function exact(text: string): Decimal {
  if (!decimalText.test(text)) throw new OffGridError(`not a decimal number: "${text}"`);
  return new Exact(text);
}

function wholeUpTo(value: Decimal): number {
  return value.gt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : value.toNumber();
}
