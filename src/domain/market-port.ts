/**
 * The complete list of hot market calls. Tapes, streams and generators make them; the core and the embedded exchange
 * take them. They carry plain numbers, so that a market event allocates nothing.
 */

import type { Lots, Micros, PriceE8, SymbolIndex, Ticks } from "./units.ts";

/** Which side of the book a level stands on. */
export const bidSide = 0;
export const askSide = 1;

/**
 * Levels of one depth message or snapshot. The owner reuses the object and its arrays for the next message, so a
 * receiver copies what it keeps. Only the first `count` entries are valid.
 */
export type DepthLevels = {
  /** first, last and previous update id (`U`, `u`, `pu`); a snapshot has `lastUpdateId` in all three */
  firstId: number;
  lastId: number;
  previousId: number;
  count: number;
  /** {@link bidSide} or {@link askSide} */
  readonly side: Uint8Array;
  /** ticks */
  readonly price: Float64Array;
  /** lots; absolute, 0 removes the level */
  readonly size: Float64Array;
};

/** Receiver of market data. Times: `exchangeTime` is the matching engine's, `receivedAt` ours; both are kept. */
export interface MarketSink {
  onBookTicker(
    symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void;
  /** A whole book: replaces what was known. */
  onSnapshot(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void;
  /** Differences, in sequence: the caller has checked that `previousId` continues the last message. */
  onDepth(symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void;
  onTrade(
    symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void;
  /** `fundingRate` is a fraction per interval; `nextFunding` is 0 when it is not known. */
  onMark(
    symbol: SymbolIndex,
    mark: PriceE8,
    fundingRate: number,
    nextFunding: Micros,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void;
  /** Continuity is lost (disconnect, sequence gap, seam of a tape): the book is invalid and nothing is learnt across it. */
  onGap(symbol: SymbolIndex, receivedAt: Micros): void;
}

/** A reusable buffer for `capacity` levels. */
export function depthLevels(capacity: number): DepthLevels {
  return {
    firstId: 0,
    lastId: 0,
    previousId: 0,
    count: 0,
    side: new Uint8Array(capacity),
    price: new Float64Array(capacity),
    size: new Float64Array(capacity),
  };
}
