/**
 * The losing trades that the journal ends with: who counts them goes on from there (requirements RSK-7). They are counted as
 * rows are written, which is the order in which they were told: a trade has the exchange's time and a resume our own, and a
 * summary that waited for the ledger is told after others that ended later.
 */

import type { DatabaseSync } from "node:sqlite";
import type { RiskEvent, TradeRow } from "../domain/output.ts";
import { runOfLosses } from "../domain/session.ts";
import { integer } from "./cell.ts";

/** In a row, up to the newest trade; without those that came before a resume, or have been acted on. */
export function lossesInARow(database: DatabaseSync): number {
  return integer(database.prepare("SELECT losses FROM loss_run WHERE id = 1").get(), "losses");
}

/** @returns to be called with each row that is written, inside its transaction */
export function lossCounter(database: DatabaseSync): (row: TradeRow | RiskEvent) => void {
  const oneMore = database.prepare("UPDATE loss_run SET losses = losses + 1");
  const anew = database.prepare("UPDATE loss_run SET losses = 0");
  return (row) => {
    if (row.kind === "trade") (row.netPnl < 0n ? oneMore : anew).run();
    else if (endsRun(row)) anew.run();
  };
}

/** A resume, and what the count itself has brought about. */
function endsRun(row: RiskEvent): boolean {
  switch (row.event) {
    case "RESUMED":
      return true;
    case "HALTED":
    case "SCALED":
    case "FLATTENING":
      return row.by === runOfLosses;
    default:
      return false;
  }
}
