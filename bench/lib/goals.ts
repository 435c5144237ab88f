/** The goals that are measured, as ratios: the must, the aim, and on which side of them is good. */

import type { Spread } from "./measure.ts";

export type Goal = { readonly must: number; readonly aim: number; readonly better: "less" | "more" };

export const goals = {
  L1: { must: 3.5, aim: 2, better: "less" },
  "L3 REST": { must: 1 / 8, aim: 1 / 15, better: "less" },
  "L3 WebSocket API": { must: 1 / 3, aim: 1 / 6, better: "less" },
  L5: { must: 4, aim: 1, better: "less" },
  "L5 risk": { must: 1, aim: 0.3, better: "less" },
  L6: { must: 10, aim: 2, better: "less" },
  "T1 ws": { must: 1 / 2, aim: 1 / 4, better: "less" },
  "T1 ccxt": { must: 1 / 10, aim: 1 / 18, better: "less" },
  T2: { must: 1 / 8, aim: 1 / 15, better: "less" },
  T3: { must: 1 / 8, aim: 1 / 20, better: "less" },
  B1: { must: 0.025, aim: 0.25, better: "more" },
  F1: { must: 2_000, aim: 5_000, better: "more" },
} as const satisfies Record<string, Goal>;

export type GoalName = keyof typeof goals;

/** One line of the report: a ratio that was measured, or why it was not. */
export type Row =
  | {
      readonly goal: GoalName;
      readonly what: string;
      readonly ratio: Spread;
      readonly rounds: number;
      /** the two things that were divided, with their units */
      readonly detail: string;
    }
  | { readonly goal: GoalName; readonly what: string; readonly notMeasured: string };

export type Verdict = "aim" | "must" | "twice the must" | "missed";

/** The best of the bounds that the median keeps. */
export function verdictOf({ must, aim, better }: Goal, median: number): Verdict {
  const keeps = (bound: number): boolean => (better === "less" ? median <= bound : median >= bound);
  if (keeps(aim)) return "aim";
  if (keeps(must)) return "must";
  return keeps(better === "less" ? must * 2 : must / 2) ? "twice the must" : "missed";
}
