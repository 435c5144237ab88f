import { expect, test } from "vitest";
import { Settings } from "../../src/config/schema.ts";
import type { Output, PlaceOrder, RiskEvent } from "../../src/domain/output.ts";
import { microsPerSecond } from "../../src/domain/units.ts";
import { listedSymbols } from "../../src/exchange/symbols.ts";
import { backtest } from "../../src/host/backtest.ts";
import {
  exchangeTimeAt,
  kindAt,
  markKind,
  nextFundingAt,
  receivedAtAt,
  rowWidth,
  type Tape,
} from "../../src/tape/format.ts";
import { readTape } from "../../src/tape/reader.ts";

const microsPerDay = 86_400 * microsPerSecond;
const bundled = readTape("config/tapes/BTCUSDT-20240719.arrow");
/** So much of the recording is played before midnight, and so much after. */
const before = 90 * microsPerSecond;
const after = 60 * microsPerSecond;

/** Enters all the time and takes both ways, so that fees alone are a loss of about a dollar a trade. */
const losing = {
  decision: {
    ensemble: { enabled: false },
    demo: { enabled: true, interval_seconds: 3, hold_seconds: 2, cooldown_seconds: 0 },
  },
  trading: { normal: { entry_order: "market" } },
} as const;

type Timed<T> = { readonly output: T; readonly at: number };

test("[RSK-4] losses through the daily limit stop entries, once told, until the next UTC day", () => {
  const { outputs, midnight } = played({ max_daily_loss_abs: 3, on_violation: "halt" });
  const events = eventsOf(outputs);
  const [halted] = events.filter(({ output }) => output.event === "HALTED");
  const untilMidnight = events.filter(({ at }) => at < midnight).map(({ output }) => output.event);
  expect(untilMidnight.filter((event) => event === "DAILY_LOSS_HIT" || event === "HALTED")).toEqual([
    "DAILY_LOSS_HIT",
    "HALTED",
  ]);
  expect(halted?.output).toMatchObject({ reason: "MAX_DAILY_LOSS_REACHED", until: midnight });
  const entries = entriesOf(outputs);
  const since = halted?.at ?? 0;
  expect(entries.filter(({ at }) => at < since).length).toBeGreaterThanOrEqual(3);
  expect(entries.filter(({ at }) => at >= since && at < midnight)).toEqual([]);
  expect(midnight - since).toBeGreaterThan(20 * microsPerSecond);
  expect(events.find(({ output }) => output.event === "RESUMED")).toMatchObject({ output: { by: "day" } });
  expect(entries.filter(({ at }) => at >= midnight).length).toBeGreaterThanOrEqual(1);
});

test("[RSK-4] the loss that stops entries is that of the exchange's books, and it is not passed by a trade", () => {
  const { outputs, midnight } = played({ max_daily_loss_abs: 3, on_violation: "halt" });
  const hit = eventsOf(outputs).find(({ output }) => output.event === "DAILY_LOSS_HIT");
  const { measured, limit } = hit?.output.event === "DAILY_LOSS_HIT" ? hit.output : { measured: null, limit: null };
  expect(limit).toBe(3);
  // One trade more than the limit at most: it was open when the limit was reached.
  expect(measured).toBeGreaterThanOrEqual(3);
  expect(measured).toBeLessThan(6);
  expect(hit?.at).toBeLessThan(midnight);
});

test("[RSK-4] with `flatten` what is open is closed first, and then entries stop until the next UTC day", () => {
  const { outputs, midnight } = played({ max_daily_loss_abs: 3, on_violation: "flatten" });
  const events = eventsOf(outputs).filter(({ at }) => at < midnight);
  const told = events.map(({ output }) => output.event).filter((event) => event !== "DAY_STARTED");
  expect(told).toContain("FLATTENING");
  expect(told.filter((event) => event === "FLATTENED")).toHaveLength(1);
  const flat = events.find(({ output }) => output.event === "FLATTENED")?.at ?? 0;
  const positions = outputs.flatMap(({ output, at }) =>
    output.kind === "position" ? [{ lots: output.lots, at }] : [],
  );
  expect(positions.findLast(({ at }) => at <= flat)?.lots).toBe(0);
  expect(positions.filter(({ at, lots }) => at > flat && at < midnight && lots !== 0)).toEqual([]);
  expect(entriesOf(outputs).filter(({ at }) => at > flat && at < midnight)).toEqual([]);
  const reasons = outputs.flatMap(({ output }) => (output.kind === "trade" ? [output.exitReason] : []));
  expect(reasons).toContain("RISK_LIMIT");
});

test("[RSK-7] a run of losses halts a backtest as it does a daemon", () => {
  const rule = { enabled: true, losses: 2, action: "halt" };
  const { outputs, midnight } = played({ max_daily_loss_abs: 1_000 }, { supervisor: { run_of_losses: rule } });
  const trades = outputs.flatMap(({ output }) => (output.kind === "trade" ? [output] : []));
  const halted = eventsOf(outputs).filter(({ output, at }) => output.event === "HALTED" && at < midnight);
  expect(halted.map(({ output }) => output)).toMatchObject([{ by: "run_of_losses", reason: "HALTED" }]);
  const at = halted[0]?.at ?? 0;
  expect(trades.filter(({ exitTime }) => exitTime <= at).map(({ netPnl }) => netPnl < 0n)).toEqual([true, true]);
  expect(entriesOf(outputs).filter((entry) => entry.at > at && entry.at < midnight)).toEqual([]);
});

function played(session: Partial<Settings["risk"]["session"]>, more: Readonly<Record<string, unknown>> = {}) {
  const tape = acrossMidnight(bundled);
  const outputs: Timed<Output>[] = [];
  const settings = Settings.parse({ symbols: ["BTCUSDT"], ...losing, risk: { session }, ...more });
  backtest({
    settings,
    tapes: [tape],
    specs: listedSymbols.filter(({ row }) => row.symbol === "BTCUSDT"),
    onOutput: (output, at) => outputs.push({ output, at }),
  });
  return { outputs, midnight: midnightOf(tape) };
}

/** The recording as if its first minutes had been the last before a UTC midnight. */
function acrossMidnight(tape: Tape): Tape {
  const first = tape.rows[receivedAtAt] ?? 0;
  const day = Math.ceil(first / microsPerDay) * microsPerDay;
  const by = day - before - first;
  const rows = tape.rows.slice();
  let length = 0;
  for (let row = 0; row < rows.length; row += rowWidth) {
    const receivedAt = (rows[row + receivedAtAt] ?? 0) + by;
    if (receivedAt > day + after) break;
    rows[row + receivedAtAt] = receivedAt;
    rows[row + exchangeTimeAt] = (rows[row + exchangeTimeAt] ?? 0) + by;
    const nextFunding = rows[row + nextFundingAt] ?? 0;
    if (rows[row + kindAt] === markKind && nextFunding > 0) rows[row + nextFundingAt] = nextFunding + by;
    length += 1;
  }
  return { ...tape, length, rows: rows.slice(0, length * rowWidth) };
}

function midnightOf(tape: Tape): number {
  return Math.ceil((tape.rows[receivedAtAt] ?? 0) / microsPerDay) * microsPerDay;
}

function eventsOf(outputs: readonly Timed<Output>[]): Timed<RiskEvent>[] {
  return outputs.flatMap(({ output, at }) => (output.kind === "risk-event" ? [{ output, at }] : []));
}

function entriesOf(outputs: readonly Timed<Output>[]): Timed<PlaceOrder>[] {
  return outputs.flatMap(({ output, at }) =>
    output.kind === "place-order" && output.role === "e" ? [{ output, at }] : [],
  );
}
