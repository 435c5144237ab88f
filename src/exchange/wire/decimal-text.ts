/** Writes whole ticks and lots as decimal text with the places of the exchange's own step text, without decimal.js. */

import { assert } from "../../domain/assert.ts";

export class DecimalText {
  /** places after the point, trailing zeros of the step included: "0.10" has two */
  readonly decimals: number;
  private readonly unitsPerStep: number;
  private readonly scale: number;

  /** @param step as in the exchange's filters, like "0.10" */
  constructor(step: string) {
    const [whole = "", fraction = ""] = step.split(".");
    this.decimals = fraction.length;
    this.scale = 10 ** this.decimals;
    this.unitsPerStep = Number(whole + fraction);
    assert(Number.isSafeInteger(this.unitsPerStep) && this.unitsPerStep > 0, `not a step size: ${step}`);
  }

  /** @param count steps, not negative */
  of(count: number): string {
    const units = count * this.unitsPerStep;
    assert(Number.isSafeInteger(units) && units >= 0, `no exact text for ${count} steps`);
    if (this.decimals === 0) return String(units);
    const whole = Math.floor(units / this.scale);
    // The leading 1 keeps the zeros of the fraction.
    return `${whole}.${String(this.scale + (units - whole * this.scale)).slice(1)}`;
  }
}
