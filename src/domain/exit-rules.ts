/**
 * How a position is left, as plain numbers: frozen with the plan of a trade and kept with its intent, so that neither a
 * changed file nor a restart loosens the exits of an open position (requirements CFG-4, EXE-10, EXE-11).
 * R is the distance from the average entry to the stop that the trade was entered with.
 */

import type { Micros } from "./units.ts";

export type ExitRules = {
  /** a source's word to leave is followed; else stop, targets and time alone decide */
  readonly leavesOnDecision: boolean;
  /** share of what was entered that the first of two targets closes */
  readonly firstTargetShare: number;
  /** where the stop goes once the first of two targets has filled, basis points beyond the average entry; null: it stays */
  readonly breakEvenBps: number | null;
  /** gain from which the stop trails, R; null: {@link trailFromBps} says it, or it does not trail */
  readonly trailFromR: number | null;
  /** the same in basis points of the average entry; outranks {@link trailFromR} */
  readonly trailFromBps: number | null;
  /** how far behind the best price the stop trails, R */
  readonly trailByR: number | null;
  /** the same in basis points of the average entry; outranks {@link trailByR} */
  readonly trailByBps: number | null;
  /** average true range at the entry, ticks: the stop comes nearer as it shrinks; null: it does not */
  readonly atrAtEntry: number | null;
  /** a one-minute candle with a body of so many ATR against the position closes it; null: none does */
  readonly adverseCandleAtr: number | null;
  /** least way of one move of the stop, R, and least time between two of them */
  readonly moveStepR: number;
  readonly moveIntervalMicros: Micros;
  /** moves of the stop in one trade */
  readonly movesMax: number;
  /** the symbol and direction rest at least this long after a stop or an adverse candle */
  readonly stopCooldownMicros: Micros;
};
