/** What the store hands to a starting core: the truth about intent, where the exchange is the truth about orders. */

import type { SavedModel } from "./model.ts";
import type { Fill, Side } from "./order.ts";
import type { TradeId } from "./order-id.ts";
import type { IntentRow } from "./output.ts";
import type { SafeModeState } from "./safe-mode.ts";
import type { SessionState } from "./session.ts";
import type { SymbolIndex, Ticks } from "./units.ts";

/** An execution with the order that it belongs to. */
export type JournalFill = { readonly clientOrderId: string; readonly side: Side; readonly fill: Fill };

/** A trade whose end is not in the journal. */
export type OpenTrade = {
  readonly intent: IntentRow;
  readonly fills: readonly JournalFill[];
  /** where the stop had moved to; null when it had not */
  readonly stopLevel: Ticks | null;
  /** an exit of it had left: whoever asked for that wanted it closed */
  readonly isClosing?: boolean;
};

export type Journal = {
  readonly openTrades: readonly OpenTrade[];
  /** ids of executions that are in the books, of trades that are over too, newest first (I-07) */
  readonly appliedTradeIds?: ReadonlyMap<SymbolIndex, readonly string[]>;
  /** the newest trades that have their summary, newest first: none of them has another one (I-08) */
  readonly endedTrades?: ReadonlyMap<SymbolIndex, readonly TradeId[]>;
  /** limits, halts and cooldowns as they last stood; null when nothing is known of any */
  readonly session: SessionState | null;
  /** as it last stood; null or absent when nothing is known of any */
  readonly safeMode?: SafeModeState | null;
  /** trades that outside decisions have begun already, oldest first: those may be said again (requirements IDM-1) */
  readonly begun?: readonly TradeId[];
  /** what sources had learnt; a later one of the same source is taken over an earlier one */
  readonly models?: readonly SavedModel[];
};

export const emptyJournal: Journal = { openTrades: [], session: null };
