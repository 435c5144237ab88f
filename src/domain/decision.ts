/** What a source wants done in a symbol, and why. @see requirements DEC-1 */

import type { Lots, Micros, SymbolIndex, Ticks } from "./units.ts";

export const directions = ["LONG", "SHORT", "FLAT", "NO_TRADE"] as const;
export type Direction = (typeof directions)[number];

export const actions = ["ENTER", "EXIT", "HOLD", "NO_ACTION"] as const;
export type Action = (typeof actions)[number];

export const tradeStyles = ["SCALP", "TREND"] as const;
export type TradeStyle = (typeof tradeStyles)[number];

export const regimes = ["TREND", "RANGE", "VOLATILE", "QUIET"] as const;
export type Regime = (typeof regimes)[number];

/** A machine-readable reason with the numbers that were compared, where there are any. */
export type Evidence<Word extends string = string> = {
  readonly reason: Word;
  readonly measured: number | null;
  readonly limit: number | null;
};

/** A requested size is a ceiling under every cap, never a floor. */
export type RequestedSize =
  | { readonly kind: "lots"; readonly quantity: Lots }
  | { readonly kind: "notional"; readonly quote: number };

export type Decision = {
  /** derives the trade id, so it is unique and the same after any crash */
  readonly id: string;
  readonly symbol: SymbolIndex;
  readonly time: Micros;
  readonly direction: Direction;
  readonly action: Action;
  /** 0–1; null: the source has none, and gates and multipliers that need it are skipped and say so */
  readonly confidence: number | null;
  /** ≈ |p_up − 0.5|; null as above */
  readonly edge: number | null;
  readonly regime: Regime | null;
  readonly style: TradeStyle;
  readonly entryZone: { readonly low: Ticks; readonly high: Ticks } | null;
  readonly stopLoss: Ticks | null;
  readonly takeProfits: readonly Ticks[];
  readonly size: RequestedSize | null;
  readonly leverage: number | null;
  readonly holdMicrosMax: Micros | null;
  readonly cooldownMicros: Micros | null;
  /** favourable move from the entry, as a fraction of its price, from which on the stop trails; absent: as configured */
  readonly trailFraction?: number;
  /** a decision dies with its validity */
  readonly validUntil: Micros;
  /** name of the source, as in `decision.sources` of the settings */
  readonly source: string;
  readonly reasons: readonly Evidence[];
};
