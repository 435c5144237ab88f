/** `scalpd backtest --compare-modes`: the same tapes under `mode: normal` and `mode: scalp`, side by side. */

import type { Settings } from "../config/schema.ts";
import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import { merged } from "../domain/merge.ts";
import { parseOrderId } from "../domain/order-id.ts";
import type { FillRow, Output, TradeRow } from "../domain/output.ts";
import { type BacktestInput, backtest } from "../host/backtest.ts";
import { type BacktestReport, backtestReport } from "./backtest-report.ts";

const modes = ["normal", "scalp"] as const;
type Mode = (typeof modes)[number];

export type ModeReport = BacktestReport & {
  /** entries that left, and those of which nothing filled */
  readonly entries_sent: number;
  readonly entries_not_filled: number;
  readonly amendments: number;
  /** share of what entries traded that rested, by worth; null without a fill */
  readonly entry_maker_share: number | null;
  /** average entry against the decision's mid; positive is worse */
  readonly slippage_ticks_mean: number | null;
  readonly slippage_bps_mean: number | null;
  readonly hold_seconds_mean: number | null;
};

export type ModeComparison = { readonly modes: Readonly<Record<Mode, ModeReport>> };

export function compareModes(input: BacktestInput, clock: () => number): ModeComparison {
  const of = (mode: Mode): ModeReport => reportOf({ ...input, settings: inMode(input.settings, mode) }, clock);
  return { modes: { normal: of("normal"), scalp: of("scalp") } };
}

/** All symbols in one mode, whatever they override. */
function inMode(settings: Settings, mode: Mode): Settings {
  const own = Object.fromEntries(settings.symbols.map((symbol) => [symbol, { trading: { mode } }]));
  return merged(settings, { trading: { mode }, overrides: own });
}

function reportOf(input: BacktestInput, clock: () => number): ModeReport {
  const seen = new Seen(input.settings.order_id_prefix);
  const started = clock();
  const result = backtest({ ...input, onOutput: (output) => seen.take(output) });
  const { trades } = result;
  const slipped = trades.filter((row) => row.slippageTicks !== null);
  return {
    ...backtestReport(result, clock() - started),
    entries_sent: seen.sent,
    entries_not_filled: seen.notFilled,
    amendments: seen.amendments,
    entry_maker_share: seen.makerShare(result.instruments),
    slippage_ticks_mean: mean(slipped, (row) => row.slippageTicks ?? 0),
    slippage_bps_mean: mean(slipped, (row) => ((row.slippageTicks ?? 0) / row.entryPrice) * 1e4),
    hold_seconds_mean: mean(trades, (row) => (row.exitTime - row.entryTime) / 1e6),
  };
}

/** What only the single outputs tell. */
class Seen {
  sent = 0;
  notFilled = 0;
  amendments = 0;
  readonly #prefix: string;
  readonly #entryFills: FillRow[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  take(output: Output): void {
    if (output.kind === "intent") this.sent += 1;
    else if (output.kind === "amend-order") this.amendments += 1;
    else if (output.kind === "notice" && output.code === "ENTRY_NOT_FILLED") this.notFilled += 1;
    else if (output.kind === "fill" && parseOrderId(output.clientOrderId, this.#prefix)?.role === "e") {
      this.#entryFills.push(output);
    }
  }

  makerShare(instruments: readonly Instrument[]): number | null {
    const worth = (rows: readonly FillRow[]): number =>
      rows.reduce((sum, { symbol, price, quantity }) => sum + worthOf(instruments[symbol], price * quantity), 0);
    const all = worth(this.#entryFills);
    return all === 0 ? null : worth(this.#entryFills.filter(({ maker }) => maker === true)) / all;
  }
}

function worthOf(instrument: Instrument | undefined, amount: number): number {
  return instrument === undefined ? 0 : quoteFromTickLots(instrument, amount);
}

function mean(rows: readonly TradeRow[], of: (row: TradeRow) => number): number | null {
  return rows.length === 0 ? null : rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
}

/** The comparison as a table: one row a figure, one column a mode, and the reasons that blocked. */
export function comparisonTable({ modes: { normal, scalp } }: ModeComparison): string {
  const figure = (what: string, of: (report: ModeReport) => string): readonly string[] => [what, of(normal), of(scalp)];
  const reasons = [...new Set([...Object.keys(normal.blocked), ...Object.keys(scalp.blocked)])].sort();
  const rows = [
    ["", ...modes],
    figure("decisions", (report) => String(report.decisions)),
    figure("entries sent", (report) => String(report.entries_sent)),
    figure("entries filled", (report) => String(report.entries)),
    figure("entries not filled", (report) => String(report.entries_not_filled)),
    figure("fills", (report) => String(report.fills)),
    figure("amendments", (report) => String(report.amendments)),
    figure("entry maker share", (report) => shown(report.entry_maker_share, 2)),
    figure("mean slippage, ticks", (report) => shown(report.slippage_ticks_mean, 2)),
    figure("mean slippage, bps", (report) => shown(report.slippage_bps_mean, 4)),
    figure("mean hold, s", (report) => shown(report.hold_seconds_mean, 2)),
    figure("pnl gross, USDT", (report) => report.pnl_gross),
    figure("fees, USDT", (report) => report.fees),
    figure("pnl net, USDT", (report) => report.pnl_net),
    ...reasons.map((reason) => figure(`blocked ${reason}`, (report) => String(report.blocked[reason] ?? 0))),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => padded(cell, widths[column] ?? 0, column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function padded(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function shown(value: number | null, digits: number): string {
  return value === null ? "–" : value.toFixed(digits);
}
