/** What survives a restart of the exchange, as JSON: ids and money are decimal text. Checked when it is read. */

import { z } from "zod";
import { refreshCountdowns } from "./countdown.ts";
import { isOpen } from "./orders.ts";
import type { ExchangeState } from "./state.ts";

/** Closed orders, finished algos, trades and ledger rows that are saved, the latest of each. */
const savedHistoryMax = 2_000;

const id = z
  .string()
  .regex(/^-?\d{1,40}$/)
  .transform(BigInt);
const whole = z.number().int();
const side = z.enum(["BUY", "SELL"]);

const SavedOrder = z.strictObject({
  id,
  clientId: z.string(),
  symbol: z.string(),
  side,
  type: z.enum(["LIMIT", "MARKET"]),
  timeInForce: z.enum(["GTC", "IOC", "FOK", "GTX"]),
  reduceOnly: z.boolean(),
  closePosition: z.boolean(),
  createdAt: whole,
  price: whole,
  lots: whole,
  status: z.enum(["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"]),
  filledLots: whole,
  filledCost: id,
  updatedAt: whole,
  modifications: whole,
});

const SavedTrade = z.strictObject({
  id,
  orderId: id,
  symbol: z.string(),
  side,
  price: whole,
  lots: whole,
  maker: z.boolean(),
  realised: id,
  fee: id,
  feeAsset: z.enum(["USDT", "BNB"]).default("USDT"),
  time: whole,
});

const SavedAlgo = z.strictObject({
  id,
  clientId: z.string(),
  symbol: z.string(),
  side,
  type: z.enum(["STOP_MARKET", "TAKE_PROFIT_MARKET"]),
  timeInForce: z.string(),
  lots: whole,
  trigger: whole,
  workingType: z.enum(["CONTRACT_PRICE", "MARK_PRICE"]),
  closePosition: z.boolean(),
  reduceOnly: z.boolean(),
  priceProtect: z.boolean(),
  createdAt: whole,
  isMet: z.boolean().default(false),
  status: z.enum(["NEW", "CANCELED", "TRIGGERING", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED"]),
  updatedAt: whole,
  triggeredAt: whole,
  childId: id.nullable(),
  reason: z.string(),
});

const SavedPosition = z.strictObject({
  symbol: z.string(),
  leverage: whole.min(1),
  /** microseconds; null while none is armed */
  countdownEnds: whole.nullable().default(null),
  lots: whole,
  cost: id,
  entryCost: id,
  entryLots: id,
  openFees: id,
  realised: id,
  updatedAt: whole,
});

const SavedIncome = z.strictObject({
  /** empty: of no symbol */
  symbol: z.string(),
  type: z.enum(["REALIZED_PNL", "COMMISSION", "FUNDING_FEE", "INSURANCE_CLEAR", "TRANSFER"]),
  amount: id,
  time: whole,
  id,
  tradeId: id.nullable(),
});

const SavedExchange = z.strictObject({
  version: z.literal(1),
  instance: z.string(),
  now: whole,
  wallet: id,
  isHedged: z.boolean().default(false),
  ids: z.strictObject({ order: id, trade: id, algo: id, income: id }),
  positions: z.array(SavedPosition),
  orders: z.array(SavedOrder),
  trades: z.array(SavedTrade),
  algos: z.array(SavedAlgo),
  income: z.array(SavedIncome),
});

export function savedState(state: ExchangeState): unknown {
  const named = <T extends { readonly symbol: number }>(row: T) => ({ ...row, symbol: state.desk(row.symbol).symbol });
  const orders = latest([...state.orders.all()], isOpen);
  const algos = latest([...state.algos.all()], (algo) => algo.status === "NEW");
  const saved = {
    version: 1,
    instance: state.instance,
    now: state.now,
    wallet: state.account.wallet,
    isHedged: state.isHedged,
    ids: { ...state.ids, income: state.account.lastIncomeId },
    positions: state.desks.map((desk) => ({
      symbol: desk.symbol,
      leverage: desk.leverage,
      countdownEnds: Number.isFinite(desk.countdownEnds) ? desk.countdownEnds : null,
      ...state.account.position(desk.index),
    })),
    orders: orders.map(({ queueAhead: _, ...order }) => named(order)),
    trades: state.orders.trades.slice(-savedHistoryMax).map(named),
    algos: algos.map(named),
    income: state.account.income
      .slice(-savedHistoryMax)
      .map((row) => ({ ...row, symbol: row.symbol === null ? "" : state.desk(row.symbol).symbol })),
  };
  return textForBigints(saved);
}

/** @throws {Error} the data is not a saved exchange, or names a symbol that is not listed or an other instance */
export function restoreState(state: ExchangeState, data: unknown): void {
  const parsed = SavedExchange.safeParse(data);
  if (!parsed.success) throw new Error(`saved exchange: ${z.prettifyError(parsed.error)}`);
  const saved = parsed.data;
  if (saved.instance !== state.instance) {
    throw new Error(`saved exchange: instance is ${saved.instance}, expected ${state.instance}`);
  }
  const indexed = <T extends { readonly symbol: string }>(row: T) => ({ ...row, symbol: symbolOf(state, row.symbol) });
  const { income, ...ids } = saved.ids;
  state.now = saved.now;
  state.ids = ids;
  const ledger = saved.income.map((row) => ({
    ...row,
    symbol: row.symbol === "" ? null : symbolOf(state, row.symbol),
  }));
  state.account.restore(saved.wallet, income, ledger);
  state.isHedged = saved.isHedged;
  for (const { symbol, leverage, countdownEnds, ...position } of saved.positions) {
    const index = symbolOf(state, symbol);
    Object.assign(state.account.position(index), position);
    const desk = state.desk(index);
    desk.leverage = leverage;
    desk.countdownEnds = countdownEnds ?? Number.POSITIVE_INFINITY;
  }
  refreshCountdowns(state);
  for (const row of saved.orders) {
    const order = { ...indexed(row), queueAhead: 0 };
    state.orders.add(order);
    // The market is not saved, so the queue is joined anew when the book is back.
    if (isOpen(order)) state.desk(order.symbol).resting(order.side).insert(order, state.desk(order.symbol).book);
  }
  for (const trade of saved.trades) state.orders.addTrade(indexed(trade));
  for (const row of saved.algos) {
    const algo = indexed(row);
    state.algos.add(algo);
    if (algo.isMet && algo.status === "NEW") state.desk(algo.symbol).awaitsBook = true;
  }
  for (const desk of state.desks) state.refreshTriggers(desk);
}

function symbolOf(state: ExchangeState, symbol: string): number {
  const desk = state.deskOf(symbol);
  if (desk === null) throw new Error(`saved exchange: symbol ${symbol} is not listed`);
  return desk.index;
}

/** All open ones, and the latest of the others, in their old order. */
function latest<T>(rows: readonly T[], isOpenRow: (row: T) => boolean): readonly T[] {
  const closed = new Set(rows.filter((row) => !isOpenRow(row)).slice(-savedHistoryMax));
  return rows.filter((row) => isOpenRow(row) || closed.has(row));
}

function textForBigints(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(textForBigints);
  if (typeof value !== "object" || value === null) return value;
  const texts: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) texts[key] = textForBigints(item);
  return texts;
}
