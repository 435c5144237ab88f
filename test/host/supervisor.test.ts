import { expect, test } from "vitest";
import type { Control } from "../../src/domain/event.ts";
import { money } from "../../src/domain/units.ts";
import { RunOfLosses, supervised } from "../../src/host/supervisor.ts";
import { tradeRow } from "../store/rows.ts";
import { after, settings } from "../support/core.ts";

const rule = { ...settings.supervisor.run_of_losses, enabled: true, losses: 3 };

test("[RSK-7] a run of losses halts, once, and a new run halts again", () => {
  const bench = new Bench(rule);
  bench.trades(-1, -1, -1, -1, -1);
  expect(bench.sent).toEqual([{ kind: "control", by: "run_of_losses", isAutomatic: true, action: "halt" }]);
  bench.trades(-1);
  expect(bench.sent).toHaveLength(2);
});

test("[RSK-7] one loss less than the limit, or a win between, is no run", () => {
  const bench = new Bench(rule);
  bench.trades(-1, -1, 1, -1, -1, 0, -1, -1);
  expect(bench.sent).toEqual([]);
});

test("[RSK-7] it scales down or flattens, as configured", () => {
  const scale = new Bench({ ...rule, action: "scale", factor: 0.4 });
  scale.trades(-1, -1, -1);
  const flatten = new Bench({ ...rule, action: "flatten" });
  flatten.trades(-1, -1, -1);
  expect([scale.sent, flatten.sent]).toEqual([
    [{ kind: "control", by: "run_of_losses", isAutomatic: true, action: "scale", factor: 0.4 }],
    [{ kind: "control", by: "run_of_losses", isAutomatic: true, action: "flatten" }],
  ]);
});

test("[RSK-7] switched off, as it is delivered, it does nothing", () => {
  const bench = new Bench(settings.supervisor.run_of_losses);
  bench.trades(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  expect(bench.sent).toEqual([]);
});

test("[RSK-7] when trading is resumed the run begins anew", () => {
  const bench = new Bench(rule);
  bench.trades(-1, -1);
  bench.subscriber.receive({ kind: "risk-event", event: "RESUMED", by: "operator", symbol: null, time: after(0) });
  bench.trades(-1, -1);
  expect(bench.sent).toEqual([]);
});

test("[RSK-7] a run that an earlier process saw begin goes on", () => {
  const bench = new Bench(rule, 2);
  bench.trades(-1);
  expect(bench.sent.map(({ action }) => action)).toEqual(["halt"]);
});

test("[RSK-7] a run that an earlier process saw begin ends with a win", () => {
  const bench = new Bench(rule, 2);
  bench.trades(1, -1, -1);
  expect(bench.sent).toEqual([]);
});

class Bench {
  readonly sent: Control[] = [];
  readonly subscriber;

  constructor(rule: typeof settings.supervisor.run_of_losses, earlier = 0) {
    const supervisor = new RunOfLosses(() => rule);
    supervisor.begin(earlier);
    this.subscriber = supervised(supervisor, (control) => this.sent.push(control));
  }

  trades(...nets: readonly number[]): void {
    for (const net of nets) this.subscriber.receive({ ...tradeRow("a"), netPnl: money(BigInt(net)) });
  }
}
