/** One-minute candles. */

import type { Lots, Micros, Ticks } from "./units.ts";

export type Candle = {
  readonly openTime: Micros;
  readonly open: Ticks;
  readonly high: Ticks;
  readonly low: Ticks;
  readonly close: Ticks;
  readonly volume: Lots;
  /** the part of the volume in which the buyer was the taker */
  readonly takerBuyVolume: Lots;
};
