/** Off-line fit of a regularised logistic regression: Newton's method on all examples at once. */

import { at } from "../../domain/assert.ts";

/** Examples of one label each; only the rows listed in `chosen` are looked at. */
export type Examples = {
  readonly inputs: number;
  /** standardised values, row after row */
  readonly values: Float64Array;
  readonly chosen: Int32Array;
  /** 1 for up, 0 for down, by row */
  readonly labels: Uint8Array;
};

const stepsMax = 30;
const closeEnough = 1e-8;
/** Never singular, however little the inputs say. */
const leastPenalty = 1e-6;

/**
 * Weights with the intercept last, as the online model keeps them. The intercept is penalised like the others: the drift of a
 * tape is no forecast.
 *
 * @param penalty L2 penalty an example, as the online learning has it
 * @param start where to begin; zeros when nothing better is known
 */
export function fitLogistic(examples: Examples, penalty: number, start?: Float64Array): Float64Array {
  const size = examples.inputs + 1;
  const weights = new Float64Array(size);
  if (start !== undefined) weights.set(start);
  const ridge = Math.max(penalty, leastPenalty) * Math.max(1, examples.chosen.length);
  for (let step = 0; step < stepsMax; step += 1) {
    const { gradient, curvature } = derivatives(examples, weights, ridge);
    const move = solve(curvature, gradient, size);
    let longest = 0;
    for (let i = 0; i < size; i += 1) {
      // Far from the optimum a whole step can overshoot.
      const by = Math.max(-1, Math.min(1, at(move, i)));
      weights[i] = at(weights, i) - by;
      longest = Math.max(longest, Math.abs(by));
    }
    if (longest < closeEnough) break;
  }
  return weights;
}

/** Log-odds of up of one row. */
export function logitOf(weights: Float64Array, values: Float64Array, from: number): number {
  const inputs = weights.length - 1;
  let sum = at(weights, inputs);
  for (let i = 0; i < inputs; i += 1) sum += at(weights, i) * at(values, from + i);
  return sum;
}

function derivatives({ inputs, values, chosen, labels }: Examples, weights: Float64Array, ridge: number) {
  const size = inputs + 1;
  const gradient = new Float64Array(size);
  const curvature = new Float64Array(size * size);
  for (const row of chosen) {
    const from = row * inputs;
    const said = 1 / (1 + Math.exp(-logitOf(weights, values, from)));
    const error = said - at(labels, row);
    const curve = Math.max(said * (1 - said), Number.EPSILON);
    for (let i = 0; i < size; i += 1) {
      const value = i === inputs ? 1 : at(values, from + i);
      gradient[i] = at(gradient, i) + error * value;
      const weighted = curve * value;
      for (let j = 0; j < i; j += 1) {
        curvature[i * size + j] = at(curvature, i * size + j) + weighted * at(values, from + j);
      }
      curvature[i * size + i] = at(curvature, i * size + i) + weighted * value;
    }
  }
  for (let i = 0; i < size; i += 1) {
    gradient[i] = at(gradient, i) + ridge * at(weights, i);
    curvature[i * size + i] = at(curvature, i * size + i) + ridge;
  }
  return { gradient, curvature };
}

/** Solves a symmetric, positive definite system of which the lower half is given, by Cholesky's method. */
function solve(matrix: Float64Array, right: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = at(matrix, i * size + j);
      for (let k = 0; k < j; k += 1) sum -= at(lower, i * size + k) * at(lower, j * size + k);
      lower[i * size + j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON)) : sum / at(lower, j * size + j);
    }
  }
  const answer = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    let sum = at(right, i);
    for (let k = 0; k < i; k += 1) sum -= at(lower, i * size + k) * at(answer, k);
    answer[i] = sum / at(lower, i * size + i);
  }
  for (let i = size - 1; i >= 0; i -= 1) {
    let sum = at(answer, i);
    for (let k = i + 1; k < size; k += 1) sum -= at(lower, k * size + i) * at(answer, k);
    answer[i] = sum / at(lower, i * size + i);
  }
  return answer;
}
