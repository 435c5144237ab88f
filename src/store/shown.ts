/** Columns of a row as people and JSON see them: decimal text in the units of the instrument, and times in UTC. */

import { Decimal } from "decimal.js";
import { textFromMoney } from "../domain/instrument.ts";
import { money } from "../domain/units.ts";
import { big, type DatabaseRow, integer, integerOrNull, realOrNull, text } from "./cell.ts";

export function amount(row: DatabaseRow, column: string): string {
  return textFromMoney(money(big(row, column)));
}

export function quantity(row: DatabaseRow, lots: number): string {
  return new Decimal(lots).times(text(row, "step_size")).toFixed();
}

/** A price with one digit more than the tick has, since averages lie between ticks. */
export function price(row: DatabaseRow, ticks: number): string {
  const tick = new Decimal(text(row, "tick_size"));
  return new Decimal(ticks)
    .times(tick)
    .toDecimalPlaces(tick.decimalPlaces() + 1)
    .toFixed();
}

/** Average entry of what is open. Rows of earlier versions have only what the trade has paid less what it has got. */
export function entryPrice(row: DatabaseRow, lots: number): string {
  return price(row, realOrNull(row, "entry") ?? integer(row, "cost") / lots);
}

export function priceOrNull(row: DatabaseRow, column: string): string | null {
  const ticks = integerOrNull(row, column);
  return ticks === null ? null : price(row, ticks);
}

export function time(row: DatabaseRow, column: string): string {
  return new Date(integer(row, column) / 1_000).toISOString();
}
