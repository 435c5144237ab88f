/** A logistic model that learns one example at a time. */

import { assert } from "../../domain/assert.ts";
import { f64 } from "../../domain/typed.ts";

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

  /** Log-odds of the label 1. */
  logit(scaled: Float64Array): number {
    let sum = f64(this.weights, this.inputs);
    for (let i = 0; i < this.inputs; i++) sum += f64(this.weights, i) * f64(scaled, i);
    return sum;
  }

  learn(scaled: Float64Array, label: 0 | 1): void {
    const error = 1 / (1 + Math.exp(-this.logit(scaled))) - label;
    for (let i = 0; i < this.inputs; i++) {
      const weight = f64(this.weights, i);
      this.weights[i] = weight - this.rate * (error * f64(scaled, i) + this.penalty * weight);
    }
    this.weights[this.inputs] = f64(this.weights, this.inputs) - this.rate * error;
  }

  save(): number[] {
    return [...this.weights];
  }

  /** @param weights as {@link save} gave them, the intercept last; checked by the caller */
  restore(weights: readonly number[]): void {
    assert(weights.length === this.weights.length, `${weights.length} weights for ${this.inputs} inputs`);
    this.weights.set(weights);
  }
}
