/** What is open of a symbol, as people are shown it. */

import { type Instrument, textFromLots } from "../domain/instrument.ts";
import type { SignedLots } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import type { SymbolDesk } from "../engine/symbol-desk.ts";

/** What the running trade holds, or else what the exchange reports beside no trade; null before the account has been read. */
export function shownLots(core: Core, { instrument, manager: { trade } }: SymbolDesk): SignedLots | null {
  if (trade !== null) return trade.ledger.position;
  return core.isRecovered ? core.account.reportedLots(instrument.index) : null;
}

/** Base asset, signed. */
export function positionText(instrument: Instrument, lots: SignedLots): string {
  return lots === 0 ? "0" : textFromLots(instrument, lots);
}
