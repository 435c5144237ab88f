/**
 * What the session limits remember, as plain data: it goes to the store as it is and comes back at the start
 * (requirements RSK-4). Amounts are in the quote asset, measured on the exchange's wallet.
 */

import type { Booking } from "./booking.ts";
import type { Side } from "./order.ts";
import type { BlockReason } from "./reason.ts";
import type { Micros } from "./units.ts";

/** Who asks in journal and events where a run of losing trades has been acted on. */
export const runOfLosses = "run_of_losses";

/** Why a session limit stands against entries. */
export type LimitReason = Extract<
  BlockReason,
  "MAX_DAILY_LOSS_REACHED" | "MAX_DAILY_PROFIT_REACHED" | "MAX_DRAWDOWN_REACHED" | "HALTED"
>;

/** What holds entries back. A halt without an end lasts until somebody resumes. */
export type Hold =
  | { readonly kind: "none" }
  | { readonly kind: "halt"; readonly reason: LimitReason; readonly by: string; readonly until: Micros | null }
  | { readonly kind: "cooldown"; readonly reason: LimitReason; readonly until: Micros };

export type SymbolCooldown = { readonly symbol: string; readonly side: Side; readonly until: Micros };

/** How far the exchange's ledger is known. */
export type LedgerState = {
  /** transfers before this are in the measures, or older than they; exchange time */
  readonly readTo: Micros;
  /** those since, oldest first: each counts once, whoever tells it */
  readonly transfers: readonly Booking[];
};

export type SessionState = {
  readonly version: 1;
  /** whole UTC days since the epoch; it never goes back by itself */
  readonly day: number;
  /** equity that losses and profits of the day are measured from; null before the exchange has said any */
  readonly dayStartEquity: number | null;
  /** as above, until somebody resumed trading after a limit: then the equity of that moment */
  readonly limitEquity: number | null;
  /** highest equity since the day began or trading was resumed */
  readonly dayPeakEquity: number | null;
  /** highest equity ever seen, or since trading was resumed; for the system's drawdown */
  readonly peakEquity: number | null;
  /** net profit of the trades closed today, fees included */
  readonly realisedToday: number;
  readonly tradesToday: number;
  /** when trades were opened, oldest first; those of the last hour count */
  readonly tradeTimes: readonly Micros[];
  /** when it was last told that there were too many of them: once an hour at most */
  readonly tradesToldAt: Micros | null;
  readonly hold: Hold;
  /** everything is being closed, by whom; null when not. It goes on after a restart */
  readonly flattening: string | null;
  /** what everything is multiplied with that is entered, as an operator or supervisor has set it */
  readonly scale: number;
  /** limits that were reached since the day began or trading was resumed: each is told and acted on once */
  readonly reached: readonly BlockReason[];
  /** null before the account was first read */
  readonly ledger: LedgerState | null;
  /** symbols and directions that rest after a close */
  readonly cooldowns: readonly SymbolCooldown[];
};
