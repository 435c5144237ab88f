/** What execution looks at in a market when it gates, prices and works an entry. The market state of a symbol is one. */

import { askSide, bidSide } from "../domain/market-port.ts";
import type { Side } from "../domain/order.ts";
import { type Lots, type Micros, microsPerMillisecond, type Ticks } from "../domain/units.ts";
import type { SpreadVerdict } from "../market/spread-statistics.ts";
import type { TradingSession } from "../market/trading-sessions.ts";

export type MarketView = {
  /** 0 on a side that is empty or was never seen */
  readonly bid: Ticks;
  readonly ask: Ticks;
  readonly spreadBps: number;
  /** exchange time to receipt of the touch; null when it is not known */
  readonly latencyMicros: number | null;
  /** worth of the best level of a side, quote asset */
  topDepthQuote(side: number): number;
  validLevels(side: number): number;
  /** average price in fractional ticks of taking so many lots now; null: the book does not hold them */
  costToFill(side: Side, quantity: Lots): number | null;
  spreadVerdict(now: Micros): SpreadVerdict;
  tradingSession(now: Micros): TradingSession;
  /** realised, basis points per √minute; null while it is not known */
  volatilityBps(): number | null;
};

/** Worth of the best level on the thinner side, quote asset. */
export function thinnerDepth(market: MarketView): number {
  return Math.min(market.topDepthQuote(bidSide), market.topDepthQuote(askSide));
}

export function fewerLevels(market: MarketView): number {
  return Math.min(market.validLevels(bidSide), market.validLevels(askSide));
}

/** Milliseconds, whichever of the two clocks is ahead; null when it is not known. */
export function latencyMillis({ latencyMicros }: MarketView): number | null {
  return latencyMicros === null ? null : Math.abs(latencyMicros) / microsPerMillisecond;
}
