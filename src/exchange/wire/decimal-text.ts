/** Writes whole ticks and lots as decimal text with the places of the exchange's own step text, without decimal.js. */

import { assert } from "../../domain/assert.ts";

const fractionsMax = 1_000;

export class DecimalText {
  /** places after the point, trailing zeros of the step included: "0.10" has two */
  readonly decimals: number;
  private readonly unitsPerStep: number;
  private readonly scale: number;
  /** of few places, ready made: every level of every depth message has two */
  private readonly fractions: readonly string[];

  /** @param step as in the exchange's filters, like "0.10" */
  constructor(step: string) {
    const [whole = "", fraction = ""] = step.split(".");
    this.decimals = fraction.length;
    this.scale = 10 ** this.decimals;
    this.unitsPerStep = Number(whole + fraction);
    const ready = this.scale <= fractionsMax ? this.scale : 0;
    this.fractions = Array.from({ length: ready }, (_, rest) => fractionText(rest, this.scale));
    assert(Number.isSafeInteger(this.unitsPerStep) && this.unitsPerStep > 0, `not a step size: ${step}`);
  }

  /** @param count steps, not negative */
  of(count: number): string {
    const units = count * this.unitsPerStep;
    assert(Number.isSafeInteger(units) && units >= 0, `no exact text for ${count} steps`);
    if (this.decimals === 0) return String(units);
    const whole = Math.floor(units / this.scale);
    const rest = units - whole * this.scale;
    return `${whole}.${this.fractions[rest] ?? fractionText(rest, this.scale)}`;
  }
}

/** The leading 1 keeps the zeros. */
function fractionText(rest: number, scale: number): string {
  return String(scale + rest).slice(1);
}
