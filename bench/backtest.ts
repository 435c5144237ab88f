/**
 * Goal B1: events a second of a whole backtest of the bundled tapes (exchange, features, micro-scalp and ensemble, risk,
 * orders) against a minimal pipeline. Both run in this process, in interleaved rounds.
 */

import { fileURLToPath } from "node:url";
import { Settings } from "../src/config/schema.ts";
import { at, present } from "../src/domain/assert.ts";
import { listedSymbols } from "../src/exchange/symbols.ts";
import { type BacktestInput, backtest } from "../src/host/backtest.ts";
import { readTape } from "../src/tape/reader.ts";
import type { Row } from "./lib/goals.ts";
import { interleave, nanosOf, ratios, shown, spread } from "./lib/measure.ts";
import { Pipeline, randomColumns } from "./lib/pipeline.ts";

const rounds = 5;
/** Until the optimising compiler has seen everything, which takes some twenty runs; the first is reported beside. */
const warmups = 7;
const runsPerRound = 3;
const pipelineEvents = 2_000_000;
const pipelinePasses = 10;

/** Micro-scalp runs beside ensemble and demo source, which are on without being asked for. */
export function bundledBacktest(): BacktestInput {
  const tapes = ["BTCUSDT", "ETHUSDT"].map((symbol) =>
    readTape(fileURLToPath(new URL(`../config/tapes/${symbol}-20240719.arrow`, import.meta.url))),
  );
  const specs = tapes.map(({ metadata: { symbol } }) =>
    present(
      listedSymbols.find(({ row }) => row.symbol === symbol),
      symbol,
    ),
  );
  return { settings: Settings.parse({ decision: { micro_scalp: { enabled: true } } }), tapes, specs };
}

export async function benchBacktest(): Promise<readonly Row[]> {
  const input = bundledBacktest();
  const columns = randomColumns(pipelineEvents);
  const rates: number[] = [];
  const hashes = new Set<string>();
  const ours = (): number => {
    let events = 0;
    let nanos = 0;
    for (let run = 0; run < runsPerRound; run += 1) {
      nanos += nanosOf(() => {
        const result = backtest(input);
        events += result.events;
        hashes.add(result.hash);
      });
      rates.push((events / nanos) * 1e9);
    }
    return (events / nanos) * 1e9;
  };
  const minimal = (): number => {
    const pipeline = new Pipeline();
    let sum = 0;
    const nanos = nanosOf(() => {
      for (let pass = 0; pass < pipelinePasses; pass += 1) sum = pipeline.run(columns);
    });
    if (!Number.isFinite(sum)) throw new Error("the minimal pipeline gave no number");
    return ((pipelineEvents * pipelinePasses) / nanos) * 1e9;
  };
  const figures = await interleave(
    [
      { name: "ours", run: ours },
      { name: "minimal", run: minimal },
    ],
    rounds,
    warmups,
  );
  if (hashes.size !== 1) throw new Error(`${hashes.size} different hashes of one backtest`);
  const millions = (values: readonly number[]): string =>
    shown(spread(values.map((value) => value / 1e6)), values === figures.ours ? 3 : 1);
  return [
    {
      goal: "B1",
      what: "backtest events/s ÷ minimal pipeline",
      ratio: ratios(figures.ours, figures.minimal),
      rounds,
      detail:
        `backtest ${millions(figures.ours)} M/s (first run in the process ${(at(rates, 0) / 1e6).toFixed(3)}), ` +
        `minimal pipeline ${millions(figures.minimal)} M/s`,
    },
  ];
}
