import { expect, test } from "vitest";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { noMoney } from "../../src/domain/units.ts";
import { sessionNotice, statusNotices } from "../../src/host/status.ts";
import { CoreBench } from "../engine/support.ts";
import { after } from "../support/core.ts";

test("[OPS-1] the status line of a symbol says its position's worth, stop and target, and the trading session", () => {
  const bench = CoreBench.ready();
  const [flat] = statusNotices(bench.core, bench.now);
  expect(flat).toMatchObject({
    code: "STATUS",
    fields: { session: expect.stringMatching(/^[A-Z_]+$/), position: "0", notional: 0, stop: null, target: null },
  });
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
