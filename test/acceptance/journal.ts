/** What the daemon's journal holds, read with SQL and nothing of ours; prices and quantities in whole 10⁻⁸. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Decimal } from "decimal.js";
import { z } from "zod";

const FillRow = z.object({
  symbol: z.string(),
  tick_size: z.string(),
  step_size: z.string(),
  trade: z.string().nullable(),
  trade_id: z.string(),
  client_order_id: z.string(),
  side: z.string(),
  price: z.bigint(),
  quantity: z.bigint(),
  commission: z.bigint().nullable(),
});

const TradeRow = z.object({
  trade: z.string(),
  /** microseconds */
  entry_time: z.bigint(),
  exit_time: z.bigint(),
  net_pnl: z.bigint(),
  funding: z.bigint(),
  exit_reason: z.string(),
});

const OrderRow = z.object({
  client_order_id: z.string(),
  trade: z.string(),
  role: z.string(),
  state: z.string(),
});

const IntentRow = z.object({
  client_order_id: z.string(),
  trade: z.string(),
  step_size: z.string(),
  quantity: z.bigint(),
});

const PositionRow = z.object({ symbol: z.string(), step_size: z.string(), lots: z.bigint() });

export type JournalOrder = z.infer<typeof OrderRow>;
export type JournalIntent = Omit<z.infer<typeof IntentRow>, "step_size">;
export type JournalPosition = { readonly symbol: string; readonly quantity: bigint };
export type JournalFill = Omit<z.infer<typeof FillRow>, "tick_size" | "step_size">;
export type JournalTrade = z.infer<typeof TradeRow>;
export type Journal = {
  readonly fills: readonly JournalFill[];
  readonly trades: readonly JournalTrade[];
  readonly orders: readonly JournalOrder[];
  readonly intents: readonly JournalIntent[];
  /** those that are not flat */
  readonly positions: readonly JournalPosition[];
};

/** @param directory `store.directory` with exactly one journal in it */
export function journalOf(directory: string): Journal {
  const [path, ...others] = readdirSync(directory)
    .map((name) => join(directory, name, "journal.sqlite"))
    .filter((file) => existsSync(file));
  if (path === undefined || others.length > 0) throw new Error(`not one journal under ${directory}`);
  const database = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  try {
    // One transaction, so that all is of one moment.
    database.exec("BEGIN");
    const from = (table: string): unknown[] =>
      database
        .prepare(
          `SELECT ${table}.*, tick_size, step_size FROM ${table} JOIN instruments ON instruments.id = instrument`,
        )
        .all();
    return {
      fills: z.array(FillRow).parse(from("fills")).map(inUnits),
      trades: z.array(TradeRow).parse(from("trades")),
      orders: z.array(OrderRow).parse(from("orders")),
      intents: z
        .array(IntentRow)
        .parse(from("intents"))
        .map(({ step_size, quantity, ...row }) => ({ ...row, quantity: quantity * unitsOf(step_size) })),
      positions: z
        .array(PositionRow)
        .parse(from("positions"))
        .filter(({ lots }) => lots !== 0n)
        .map(({ symbol, step_size, lots }) => ({ symbol, quantity: lots * unitsOf(step_size) })),
    };
  } finally {
    database.close();
  }
}

function inUnits({ tick_size, step_size, price, quantity, ...row }: z.infer<typeof FillRow>): JournalFill {
  return { ...row, price: price * unitsOf(tick_size), quantity: quantity * unitsOf(step_size) };
}

function unitsOf(size: string): bigint {
  return BigInt(new Decimal(size).mul(1e8).toFixed(0));
}
