/**
 * Somebody else's view of the account: the official connector reads it, and the sums are done here again, with nothing of
 * ours but the fields' names. The connector keeps ids above 2⁵³ as bigint, so they can be compared.
 */

import { DerivativesTradingUsdsFutures } from "@binance/derivatives-trading-usds-futures";
import { vi } from "vitest";
import { z } from "zod";
import type { Announcement } from "./processes.ts";

// The connector tells each connection to the console otherwise.
process.env["LOG_LEVEL"] ??= "error";

export const symbols = ["BTCUSDT", "ETHUSDT"] as const;

/** Decimal text in whole 10⁻⁸. */
const amount = z
  .string()
  .regex(/^-?\d+(\.\d{1,8})?$/)
  .transform((text) => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(8, "0"));
  });
const id = z.union([z.bigint(), z.number().int()]).transform(String);

const TradeRow = z.object({
  symbol: z.string(),
  id,
  orderId: id,
  side: z.enum(["BUY", "SELL"]),
  price: amount,
  qty: amount,
  realizedPnl: amount,
  commission: amount,
  commissionAsset: z.literal("USDT"),
  time: z.number(),
});
export type TradeRow = z.infer<typeof TradeRow>;

const OrderRow = z.object({
  symbol: z.string(),
  orderId: id,
  clientOrderId: z.string(),
  status: z.string(),
  executedQty: amount,
  /** milliseconds */
  time: z.number(),
  updateTime: z.number(),
});
export type OrderRow = z.infer<typeof OrderRow>;

const AlgoRow = z.object({
  symbol: z.string(),
  algoId: id,
  clientAlgoId: z.string(),
  orderType: z.string(),
  side: z.enum(["BUY", "SELL"]),
  algoStatus: z.string(),
  closePosition: z.boolean(),
  quantity: amount,
  createTime: z.number(),
  updateTime: z.number(),
  triggerTime: z.number(),
});
export type AlgoRow = z.infer<typeof AlgoRow>;

const PositionRow = z.object({ symbol: z.string(), positionAmt: amount, updateTime: z.number() });
export type PositionRow = z.infer<typeof PositionRow>;

const BalanceRow = z.object({ asset: z.string(), balance: amount });
const ListenKey = z.object({ listenKey: z.string() });
const IncomeRow = z.object({ incomeType: z.string(), income: amount });

export type Guarded = { readonly symbol: string; readonly trade: string; readonly stop: AlgoRow };

/** The daemon shares the request weight with us. */
const lookEveryMillis = 200;

type Reply = { data(): Promise<unknown> };

/** Rows of one answer. */
const pageMax = 1_000;

export class Outsider {
  readonly #rest: DerivativesTradingUsdsFutures["restAPI"];
  readonly #userStreams: string;

  constructor({ rest, user_ws, api_key, api_secret }: Announcement) {
    this.#userStreams = `${user_ws}/private/ws`;
    const client = new DerivativesTradingUsdsFutures({
      configurationRestAPI: { apiKey: api_key, apiSecret: api_secret, basePath: rest, timeout: 5_000, retries: 0 },
    });
    this.#rest = client.restAPI;
  }

  /** In the order of their ids. */
  async trades(symbol: string): Promise<readonly TradeRow[]> {
    return await rowsOf(TradeRow, this.#rest.accountTradeList({ symbol, limit: 1_000 }));
  }

  async orders(symbol: string): Promise<readonly OrderRow[]> {
    return await rowsOf(OrderRow, this.#rest.allOrders({ symbol, limit: 1_000 }));
  }

  /** All of them, page after page, from the trade with this id on. */
  async tradesFrom(symbol: string, fromId: bigint): Promise<readonly TradeRow[]> {
    const rows = await rowsOf(TradeRow, this.#rest.accountTradeList({ symbol, fromId, limit: pageMax }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax) return rows;
    return [...rows, ...(await this.tradesFrom(symbol, BigInt(last.id) + 1n))];
  }

  /** All orders that were placed at or after this time, milliseconds. */
  async ordersSince(symbol: string, startTime: number): Promise<readonly OrderRow[]> {
    const rows = await rowsOf(OrderRow, this.#rest.allOrders({ symbol, startTime, limit: pageMax }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax || last.time === startTime) return rows;
    return [...rows.filter(({ time }) => time < last.time), ...(await this.ordersSince(symbol, last.time))];
  }

  async algosSince(symbol: string, startTime: number): Promise<readonly AlgoRow[]> {
    const rows = await rowsOf(AlgoRow, this.#rest.queryAllAlgoOrders({ symbol, startTime, limit: pageMax }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageMax || last.createTime === startTime) return rows;
    return [
      ...rows.filter(({ createTime }) => createTime < last.createTime),
      ...(await this.algosSince(symbol, last.createTime)),
    ];
  }

  /** Where the account's events can be listened to. */
  async userStream(): Promise<string> {
    const { listenKey } = ListenKey.parse(await (await this.#rest.startUserDataStream()).data());
    return `${this.#userStreams}/${listenKey}`;
  }

  async openOrders(symbol: string): Promise<readonly OrderRow[]> {
    return await rowsOf(OrderRow, this.#rest.currentAllOpenOrders({ symbol }));
  }

  async algos(symbol: string): Promise<readonly AlgoRow[]> {
    return await rowsOf(AlgoRow, this.#rest.queryAllAlgoOrders({ symbol, limit: 1_000 }));
  }

  async openAlgos(symbol: string): Promise<readonly AlgoRow[]> {
    return await rowsOf(AlgoRow, this.#rest.currentAllAlgoOpenOrders({ symbol }));
  }

  async position(symbol: string): Promise<PositionRow | null> {
    const rows = await rowsOf(PositionRow, this.#rest.positionInformationV3({ symbol }));
    return rows.find((row) => row.positionAmt !== 0n) ?? null;
  }

  /** Waits for a position that has a stop of ours: its symbol, its trade, and the stop. */
  async guardedPosition(): Promise<Guarded> {
    return await vi.waitUntil(
      async () => {
        for (const symbol of symbols) {
          const algos = await this.openAlgos(symbol);
          const stop = algos.find((algo) => ourId(algo.clientAlgoId)?.role === "f");
          if (stop === undefined || (await this.position(symbol)) === null) continue;
          return { symbol, trade: ourId(stop.clientAlgoId)?.trade ?? "", stop };
        }
        return null;
      },
      { interval: lookEveryMillis, timeout: 30_000 },
    );
  }

  async wallet(): Promise<bigint> {
    const rows = await rowsOf(BalanceRow, this.#rest.futuresAccountBalanceV3());
    return sum(rows.filter((row) => row.asset === "USDT").map((row) => row.balance));
  }

  async funding(): Promise<bigint> {
    const rows = await rowsOf(IncomeRow, this.#rest.getIncomeHistory({ limit: 1_000 }));
    return sum(rows.filter((row) => row.incomeType === "FUNDING_FEE").map((row) => row.income));
  }
}

async function rowsOf<T>(schema: z.ZodType<T>, reply: Promise<Reply>): Promise<readonly T[]> {
  return z.array(schema).parse(await (await reply).data());
}

/** All symbols' rows. */
export async function ofAll<T>(read: (symbol: string) => Promise<readonly T[]>): Promise<readonly T[]> {
  return (await Promise.all(symbols.map(read))).flat();
}

export function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, value) => total + value, 0n);
}

/** Decimal text with eight places. */
export function textOf(amountE8: bigint): string {
  const digits = (amountE8 < 0n ? -amountE8 : amountE8).toString().padStart(9, "0");
  return `${amountE8 < 0n ? "-" : ""}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

export type OurId = { readonly trade: string; readonly role: string };

/** Trade and role in an id of the default prefix; null: not ours. */
export function ourId(text: string): OurId | null {
  const match = /^sd-([0-9a-z]{8})-(e|f|r|t1|t2|x)_?\d+-[0-9a-z]{2}$/.exec(text);
  return match === null ? null : { trade: match[1] ?? "", role: match[2] ?? "" };
}

/** A time in which the position of a symbol was not flat, and what it was. */
export type Exposure = {
  readonly symbol: string;
  readonly from: number;
  readonly to: number;
  readonly side: "BUY" | "SELL";
  readonly largest: bigint;
};

/** @param trades of one symbol, from a flat position on, in the order of their execution */
export function exposures(trades: readonly TradeRow[]): readonly Exposure[] {
  const found: Exposure[] = [];
  let held = 0n;
  let open: { from: number; largest: bigint; side: "BUY" | "SELL" } | null = null;
  for (const { symbol, side, qty, time } of trades) {
    held += side === "BUY" ? qty : -qty;
    const size = held < 0n ? -held : held;
    open ??= { from: time, largest: 0n, side };
    if (size > open.largest) open.largest = size;
    if (held !== 0n) continue;
    found.push({ symbol, ...open, to: time });
    open = null;
  }
  if (open !== null) throw new Error(`the position of ${trades[0]?.symbol} does not end flat: ${held}`);
  return found;
}

/** The parts of an exposure in which no stop of the whole position was live, milliseconds. */
export function nakedSpans(
  { symbol, from, to, side, largest }: Exposure,
  algos: readonly AlgoRow[],
): readonly number[] {
  const live = algos
    .filter((algo) => algo.symbol === symbol && algo.orderType === "STOP_MARKET" && algo.side !== side)
    .filter((algo) => algo.closePosition || algo.quantity >= largest)
    .map((algo) => ({ from: algo.createTime, to: algo.algoStatus === "NEW" ? Number.POSITIVE_INFINITY : endOf(algo) }))
    .sort((a, b) => a.from - b.from);
  const spans: number[] = [];
  let covered = from;
  for (const stop of live) {
    if (stop.to <= covered || stop.from > to) continue;
    if (stop.from > covered) spans.push(stop.from - covered);
    covered = stop.to;
  }
  if (covered < to) spans.push(to - covered);
  return spans;
}

/** A triggered stop closes the position from its trigger on; any other end is the end of the cover. */
function endOf(algo: AlgoRow): number {
  return algo.triggerTime > 0 ? Math.max(algo.triggerTime, algo.updateTime) : algo.updateTime;
}
