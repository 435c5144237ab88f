/** `scalpd backtest`: the engine over tapes, in process; prints a summary, or one JSON line. */

import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { textFromMoney } from "../domain/instrument.ts";
import { listedSymbols, type SymbolSpec } from "../exchange/symbols.ts";
import { type BacktestResult, backtest, netProfits } from "../host/backtest.ts";
import { modelsOf, startingModels } from "../host/model-file.ts";
import { tradeStatistics } from "../host/trade-statistics.ts";
import { readTape } from "../tape/reader.ts";
import { UsageError } from "./usage-error.ts";

export type BacktestOptions = {
  readonly tapes: readonly string[];
  readonly config: string | null;
  readonly json: boolean;
  readonly print: (line: string) => void;
};

/** @returns the exit code */
export function backtestCommand(options: BacktestOptions): number {
  const settings = loadSettings(options.config);
  const tapes = options.tapes.map((path) => readTape(path));
  const specs = tapes.map((tape, index) => specOf(tape.metadata.symbol, options.tapes[index] ?? ""));
  if (new Set(specs).size !== specs.length) {
    throw new UsageError("--tape: two tapes of the same symbol; one a symbol is allowed");
  }
  const started = process.hrtime.bigint();
  const symbols = tapes.map(({ metadata }) => metadata.symbol);
  const models = modelsOf(startingModels(settings), symbols);
  const result = backtest({ settings, tapes, specs, models });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const report = backtestReport(result, seconds);
  options.print(options.json ? JSON.stringify(report) : readable(report, settings));
  return result.summary.safeMode ? 1 : 0;
}

function specOf(symbol: string, path: string): SymbolSpec {
  const spec = listedSymbols.find((candidate) => candidate.row.symbol === symbol);
  if (spec === undefined) {
    const allowed = listedSymbols.map((candidate) => candidate.row.symbol).join(", ");
    throw new UsageError(
      `--tape ${path}: symbol ${symbol} is not listed by the embedded exchange; allowed: ${allowed}`,
    );
  }
  return spec;
}

export type BacktestReport = ReturnType<typeof backtestReport>;

/** The fields of the JSON line, as the README documents them. Money is decimal text in the quote asset. */
export function backtestReport(result: BacktestResult, seconds: number) {
  const statistics = tradeStatistics(netProfits(result));
  return {
    symbols: result.summary.symbols,
    events: result.events,
    seconds,
    events_per_second: Math.round(result.events / seconds),
    tape_seconds: (result.end - result.start) / 1e6,
    decisions: result.summary.decisions,
    blocked: result.summary.blocked,
    commands: result.commands,
    hash: result.hash,
    entries: result.summary.entries,
    exits: result.summary.exits,
    fills: result.summary.fills,
    trades: result.summary.trades,
    open_positions: result.summary.openPositions,
    unprotected_ms_max: result.summary.unprotectedMicrosMax / 1e3,
    safe_mode: result.summary.safeMode,
    pnl_gross: textFromMoney(result.grossPnl),
    fees: textFromMoney(result.fees),
    funding: textFromMoney(result.funding),
    pnl_net: textFromMoney(result.netPnl),
    wallet_change: textFromMoney(result.walletChange),
    ci95: statistics.ci95,
    max_drawdown: statistics.maxDrawdown,
    sharpe: statistics.sharpe,
    hit_rate: statistics.hitRate,
  };
}

function readable(report: BacktestReport, settings: Settings): string {
  const quantity = (value: number | null, digits = 4): string => (value === null ? "–" : value.toFixed(digits));
  const interval = report.ci95 === null ? "–" : `${quantity(report.ci95[0])} … ${quantity(report.ci95[1])}`;
  return [
    `${report.symbols.join(", ")}: ${report.events} events, ${quantity(report.tape_seconds, 0)} s of market in ${quantity(report.seconds, 2)} s (${report.events_per_second} events/s)`,
    `decisions ${report.decisions}, entries ${report.entries}, trades ${report.trades}, commands ${report.commands}, hash ${report.hash.slice(0, 16)}`,
    `blocked ${
      Object.entries(report.blocked)
        .map(([reason, count]) => `${reason} ${count}`)
        .join(", ") || "nothing"
    }`,
    `gross ${report.pnl_gross}, fees ${report.fees}, funding ${report.funding}, net ${report.pnl_net} USDT (wallet ${report.wallet_change})`,
    `net a trade, 95 %: ${interval}; hit rate ${quantity(report.hit_rate, 2)}, sharpe a trade ${quantity(report.sharpe, 3)}, drawdown ${quantity(report.max_drawdown)}`,
    ...(settings.decision.demo.enabled
      ? ["The demo source is on: it shows the machinery and is no strategy; the result says nothing about one."]
      : []),
  ].join("\n");
}
