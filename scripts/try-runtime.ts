/**
 * Tries the way of a user's model with a real runtime, which the tests have not got: `npx node
 * scripts/try-runtime.ts onnxruntime-web`, where that package is installed beside scalpd. Each line says what was
 * tried, what came, and whether that is right; the exit code is 1 when something is not.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { Settings } from "../src/config/schema.ts";
import type { ModelOutput } from "../src/domain/model.ts";
import { micros, symbolIndex } from "../src/domain/units.ts";
import { ModelRunner } from "../src/host/model/runner.ts";
import { features, floats, horizons, runnable, value, wired } from "../test/host/model/onnx.ts";

type Runtime = Settings["decision"]["ensemble"]["onnx"]["runtime"];
type Limits = { readonly timeMs?: number; readonly values?: readonly number[] };

const folder = mkdtempSync(join(tmpdir(), "scalpd-model-"));
const inputs = [value("features", [1, features])];
const outputs = [value("p_up", [1, horizons])];
const weights = Array.from({ length: features * horizons }, (_, index) => Math.sin(index));
const bias = [0.1, 0, -0.1];
const side = 1_024;

/** One layer and a sigmoid, whose probabilities can be worked out by hand. */
const linear = runnable({
  inputs,
  outputs,
  constants: [floats("w", [features, horizons], weights), floats("b", [horizons], bias)],
  nodes: [wired("Gemm", ["features", "w", "b"], "z"), wired("Sigmoid", ["z"], "p_up")],
});

/** The same without the sigmoid. */
const unbounded = runnable({
  inputs,
  outputs,
  constants: [floats("w", [features, horizons], weights), floats("b", [horizons], [5, 5, 5])],
  nodes: [wired("Gemm", ["features", "w", "b"], "p_up")],
});

/** The logarithm of what is below zero. */
const notANumber = runnable({
  inputs,
  outputs,
  constants: [floats("w", [features, horizons], weights), floats("b", [horizons], [-100, -100, -100])],
  nodes: [wired("Gemm", ["features", "w", "b"], "z"), wired("Log", ["z"], "l"), wired("Sigmoid", ["l"], "p_up")],
});

/** Adds a row to a column and multiplies the square with itself: small on disk, and long to compute. */
function heavy(products: number): Uint8Array {
  const column = Array.from({ length: side }, () => 1e-3);
  const squares = Array.from({ length: products }, (_, index) =>
    wired("MatMul", [`s${index}`, `s${index}`], `s${index + 1}`),
  );
  return runnable({
    inputs,
    outputs,
    constants: [
      floats(
        "w",
        [features, side],
        Array.from({ length: features * side }, () => 0),
      ),
      floats("c", [side, 1], column),
      floats(
        "o",
        [side, horizons],
        Array.from({ length: side * horizons }, () => 0),
      ),
      floats("one", [1, side], column),
    ],
    nodes: [
      wired("MatMul", ["features", "w"], "row"),
      wired("Add", ["row", "c"], "s0"),
      ...squares,
      wired("MatMul", ["one", `s${products}`], "sum"),
      wired("MatMul", ["sum", "o"], "z"),
      wired("Sigmoid", ["z"], "p_up"),
    ],
  });
}

/** Sound to look at, and not to a runtime: a value that nobody makes. */
const broken = runnable({ inputs, outputs, nodes: [wired("Sigmoid", ["nothing"], "p_up")] });

const sample = Array.from({ length: features }, (_, index) => Math.cos(index));

async function main(): Promise<number> {
  const runtime: Runtime = process.argv[2] === "onnxruntime-node" ? "onnxruntime-node" : "onnxruntime-web";
  const failed = { kind: "failed" } as const;
  const checks = [
    await tries(runtime, "a sound model", linear, {}, isExact),
    await tries(runtime, "values without a bound", unbounded, {}, (answer) => isDeepStrictEqual(answer, failed)),
    await tries(runtime, "values that are no numbers", notANumber, {}, (answer) => isDeepStrictEqual(answer, failed)),
    await tries(runtime, "a feature that is no number", linear, { values: sample.with(0, Number.NaN) }, (answer) =>
      isDeepStrictEqual(answer, failed),
    ),
    await tries(runtime, "one that takes too long", heavy(3), { timeMs: 20 }, (answer) => answer.kind === "slow"),
    await tries(runtime, "one that never ends", heavy(190), { timeMs: 20 }, (answer) => answer.kind === "slow"),
    await tries(runtime, "one that the runtime refuses", broken, {}, (answer) => isDeepStrictEqual(answer, failed)),
  ];
  return checks.every(Boolean) ? 0 : 1;
}

function isExact(answer: ModelOutput["answer"]): boolean {
  if (answer.kind !== "forecast") return false;
  return answer.probabilities.every((p, h) => {
    const z = sample.reduce((sum, x, i) => sum + x * (weights[i * horizons + h] ?? 0), bias[h] ?? 0);
    return Math.abs(p - 1 / (1 + Math.exp(-z))) < 1e-6;
  });
}

async function tries(
  runtime: Runtime,
  what: string,
  bytes: Uint8Array,
  { timeMs = 5_000, values = sample }: Limits,
  isRight: (answer: ModelOutput["answer"]) => boolean,
): Promise<boolean> {
  const file = join(folder, "model.onnx");
  writeFileSync(file, bytes);
  const told = new EventTarget();
  const notices: string[] = [];
  let answer: ModelOutput["answer"] | null = null;
  const runner = new ModelRunner({
    settings: {
      ...Settings.parse({}).decision.ensemble.onnx,
      file,
      runtime,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      time_limit_ms: timeMs,
    },
    inputs: features,
    outputs: horizons,
    answer: (output) => {
      answer = output.answer;
      told.dispatchEvent(new Event("answer"));
    },
    notice: (_level, code, { detail }) => {
      notices.push(detail === undefined ? code : `${code} (${detail})`);
      told.dispatchEvent(new Event(code));
    },
  });
  runner.start();
  await Promise.race(["MODEL_READY", "MODEL_GIVEN_UP", "MODEL_REFUSED"].map(async (code) => await once(told, code)));
  const begun = performance.now();
  const answered = once(told, "answer");
  runner.ask({ kind: "model-input", symbol: symbolIndex(0), request: 1, features: values, time: micros(1) });
  await answered;
  const milliseconds = performance.now() - begun;
  // One that hangs is ended and started anew: that is waited for, because it is the machine's share in it.
  if (what.includes("never")) await once(told, "MODEL_READY");
  const closing = performance.now();
  await runner.close();
  const right = answer !== null && isRight(answer);
  process.stdout.write(
    `${right ? "right" : "WRONG"}  ${what}: ${JSON.stringify(answer)} after ${milliseconds.toFixed(1)} ms; ${notices.join(", ")}; closed in ${(performance.now() - closing).toFixed(0)} ms\n`,
  );
  return right;
}

try {
  process.exitCode = await main();
} finally {
  rmSync(folder, { recursive: true });
}
