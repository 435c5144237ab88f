/** Measures that begin anew while a transfer shows in the equity and nobody has explained it yet. */

import { expect, test } from "vitest";
import type { Settings } from "../../src/config/schema.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { type Micros, micros } from "../../src/domain/units.ts";
import { microsPerDay } from "../../src/risk/session.ts";
import { after, settings, settingsWith, start } from "../support/core.ts";
import { snapshotOf } from "./support.ts";
import { ready, type Watched } from "./watched.ts";

const midnight = (Math.floor(start / microsPerDay) + 1) * microsPerDay;
const shownAt = micros(midnight - 1_000_000);

function withSession(changes: Partial<Settings["risk"]["session"]>): Settings {
  return settingsWith({ risk: { session: { ...settings.risk.session, ...changes } } });
}

/** The message of a transfer was lost, and a read shows what is left: the exchange's ledger has not answered yet. */
function transferred(wallet: string, withSettings: Settings = settings): Watched {
  return shown(ready(withSettings), wallet, shownAt);
}

function shown(bench: Watched, wallet: string, now: Micros): Watched {
  bench.now = now;
  bench.core.handle(snapshotOf(0, { wallet: moneyFromText(wallet), requestedAt: now }), now);
  bench.core.takeOutputs();
  return bench;
}

function explain(bench: Watched, amount: string, time: Micros = shownAt): void {
  const transfer = { kind: "transfer", id: "tr1", amount: moneyFromText(amount), time } as const;
  bench.core.handle({ kind: "income-report", rows: [transfer] }, bench.now);
  bench.take();
}

function beginDay(bench: Watched): void {
  bench.now = micros(midnight);
  bench.tell({ kind: "timer" });
}

function resume(bench: Watched): void {
  bench.tell({ kind: "control", action: "resume", by: "operator" });
}

const transfers = [
  ["withdrawal", "-5000", "5000"],
  ["deposit", "5000", "15000"],
] as const;

test.each(transfers)("[RSK-4] a %s that is explained after midnight is counted once", (_what, amount, wallet) => {
  const bench = transferred(wallet);
  beginDay(bench);
  explain(bench, amount);
  const { dayStartEquity, limitEquity, dayPeakEquity } = bench.core.session(bench.now);
  expect([dayStartEquity, limitEquity, dayPeakEquity]).toEqual(Array(3).fill(Number(wallet)));
});

test.each(transfers)("[RSK-4] a %s that is explained after a resume is counted once", (_what, amount, wallet) => {
  const bench = transferred(wallet);
  resume(bench);
  explain(bench, amount);
  const { limitEquity, dayPeakEquity, peakEquity } = bench.core.session(bench.now);
  expect([limitEquity, dayPeakEquity, peakEquity]).toEqual(Array(3).fill(Number(wallet)));
});

test.each([
  ["withdrawal", "-5000", 4_800],
  ["deposit", "5000", 14_800],
] as const)("[RSK-4] a %s that is explained after the end of a cooldown is counted once", (_what, amount, left) => {
  const bench = ready(withSession({ on_violation: "cooldown", cooldown_minutes: 1 }));
  bench.wallet("9800");
  shown(bench, String(left), after(50_000));
  bench.now = after(61_000);
  bench.core.handle({ kind: "timer" }, bench.now);
  bench.core.takeOutputs();
  explain(bench, amount, after(40_000));
  const { hold, limitEquity, dayPeakEquity } = bench.core.session(bench.now);
  expect([hold.kind, limitEquity, dayPeakEquity]).toEqual(["none", left, left]);
});

test("[RSK-4] a loss after a withdrawal that midnight came before the word of is told", () => {
  const bench = transferred("5000");
  beginDay(bench);
  explain(bench, "-5000");
  bench.wallet("2500");
  expect(bench.events).toContain("DAILY_LOSS_HIT");
});

test("[RSK-4] a deposit that midnight came before the word of is no loss", () => {
  const bench = transferred("15000");
  beginDay(bench);
  explain(bench, "5000");
  bench.wallet("15000");
  expect(bench.events).toEqual(["DAY_STARTED", "TRANSFERRED"]);
});

test("[CFG-4] other settings do not measure a transfer that is not explained", () => {
  const bench = transferred("5000");
  bench.core.reconfigure(withSession({ max_daily_loss_abs: 100 }), bench.now);
  bench.take();
  expect(bench.events).toEqual([]);
});

test.each([
  ["an amount", { max_daily_loss_pct: null }],
  ["a share of the day's equity", { max_daily_loss_abs: null }],
])(
  "[RSK-4] where the day's loss is limited to %s, nothing is entered before the day has an equity",
  (_what, changes) => {
    const bench = transferred("15000", withSession(changes));
    beginDay(bench);
    bench.tries("d1");
    const before = bench.whyNot.includes("MAX_DAILY_LOSS_REACHED");
    explain(bench, "5000");
    bench.tries("d2");
    expect([before, bench.whyNot.includes("MAX_DAILY_LOSS_REACHED")]).toEqual([true, false]);
  },
);

test("[RSK-4] nothing is entered between a resume and the word of a transfer", () => {
  const bench = shown(ready(), "15000", after(1_000));
  resume(bench);
  const during = [bench.tries("d1"), bench.whyNot];
  explain(bench, "5000", after(500));
  expect([during, bench.tries("d2").length]).toEqual([[[], ["MAX_DAILY_LOSS_REACHED", "DRAWDOWN_GUARD"]], 1]);
});
