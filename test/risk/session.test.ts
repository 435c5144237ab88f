/** Limits over time: what reaches them, what they do, and that a restart in the middle changes nothing. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Control } from "../../src/domain/event.ts";
import type { SessionState } from "../../src/domain/session.ts";
import { type Micros, micros, microsPerMinute } from "../../src/domain/units.ts";
import {
  limitsOf,
  newSession,
  nextTime,
  onControl,
  onEquity,
  onFlat,
  onTime,
  onTradeClosed,
  onTradeOpened,
  onTradeVoided,
  quietRange,
  type SessionStep,
  withCooldown,
} from "../../src/risk/session.ts";
import { after, settings, start } from "../support/core.ts";
import { limits, midnight, sessionOf, today, usual } from "./support.ts";

const hour = 60 * microsPerMinute;

function eventsOf({ events }: SessionStep): readonly string[] {
  return events.map(({ event }) => event);
}

const supervisorsScale = {
  kind: "control",
  action: "scale",
  factor: 0.5,
  by: "run_of_losses",
  isAutomatic: true,
} as const satisfies Control;

function control(action: "halt" | "resume" | "flatten"): Control {
  return { kind: "control", action, by: "operator" };
}

test("[RSK-4] measures begin with the first equity that is known", () => {
  const { state, events } = onEquity(newSession(start), 10_000, start, usual);
  expect([state, events]).toEqual([sessionOf(), []]);
});

test("[RSK-4] an equity that changes no measure leaves the state as it is", () => {
  const state = sessionOf();
  expect(onEquity(state, 9_900, start, usual).state).toBe(state);
});

test("[RSK-4] a higher equity raises both peaks, and not what the day is measured from", () => {
  const { state } = onEquity(sessionOf({ peakEquity: 11_000 }), 10_500, start, usual);
  expect(state).toEqual(sessionOf({ dayPeakEquity: 10_500, peakEquity: 11_000 }));
});

const hits = [
  ["a loss just short of the amount", {}, 9_800.01, []],
  ["a loss of the amount", {}, 9_800, ["DAILY_LOSS_HIT", "HALTED"]],
  ["a loss beyond the amount", {}, 9_700, ["DAILY_LOSS_HIT", "HALTED"]],
  ["a loss just short of the share", { max_daily_loss_abs: null }, 9_500.01, []],
  ["a loss of the share", { max_daily_loss_abs: null }, 9_500, ["DAILY_LOSS_HIT", "HALTED"]],
  ["the share, where it is reached first", { max_daily_loss_pct: 0.01 }, 9_900, ["DAILY_LOSS_HIT", "HALTED"]],
  ["the amount without a share", { max_daily_loss_pct: null }, 9_800, ["DAILY_LOSS_HIT", "HALTED"]],
  ["a loss without a limit", { max_daily_loss_abs: null, max_daily_loss_pct: null }, 9_001, []],
  ["a profit without a limit", {}, 30_000, []],
  ["a profit just short of the amount", { max_daily_profit_abs: 300 }, 10_299, []],
  ["a profit of the amount", { max_daily_profit_abs: 300 }, 10_300, ["DAILY_PROFIT_HIT", "HALTED"]],
  ["a profit just short of the share", { max_daily_profit_pct: 0.03 }, 10_299, []],
  ["a profit of the share", { max_daily_profit_pct: 0.03 }, 10_300, ["DAILY_PROFIT_HIT", "HALTED"]],
  ["a drawdown just short of the limit", { max_drawdown_pct: 0.01 }, 9_900.01, []],
  ["a drawdown of the limit", { max_drawdown_pct: 0.01 }, 9_900, ["DRAWDOWN_HIT", "HALTED"]],
  ["the guard's drawdown", { max_daily_loss_abs: null, max_daily_loss_pct: null }, 9_000, []],
  [
    "more than the guard's drawdown",
    { max_daily_loss_abs: null, max_daily_loss_pct: null },
    8_999,
    ["DRAWDOWN_GUARD_HIT"],
  ],
  ["loss and drawdown together", { max_drawdown_pct: 0.02 }, 9_800, ["DAILY_LOSS_HIT", "HALTED", "DRAWDOWN_HIT"]],
] as const;

test.each(hits)("[RSK-4] %s", (_name, changes, equity, events) => {
  expect(eventsOf(onEquity(sessionOf(), equity, start, limits(changes)))).toEqual(events);
});

test("[RSK-7] a limit that is hit tells what was measured, its limit and what follows", () => {
  const { state, events } = onEquity(sessionOf(), 9_790, start, usual);
  expect([events, state.hold, state.reached]).toEqual([
    [
      { event: "DAILY_LOSS_HIT", measured: 210, limit: 200 },
      { event: "HALTED", by: "limit", reason: "MAX_DAILY_LOSS_REACHED", until: midnight },
    ],
    { kind: "halt", by: "limit", reason: "MAX_DAILY_LOSS_REACHED", until: midnight },
    ["MAX_DAILY_LOSS_REACHED"],
  ]);
});

test("[RSK-7] a profit and a drawdown tell theirs", () => {
  const profit = onEquity(sessionOf(), 10_400, start, limits({ max_daily_profit_abs: 300 })).events[0];
  const drawdown = onEquity(sessionOf(), 9_900, start, limits({ max_drawdown_pct: 0.005 })).events[0];
  const guard = onEquity(sessionOf(), 9_850, start, limits({}, 0.01)).events[0];
  expect([profit, drawdown, guard]).toEqual([
    { event: "DAILY_PROFIT_HIT", measured: 400, limit: 300 },
    { event: "DRAWDOWN_HIT", measured: 0.01, limit: 0.005 },
    { event: "DRAWDOWN_GUARD_HIT", measured: 0.015, limit: 0.01 },
  ]);
});

test("[RSK-7] a limit is told once an episode, however the equity moves around it", () => {
  let state = sessionOf();
  const told: string[] = [];
  for (const equity of [9_800, 9_900, 9_799, 9_950, 8_900, 9_000, 8_800]) {
    const step = onEquity(state, equity, start, usual);
    state = step.state;
    told.push(...eventsOf(step));
  }
  expect(told).toEqual(["DAILY_LOSS_HIT", "HALTED", "DRAWDOWN_GUARD_HIT"]);
});

test("[RSK-4] a halt lasts to the next UTC day, and what reached the limit is forgotten with the day", () => {
  const { state } = onEquity(sessionOf(), 9_700, start, usual);
  const before = onTime(state, 9_700, micros(midnight - 1));
  const then = onTime(state, 9_700, midnight);
  expect([before.state, eventsOf(then)]).toEqual([state, ["DAY_STARTED", "RESUMED"]]);
  expect(then.events).toContainEqual({ event: "RESUMED", by: "day" });
  expect(then.events).toContainEqual({ event: "DAY_STARTED", day: today + 1, equity: 9_700 });
  expect(then.state).toEqual({
    ...sessionOf({ dayStartEquity: 9_700, limitEquity: 9_700, dayPeakEquity: 9_700 }),
    day: today + 1,
  });
});

test("[RSK-4] a new day whose equity is not known yet begins with the first that is", () => {
  const { state } = onTime(sessionOf({ realisedToday: 5, tradesToday: 3 }), null, midnight);
  expect(state).toMatchObject({ dayStartEquity: null, limitEquity: null, dayPeakEquity: null, peakEquity: 10_000 });
  expect([state.realisedToday, state.tradesToday]).toEqual([0, 0]);
  expect(onEquity(state, 9_500, midnight, usual).state).toMatchObject({ dayStartEquity: 9_500, limitEquity: 9_500 });
});

test("[RSK-4] a cooldown lasts its minutes, and then the limits are measured anew", () => {
  const { state, events } = onEquity(sessionOf(), 9_700, start, limits({ on_violation: "cooldown" }));
  const until = micros(start + hour);
  expect(events.at(-1)).toEqual({ event: "COOLDOWN_STARTED", reason: "MAX_DAILY_LOSS_REACHED", until });
  expect(state.hold).toEqual({ kind: "cooldown", reason: "MAX_DAILY_LOSS_REACHED", until });
  expect(onTime(state, 9_700, micros(until - 1)).state).toBe(state);
  const over = onTime(state, 9_650, until);
  expect(over.events).toEqual([{ event: "RESUMED", by: "cooldown" }]);
  expect(over.state).toEqual(
    sessionOf({ limitEquity: 9_650, dayPeakEquity: 9_650, dayStartEquity: 10_000, peakEquity: 10_000 }),
  );
});

test("[RSK-4] a cooldown goes on over midnight", () => {
  const late = micros(midnight - microsPerMinute);
  const { state } = onEquity(sessionOf(), 9_700, late, limits({ on_violation: "cooldown" }));
  expect(eventsOf(onTime(state, 9_700, midnight))).toEqual(["DAY_STARTED"]);
});

test("[RSK-4] a cooldown does not shorten a halt", () => {
  const { state } = onControl(sessionOf(), control("halt"), 10_000, start);
  const step = onEquity(state, 9_700, start, limits({ on_violation: "cooldown" }));
  expect([eventsOf(step), step.state.hold]).toEqual([["DAILY_LOSS_HIT"], state.hold]);
});

test("[RSK-4] flatten closes everything and halts, once", () => {
  const flatten = limits({ on_violation: "flatten", max_drawdown_pct: 0.02 });
  const { state, events } = onEquity(sessionOf(), 9_700, start, flatten);
  expect(eventsOf({ state, events })).toEqual(["DAILY_LOSS_HIT", "HALTED", "FLATTENING", "DRAWDOWN_HIT"]);
  expect([state.flattening, state.hold.kind]).toEqual(["limit", "halt"]);
  expect(events).toContainEqual({ event: "FLATTENING", by: "limit" });
});

test("[RSK-4] when nothing is open any more it is told once, and the halt stays", () => {
  const { state } = onControl(sessionOf(), control("flatten"), 10_000, start);
  const flat = onFlat(state);
  expect([flat.events, flat.state.flattening, flat.state.hold.kind]).toEqual([
    [{ event: "FLATTENED", by: "operator" }],
    null,
    "halt",
  ]);
  expect(onFlat(flat.state)).toEqual({ state: flat.state, events: [] });
});

test("[RSK-4] an operator's halt lasts over the day until somebody resumes", () => {
  const { state, events } = onControl(sessionOf(), control("halt"), 10_000, start);
  expect(events).toEqual([{ event: "HALTED", by: "operator", reason: "HALTED", until: null }]);
  expect(eventsOf(onTime(state, 10_000, midnight))).toEqual(["DAY_STARTED"]);
  expect(onTime(state, 10_000, midnight).state.hold).toEqual(state.hold);
});

test("[RSK-4] a halt replaces a shorter one, and a longer one stays", () => {
  const limit = onEquity(sessionOf(), 9_700, start, usual).state;
  const longer = onControl(limit, control("halt"), 9_700, start);
  expect(eventsOf(longer)).toEqual(["HALTED"]);
  expect(onControl(longer.state, control("halt"), 9_700, start)).toEqual({ state: longer.state, events: [] });
  const again = onEquity({ ...longer.state, reached: [] }, 9_700, start, usual);
  expect(eventsOf(again)).toEqual(["DAILY_LOSS_HIT"]);
});

test("[RSK-4] a resume lifts the halt and measures everything from now", () => {
  const { state } = onEquity(sessionOf(), 8_500, start, limits({ on_violation: "flatten" }));
  const { state: resumed, events } = onControl(state, control("resume"), 8_500, after(1));
  expect(events).toEqual([{ event: "RESUMED", by: "operator" }]);
  expect(resumed).toEqual(
    sessionOf({ dayStartEquity: 10_000, limitEquity: 8_500, dayPeakEquity: 8_500, peakEquity: 8_500 }),
  );
});

test("[RSK-4] a resume takes the day from the clock, also backwards", () => {
  const future = sessionOf({ day: today + 400 });
  expect(onControl(future, control("resume"), 10_000, start).state.day).toBe(today);
});

test.each([
  [0.5, 0.5, ["SCALED"]],
  [1, 1, ["SCALED"]],
  [0, 1, []],
  [-1, 1, []],
  [1.01, 1, []],
  [Number.NaN, 1, []],
])("[RSK-7] a scale of %d becomes %d", (factor, scale, events) => {
  const step = onControl(sessionOf(), { kind: "control", action: "scale", factor, by: "supervisor" }, 10_000, start);
  expect([step.state.scale, eventsOf(step)]).toEqual([scale, events]);
});

test("[RSK-7] a scale tells who and how much", () => {
  const step = onControl(sessionOf(), { kind: "control", action: "scale", factor: 0.5, by: "losses" }, null, start);
  expect(step.events).toEqual([{ event: "SCALED", by: "losses", factor: 0.5 }]);
});

test.each([
  [0.5, 0.25],
  [0.25, 0.25],
  [0.1, 0.1],
])("[RSK-7] a supervisor's scale of %d makes of an operator's 0.25 %d", (factor, scale) => {
  const state = sessionOf({ scale: 0.25 });
  const step = onControl(state, { ...supervisorsScale, factor }, 10_000, start);
  expect(step.state.scale).toBe(scale);
});

test("[RSK-7] a supervisor's scale that shrinks nothing tells nothing", () => {
  const state = sessionOf({ scale: 0.25 });
  expect(onControl(state, supervisorsScale, 10_000, start)).toEqual({ state, events: [] });
});

test("[RSK-4] the next turn is due at midnight, or when a hold ends before", () => {
  const halted = sessionOf({ hold: { kind: "halt", reason: "HALTED", by: "x", until: null } });
  const cooling = sessionOf({ hold: { kind: "cooldown", reason: "MAX_DAILY_LOSS_REACHED", until: after(5) } });
  expect([nextTime(sessionOf()), nextTime(halted), nextTime(cooling)]).toEqual([midnight, midnight, after(5)]);
});

test("[RSK-4] a limit is a fraction of the equity at the day's start, also after a resume", () => {
  const state = sessionOf({ dayStartEquity: 4_000, limitEquity: 3_000 });
  const measured = limitsOf(state, 2_900, {
    ...settings.risk.session,
    max_daily_profit_pct: 0.5,
    max_drawdown_pct: 0.9,
  });
  expect(measured).toEqual([
    { reason: "MAX_DAILY_LOSS_REACHED", measured: 100, limit: 200, isSet: true, reached: false },
    { reason: "MAX_DAILY_PROFIT_REACHED", measured: -100, limit: 2_000, isSet: true, reached: false },
    { reason: "MAX_DRAWDOWN_REACHED", measured: 0.71, limit: 0.9, isSet: true, reached: false },
  ]);
});

test("[RSK-8] a measure that is no number has reached its limit, and one that is missing says so", () => {
  const [bad] = limitsOf(sessionOf(), Number.NaN, settings.risk.session);
  const [missing] = limitsOf(sessionOf(), null, settings.risk.session);
  expect([bad?.reached, missing]).toEqual([
    true,
    { reason: "MAX_DAILY_LOSS_REACHED", measured: null, limit: 200, isSet: true, reached: false },
  ]);
});

test("[RSK-4] a share of a day whose equity is not known is a limit without a number", () => {
  const [loss, profit] = limitsOf(newSession(start), 10_000, { ...settings.risk.session, max_daily_loss_abs: null });
  expect([loss, profit]).toMatchObject([
    { limit: null, isSet: true, reached: false },
    { limit: null, isSet: false, reached: false },
  ]);
});

const amounts = fc.integer({ min: 1, max: 20_000 });
const sessions = fc.record({
  max_daily_loss_abs: fc.option(amounts),
  max_daily_loss_pct: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true })),
  max_daily_profit_abs: fc.option(amounts),
  max_daily_profit_pct: fc.option(fc.double({ min: 0.01, max: 2, noNaN: true })),
  max_drawdown_pct: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true })),
  on_violation: fc.constantFrom("halt" as const, "cooldown" as const, "flatten" as const),
});

test("[RSK-4] an equity in the quiet range changes nothing", () => {
  fc.assert(
    fc.property(sessions, amounts, amounts, amounts, (changes, limitEquity, more, equity) => {
      const state = sessionOf({
        dayStartEquity: limitEquity,
        limitEquity,
        dayPeakEquity: limitEquity + more,
        peakEquity: limitEquity + 2 * more,
      });
      const quiet = quietRange(state, limits(changes));
      const isQuiet = quiet !== null && equity > quiet.low + 1e-6 && equity <= quiet.high - 1e-6;
      expect(isQuiet && onEquity(state, equity, start, limits(changes)).state !== state).toBe(false);
    }),
  );
});

test.each([
  [{}, { low: 9_800, high: 10_000 }],
  [
    { max_daily_loss_abs: null, max_daily_loss_pct: null },
    { low: 9_000, high: 10_000 },
  ],
  [{ max_drawdown_pct: 0.01 }, { low: 9_900, high: 10_000 }],
  [{ max_daily_profit_abs: 100 }, { low: 9_800, high: 10_000 }],
])("[RSK-4] the quiet range of %j", (changes, range) => {
  expect(quietRange(sessionOf(), limits(changes))).toEqual(range);
});

test("[RSK-4] below its peaks the quiet range ends at the profit to be locked in", () => {
  const state = sessionOf({ dayPeakEquity: 10_900, peakEquity: 10_500 });
  const highs = [{ max_daily_profit_abs: 100 }, {}].map((changes) => quietRange(state, limits(changes))?.high);
  expect(highs).toEqual([10_100, 10_500]);
});

test("[RSK-4] without measures there is no quiet range", () => {
  const one = (changes: Partial<SessionState>) => quietRange(sessionOf(changes), usual);
  expect([one({ limitEquity: null }), one({ dayPeakEquity: null }), one({ peakEquity: null })]).toEqual([
    null,
    null,
    null,
  ]);
});

type Happening = (state: SessionState, now: Micros) => SessionState;

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  fc.integer({ min: 8_000, max: 12_000 }).map(
    (equity): Happening =>
      (state, now) =>
        onEquity(
          onTime(state, equity, now).state,
          equity,
          now,
          limits({ max_daily_profit_abs: 900, on_violation: "cooldown" }),
        ).state,
  ),
  fc.integer({ min: -50, max: 50 }).map(
    (pnl): Happening =>
      (state) =>
        onTradeClosed(state, pnl),
  ),
  fc.constant<Happening>((state, now) => onTradeOpened(state, now, limits({ max_trades_per_hour: 3 })).state),
  fc.constant<Happening>((state, now) => onTradeVoided(state, now)),
  fc.constantFrom<Control["action"]>("halt", "resume", "flatten").map(
    (action): Happening =>
      (state, now) =>
        onControl(state, action === "scale" ? control("halt") : control(action), 10_000, now).state,
  ),
  fc.constant<Happening>((state, now) =>
    withCooldown(state, { symbol: "BTCUSDT", side: "buy", until: micros(now + hour) }, now),
  ),
  fc.constant<Happening>((state) => onFlat(state).state),
);

test("[RSK-4] a restart in the middle changes nothing: the state is its JSON", () => {
  const steps = fc.array(fc.tuple(happenings, fc.integer({ min: -hour, max: 8 * hour })), {
    minLength: 1,
    maxLength: 40,
  });
  fc.assert(
    fc.property(steps, fc.nat(39), (list, stop) => {
      let now: number = start;
      let whole = sessionOf();
      let restarted = sessionOf();
      list.forEach(([happens, elapsed], index) => {
        now += elapsed;
        whole = happens(whole, micros(now));
        if (index === stop) restarted = JSON.parse(JSON.stringify(restarted));
        restarted = happens(restarted, micros(now));
      });
      expect(restarted).toEqual(whole);
    }),
  );
});

test("[RSK-4] whatever the clock and the market do, the day never goes back by itself and times stay in order", () => {
  const steps = fc.array(
    fc.tuple(fc.integer({ min: 8_000, max: 12_000 }), fc.integer({ min: -30 * hour, max: 30 * hour })),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (list) => {
      let now: number = start;
      let state = sessionOf();
      for (const [equity, elapsed] of list) {
        now += elapsed;
        const { day } = state;
        state = onTime(state, equity, micros(now)).state;
        state = onTradeOpened(onEquity(state, equity, micros(now), usual).state, micros(now), usual).state;
        expect(state.day).toBeGreaterThanOrEqual(day);
        expect(state.tradeTimes).toEqual(state.tradeTimes.toSorted((a, b) => a - b));
      }
    }),
  );
});

test("[RSK-4] a fresh session knows of nothing", () => {
  expect(newSession(start)).toEqual({
    version: 1,
    day: today,
    dayStartEquity: null,
    limitEquity: null,
    dayPeakEquity: null,
    peakEquity: null,
    realisedToday: 0,
    tradesToday: 0,
    tradeTimes: [],
    tradesToldAt: null,
    hold: { kind: "none" },
    flattening: null,
    scale: 1,
    reached: [],
    ledger: null,
    cooldowns: [],
  });
});

test.each(["dayStartEquity", "limitEquity", "dayPeakEquity", "peakEquity"] as const)(
  "[RSK-4] a measure that alone waits for an equity takes it: %s",
  (name) => {
    expect(onEquity(sessionOf({ [name]: null }), 10_000, start, usual).state).toEqual(sessionOf());
  },
);

test("[RSK-4] a peak that alone is passed follows", () => {
  const day = onEquity(sessionOf({ peakEquity: 11_000 }), 10_100, start, usual).state;
  const ever = onEquity(sessionOf({ dayPeakEquity: 11_000 }), 10_100, start, usual).state;
  expect([day, ever]).toEqual([
    sessionOf({ dayPeakEquity: 10_100, peakEquity: 11_000 }),
    sessionOf({ dayPeakEquity: 11_000, peakEquity: 10_100 }),
  ]);
});

test("[RSK-4] a halt that ends within the day leaves the measures as they were", () => {
  const hold = { kind: "halt", reason: "HALTED", by: "x", until: after(5) } as const;
  const { state, events } = onTime(sessionOf({ hold, limitEquity: 9_950 }), 9_900, after(5));
  expect([state, events]).toEqual([sessionOf({ limitEquity: 9_950 }), [{ event: "RESUMED", by: "day" }]]);
});

test("[RSK-4] a halt replaces a cooldown, however long that would last", () => {
  const hold = { kind: "cooldown", reason: "MAX_DRAWDOWN_REACHED", until: micros(midnight + hour) } as const;
  const { state } = onEquity(sessionOf({ hold }), 9_700, start, usual);
  expect(state.hold).toEqual({ kind: "halt", reason: "MAX_DAILY_LOSS_REACHED", by: "limit", until: midnight });
});

test("[RSK-4] a halt that would end before the day does is lengthened by a limit", () => {
  const hold = { kind: "halt", reason: "HALTED", by: "x", until: after(5) } as const;
  expect(onEquity(sessionOf({ hold }), 9_700, start, usual).state.hold).toMatchObject({ until: midnight });
});

test("[RSK-4] who flattens halts in the same name", () => {
  const byLimit = onEquity(sessionOf(), 9_700, start, limits({ on_violation: "flatten" })).events;
  const byHand = onControl(sessionOf(), control("flatten"), 10_000, start).events;
  expect([byLimit.slice(1), byHand]).toEqual([
    [
      { event: "HALTED", by: "limit", reason: "MAX_DAILY_LOSS_REACHED", until: midnight },
      { event: "FLATTENING", by: "limit" },
    ],
    [
      { event: "HALTED", by: "operator", reason: "HALTED", until: null },
      { event: "FLATTENING", by: "operator" },
    ],
  ]);
});
