/**
 * Our resting orders of one side of one symbol, and their places in the queue.
 *
 * An order joins behind everything that its level displays. It moves forward only when somebody trades at its price, or
 * when the level displays less than what was thought to be ahead; cancels are taken to be behind us. So it never fills
 * earlier, nor more, than the recording allows.
 */

import { at, present } from "../domain/assert.ts";
import { type BookSide, keyFromPrice, type RecordedBook } from "./book.ts";
import { noKey } from "./ladder.ts";
import { type Order, remainingLots } from "./orders.ts";

/** Fills that a trade gives, in the order in which they happen; reused, only the first `count` are valid. */
export type QueueFills = { count: number; readonly orders: Order[]; readonly lots: number[] };

export class RestingQueue {
  readonly side: BookSide;
  /** best price first, then in time */
  readonly orders: Order[] = [];
  /** the keys of `orders`, so that hot loops read numbers only */
  #keys: number[] = [];
  /** key of our best order, `noKey` when nothing rests */
  bestKey = noKey;

  constructor(side: BookSide) {
    this.side = side;
  }

  insert(order: Order, book: RecordedBook): void {
    const key = keyFromPrice(this.side, order.price);
    order.queueAhead = book.known ? book.displayed(this.side, key) : Number.POSITIVE_INFINITY;
    const place = this.#keys.findIndex((other) => other < key);
    this.orders.splice(place < 0 ? this.orders.length : place, 0, order);
    this.#rekey();
  }

  remove(order: Order): void {
    const place = this.orders.indexOf(order);
    if (place < 0) return;
    this.orders.splice(place, 1);
    this.#rekey();
  }

  /** A level showed `displayed`: what stands ahead of us there cannot be more. */
  onTouch(key: number, displayed: number): void {
    for (let index = 0; index < this.orders.length; index += 1) {
      const own = at(this.#keys, index);
      if (own < key) return;
      // Above the touch nothing is displayed, so nobody stands before us.
      capQueue(present(this.orders[index], "order"), own === key ? displayed : 0);
    }
  }

  onDepth(book: RecordedBook): void {
    for (let index = 0; index < this.orders.length; index += 1) {
      capQueue(present(this.orders[index], "order"), book.displayed(this.side, at(this.#keys, index)));
    }
  }

  /** Nothing is known of the queue any more: when the book is back, everything displayed is ahead. */
  leave(): void {
    for (const order of this.orders) order.queueAhead = Number.POSITIVE_INFINITY;
  }

  /**
   * A trade whose aggressor hit this side. At our price it first uses up the queue ahead; through our price it would
   * have met us before, so nothing is ahead any more. One trade never fills more than its own quantity.
   */
  onTrade(key: number, quantity: number, fills: QueueFills): void {
    let left = quantity;
    for (let index = 0; index < this.orders.length && left > 0; index += 1) {
      const own = at(this.#keys, index);
      if (own < key) return;
      const order = present(this.orders[index], "order");
      const ahead = own > key ? 0 : order.queueAhead;
      order.queueAhead = Math.max(0, ahead - left);
      const lots = Math.min(left - ahead, remainingLots(order));
      if (lots <= 0) continue;
      fills.orders[fills.count] = order;
      fills.lots[fills.count] = lots;
      fills.count += 1;
      left -= lots;
    }
  }

  #rekey(): void {
    this.#keys = this.orders.map((order) => keyFromPrice(this.side, order.price));
    this.bestKey = this.#keys[0] ?? noKey;
  }
}

function capQueue(order: Order, displayed: number): void {
  if (order.queueAhead > displayed) order.queueAhead = displayed;
}
