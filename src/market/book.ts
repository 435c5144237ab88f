/**
 * The order book of one symbol: a ladder of typed arrays around the touch, indexed by tick, with marks on
 * blocks of ticks so that the next best level is found fast where levels are sparse. Whether a level comes or goes is as
 * good as random, so the update does not branch on it unless it is at the touch: a wrong guess costs more than the rest.
 */

import { assert } from "../domain/assert.ts";
import { askSide, bidSide, type DepthLevels } from "../domain/market-port.ts";
import { f64, i32, u8 } from "../domain/typed.ts";
import { type Lots, lots, type TickLots, type Ticks, tickLots, ticks } from "../domain/units.ts";
import { FarLevels } from "./far-levels.ts";

/** There is no such level. Prices are at least one tick, so 0 is free to say so. */
export const noTick: Ticks = ticks(0);

/** Levels beyond the window that a side remembers. More would be lost, and then moving the window needs a new snapshot. */
const farLevelsMax = 65_536;

/** Ranks are searched by blocks of 32, and those by groups of 32: the window moves by whole groups. */
const blockBits = 5;
const groupBlockBits = 5;
const groupBits = blockBits + groupBlockBits;
const blockTicks = 1 << blockBits;
const groupTicks = 1 << groupBits;

/**
 * Levels inside the window are in the ladder; the others are kept aside and come in when the window follows the
 * touch. A book whose best bid and best ask do not both fit the window is not valid. Inside, a level has a rank: its
 * distance from the far end of its side's window, so that on both sides the best level is the highest rank.
 */
export class Book {
  private readonly half: number;
  private readonly span: number;
  private readonly ladder: Ladder;
  /** rank = origin + sign × price, per side */
  private readonly origin = new Float64Array(2);
  private readonly sign = Float64Array.of(1, -1);
  /** rank of the best level per side; −1 is none */
  private readonly bestRank = Int32Array.of(-1, -1);
  private readonly far: readonly [FarLevels, FarLevels] = [new FarLevels(), new FarLevels()];
  /** lowest price of the window */
  private low = 0;
  private synced = false;
  private crossed = false;
  /** a level better than the whole window came */
  private outrun = false;
  private farLost = false;

  /** @param windowTicks least distance from the touch to each end of the window (`market.book_window_ticks`) */
  constructor(windowTicks: number) {
    assert(Number.isSafeInteger(windowTicks) && windowTicks > 0, `window of ${windowTicks} ticks`);
    this.half = Math.ceil(windowTicks / groupTicks) * groupTicks;
    // One group more than twice the half: aligning the start downwards must not cost the upper side its half.
    this.span = 2 * this.half + groupTicks;
    this.ladder = new Ladder(this.span);
    this.setWindow(0);
  }

  /** In sync with the venue, both sides there, not crossed. */
  get valid(): boolean {
    return this.synced && this.rank(bidSide) >= 0 && this.rank(askSide) >= 0;
  }

  /** Only a new snapshot helps: never had one, continuity was lost, or what we hold contradicts itself. */
  get needsSnapshot(): boolean {
    return !this.synced;
  }

  /** The last complete event left bid ≥ ask: our copy is wrong. @see failure-catalogue F-47, F-75 */
  get wasCrossed(): boolean {
    return this.crossed;
  }

  /** {@link noTick} when the side is empty. */
  get bestBid(): Ticks {
    return this.best(bidSide);
  }

  get bestAsk(): Ticks {
    return this.best(askSide);
  }

  get bestBidLots(): Lots {
    return this.bestLots(bidSide);
  }

  get bestAskLots(): Lots {
    return this.bestLots(askSide);
  }

  /** Replaces what was known. */
  applySnapshot(levels: DepthLevels): void {
    this.clear();
    this.synced = true;
    this.apply(levels);
  }

  /** Differences in sequence; ignored until a snapshot has come. */
  apply(levels: DepthLevels): void {
    if (!this.synced) return;
    this.setLevels(levels);
    this.settle();
  }

  /** Continuity is lost: what is here must not be used until the next snapshot. */
  invalidate(): void {
    this.synced = false;
  }

  /** Lots at a price, 0 when there are none, inside the window or not. */
  sizeAt(side: number, price: Ticks): Lots {
    const rank = f64(this.origin, side) + f64(this.sign, side) * price;
    if (rank >= 0 && rank < this.span) return lots(this.ladder.size(side, rank));
    return lots(this.farOf(side).get(price));
  }

  best(side: number): Ticks {
    return this.priceOf(side, this.rank(side));
  }

  /** The next worse level of a side inside the window, {@link noTick} after the last. For loops without allocation. */
  next(side: number, price: Ticks): Ticks {
    const rank = f64(this.origin, side) + f64(this.sign, side) * price;
    return this.priceOf(side, this.ladder.below(side, rank - 1));
  }

  /** Σ price × size over the first `levels` levels of a side. */
  depth(side: number, levels: number): TickLots {
    let sum = 0;
    let rank = this.rank(side);
    for (let i = 0; i < levels && rank >= 0; i++) {
      sum += this.priceOf(side, rank) * this.ladder.size(side, rank);
      rank = this.ladder.below(side, rank - 1);
    }
    return tickLots(sum);
  }

  /** Σ size over the first `levels` levels of a side. */
  depthLots(side: number, levels: number): number {
    let sum = 0;
    let rank = this.rank(side);
    for (let i = 0; i < levels && rank >= 0; i++) {
      sum += this.ladder.size(side, rank);
      rank = this.ladder.below(side, rank - 1);
    }
    return sum;
  }

  /**
   * Average price in fractional ticks at which so many lots would fill against a side now. Null when its first `levels`
   * levels, inside the window, do not hold as many.
   */
  averageFill(side: number, quantity: number, levels: number): number | null {
    let left = quantity;
    let worth = 0;
    let rank = this.rank(side);
    for (let i = 0; i < levels && rank >= 0 && left > 0; i++) {
      const size = this.ladder.size(side, rank);
      const taken = Math.min(size, left);
      worth += this.priceOf(side, rank) * taken;
      left -= taken;
      rank = this.ladder.below(side, rank - 1);
    }
    return left > 0 || quantity <= 0 ? null : worth / quantity;
  }

  /** Levels with a size on a side, inside the window and beyond it. Counts them: for cold readers. */
  levelCount(side: number): number {
    return this.ladder.count(side) + this.farOf(side).size;
  }

  private rank(side: number): number {
    return i32(this.bestRank, side);
  }

  private bestLots(side: number): Lots {
    const rank = this.rank(side);
    return (rank < 0 ? 0 : this.ladder.size(side, rank)) as Lots;
  }

  private priceOf(side: number, rank: number): Ticks {
    return (rank < 0 ? noTick : (rank - f64(this.origin, side)) * f64(this.sign, side)) as Ticks;
  }

  private farOf(side: number): FarLevels {
    return side === bidSide ? this.far[bidSide] : this.far[askSide];
  }

  /** The whole loop in one place, on locals: this is where a depth message spends its time. */
  private setLevels(levels: DepthLevels): void {
    const { count, side: sides, price: prices, size: sizes } = levels;
    const { ladder, bestRank, span } = this;
    const first = this.low;
    const last = first + span - 1;
    const { sizes: kept, blocks, groups } = ladder;
    for (let i = 0; i < count; i++) {
      const side = u8(sides, i);
      const size = f64(sizes, i);
      const price = f64(prices, i);
      const wide = side === bidSide ? price - first : last - price;
      if (!(wide >= 0 && wide < span)) {
        this.setFar(side, price, size, wide);
        continue;
      }
      const rank = wide | 0;
      const index = side * span + rank;
      kept[index] = size;
      blocks[index >> blockBits] = 1;
      groups[index >> groupBits] = 1;
      const best = i32(bestRank, side);
      if (rank < best) continue;
      if (size > 0) bestRank[side] = rank;
      else if (rank === best) bestRank[side] = ladder.below(side, rank - 1);
    }
  }

  private setFar(side: number, price: number, size: number, rank: number): void {
    if (rank >= this.span) this.outrun = true;
    const far = this.farOf(side);
    if (size > 0) this.remember(far, price, size);
    else far.set(price, 0);
  }

  private remember(far: FarLevels, price: number, size: number): void {
    if (far.size >= farLevelsMax && far.get(price) === 0) this.farLost = true;
    else far.set(price, size);
  }

  /** What holds only for a complete event: the touch is inside the window, and not crossed. */
  private settle(): void {
    const bid = this.rank(bidSide);
    const ask = this.rank(askSide);
    const margin = this.half >> 1;
    if (this.outrun || ask < margin || (bid < margin && (bid < 0 || this.low > 0))) this.recentre();
    if (this.rank(bidSide) >= 0 && this.rank(askSide) >= 0 && this.bestBid >= this.bestAsk) this.crossed = true;
    if (this.crossed) this.synced = false;
  }

  private recentre(): void {
    this.outrun = false;
    let bid: number = this.bestBid;
    this.farOf(bidSide).visit((price) => {
      if (price > bid) bid = price;
    });
    let ask: number = this.bestAsk === noTick ? Number.POSITIVE_INFINITY : this.bestAsk;
    this.farOf(askSide).visit((price) => {
      if (price < ask) ask = price;
    });
    if (bid === noTick && ask === Number.POSITIVE_INFINITY) return;
    // They may cross so far apart that no window holds both.
    if (bid >= ask) this.crossed = true;
    const centre = bid === noTick ? ask : ask === Number.POSITIVE_INFINITY ? bid : Math.floor((bid + ask) / 2);
    const low = Math.max(0, Math.floor((centre - this.half) / groupTicks) * groupTicks);
    if (low !== this.low) this.moveTo(low);
  }

  private moveTo(low: number): void {
    // A level that was lost may lie where the window is going: the book would look whole and not be.
    if (this.farLost) this.synced = false;
    const shift = low - this.low;
    this.setAside(bidSide, shift);
    this.setAside(askSide, -shift);
    this.setWindow(low);
    this.takeIn(bidSide);
    this.takeIn(askSide);
  }

  /** Takes the levels that the window leaves behind out of the ladder, and moves the others `shift` ranks down. */
  private setAside(side: number, shift: number): void {
    const { ladder } = this;
    for (let rank = ladder.below(side, this.span - 1); rank >= 0; rank = ladder.below(side, rank - 1)) {
      if (rank >= shift && rank < shift + this.span) continue;
      this.remember(this.farOf(side), this.priceOf(side, rank), ladder.size(side, rank));
      ladder.set(side, rank, 0);
    }
    ladder.shift(side, shift);
  }

  private takeIn(side: number): void {
    const far = this.farOf(side);
    far.visit((price, size) => {
      const rank = f64(this.origin, side) + f64(this.sign, side) * price;
      if (rank < 0 || rank >= this.span) return;
      this.ladder.set(side, rank, size);
      far.set(price, 0);
    });
    this.bestRank[side] = this.ladder.below(side, this.span - 1);
  }

  private setWindow(low: number): void {
    this.low = low;
    this.origin[bidSide] = -low;
    this.origin[askSide] = low + this.span - 1;
  }

  private clear(): void {
    this.ladder.clear();
    this.far[bidSide].clear();
    this.far[askSide].clear();
    this.bestRank.fill(-1);
    this.outrun = false;
    this.crossed = false;
    this.farLost = false;
  }
}

/**
 * Sizes by rank, bids first, then asks, with a mark on each block and group of ranks that may hold a level. Marks are set
 * blindly, which costs an update a store and no look; a search that finds a block or group empty takes its mark away.
 */
class Ladder {
  private readonly span: number;
  readonly sizes: Float64Array;
  readonly blocks: Uint8Array;
  readonly groups: Uint8Array;

  constructor(span: number) {
    this.span = span;
    this.sizes = new Float64Array(2 * span);
    this.blocks = new Uint8Array((2 * span) >> blockBits);
    this.groups = new Uint8Array((2 * span) >> groupBits);
  }

  size(side: number, rank: number): number {
    return f64(this.sizes, side * this.span + rank);
  }

  set(side: number, rank: number, size: number): void {
    const index = side * this.span + rank;
    this.sizes[index] = size;
    this.blocks[index >> blockBits] = 1;
    this.groups[index >> groupBits] = 1;
  }

  /** The highest occupied rank ≤ `rank`, −1 when there is none. */
  below(side: number, rank: number): number {
    if (rank < 0) return -1;
    const start = side * this.span;
    let from = start + rank;
    while (from >= start) {
      const first = (from >> blockBits) << blockBits;
      for (let index = from; index >= first; index--) if (f64(this.sizes, index) > 0) return index - start;
      if (((from + 1) & (blockTicks - 1)) === 0) this.blocks[from >> blockBits] = 0;
      from = this.lastOfMarkedBlock((first >> blockBits) - 1, start >> blockBits);
    }
    return -1;
  }

  /** The last index of the highest marked block ≤ `block`; −1 when there is none down to `lowest`. */
  private lastOfMarkedBlock(block: number, lowest: number): number {
    let from = block;
    while (from >= lowest) {
      const first = (from >> groupBlockBits) << groupBlockBits;
      if (u8(this.groups, from >> groupBlockBits) !== 0) {
        for (let i = from; i >= first; i--) if (u8(this.blocks, i) !== 0) return ((i + 1) << blockBits) - 1;
        if (from === first + (1 << groupBlockBits) - 1) this.groups[from >> groupBlockBits] = 0;
      }
      from = first - 1;
    }
    return -1;
  }

  /** Moves every level of a side `by` ranks down (up when negative); those that would fall off have been taken out. */
  shift(side: number, by: number): void {
    // Nothing can be left when the whole window moved on.
    if (Math.abs(by) >= this.span) return;
    shiftPart(this.sizes, side, by);
    shiftPart(this.blocks, side, by / blockTicks);
    shiftPart(this.groups, side, by / groupTicks);
  }

  count(side: number): number {
    let count = 0;
    for (let rank = this.below(side, this.span - 1); rank >= 0; rank = this.below(side, rank - 1)) count++;
    return count;
  }

  clear(): void {
    this.sizes.fill(0);
    this.blocks.fill(0);
    this.groups.fill(0);
  }
}

/** Moves one side's half of an array down by `by` elements, and fills what became free with 0. */
function shiftPart(array: Float64Array | Uint8Array, side: number, by: number): void {
  const length = array.length / 2;
  const part = array.subarray(side * length, (side + 1) * length);
  if (by > 0) {
    part.copyWithin(0, by);
    part.fill(0, length - by);
  } else {
    part.copyWithin(-by, 0, length + by);
    part.fill(0, 0, -by);
  }
}
