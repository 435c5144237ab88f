import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backtestCommand } from "../../src/cli/backtest.ts";
import { trainCommand } from "../../src/cli/train.ts";
import { UsageError } from "../../src/cli/usage-error.ts";
import { readModelFile } from "../../src/host/model-file.ts";
import { writeTape } from "../../src/tape/writer.ts";
import { madeTape } from "../host/training/support.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-train-"));
afterAll(() => rmSync(folder, { recursive: true }));

const bundled = "config/tapes/BTCUSDT-20240719.arrow";
const models = join(folder, "models.json");
const config = join(folder, "settings.yaml");
const printed: string[] = [];
const progress: string[] = [];

function trained(changes: Partial<Parameters<typeof trainCommand>[0]> = {}): string {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  trainCommand({
    tapes: [bundled],
    config,
    json: true,
    out: null,
    print,
    progress: null,
    ...changes,
  });
  return lines.join("\n");
}

beforeAll(() => {
  writeFileSync(config, "symbols: [BTCUSDT]\n");
  printed.push(trained({ out: models, progress: (line) => void progress.push(line) }));
});

test("[DEC-3] `train --json` prints per horizon what was forecast, against the base rate and after costs", () => {
  const report = JSON.parse(printed[0] ?? "");
  expect(report).toMatchObject({ taker_fee: 0.0005, min_edge: 0.08, out: models });
  const [symbol] = report.symbols;
  expect(symbol).toMatchObject({ symbol: "BTCUSDT", rows: expect.any(Number) });
  expect(symbol.horizons.map((horizon: { seconds: number }) => horizon.seconds)).toEqual([2, 10, 60]);
  for (const { fitted, online, warnings } of symbol.horizons) {
    for (const one of [fitted, online]) {
      expect(one).toMatchObject({
        log_loss: expect.any(Number),
        base_log_loss: expect.any(Number),
        log_loss_gain: { mean: expect.any(Number) },
        brier: expect.any(Number),
        base_brier: expect.any(Number),
        at_min_edge: { net_bps: {}, base_net_bps: {}, advantage_bps: {} },
      });
      expect(one.calibration).toHaveLength(10);
    }
    // Eight minutes with ten basis points of costs a trade: whatever the models know, nothing is earned.
    expect(warnings.length).toBeGreaterThan(0);
  }
});

test("[BT-3] the report for people warns in plain words", () => {
  const text = trained({ json: false });
  expect(text).toMatch(/WARNING horizon 2 s: trading on it loses after costs/);
  expect(text).toMatch(/WARNING horizon 60 s: \d independent stretches of time are too few for an interval/);
});

test("[DEC-3] progress is told step by step and in tenths, not by event", () => {
  expect(progress).toContain("BTCUSDT: reading 50 %");
  expect(progress.at(-1)).toBe("BTCUSDT: fitting to everything 100 %");
  expect(progress.length).toBeLessThan(100);
});

test("[DEC-3] a run that is told to start from the trained models does not warm up", () => {
  const started = join(folder, "started.yaml");
  writeFileSync(started, `symbols: [BTCUSDT]\ndecision: { ensemble: { start_from: ${models} } }\n`);
  const blockedWith = (file: string): Record<string, number> => {
    const lines: string[] = [];
    backtestCommand({
      tapes: [bundled],
      config: file,
      json: true,
      compareModes: false,
      print: (line) => void lines.push(line),
    });
    return JSON.parse(lines[0] ?? "").blocked;
  };
  expect(blockedWith(config)["WARMING_UP"]).toBeGreaterThan(0);
  expect(blockedWith(started)["WARMING_UP"]).toBeUndefined();
});

test("[DEC-3] both modes of a comparison start from the trained models", () => {
  const started = join(folder, "compared.yaml");
  writeFileSync(started, `symbols: [BTCUSDT]\ndecision: { ensemble: { start_from: ${models} } }\n`);
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  backtestCommand({ tapes: [bundled], config: started, json: true, compareModes: true, print });
  const { modes } = JSON.parse(lines[0] ?? "");
  expect([modes.normal.blocked.WARMING_UP, modes.scalp.blocked.WARMING_UP]).toEqual([undefined, undefined]);
});

test("[DEC-3] the model file names what it was trained on, without a path", () => {
  expect(readModelFile(models)).toMatchObject({
    trained_on: [{ tape: "BTCUSDT-20240719.arrow", symbol: "BTCUSDT", from: expect.stringMatching(/^2024-07-18T/) }],
    models: [{ symbol: "BTCUSDT", source: "ensemble" }],
  });
  expect(readFileSync(models, "utf8")).not.toContain("null");
});

test("[DEC-3] tapes of one symbol that overlap in time are refused", () => {
  const [first, second] = [join(folder, "a.arrow"), join(folder, "b.arrow")];
  writeTape(first, madeTape(100, 0.5));
  writeTape(second, madeTape(200, 0.5));
  expect(() => trained({ tapes: [first, second] })).toThrow(UsageError);
  expect(() => trained({ tapes: [first, second] })).toThrow(/b\.arrow: overlaps .*a\.arrow in time/);
});

test("[DEC-3] a place where nothing can be written is one clear error", () => {
  expect(() => trained({ out: join(folder, "none", "x.json") })).toThrow(/--out .*x\.json: cannot be written/);
});

test("[CFG-2] `train` without a tape ends with code 2, with a missing one with code 1", () => {
  const run = (...given: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, ["src/cli/main.ts", "train", ...given], {
      encoding: "utf8",
    });
    return { status, stderr };
  };
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringMatching(/--tape/) });
  expect(run("--tape", "none.arrow")).toMatchObject({ status: 1, stderr: expect.stringMatching(/none\.arrow/) });
});
