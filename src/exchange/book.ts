/** The recorded book of one symbol, and how much of what it displays our own fills have used up. */

import { askSide, bidSide, type DepthLevels } from "../domain/market-port.ts";
import { f64, u8 } from "../domain/typed.ts";
import { Ladder, noKey } from "./ladder.ts";

export type BookSide = typeof bidSide | typeof askSide;

/** A price on a side of the book, so that a larger key is nearer to the touch. Its own inverse. */
export function keyFromPrice(side: BookSide, price: number): number {
  return side === bidSide ? price : -price;
}

export function oppositeSide(side: BookSide): BookSide {
  return side === bidSide ? askSide : bidSide;
}

/**
 * Depth messages make the ladders. A best bid and ask newer than the last depth message stands over them until depth
 * has caught up, so that the ladders alone stay what a client builds from snapshot and differences.
 *
 * Our fills do not change the recorded book. What a level has given us is kept as used until the level is refreshed, so
 * that the same displayed quantity is not given twice.
 */
export class RecordedBook {
  readonly bids = new Ladder();
  readonly asks = new Ladder();
  /** last update id of the depth messages */
  depthId = 0;
  /** false before the first depth message and after a loss of continuity: what a level displays is not known */
  known = false;
  #tickerId = 0;
  #tickerStands = false;
  #tickerBid = noKey;
  #tickerBidLots = 0;
  #tickerAsk = noKey;
  #tickerAskLots = 0;
  readonly #usedBids = new Map<number, number>();
  readonly #usedAsks = new Map<number, number>();

  /** Key of the best displayed level, `noKey` when the side is empty. */
  bestKey(side: BookSide): number {
    if (this.#tickerStands) return side === bidSide ? this.#tickerBid : this.#tickerAsk;
    return side === bidSide ? this.bids.best : this.asks.best;
  }

  /** The next displayed level away from the touch. */
  nextKey(side: BookSide, key: number): number {
    return side === bidSide ? this.bids.next(key) : this.asks.next(key);
  }

  /** Lots displayed at a key. */
  displayed(side: BookSide, key: number): number {
    if (this.#tickerStands) {
      const best = side === bidSide ? this.#tickerBid : this.#tickerAsk;
      if (key > best) return 0;
      if (key === best) return side === bidSide ? this.#tickerBidLots : this.#tickerAskLots;
    }
    return side === bidSide ? this.bids.size(key) : this.asks.size(key);
  }

  /** Lots displayed at a key that we have not used up. */
  free(side: BookSide, key: number): number {
    const used = side === bidSide ? this.#usedBids : this.#usedAsks;
    const displayed = this.displayed(side, key);
    return used.size === 0 ? displayed : Math.max(0, displayed - (used.get(key) ?? 0));
  }

  use(side: BookSide, key: number, lots: number): void {
    const used = side === bidSide ? this.#usedBids : this.#usedAsks;
    used.set(key, (used.get(key) ?? 0) + lots);
  }

  applyTicker(updateId: number, bid: number, bidLots: number, ask: number, askLots: number): void {
    // Older than the depth we have, which already says more; without depth the ticker is all there is.
    if (updateId < this.depthId && (this.bids.best !== noKey || this.asks.best !== noKey)) return;
    if (this.#usedBids.size > 0 && this.displayed(bidSide, bid) !== bidLots) this.#usedBids.delete(bid);
    if (this.#usedAsks.size > 0 && this.displayed(askSide, -ask) !== askLots) this.#usedAsks.delete(-ask);
    this.#tickerId = updateId;
    this.#tickerStands = true;
    this.#tickerBid = bidLots > 0 ? bid : noKey;
    this.#tickerBidLots = bidLots;
    this.#tickerAsk = askLots > 0 ? -ask : noKey;
    this.#tickerAskLots = askLots;
  }

  /** Tables of snapshots repeat the whole book each time: a level that displays what it did is not refreshed by that. */
  applySnapshot(levels: DepthLevels): void {
    const bids = this.#usedLevels(bidSide);
    const asks = this.#usedLevels(askSide);
    this.clear();
    this.applyDepth(levels);
    this.#useAgain(bidSide, bids);
    this.#useAgain(askSide, asks);
  }

  applyDepth(levels: DepthLevels): void {
    const usedAny = this.#usedBids.size > 0 || this.#usedAsks.size > 0;
    const { count, side: sides, price: prices, size: sizes } = levels;
    const { bids, asks } = this;
    for (let index = 0; index < count; index += 1) {
      const price = f64(prices, index);
      const isBid = u8(sides, index) === bidSide;
      const key = isBid ? price : -price;
      (isBid ? bids : asks).set(key, f64(sizes, index));
      if (usedAny) (isBid ? this.#usedBids : this.#usedAsks).delete(key);
    }
    this.depthId = levels.lastId;
    this.known = true;
    if (levels.lastId >= this.#tickerId) this.#tickerStands = false;
  }

  clear(): void {
    this.bids.clear();
    this.asks.clear();
    this.#usedBids.clear();
    this.#usedAsks.clear();
    this.depthId = 0;
    this.known = false;
    this.#tickerId = 0;
    this.#tickerStands = false;
  }

  #usedLevels(side: BookSide): readonly UsedLevel[] {
    const used = side === bidSide ? this.#usedBids : this.#usedAsks;
    return used.size === 0
      ? none
      : [...used].map(([key, lots]) => ({ key, lots, displayed: this.displayed(side, key) }));
  }

  #useAgain(side: BookSide, levels: readonly UsedLevel[]): void {
    for (const { key, lots, displayed } of levels)
      if (this.displayed(side, key) === displayed) this.use(side, key, lots);
  }
}

type UsedLevel = { readonly key: number; readonly lots: number; readonly displayed: number };

const none: readonly UsedLevel[] = [];
