/** `scalpd backtest --compare-modes`: one tape, both modes. */

import { beforeAll, expect, test } from "vitest";
import { backtestCommand } from "../../src/cli/backtest.ts";
import { comparisonTable, type ModeComparison, type ModeReport } from "../../src/cli/compare-modes.ts";

const tapes = ["config/tapes/BTCUSDT-20240719.arrow"];

function printed(json: boolean, compareModes: boolean): string {
  const lines: string[] = [];
  const code = backtestCommand({ tapes, config: null, json, compareModes, print: (line) => lines.push(line) });
  expect(code).toBe(0);
  return lines.join("\n");
}

let comparison: ModeComparison;
beforeAll(() => {
  comparison = JSON.parse(printed(true, true));
});

test("[CFG-3] the bundled tape trades in both modes, and differently", () => {
  const { normal, scalp } = comparison.modes;
  expect([normal.entries > 0, scalp.entries > 0, normal.hash === scalp.hash]).toEqual([true, true, false]);
});

test("[CFG-3] the column of the configured mode is the backtest of that mode", () => {
  const plain: ModeReport = JSON.parse(printed(true, false));
  expect(comparison.modes.normal).toMatchObject({ hash: plain.hash, pnl_net: plain.pnl_net, entries: plain.entries });
});

test("[EXE-3] scalp entries that never cross are maker orders alone", () => {
  expect(comparison.modes.scalp.entry_maker_share).toBe(1);
});

test("[EXE-4] every entry that was sent has filled or not", () => {
  for (const report of Object.values(comparison.modes)) {
    expect(report.entries + report.entries_not_filled).toBe(report.entries_sent);
  }
});

test("[CFG-3] the table has a row a figure, a column a mode, and each reason that blocked", () => {
  const lines = comparisonTable(comparison).split("\n");
  const reasons = Object.values(comparison.modes).flatMap(({ blocked }) => Object.keys(blocked));
  expect(lines[0]?.trim().split(/\s+/)).toEqual(["normal", "scalp"]);
  expect(lines.filter((line) => line.startsWith("blocked")).length).toBe(new Set(reasons).size);
  expect(lines.find((line) => line.startsWith("pnl net"))).toContain(comparison.modes.scalp.pnl_net);
});
