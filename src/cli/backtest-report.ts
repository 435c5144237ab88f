/** The figures of a backtest, as its JSON line has them. */

import { textFromMoney } from "../domain/instrument.ts";
import { type BacktestResult, netProfits } from "../host/backtest.ts";
import { tradeStatistics } from "../host/trade-statistics.ts";

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
