/** A day that ended while the machine slept: the first thing heard on waking is of the new one. */

import { expect, test } from "vitest";
import type { Settings } from "../../src/config/schema.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { micros, noMoney, priceE8, signedLots } from "../../src/domain/units.ts";
import { microsPerDay } from "../../src/risk/session.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { settings, settingsWith, start } from "../support/core.ts";
import { entryOf, first, snapshotOf } from "./support.ts";
import { ready, type Watched } from "./watched.ts";

const today = Math.floor(start / microsPerDay);
const wakes = micros((today + 1) * microsPerDay + 1_000_000);
const flatten = settingsWith({ risk: { session: { ...settings.risk.session, on_violation: "flatten" } } });

/** With ten lots bought at 640,000, before it slept. */
function holding(withSettings: Settings = settings): Watched {
  const bench = ready(withSettings);
  bench.decide(decisionOf());
  bench.tell(entryOf(bench.entryId, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000) }));
  bench.answerAlgos("NEW");
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000, time: bench.now });
  bench.tell({ kind: "timer" });
  return bench;
}

function mark(bench: Watched, tick: number): void {
  bench.core.onMark(first, priceE8(tick * 1e7), 0, micros(0), bench.now, bench.now);
  bench.take();
}

/** The day that a loss counted in, what it was counted from, and until when it holds entries back. */
function counted(bench: Watched) {
  const { day, limitEquity, hold } = bench.core.session(bench.now);
  return [day, limitEquity, hold.kind === "halt" && hold.until, bench.events];
}

const inTheNewDay = [today + 1, 10_000, (today + 2) * microsPerDay, ["DAY_STARTED", "DAILY_LOSS_HIT", "HALTED"]];

test("[RSK-4] a loss that the stream tells first on waking counts in the day that it is told in", () => {
  const bench = ready();
  bench.now = wakes;
  bench.wallet("9790");
  expect(counted(bench)).toEqual(inTheNewDay);
});

test("[RSK-4] a loss that a read shows first on waking counts in the day that it is shown in", () => {
  const bench = ready();
  bench.income = [{ kind: "other", id: "pnl1", amount: moneyFromText("-210"), time: wakes }];
  bench.now = wakes;
  bench.tell(snapshotOf(0, { wallet: moneyFromText("9790"), requestedAt: wakes }));
  expect(counted(bench)).toEqual(inTheNewDay);
});

test("[RSK-4] a loss by the first mark price on waking counts in the day of that price", () => {
  const bench = holding();
  mark(bench, 640_000);
  bench.now = wakes;
  mark(bench, 440_000);
  expect(counted(bench)).toEqual(inTheNewDay);
});

test("[RSK-4] what a limit of the day closes on waking stays closed for that day", () => {
  const bench = holding(flatten);
  mark(bench, 640_000);
  bench.now = wakes;
  mark(bench, 440_000);
  expect([bench.core.session(bench.now).flattening, counted(bench)[2]]).toEqual(["limit", (today + 2) * microsPerDay]);
});

test("[CFG-4] other settings on waking do not measure the day that is over", () => {
  const bench = ready();
  bench.wallet("9850");
  bench.now = wakes;
  bench.core.reconfigure(
    settingsWith({ risk: { session: { ...settings.risk.session, max_daily_loss_abs: 100 } } }),
    wakes,
  );
  bench.take();
  expect(bench.events).toEqual(["DAY_STARTED"]);
});

test("[RSK-4] a cooldown that ended while the machine slept measures from before what is found", () => {
  const cooldown = { on_violation: "cooldown", cooldown_minutes: 1 } as const;
  const bench = ready(settingsWith({ risk: { session: { ...settings.risk.session, ...cooldown } } }));
  bench.wallet("9790");
  bench.now = micros(bench.now + 120_000_000);
  bench.wallet("9580");
  expect(bench.events.slice(2)).toEqual(["RESUMED", "DAILY_LOSS_HIT", "COOLDOWN_STARTED"]);
});

test("[RSK-4] a day that begins between wallet and position of a close begins when both are here", () => {
  const bench = holding();
  mark(bench, 650_000);
  bench.now = micros(wakes - 1_000_001);
  const close = { kind: "wallet", wallet: moneyFromText("10010"), transfer: noMoney, time: bench.now } as const;
  bench.core.handle(close, bench.now);
  bench.now = wakes;
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(0), entryTicks: 0, time: bench.now });
  bench.tell({ kind: "timer" });
  expect(bench.core.session(bench.now).dayStartEquity).toBe(10_010);
});
