/** Money that comes in or goes out is neither profit nor loss. */

import { expect, test } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { after } from "../support/core.ts";
import { snapshotOf } from "./support.ts";
import { ready, type Watched } from "./watched.ts";

test("[RSK-4] a withdrawal is no loss: entries go on, and the day's loss counts on from where it was", () => {
  const bench = ready();
  bench.wallet("9900");
  bench.wallet("4900", "-5000");
  const during = bench.tries("d1").length;
  bench.wallet("4800");
  expect([during > 0, bench.events]).toEqual([true, ["TRANSFERRED", "DAILY_LOSS_HIT", "HALTED"]]);
});

test("[RSK-4] a deposit is no profit: it hides no loss and raises no peak above the equity", () => {
  const bench = ready();
  bench.wallet("9900");
  bench.wallet("19900", "10000");
  const { dayStartEquity, limitEquity } = bench.core.session(bench.now);
  bench.wallet("19800");
  expect([dayStartEquity, limitEquity, bench.events]).toEqual([
    20_000,
    20_000,
    ["TRANSFERRED", "DAILY_LOSS_HIT", "HALTED"],
  ]);
});

test("[RSK-4] a transfer is journalled with the measures that it moved", () => {
  const bench = ready();
  bench.wallet("10500", "500");
  expect(bench.lastSession).toMatchObject({ dayStartEquity: 10_500, limitEquity: 10_500, peakEquity: 10_500 });
});

test("[RSK-4] a deposit that a read of the account had shown before it was told raises the peaks once", () => {
  const bench = ready();
  bench.at(10);
  bench.tell(snapshotOf(0, { wallet: moneyFromText("20000"), requestedAt: after(10) }));
  bench.wallet("20000", "10000");
  expect([bench.core.session(bench.now).peakEquity, bench.core.session(bench.now).limitEquity]).toEqual([
    20_000, 20_000,
  ]);
});

test("[RSK-4] a deposit that is told before the ledger has explained the read that shows it moves the peaks with their fall", () => {
  const bench = ready();
  bench.wallet("11000");
  bench.wallet("9900");
  bench.at(10);
  bench.tell(snapshotOf(0, { wallet: moneyFromText("19800"), requestedAt: after(10) }));
  bench.wallet("19800", "9900");
  expect(bench.core.session(bench.now).peakEquity).toBe(22_000);
});

test("[RSK-4] a read that was asked for before a transfer does not undo it", () => {
  const bench = ready();
  bench.at(10);
  bench.wallet("5000", "-5000");
  bench.tell(snapshotOf(0, { wallet: moneyFromText("10000"), requestedAt: after(5) }));
  expect([bench.core.equity, bench.events]).toEqual([5_000, ["TRANSFERRED"]]);
});

/** The private stream was away and is back. */
function back(bench: Watched, milliseconds: number): void {
  bench.now = after(milliseconds);
  bench.core.handle({ kind: "private-stream", alive: false }, bench.now);
  bench.core.handle({ kind: "private-stream", alive: true }, bench.now);
  bench.core.takeOutputs();
}

/** A read of the account, about which the exchange's ledger is asked and has not answered yet. */
function read(bench: Watched, wallet: string, milliseconds: number): void {
  bench.now = after(milliseconds);
  bench.core.handle(snapshotOf(0, { wallet: moneyFromText(wallet), requestedAt: bench.now }), bench.now);
  bench.core.takeOutputs();
}

test("[RSK-4] [F-07] a withdrawal between two reads is no loss where the answer about the first comes after the second", () => {
  const bench = ready();
  back(bench, 120_000);
  read(bench, "10000", 120_000);
  back(bench, 122_000);
  read(bench, "5000", 122_000);
  // when: it was asked before the withdrawal, and the next answer is that of another question
  const withdrawn = { kind: "transfer", id: "tr1", amount: moneyFromText("-5000"), time: after(121_000) } as const;
  bench.income = [withdrawn];
  bench.tell({ kind: "income-report", rows: [] });
  // then
  expect([bench.events, bench.core.session(bench.now).limitEquity]).toEqual([["TRANSFERRED"], 5_000]);
});

test("[RSK-4] [F-07] nothing is entered before what moved the wallet is known where the stream was away twice", () => {
  const bench = ready();
  back(bench, 2_000);
  read(bench, "10000", 2_000);
  // when: a deposit that comes now hides a loss, and the answer knows nothing of either
  back(bench, 2_500);
  bench.core.handle({ kind: "income-report", rows: [] }, bench.now);
  read(bench, "10000", 3_000);
  bench.quote();
  const before = [bench.tries("d1"), bench.whyNot];
  bench.tell({ kind: "income-report", rows: [] });
  // then
  expect([before, bench.tries("d2").length]).toEqual([[[], ["NOT_READY"]], 1]);
});
