/** Whole numbers that carry their unit: prices in ticks, quantities in lots, time in microseconds, money in 10⁻⁸. */

import { InvariantError } from "./assert.ts";

declare const unit: unique symbol;

type Whole<Unit extends string> = number & { readonly [unit]: Unit };

/** A price, or a distance between prices, in whole steps of the instrument's tick size. */
export type Ticks = Whole<"ticks">;

/** A quantity in whole steps of the lot size. Never negative: the side is a field. */
export type Lots = Whole<"lots">;

/** A position in whole lots: positive is long, negative is short. */
export type SignedLots = Whole<"signed-lots">;

/** Ticks × lots, exact below 2⁵³ (asserted when an instrument loads); signed where it is a profit. */
export type TickLots = Whole<"tick-lots">;

/** Microseconds since the epoch, or a span of them. */
export type Micros = Whole<"micros">;

/** A price in whole 10⁻⁸ of the quote asset, for prices that are not on the tick grid (mark price). */
export type PriceE8 = Whole<"price-e8">;

/** Wallet, fees, funding and profit in whole 10⁻⁸ of the quote asset. */
export type Money = bigint & { readonly [unit]: "money" };

/** The position of an instrument in the list a run was started with; what hot calls carry instead of a name. */
export type SymbolIndex = Whole<"symbol-index">;

export function ticks(value: number): Ticks {
  if (!Number.isSafeInteger(value)) fail("not whole ticks", value);
  return withoutNegativeZero(value) as Ticks;
}

export function lots(value: number): Lots {
  if (!Number.isSafeInteger(value)) fail("not whole lots", value);
  if (value < 0) fail("negative lots", value);
  return withoutNegativeZero(value) as Lots;
}

export function signedLots(value: number): SignedLots {
  if (!Number.isSafeInteger(value)) fail("not whole lots", value);
  return withoutNegativeZero(value) as SignedLots;
}

export function tickLots(value: number): TickLots {
  if (!Number.isSafeInteger(value)) fail("ticks × lots is not exact", value);
  return withoutNegativeZero(value) as TickLots;
}

export function micros(value: number): Micros {
  if (!Number.isSafeInteger(value)) fail("not whole microseconds", value);
  return withoutNegativeZero(value) as Micros;
}

export function priceE8(value: number): PriceE8 {
  if (!Number.isSafeInteger(value)) fail("not a whole 10⁻⁸ price", value);
  return withoutNegativeZero(value) as PriceE8;
}

export function money(value: bigint): Money {
  return value as Money;
}

export function symbolIndex(value: number): SymbolIndex {
  if (!Number.isSafeInteger(value) || value < 0) fail("not a symbol index", value);
  return value as SymbolIndex;
}

/** Adds like to like. Ticks plus lots does not compile. */
export function plus<U extends string>(a: Whole<U>, b: NoInfer<Whole<U>>): Whole<U> {
  const sum = a + b;
  if (!Number.isSafeInteger(sum)) fail("sum is not exact", sum);
  return sum as Whole<U>;
}

/** Subtracts like from like. */
export function minus<U extends string>(a: Whole<U>, b: NoInfer<Whole<U>>): Whole<U> {
  const difference = a - b;
  if (!Number.isSafeInteger(difference)) fail("difference is not exact", difference);
  return difference as Whole<U>;
}

/** Price times quantity, exact. */
export function times(price: Ticks, quantity: Lots | SignedLots): TickLots {
  return tickLots(price * quantity);
}

export function addMoney(a: Money, b: Money): Money {
  return (a + b) as Money;
}

export function subtractMoney(a: Money, b: Money): Money {
  return (a - b) as Money;
}

export const noMoney: Money = money(0n);
export const noLots: Lots = lots(0);

export const microsPerMillisecond = 1_000;
export const microsPerSecond = 1_000_000;
export const microsPerMinute = 60_000_000;

/** Milliseconds, as the exchange and the configuration write time, to microseconds. */
export function microsFromMillis(milliseconds: number): Micros {
  return micros(Math.round(milliseconds * microsPerMillisecond));
}

export function microsFromSeconds(seconds: number): Micros {
  return micros(Math.round(seconds * microsPerSecond));
}

/** The text is made only here: building it for every value that is right would cost more than all else on the hot path. */
function fail(what: string, value: number): never {
  throw new InvariantError(`${what}: ${value}`);
}

/** A negative zero (0 × −3, the text "-0.000") would survive into comparisons by Object.is and into text as "-0". */
function withoutNegativeZero(value: number): number {
  return value + 0;
}
