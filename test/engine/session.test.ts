/** Limits that act: what the core does when one is reached, and what it remembers over a restart. */

import { expect, test } from "vitest";
import type { Settings } from "../../src/config/schema.ts";
import { present } from "../../src/domain/assert.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { lots, micros, microsPerMinute, noMoney, priceE8, signedLots, ticks } from "../../src/domain/units.ts";
import { RiskDesk } from "../../src/engine/risk-desk.ts";
import { SessionKeeper } from "../../src/engine/session-keeper.ts";
import { settingsFor } from "../../src/engine/settings.ts";
import { microsPerDay } from "../../src/risk/session.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf, sessionOf } from "../risk/support.ts";
import { after, instrument, settings, settingsWith, start } from "../support/core.ts";
import { entryOf, first, snapshotOf } from "./support.ts";

import { ready, Watched } from "./watched.ts";

const midnight = (Math.floor(start / microsPerDay) + 1) * microsPerDay;

/** With a filled entry of ten lots at 640,000 and its stop. */
function holding(withSettings: Settings = settings): Watched {
  const bench = ready(withSettings);
  bench.decide(decisionOf());
  const id = bench.entryId;
  bench.tell(entryOf(id, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000) }));
  bench.answerAlgos("NEW");
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000, time: bench.now });
  bench.tell({ kind: "timer" });
  return bench;
}

test("[RSK-4] a loss that reaches the day's limit stops entries, with one event", () => {
  const bench = ready();
  bench.wallet("9800.00000001");
  const before = bench.events.length;
  bench.wallet("9800");
  bench.wallet("9790");
  expect([before, bench.events, bench.tries("d1"), bench.whyNot]).toEqual([
    0,
    ["DAILY_LOSS_HIT", "HALTED"],
    [],
    ["HALTED", "MAX_DAILY_LOSS_REACHED"],
  ]);
});

test("[RSK-4] a halt survives a restart, tells nothing again, and ends with the UTC day", () => {
  const killed = ready();
  killed.wallet("9790");
  const bench = ready(settings, killed.lastSession);
  bench.wallet("9790");
  expect([bench.tries("d1"), bench.whyNot, bench.events]).toEqual([[], ["HALTED", "MAX_DAILY_LOSS_REACHED"], []]);
  bench.now = micros(midnight);
  bench.tell({ kind: "timer" });
  bench.tell(snapshotOf(0, { wallet: moneyFromText("9790"), requestedAt: bench.now }));
  expect(bench.events).toEqual(["DAY_STARTED", "RESUMED"]);
  expect(bench.core.session(bench.now)).toMatchObject({ hold: { kind: "none" }, limitEquity: 9_790, reached: [] });
});

test("[RSK-4] a start on a later day measures from the equity that it finds", () => {
  const yesterday = sessionOf({
    day: Math.floor(start / microsPerDay) - 1,
    dayStartEquity: 20_000,
    limitEquity: 20_000,
  });
  const bench = ready(settings, { ...yesterday, peakEquity: 10_500 });
  expect([bench.lastSession?.dayStartEquity, bench.tries("d1").length]).toEqual([10_000, 1]);
});

test("[RSK-4] a reached limit withdraws an entry that rests, and nothing follows it", () => {
  const bench = ready();
  bench.decide(decisionOf());
  const id = bench.entryId;
  bench.tell(entryOf(id));
  const commands = [...bench.wallet("9790"), ...bench.at(2)];
  const followed = bench.tell(entryOf(id, 0, { status: "CANCELED" }));
  expect([commands, followed, bench.trade]).toEqual([[`cancel-order ${id}`], [], null]);
});

test("[RSK-4] flatten closes what is open, and tells when nothing is any more", () => {
  const flatten = settingsWith({ risk: { session: { ...settings.risk.session, on_violation: "flatten" } } });
  const bench = holding(flatten);
  const commands = [...bench.wallet("9790"), ...bench.at(2)];
  expect([commands.map((text) => text.split(" ")[0]), bench.events.includes("FLATTENED")]).toEqual([
    ["place-order"],
    false,
  ]);
  const close = [...(bench.trade?.orders.values() ?? [])].find(({ role }) => role === "x");
  bench.tell(
    entryOf(close?.id ?? "none", 10, {
      side: "sell",
      type: "MARKET",
      price: null,
      status: "FILLED",
      reduceOnly: true,
      source: "stream",
      fill: fillOf("t2", 10, 639_990),
    }),
  );
  bench.at(3);
  bench.answerAlgos("CANCELED");
  expect(bench.events).not.toContain("FLATTENED");
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(0), entryTicks: 0, time: bench.now });
  expect([bench.trade, bench.events]).toEqual([null, ["DAILY_LOSS_HIT", "HALTED", "FLATTENING", "FLATTENED"]]);
  const trade = bench.told.find((output) => output.kind === "trade");
  expect(trade?.exitReason).toBe("RISK_LIMIT");
});

test("[RSK-4] a flattening that a restart cut short goes on with what is adopted", () => {
  const bench = new Watched();
  const hold = { kind: "halt", reason: "HALTED", by: "operator", until: null } as const;
  bench.tell({ kind: "journal", openTrades: [], session: sessionOf({ hold, flattening: "operator" }) });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(10, { requestedAt: after(1) }));
  const commands = bench.at(2).map((text) => text.split(" ")[0]);
  expect([commands, bench.events]).toEqual([["place-order"], []]);
});

test("[RSK-7] an operator halts, resumes, scales and flattens", () => {
  const bench = ready();
  bench.tell({ kind: "control", action: "halt", by: "operator" });
  const halted = [bench.tries("d1"), bench.whyNot];
  bench.tell({ kind: "control", action: "resume", by: "operator" });
  bench.tell({ kind: "control", action: "scale", factor: 0.5, by: "operator" });
  const entered = bench.tries("d2").length;
  const steps = bench.lastDecision?.order?.steps.map(({ what }) => what);
  bench.tell({ kind: "control", action: "flatten", by: "operator" });
  expect([halted, entered, steps?.at(-1)]).toEqual([[[], ["HALTED"]], 1, "scale"]);
  expect(bench.events).toEqual(["HALTED", "RESUMED", "SCALED", "HALTED", "FLATTENING"]);
});

test("[RSK-4] equity is marked: an open loss reaches the limit with the mark price", () => {
  const bench = holding();
  const mark = (tick: number): void => {
    bench.core.onMark(first, priceE8(tick * 1e7), 0, micros(0), bench.now, bench.now);
    bench.take();
  };
  // Ten lots are 0.01 BTC: a fall of 20,000 USDT is a loss of 200.
  mark(440_001);
  const before = [...bench.events];
  mark(440_000);
  expect([before, bench.events, bench.core.equity]).toEqual([[], ["DAILY_LOSS_HIT", "HALTED"], 9_800]);
});

test("[RSK-4] equity is realised, where so configured: an open loss counts when it is closed", () => {
  const bench = holding(settingsWith({ risk: { session: { ...settings.risk.session, equity: "realised" } } }));
  bench.core.onMark(first, priceE8(100_000 * 1e7), 0, micros(0), bench.now, bench.now);
  bench.take();
  expect([bench.core.equity, bench.events]).toEqual([10_000, []]);
});

test("[RSK-8] an open position without a mark price is an equity that is not known", () => {
  const bench = new Watched();
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(10, { requestedAt: after(1) }));
  expect(bench.core.equity).toBeNull();
});

test("[RSK-4] wallet and position come one by one: what they say in between is neither a peak nor a loss", () => {
  const bench = holding();
  bench.core.onMark(first, priceE8(650_000 * 1e7), 0, micros(0), bench.now, bench.now);
  bench.take();
  const peak = bench.core.session(bench.now).peakEquity;
  bench.core.handle({ kind: "wallet", wallet: moneyFromText("10010"), transfer: noMoney, time: bench.now }, bench.now);
  bench.core.onMark(first, priceE8(650_000 * 1e7), 0, micros(0), bench.now, bench.now);
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(0), entryTicks: 0, time: bench.now });
  bench.tell({ kind: "timer" });
  expect([peak, bench.core.session(bench.now).peakEquity]).toEqual([10_010, 10_010]);
});

test("[RSK-4] a new peak is journalled at most once a second", () => {
  const bench = holding();
  const before = bench.told.filter(({ kind }) => kind === "session").length;
  for (let step = 1; step <= 10; step += 1) {
    bench.now = micros(bench.now + 200_000);
    bench.core.onMark(first, priceE8((640_000 + 100 * step) * 1e7), 0, micros(0), bench.now, bench.now);
    bench.take();
  }
  expect(bench.told.filter(({ kind }) => kind === "session").length - before).toBe(2);
});

test("[RSK-5] a cooldown after a close survives a restart: for its symbol and direction, until it is over", () => {
  const cooldowns = [{ symbol: "BTCUSDT", side: "buy", until: after(60_000) }] as const;
  const bench = ready(settings, sessionOf({ cooldowns }));
  const long = [bench.tries("d1"), bench.whyNot];
  const short = bench.tries("d2", { direction: "SHORT" }).length;
  expect([long, short]).toEqual([[[], ["COOLDOWN"]], 1]);
});

test("[RSK-5] a decision's own cooldown comes before the settings'", () => {
  const untils = [null, micros(2_000_000)].map((cooldownMicros) => {
    const bench = ready();
    bench.decide(decisionOf({ cooldownMicros }));
    return bench.trade?.plan.cooldownMicros;
  });
  expect(untils).toEqual([300_000_000, 2_000_000]);
});

test("[RSK-5] in one-way mode an entry against the open position is refused by its own word", () => {
  const bench = holding();
  const same = [bench.tries("d2"), bench.whyNot];
  const opposite = [bench.tries("d3", { direction: "SHORT" }), bench.whyNot];
  expect([same, opposite]).toEqual([
    [[], ["POSITION_OPEN"]],
    [[], ["OPPOSITE_POSITION"]],
  ]);
});

test("[RSK-5] a crash is told once an episode", () => {
  const crash = settingsWith({ guardrails: { crash_return_pct: 0.000001 } });
  const bench = ready(crash);
  bench.quote(639_000);
  for (const id of ["a", "b"]) bench.decide(decisionOf({ id }));
  expect([bench.whyNot, bench.events]).toEqual([["CRASH_GUARD"], ["CRASH_GUARD_HIT"]]);
});

test("[RSK-7] a position larger than any that risk approves is told once", () => {
  const bench = ready();
  for (const held of [31, 32, 33, 0, 32]) {
    bench.tell({
      kind: "position-report",
      symbol: first,
      lots: signedLots(held),
      entryTicks: 640_000,
      time: bench.now,
    });
    bench.tell({ kind: "timer" });
  }
  expect(bench.events).toEqual(["POSITION_TOO_LARGE", "POSITION_TOO_LARGE"]);
});

test("[RSK-9] an entry whose price ran away is not crossed, and that is told", () => {
  const bench = ready(settingsWith({ trading: { normal: { band_bps: 100 } } }));
  bench.decide(decisionOf());
  const id = bench.entryId;
  bench.tell(entryOf(id));
  bench.at(2_001);
  bench.quote(641_000);
  const followed = bench.tell(entryOf(id, 0, { status: "CANCELED" }));
  const notice = bench.told.find((output) => output.kind === "notice" && output.code === "ENTRY_RECHECKED");
  expect([followed, bench.trade, notice]).toMatchObject([[], null, { fields: { reason: "PRICE_MOVED", sent: 0 } }]);
});

test("[RSK-9] an entry whose time is out is crossed while nothing has changed", () => {
  const bench = ready();
  bench.decide(decisionOf());
  const id = bench.entryId;
  bench.tell(entryOf(id));
  bench.at(2_001);
  bench.quote();
  expect(bench.tell(entryOf(id, 0, { status: "CANCELED" })).length).toBe(1);
  expect(bench.outputs).toContainEqual(expect.objectContaining({ kind: "place-order", quantity: 15 }));
});

test("[RSK-6] an approved decision leaves its order and every gate's verdict", () => {
  const bench = ready();
  bench.decide(decisionOf({ confidence: 0.7 }));
  const row = bench.lastDecision;
  expect(row).toMatchObject({ approved: true, confidence: 0.7, edge: null, blocked: [], order: { quantity: 15 } });
  expect(row?.gates.find(({ gate }) => gate === "LOW_CONFIDENCE")).toEqual({
    gate: "LOW_CONFIDENCE",
    verdict: "passed",
    measured: 0.7,
    limit: 0.5,
  });
});

test("[RSK-7] decisions not to trade leave one row a minute and reason, with what was measured", () => {
  const bench = ready();
  for (const measured of [3, 1, 2]) {
    const reasons = [{ reason: "NO_SIGNAL", measured, limit: 5 }];
    bench.decide(decisionOf({ direction: "NO_TRADE", action: "NO_ACTION", reasons, id: `n${measured}` }));
  }
  bench.tell({ kind: "stop-requested", policy: "leave-protected" });
  expect(bench.told.filter(({ kind }) => kind === "no-trade")).toEqual([
    {
      kind: "no-trade",
      symbol: first,
      source: "test",
      reason: "NO_SIGNAL",
      minute: start,
      count: 3,
      least: 1,
      median: 2,
      most: 3,
      limit: 5,
      time: bench.now,
    },
  ]);
});

test("[CFG-3] a symbol trades by what it overrides, and another by what holds for all", () => {
  const own = settingsWith({
    overrides: { BTCUSDT: { risk: { max_notional: 200 }, trading: { normal: { post_only: true } } } },
  });
  const bench = ready(own);
  bench.decide(decisionOf());
  expect(bench.trade?.plan).toMatchObject({ quantity: lots(3), terms: { timeInForce: "GTX" } });
  expect([settingsFor(own, "BTCUSDT").risk.max_notional, settingsFor(own, "ETHUSDT").risk.max_notional]).toEqual([
    200, 2_000,
  ]);
});

test("[CFG-4] other settings hold from the next event on; a limit that they reach acts at once", () => {
  const bench = ready();
  bench.wallet("9900");
  bench.core.reconfigure(
    settingsWith({ risk: { session: { ...settings.risk.session, max_daily_loss_abs: 100 } } }),
    bench.now,
  );
  bench.take();
  expect([bench.events, bench.tries("d1")]).toEqual([["DAILY_LOSS_HIT", "HALTED"], []]);
});

test("[CFG-4] an open position keeps the stop, target and hold that it was opened with", () => {
  const bench = holding();
  const { plan, holdUntil } = bench.trade ?? {};
  bench.core.reconfigure(settingsWith({ trading: { normal: { max_hold_seconds: 3_600 } } }), bench.now);
  expect([bench.trade?.plan, bench.trade?.holdUntil]).toEqual([plan, holdUntil]);
});

test("[RSK-4] a cooldown of the session ends by itself, also after a restart", () => {
  const cooling = settingsWith({
    risk: { session: { ...settings.risk.session, on_violation: "cooldown", cooldown_minutes: 1 } },
  });
  const killed = ready(cooling);
  killed.wallet("9700");
  const bench = ready(cooling, killed.lastSession);
  bench.wallet("9700");
  const during = [bench.tries("d1"), bench.whyNot];
  bench.at(microsPerMinute / 1_000 + 1);
  bench.tell(snapshotOf(0, { wallet: moneyFromText("9700"), requestedAt: bench.now }));
  expect([during, bench.events, bench.tries("d2").length]).toEqual([
    [[], ["SESSION_COOLDOWN", "MAX_DAILY_LOSS_REACHED"]],
    ["RESUMED"],
    1,
  ]);
});

test("[RSK-7] a scale that is none changes nothing", () => {
  const bench = ready();
  bench.tell({ kind: "control", action: "scale", factor: 2, by: "operator" });
  expect([bench.core.session(bench.now).scale, bench.events]).toEqual([1, []]);
});

test("[RSK-2] a decision's stop and target pass through to the plan", () => {
  const bench = ready();
  bench.decide(decisionOf({ stopLoss: ticks(639_700), takeProfits: [ticks(640_700)] }));
  expect(bench.trade?.plan).toMatchObject({ stopLoss: 639_700, takeProfit: 640_700 });
});

test("[RSK-5] free margin is the exchange's, less what was committed since it was read", () => {
  const { core, now } = ready();
  const measured = [0, 20_000, 99_950].map((committed) => {
    const session = new SessionKeeper({
      settings: () => settings,
      equity: () => 10_000,
      isUnexplained: () => false,
      givenUpTo: () => null,
      emit: () => undefined,
    });
    session.onEquity(now);
    const floor = {
      account: core.account,
      session,
      emit: () => undefined,
      equity: () => 10_000,
      markedEquity: () => 10_000,
      openPositions: () => 0,
      exposure: () => committed,
    };
    const market = present(core.desks[0], "desk").market;
    const { gates } = new RiskDesk(instrument, market, () => settings, floor).check(
      decisionOf(),
      "buy",
      ticks(640_000),
      0,
      now,
    );
    return gates.find(({ gate }) => gate === "INSUFFICIENT_MARGIN");
  });
  expect(measured).toMatchObject([
    { measured: 10_000, verdict: "passed" },
    { measured: 8_000, verdict: "passed" },
    { measured: 5, verdict: "failed" },
  ]);
});
