/** `scalpd backtest` over the bundled tapes: the same in every process, and different when the past is. */

import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { at, present } from "../../src/domain/assert.ts";
import { kindAt, quantityAt, rowWidth, type Tape, tradeKind } from "../../src/tape/format.ts";
import { readTape } from "../../src/tape/reader.ts";
import { writeTape } from "../../src/tape/writer.ts";
import { Scalpd, temporaryDirectory } from "./processes.ts";

const bundled = ["config/tapes/BTCUSDT-20240719.arrow", "config/tapes/ETHUSDT-20240719.arrow"];

const Result = z.object({
  events: z.number().int(),
  commands: z.number().int(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  entries: z.number().int(),
  trades: z.number().int(),
  open_positions: z.number().int(),
  unprotected_ms_max: z.number(),
  safe_mode: z.boolean(),
  pnl_gross: z.string(),
  fees: z.string(),
  funding: z.string(),
  pnl_net: z.string(),
  wallet_change: z.string(),
});
type Result = z.infer<typeof Result>;

let first: Result;
let second: Result;
let altered: Result;

beforeAll(async () => {
  const [btc = "", eth = ""] = bundled;
  const copy = join(temporaryDirectory(), "altered.arrow");
  writeTape(copy, withOneTradeAltered(readTape(btc)));
  [first, second, altered] = await Promise.all([backtest(bundled), backtest(bundled), backtest([copy, eth])]);
}, 60_000);

async function backtest(tapes: readonly string[]): Promise<Result> {
  const run = new Scalpd(["backtest", "--json", ...tapes.flatMap((tape) => ["--tape", tape])]);
  expect(await run.exit, run.errorLines.join("\n")).toEqual({ code: 0, signal: null });
  return Result.parse(JSON.parse(run.outLines.at(-1) ?? "null"));
}

/** The trade in the middle of the tape, one lot larger. */
function withOneTradeAltered(tape: Tape): Tape {
  const trades = Array.from({ length: tape.length }, (_, row) => row * rowWidth).filter(
    (start) => at(tape.rows, start + kindAt) === tradeKind,
  );
  const start = present(trades[Math.floor(trades.length / 2)], "a trade");
  const rows = tape.rows.slice();
  rows[start + quantityAt] = at(rows, start + quantityAt) + 1;
  return { ...tape, rows };
}

test("[BT-1] two processes ask the exchange for the same things at the same times", () => {
  expect(second.hash).toBe(first.hash);
});

test("[BT-1] the hash covers at least 100 commands", () => {
  expect(first.commands).toBeGreaterThanOrEqual(100);
});

test("[BT-1] one recorded trade that is one lot larger gives another hash", () => {
  expect(altered.events).toBe(first.events);
  expect(altered.hash).not.toBe(first.hash);
});

test("[BT-1] the wallet of the exchange has changed by the net profit of the daemon's books, to the last unit", () => {
  expect(first.wallet_change).toBe(first.pnl_net);
});

test("[BT-1] positions of the backtest have a stop at once, too, and none is left at the end", () => {
  expect(first.entries).toBeGreaterThanOrEqual(1);
  expect(first.unprotected_ms_max).toBeLessThanOrEqual(250);
  expect([first.open_positions, first.safe_mode]).toEqual([0, false]);
});
