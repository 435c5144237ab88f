/** What the desks of a core have in common. */

import type { Evidence } from "../domain/decision.ts";
import type { BlockReason, SafeModeReason } from "../domain/reason.ts";
import type { Micros, SymbolIndex } from "../domain/units.ts";
import type { RiskFloor } from "./risk-desk.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

export type Floor = RiskFloor & {
  readonly enterSafeMode: (reason: SafeModeReason, detail: string, now: Micros) => void;
  /** why no entry may leave at all, whatever the symbol; null when entries may */
  readonly entriesOff: () => BlockReason | null;
  /** something of the symbol is open, or may be, that no trade holds yet */
  readonly mayHoldMore: (desk: SymbolDesk, now: Micros) => boolean;
  /** what the exchange's refusals of earlier entries hold against one of the symbol; null: nothing */
  readonly heldBack: (symbol: SymbolIndex, now: Micros) => Evidence<BlockReason> | null;
  /** has books kept once what was asked for until now is on its way: nothing that anybody asks before may need them */
  readonly afterwards: (bookkeeping: () => void) => void;
  readonly catchUp: () => void;
  /** the account is wanted again, no later than `at` */
  readonly readAgainBy: (at: number, now: Micros) => void;
};
