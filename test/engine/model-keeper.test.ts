/** What sources have learnt on its way out of the core, and back in, over a whole backtest of a bundled tape. */

import { beforeAll, expect, test } from "vitest";
import { Settings } from "../../src/config/schema.ts";
import { present } from "../../src/domain/assert.ts";
import type { SavedModel } from "../../src/domain/model.ts";
import type { ModelStateRow, Notice, Output } from "../../src/domain/output.ts";
import { symbolIndex } from "../../src/domain/units.ts";
import { listedSymbols } from "../../src/exchange/symbols.ts";
import { type BacktestResult, backtest } from "../../src/host/backtest.ts";
import { readTape } from "../../src/tape/reader.ts";

const tape = readTape("config/tapes/BTCUSDT-20240719.arrow");
const spec = present(
  listedSymbols.find(({ row }) => row.symbol === "BTCUSDT"),
  "BTCUSDT",
);
const saveSeconds = 60;

type Run = BacktestResult & { readonly rows: readonly ModelStateRow[]; readonly notices: readonly Notice[] };

function run(models?: readonly SavedModel[]): Run {
  const settings = Settings.parse({ decision: { ensemble: { save_seconds: saveSeconds } } });
  const outputs: Output[] = [];
  const onOutput = (output: Output): void => {
    if (output.kind === "model-state" || output.kind === "notice") outputs.push(output);
  };
  const result = backtest({
    settings,
    tapes: [tape],
    specs: [spec],
    onOutput,
    ...(models === undefined ? {} : { models }),
  });
  return {
    ...result,
    rows: outputs.filter((output) => output.kind === "model-state"),
    notices: outputs.filter((output) => output.kind === "notice"),
  };
}

let first: Run;
beforeAll(() => {
  first = run();
});

const noticed = ({ notices }: Run, code: string) => notices.filter((notice) => notice.code === code);

test("[DEC-3] what the models have learnt is saved at the interval, and once more at an orderly stop", () => {
  const seconds = (first.end - first.start) / 1e6;
  const times = first.rows.map(({ time }) => time);
  expect(first.rows.length).toBeGreaterThanOrEqual(Math.floor(seconds / (saveSeconds + 1)));
  expect(first.rows.length).toBeLessThanOrEqual(Math.ceil(seconds / saveSeconds) + 1);
  expect(first.rows.every(({ source, symbol }) => source === "ensemble" && symbol === 0)).toBe(true);
  expect(first.end - present(times.at(-1), "last")).toBeLessThan(2e6);
});

test("[DEC-3] a saved state holds no number that JSON cannot", () => {
  const state = first.rows.at(-1)?.state;
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
});

test("[DEC-3] a restarted core begins with what was learnt, and says so", () => {
  const learnt = present(first.rows.at(-1), "a state");
  const state: unknown = JSON.parse(JSON.stringify(learnt.state));
  const again = run([{ symbol: symbolIndex(0), source: "ensemble", state }]);
  expect(noticed(again, "MODEL_STATE_RESTORED")).toHaveLength(1);
  expect(first.summary.blocked["WARMING_UP"]).toBeGreaterThan(0);
  expect(again.summary.blocked["WARMING_UP"]).toBeUndefined();
});

test("[DEC-3] of two states of one source the later one holds, and one that fits no longer does not undo an earlier one", () => {
  const state = present(first.rows.at(-1), "a state").state;
  const model = { symbol: symbolIndex(0), source: "ensemble" };
  const again = run([
    { ...model, state },
    { ...model, state: { version: 0 } },
  ]);
  expect(noticed(again, "MODEL_STATE_REFUSED")).toHaveLength(1);
  expect(again.summary.blocked["WARMING_UP"]).toBeUndefined();
});

test.each([
  ["another version", { version: 0 }],
  ["other features", { version: 2, features: ["x"] }],
  ["no object", 5],
  ["nothing", null],
])("[DEC-3] a state with %s is refused with a notice, and learning begins anew", (_what, state) => {
  const again = run([{ symbol: symbolIndex(0), source: "ensemble", state }]);
  expect(noticed(again, "MODEL_STATE_REFUSED")).toMatchObject([{ level: "warn", fields: { source: "ensemble" } }]);
  expect(again.hash).toBe(first.hash);
});

test("[DEC-3] a state of a source that does not run changes nothing", () => {
  expect(run([{ symbol: symbolIndex(0), source: "gone", state: {} }]).hash).toBe(first.hash);
});
