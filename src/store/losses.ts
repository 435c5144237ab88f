/** The losing trades that the journal ends with: who counts them goes on from there (requirements RSK-7). */

import type { DatabaseSync } from "node:sqlite";
import { runOfLosses } from "../domain/session.ts";
import { integer } from "./cell.ts";

/** As many as settings can ask for. */
const lossesMax = 1_000;

const newest = "SELECT exit_time, net_pnl < 0 AS lost FROM trades ORDER BY exit_time DESC, rowid DESC LIMIT ?";
/** What has the count begin anew: a resume, and what the count itself has brought about. Only what came since is looked at. */
const newestEnd = `SELECT time FROM risk_events WHERE time >= ? AND (event = 'RESUMED' OR
    event IN ('HALTED', 'SCALED', 'FLATTENING') AND CASE WHEN json_valid(fields) THEN fields ->> '$.by' END = ?)
  ORDER BY time DESC LIMIT 1`;

/** In a row, up to the newest trade; without those that came before a resume, or have been acted on. */
export function lossesInARow(database: DatabaseSync): number {
  const rows = database.prepare(newest).all(lossesMax);
  const other = rows.findIndex((row) => integer(row, "lost") === 0);
  const exits = rows.slice(0, other === -1 ? rows.length : other).map((row) => integer(row, "exit_time"));
  const oldest = exits.at(-1);
  if (oldest === undefined) return 0;
  const end = database.prepare(newestEnd).get(oldest, runOfLosses);
  return end === undefined ? exits.length : exits.filter((exit) => exit > integer(end, "time")).length;
}
