/**
 * Keeps the journal within its bounds. Events and alerts are looked at with every few hundred of them, all that was traded
 * and decided once an hour; a look deletes a little with each group, so that no commit takes long (requirements IDM-3, OPS-6).
 */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Micros, microsPerMinute } from "../domain/units.ts";
import type { Entry } from "./tables.ts";

export type Bounds = {
  /** microseconds that rows are kept */
  readonly age: number;
  /** rows of a table that are kept at most */
  readonly rows: number;
};

export type RetentionLimits = {
  /** logs and alerts */
  readonly events: Bounds;
  /** orders, executions, trades, decisions */
  readonly books: Bounds;
};

/** Written between two looks at events. */
const rowsBetween = 500;
/** Deleted at one look: more than was written since the last one, so that a journal that is too large shrinks. */
const rowsAtOnce = 2_000;
const hour = 60 * microsPerMinute;

const books: readonly (readonly [table: string, time: string])[] = [
  ["sessions", "started_at"],
  ["intents", "time"],
  ["orders", "time"],
  ["order_changes", "time"],
  ["trailing_stops", "time"],
  ["fills", "time"],
  ["trades", "exit_time"],
  ["decisions", "time"],
  ["no_trades", "time"],
  ["risk_events", "time"],
];

/**
 * @param startedAt microseconds; from then on the entries' own times tell how late it is
 * @returns to be called with each group, inside its transaction
 */
export function retention(
  database: DatabaseSync,
  limits: RetentionLimits,
  startedAt: Micros,
): (written: readonly Entry[]) => void {
  let now: number = startedAt;
  const events = ["logs", "alerts"].map((table) => tidier(database, table, "time", limits.events));
  const hourly = books.map(([table, time]) => tidier(database, table, time, limits.books));
  const closeIntents = database.prepare(unfilledIntents);
  let waiting = rowsBetween;
  let at = 0;
  let due = now;
  return (written) => {
    for (const entry of written) {
      now = Math.max(now, timeOf(entry) ?? 0);
      if (entry.kind === "log" || entry.kind === "alert") waiting += 1;
    }
    if (waiting >= rowsBetween) {
      waiting = 0;
      for (const tidy of events) tidy(now);
    }
    if (now < due) return;
    const tidy = hourly[at];
    if (tidy === undefined) {
      closeIntents.run(now - hour);
      at = 0;
      due = now + hour;
    } else if (tidy(now) < rowsAtOnce) {
      at += 1;
    }
  };
}

/**
 * Entries that ended without a fill leave no summary that would say so. By now nothing takes their place any more: an entry
 * is worked for minutes at most.
 */
const unfilledIntents = `UPDATE intents SET closed = 1 WHERE closed = 0 AND time < ?
  AND EXISTS (SELECT 1 FROM orders WHERE orders.trade = intents.trade AND role = 'e')
  AND NOT EXISTS (SELECT 1 FROM fills WHERE fills.trade = intents.trade)
  AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.trade = intents.trade
    AND (filled > 0 OR state NOT IN ('cancelled', 'expired', 'refused', 'not-accepted')))`;

/** @returns what deletes a few rows that are too old or too many, and says how many it were */
function tidier(database: DatabaseSync, table: string, time: string, { age, rows }: Bounds): (now: number) => number {
  // Rows stand in the order in which they were written: no index by time is needed to find the oldest.
  const oldest = `SELECT rowid FROM ${table} ORDER BY rowid LIMIT ${rowsAtOnce}`;
  const old = database.prepare(`DELETE FROM ${table} WHERE rowid IN (${oldest}) AND ${time} < ?`);
  const surplus = database.prepare(
    `DELETE FROM ${table} WHERE rowid IN (${oldest}) AND rowid <= (SELECT max(rowid) FROM ${table}) - ?`,
  );
  return (now) => changesOf(old, now - age) + changesOf(surplus, rows);
}

function changesOf(statement: StatementSync, bound: number): number {
  return Number(statement.run(bound).changes);
}

/** By our own clock, microseconds; a wrong time of the exchange must not make everything old. */
function timeOf(entry: Entry): number | null {
  switch (entry.kind) {
    case "log":
    case "account":
      return entry.at;
    case "alert":
      return entry.alert.time;
    case "row":
    case "delivery":
    case "outside":
      return null;
    default:
      throw new TypeError(`unhandled entry ${entry satisfies never}`);
  }
}
