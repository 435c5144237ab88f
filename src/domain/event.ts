/** What happened, as the core is told: cold events. Hot market calls stand in market-port.ts. */

import type { Candle } from "./candle.ts";
import type { InstrumentRules } from "./instrument.ts";
import type { Journal, JournalFill } from "./journal.ts";
import type { MaintenanceStep } from "./maintenance.ts";
import type { ModelOutput } from "./model.ts";
import type { AlgoReport, Fill, OrderReport } from "./order.ts";
import type { Command } from "./output.ts";
import type { OutsideWord } from "./outside.ts";
import type { Micros, Money, SignedLots, SymbolIndex } from "./units.ts";

/** A position as the exchange reports it. Rows exist only for symbols with a position or orders (v3). */
export type PositionReport = {
  readonly symbol: SymbolIndex;
  readonly lots: SignedLots;
  /** average entry in fractional ticks; 0 when flat */
  readonly entryTicks: number;
};

/**
 * When something was asked for, by both clocks, which may be apart: what the exchange has timed is older or younger than
 * `asOf`, what we have timed than `requestedAt` (failure-catalogue F-26).
 */
export type AskedAt = {
  /** by our own clock */
  readonly requestedAt: Micros;
  /** the same moment by the exchange's clock, as near as we know it */
  readonly asOf: Micros;
};

/** Wallet, positions and open orders of both services, each read once after it was asked for. */
export type AccountSnapshot = AskedAt & {
  readonly kind: "account-snapshot";
  readonly wallet: Money;
  readonly available: Money;
  /** complete for the configured symbols: a symbol without a row is flat, which the adapter has proven */
  readonly positions: readonly PositionReport[];
  readonly orders: readonly OrderReport[];
  readonly algos: readonly AlgoReport[];
  /** what is on the exchange and not in the configured symbols, in words */
  readonly foreign: readonly string[];
};

/** All executions of one of our orders that the exchange has, oldest first: the answer to `query-fills`. */
export type FillsReport = {
  readonly kind: "fills-report";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly fills: readonly Fill[];
};

/**
 * The newest orders of a symbol that reached the matching engine, and their executions, whoever's they are: the answer to
 * `query-history`. What is newer than the lag of reads may be missing, and so is what is older than the exchange shows.
 */
export type HistoryReport = {
  readonly kind: "history-report";
  readonly symbol: SymbolIndex;
  readonly orders: readonly OrderReport[];
  /** oldest first; each of an order in `orders` */
  readonly executions: readonly JournalFill[];
};

/** What a wallet was paid, or, negative, paid. `id` is unique; `time` is the exchange's. */
export type IncomeRow = { readonly id: string; readonly amount: Money; readonly time: Micros } & (
  | { readonly kind: "funding"; readonly symbol: SymbolIndex }
  /** it came in from outside or went out */
  | { readonly kind: "transfer" }
  /** trades brought or cost it, or another symbol's position was paid */
  | { readonly kind: "other" }
);

/** All that the exchange has booked since the time that `query-income` named, oldest first. Reads may lag. */
export type IncomeReport = { readonly kind: "income-report"; readonly rows: readonly IncomeRow[] };

/** Fees of one symbol as fractions in 10⁻⁸ (0.0005 is 50 000). */
export type FeeRates = { readonly symbol: SymbolIndex; readonly makerE8: number; readonly takerE8: number };

/**
 * How far a symbol's account set-up has come: margin type, leverage and a stop placed and cancelled. No entry leaves
 * before it is proven. @see requirements ORD-5, failure-catalogue F-12
 */
export type SetUp =
  | { readonly state: "proven"; readonly leverage: number; readonly maintenance: readonly MaintenanceStep[] }
  /** not yet, or no longer: it is being tried again */
  | { readonly state: "pending"; readonly cause: string }
  /** the exchange takes no stop from us: what cannot be protected must not be opened */
  | { readonly state: "stop-refused"; readonly cause: string };

/**
 * How a request ended: the venue did it, refused it, or its fate is not known. What was learnt of the order itself
 * comes as reports, before the outcome. `until`: when the limit ends that refused it, where that is known and still to come.
 */
export type Outcome =
  | { readonly kind: "ok" }
  | { readonly kind: "refused"; readonly code: number; readonly message: string; readonly until?: Micros }
  | { readonly kind: "unknown"; readonly cause: string };

/** The answer to a look-up, after that was told as unknown: there was no such order. */
export type FoundNothing = {
  readonly kind: "found-nothing";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  /** when the look-up left */
  readonly askedAt: Micros;
};

export type CommandOutcome = { readonly kind: "outcome"; readonly command: Command; readonly outcome: Outcome };

/** What an operator or a supervisor asks of the risk state; `by` says who, and stands in journal and events. */
export type Control = {
  readonly kind: "control";
  readonly by: string;
  /** a program of the daemon's own asks, not a person: that ends no SAFE MODE, and enlarges no entry */
  readonly isAutomatic?: true;
} & (
  | { readonly action: "halt" | "resume" | "flatten" }
  /** multiplies the size of every entry from now on; above 0, at most 1 */
  | { readonly action: "scale"; readonly factor: number }
);

export type CoreEvent =
  | Control
  | OutsideWord
  | ModelOutput
  | AccountSnapshot
  | OrderReport
  | AlgoReport
  | FillsReport
  | HistoryReport
  | IncomeReport
  | CommandOutcome
  | FoundNothing
  | ({ readonly kind: "fees" } & FeeRates)
  /** `transfer` is what came in from outside (deposit) or, negative, went out: no profit and no loss; else zero */
  | { readonly kind: "wallet"; readonly wallet: Money; readonly transfer: Money; readonly time: Micros }
  /** a position paid funding (negative) or was paid it; the wallet is told apart */
  | { readonly kind: "funding"; readonly symbol: SymbolIndex; readonly amount: Money; readonly time: Micros }
  | ({ readonly kind: "set-up"; readonly symbol: SymbolIndex } & SetUp)
  /** other bounds on the same grid (failure-catalogue F-77) */
  | { readonly kind: "rules"; readonly symbol: SymbolIndex; readonly rules: InstrumentRules }
  | ({ readonly kind: "position-report"; readonly time: Micros } & PositionReport)
  | { readonly kind: "candle-history"; readonly symbol: SymbolIndex; readonly candles: readonly Candle[] }
  /** exchange clock minus ours, and the most it can be wrong by */
  | { readonly kind: "clock-offset"; readonly offset: Micros; readonly error: Micros }
  /** the private stream is proven alive, or is not */
  | { readonly kind: "private-stream"; readonly alive: boolean }
  /** before the first account snapshot; a core that gets none knows of no trade */
  | ({ readonly kind: "journal" } & Journal)
  | { readonly kind: "store-failed"; readonly message: string }
  /** something on an order path that we do not know: a status, a code, a field */
  | { readonly kind: "venue-unknown"; readonly what: "status" | "code" | "authority"; readonly detail: string }
  /** the exchange's answers about the account contradict each other, or one of them cannot be read */
  | { readonly kind: "account-unproven"; readonly cause: string }
  /** somebody else proves the stop path in our name: a second daemon with our prefix is on the account */
  | { readonly kind: "another-daemon"; readonly detail: string }
  /** the machine's wall clock moved so much against its steady one; positive: ahead */
  | { readonly kind: "clock-jump"; readonly by: Micros }
  /** something of our own threw; `order`: an order could not be sent for it, and its fate is told apart */
  | { readonly kind: "internal-error"; readonly what: "order" | "other"; readonly detail: string }
  /** no new entries; what is pending is cancelled; protection stays, or positions are closed first */
  | { readonly kind: "stop-requested"; readonly policy: "leave-protected" | "flatten" }
  /** the deadline that `nextDeadline()` named has come */
  | { readonly kind: "timer" };
