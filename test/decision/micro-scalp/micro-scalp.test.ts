import { expect, test } from "vitest";
import { factsOf } from "../../../src/decision/micro-scalp/facts.ts";
import { MicroScalpSource } from "../../../src/decision/micro-scalp/micro-scalp.ts";
import type { Facts } from "../../../src/decision/micro-scalp/scene.ts";
import { ModelStateError } from "../../../src/decision/source.ts";
import type { Candle } from "../../../src/domain/candle.ts";
import type { Decision } from "../../../src/domain/decision.ts";
import { micros, microsPerMinute } from "../../../src/domain/units.ts";
import { settings, start } from "../../market/support.ts";
import { before, candle, Desk, mid, own, type Rules, rules, sweepHistory, tradingRules } from "./support.ts";

/** The mid after the sweep, at which the set-up stands. */
const bid = mid - 180;

test("[DEC-4] a sweep of the session's low is a long set-up that says all its evidence", () => {
  const decision = longDesk().decide();
  expect(decision).toMatchObject({
    id: `micro_scalp-BTCUSDT-${start}-1`,
    time: start,
    direction: "LONG",
    action: "ENTER",
    source: "micro_scalp",
    style: "SCALP",
    confidence: 5 / 8,
    edge: null,
    validUntil: start + 500_000,
    holdMicrosMax: 300e6,
    cooldownMicros: 30e6,
  });
  expect(words(decision)).toEqual([
    "SESSION_EXTREME",
    "DAY_EXTREME",
    "WICK_TRAP",
    "LIQUIDITY_SWEEP",
    "VOLUME",
    "SCORE",
  ]);
});

test("[DEC-4] its stop lies behind the low, its target twice as far, both inside the symbol's ranges", () => {
  // 130 ticks to the low and 39 beyond are more than sl_range allows, which is 100.
  expect(longDesk().decide()).toMatchObject({ stopLoss: bid - 100, takeProfits: [bid + 200] });
  const wide = { ...own, sl_range: [5, 30], tp_range: [10, 90] };
  expect(longDesk(tradingRules, wide).decide()).toMatchObject({ stopLoss: bid - 169, takeProfits: [bid + 338] });
});

test("[DEC-4] mirrored prices give the mirrored decision", () => {
  const long = longDesk().decide();
  const short = new Desk(sweepHistory(-1)).prepare(mid + 179, mid + 180).decide();
  expect(short.direction).toBe("SHORT");
  expect(short.stopLoss).toBe(2 * mid - (long.stopLoss ?? 0));
  expect(short.takeProfits).toEqual([2 * mid - (long.takeProfits[0] ?? 0)]);
  expect(words(short)).toEqual(words(long));
  expect(short.confidence).toBe(long.confidence);
});

test("[DEC-4] a set-up from the score of A+ on says so", () => {
  const grade = { reason: "A_PLUS", measured: 5, limit: 5 };
  expect(longDesk({ ...tradingRules, a_plus_score: 5 }).decide().reasons[0]).toEqual(grade);
  expect(longDesk({ ...tradingRules, a_plus_score: 6 }).decide().reasons[0]?.reason).toBe("SESSION_EXTREME");
});

test("[DEC-4] filters block first: with the rules as they stand the target does not pay its fees at this price", () => {
  const decision = longDesk(rules).decide();
  expect(decision).toMatchObject({ direction: "NO_TRADE", action: "NO_ACTION", confidence: null, stopLoss: null });
  expect(decision.reasons).toEqual([
    ...noSignal(0),
    { reason: "TARGET_BELOW_COSTS", measured: expect.closeTo(3.907, 3), limit: 7 },
  ]);
});

test.each<[string, Partial<typeof own>, Partial<Rules["filters"]>, object]>([
  ["a minute that moved too little", { atr1_min: 31.1 }, {}, { reason: "ATR1", measured: 31, limit: 31.1 }],
  ["minutes that move too little", { m1_range_avg_min: 40 }, {}, { reason: "AVERAGE_RANGE", limit: 40 }],
  [
    "minutes that are not all known",
    {},
    { range_minutes: 501 },
    { reason: "AVERAGE_RANGE", measured: null, limit: 15 },
  ],
  ["a spread above the symbol's", { max_spread: 0.05 }, {}, { reason: "SPREAD", measured: 0.1, limit: 0.05 }],
  [
    "a blocked session",
    {},
    { blocked_sessions: ["LONDON"] },
    { reason: "SESSION_BLOCKED", measured: null, limit: null },
  ],
])("[DEC-4] %s blocks, with the numbers compared", (_, ownChanges, filterChanges, expected) => {
  const changed = { ...tradingRules, filters: { ...tradingRules.filters, ...filterChanges } };
  const { reasons } = longDesk(changed, { ...own, ...ownChanges }).decide();
  expect(reasons.slice(0, 2)).toEqual(noSignal(0));
  expect(reasons.slice(2)).toEqual([expect.objectContaining(expected)]);
});

test("[MKT-3] a spread that is not known to be usual blocks in the words of the market", () => {
  const decision = new Desk(sweepHistory()).refresh(before(1), bid).refresh(start, bid).trade(start, bid).decide();
  expect(decision.reasons[2]).toEqual({ reason: "SPREAD_UNKNOWN", measured: 1, limit: 30 });
});

test("[DEC-4] away from an edge the location stops it, with every distance", () => {
  const location = { ...rules.location, tolerance_atr: 0.1, vwap_band: "atr" as const };
  const decision = new Desk(sweepHistory(), { ...tradingRules, location }).prepare(mid - 230).decide();
  expect(decision.reasons.slice(0, 2)).toEqual(noSignal(1));
  expect(words(decision).slice(2)).toEqual([
    "VWAP_BAND",
    "SESSION_EXTREME",
    "DAY_EXTREME",
    "ORDER_BLOCK",
    "LIQUIDITY_CLUSTER",
  ]);
});

test("[DEC-4] a score below the one to trade stops it last", () => {
  const decision = longDesk({ ...tradingRules, trade_score: 6 }).decide();
  expect(decision.reasons).toEqual([
    ...noSignal(3),
    { reason: "SCORE", measured: 5, limit: 6 },
    { reason: "VWAP_PERSISTENCE", measured: expect.any(Number), limit: 30 },
    { reason: "VOLATILITY_EXPANSION", measured: expect.any(Number), limit: 1.2 },
  ]);
});

/** Nothing is at an edge of quiet minutes but what comes to within a tenth of an ATR of it. */
const strict: Rules = {
  ...rules,
  location: { ...rules.location, tolerance_atr: 0.1, vwap_band: "atr" },
  filters: { ...rules.filters, target_bps_min: 0 },
};

/** Quiet minutes around the mid, with the newest as given. */
function quiet(newest = candle(1, [0, 300, -300, 0], 10, 5)): Candle[] {
  return [...Array.from({ length: 499 }, (_, index) => candle(500 - index, [0, 300, -300, 0], 10, 5)), newest];
}

/** In ATR from where it would be an extreme: of the long from the low, of the short from the high. */
function distanceOf({ reasons }: Decision): number | null | undefined {
  return reasons.find(({ reason }) => reason === "SESSION_EXTREME")?.measured;
}

test("[DEC-4] of two sides that came as far, the one with the higher score explains, and of equals the long", () => {
  // A wide minute long ago keeps the extremes away; the mid stands outside of the band around the VWAP.
  const wide = quiet().map((one, index) => (index === 400 ? candle(100, [0, 1_500, -1_500, 0], 10, 5) : one));
  // Below the VWAP for a minute: that is a point for the short.
  const low = new Desk(wide, strict).prepare(mid - 400);
  expect(distanceOf(low.decide())).toBeCloseTo((1_500 + 400 - 0.5) / 600, 6);
  low.source.onGap();
  expect(distanceOf(low.decide())).toBeCloseTo((1_500 - 400 + 0.5) / 600, 6);
  const high = new Desk(wide, strict).prepare(mid + 400);
  expect(distanceOf(high.decide())).toBeCloseTo((1_500 + 400 + 0.5) / 600, 6);
});

test("[DEC-4] of two sides that were stopped, the one that came further explains, whatever the scores", () => {
  // Sold in volume down to the session's low: momentum, volume and persistence for the short, which is at no edge.
  const sold = candle(1, [0, 10, -360, -350], 40, 0);
  const decision = new Desk(quiet(sold), strict).prepare(mid - 350).decide();
  expect(decision.reasons.slice(0, 2)).toEqual(noSignal(2));
  expect(words(decision)).toContain("WICK_TRAP");
  const bought = candle(1, [0, 360, -10, 350], 40, 40);
  expect(
    new Desk(quiet(bought), strict)
      .prepare(mid + 349)
      .decide()
      .reasons.slice(0, 2),
  ).toEqual(noSignal(2));
});

test("[DEC-4] a short that was stopped explains itself", () => {
  const short = new Desk(sweepHistory(-1), { ...tradingRules, trade_score: 6 }).prepare(mid + 179, mid + 180).decide();
  expect(short.reasons.slice(0, 3)).toEqual([...noSignal(3), { reason: "SCORE", measured: 5, limit: 6 }]);
});

test("[DEC-2] a primary signal of the other side makes the market choppy: CONFLICTING_SIGNALS", () => {
  // The same sweep of the low, in a minute that also engulfed a rise: its body undoes the one before.
  const candles = sweepHistory();
  candles.splice(-2, 2, candle(2, [-260, -90, -270, -140], 10, 5), candle(1, [-110, -80, -410, -265], 40, 36));
  const desk = new Desk(candles, { ...tradingRules, signals: { ...tradingRules.signals, wick_share_min: 0.4 } });
  const decision = desk.prepare(mid - 265).decide();
  expect(decision).toMatchObject({ direction: "NO_TRADE", action: "NO_ACTION" });
  expect(decision.reasons).toEqual([
    { reason: "CONFLICTING_SIGNALS", measured: 1, limit: 0 },
    { reason: "SCORE", measured: 5, limit: expect.any(Number) },
  ]);
});

test("[DEC-4] while a trade is open it only says so", () => {
  const desk = longDesk();
  desk.tradeOpen = true;
  expect(desk.decide().reasons).toEqual([{ reason: "POSITION_OPEN", measured: 3, limit: 0 }]);
});

test("[DEC-4] the candle of a trade is not traded again, the next one may be", () => {
  const desk = longDesk();
  expect(desk.decide().direction).toBe("LONG");
  // The entry was refused: the set-up still stands.
  desk.refresh(micros(start + 10e6), bid);
  expect(desk.decide(micros(start + 10e6)).direction).toBe("LONG");
  desk.tradeOpen = true;
  desk.refresh(micros(start + 11e6), bid);
  desk.tradeOpen = false;
  desk.refresh(micros(start + 20e6), bid);
  expect(desk.decide(micros(start + 20e6)).reasons).toEqual([
    ...noSignal(4),
    { reason: "CANDLE_TRADED", measured: null, limit: null },
  ]);
});

test("[MKT-5] nothing is decided on a market that is not ready, and the market says why", () => {
  const desk = longDesk();
  const late = micros(start + 6e6);
  const { reasons } = desk.decide(late);
  expect(reasons.map(({ reason }) => reason)).toEqual(["MARKET_DATA_STALE", "MARKET_DATA_STALE"]);
});

test("[DEC-4] candles with a hole in them are no history: it warms up behind it", () => {
  const holed = sweepHistory().filter((_, index, all) => index !== all.length - 5);
  const decision = new Desk(holed).prepare(bid).decide();
  expect(decision.reasons).toEqual(warming(4));
  const enough = sweepHistory().filter((_, index, all) => index !== all.length - 6);
  expect(words(new Desk(enough).prepare(bid).decide())).not.toContain("WARMING_UP");
});

test("[DEC-4] candles that end before the minute that is forming are no history", () => {
  const desk = new Desk(sweepHistory().slice(0, -1));
  expect(desk.prepare(bid).decide().reasons).toEqual(warming(0));
});

test("[DEC-4] a market that does not move at all has no measure", () => {
  const still = Array.from({ length: 360 }, (_, index) => candle(360 - index, [0, 0, 0, 0], 1, 1));
  expect(new Desk(still).prepare(mid).decide().reasons).toEqual([
    { reason: "VOLATILITY_MISSING", measured: null, limit: null },
    { reason: "ATR", measured: 0, limit: 0 },
  ]);
  const unknown = { ...tradingRules, atr_minutes: 501 };
  expect(longDesk(unknown).decide().reasons).toEqual([
    { reason: "VOLATILITY_MISSING", measured: null, limit: null },
    { reason: "ATR", measured: null, limit: 0 },
  ]);
});

test("[DEC-4] a session counts when it is old enough and was seen for most of its time", () => {
  const known = (changes: Partial<Rules["location"]>, count?: number) => {
    const { vwap, vwapBand, session, day } = read(
      { location: { ...rules.location, ...changes } },
      sweepHistory(1, count),
    );
    return [vwap, vwapBand, session, day].map((value) => value !== null);
  };
  // London has been open for 220 minutes, the day for 640.
  expect(known({ coverage_min: 0.78 })).toEqual([true, true, true, true]);
  expect(known({ coverage_min: 500 / 640 })).toEqual([true, true, true, true]);
  expect(known({ coverage_min: 0.8 })).toEqual([true, true, true, false]);
  expect(known({ coverage_min: 0.5 }, 100)).toEqual([false, false, false, false]);
  expect(known({ minutes_min: 220 })).toEqual([true, true, true, true]);
  expect(known({ minutes_min: 221 })).toEqual([false, false, false, true]);
});

test("[DEC-4] facts are those of the market at that moment", () => {
  const { bars, ...rest } = read({});
  expect(bars).toHaveLength(30);
  expect(bars[0]).toEqual({
    time: start - microsPerMinute,
    open: mid - 150,
    high: mid - 110,
    low: mid - 310,
    close: mid - 180,
    volume: 40,
    taken: 36,
  });
  expect(rest).toEqual({
    bid,
    ask: bid + 1,
    atr: (13 * 400 + 310) / 14,
    atr1: 310,
    // The session's 219 quiet minutes at the mid, and the last one at its typical price; the band is 5 basis points.
    vwap: expect.closeTo(mid - (200 * 40) / (219 * 10 + 40), 6),
    vwapBand: expect.closeTo(320, 0),
    vwapHeldSeconds: 7,
    session: { high: mid + 200, low: mid - 310 },
    day: { high: mid + 200, low: mid - 310 },
    sessionStart: start - 220 * microsPerMinute,
  });
});

test.each([
  ["fixed", 15, 320],
  ["atr", 15, 15],
  ["wider", 15, 320],
  ["wider", 600, 600],
] as const)(
  "[MKT-4] the %s band around the VWAP, where minutes are twice %d ticks wide, is %d",
  (vwap_band, wide, band) => {
    const candles = Array.from({ length: 500 }, (_, index) => candle(500 - index, [0, wide, -wide, 0], 10, 5));
    expect(read({ location: { ...rules.location, vwap_band } }, candles).vwapBand).toBeCloseTo(band, 6);
  },
);

test("[DEC-5] what it looks back at is bounded", () => {
  expect([read({ lookback_candles: 6 }).bars.length, read({}, sweepHistory(1, 20)).bars.length]).toEqual([6, 20]);
});

test("[DEC-4] it is asked at its interval, and at once when a minute has closed", () => {
  const desk = longDesk();
  expect(desk.source.nextDecision()).toBeLessThanOrEqual(start);
  desk.decide();
  expect(desk.source.nextDecision()).toBe(start + 10e6);
  desk.refresh(micros(start + 1e6), bid);
  expect(desk.source.nextDecision()).toBe(start + 10e6);
  const next = micros(start + microsPerMinute + 5);
  desk.decide(micros(start + microsPerMinute - 1));
  desk.trade(next, bid);
  expect(desk.source.nextDecision()).toBe(next);
  desk.decide(next);
  desk.trade(micros(next + 1), bid);
  expect(desk.source.nextDecision()).toBe(next + 10e6);
});

test("[DEC-4] a decision that is due already is not put off by a minute that closes", () => {
  const desk = longDesk();
  desk.decide();
  desk.trade(micros(start + microsPerMinute + 5), bid);
  expect(desk.source.nextDecision()).toBe(start + 10e6);
});

test("[DEC-5] the VWAP's side is held over time, and not over a gap", () => {
  const desk = new Desk(sweepHistory(), { ...tradingRules, trade_score: 8, a_plus_score: 8 }).prepare(bid);
  const held = (seconds: number) => {
    const now = micros(start + seconds * 1e6);
    const { reasons } = desk.refresh(now, bid).decide(now);
    return reasons.find(({ reason }) => reason === "VWAP_PERSISTENCE")?.measured;
  };
  // Below the VWAP since a minute before the start: on the wrong side for the long, which is what came furthest.
  expect(held(20)).toBe(-80);
  desk.source.onGap();
  expect([held(25), held(27)]).toEqual([-0, -2]);
});

test("[CFG-4] other rules hold from the next decision on, those of the symbol too", () => {
  const desk = longDesk();
  desk.source.configure({
    ...settings.decision,
    micro_scalp: { ...tradingRules, trade_score: 6, check_interval_seconds: 3 },
  });
  expect(desk.decide().reasons[2]).toMatchObject({ reason: "SCORE", limit: 6 });
  expect(desk.source.nextDecision()).toBe(start + 3e6);
  const strict = { ...tradingRules, symbols: { ...rules.symbols, BTCUSDT: { ...own, max_spread: 0.01 } } };
  desk.source.configure({ ...settings.decision, micro_scalp: strict });
  expect(desk.decide().reasons[2]).toMatchObject({ reason: "SPREAD", limit: 0.01 });
});

test("[CFG-4] a symbol whose rules are gone keeps those that it had", () => {
  const source = new MicroScalpSource(tradingRules, "SOLUSDT", own);
  expect(() => source.configure({ ...settings.decision, micro_scalp: tradingRules })).not.toThrow();
  expect(source.nextDecision()).toBe(0);
});

test("[DEC-4] ranges without a whole tick give no entry but STOP_INVALID", () => {
  const { direction, reasons } = longDesk(tradingRules, { ...own, sl_range: [5.01, 5.09] }).decide();
  expect([direction, reasons]).toEqual(["NO_TRADE", [{ reason: "STOP_INVALID", measured: null, limit: null }]]);
});

test("[DEC-4] levels that would not be prices give no entry but STOP_INVALID", () => {
  const huge = { ...own, sl_range: [63_981.9, 63_982], tp_range: [10, 25] };
  const entry = longDesk(tradingRules, huge).decide();
  expect([entry.direction, entry.stopLoss]).toEqual(["LONG", 1]);
  const none = longDesk(tradingRules, { ...huge, sl_range: [63_982, 63_982] }).decide();
  expect([none.direction, none.reasons]).toEqual([
    "NO_TRADE",
    [{ reason: "STOP_INVALID", measured: 639_820, limit: null }],
  ]);
});

test("[DEC-2] after a restart it goes on counting, and remembers the candle that it traded", () => {
  const first = longDesk();
  first.decide();
  first.tradeOpen = true;
  first.refresh(micros(start + 1e6), bid);
  const second = longDesk();
  second.source.restore(JSON.parse(JSON.stringify(first.source.save())));
  expect(second.decide()).toMatchObject({ id: `micro_scalp-BTCUSDT-${start}-2`, direction: "NO_TRADE" });
});

test("[DEC-2] a proposal that was under way at the restart is remembered as well", () => {
  const first = longDesk();
  first.decide();
  const second = longDesk();
  second.source.restore(first.source.save());
  second.tradeOpen = true;
  second.refresh(micros(start + 1e6), bid);
  second.tradeOpen = false;
  expect(words(second.decide(micros(start + 1e6)))).toContain("CANDLE_TRADED");
});

test.each([
  [null],
  [7],
  [{}],
  [{ version: 2, proposedAt: 1, tradedAt: 1, counter: 1 }],
  [{ version: 1, proposedAt: "x", tradedAt: 1, counter: 1 }],
  [{ version: 1, proposedAt: 1, tradedAt: 0.5, counter: 1 }],
  [{ version: 1, proposedAt: 1, tradedAt: 1, counter: null }],
  [{ version: 1, tradedAt: 1, counter: 1 }],
  [{ version: 1, proposedAt: 1, counter: 1 }],
  [{ version: 1, proposedAt: 1, tradedAt: 1 }],
  [{ proposedAt: 1, tradedAt: 1, counter: 1 }],
])("[DEC-2] a state that does not fit is refused: %j", (state) => {
  const source = new MicroScalpSource(rules, "BTCUSDT", own);
  expect(() => source.restore(state)).toThrow(ModelStateError);
  expect(() => source.restore(state)).toThrow("micro_scalp: state is not of version 1");
  expect(source.save()).toEqual({ version: 1, proposedAt: -1, tradedAt: -1, counter: 0 });
});

function longDesk(settingsOfSource: Rules = tradingRules, ownRules: typeof own = own): Desk {
  return new Desk(sweepHistory(), settingsOfSource, ownRules).prepare(bid);
}

function noSignal(layers: number) {
  return [
    { reason: "NO_SIGNAL", measured: null, limit: null },
    { reason: "LAYERS", measured: layers, limit: 4 },
  ];
}

function warming(candles: number) {
  return [
    { reason: "WARMING_UP", measured: null, limit: null },
    { reason: "CANDLES", measured: candles, limit: 5 },
  ];
}

/** What it sees of a market after a history, seven seconds above the VWAP. */
function read(changes: Partial<Rules>, candles = sweepHistory()): Facts {
  const seen = factsOf(new Desk(candles).prepare(bid).market, 7, { ...rules, ...changes });
  if ("missing" in seen) throw new Error("nothing is known");
  return seen;
}

function words(decision: Decision): string[] {
  return decision.reasons.map(({ reason }) => reason);
}
