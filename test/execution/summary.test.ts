/** What a closed trade leaves. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { Fill } from "../../src/domain/order.ts";
import type { TradeRow } from "../../src/domain/output.ts";
import { micros, money, ticks } from "../../src/domain/units.ts";
import { after, start, stillRules } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

/** Ten lots in at 640,000, out at `price` by the order of a role; a lot and a tick are a tenth of a cent. */
function closedBy(role: "f" | "x", price: number, prepare: (bench: Bench) => void = () => undefined): TradeRow {
  const bench = new Bench();
  bench.enterProtected();
  prepare(bench);
  if (role === "x") bench.manager.close("OPERATOR", bench.now);
  bench.fill(idOf(role), "FILLED", 10, fillOf("exit", 10, price, after(6_000)));
  if (role === "x") bench.algoReport(idOf("f"), "CANCELED");
  return rowOf(bench);
}

function inBnb(tradeId: string, quantity: number, commission: bigint): Fill {
  return { ...fillOf(tradeId, quantity), commission: money(commission), commissionAsset: "BNB" };
}

function rowOf(bench: Bench): TradeRow {
  return present(
    bench.outputs.find((output) => output.kind === "trade"),
    "row of the closed trade",
  );
}

test("[ORD-4] net is gross less fees plus funding, to the unit", () => {
  const row = closedBy("x", 640_050, (bench) => {
    bench.manager.onFunding(money(-30_000n), bench.now);
    bench.manager.onFunding(money(10_000n), bench.now);
  });
  expect([row.grossPnl, row.fees, row.funding, row.netPnl]).toEqual([5_000_000n, 2_000n, -20_000n, 4_978_000n]);
});

test("[ORD-4] a commission in another asset is in no figure, and the row says which it is and how much", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(idOf("e"), "PARTIALLY_FILLED", 4, inBnb("a", 4, 1_200n));
  bench.fill(idOf("e"), "FILLED", 10, inBnb("b", 6, 1_800n));
  bench.ok("place-algo", idOf("f"));
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(idOf("x"), "FILLED", 10, fillOf("exit", 10, 640_050, after(6_000)));
  bench.algoReport(idOf("f"), "CANCELED");
  const { otherFees, fees, grossPnl, netPnl } = rowOf(bench);
  expect([otherFees, fees, netPnl]).toEqual(["0.00003000 BNB", 1_000n, grossPnl - 1_000n]);
});

test("[ORD-4] commissions in the quote asset, and those of nothing, are no others", () => {
  const free = closedBy("x", 640_050, (bench) => {
    bench.fills(idOf("e"), [inBnb("free", 0, 0n)]);
  });
  expect(free.otherFees).toBeNull();
});

test("[ORD-4] funding before anything has filled belongs to no trade", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.onFunding(money(-30_000n), bench.now);
  bench.ok("place-order", idOf("e"));
  bench.fill(idOf("e"), "FILLED", 10, fillOf("entry", 10, 640_000, after(1_000)));
  bench.fill(idOf("f"), "FILLED", 10, fillOf("exit", 10, 639_800, after(2_000)));
  expect(rowOf(bench).funding).toBe(0n);
});

test("[ORD-4] [F-49] a first execution that is told last begins the trade, and its funding counts", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(idOf("e"), "PARTIALLY_FILLED", 6, fillOf("second", 6, 640_000, after(2_000)));
  bench.manager.onFunding(money(-30_000n), after(1_500));
  bench.fill(idOf("e"), "FILLED", 10, fillOf("first", 4, 640_000, after(1_000)));
  bench.ok("place-algo", idOf("f"));
  bench.fill(idOf("f"), "FILLED", 10, fillOf("exit", 10, 639_800, after(6_000)));
  expect([rowOf(bench).entryTime, rowOf(bench).funding]).toEqual([after(1_000), -30_000n]);
});

test("[ORD-4] R is the net result over the risk at entry", () => {
  const row = closedBy("f", 639_800);
  expect(row.r).toBeCloseTo(-1.0001, 5);
});

test("[ORD-4] excursions are measured on the side at which the position could be left", () => {
  const row = closedBy("x", 640_050, (bench) => {
    for (const bid of [640_070, 639_950, 640_010]) {
      bench.touch.quote(bid, bid + 40);
      bench.manager.onQuote(bench.now);
    }
  });
  expect([row.adverseTicks, row.favourableTicks]).toEqual([50, 70]);
});

test("[ORD-4] a loss that no quote has shown, as after a restart, is an excursion of the exit's size", () => {
  const row = closedBy("f", 639_446);
  expect([row.adverseTicks, row.favourableTicks]).toEqual([554, 0]);
});

test("[ORD-4] slippage is measured against the decision's mid and the mid when the entry left", () => {
  const bench = new Bench();
  bench.touch.quote(640_004, 640_006);
  bench.enterProtected(planOf({ decisionMidHalfTicks: 1_279_990 }));
  bench.fill(idOf("f"), "FILLED", 10, fillOf("exit", 10, 639_800));
  expect([rowOf(bench).slippageTicks, rowOf(bench).arrivalSlippageTicks]).toEqual([5, -5]);
});

test("[ORD-4] of an adopted trade neither R nor slippage is made up", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ decisionMidHalfTicks: null }));
  bench.fill(idOf("f"), "FILLED", 10, fillOf("exit", 10, 639_800));
  expect([rowOf(bench).r, rowOf(bench).slippageTicks]).toEqual([null, null]);
});

test("[ORD-4] the duration is from the first entry's execution to the last exit's", () => {
  const row = closedBy("x", 640_050);
  expect([row.entryTime, row.exitTime]).toEqual([start, after(6_000)]);
});

test("[ORD-4] the maker share counts lots of both ways", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.fill(idOf("f"), "FILLED", 10, { ...fillOf("exit", 10, 639_800), maker: false });
  expect(rowOf(bench).makerShare).toBe(0.5);
});

test("[ORD-4] a stop that had moved has a word of its own", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ exits: { ...stillRules, trailFromR: 0.5, trailByR: 0.5 } }));
  bench.touch.quote(640_150);
  bench.manager.onQuote(bench.now);
  bench.ok("place-algo", idOf("r"));
  bench.fill(idOf("r"), "FILLED", 10, fillOf("exit", 10, 640_050));
  bench.algoReport(idOf("f"), "EXPIRED");
  expect(rowOf(bench).exitReason).toBe("TRAILING_STOP");
});

test("[ORD-4] a stop that fills while a close is on the way is what closed the position", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(idOf("f"), "FILLED", 10, fillOf("exit", 10, 639_800));
  bench.refuse("place-order", idOf("x"), -2022);
  expect(rowOf(bench).exitReason).toBe("STOP_LOSS");
});

test("[ORD-4] two targets leave one summary over both", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300), secondTarget: ticks(640_600) }));
  bench.fill(idOf("t1"), "FILLED", 5, fillOf("tp1", 5, 640_300, micros(start + 1)));
  bench.fill(idOf("t2"), "FILLED", 5, fillOf("tp2", 5, 640_600, micros(start + 2)));
  bench.algoReport(idOf("f"), "EXPIRED");
  expect(rowOf(bench)).toMatchObject({
    quantity: 10,
    exitPrice: 640_450,
    grossPnl: 45_000_000n,
    exitReason: "TAKE_PROFIT",
  });
});
