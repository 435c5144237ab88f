/**
 * Sizes by price of the levels that lie outside a book's window. A table of our own, because a busy market changes them
 * thousands of times a minute and a `Map` takes several looks into memory for each: here neighbouring prices lie side by
 * side. A level that is removed keeps its place without a size until the table is laid anew.
 */

import { f64 } from "../domain/typed.ts";

const slotsMin = 1_024;
/** Prices are at least one tick: a slot without one is free. */
const free = 0;
/** So many neighbouring prices share a place, one or two lines of memory. */
const neighbourBits = 3;
const neighbours = (1 << neighbourBits) - 1;

export class FarLevels {
  private prices = new Float64Array(slotsMin);
  private sizes = new Float64Array(slotsMin);
  /** slots with a price, whether it has a size or not */
  private taken = 0;
  private count = 0;

  /** Levels with a size. */
  get size(): number {
    return this.count;
  }

  /** Lots at a price, 0 when there are none. */
  get(price: number): number {
    return f64(this.sizes, this.slotOf(price));
  }

  /** @param price whole and above 0 @param size 0 removes the level */
  set(price: number, size: number): void {
    const slot = this.slotOf(price);
    const before = f64(this.sizes, slot);
    if (before === 0 && size === 0) return;
    if (f64(this.prices, slot) === free) {
      this.prices[slot] = price;
      this.taken++;
    }
    this.sizes[slot] = size;
    if (before === 0) this.count++;
    else if (size === 0) this.count--;
    if (this.taken * 4 > this.prices.length * 3) this.layAnew();
  }

  /** In no order that means anything; `take` may remove what it is given. */
  visit(take: (price: number, size: number) => void): void {
    const { prices, sizes } = this;
    for (let slot = 0; slot < sizes.length; slot++) {
      const size = f64(sizes, slot);
      if (size > 0) take(f64(prices, slot), size);
    }
  }

  clear(): void {
    this.empty(slotsMin);
  }

  /** The slot of a price, or the free one where it would stand. There always is one: the table is never full. */
  private slotOf(price: number): number {
    const { prices } = this;
    const last = prices.length - 1;
    const mixed = Math.imul(Math.floor(price / (neighbours + 1)), 0x9e3779b1);
    let slot = (((mixed ^ (mixed >>> 15)) << neighbourBits) | (price & neighbours)) & last;
    for (let kept = f64(prices, slot); kept !== price && kept !== free; kept = f64(prices, slot)) {
      slot = (slot + 1) & last;
    }
    return slot;
  }

  private empty(slots: number): void {
    this.prices = new Float64Array(slots);
    this.sizes = new Float64Array(slots);
    this.taken = 0;
    this.count = 0;
  }

  private layAnew(): void {
    const { prices, sizes } = this;
    let slots = slotsMin;
    while (slots < this.count * 2) slots *= 2;
    this.empty(slots);
    for (let slot = 0; slot < sizes.length; slot++) {
      const size = f64(sizes, slot);
      if (size > 0) this.set(f64(prices, slot), size);
    }
  }
}
