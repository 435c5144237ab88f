/** Measures that begin anew while a transfer shows in the equity and nobody has explained it yet. */

import { expect, test } from "vitest";
import type { Settings } from "../../src/config/schema.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { type Micros, micros } from "../../src/domain/units.ts";
import { microsPerDay } from "../../src/risk/session.ts";
import { after, settings, settingsWith, start } from "../support/core.ts";
import { snapshotOf } from "./support.ts";
import { ready, Watched } from "./watched.ts";

const midnight = (Math.floor(start / microsPerDay) + 1) * microsPerDay;
const shownAt = micros(midnight - 1_000_000);
const givenUpAt = micros(midnight - 600_000_000);

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

/** The ledger refuses each question, and is given up: what the read shows is measured. Each later read asks again. */
function givenUp(bench: Watched): Watched {
  const outcome = { kind: "refused", code: -1000, message: "" } as const;
  while (!bench.told.some((output) => output.kind === "notice" && output.code === "INCOME_UNREAD")) {
    bench.core.handle({ kind: "outcome", command: { kind: "query-income", since: bench.now }, outcome }, bench.now);
    bench.now = micros(Math.max(bench.now, bench.core.nextDeadline()));
    bench.core.handle({ kind: "timer" }, bench.now);
    bench.told.push(...bench.core.takeOutputs());
  }
  return bench;
}

/** A transfer, after which the ledger was given up. */
function lost(wallet: string, withSettings: Settings = settings): Watched {
  return givenUp(shown(ready(withSettings), wallet, givenUpAt));
}

/** Another read, and this time the ledger answers. */
function explainLate(bench: Watched, amount: string): void {
  shown(bench, String(bench.core.equity), bench.now);
  explain(bench, amount, givenUpAt);
}

test.each(transfers)(
  "[RSK-4] [F-07] a %s that was given up before midnight and is named after it is counted once",
  (_what, amount, wallet) => {
    const bench = lost(wallet);
    beginDay(bench);
    explainLate(bench, amount);
    const { dayStartEquity, limitEquity, dayPeakEquity } = bench.core.session(bench.now);
    expect([dayStartEquity, limitEquity, dayPeakEquity]).toEqual(Array(3).fill(Number(wallet)));
  },
);

test.each(transfers)(
  "[RSK-4] [F-07] a %s that was given up before a resume and is named after it is counted once",
  (_what, amount, wallet) => {
    const bench = lost(wallet);
    resume(bench);
    explainLate(bench, amount);
    const { limitEquity, dayPeakEquity, peakEquity } = bench.core.session(bench.now);
    expect([limitEquity, dayPeakEquity, peakEquity]).toEqual(Array(3).fill(Number(wallet)));
  },
);

test("[RSK-4] [F-07] a day that waits for the ledger and begins as it is given up has the transfer in it", () => {
  const bench = transferred("5000");
  beginDay(bench);
  givenUp(bench);
  shown(bench, "5000", bench.now);
  explain(bench, "-5000");
  expect(bench.core.session(bench.now).limitEquity).toBe(5_000);
});

test("[RSK-4] [F-07] a cooldown that ends after the ledger was given up measures from what is left", () => {
  const bench = lost("5000", withSession({ on_violation: "cooldown", cooldown_minutes: 1 }));
  bench.now = micros(bench.now + 61_000_000);
  bench.tell({ kind: "timer" });
  explainLate(bench, "-5000");
  expect([bench.events.includes("RESUMED"), bench.core.session(bench.now).limitEquity]).toEqual([true, 5_000]);
});

test("[RSK-4] [F-07] a transfer after the day began with one that was given up still moves it", () => {
  const bench = lost("5000");
  beginDay(bench);
  shown(bench, "4000", micros(midnight + 10_000_000));
  explain(bench, "-1000", micros(midnight + 5_000_000));
  expect(bench.core.session(bench.now).limitEquity).toBe(4_000);
});

test("[RSK-4] [F-07] a restart after that does not move the day either", () => {
  const killed = lost("5000");
  beginDay(killed);
  const bench = new Watched();
  bench.now = killed.now;
  bench.tell({ kind: "journal", openTrades: [], session: killed.lastSession });
  bench.tell({ kind: "private-stream", alive: true });
  shown(bench, "5000", bench.now);
  explain(bench, "-5000", givenUpAt);
  expect(bench.core.session(bench.now).limitEquity).toBe(5_000);
});

test("[ORD-4] [F-07] fundings of before the day are asked for where the ledger was given up before it", () => {
  const bench = lost("5000");
  beginDay(bench);
  bench.core.handle(snapshotOf(0, { wallet: moneyFromText("5000"), requestedAt: bench.now }), bench.now);
  const asked = bench.core.takeOutputs().find((output) => output.kind === "query-income");
  expect(asked?.since).toBeLessThan(givenUpAt);
});
