/** `scalpd train`: fits the ensemble to tapes, prints how good it would have been, and writes what it learnt. */

import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { loadSettings } from "../config/load.ts";
import { ModelFile } from "../host/model-file.ts";
import { type Training, type TrainingStep, train } from "../host/training/train.ts";
import type { Tape } from "../tape/format.ts";
import { readTape } from "../tape/reader.ts";
import { tapeStatistics } from "../tape/statistics.ts";
import { jsonReport, readableReport } from "./train-report.ts";
import { UsageError } from "./usage-error.ts";

export type TrainOptions = {
  readonly tapes: readonly string[];
  readonly config: string | null;
  readonly json: boolean;
  /** where the models are written; null: nowhere */
  readonly out: string | null;
  readonly print: (line: string) => void;
  /** told to people who wait; null where nobody does */
  readonly progress: ((line: string) => void) | null;
};

type NamedTape = { readonly name: string; readonly tape: Tape; readonly from: number; readonly to: number };

/** @returns the exit code */
export function trainCommand(options: TrainOptions): number {
  const settings = loadSettings(options.config);
  const tapes = options.tapes.map(named);
  const symbols = [...new Set(tapes.map(({ tape }) => tape.metadata.symbol))];
  const started = process.hrtime.bigint();
  const trainings = symbols.map((symbol) => {
    const own = tapes.filter(({ tape }) => tape.metadata.symbol === symbol).sort((a, b) => a.from - b.from);
    refuseOverlap(own);
    return train(
      own.map(({ tape }) => tape),
      settings,
      teller(options.progress),
    );
  });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (options.out !== null) writeModels(options.out, tapes, trainings);
  options.print(
    options.json
      ? JSON.stringify(jsonReport(trainings, settings, seconds, options.out))
      : readableReport(trainings, settings, seconds, options.out),
  );
  return 0;
}

function named(path: string): NamedTape {
  const tape = readTape(path);
  if (tape.length === 0) throw new UsageError(`--tape ${path}: holds no event`);
  const { firstTime, lastTime } = tapeStatistics(tape);
  return { name: path, tape, from: firstTime, to: lastTime };
}

function refuseOverlap(tapes: readonly NamedTape[]): void {
  for (const [index, { name, from, tape }] of tapes.entries()) {
    const before = tapes[index - 1];
    if (before === undefined) continue;
    if (before.to >= from) throw new UsageError(`--tape ${name}: overlaps ${before.name} in time`);
    const [old, now] = [before.tape.metadata, tape.metadata];
    if (old.tickSize !== now.tickSize || old.stepSize !== now.stepSize) {
      throw new UsageError(`--tape ${name}: has another tick or step size than ${before.name}`);
    }
  }
}

function writeModels(path: string, tapes: readonly NamedTape[], trainings: readonly Training[]): void {
  const file = {
    format: "scalpd-models",
    version: 1,
    trained_on: tapes.map(({ name, tape, from, to }) => ({
      tape: basename(name),
      symbol: tape.metadata.symbol,
      from: isoTime(from),
      to: isoTime(to),
    })),
    models: trainings.map(({ symbol, state }) => ({ symbol, source: "ensemble", state })),
  };
  // Numbers that are none would be written as null: they are found here and not at the next start.
  const text = JSON.stringify(ModelFile.parse(file));
  try {
    writeFileSync(path, `${text}\n`);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`--out ${path}: cannot be written: ${message}`, { cause });
  }
}

/** A line when a step begins, and at each tenth of it. */
function teller(progress: TrainOptions["progress"]): (step: TrainingStep) => void {
  let last = "";
  return ({ symbol, step, share }) => {
    const line = `${symbol}: ${step} ${Math.floor(share * 10) * 10} %`;
    if (line !== last) progress?.(line);
    last = line;
  };
}

function isoTime(time: number): string {
  return new Date(time / 1_000).toISOString();
}
