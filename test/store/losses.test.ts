import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Row } from "../../src/domain/output.ts";
import { micros, money } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { optionsIn, tradeRow } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-losses-"));
afterAll(() => rmSync(root, { recursive: true }));

const resumed = { kind: "risk-event", event: "RESUMED", by: "operator", symbol: null, time: micros(25) } as const;
const halted = { ...resumed, event: "HALTED", by: "run_of_losses", reason: "HALTED", until: null } as const;

test.each<[string, readonly Row[], number]>([
  ["no trade", [], 0],
  ["losses alone", trades(-1, -1, -1), 3],
  ["losses after a win", trades(-1, 1, -1, -1), 2],
  ["losses after one that ended even", trades(-1, 0, -1), 1],
  ["a win after losses", trades(-1, -1, 1), 0],
  ["losses around a resume", [...trades(-1, -1, -1, -1), resumed], 2],
  ["losses after a run that was acted on", [...trades(-1, -1, -1), halted], 1],
  ["losses around what an operator did", [...trades(-1, -1, -1), { ...halted, by: "operator" }], 3],
  ["losses after a resume", [...trades(-1, -1, -1), { ...resumed, time: micros(5) }], 3],
])("[RSK-7] the next run is told how many losses the trades end with: %s", async (_, rows, expected) => {
  const directory = mkdtempSync(join(root, "s-"));
  const first = await openStore(optionsIn(directory));
  first.append(rows);
  await first.close();
  const second = await openStore(optionsIn(directory));
  expect(second.journal.lossesInARow).toBe(expected);
  await second.close();
});

/** One after the other, every ten microseconds. */
function trades(...nets: readonly number[]): readonly Row[] {
  return nets.map((net, index) =>
    tradeRow(`d${index}`, { netPnl: money(BigInt(net)), exitTime: micros(10 * (index + 1)) }),
  );
}
