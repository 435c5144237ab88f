/** What is open in another symbol, and no trade of ours, counts for an entry all the same. */

import { expect, test } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { lots, micros, priceE8, signedLots, symbolIndex, ticks } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { after, instrument, type SettingsChanges, secondInstrument, settingsWith } from "../support/core.ts";
import { CoreBench, snapshotOf } from "./support.ts";

const second = symbolIndex(1);
/** Worth 64,000 USDT where it was opened. */
const elsewhere = { symbol: second, lots: signedLots(1_000), entryTicks: 640_000 };

type Risk = NonNullable<SettingsChanges["risk"]>;

/** That is open in the second symbol, is left alone and stands at this price; an entry is decided on in the first. */
function besideOther(risk: Risk, mark: number, available: string): CoreBench {
  const settings = settingsWith({
    symbols: ["BTCUSDT", "ETHUSDT"],
    trading: { normal: { entry_order: "market" } },
    reconcile: { orphan_position: "report" },
    risk,
  });
  const bench = new CoreBench(settings, [], [instrument, secondInstrument]);
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1), available: moneyFromText(available), positions: [elsewhere] }));
  bench.core.onBookTicker(second, 1, ticks(mark), lots(9), ticks(mark + 1), lots(9), bench.now, bench.now);
  bench.core.onMark(second, priceE8(mark * 1e7), 0, micros(0), bench.now, bench.now);
  bench.quote(640_000, 1_000);
  bench.decide(decisionOf({ edge: 0.3, validUntil: micros(bench.now + 500_000) }));
  return bench;
}

/** 30,000 USDT with a stop 20 % away, which would lose 6,000. */
const wide: Risk = {
  max_leverage: 50,
  max_notional: 30_000,
  max_exposure_fraction: 10,
  base_risk_fraction: 1,
  edge_sizing: { max_multiplier: 3 },
  sltp: {
    mode: "percent",
    percent: { sl_percent_low_vol: 20, sl_percent_medium_vol: 20, sl_percent_high_vol: 20 },
  },
  cost: { enabled: false },
};

test("[F-42] with `session.equity: realised` a stop is compared with what the account is worth, open losses included", () => {
  // 5,000 USDT of the wallet's 10,000 are gone at this mark price.
  const bench = besideOther({ ...wide, session: { equity: "realised" } }, 590_000, "3820");
  expect(bench.core.equity).toBe(10_000);
  expect([bench.trade, bench.blocked]).toEqual([null, ["STOP_BEYOND_LIQUIDATION"]]);
});

test("[RSK-1] a position that is left alone counts among all that are at most `max_leverage` times the equity", () => {
  // 70,000 USDT are the most: 6,000 are left of that, in lots of 64.
  const bench = besideOther({ ...wide, max_leverage: 7 }, 640_000, "3000");
  expect(bench.trade?.plan.quantity).toBe(93);
});

test("[RSK-1] beside a position that is left alone and is more than that nothing is entered", () => {
  // 50,000 USDT are the most, and the margin of what is open takes the whole account.
  const bench = besideOther({ ...wide, max_leverage: 5 }, 640_000, "3000");
  expect([bench.trade, bench.blocked]).toEqual([null, ["INSUFFICIENT_MARGIN"]]);
});
