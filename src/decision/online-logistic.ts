/** A logistic model that learns one example at a time, and the running standardisation of its inputs. */

import { assert } from "../domain/assert.ts";
import { f64 } from "../market/typed.ts";
import { ModelStateError } from "./source.ts";

/** Standardised inputs are cut here, so that one odd message does not throw the weights. */
const deviationsMax = 5;

/** L2-regularised logistic regression by stochastic gradient descent; the intercept is not penalised. */
export class OnlineLogistic {
  private readonly weights: Float64Array;
  private readonly inputs: number;
  private readonly rate: number;
  private readonly penalty: number;

  constructor(inputs: number, rate: number, penalty: number) {
    this.inputs = inputs;
    this.rate = rate;
    this.penalty = penalty;
    this.weights = new Float64Array(inputs + 1);
  }

  /** Probability of the label 1, strictly between 0 and 1. */
  predict(scaled: Float64Array): number {
    let sum = f64(this.weights, this.inputs);
    for (let i = 0; i < this.inputs; i++) sum += f64(this.weights, i) * f64(scaled, i);
    return 1 / (1 + Math.exp(-sum));
  }

  learn(scaled: Float64Array, label: 0 | 1): void {
    const error = this.predict(scaled) - label;
    for (let i = 0; i < this.inputs; i++) {
      const weight = f64(this.weights, i);
      this.weights[i] = weight - this.rate * (error * f64(scaled, i) + this.penalty * weight);
    }
    this.weights[this.inputs] = f64(this.weights, this.inputs) - this.rate * error;
  }

  save(): number[] {
    return [...this.weights];
  }

  /** @param weights as {@link save} gave them; checked by the caller */
  restore(weights: readonly number[]): void {
    assert(weights.length === this.weights.length, `${weights.length} weights for ${this.inputs} inputs`);
    this.weights.set(weights);
  }
}

type StandardiserState = { readonly count: number; readonly mean: number[]; readonly squares: number[] };

/** Running mean and deviation of every input (Welford). */
export class Standardiser {
  private readonly mean: Float64Array;
  private readonly squares: Float64Array;
  private readonly inverse: Float64Array;
  private count = 0;

  constructor(inputs: number) {
    this.mean = new Float64Array(inputs);
    this.squares = new Float64Array(inputs);
    this.inverse = new Float64Array(inputs);
  }

  update(row: Float64Array): void {
    this.count++;
    for (let i = 0; i < this.mean.length; i++) {
      const value = f64(row, i);
      const before = value - f64(this.mean, i);
      const mean = f64(this.mean, i) + before / this.count;
      this.mean[i] = mean;
      this.squares[i] = f64(this.squares, i) + before * (value - mean);
    }
    this.rescale();
  }

  /** An input in deviations from its mean; 0 while it has never varied. */
  scale(index: number, value: number): number {
    const scaled = (value - f64(this.mean, index)) * f64(this.inverse, index);
    return Math.max(-deviationsMax, Math.min(deviationsMax, scaled));
  }

  /** Standardises `inputs` values of `rows` from `offset` on. */
  scaleRow(rows: Float64Array, offset: number, into: Float64Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.scale(i, f64(rows, offset + i));
  }

  save(): StandardiserState {
    return { count: this.count, mean: [...this.mean], squares: [...this.squares] };
  }

  /** @param state as {@link save} gave it; checked by the caller */
  restore(state: StandardiserState): void {
    assert(state.mean.length === this.mean.length, `${state.mean.length} means for ${this.mean.length} inputs`);
    this.count = state.count;
    this.mean.set(state.mean);
    this.squares.set(state.squares);
    this.rescale();
  }

  private rescale(): void {
    if (this.count < 2) return;
    for (let i = 0; i < this.inverse.length; i++) {
      const variance = f64(this.squares, i) / (this.count - 1);
      this.inverse[i] = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    }
  }
}

/** Reads saved numbers, by hand: the core has no schema library. @throws {ModelStateError} */
export function savedNumbers(value: unknown, length: number, what: string): number[] {
  const valid = Array.isArray(value) && value.length === length && value.every((item) => Number.isFinite(item));
  if (!valid) throw new ModelStateError(`${what}: expected ${length} finite numbers`);
  return value;
}

/** @throws {ModelStateError} */
export function savedCount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ModelStateError(`${what}: expected a count, got ${String(value)}`);
}

/** A field of a saved object. @throws {ModelStateError} */
export function savedField(value: unknown, name: string): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entry = Object.entries(value).find(([key]) => key === name);
    if (entry !== undefined) return entry[1];
  }
  throw new ModelStateError(`missing ${name}`);
}
