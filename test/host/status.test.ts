import { expect, test } from "vitest";
import { sessionNotice, statusNotices } from "../../src/host/status.ts";
import { CoreBench } from "../engine/support.ts";

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
