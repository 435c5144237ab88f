/** I-16: the local book equals the exchange's at the same update id, or is marked invalid. */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { Waiting } from "./waiting.ts";

export type Level = readonly [price: number, lots: number];

/** Sides from the touch outwards; ticks and lots. */
export type BookView = { readonly bids: readonly Level[]; readonly asks: readonly Level[] };

/** The exchange's book as it was at an update. */
export type TrueBook = BookView & { readonly updateId: number };

/** How the daemon shows its own; null while it is marked invalid. */
export type OwnBook = (symbol: number) => BookView | null;

/** How many of the exchange's books are remembered of each symbol: those that may still be on their way. */
const rememberedMax = 64;
/** Changes come at least this often while a symbol has a market. */
const fedWithin = 5_000_000;
/** Failed answers and the budget of requests make it wait. */
const askedWithin = 90_000_000;

export class LocalBooks {
  readonly #scene: Scene;
  readonly #own: OwnBook;
  readonly #true: Map<number, TrueBook>[];
  /** newest update that the daemon was told, and whether it was so since the last look */
  readonly #told: number[];
  readonly #isNew: boolean[];
  #isAnyNew = false;
  /** newest update of a whole book that it was told */
  readonly #whole: number[];
  /** when it was last told a change, and how long it has not asked for a book that it needs */
  readonly #toldAt: number[];
  readonly #unasked: (Waiting | null)[];
  /** how many comparisons there were */
  compared = 0;

  constructor(scene: Scene, own: OwnBook) {
    this.#scene = scene;
    this.#own = own;
    this.#true = scene.grids.map(() => new Map());
    this.#told = scene.grids.map(() => 0);
    this.#isNew = scene.grids.map(() => false);
    this.#whole = scene.grids.map(() => 0);
    this.#toldAt = scene.grids.map(() => Number.NEGATIVE_INFINITY);
    this.#unasked = scene.grids.map(() => null);
  }

  onBegin(): void {
    this.#told.fill(0);
    this.#isNew.fill(false);
    this.#whole.fill(0);
    this.#toldAt.fill(Number.NEGATIVE_INFINITY);
    this.#unasked.fill(null);
  }

  /** The exchange's book, now and then. */
  onTruth(symbol: number, book: TrueBook): void {
    const known = this.#true[symbol];
    if (known === undefined) return;
    known.set(book.updateId, book);
    for (const oldest of known.keys()) {
      if (known.size <= rememberedMax) break;
      known.delete(oldest);
    }
  }

  /** A change has reached the daemon. */
  onTold(symbol: number, updateId: number): void {
    this.#toldAt[symbol] = this.#scene.now;
    const isNext = updateId >= (this.#told[symbol] ?? 0) && updateId > (this.#whole[symbol] ?? 0);
    // Out of order: what is made of it is the daemon's business until the next one fits again.
    this.#isNew[symbol] = isNext;
    if (!isNext) return;
    this.#told[symbol] = updateId;
    this.#isAnyNew = true;
  }

  /** A whole book has: the daemon takes it, or has given up waiting for it; what comes after it shows which. */
  onWhole(symbol: number, updateId: number): void {
    this.#whole[symbol] = Math.max(updateId, this.#whole[symbol] ?? 0);
    this.#isNew[symbol] = false;
  }

  /** A book is asked for. */
  onSent(call: Call): void {
    if (call.name !== "GET depth") return;
    const symbol = this.#scene.grids.findIndex((grid) => grid.symbol === call.params.get("symbol"));
    if (symbol >= 0) this.#unasked[symbol] = null;
  }

  /** A book that is not valid while changes come is asked for again (F-47). */
  onSecond(passed: number): void {
    for (const [symbol, at] of this.#toldAt.entries()) {
      const isFed = this.#scene.now - at < fedWithin;
      if (!isFed || this.#scene.isSilenced || this.#own(symbol) !== null) {
        this.#unasked[symbol] = null;
        continue;
      }
      const waiting = this.#unasked[symbol] ?? new Waiting(askedWithin);
      this.#unasked[symbol] = waiting;
      if (!waiting.isOver(passed)) continue;
      this.#unasked[symbol] = null;
      this.#scene.violated("I-16", `the book of symbol ${symbol} is not valid, and is not asked for`);
    }
  }

  onStep(): void {
    if (!this.#isAnyNew) return;
    this.#isAnyNew = false;
    for (const [symbol, isNew] of this.#isNew.entries()) if (isNew) this.#compare(symbol);
  }

  #compare(symbol: number): void {
    this.#isNew[symbol] = false;
    const truth = this.#true[symbol]?.get(this.#told[symbol] ?? 0);
    const own = truth === undefined || !this.#scene.isUp ? null : this.#own(symbol);
    if (truth === undefined || own === null) return;
    this.compared += 1;
    for (const side of ["bids", "asks"] as const) {
      const difference = firstDifference(truth[side], own[side]);
      if (difference === null) continue;
      const where = `${side} of symbol ${symbol} at update ${truth.updateId}`;
      return this.#scene.violated("I-16", `${where}: ${difference}`);
    }
  }
}

/** Only as far as both are told: the exchange's answer ends somewhere. */
function firstDifference(truth: readonly Level[], own: readonly Level[]): string | null {
  for (const [place, [price, lots]] of truth.entries()) {
    const [ownPrice, ownLots] = own[place] ?? [0, 0];
    if (ownPrice !== price || ownLots !== lots)
      return `level ${place} is ${ownLots} at ${ownPrice}, not ${lots} at ${price}`;
  }
  return null;
}
