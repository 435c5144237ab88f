/** Exit rules in the journal: as numbers in the intent log, as JSON in the database. */

import { z } from "zod";
import type { ExitRules } from "../domain/exit-rules.ts";
import { micros } from "../domain/units.ts";
import { type DatabaseRow, textOrNull } from "./cell.ts";

const number = z.number();
const time = z.int().nonnegative().transform(micros);

export const StoredExitRules: z.ZodType<ExitRules> = z.strictObject({
  leavesOnDecision: z.boolean(),
  firstTargetShare: number,
  breakEvenBps: number.nullable(),
  trailFromR: number.nullable(),
  trailFromBps: number.nullable(),
  trailByR: number.nullable(),
  trailByBps: number.nullable(),
  atrAtEntry: number.nullable(),
  adverseCandleAtr: number.nullable(),
  moveStepR: number,
  moveIntervalMicros: time,
  movesMax: number,
  stopCooldownMicros: time,
});

/** How many numbers the rules are. */
export const exitRuleNumbers = 13;

/** Writes them as doubles, one after the other; no rules are all NaN. */
export function writeExitRules(view: DataView, from: number, rules: ExitRules | null): void {
  let at = from;
  const put = (value: number | null | undefined): void => {
    view.setFloat64(at, value ?? Number.NaN, true);
    at += 8;
  };
  put(rules === null ? null : Number(rules.leavesOnDecision));
  put(rules?.firstTargetShare);
  put(rules?.breakEvenBps);
  put(rules?.trailFromR);
  put(rules?.trailFromBps);
  put(rules?.trailByR);
  put(rules?.trailByBps);
  put(rules?.atrAtEntry);
  put(rules?.adverseCandleAtr);
  put(rules?.moveStepR);
  put(rules?.moveIntervalMicros);
  put(rules?.movesMax);
  put(rules?.stopCooldownMicros);
}

/** The rules as they stand in a record, unchecked; null when there are none. @param values null for NaN */
export function readExitRules(values: readonly (number | null)[]): unknown {
  const [leaves, firstTargetShare, breakEvenBps, trailFromR, trailFromBps, trailByR, trailByBps, ...rest] = values;
  const [atrAtEntry, adverseCandleAtr, moveStepR, moveIntervalMicros, movesMax, stopCooldownMicros] = rest;
  if (leaves === null || leaves === undefined) return null;
  return {
    leavesOnDecision: leaves === 1,
    firstTargetShare,
    breakEvenBps,
    trailFromR,
    trailFromBps,
    trailByR,
    trailByBps,
    atrAtEntry,
    adverseCandleAtr,
    moveStepR,
    moveIntervalMicros,
    movesMax,
    stopCooldownMicros,
  };
}

/** As they stand now in an intent's row; null when it has none, or none that can be used: then the configured ones hold. */
export function exitRulesFrom(row: DatabaseRow): ExitRules | null {
  return rulesIn(row, "tightened_exits") ?? rulesIn(row, "exits");
}

function rulesIn(row: DatabaseRow, column: string): ExitRules | null {
  const stored = textOrNull(row, column);
  if (stored === null) return null;
  try {
    return StoredExitRules.safeParse(JSON.parse(stored)).data ?? null;
  } catch {
    return null;
  }
}
