/** The ledger of the account: what to ask, and what its rows mean. @see binance-usdm.md §4.1, §4.2 income */

import { z } from "zod";
import type { CoreEvent, IncomeRow } from "../../domain/event.ts";
import { moneyFromText, OffGridError } from "../../domain/instrument.ts";
import type { QueryIncome } from "../../domain/output.ts";
import { type Micros, microsFromMillis } from "../../domain/units.ts";
import { query, type WireRequest } from "./encode.ts";
import type { InstrumentsByName } from "./reports.ts";

/** The most rows that one answer holds. */
export const incomeRowsMax = 1_000;

/** It only explains what is known already, so it leaves protection its share. */
export function incomeRequest(since: Micros): WireRequest {
  const startTime = Math.max(0, Math.floor(since / 1_000));
  return { ...query("/fapi/v1/income", 30, { startTime, limit: incomeRowsMax }), priority: "query" };
}

const id = z.union([z.string().min(1).max(64), z.bigint(), z.int()]).transform(String);
const Row = z.object({
  symbol: z.string().nullish(),
  incomeType: z.string().max(64),
  income: z.string().regex(/^-?\d{1,20}(\.\d{1,20})?$/),
  asset: z.string(),
  time: z.int().min(0).max(9_007_199_254_740),
  tranId: id,
});
type Row = z.infer<typeof Row>;
const Rows = z.array(Row);

/** The id of a row is unique among those of its type only. */
export type LedgerRow = { readonly id: string; readonly time: Micros; readonly income: IncomeRow | null };

const fundings: ReadonlySet<string> = new Set(["FUNDING_FEE", "SPECIAL_FUNDING_FEE"]);
const transfers: ReadonlySet<string> = new Set([
  "TRANSFER",
  "INTERNAL_TRANSFER",
  "CROSS_COLLATERAL_TRANSFER",
  "STRATEGY_UMFUTURES_TRANSFER",
  "COIN_SWAP_DEPOSIT",
  "COIN_SWAP_WITHDRAW",
  "AUTO_EXCHANGE",
]);

/**
 * Null: unreadable. `income` is null for what is of another asset.
 *
 * @param asset the margin asset of the configured symbols
 */
export function decodeIncome(
  body: unknown,
  asset: string,
  instruments: InstrumentsByName,
): readonly LedgerRow[] | null {
  const rows = Rows.safeParse(body);
  if (!rows.success) return null;
  try {
    return rows.data.map((row) => ledgerRow(row, asset, instruments));
  } catch (error) {
    if (error instanceof OffGridError) return null;
    throw error;
  }
}

function ledgerRow(row: Row, asset: string, instruments: InstrumentsByName): LedgerRow {
  const key = `${row.incomeType}-${row.tranId}`;
  const time = microsFromMillis(row.time);
  return { id: key, time, income: row.asset === asset ? incomeOf(row, key, time, instruments) : null };
}

function incomeOf(row: Row, key: string, time: Micros, instruments: InstrumentsByName): IncomeRow {
  const what = { id: key, amount: moneyFromText(row.income), time };
  if (transfers.has(row.incomeType)) return { kind: "transfer", ...what };
  const instrument = fundings.has(row.incomeType) ? instruments.get(row.symbol ?? "") : undefined;
  return instrument === undefined ? { kind: "other", ...what } : { kind: "funding", symbol: instrument.index, ...what };
}

/** What one answer alone comes to: a full one may be a part only. The outcome is the last event. */
export function incomeEvents(
  command: QueryIncome,
  body: unknown,
  asset: string,
  instruments: InstrumentsByName,
): readonly CoreEvent[] {
  const rows = decodeIncome(body, asset, instruments);
  if (rows === null || rows.length >= incomeRowsMax) {
    return [{ kind: "outcome", command, outcome: { kind: "unknown", cause: "unreadable income" } }];
  }
  const own = rows.flatMap(({ income }) => (income === null ? [] : [income]));
  return [
    { kind: "income-report", rows: own },
    { kind: "outcome", command, outcome: { kind: "ok" } },
  ];
}
