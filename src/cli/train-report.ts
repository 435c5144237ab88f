/** What `scalpd train` prints: for people, and as one JSON object. */

import type { Settings } from "../config/schema.ts";
import type { Estimate } from "../host/training/bootstrap.ts";
import type { Evaluation, Trading } from "../host/training/evaluation.ts";
import type { HorizonTraining, Training } from "../host/training/train.ts";
import { warningsOf } from "../host/training/verdict.ts";

/** The fields of the JSON line, as the README documents them. Losses in nats a label, money in basis points a trade. */
export function jsonReport(trainings: readonly Training[], settings: Settings, seconds: number, out: string | null) {
  return {
    seconds,
    taker_fee: settings.exchange.taker_fee,
    min_edge: settings.decision.ensemble.min_edge,
    out,
    symbols: trainings.map((training) => ({
      symbol: training.symbol,
      rows: training.rows,
      horizons: training.horizons.map((horizon) => ({
        seconds: horizon.seconds,
        fits: horizon.fits,
        fitted: evaluationJson(horizon.fitted),
        online: evaluationJson(horizon.online),
        warnings: warningsOf(horizon),
      })),
    })),
  };
}

function evaluationJson(evaluation: Evaluation) {
  return {
    labels: evaluation.labels,
    unchanged: evaluation.unchanged,
    hit_rate: estimateJson(evaluation.hitRate),
    log_loss: evaluation.logLoss,
    base_log_loss: evaluation.baseLogLoss,
    log_loss_gain: estimateJson(evaluation.logLossGain),
    brier: evaluation.brier,
    base_brier: evaluation.baseBrier,
    brier_gain: estimateJson(evaluation.brierGain),
    calibration: evaluation.calibration,
    at_min_edge: tradingJson(evaluation.atMinEdge),
    always: tradingJson(evaluation.always),
  };
}

function tradingJson(trading: Trading) {
  return {
    trades: trading.trades,
    gross_bps: estimateJson(trading.gross),
    costs_bps: trading.costs,
    net_bps: estimateJson(trading.net),
    base_net_bps: estimateJson(trading.baseNet),
    advantage_bps: estimateJson(trading.advantage),
  };
}

function estimateJson({ mean, ci95, blocks }: Estimate) {
  return { mean, ci95, blocks };
}

export function readableReport(
  trainings: readonly Training[],
  settings: Settings,
  seconds: number,
  out: string | null,
): string {
  const fee = settings.exchange.taker_fee * 10_000;
  return [
    ...trainings.flatMap(readableTraining),
    `Forecasts are of rows that the model had not seen; intervals are 95 %, from blocks of time. "gain" is the base rate's loss minus the model's: above 0 is better.`,
    `Trades cross the spread both ways and pay ${digits(fee, 1)} bps each, are held for the horizon, and never overlap.`,
    `${digits(seconds, 1)} s${out === null ? "" : `; models written to ${out}`}`,
  ].join("\n");
}

function readableTraining({ symbol, rows, horizons }: Training): string[] {
  return [`${symbol}: ${rows} rows`, ...horizons.flatMap(readableHorizon), ""];
}

function readableHorizon(horizon: HorizonTraining): string[] {
  const { seconds, fits, fitted, online } = horizon;
  return [
    "",
    `  horizon ${seconds} s: ${fitted.labels} labels forecast, ${fitted.unchanged} without a move, ${fits} fits`,
    ...scores("fitted", fitted),
    ...scores("online", online),
    `    said → came (of): ${calibrationLine(fitted)}`,
    `    trades at |p − ½| ≥ min_edge: ${tradingLine(fitted.atMinEdge)}`,
    `    trades on every forecast:     ${tradingLine(fitted.always)}`,
    ...warningsOf(horizon).map((warning) => `    WARNING ${warning}`),
  ];
}

function scores(name: string, evaluation: Evaluation): string[] {
  return [
    `    ${name}: log-loss ${digits(evaluation.logLoss, 5)} (base ${digits(evaluation.baseLogLoss, 5)}, gain ${shown(evaluation.logLossGain, 5)}), ` +
      `Brier ${digits(evaluation.brier, 5)} (base ${digits(evaluation.baseBrier, 5)}, gain ${shown(evaluation.brierGain, 5)}), hits ${shown(evaluation.hitRate, 3)}`,
  ];
}

function calibrationLine({ calibration }: Evaluation): string {
  const filled = calibration.filter(({ count }) => count > 0);
  if (filled.length === 0) return "–";
  return filled.map(({ said, came, count }) => `${digits(said, 2)} → ${digits(came, 2)} (${count})`).join(", ");
}

function tradingLine(trading: Trading): string {
  if (trading.trades === 0) return "none";
  return (
    `${trading.trades}, gross ${shown(trading.gross, 3)}, costs ${digits(trading.costs, 3)}, net ${shown(trading.net, 3)}, ` +
    `base rate net ${shown(trading.baseNet, 3)}, advantage ${shown(trading.advantage, 3)} bps`
  );
}

function shown({ mean, ci95 }: Estimate, places: number): string {
  const interval = ci95 === null ? "no interval" : `${digits(ci95[0], places)} … ${digits(ci95[1], places)}`;
  return `${digits(mean, places)} [${interval}]`;
}

function digits(value: number | null, places: number): string {
  return value === null ? "–" : value.toFixed(places);
}
