/** Running mean and deviation of every input of a model: exact over its memory, fading beyond it. */

import { assert } from "../../domain/assert.ts";
import { f64 } from "../../domain/typed.ts";
import { savedCount, savedField, savedNumbers } from "./saved.ts";

/** Standardised inputs are cut here, so that one odd message does not throw the weights. */
const deviationsMax = 5;

export type StandardiserState = {
  readonly count: number;
  readonly mean: readonly number[];
  readonly variance: readonly number[];
};

export class Standardiser {
  private readonly memory: number;
  private readonly mean: Float64Array;
  private readonly variance: Float64Array;
  private readonly inverse: Float64Array;
  private count = 0;

  /** @param memory rows that count in full; from then on the oldest fade */
  constructor(inputs: number, memory: number) {
    this.memory = memory;
    this.mean = new Float64Array(inputs);
    this.variance = new Float64Array(inputs);
    this.inverse = new Float64Array(inputs);
  }

  /** @param row finite numbers */
  update(row: Float64Array): void {
    this.count = Math.min(this.count + 1, this.memory);
    const share = 1 / this.count;
    for (let i = 0; i < this.mean.length; i++) {
      const before = f64(row, i) - f64(this.mean, i);
      this.mean[i] = f64(this.mean, i) + before * share;
      this.variance[i] = (1 - share) * (f64(this.variance, i) + before * before * share);
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
    return { count: this.count, mean: [...this.mean], variance: [...this.variance] };
  }

  /** Checks what was saved and takes nothing over yet. @throws {ModelStateError} */
  static read(state: unknown, inputs: number): StandardiserState {
    return {
      count: savedCount(savedField(state, "count"), "standardiser count"),
      mean: savedNumbers(savedField(state, "mean"), inputs, "standardiser mean"),
      variance: savedNumbers(savedField(state, "variance"), inputs, "standardiser variance"),
    };
  }

  restore(state: StandardiserState): void {
    assert(state.mean.length === this.mean.length, `${state.mean.length} means for ${this.mean.length} inputs`);
    this.count = Math.min(state.count, this.memory);
    this.mean.set(state.mean);
    this.variance.set(state.variance);
    this.rescale();
  }

  private rescale(): void {
    if (this.count < 2) return;
    for (let i = 0; i < this.inverse.length; i++) {
      const variance = f64(this.variance, i);
      this.inverse[i] = variance > 0 ? 1 / Math.sqrt(variance) : 0;
    }
  }
}
