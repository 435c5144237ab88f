/** What is open, over all symbols, and whether a stopping host may leave it. */

import type { Instrument } from "../domain/instrument.ts";
import type { SignedLots, Ticks } from "../domain/units.ts";
import { openLots } from "../execution/trade.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type OpenPosition = {
  readonly instrument: Instrument;
  readonly lots: SignedLots;
  /** where its stop belongs now */
  readonly stopLevel: Ticks;
  /** its stop is live */
  readonly isProtected: boolean;
};

/** Positions of running trades. */
export function openPositionsOf(desks: readonly SymbolDesk[]): readonly OpenPosition[] {
  return desks.flatMap(({ instrument, manager: { trade } }) => {
    if (trade === null || openLots(trade) === 0) return [];
    const { position } = trade.ledger;
    return [{ instrument, lots: position, stopLevel: trade.stopLevel, isProtected: trade.exposedSince === null }];
  });
}

/** Nothing of ours is open or pending. */
export function areFlat(desks: readonly SymbolDesk[]): boolean {
  return desks.every(({ manager, turned }) => manager.trade === null && turned.trade === null);
}

/** No entry works and every open position has a live stop, or there is none. */
export function areAtRest(desks: readonly SymbolDesk[]): boolean {
  return desks.every(({ manager: { trade }, turned }) => {
    if (turned.trade !== null) return false;
    if (trade === null) return true;
    return trade.entryFinished && openLots(trade) !== 0 && trade.exposedSince === null && trade.closing === null;
  });
}
