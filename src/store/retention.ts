/** Keeps the journal's logs and alerts within their bounds, a little with each group, so that no commit takes long (OPS-6). */

import type { DatabaseSync } from "node:sqlite";
import type { Micros } from "../domain/units.ts";
import type { Entry } from "./tables.ts";

export type RetentionLimits = {
  /** microseconds that events and alerts are kept */
  readonly age: number;
  /** events, and alerts, that are kept at most */
  readonly rows: number;
};

/** Written between two looks. */
const rowsBetween = 500;
/** Deleted at one look: more than was written since the last one, so that a journal that is too large shrinks. */
const rowsAtOnce = 2_000;

/**
 * @param startedAt microseconds; from then on the entries' own times tell how late it is
 * @returns to be called with each group, inside its transaction
 */
export function retention(
  database: DatabaseSync,
  { age, rows }: RetentionLimits,
  startedAt: Micros,
): (written: readonly Entry[]) => void {
  let now: number = startedAt;
  const statements = ["logs", "alerts"].flatMap((table) => [
    {
      statement: database.prepare(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE time < ? ORDER BY time LIMIT ${rowsAtOnce})`,
      ),
      bound: () => now - age,
    },
    {
      statement: database.prepare(
        `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table}
           WHERE rowid <= (SELECT max(rowid) FROM ${table}) - ? ORDER BY rowid LIMIT ${rowsAtOnce})`,
      ),
      bound: () => rows,
    },
  ]);
  let waiting = rowsBetween;
  return (written) => {
    for (const entry of written) {
      if (entry.kind !== "log" && entry.kind !== "alert") continue;
      waiting += 1;
      now = Math.max(now, entry.kind === "log" ? entry.at : entry.alert.time);
    }
    if (waiting < rowsBetween) return;
    waiting = 0;
    for (const { statement, bound } of statements) statement.run(bound());
  };
}
