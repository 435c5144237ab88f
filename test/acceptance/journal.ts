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
  exit_reason: z.string(),
});

export type JournalFill = Omit<z.infer<typeof FillRow>, "tick_size" | "step_size">;
export type JournalTrade = z.infer<typeof TradeRow>;
export type Journal = { readonly fills: readonly JournalFill[]; readonly trades: readonly JournalTrade[] };

/** @param directory `store.directory` with exactly one journal in it */
export function journalOf(directory: string): Journal {
  const [path, ...others] = readdirSync(directory)
    .map((name) => join(directory, name, "journal.sqlite"))
    .filter((file) => existsSync(file));
  if (path === undefined || others.length > 0) throw new Error(`not one journal under ${directory}`);
  const database = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  try {
    const fills = database
      .prepare("SELECT fills.*, tick_size, step_size FROM fills JOIN instruments ON instruments.id = instrument")
      .all();
    const trades = database.prepare("SELECT * FROM trades").all();
    return { fills: z.array(FillRow).parse(fills).map(inUnits), trades: z.array(TradeRow).parse(trades) };
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
