/** `scalpd backtest`: the engine over tapes, in process; prints a summary, or one JSON line. */

import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { backtest } from "../host/backtest.ts";
import { modelsOf, startingModels } from "../host/model-file.ts";
import { readTape } from "../tape/reader.ts";
import { type BacktestReport, backtestReport } from "./backtest-report.ts";
import { compareModes, comparisonTable, type ModeComparison } from "./compare-modes.ts";
import { symbolsOfTapes } from "./tape-symbols.ts";

export type BacktestOptions = {
  readonly tapes: readonly string[];
  readonly config: string | null;
  readonly json: boolean;
  /** the same tapes in mode normal and in mode scalp, side by side */
  readonly compareModes: boolean;
  readonly print: (line: string) => void;
};

/** @returns the exit code */
export function backtestCommand(options: BacktestOptions): number {
  const settings = loadSettings(options.config);
  const tapes = options.tapes.map((path) => readTape(path));
  const specs = symbolsOfTapes(tapes);
  const symbols = tapes.map(({ metadata }) => metadata.symbol);
  const models = modelsOf(startingModels(settings), symbols);
  if (options.compareModes) {
    const comparison = compareModes({ settings, tapes, specs, models }, clockSeconds);
    options.print(options.json ? JSON.stringify(comparison) : compared(comparison, settings));
    return Object.values(comparison.modes).some((report) => report.safe_mode) ? 1 : 0;
  }
  const started = clockSeconds();
  const result = backtest({ settings, tapes, specs, models });
  const report = backtestReport(result, clockSeconds() - started);
  options.print(options.json ? JSON.stringify(report) : readable(report, settings));
  return result.summary.safeMode ? 1 : 0;
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
    ...disclaimer(settings),
  ].join("\n");
}

function compared(comparison: ModeComparison, settings: Settings): string {
  return [comparisonTable(comparison), ...disclaimer(settings)].join("\n");
}

function disclaimer(settings: Settings): readonly string[] {
  return settings.decision.demo.enabled
    ? ["The demo source is on: it shows the machinery and is no strategy; the result says nothing about one."]
    : [];
}

function clockSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
