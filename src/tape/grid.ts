/** Decimal text to whole steps of a grid, exactly, and fast enough for millions of levels. */

import { Decimal } from "decimal.js";

/** Returns the steps in a decimal text, or null when the text is no decimal or not a multiple of the step. */
export type Grid = (text: string) => number | null;

const decimalText = /^(\d{1,20})(?:\.(\d{1,20}))?$/;

/** @param step above 0, as exchangeInfo writes it, for instance `0.10` */
export function grid(step: string): Grid {
  const size = new Decimal(step);
  const decimals = size.decimalPlaces();
  const unit = size.times(Decimal.pow(10, decimals)).toNumber();
  return (text) => {
    const match = decimalText.exec(text);
    if (match === null) return null;
    const fraction = match[2] ?? "";
    for (let place = decimals; place < fraction.length; place += 1) {
      if (fraction[place] !== "0") return null;
    }
    const scaled = Number(match[1] + fraction.slice(0, decimals).padEnd(decimals, "0"));
    return Number.isSafeInteger(scaled) && scaled % unit === 0 ? scaled / unit : null;
  };
}
