/** Prices and quantities of people and programs outside, put on the instrument's grid. */

import { Decimal } from "decimal.js";
import type { Instrument } from "../../domain/instrument.ts";
import { type Lots, lots, type Ticks, ticks } from "../../domain/units.ts";

/** A price or quantity that is no multiple of the step, or beyond what is traded: the message says what is allowed. */
export class GridError extends Error {
  override readonly name = "GridError";
}

/** Of a level: towards the side that risks less, or the nearest tick. */
export type Rounding = "up" | "down" | "nearest";

const roundings = {
  up: Decimal.ROUND_CEIL,
  down: Decimal.ROUND_FLOOR,
  nearest: Decimal.ROUND_HALF_UP,
} as const;

/** @throws {GridError} beyond the instrument's prices */
export function ticksFrom(instrument: Instrument, price: number, rounding: Rounding): Ticks {
  const whole = new Decimal(price).div(instrument.tickSize).toDecimalPlaces(0, roundings[rounding]).toNumber();
  if (!Number.isSafeInteger(whole) || whole < instrument.minTicks || whole > instrument.maxTicks) {
    const { minPrice, maxPrice } = instrument.rules;
    throw new GridError(`is ${price}; allowed: from ${minPrice} to ${maxPrice}`);
  }
  return ticks(whole);
}

/** Never more than was asked for. @throws {GridError} below the least or above the largest quantity */
export function lotsFrom(instrument: Instrument, quantity: number): Lots {
  const whole = new Decimal(quantity).div(instrument.stepSize).floor().toNumber();
  if (!Number.isSafeInteger(whole) || whole < instrument.minLots || whole > instrument.maxLots) {
    const { minQuantity, maxQuantity } = instrument.rules;
    throw new GridError(`is ${quantity}; allowed: from ${minQuantity} to ${maxQuantity}`);
  }
  return lots(whole);
}
