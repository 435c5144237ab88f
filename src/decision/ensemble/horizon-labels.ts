/**
 * Rows of features that wait for what came after them. A row's label for a horizon is whether the mid was higher or
 * lower at the row's time plus the horizon; until then nobody can have learnt from it, which is what rules out look-ahead.
 */

import { assert } from "../../domain/assert.ts";
import { f64 } from "../../domain/typed.ts";

/** Rows that wait at most; finer sampling than the longest horizon divided by this is not possible. */
const rowsMax = 4_096;

export class HorizonLabels {
  /** features of all rows, one after the other: a row starts at {@link featureOffset} */
  readonly features: Float64Array;
  private readonly width: number;
  private readonly horizons: Float64Array;
  private readonly capacity: number;
  private readonly times: Float64Array;
  private readonly mids: Float64Array;
  private readonly predictions: Float64Array;
  private readonly logits: Float64Array;
  /** rows written, and per horizon rows done with, since the start */
  private written = 0;
  private readonly done: Float64Array;
  /** when the next row of each horizon matures, or before: asked on every market event, and nearly always not yet */
  private readonly next: Float64Array;

  /**
   * @param horizons microseconds, ascending
   * @param spacing least time between two rows
   */
  constructor(width: number, horizons: readonly number[], spacing: number) {
    const longest = horizons[horizons.length - 1];
    assert(longest !== undefined, "labels need a horizon");
    this.width = width;
    this.horizons = Float64Array.from(horizons);
    this.capacity = Math.ceil(longest / spacing) + 2;
    assert(this.capacity <= rowsMax, `${this.capacity} rows would wait`);
    this.features = new Float64Array(this.capacity * width);
    this.times = new Float64Array(this.capacity);
    this.mids = new Float64Array(this.capacity);
    this.predictions = new Float64Array(this.capacity * horizons.length);
    this.logits = new Float64Array(this.capacity * horizons.length);
    this.done = new Float64Array(horizons.length);
    this.next = new Float64Array(horizons.length).fill(Number.POSITIVE_INFINITY);
  }

  /** The least spacing of rows, at least `wanted`, with which the longest horizon fits. */
  static spacing(longest: number, wanted: number): number {
    return Math.max(wanted, Math.ceil(longest / (rowsMax - 2)));
  }

  /**
   * @param predictions p_up per horizon as said now
   * @param logits log-odds per horizon before their calibration
   */
  add(time: number, mid: number, row: Float64Array, predictions: Float64Array, logits: Float64Array): void {
    const slot = this.written % this.capacity;
    this.times[slot] = time;
    this.mids[slot] = mid;
    this.features.set(row, slot * this.width);
    this.predictions.set(predictions, slot * this.horizons.length);
    this.logits.set(logits, slot * this.horizons.length);
    this.written++;
    for (let h = 0; h < this.next.length; h++) {
      if (f64(this.next, h) === Number.POSITIVE_INFINITY) this.next[h] = time + f64(this.horizons, h);
    }
  }

  /**
   * The next row whose horizon ended before `now`, or −1. Each is given once per horizon, oldest first. "Before", not
   * "at": more may happen within the same microsecond, and the mid that counts is the last one of it.
   */
  nextMatured(horizon: number, now: number): number {
    if (f64(this.next, horizon) >= now) return -1;
    const sequence = Math.max(f64(this.done, horizon), this.written - this.capacity);
    const matures = this.maturity(horizon, sequence);
    if (matures >= now) {
      this.next[horizon] = matures;
      return -1;
    }
    this.done[horizon] = sequence + 1;
    this.next[horizon] = this.maturity(horizon, sequence + 1);
    return sequence % this.capacity;
  }

  featureOffset(slot: number): number {
    return slot * this.width;
  }

  mid(slot: number): number {
    return f64(this.mids, slot);
  }

  prediction(slot: number, horizon: number): number {
    return f64(this.predictions, slot * this.horizons.length + horizon);
  }

  logit(slot: number, horizon: number): number {
    return f64(this.logits, slot * this.horizons.length + horizon);
  }

  /** Throws away all that waits. */
  clear(): void {
    this.done.fill(this.written);
    this.next.fill(Number.POSITIVE_INFINITY);
  }

  /** Infinite for a row that is not written yet. */
  private maturity(horizon: number, sequence: number): number {
    if (sequence >= this.written) return Number.POSITIVE_INFINITY;
    return f64(this.times, sequence % this.capacity) + f64(this.horizons, horizon);
  }
}
