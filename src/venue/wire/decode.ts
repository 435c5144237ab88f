/** Replies of the exchange as events for the core: what was learnt first, then how the request ended. */

import type { z } from "zod";
import { isAuthorityLost } from "../../domain/error-policy.ts";
import type {
  AccountSnapshot,
  AskedAt,
  CoreEvent,
  HistoryReport,
  Outcome,
  PositionReport,
} from "../../domain/event.ts";
import { type Instrument, moneyFromText, signedLotsCovering } from "../../domain/instrument.ts";
import type { JournalFill } from "../../domain/journal.ts";
import type { AlgoReport, Fill, OrderReport } from "../../domain/order.ts";
import type { QueryFills, QueryHistory } from "../../domain/output.ts";
import type { SymbolIndex } from "../../domain/units.ts";
import { fillsMax, type SingleCommand } from "./encode.ts";
import { classify, type Reply, requestKindOf, type Verdict } from "./outcome.ts";
import {
  algoReport,
  type Decoded,
  fillFrom,
  type InstrumentsByName,
  isHedge,
  isZero,
  nothing,
  notUnderstood,
  onGrid,
  orderReport,
  positionReport,
  told,
} from "./reports.ts";
import {
  AlgoBodies,
  AlgoBody,
  AlgoCancelBody,
  Balances,
  errorIn,
  OrderBodies,
  OrderBody,
  type PositionRisk,
  PositionRisks,
  UserTrades,
} from "./schemas.ts";

export type DecodedReply = Decoded & { readonly verdict: Verdict };

/** Reads the reply to a command. A success whose body we cannot read is of unknown fate: the order may be there. */
export function decodeReply(command: SingleCommand, reply: Reply, instruments: InstrumentsByName): DecodedReply {
  const verdict = classify(reply, requestKindOf(command));
  if (verdict.outcome.kind !== "ok") return { ...about(verdict), verdict };
  // A refusal that means "it is so already" says nothing of the order.
  if (isRefusal(reply.body)) return { ...nothing, verdict };
  const decoded = readBody(command, reply.body, instruments);
  if (decoded !== null) return { ...decoded, verdict };
  const outcome: Outcome = { kind: "unknown", cause: `unreadable reply to ${command.kind}` };
  return {
    ...notUnderstood(`unreadable reply to ${command.kind}`),
    verdict: { outcome, treatment: "look-up", unlisted: false },
  };
}

/** The events of {@link decodeReply}, and the outcome as the last one. */
export function replyEvents(
  command: SingleCommand,
  reply: Reply,
  instruments: InstrumentsByName,
): readonly CoreEvent[] {
  const { events, verdict } = decodeReply(command, reply, instruments);
  return [...events, { kind: "outcome", command, outcome: verdict.outcome }];
}

/** Bodies of the four {@link accountRequests}. */
export type AccountBodies = {
  readonly balance: unknown;
  readonly positions: unknown;
  readonly orders: unknown;
  readonly algos: unknown;
};

/** A position that is no whole number of lots, in the exchange's words. */
export type OffGridPosition = { readonly symbol: SymbolIndex; readonly amount: string };

export type DecodedAccount =
  | {
      readonly kind: "snapshot";
      readonly snapshot: AccountSnapshot;
      readonly events: readonly CoreEvent[];
      readonly offGrid: readonly OffGridPosition[];
    }
  /** the answers are unreadable or contradict each other: nothing is concluded from them */
  | { readonly kind: "unproven"; readonly cause: string };

/**
 * Puts the account together. Flat is proven, never defaulted: an empty position list is believed only where the balance
 * row carries no unrealised profit. @see failure-catalogue F-44
 *
 * @param asset the margin asset of the configured symbols
 */
export function decodeAccount(
  bodies: AccountBodies,
  asset: string,
  instruments: InstrumentsByName,
  asked: AskedAt,
): DecodedAccount {
  const balances = Balances.safeParse(bodies.balance);
  const rows = PositionRisks.safeParse(bodies.positions);
  if (!balances.success) return unproven("balance is unreadable");
  if (!rows.success) return unproven("positions are unreadable");
  const balance = balances.data.find((row) => row.asset === asset);
  if (balance === undefined) return unproven(`no balance of ${asset}`);
  const positions = decodePositions(rows.data, instruments);
  if (positions.kind === "unproven") return positions;
  if (!positions.open && !isZero(balance.crossUnPnl)) return unproven("no position, yet an unrealised profit");
  const orders = decodeList(bodies.orders, OrderBodies, (order) => orderReport(order, null, "query", instruments));
  const algos = decodeList(bodies.algos, AlgoBodies, (algo) => readAlgo(algo, "query", instruments));
  if (orders === null) return unproven("open orders are unreadable");
  if (algos === null) return unproven("open conditional orders are unreadable");
  return {
    kind: "snapshot",
    snapshot: {
      kind: "account-snapshot",
      wallet: moneyFromText(balance.balance),
      available: moneyFromText(balance.availableBalance),
      positions: positions.reports,
      orders: orders.events.filter((event): event is OrderReport => event.kind === "order-report"),
      algos: algos.events.filter((event): event is AlgoReport => event.kind === "algo-report"),
      foreign: [...positions.foreign, ...orders.foreign, ...algos.foreign],
      ...asked,
    },
    events: [...orders.events, ...algos.events].filter((event) => event.kind === "venue-unknown"),
    offGrid: positions.offGrid,
  };
}

/** Bodies of the {@link historyRequests}. */
export type HistoryBodies = { readonly orders: unknown; readonly trades: unknown };

/**
 * Puts orders and executions together; null when they are unreadable or of something else. Executions of orders that the
 * other answer does not have are left out: it may have been read a moment earlier.
 */
export function decodeHistory(
  command: QueryHistory,
  bodies: HistoryBodies,
  instruments: InstrumentsByName,
): HistoryReport | null {
  const instrument = instrumentOf(command.symbol, instruments);
  const trades = UserTrades.safeParse(bodies.trades);
  const list = decodeList(bodies.orders, OrderBodies, (order) => orderReport(order, null, "query", instruments));
  if (instrument === undefined || list === null || !trades.success) return null;
  const orders = list.events.filter((event): event is OrderReport => event.kind === "order-report");
  if (orders.length < list.events.length || orders.some(({ symbol }) => symbol !== command.symbol)) return null;
  if (trades.data.some(({ symbol }) => symbol !== instrument.symbol)) return null;
  const byId = new Map(orders.map((order) => [order.orderId, order]));
  const executions: JournalFill[] = [];
  const read = onGrid(`history of ${instrument.symbol}`, () => {
    for (const trade of trades.data) {
      const order = byId.get(trade.orderId);
      if (order === undefined) continue;
      executions.push({ clientOrderId: order.clientOrderId, side: order.side, fill: fillFrom(instrument, trade) });
    }
    return nothing;
  });
  if (read.events.length > 0) return null;
  executions.sort((a, b) => a.fill.time - b.fill.time || compareIds(a.fill.tradeId, b.fill.tradeId));
  return { kind: "history-report", symbol: command.symbol, orders, executions };
}

type Positions =
  | {
      readonly kind: "positions";
      readonly reports: readonly PositionReport[];
      readonly foreign: readonly string[];
      readonly offGrid: readonly OffGridPosition[];
      /** whether any row, ours or not, has an amount */
      readonly open: boolean;
    }
  | { readonly kind: "unproven"; readonly cause: string };

function decodePositions(rows: readonly PositionRisk[], instruments: InstrumentsByName): Positions {
  const reports: PositionReport[] = [];
  const foreign: string[] = [];
  const offGrid: OffGridPosition[] = [];
  const seen = new Set<string>();
  let open = false;
  for (const row of rows) {
    const instrument = instruments.get(row.symbol);
    if (!isZero(row.positionAmt)) open = true;
    if (instrument === undefined) {
      if (!isZero(row.positionAmt)) foreign.push(`position ${row.symbol} ${row.positionAmt}`);
      continue;
    }
    if (isHedge(row.positionSide)) return unproven(`${row.symbol} has position side ${row.positionSide}`);
    if (seen.has(row.symbol)) return unproven(`${row.symbol} has two position rows`);
    seen.add(row.symbol);
    // No one position stands in the way of the others' protection.
    reports.push(positionReport(instrument, row.positionAmt, row.entryPrice));
    const { isWhole } = signedLotsCovering(instrument, row.positionAmt);
    if (!isWhole) offGrid.push({ symbol: instrument.index, amount: row.positionAmt });
  }
  return { kind: "positions", reports, foreign, offGrid, open };
}

function unproven(cause: string): { readonly kind: "unproven"; readonly cause: string } {
  return { kind: "unproven", cause };
}

/** What is learnt from a refusal itself: codes that the reference lacks, and lost authority. */
function about(verdict: Verdict): Decoded {
  const { outcome } = verdict;
  if (verdict.unlisted) {
    return told({ kind: "venue-unknown", what: "code", detail: wordsOf(outcome) });
  }
  if (outcome.kind === "refused" && isAuthorityLost(outcome.code)) {
    return told({ kind: "venue-unknown", what: "authority", detail: `${outcome.code} ${outcome.message}` });
  }
  return nothing;
}

function wordsOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case "refused":
      return `${outcome.code} ${outcome.message}`;
    case "unknown":
      return outcome.cause;
    case "ok":
      return "";
    default:
      throw new TypeError(`unhandled outcome ${outcome satisfies never}`);
  }
}

function isRefusal(body: unknown): boolean {
  const error = errorIn(body);
  return error !== null && error.code < 0;
}

/** Null when the body is not what this command answers. */
function readBody(command: SingleCommand, body: unknown, instruments: InstrumentsByName): Decoded | null {
  switch (command.kind) {
    case "place-order":
    case "amend-order":
    case "cancel-order":
    case "query-order": {
      const parsed = OrderBody.safeParse(body);
      if (!parsed.success || parsed.data.clientOrderId !== command.clientOrderId) return null;
      return orderReport(parsed.data, null, command.kind === "query-order" ? "query" : "reply", instruments);
    }
    case "place-algo":
    case "query-algo": {
      const parsed = AlgoBody.safeParse(body);
      if (!parsed.success || parsed.data.clientAlgoId !== command.clientAlgoId) return null;
      return readAlgo(parsed.data, command.kind === "query-algo" ? "query" : "reply", instruments);
    }
    case "cancel-algo": {
      // The reply names no status, so nothing is reported: the stream or a look-up says how the order ended.
      const parsed = AlgoCancelBody.safeParse(body);
      return parsed.success && parsed.data.clientAlgoId === command.clientAlgoId ? nothing : null;
    }
    case "query-fills":
      return readFills(command, body, instruments);
    default:
      throw new TypeError(`unhandled command ${command satisfies never}`);
  }
}

function readAlgo(body: AlgoBody, source: AlgoReport["source"], instruments: InstrumentsByName): Decoded {
  return algoReport({ ...body, failure: null }, source, instruments);
}

function readFills(command: QueryFills, body: unknown, instruments: InstrumentsByName): Decoded | null {
  const parsed = UserTrades.safeParse(body);
  if (!parsed.success) return null;
  const own = parsed.data;
  // A full page may be a part only, and trades of another order mean that the question was not understood.
  if (own.length >= fillsMax || own.some((trade) => trade.orderId !== command.orderId)) return null;
  const instrument = instrumentOf(command.symbol, instruments);
  if (instrument === undefined || own.some((trade) => trade.symbol !== instrument.symbol)) return null;
  return onGrid(`fills of ${command.clientOrderId}`, () => {
    const fills: readonly Fill[] = own
      .map((trade) => fillFrom(instrument, trade))
      .sort((a, b) => a.time - b.time || compareIds(a.tradeId, b.tradeId));
    return told({
      kind: "fills-report",
      symbol: command.symbol,
      clientOrderId: command.clientOrderId,
      orderId: command.orderId,
      fills,
    });
  });
}

function instrumentOf(symbol: SymbolIndex, instruments: InstrumentsByName): Instrument | undefined {
  return [...instruments.values()].find((candidate) => candidate.index === symbol);
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

function decodeList<Row>(body: unknown, schema: z.ZodType<Row[]>, read: (row: Row) => Decoded): Decoded | null {
  const parsed = schema.safeParse(body);
  if (!parsed.success) return null;
  const rows = parsed.data.map(read);
  return { events: rows.flatMap((row) => row.events), foreign: rows.flatMap((row) => row.foreign) };
}
