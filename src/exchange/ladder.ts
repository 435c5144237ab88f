/** One side of a recorded book: sizes by price in a moving window of arrays, and in a map what lies outside of it. */

import { f64, i32 } from "../domain/typed.ts";

/** "No level": lower than any key. */
export const noKey = Number.NEGATIVE_INFINITY;

const windowSize = 65_536;
/** Room above the best level when the window is laid, as a share of it. */
const headroom = windowSize >> 2;
const lowWater = windowSize >> 3;
/** Levels that far away are not reachable by any order; more of them than this are not kept. */
const farLevelsMax = 50_000;

/**
 * Levels are addressed by key, not price: the price of a bid, the negated price of an ask. Towards the touch keys grow
 * on both sides, so one code serves both.
 */
export class Ladder {
  #sizes = new Float64Array(windowSize);
  /** one bit per slot of the window that holds a level */
  #words = new Int32Array(windowSize >> 5);
  #far = new Map<number, number>();
  #base = noKey;
  #best = noKey;

  /** Key of the best level, `noKey` when empty. */
  get best(): number {
    return this.#best;
  }

  size(key: number): number {
    const slot = key - this.#base;
    if (slot >= 0 && slot < windowSize) return f64(this.#sizes, slot);
    return this.#far.get(key) ?? 0;
  }

  /** `size` is absolute; 0 removes the level, and removing one that is not there is normal. */
  set(key: number, size: number): void {
    const slot = key - this.#base;
    // As an integer: an index that may be a fraction is checked at each access.
    if (slot >= 0 && slot < windowSize) this.#setNear(key, slot | 0, size);
    else this.#setFar(key, size);
  }

  /** The next level further from the touch than `key`, which need not hold one itself. */
  next(key: number): number {
    const slot = Math.min(key - this.#base, windowSize) - 1;
    const found = slot >= 0 ? this.#scan(slot) : -1;
    return found >= 0 ? this.#base + found : this.#bestFar(key);
  }

  clear(): void {
    this.#forEachNear((_key, slot) => {
      this.#sizes[slot] = 0;
    });
    this.#words.fill(0);
    this.#far.clear();
    this.#base = noKey;
    this.#best = noKey;
  }

  #setNear(key: number, slot: number, size: number): void {
    const word = slot >>> 5;
    if (size > 0) {
      this.#sizes[slot] = size;
      this.#words[word] = i32(this.#words, word) | (1 << (slot & 31));
      if (key > this.#best) this.#best = key;
      return;
    }
    this.#sizes[slot] = 0;
    this.#words[word] = i32(this.#words, word) & ~(1 << (slot & 31));
    if (key === this.#best) this.#bestLeft(key);
  }

  #bestLeft(key: number): void {
    this.#best = this.next(key);
    if (this.#best !== noKey && this.#best - this.#base < lowWater) this.#lay(this.#best);
  }

  #setFar(key: number, size: number): void {
    if (size <= 0) {
      this.#far.delete(key);
      return;
    }
    if (key > this.#best) {
      this.#lay(key);
      this.#setNear(key, key - this.#base, size);
    } else if (this.#far.size < farLevelsMax || this.#far.has(key)) {
      this.#far.set(key, size);
    }
  }

  /** Lays the window so that `best` has headroom above it; rare, because the touch seldom moves that far. */
  #lay(best: number): void {
    const levels: [number, number][] = [...this.#far];
    this.#forEachNear((key, slot) => {
      levels.push([key, f64(this.#sizes, slot)]);
      this.#sizes[slot] = 0;
    });
    this.#words.fill(0);
    this.#far.clear();
    this.#base = best - windowSize + headroom;
    this.#best = noKey;
    for (const [key, size] of levels) {
      const slot = key - this.#base;
      if (slot >= 0 && slot < windowSize) this.#setNear(key, slot, size);
      else if (this.#far.size < farLevelsMax) this.#far.set(key, size);
    }
  }

  /** The highest occupied slot at or below `slot`, −1 when there is none. */
  #scan(slot: number): number {
    let word = slot >>> 5;
    let bits = i32(this.#words, word) & ((2 << (slot & 31)) - 1);
    while (bits === 0) {
      word -= 1;
      if (word < 0) return -1;
      bits = i32(this.#words, word);
    }
    return (word << 5) + 31 - Math.clz32(bits);
  }

  #bestFar(below: number): number {
    let best = noKey;
    for (const key of this.#far.keys()) if (key < below && key > best) best = key;
    return best;
  }

  #forEachNear(visit: (key: number, slot: number) => void): void {
    for (let slot = this.#scan(windowSize - 1); slot >= 0; slot = slot === 0 ? -1 : this.#scan(slot - 1)) {
      visit(this.#base + slot, slot);
    }
  }
}
