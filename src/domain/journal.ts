/** What the store hands to a starting core: the truth about intent, where the exchange is the truth about orders. */

import type { Fill, Side } from "./order.ts";
import type { IntentRow } from "./output.ts";
import type { SessionState } from "./session.ts";
import type { Ticks } from "./units.ts";

/** An execution with the order that it belongs to. */
export type JournalFill = { readonly clientOrderId: string; readonly side: Side; readonly fill: Fill };

/** A trade whose end is not in the journal. */
export type OpenTrade = {
  readonly intent: IntentRow;
  readonly fills: readonly JournalFill[];
  /** where the stop had moved to; null when it had not */
  readonly stopLevel: Ticks | null;
};

export type Journal = {
  readonly openTrades: readonly OpenTrade[];
  /** limits, halts and cooldowns as they last stood; null when nothing is known of any */
  readonly session: SessionState | null;
};

export const emptyJournal: Journal = { openTrades: [], session: null };
