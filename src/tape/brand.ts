/**
 * Brands for numbers that were checked when their tape was loaded. The constructors of domain/units.ts check again and
 * build their message each time, which at a dozen numbers an event would be most of the cost of playing it.
 */

import type { Lots, Micros, PriceE8, Ticks } from "../domain/units.ts";

export function trustedTicks(value: number): Ticks {
  return value as Ticks;
}

export function trustedLots(value: number): Lots {
  return value as Lots;
}

export function trustedMicros(value: number): Micros {
  return value as Micros;
}

export function trustedPriceE8(value: number): PriceE8 {
  return value as PriceE8;
}
