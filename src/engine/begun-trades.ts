/**
 * Which trades have been begun, the newest of them (requirements IDM-1). Nearly all that are asked for are not among them,
 * and an entry waits for the answer, so a small table says so before the whole set is looked through.
 */

import type { TradeId } from "../domain/order-id.ts";
import { i32 } from "../domain/typed.ts";

/** A power of two, far more than trades are remembered. */
const marks = 8_192;
/** Characters at the end of an id that its mark is made of. */
const marked = 3;

export class BegunTrades {
  readonly #most: number;
  readonly #trades = new Set<TradeId>();
  /** how many of them have each mark */
  readonly #marks = new Int32Array(marks);

  /** @param most how many are remembered */
  constructor(most: number) {
    this.#most = most;
  }

  has(trade: TradeId): boolean {
    return i32(this.#marks, markOf(trade)) > 0 && this.#trades.has(trade);
  }

  /** The oldest one is forgotten for it. */
  add(trade: TradeId): void {
    if (this.has(trade)) return;
    this.#trades.add(trade);
    this.#count(trade, 1);
    if (this.#trades.size <= this.#most) return;
    const [oldest] = this.#trades;
    if (oldest === undefined) return;
    this.#trades.delete(oldest);
    this.#count(oldest, -1);
  }

  #count(trade: TradeId, change: number): void {
    const mark = markOf(trade);
    this.#marks[mark] = i32(this.#marks, mark) + change;
  }
}

function markOf(trade: TradeId): number {
  let mark = 0;
  for (let index = trade.length - marked; index < trade.length; index += 1) {
    mark = mark * 37 + trade.charCodeAt(index);
  }
  return mark & (marks - 1);
}
