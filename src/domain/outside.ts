/** What somebody outside wants done, as the sources of decisions are told (requirements DEC-6, DEC-7, DEC-8). */

import type { Decision, Direction } from "./decision.ts";
import type { Lots, Micros, SymbolIndex, Ticks } from "./units.ts";

/** An intent that was accepted. Levels are made from the price of the moment in which it is acted upon. */
export type OutsideIntent = {
  readonly decision: Decision;
  /** distance of stop and target as fractions of the price; null: as risk has it */
  readonly stopFraction: number | null;
  readonly targetFraction: number | null;
  /** close what is open, then enter the other way */
  readonly reverse: boolean;
};

/** What stands in the decision file. A decision is too old when its validity is over. */
export type FileWord =
  | { readonly state: "decision"; readonly decision: Decision }
  | { readonly state: "malformed"; readonly time: Micros };

export type PlanConditions = {
  /** the mid must be above or below, half ticks */
  readonly aboveHalfTicks: number | null;
  readonly belowHalfTicks: number | null;
  readonly spreadBpsMax: number | null;
  /** realised volatility, basis points */
  readonly volatilityBpsMin: number | null;
  readonly volatilityBpsMax: number | null;
  /** names of trading sessions; empty: in all of them */
  readonly sessions: readonly string[];
  /** least confluence score of the micro-scalp source, in the plan's direction */
  readonly scoreMin: number | null;
};

/** A plan: it waits until its conditions hold, is then executed once, or expires. */
export type Plan = {
  readonly id: string;
  readonly symbol: SymbolIndex;
  readonly direction: Extract<Direction, "LONG" | "SHORT">;
  /** the worst price at which it may enter; null: no bound */
  readonly entryPrice: Ticks | null;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks;
  readonly volume: Lots;
  readonly conditions: PlanConditions;
  readonly createdAt: Micros;
  readonly expiresAt: Micros;
};

export type OutsideWord = { readonly kind: "outside"; readonly symbol: SymbolIndex } & (
  | { readonly to: "intents"; readonly intent: OutsideIntent }
  | { readonly to: "decision_file"; readonly word: FileWord }
  | { readonly to: "plans"; readonly plan: Plan }
  | { readonly to: "plans"; readonly cancel: string }
);
