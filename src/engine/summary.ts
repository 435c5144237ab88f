/** The figures of a run, as `run` and `backtest` print them. */

import type { SafeModeReason } from "../domain/reason.ts";
import { addMoney, type Money, noMoney } from "../domain/units.ts";
import { openLots } from "../execution/trade.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type CoreSummary = {
  readonly symbols: readonly string[];
  /** answers of decision sources */
  readonly decisions: number;
  /** how often each reason stood against an entry */
  readonly blocked: Readonly<Record<string, number>>;
  /** positions entered */
  readonly entries: number;
  /** positions closed, those too of which an earlier run left no summary */
  readonly exits: number;
  /** executions applied */
  readonly fills: number;
  /** closed trades with a summary */
  readonly trades: number;
  readonly openPositions: number;
  /** longest time from knowing of an exposure to a live stop or flat, microseconds */
  readonly unprotectedMicrosMax: number;
  readonly safeMode: boolean;
  /** why; null while it is off */
  readonly safeModeReason: SafeModeReason | null;
  readonly netPnl: Money;
};

export function summarise(
  desks: readonly SymbolDesk[],
  blocked: ReadonlyMap<string, number>,
  safeModeReason: SafeModeReason | null,
): CoreSummary {
  const counts = desks.flatMap(({ manager, turned }) => [manager.counts, turned.counts]);
  const sum = (pick: (count: (typeof counts)[number]) => number): number =>
    counts.reduce((total, count) => total + pick(count), 0);
  return {
    symbols: desks.map((desk) => desk.instrument.symbol),
    decisions: desks.reduce((total, desk) => total + desk.decisions, 0),
    blocked: Object.fromEntries([...blocked].sort(([a], [b]) => (a < b ? -1 : 1))),
    entries: sum((count) => count.entries),
    exits: sum((count) => count.exits),
    fills: sum((count) => count.fills),
    trades: sum((count) => count.trades),
    openPositions: desks.filter(({ manager: { trade } }) => trade !== null && openLots(trade) !== 0).length,
    unprotectedMicrosMax: counts.reduce((most, count) => Math.max(most, count.unprotectedMicrosMax), 0),
    safeMode: safeModeReason !== null,
    safeModeReason,
    netPnl: counts.reduce((total, count) => addMoney(total, count.netPnl), noMoney),
  };
}
