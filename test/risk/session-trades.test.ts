/** Trades of an hour and of a day, also where the clock steps back, and symbols that rest after one. */

import { expect, test } from "vitest";
import type { SessionState } from "../../src/domain/session.ts";
import { type Micros, micros, microsPerMinute } from "../../src/domain/units.ts";
import {
  cooldownUntil,
  onTime,
  onTradeClosed,
  onTradeOpened,
  onTradeVoided,
  tradesInHour,
  withCooldown,
  withTradeAt,
} from "../../src/risk/session.ts";
import { after, start } from "../support/core.ts";
import { limits, midnight, sessionOf, usual } from "./support.ts";

const hour = 60 * microsPerMinute;

function opened(count: number, at: Micros, state = sessionOf()): SessionState {
  let next = state;
  for (let index = 0; index < count; index += 1) next = onTradeOpened(next, at, usual).state;
  return next;
}

test("[RSK-4] a trade counts for exactly 60 minutes", () => {
  const state = opened(3, start);
  expect([0, hour - 1, hour].map((later) => tradesInHour(state, micros(start + later)))).toEqual([3, 3, 0]);
});

test("[RSK-4] the window rolls: it is not the clock's hour", () => {
  const state = opened(2, after(3_000_000), opened(1, start));
  expect(
    [after(3_599_999), after(3_600_000), after(6_599_999), after(6_600_000)].map((now) => tradesInHour(state, now)),
  ).toEqual([3, 2, 2, 0]);
});

test("[RSK-7] the trade that fills the hour is told, and no other for an hour", () => {
  const three = limits({ max_trades_per_hour: 3 });
  let state = opened(1, start);
  const told = [1, 2, 3, 4, 3_600_001, 3_600_002, 3_600_003].map((later) => {
    const step = onTradeOpened(state, after(later), three);
    state = step.state;
    return step.events;
  });
  expect(told.map((events) => events.length)).toEqual([0, 1, 0, 0, 0, 1, 0]);
  expect(told[1]).toEqual([{ event: "TRADES_PER_HOUR_HIT", measured: 3, limit: 3 }]);
});

test("[RSK-4] trades older than an hour are forgotten, so that the state stays small", () => {
  expect(onTradeOpened(opened(50, start), after(3_600_000), usual).state.tradeTimes).toEqual([after(3_600_000)]);
});

test("[RSK-4] the state holds no more trades than settings can allow", () => {
  const state = sessionOf({ tradeTimes: Array(5_000).fill(start) });
  expect(onTradeOpened(state, after(1), usual).state.tradeTimes).toHaveLength(5_000);
});

test("[RSK-4] an entry of which nothing filled was no trade", () => {
  const state = opened(1, after(5), opened(2, start));
  const voided = onTradeVoided(state, start);
  expect([voided.tradeTimes, voided.tradesToday]).toEqual([[start, after(5)], 2]);
});

test("[RSK-4] a trade that is not known is not taken away", () => {
  const state = opened(1, start);
  expect(onTradeVoided(state, after(1))).toBe(state);
});

test("[RSK-4] the trades of a day are never fewer than none", () => {
  expect(onTradeVoided(sessionOf({ tradeTimes: [start] }), start).tradesToday).toBe(0);
});

test("[RSK-4] an entry of yesterday of which nothing filled takes no trade of today away", () => {
  const yesterday = micros(midnight - 1);
  const state = opened(1, midnight, onTime(opened(1, yesterday), 10_000, midnight).state);
  const voided = onTradeVoided(state, yesterday);
  expect([voided.tradeTimes, voided.tradesToday]).toEqual([[midnight], 1]);
});

test("[RSK-4] an entry of yesterday that only the journal knows is in the hour, and no trade of today", () => {
  const { state } = onTime(sessionOf(), 10_000, midnight);
  const yesterday = micros(midnight - 1);
  const known = withTradeAt(state, yesterday, 1, midnight);
  expect([known.tradeTimes, known.tradesToday]).toEqual([[yesterday], 0]);
});

test("[RSK-4] a closed trade adds to the day's realised profit", () => {
  expect(onTradeClosed(onTradeClosed(sessionOf(), 5), -7).realisedToday).toBe(-2);
});

test("[RSK-4] an entry that only the journal knows counts once, in its place", () => {
  const state = opened(1, after(10));
  const known = withTradeAt(withTradeAt(state, start, 1, after(20)), start, 1, after(20));
  expect([known.tradeTimes, known.tradesToday]).toEqual([[start, after(10)], 2]);
});

test("[RSK-4] an entry an hour old does not count, and one of the future counts from now", () => {
  const state = sessionOf();
  const now = after(3_600_000);
  expect(withTradeAt(state, start, 1, now)).toEqual(state);
  expect(withTradeAt(state, micros(now + 1), 1, now).tradeTimes).toEqual([now]);
  expect(withTradeAt(state, after(1), 1, now).tradesToday).toBe(1);
  expect(withTradeAt(state, now, 1, now).tradesToday).toBe(1);
});

test("[RSK-4] a clock that steps back begins no day and counts what it had put into the future from now", () => {
  const state = opened(2, after(600_000), opened(1, start));
  const { state: back, events } = onTime(state, 10_000, after(60_000));
  expect([back.tradeTimes, events]).toEqual([[start, after(60_000), after(60_000)], []]);
  expect(onTime(state, 10_000, after(600_000)).state).toBe(state);
});

test("[RSK-4] a clock that steps back over midnight stays in the later day, and midnight does not begin it again", () => {
  const { state } = onTime(sessionOf(), 9_000, midnight);
  const back = onTime(state, 8_900, micros(midnight - 1));
  const again = onTime(back.state, 8_800, midnight);
  expect([back, again]).toEqual([
    { state, events: [] },
    { state, events: [] },
  ]);
});

test("[RSK-4] a trade opened after the clock stepped back keeps the times in order", () => {
  const { tradeTimes } = opened(1, after(60_000), opened(1, after(600_000)));
  expect(tradeTimes).toEqual([after(60_000), after(60_000)]);
});

test("[RSK-4] an entry that only the journal knows takes no more room than there is", () => {
  const state = sessionOf({ tradeTimes: Array(5_000).fill(after(1)) });
  expect(withTradeAt(state, after(2), 1, after(3)).tradeTimes).toHaveLength(5_000);
});

test("[RSK-5] a symbol and direction rest until their cooldown ends, and no other does", () => {
  const one = withCooldown(sessionOf(), { symbol: "BTCUSDT", side: "buy", until: after(10) }, start);
  const two = withCooldown(one, { symbol: "BTCUSDT", side: "sell", until: after(20) }, start);
  const three = withCooldown(two, { symbol: "ETHUSDT", side: "buy", until: after(30) }, start);
  const untils = (["buy", "sell"] as const).flatMap((side) =>
    ["BTCUSDT", "ETHUSDT"].map((symbol) => cooldownUntil(three, symbol, side)),
  );
  expect(untils).toEqual([after(10), after(30), after(20), 0]);
});

test("[RSK-5] a cooldown that ends later replaces the one before, and those that are over are forgotten", () => {
  const one = withCooldown(sessionOf(), { symbol: "BTCUSDT", side: "buy", until: after(10) }, start);
  const two = withCooldown(one, { symbol: "ETHUSDT", side: "buy", until: after(10) }, start);
  const three = withCooldown(two, { symbol: "BTCUSDT", side: "buy", until: after(20) }, after(5));
  expect(three.cooldowns.map(({ symbol, until }) => [symbol, until])).toEqual([
    ["ETHUSDT", after(10)],
    ["BTCUSDT", after(20)],
  ]);
  expect(withCooldown(three, { symbol: "BTCUSDT", side: "buy", until: after(20) }, after(20)).cooldowns).toEqual([]);
});

test("[RSK-5] a cooldown that ends sooner than the one before changes nothing", () => {
  const one = withCooldown(sessionOf(), { symbol: "BTCUSDT", side: "buy", until: after(20) }, start);
  expect(withCooldown(one, { symbol: "BTCUSDT", side: "buy", until: after(10) }, after(5))).toEqual(one);
});
