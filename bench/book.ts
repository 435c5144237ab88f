/**
 * Goal T3: the cost of one level update in the ladder against a map with a sorted key array, on the same messages, in
 * interleaved rounds.
 */

import { askSide, bidSide, type DepthLevels, depthLevels } from "../src/domain/market-port.ts";
import { Book } from "../src/market/book.ts";
import type { Row } from "./lib/goals.ts";
import { elapsedNanosOf, generator, interleave, ratios, shown, spread } from "./lib/measure.ts";

const messages = 4_000;
const levelsPerMessage = 50;
const windowTicks = 16_384;

const rounds = 7;
const warmups = 2;

export async function benchBook(): Promise<readonly Row[]> {
  const { seed, diffs } = generate();
  const touches = new Set<number>();
  const figureOf = ({ nanos, touch }: Timing): number => {
    touches.add(touch);
    return nanos;
  };
  const figures = await interleave(
    [
      { name: "ladder", run: () => figureOf(timeLadder(seed, diffs)) },
      { name: "map", run: () => figureOf(timeMap(seed, diffs)) },
    ],
    rounds,
    warmups,
  );
  if (touches.size !== 1) throw new Error(`the books differ: ${[...touches].join(" and ")}`);
  return [
    {
      goal: "T3",
      what: "one level update ÷ map with sorted array",
      ratio: ratios(figures.ladder, figures.map),
      rounds,
      detail: `ladder ${shown(spread(figures.ladder), 1)} ns, map ${shown(spread(figures.map), 1)} ns a level`,
    },
  ];
}

type Timing = { readonly nanos: number; readonly touch: number };

function timeLadder(seed: DepthLevels, diffs: readonly DepthLevels[]): Timing {
  const book = new Book(windowTicks);
  book.applySnapshot(seed);
  let touch = 0;
  const nanos = elapsedNanosOf(() => {
    for (const diff of diffs) {
      book.apply(diff);
      touch += book.bestBid + book.bestAsk;
    }
  });
  return { nanos: nanos / (messages * levelsPerMessage), touch };
}

function timeMap(seed: DepthLevels, diffs: readonly DepthLevels[]): Timing {
  const bids = new SortedSide(-1);
  const asks = new SortedSide(1);
  const apply = (levels: DepthLevels): void => {
    for (let i = 0; i < levels.count; i++) {
      (levels.side[i] === bidSide ? bids : asks).set(levels.price[i] ?? 0, levels.size[i] ?? 0);
    }
  };
  apply(seed);
  let touch = 0;
  const nanos = elapsedNanosOf(() => {
    for (const diff of diffs) {
      apply(diff);
      touch += bids.best() + asks.best();
    }
  });
  return { nanos: nanos / (messages * levelsPerMessage), touch };
}

/** The usual book: sizes in a map, prices in an array that is kept sorted by binary search and splice. */
class SortedSide {
  private readonly sizes = new Map<number, number>();
  private readonly prices: number[] = [];
  private readonly order: 1 | -1;

  constructor(order: 1 | -1) {
    this.order = order;
  }

  set(price: number, size: number): void {
    const known = this.sizes.has(price);
    if (size > 0) {
      this.sizes.set(price, size);
      if (!known) this.prices.splice(this.place(price), 0, price);
    } else if (known) {
      this.sizes.delete(price);
      this.prices.splice(this.place(price), 1);
    }
  }

  best(): number {
    return this.prices[0] ?? 0;
  }

  private place(price: number): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (((this.prices[middle] ?? 0) - price) * this.order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** As perf-floors §4: most changes near a slowly walking mid, a quarter of them removals, 1,000 levels a side at first. */
function generate(): { seed: DepthLevels; diffs: DepthLevels[] } {
  const random = generator(7);
  let mid = 640_000;
  const seed = depthLevels(2_000);
  for (let i = 1; i <= 1_000; i++) {
    put(seed, bidSide, mid - i, 1 + Math.floor(random() * 1_000));
    put(seed, askSide, mid + i, 1 + Math.floor(random() * 1_000));
  }
  const diffs = Array.from({ length: messages }, () => {
    const changes = [new Map<number, number>(), new Map<number, number>()] as const;
    const before = mid;
    mid += Math.floor(random() * 3) - 1;
    // What the mid moved onto must go, or the book would be crossed.
    if (mid !== before) changes[mid < before ? bidSide : askSide].set(mid, 0);
    while (changes[bidSide].size + changes[askSide].size < levelsPerMessage) {
      const side = random() < 0.5 ? bidSide : askSide;
      const distance = 1 + Math.floor(random() * (random() < 0.7 ? 15 : 1_000));
      const size = random() < 0.25 ? 0 : 1 + Math.floor(random() * 1_000);
      changes[side].set(side === bidSide ? mid - distance : mid + distance, size);
    }
    return message(changes);
  });
  return { seed, diffs };
}

/** As the exchange sends it: bids, then asks, each price once, ascending. */
function message(changes: readonly [Map<number, number>, Map<number, number>]): DepthLevels {
  const levels = depthLevels(levelsPerMessage);
  for (const [side, ofSide] of changes.entries()) {
    for (const [price, size] of [...ofSide].sort(([a], [b]) => a - b)) put(levels, side, price, size);
  }
  return levels;
}

function put(levels: DepthLevels, side: number, price: number, size: number): void {
  levels.side[levels.count] = side;
  levels.price[levels.count] = price;
  levels.size[levels.count] = size;
  levels.count++;
}
