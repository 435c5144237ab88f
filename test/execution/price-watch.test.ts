/** What each price says about an open position: excursions, levels that are reached, and where the stop belongs. */

import { expect, test } from "vitest";
import type { Candle } from "../../src/domain/candle.ts";
import type { ExitRules } from "../../src/domain/exit-rules.ts";
import type { Side } from "../../src/domain/order.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { isAdverse, reactToPrice } from "../../src/execution/exit-watch.ts";
import { isStopPassed } from "../../src/execution/protection.ts";
import {
  isBreakEvenDue,
  isTrailDue,
  isUnheldStopHit,
  manageStopLevel,
  tightenTo,
  trackPrice,
} from "../../src/execution/ratchet.ts";
import { reachedTarget } from "../../src/execution/targets.ts";
import type { TradePlan } from "../../src/execution/trade.ts";
import { after, start, stillRules } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

/** Ten lots at 640,000 with their floor live; R is 200 ticks. */
function held(side: Side = "buy", exits: Partial<ExitRules> = {}, plan: Partial<TradePlan> = {}): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ side, exits: { ...stillRules, ...exits }, ...plan }));
  return bench;
}

function touch(bench: Bench, bid: number, ask: number): void {
  bench.touch.bid = ticks(bid);
  bench.touch.ask = ticks(ask);
}

function moves(bench: Bench): readonly unknown[] {
  return bench.outputs.flatMap((output) =>
    output.kind === "stop-move" ? [{ from: output.from, to: output.to, cause: output.cause }] : [],
  );
}

test.each<readonly [Side, readonly (readonly [number, number])[], readonly [number, number, number]]>([
  [
    "buy",
    [
      [640_010, 640_050],
      [640_030, 640_040],
      [639_980, 640_060],
      [639_990, 640_090],
    ],
    [640_030, 30, 20],
  ],
  [
    "sell",
    [
      [639_950, 639_990],
      [639_960, 639_970],
      [639_940, 640_020],
      [639_910, 640_010],
    ],
    [639_970, 30, 20],
  ],
])(
  "[ORD-4] of a %s the best price and the excursions are those of the side that it leaves by",
  (side, quotes, expected) => {
    const bench = held(side);
    for (const [bid, ask] of quotes) {
      touch(bench, bid, ask);
      trackPrice(bench.desk, bench.trade);
    }
    const { bestTicks, favourableTicks, adverseTicks } = bench.trade;
    expect([bestTicks, favourableTicks, adverseTicks]).toEqual(expected);
  },
);

test.each<readonly [Side, number, number]>([
  ["buy", 0, 640_001],
  ["sell", 639_999, 0],
])("[ORD-4] an empty side of the book is no price for a %s", (side, bid, ask) => {
  const bench = held(side);
  touch(bench, bid, ask);
  trackPrice(bench.desk, bench.trade);
  expect([bench.trade.bestTicks, bench.trade.adverseTicks]).toEqual([0, 0]);
});

test("[ORD-4] a price before anything has filled is no excursion", () => {
  const bench = new Bench();
  bench.begin();
  touch(bench, 640_100, 640_101);
  trackPrice(bench.desk, bench.trade);
  expect(bench.trade.bestTicks).toBe(0);
});

test("[ORD-4] a price after everything was closed is no excursion", () => {
  const bench = held();
  const { trade } = bench;
  bench.fill(idOf("f"), "FILLED", 10, fillOf("out", 10, 639_800));
  touch(bench, 640_100, 640_101);
  trackPrice(bench.desk, trade);
  expect([trade.bestTicks, trade.favourableTicks]).toEqual([0, 0]);
});

test.each<readonly [Side, number, number, number, boolean]>([
  ["buy", 640_049, 640_050, 640_050, false],
  ["buy", 640_050, 640_051, 640_050, true],
  ["sell", 639_950, 639_951, 639_950, false],
  ["sell", 639_949, 639_950, 639_950, true],
  ["sell", 0, 639_950, 639_950, false],
  ["buy", 640_050, 640_051, Number.NaN, false],
  ["sell", 639_949, 639_950, Number.NaN, false],
])(
  "[EXE-10] of a %s the touch %i/%i has come to where break-even waits at %d: %s",
  (side, bid, ask, level, expected) => {
    const bench = held(side);
    bench.trade.breakEvenLevel = level;
    touch(bench, bid, ask);
    expect(isBreakEvenDue(bench.desk, bench.trade)).toBe(expected);
  },
);

test.each<readonly [Side, boolean, number, number, boolean]>([
  ["buy", true, 639_800, 639_801, true],
  ["buy", true, 639_801, 639_802, false],
  ["buy", true, 0, 639_700, false],
  ["buy", false, 639_700, 639_701, false],
  ["sell", true, 640_199, 640_200, true],
  ["sell", true, 640_198, 640_199, false],
  ["sell", true, 640_300, 0, false],
  ["sell", false, 640_300, 640_301, false],
])(
  "[ORD-3] of a %s, watched: %s, the touch %i/%i hits the stop that does not rest: %s",
  (side, watchStop, bid, ask, expected) => {
    const bench = held(side);
    bench.trade.watchStop = watchStop;
    touch(bench, bid, ask);
    expect(isUnheldStopHit(bench.desk, bench.trade)).toBe(expected);
  },
);

test.each<readonly [Side, number, number, boolean]>([
  ["buy", 639_799, 639_800, true],
  ["buy", 639_800, 639_801, false],
  ["buy", 0, 0, false],
  ["sell", 640_200, 640_201, true],
  ["sell", 640_199, 640_200, false],
  ["sell", 0, 0, false],
])("[ORD-3] of a %s the touch %i/%i is past the level of the stop: %s", (side, bid, ask, expected) => {
  const bench = held(side);
  touch(bench, bid, ask);
  expect(isStopPassed(bench.desk, bench.trade, bench.trade.stopLevel)).toBe(expected);
});

const first = { takeProfit: ticks(640_300) };
const firstShort = { takeProfit: ticks(639_700) };

test.each<readonly [Side, Partial<TradePlan>, number, number, boolean]>([
  ["buy", first, 640_300, 640_301, true],
  ["buy", first, 640_299, 640_300, false],
  ["sell", firstShort, 639_699, 639_700, true],
  ["sell", firstShort, 639_700, 639_701, false],
  ["sell", firstShort, 639_699, 0, false],
  ["buy", {}, 640_300, 640_301, false],
])("[ORD-3] of a %s with %j the touch %i/%i has reached the target: %s", (side, plan, bid, ask, expected) => {
  const bench = held(side, {}, plan);
  touch(bench, bid, ask);
  expect(reachedTarget(bench.desk, bench.trade) !== null).toBe(expected);
});

test.each<readonly [Side, Partial<ExitRules>, number, boolean]>([
  ["buy", { trailFromR: 0.5, trailByR: 0.5 }, 640_100, true],
  ["buy", { trailFromR: 0.5, trailByR: 0.5 }, 640_099, false],
  ["sell", { trailFromR: 0.5, trailByR: 0.5 }, 639_900, true],
  ["sell", { trailFromR: 0.5, trailByR: 0.5 }, 639_901, false],
  ["buy", { trailByR: 0.5 }, 640_500, false],
  ["buy", { trailFromR: 0.5 }, 640_500, false],
  ["buy", { trailFromR: 0.5, trailByR: 0 }, 640_500, false],
  ["buy", { trailFromBps: 1, trailByBps: 1 }, 640_064, true],
  ["buy", { trailFromBps: 1, trailByBps: 1 }, 640_063, false],
  ["buy", { trailFromR: 0, trailByR: 0.5 }, 0, false],
])("[EXE-10] a %s with %j whose best price is %i trails: %s", (side, rules, best, expected) => {
  const bench = held(side, rules);
  bench.trade.bestTicks = best;
  expect(isTrailDue(bench.trade, bench.now)).toBe(expected);
});

test("[EXE-10] nothing trails before anything has filled", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: { ...stillRules, trailFromR: 0, trailByR: 0.1 } }));
  bench.trade.bestTicks = 640_500;
  expect(isTrailDue(bench.trade, bench.now)).toBe(false);
});

test.each<readonly [Side, number, number, number]>([
  ["buy", 640_151, 0.5, 640_051],
  ["buy", 640_151, 0.5005, 640_050],
  ["sell", 639_849, 0.5, 639_949],
  ["sell", 639_849, 0.5005, 639_950],
])(
  "[EXE-10] a %s whose best price is %i trails %d R behind it, on the tick that is farther: %i",
  (side, best, trailByR, level) => {
    const bench = held(side, { trailFromR: 0.5, trailByR });
    touch(bench, best, best);
    bench.manager.onQuote(bench.now);
    expect(moves(bench)).toEqual([{ from: bench.trade.plan.stopLoss, to: level, cause: "trailing" }]);
  },
);

test.each<readonly [Side, number | null, number | null, number | null]>([
  ["buy", 100, 50, 639_900],
  ["sell", 100, 50, 640_100],
  ["buy", 100, 33, 639_934],
  ["sell", 100, 33, 640_066],
  ["buy", 300, 200, 639_866],
  ["sell", 300, 200, 640_134],
  ["buy", 100, 100, null],
  ["buy", 100, 150, null],
  ["buy", 100, 0, null],
  ["buy", 100, null, null],
  ["buy", null, 50, null],
])("[EXE-11] the stop of a %s, its ATR %s at entry and now %s, moves to %s", (side, atrAtEntry, atr, level) => {
  const bench = held(side, { atrAtEntry });
  touch(bench, 640_000, 640_001);
  bench.trade.atrTicks = atr;
  manageStopLevel(bench.desk, bench.trade, bench.now);
  const from = bench.trade.plan.stopLoss;
  expect(moves(bench)).toEqual(level === null ? [] : [{ from, to: level, cause: "atr" }]);
});

test("[EXE-11] a stop that volatility would put beyond the price stays where it is", () => {
  const bench = held("buy", { atrAtEntry: 100 });
  touch(bench, 639_850, 639_851);
  bench.trade.atrTicks = 50;
  manageStopLevel(bench.desk, bench.trade, bench.now);
  expect(moves(bench)).toEqual([]);
});

const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };
const twoShort = { takeProfit: ticks(639_700), secondTarget: ticks(639_400) };

/** The first of two targets has closed its half. */
function halved(side: Side, breakEvenBps: number | null, plan: Partial<TradePlan>, price: number): Bench {
  const bench = held(side, { breakEvenBps }, plan);
  touch(bench, price, price + 1);
  bench.ok("place-algo", idOf("t1"));
  bench.ok("place-algo", idOf("t2"));
  bench.fill(idOf("t1"), "FILLED", 5, fillOf("tp1", 5, price));
  return bench;
}

test.each<readonly [Side, number, Partial<TradePlan>, number, number]>([
  ["buy", 1, two, 640_300, 640_064],
  ["buy", 0.01, two, 640_300, 640_001],
  ["buy", 0, two, 640_300, 640_000],
  ["sell", 1, twoShort, 639_699, 639_936],
  ["sell", 0.01, twoShort, 639_699, 639_999],
])(
  "[EXE-10] a %s with %d basis points to cover breaks even, rounded towards less risk",
  (side, bps, plan, price, level) => {
    const bench = halved(side, bps, plan, price);
    expect(moves(bench)).toEqual([{ from: bench.trade.plan.stopLoss, to: level, cause: "break-even" }]);
  },
);

test("[EXE-10] without the rule nothing breaks even", () => {
  const bench = halved("buy", null, two, 640_300);
  expect([moves(bench), bench.trade.breakEvenLevel]).toEqual([[], Number.NaN]);
});

test("[EXE-10] with one target nothing breaks even", () => {
  const bench = held("buy", { breakEvenBps: 1 }, first);
  bench.ok("place-algo", idOf("t1"));
  bench.fill(idOf("t1"), "PARTIALLY_FILLED", 5, fillOf("tp1", 5, 640_300));
  expect(moves(bench)).toEqual([]);
});

test("[EXE-10] a break-even beyond the price waits, and comes with the price", () => {
  const bench = halved("buy", 10, two, 640_300);
  const waiting = [bench.trade.breakEvenLevel, moves(bench)];
  touch(bench, 640_640, 640_641);
  bench.at(1);
  bench.manager.onQuote(bench.now);
  expect([waiting, moves(bench), bench.trade.breakEvenLevel]).toEqual([
    [640_640, []],
    [{ from: 639_800, to: 640_640, cause: "break-even" }],
    Number.NaN,
  ]);
});

test("[EXE-10] a stop that is at break-even already is not moved to it again", () => {
  const bench = halved("buy", 1, two, 640_300);
  bench.at(5_000);
  bench.manager.onQuote(bench.now);
  expect([bench.trade.stopMoves, bench.trade.breakEvenLevel]).toEqual([1, Number.NaN]);
});

test.each<readonly [string, Side, number, boolean]>([
  ["the least step nearer", "buy", 639_810, true],
  ["less than the least step nearer", "buy", 639_809, false],
  ["where it is", "buy", 639_800, false],
  ["farther away", "buy", 639_700, false],
  ["no number", "buy", Number.NaN, false],
  ["no price", "buy", Number.POSITIVE_INFINITY, false],
  ["just short of the ask", "buy", 640_000, true],
  ["at the ask, where it would be hit at once", "buy", 640_001, false],
  ["the least step nearer", "sell", 640_190, true],
  ["less than the least step nearer", "sell", 640_191, false],
  ["just short of the bid", "sell", 640_001, true],
  ["at the bid", "sell", 640_000, false],
])("[EXE-11] a stop that is wanted %s, of a %s at %d, is taken: %s", (_what, side, level, expected) => {
  const bench = held(side);
  expect(tightenTo(bench.desk, bench.trade, level, "decision", bench.now)).toBe(expected);
});

test("[EXE-11] the least step is one tick even where the rule says less", () => {
  const bench = held("buy", { moveStepR: 0.001 });
  const at = (level: number) => tightenTo(bench.desk, bench.trade, level, "risk", bench.now);
  expect([at(639_800.5), at(639_801), moves(bench)]).toEqual([
    false,
    true,
    [{ from: 639_800, to: 639_801, cause: "risk" }],
  ]);
});

test.each<readonly [number, boolean]>([
  [499, false],
  [500, true],
])("[EXE-11] %i ms after the last move a stop may move again: %s", (ms, expected) => {
  const bench = held();
  tightenTo(bench.desk, bench.trade, 639_850, "risk", start);
  expect(tightenTo(bench.desk, bench.trade, 639_900, "risk", after(ms))).toBe(expected);
});

test.each<readonly [number, boolean]>([
  [1, false],
  [2, true],
])("[EXE-11] with %i moves allowed a second one is taken: %s", (movesMax, expected) => {
  const bench = held("buy", { movesMax });
  tightenTo(bench.desk, bench.trade, 639_850, "risk", start);
  expect(tightenTo(bench.desk, bench.trade, 639_900, "risk", after(500))).toBe(expected);
});

test("[EXE-11] a move is told, counted, and wakes the trade when the next one may follow", () => {
  const bench = held();
  bench.trade.wakeAt = Number.POSITIVE_INFINITY;
  tightenTo(bench.desk, bench.trade, 639_850, "decision", after(7));
  const { stopLevel, stopMoves, stopMovedAt, wakeAt } = bench.trade;
  expect([stopLevel, stopMoves, stopMovedAt, wakeAt]).toEqual([639_850, 1, after(7), after(507)]);
  expect(bench.outputs.at(-1)).toEqual({
    kind: "stop-move",
    trade: bench.trade.plan.trade,
    symbol: bench.trade.plan.symbol,
    from: 639_800,
    to: 639_850,
    cause: "decision",
    time: after(7),
  });
});

test("[EXE-11] a stop of nothing is not moved", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: { ...stillRules, trailFromR: 0, trailByR: 0.1 } }));
  bench.trade.bestTicks = 640_100;
  manageStopLevel(bench.desk, bench.trade, bench.now);
  expect([tightenTo(bench.desk, bench.trade, 639_900, "risk", bench.now), moves(bench)]).toEqual([false, []]);
});

test("[EXE-11] the stop of a trade that is being closed is not moved", () => {
  const bench = held("buy", { trailFromR: 0.5, trailByR: 0.5 });
  bench.manager.close("OPERATOR", bench.now);
  bench.trade.bestTicks = 640_200;
  manageStopLevel(bench.desk, bench.trade, bench.now);
  expect([tightenTo(bench.desk, bench.trade, 639_900, "risk", bench.now), moves(bench)]).toEqual([false, []]);
});

function candle(open: number, close: number, openMs: number): Candle {
  return {
    openTime: after(openMs),
    open: ticks(open),
    high: ticks(Math.max(open, close)),
    low: ticks(Math.min(open, close)),
    close: ticks(close),
    volume: lots(0),
    takerBuyVolume: lots(0),
  };
}

test.each<readonly [string, Side, Candle, number | null, boolean]>([
  ["one that falls by more than the multiple", "buy", candle(640_100, 639_899, 60_000), 100, true],
  ["one that falls by the multiple", "buy", candle(640_100, 639_900, 60_000), 100, false],
  ["one that rises", "buy", candle(640_100, 640_500, 60_000), 100, false],
  ["one that rises by more", "sell", candle(640_100, 640_301, 60_000), 100, true],
  ["one without an ATR", "buy", candle(640_100, 639_000, 60_000), null, false],
  ["one that began before the entry counts from it", "buy", candle(641_000, 639_800, -30_000), 100, false],
  ["one that began before the entry counts from it", "buy", candle(641_000, 639_799, -30_000), 100, true],
  ["one that began with the entry counts from its open", "buy", candle(640_100, 639_899, 0), 100, true],
  ["one that ended with the entry", "buy", candle(641_000, 639_000, -60_000), 100, false],
])("[EXE-10] against the position is %s (%s)", (_what, side, one, atrTicks, expected) => {
  const bench = held(side, { adverseCandleAtr: 2 });
  bench.trade.atrTicks = atrTicks;
  expect(isAdverse(bench.trade, one)).toBe(expected);
});

test("[EXE-10] without the rule no candle is against the position", () => {
  const bench = held();
  bench.trade.atrTicks = 1;
  expect(isAdverse(bench.trade, candle(640_100, 630_000, 60_000))).toBe(false);
});

test("[EXE-10] no candle is against a position that is closed", () => {
  const bench = held("buy", { adverseCandleAtr: 2 });
  const { trade } = bench;
  trade.atrTicks = 1;
  bench.fill(idOf("f"), "FILLED", 10, fillOf("out", 10, 639_800));
  expect(isAdverse(trade, candle(640_100, 630_000, 60_000))).toBe(false);
});

test("[EXE-10] an adopted position without a known entry counts a candle from its average", () => {
  const bench = held("buy", { adverseCandleAtr: 2 });
  bench.trade.entryTime = null;
  bench.trade.atrTicks = 100;
  const at = (close: number) => isAdverse(bench.trade, candle(650_000, close, 60_000));
  expect([at(639_800), at(639_799)]).toEqual([false, true]);
});

test.each<readonly [number, string | undefined]>([
  [639_800, "STOP_LOSS"],
  [639_850, "TRAILING_STOP"],
])("[ORD-3] a stop at %i that does not rest closes as %s when the price is there", (level, reason) => {
  const bench = held();
  bench.trade.watchStop = true;
  bench.trade.stopLevel = ticks(level);
  touch(bench, level, level + 1);
  expect([reactToPrice(bench.desk, bench.trade, bench.now), bench.trade.closing?.reason]).toEqual([true, reason]);
});

test("[ORD-3] a price says nothing to a trade that is being closed", () => {
  const bench = held();
  bench.manager.close("OPERATOR", bench.now);
  bench.trade.watchStop = true;
  touch(bench, 639_700, 639_701);
  expect([reactToPrice(bench.desk, bench.trade, bench.now), bench.trade.closing?.reason]).toEqual([false, "OPERATOR"]);
});

test("[ORD-3] a watched target that is whole closes the position", () => {
  const bench = held("buy", {}, first);
  bench.refuse("place-algo", idOf("t1"), -4045);
  touch(bench, 640_300, 640_301);
  bench.manager.onQuote(bench.now);
  expect([bench.trade.closing?.reason, bench.order(idOf("x")).quantity]).toEqual(["TAKE_PROFIT", 10]);
});

test("[ORD-3] a target that the core does not watch is left to the exchange", () => {
  const bench = held("buy", {}, first);
  bench.ok("place-algo", idOf("t1"));
  touch(bench, 640_300, 640_301);
  expect([reactToPrice(bench.desk, bench.trade, bench.now), bench.trade.closing]).toEqual([false, null]);
});

test("[ORD-3] a watched part is taken at market once, on the side that reduces", () => {
  const bench = held("buy", {}, two);
  bench.refuse("place-algo", idOf("t1"), -4045);
  touch(bench, 640_300, 640_301);
  bench.manager.onQuote(bench.now);
  bench.manager.onQuote(bench.now);
  const id = idOf("t1", 2);
  expect([bench.order(id), bench.count("place-order", idOf("t1", 3))]).toMatchObject([
    { side: "sell", quantity: 5, reduceOnly: true, terms: { type: "MARKET" } },
    0,
  ]);
});

test("[ORD-3] an order of another role does not take the target's place", () => {
  const bench = held("buy", {}, two);
  bench.refuse("place-algo", idOf("t1"), -4045);
  bench.ok("place-algo", idOf("t2"));
  touch(bench, 640_300, 640_301);
  expect([reactToPrice(bench.desk, bench.trade, bench.now), bench.order(idOf("t1", 2)).quantity]).toEqual([true, 5]);
});

test("[EXE-10] what may be held longest counts from the first fill", () => {
  const bench = new Bench();
  bench.begin(planOf({ holdMicros: micros(10_000_000) }));
  bench.at(1_000);
  bench.fill(idOf("e"), "FILLED", 10, fillOf("in", 10));
  expect(bench.trade.holdUntil).toBe(after(11_000));
});

test("[ORD-3] lots are whole: a first target of an odd number takes the smaller half", () => {
  const bench = held("buy", {}, { ...two, quantity: lots(9) });
  expect(bench.algo(idOf("t1")).extent).toEqual({ kind: "quantity", quantity: 4 });
});

test("[EXE-11] while an entry works on beside a closed position, its stop is not moved", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: { ...stillRules, trailFromR: 0.5, trailByR: 0.5 } }));
  bench.fill(idOf("e"), "PARTIALLY_FILLED", 4, fillOf("in", 4));
  bench.ok("place-algo", idOf("f"));
  bench.fill(idOf("f"), "FILLED", 4, fillOf("out", 4, 639_800));
  bench.trade.bestTicks = 640_200;
  manageStopLevel(bench.desk, bench.trade, bench.now);
  expect([tightenTo(bench.desk, bench.trade, 639_900, "risk", bench.now), moves(bench)]).toEqual([false, []]);
});
