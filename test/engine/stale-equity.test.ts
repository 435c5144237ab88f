/** Limits by the equity, where a read of the account is older than what the private stream has said. */

import { expect, test } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { micros, noMoney, priceE8, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after } from "../support/core.ts";
import { entryOf, first, snapshotOf } from "./support.ts";
import { ready, type Watched } from "./watched.ts";

/** The stream tells of a transfer a second after the start; the exchange's ledger has it, too. */
function transferred(wallet: string, amount: string): Watched {
  const bench = ready();
  bench.at(1_000);
  bench.income = [{ kind: "transfer", id: "tr1", amount: moneyFromText(amount), time: bench.now }];
  bench.wallet(wallet, amount);
  return bench;
}

/** The private stream is away for half a second. */
function interrupt(bench: Watched): void {
  bench.tell({ kind: "private-stream", alive: false });
  bench.now = micros(bench.now + 500_000);
  bench.tell({ kind: "private-stream", alive: true });
}

/** The exchange's ledger has what a trade brought that nobody told. */
function traded(bench: Watched, amount: string, milliseconds: number): void {
  bench.income = [{ kind: "other", id: "pnl1", amount: moneyFromText(amount), time: after(milliseconds) }];
}

/** A read that is asked for so many milliseconds after the start, and what the limits make of it. */
function read(bench: Watched, wallet: string, milliseconds: number): void {
  bench.at(milliseconds);
  bench.tell(snapshotOf(0, { wallet: moneyFromText(wallet), requestedAt: after(milliseconds) }));
  bench.tell({ kind: "timer" });
}

test("[RSK-4] a read that shows the wallet from before a withdrawal is no gain, and what follows no drawdown", () => {
  const bench = transferred("5000", "-5000");
  read(bench, "10000", 4_000);
  read(bench, "5000", 30_000);
  bench.tries("d1");
  expect([bench.core.session(bench.now).peakEquity, bench.whyNot]).toEqual([5_000, []]);
});

test("[RSK-4] a read that shows the wallet from before a deposit is no loss", () => {
  const bench = transferred("15000", "5000");
  read(bench, "10000", 4_000);
  expect(bench.events).toEqual(["TRANSFERRED"]);
});

test("[RSK-4] a loss that the stream did not tell counts once a read can lag no more, and that read is asked for", () => {
  const bench = ready();
  bench.at(1_000);
  bench.wallet("9990");
  traded(bench, "-290", 2_000);
  read(bench, "9700", 4_000);
  const before = [...bench.events];
  const asked = bench.at(13_001).includes("query-account");
  read(bench, "9700", 13_002);
  expect([before, asked, bench.events]).toEqual([[], true, ["DAILY_LOSS_HIT", "HALTED"]]);
});

test("[RSK-4] a withdrawal whose message was lost after another is no loss once a read can lag no more", () => {
  const bench = ready();
  bench.at(1_000);
  bench.wallet("9990");
  bench.income = [{ kind: "transfer", id: "tr1", amount: moneyFromText("-5000"), time: after(2_000) }];
  for (const milliseconds of [4_000, 13_002]) read(bench, "4990", milliseconds);
  expect([bench.core.session(bench.now).limitEquity, bench.events]).toEqual([5_000, ["TRANSFERRED"]]);
});

test("[RSK-4] a loss that happened while the stream was away counts with the read that follows", () => {
  const bench = ready();
  bench.wallet("9990");
  interrupt(bench);
  traded(bench, "-290", 100);
  read(bench, "9700", 4_000);
  expect(bench.events).toEqual(["DAILY_LOSS_HIT", "HALTED"]);
});

test("[RSK-4] after the stream was away a read that it has spoken against explains nothing, and nothing is entered", () => {
  const bench = ready();
  interrupt(bench);
  bench.wallet("5000", "-5000");
  read(bench, "10000", 4_000);
  const during = [bench.tries("d1"), bench.whyNot];
  read(bench, "5000", 13_002);
  expect([during, bench.tries("d2").length, bench.events]).toEqual([[[], ["NOT_READY"]], 1, ["TRANSFERRED"]]);
});

/** Ten lots at 640,000 that were told a moment ago; the mark price is as given. */
function holding(mark: number): Watched {
  const bench = ready();
  bench.decide(decisionOf());
  bench.tell(entryOf(bench.entryId, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000) }));
  state(bench, 10);
  bench.core.onMark(first, priceE8(mark * 1e7), 0, micros(0), bench.now, bench.now);
  bench.take();
  return bench;
}

function state(bench: Watched, position: number): void {
  const entryTicks = position === 0 ? 0 : 640_000;
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(position), entryTicks, time: bench.now });
}

test("[RSK-4] a read from before a close does not count its loss a second time", () => {
  // A fall of 11,000 USDT on 0.01 BTC.
  const bench = holding(530_000);
  bench.at(1_005);
  bench.core.handle({ kind: "wallet", wallet: moneyFromText("9890"), transfer: noMoney, time: bench.now }, bench.now);
  state(bench, 0);
  bench.tell(snapshotOf(10, { requestedAt: after(1_000) }));
  expect(bench.core.equity).toBe(9_890);
});

test("[RSK-4] a read from before an entry does not hide what is open of it", () => {
  const bench = holding(530_000);
  bench.tell(snapshotOf(0, { requestedAt: after(1_000) }));
  expect(bench.core.equity).toBe(9_890);
});

test("[RSK-4] while a read does not show a position that was told, its loss is measured with each mark price", () => {
  const bench = holding(640_000);
  bench.tell(snapshotOf(0, { requestedAt: after(1_000) }));
  bench.core.onMark(first, priceE8(440_000 * 1e7), 0, micros(0), bench.now, bench.now);
  bench.take();
  expect(bench.events).toEqual(["DAILY_LOSS_HIT", "HALTED"]);
});

test("[RSK-4] a position that was closed while the stream was away counts no more with the read that follows", () => {
  const bench = holding(530_000);
  interrupt(bench);
  bench.tell(snapshotOf(0, { wallet: moneyFromText("9890"), requestedAt: after(1_000) }));
  expect(bench.core.equity).toBe(9_890);
});

test("[RSK-4] a read that can lag no more shows what is open", () => {
  const bench = holding(530_000);
  bench.at(20_000);
  bench.tell(snapshotOf(0, { requestedAt: after(20_000) }));
  expect(bench.core.equity).toBe(10_000);
});

/** The stream says once more, or late, what the wallet was at that time. */
function saidOf(bench: Watched, wallet: string, transfer: string, milliseconds: number): void {
  const money = { wallet: moneyFromText(wallet), transfer: moneyFromText(transfer) };
  bench.tell({ kind: "wallet", ...money, time: after(milliseconds) });
  bench.tell({ kind: "timer" });
}

test("[RSK-4] [F-28] a wallet from before a deposit that the stream tells once more is no loss", () => {
  const bench = transferred("15000", "5000");
  saidOf(bench, "10000", "0", 500);
  expect([bench.core.equity, bench.events]).toEqual([15_000, ["TRANSFERRED"]]);
});

test("[RSK-4] [F-28] a wallet from before a withdrawal that the stream tells once more is no new highest equity", () => {
  const bench = transferred("5000", "-5000");
  saidOf(bench, "10000", "0", 500);
  expect(bench.core.session(bench.now).peakEquity).toBe(5_000);
});

test("[RSK-4] [F-49] a deposit that is told after what followed it raises the peaks once", () => {
  const bench = ready();
  bench.at(1_000);
  saidOf(bench, "14990", "0", 900);
  saidOf(bench, "15000", "5000", 800);
  const { peakEquity, limitEquity } = bench.core.session(bench.now);
  expect([bench.core.equity, peakEquity, limitEquity]).toEqual([14_990, 14_990, 15_000]);
});

test("[RSK-4] [F-28] a position that is closed counts no more when the stream tells of it once more", () => {
  const bench = holding(530_000);
  const opened = bench.now;
  bench.at(1_005);
  bench.wallet("9890");
  state(bench, 0);
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000, time: opened });
  expect(bench.core.equity).toBe(9_890);
});

test("[RSK-4] [F-28] a wallet that is told once more asks the exchange's ledger for nothing", () => {
  const bench = ready();
  bench.at(1_000);
  bench.wallet("9990");
  saidOf(bench, "10000", "0", 500);
  bench.at(20_000);
  bench.core.handle(snapshotOf(0, { wallet: moneyFromText("9990"), requestedAt: after(20_000) }), bench.now);
  expect(bench.core.takeOutputs().map(({ kind }) => kind)).not.toContain("query-income");
});

test("[RSK-4] [F-28] what the stream had lost and tells once it is back is over where a read has shown what followed", () => {
  const bench = ready();
  interrupt(bench);
  bench.income = [{ kind: "transfer", id: "tr1", amount: moneyFromText("5000"), time: after(2_000) }];
  read(bench, "15000", 30_000);
  saidOf(bench, "10000", "0", 1_000);
  expect([bench.core.equity, bench.events]).toEqual([15_000, ["TRANSFERRED"]]);
});
