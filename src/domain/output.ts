/**
 * What the core asks of the world. Commands go to the venue, rows to the store, notices to whoever watches; they come
 * out in one order, and an entry's intent stands before the command that it covers.
 */

import type { Evidence } from "./decision.ts";
import type { ExitRules } from "./exit-rules.ts";
import type { ModelInput, SavedModel } from "./model.ts";
import type { Role, Side, TimeInForce, WorkingType } from "./order.ts";
import type { TradeId } from "./order-id.ts";
import type { BlockReason, ExitReason, SafeModeReason } from "./reason.ts";
import type { SafeModeState } from "./safe-mode.ts";
import type { LimitReason, SessionState } from "./session.ts";
import type { Lots, Micros, Money, SignedLots, SymbolIndex, Ticks } from "./units.ts";

export type PlaceOrder = {
  readonly kind: "place-order";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  readonly role: Role;
  readonly side: Side;
  readonly quantity: Lots;
  readonly terms:
    | { readonly type: "MARKET" }
    | { readonly type: "LIMIT"; readonly price: Ticks; readonly timeInForce: TimeInForce };
  readonly reduceOnly: boolean;
};

/**
 * Another price or quantity for a resting LIMIT order of ours: both are sent, and the order keeps its id. It goes to the
 * end of the queue at its price whenever it is applied; refused, it stays as it was. @see binance-usdm.md §3.4
 */
export type AmendOrder = {
  readonly kind: "amend-order";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  readonly side: Side;
  /** whole quantity, what is filled included; at or below that the exchange cancels the order */
  readonly quantity: Lots;
  readonly price: Ticks;
};

export type CancelOrder = {
  readonly kind: "cancel-order";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
};
export type QueryOrder = { readonly kind: "query-order"; readonly symbol: SymbolIndex; readonly clientOrderId: string };

/** A conditional order of the algo service. It only ever reduces: the whole position, or a reduce-only quantity. */
export type PlaceAlgo = {
  readonly kind: "place-algo";
  readonly symbol: SymbolIndex;
  readonly clientAlgoId: string;
  readonly role: Role;
  readonly side: Side;
  readonly type: "STOP_MARKET" | "TAKE_PROFIT_MARKET";
  readonly trigger: Ticks;
  readonly workingType: WorkingType;
  readonly extent: { readonly kind: "close-position" } | { readonly kind: "quantity"; readonly quantity: Lots };
};

export type CancelAlgo = { readonly kind: "cancel-algo"; readonly symbol: SymbolIndex; readonly clientAlgoId: string };
export type QueryAlgo = { readonly kind: "query-algo"; readonly symbol: SymbolIndex; readonly clientAlgoId: string };

/** Asks for wallet, positions and open orders of both services; answered by an `account-snapshot` event. */
export type QueryAccount = { readonly kind: "query-account" };

/** Asks for the executions of one of our orders; answered by a `fills-report`. */
export type QueryFills = {
  readonly kind: "query-fills";
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  /** the exchange's id of the order, or of the child of a conditional order */
  readonly orderId: string;
};

/**
 * Asks for the newest orders of a symbol that reached the matching engine and for their executions, whoever's they are;
 * answered by a `history-report`.
 */
export type QueryHistory = {
  readonly kind: "query-history";
  readonly symbol: SymbolIndex;
  /** all since then are wanted, also where they are more than one answer holds; absent: as many as that are enough */
  readonly since?: Micros;
};

/** Asks what changed the wallet since then; answered by an `income-report`. */
export type QueryIncome = { readonly kind: "query-income"; readonly since: Micros };

export type Command =
  | PlaceOrder
  | AmendOrder
  | CancelOrder
  | QueryOrder
  | PlaceAlgo
  | CancelAlgo
  | QueryAlgo
  | QueryAccount
  | QueryFills
  | QueryHistory
  | QueryIncome;

/** An entry and its protection, written before the entry leaves. @see design.md, Identity of orders */
export type IntentRow = {
  readonly kind: "intent";
  readonly trade: TradeId;
  readonly decisionId: string;
  readonly source: string;
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly quantity: Lots;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks | null;
  /** the further of two targets; null: the one closes all */
  readonly secondTarget: Ticks | null;
  /** null: written before they were kept */
  readonly exits: ExitRules | null;
  /** decision price: bid + ask at the moment of the decision, in half ticks; null without a decision */
  readonly decisionMidHalfTicks: number | null;
  readonly holdUntil: Micros;
  /** after the close; null: written before it was kept */
  readonly cooldownMicros: Micros | null;
  readonly time: Micros;
};

export type OrderRow = {
  readonly kind: "order";
  readonly trade: TradeId;
  readonly symbol: SymbolIndex;
  readonly clientOrderId: string;
  readonly service: "order" | "algo";
  readonly role: Role;
  readonly side: Side;
  readonly quantity: Lots | null;
  readonly price: Ticks | null;
  readonly state: string;
  readonly filled: Lots;
  readonly venueId: string | null;
  readonly time: Micros;
};

export type FillRow = {
  readonly kind: "fill";
  readonly trade: TradeId | null;
  readonly symbol: SymbolIndex;
  readonly tradeId: string;
  readonly clientOrderId: string;
  readonly side: Side;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly commission: Money | null;
  readonly commissionAsset: string | null;
  readonly maker: boolean | null;
  readonly time: Micros;
};

export type PositionRow = {
  readonly kind: "position";
  readonly symbol: SymbolIndex;
  readonly trade: TradeId | null;
  readonly lots: SignedLots;
  /** what the trade has paid less what it has got, ticks × lots, exact */
  readonly cost: number;
  /** average entry in fractional ticks; null: not entered, or written before it was kept */
  readonly entryTicks: number | null;
  readonly stopLoss: Ticks | null;
  readonly time: Micros;
};

/** Why a stop moved. */
export type StopMoveCause = "break-even" | "trailing" | "atr" | "decision" | "risk";

/** A stop moved towards less risk. @see requirements EXE-10, EXE-11 */
export type StopMoveRow = {
  readonly kind: "stop-move";
  readonly trade: TradeId;
  readonly symbol: SymbolIndex;
  readonly from: Ticks;
  readonly to: Ticks;
  readonly cause: StopMoveCause;
  readonly time: Micros;
};

/** Other settings, or a start with other ones, let less be lost of a trade that runs: so it is left from now on (CFG-4). */
export type ExitsTightenedRow = {
  readonly kind: "exits-tightened";
  readonly trade: TradeId;
  readonly symbol: SymbolIndex;
  readonly exits: ExitRules;
  readonly holdUntil: Micros;
  readonly time: Micros;
};

/** The summary that each closed trade leaves. @see requirements ORD-4 */
export type TradeRow = {
  readonly kind: "trade";
  readonly trade: TradeId;
  readonly source: string;
  readonly symbol: SymbolIndex;
  readonly side: Side;
  readonly quantity: Lots;
  readonly entryTime: Micros;
  readonly exitTime: Micros;
  /** average prices in fractional ticks, for display; the money figures are exact */
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly grossPnl: Money;
  readonly fees: Money;
  /** positive was received */
  readonly funding: Money;
  /** gross less fees plus funding; without {@link otherFees} */
  readonly netPnl: Money;
  /** commissions in another asset, which are not converted and in no other figure, such as `0.00012 BNB`; null: none */
  readonly otherFees: string | null;
  /** net profit over the risk taken at entry; null without a stop at entry (adopted) */
  readonly r: number | null;
  /** worst and best excursion from the average entry that quotes or exits have shown, ticks, ≥ 0 */
  readonly adverseTicks: number;
  readonly favourableTicks: number;
  /** average entry against the decision's mid, ticks; positive is worse; null when adopted */
  readonly slippageTicks: number | null;
  /** average entry against the mid at which the entry left, ticks; positive is worse; null when adopted */
  readonly arrivalSlippageTicks: number | null;
  readonly makerShare: number;
  readonly exitReason: ExitReason;
};

/** What one gate found. Skipped: the source has no edge or confidence, or the gate is switched off. */
export type Gate = {
  readonly gate: BlockReason;
  readonly verdict: "passed" | "failed" | "skipped";
  readonly measured: number | null;
  readonly limit: number | null;
};

/** What raised, lowered, clamped or skipped the size, with the notional after it, in the quote asset. */
export type SizeStep = { readonly what: string; readonly notional: number };

/** The order that risk approved. Notional in the quote asset. */
export type ApprovedOrder = {
  readonly side: Side;
  readonly quantity: Lots;
  readonly notional: number;
  readonly leverage: number;
  readonly stopLoss: Ticks;
  readonly takeProfit: Ticks;
  readonly steps: readonly SizeStep[];
};

/** One row a decision: what it wanted, and every gate's verdict with the numbers compared. */
export type DecisionRow = {
  readonly kind: "decision";
  readonly decisionId: string;
  readonly source: string;
  readonly symbol: SymbolIndex;
  readonly direction: string;
  readonly action: string;
  readonly confidence: number | null;
  readonly edge: number | null;
  readonly approved: boolean;
  readonly blocked: readonly Evidence<BlockReason>[];
  readonly gates: readonly Gate[];
  /** null when blocked, and for exits */
  readonly order: ApprovedOrder | null;
  readonly time: Micros;
};

/** Why a source did not trade in one minute: those decisions are too many for a row each. */
export type NoTradeRow = {
  readonly kind: "no-trade";
  readonly symbol: SymbolIndex;
  readonly source: string;
  readonly reason: string;
  /** start of the minute */
  readonly minute: Micros;
  readonly count: number;
  /** of what was measured; null when nothing was */
  readonly least: number | null;
  /** of an even sample of the minute */
  readonly median: number | null;
  readonly most: number | null;
  /** the last one that was compared with */
  readonly limit: number | null;
  readonly time: Micros;
};

/** State of limits, halts and cooldowns, after each change. */
export type SessionRow = {
  readonly kind: "session";
  readonly state: SessionState;
  /** equity of the moment, quote asset; null when not known */
  readonly equity: number | null;
  readonly time: Micros;
};

/** What risk tells its subscribers: log, store, alerts, supervisor. A limit is told once an episode (RSK-7). */
export type RiskEvent = {
  readonly kind: "risk-event";
  readonly symbol: SymbolIndex | null;
  readonly time: Micros;
} & RiskHappening;

export type RiskHappening =
  | {
      readonly event:
        | "DAILY_LOSS_HIT"
        | "DAILY_PROFIT_HIT"
        | "DRAWDOWN_HIT"
        | "DRAWDOWN_GUARD_HIT"
        | "TRADES_PER_HOUR_HIT"
        | "CRASH_GUARD_HIT"
        | "POSITION_TOO_LARGE";
      readonly measured: number | null;
      readonly limit: number | null;
    }
  | { readonly event: "HALTED"; readonly by: string; readonly reason: LimitReason; readonly until: Micros | null }
  | { readonly event: "COOLDOWN_STARTED"; readonly reason: LimitReason; readonly until: Micros }
  /** `by` is a name, or `day` or `cooldown` when time did it */
  | { readonly event: "RESUMED"; readonly by: string }
  /** closing of everything begins, and has ended */
  | { readonly event: "FLATTENING" | "FLATTENED"; readonly by: string }
  | { readonly event: "SCALED"; readonly by: string; readonly factor: number }
  /** a deposit or, negative, a withdrawal; quote asset */
  | { readonly event: "TRANSFERRED"; readonly amount: number }
  | { readonly event: "DAY_STARTED"; readonly day: number; readonly equity: number | null };

/** What a source has learnt so far; each replaces the one before. */
export type ModelStateRow = { readonly kind: "model-state"; readonly time: Micros } & SavedModel;

/** A row about one symbol. */
export type SymbolRow =
  | IntentRow
  | OrderRow
  | FillRow
  | PositionRow
  | StopMoveRow
  | ExitsTightenedRow
  | TradeRow
  | DecisionRow
  | NoTradeRow
  | ModelStateRow;

export type Row = SymbolRow | SessionRow | SafeModeRow | RiskEvent;

export type NoticeLevel = "debug" | "info" | "warn" | "error";

/** Something for people and machines that watch. `code` is stable; the fields say the numbers. */
export type Notice = {
  readonly kind: "notice";
  readonly level: NoticeLevel;
  readonly code: string;
  readonly symbol: SymbolIndex | null;
  readonly fields: Readonly<Record<string, string | number | boolean | null>>;
};

/** What happened to SAFE MODE, and how it stands since; journalled like a session. */
export type SafeModeRow = {
  readonly kind: "safe-mode";
  readonly change: SafeModeChange;
  /** the cause that the change is about; of the first where it is about all */
  readonly reason: SafeModeReason;
  readonly detail: string;
  /** who asked, or `reconciliation`; null: nobody */
  readonly by: string | null;
  readonly state: SafeModeState;
  readonly time: Micros;
};

/**
 * `added`: another cause inside the episode; `restored`: it goes on from an earlier run; `eased`: a cause is proven gone;
 * `kept`: somebody asked to leave in vain.
 */
export type SafeModeChange = "entered" | "added" | "restored" | "eased" | "kept" | "left";

/** Our copy of a book contradicts itself: only a new snapshot helps. Answered by a market `onSnapshot`. */
export type ResyncBook = { readonly kind: "resync-book"; readonly symbol: SymbolIndex };

export type Output = Command | Row | Notice | ResyncBook | ModelInput;

/** Everything the venue is asked to do; the rest stays at home. */
export function isCommand(output: Output): output is Command {
  switch (output.kind) {
    case "place-order":
    case "amend-order":
    case "cancel-order":
    case "query-order":
    case "place-algo":
    case "cancel-algo":
    case "query-algo":
    case "query-account":
    case "query-fills":
    case "query-history":
    case "query-income":
      return true;
    case "intent":
    case "order":
    case "fill":
    case "position":
    case "stop-move":
    case "exits-tightened":
    case "trade":
    case "decision":
    case "no-trade":
    case "model-state":
    case "model-input":
    case "session":
    case "risk-event":
    case "notice":
    case "safe-mode":
    case "resync-book":
      return false;
    default:
      throw new TypeError(`unhandled output ${output satisfies never}`);
  }
}
