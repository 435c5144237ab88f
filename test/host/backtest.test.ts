/** The sums of a backtest: a recording that is moved in time, so that a position is open when funding is paid. */

import { beforeAll, expect, test } from "vitest";
import { addMoney, microsPerSecond, noMoney } from "../../src/domain/units.ts";
import { listedSymbols } from "../../src/exchange/symbols.ts";
import { type BacktestResult, backtest } from "../../src/host/backtest.ts";
import {
  exchangeTimeAt,
  fundingRateAt,
  kindAt,
  markKind,
  nextFundingAt,
  receivedAtAt,
  rowWidth,
  type Tape,
} from "../../src/tape/format.ts";
import { readTape } from "../../src/tape/reader.ts";
import { settingsWith } from "../support/core.ts";

const microsPerDay = 86_400 * microsPerSecond;
/** So much of the recording is played before funding is paid at midnight, and as much after. */
const around = 60 * microsPerSecond;

/** Holds for most of the time. */
const settings = settingsWith({
  symbols: ["BTCUSDT"],
  decision: {
    ensemble: { enabled: false },
    demo: { enabled: true, interval_seconds: 20, hold_seconds: 50, cooldown_seconds: 0 },
  },
  trading: { normal: { entry_order: "market" } },
});

let result: BacktestResult;

beforeAll(() => {
  result = backtest({
    settings,
    tapes: [acrossFunding(readTape("config/tapes/BTCUSDT-20240719.arrow"))],
    specs: listedSymbols.filter(({ row }) => row.symbol === "BTCUSDT"),
  });
});

/** The recording as if midnight came while it runs, at a rate of its own. */
function acrossFunding(tape: Tape): Tape {
  const start = tape.rows[receivedAtAt] ?? 0;
  const midnight = Math.ceil(start / microsPerDay) * microsPerDay;
  const by = midnight - around - start;
  const rows = tape.rows.slice();
  let length = 0;
  for (let row = 0; row < rows.length; row += rowWidth) {
    const receivedAt = (rows[row + receivedAtAt] ?? 0) + by;
    if (receivedAt > midnight + around) break;
    rows[row + receivedAtAt] = receivedAt;
    rows[row + exchangeTimeAt] = (rows[row + exchangeTimeAt] ?? 0) + by;
    if (rows[row + kindAt] === markKind) {
      const nextFunding = rows[row + nextFundingAt] ?? 0;
      if (nextFunding > 0) rows[row + nextFundingAt] = nextFunding + by;
      rows[row + fundingRateAt] = 0.0001;
    }
    length += 1;
  }
  return { ...tape, length, rows: rows.slice(0, length * rowWidth) };
}

test("[BT-3] a backtest's funding is that of its trades", () => {
  expect(result.funding).not.toBe(noMoney);
  expect(result.funding).toBe(result.trades.reduce((sum, row) => addMoney(sum, row.funding), noMoney));
});

test("[BT-3] a backtest's net profit has funding once: the wallet changed by it", () => {
  expect(result.netPnl).toBe(result.walletChange);
});
