import { expect, test } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { noMoney, signedLots, symbolIndex, ticks } from "../../src/domain/units.ts";
import { resultOf } from "../../src/host/daemon-result.ts";
import { RoundTrips } from "../../src/host/round-trips.ts";
import { sessionNotice, statusNotices } from "../../src/host/status.ts";
import { CoreBench, idOf, snapshotOf, stopOf, tradeA } from "../engine/support.ts";
import { decisionOf } from "../risk/support.ts";
import { after } from "../support/core.ts";

const roundTrips = new RoundTrips();

test("[OPS-1] the status line of a symbol says its position's worth, stop and target, and the trading session", () => {
  const bench = CoreBench.ready();
  const [flat] = statusNotices(bench.core, bench.now);
  expect(flat).toMatchObject({
    code: "STATUS",
    fields: { session: expect.stringMatching(/^[A-Z_]+$/), position: "0", notional: 0, stop: null, target: null },
  });
});

test("[OPS-1] the status line shows a position that the exchange reports and no trade of ours has", () => {
  const bench = CoreBench.ready();
  const lots = signedLots(-5);
  bench.tell({ kind: "position-report", symbol: symbolIndex(0), lots, entryTicks: 640_000, time: bench.now });
  expect(bench.core.desks[0]?.manager.trade).toBeNull();
  const [line] = statusNotices(bench.core, bench.now);
  expect(line?.fields).toMatchObject({ position: "-0.005", notional: 320, stop: null, target: null });
});

test("[OPS-1] the status line says of no position that there is none before the account has been read", () => {
  const bench = new CoreBench();
  const [line] = statusNotices(bench.core, bench.now);
  expect(line?.fields).toMatchObject({ position: null, notional: null });
});

test("[EXE-11] a stop is shown where it has moved to", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: after(1) }));
  bench.quote();
  const nearer = ticks((bench.trade?.stopLevel ?? 0) + 50);
  bench.decide(decisionOf({ id: "newer", stopLoss: nearer }));
  const [line] = statusNotices(bench.core, bench.now);
  const { positions } = resultOf(bench.core, roundTrips, null);
  expect([line?.fields["stop"], positions[0]?.stopTicks]).toEqual([nearer / 10, nearer]);
});

test("[OPS-1] the status line of the day says equity, trades and what holds entries back", () => {
  const bench = CoreBench.ready();
  bench.tell({ kind: "control", by: "operator", action: "halt" });
  expect(sessionNotice(bench.core, bench.now)).toMatchObject({
    code: "STATUS_SESSION",
    fields: { equity: 10_000, tradesToday: 0, hold: "halt", reason: "HALTED", scale: 1 },
  });
});

test("[OPS-2] the day's profit is that of the day, also after a limit was reached and trading was resumed", () => {
  const bench = CoreBench.ready();
  bench.tell({ kind: "wallet", wallet: moneyFromText("9790"), transfer: noMoney, time: after(2) });
  bench.tell({ kind: "control", by: "operator", action: "resume" });
  expect(sessionNotice(bench.core, bench.now).fields).toMatchObject({
    equity: 9_790,
    dayStartEquity: 10_000,
    dayProfit: -210,
  });
});
