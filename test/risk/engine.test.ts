/** The checks between a decision and an order. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { blockReasons } from "../../src/domain/reason.ts";
import { lots, micros, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { checkRisk, type RiskInput } from "../../src/risk/engine.ts";
import { after, settings, settingsWith, start } from "../support/core.ts";
import { decisionOf, inputOf, reasonsAgainst, sessionOf } from "./support.ts";

test("[RSK-6] an approved entry says its size, notional, leverage, levels and what made them", () => {
  const result = checkRisk(inputOf(), start);
  // 1,000 USDT at 64.0001 a lot are 15.6 lots; an ATR of 300 ticks is 4.7 bps, so MEDIUM: 1.2 and 1.6 of it.
  expect(result).toMatchObject({
    approved: true,
    order: {
      side: "buy",
      quantity: 15,
      notional: expect.closeTo(960.0015, 6),
      reference: 640_000,
      leverage: 10,
      stopLoss: 639_640,
      takeProfit: 640_480,
      steps: [
        { what: "risk.base_risk_fraction", notional: 1_000 },
        { what: "risk.edge_sizing skipped: the decision has no edge", notional: 1_000 },
      ],
    },
  });
});

test("[RSK-6] a short joins the ask, its stop above and its target below", () => {
  const result = checkRisk(inputOf({ side: "sell" }), start);
  expect(result).toMatchObject({ order: { reference: 640_001, stopLoss: 640_361, takeProfit: 639_521 } });
});

test("[RSK-6] every reason that fails is reported, with the numbers compared", () => {
  const result = checkRisk(
    inputOf({
      accountAge: microsFromSeconds(121),
      available: 9,
      openPositions: 2,
      committedLots: 40,
      cooldownUntil: micros(start + 1),
      decision: decisionOf({ confidence: 0.4 }),
    }),
    start,
  );
  expect(result).toMatchObject({
    approved: false,
    reasons: [
      { reason: "ACCOUNT_STALE", measured: 121_000_000, limit: 120_000_000 },
      { reason: "COOLDOWN", measured: start, limit: start + 1 },
      { reason: "MAX_POSITIONS", measured: 2, limit: 2 },
      { reason: "INSUFFICIENT_MARGIN", measured: 9, limit: 10 },
      { reason: "MAX_EXPOSURE", measured: expect.closeTo(2_560.004, 3), limit: 2_000 },
      { reason: "LOW_CONFIDENCE", measured: 0.4, limit: 0.5 },
      { reason: "SIZE_TOO_SMALL", measured: 0, limit: 2 },
    ],
  });
});

const free = settingsWith({ risk: { cost: { enabled: false, factor: 1 } } });
const minimum = settingsWith({
  risk: {
    cost: { enabled: false, factor: 1 },
    edge_sizing: { ...settings.risk.edge_sizing, below_min_edge: "minimum" },
  },
});
const halt = { kind: "halt", reason: "HALTED", by: "operator", until: null } as const;
const pause = { kind: "cooldown", reason: "MAX_DAILY_LOSS_REACHED", until: after(1) } as const;

const guardrails: readonly (readonly [string, Partial<RiskInput>, readonly string[]])[] = [
  ["free margin just below the least", { available: 9.99 }, ["INSUFFICIENT_MARGIN", "SIZE_TOO_SMALL"]],
  ["free margin that allows no order", { available: 10 }, ["SIZE_TOO_SMALL"]],
  ["free margin enough for the smallest order", { available: 12.9 }, []],
  ["account data at its oldest", { accountAge: microsFromSeconds(120) }, []],
  ["account data that is too old", { accountAge: microsFromSeconds(120) + 1 }, ["ACCOUNT_STALE"]],
  ["account data never received", { accountAge: Number.POSITIVE_INFINITY }, ["ACCOUNT_STALE"]],
  ["one open position of two", { openPositions: 1 }, []],
  ["two open positions of two", { openPositions: 2 }, ["MAX_POSITIONS"]],
  ["three open positions of two", { openPositions: 3 }, ["MAX_POSITIONS"]],
  ["a cooldown that ends now", { cooldownUntil: start }, []],
  ["a cooldown that ends in a microsecond", { cooldownUntil: micros(start + 1) }, ["COOLDOWN"]],
  ["confidence at the limit", { decision: decisionOf({ confidence: 0.5 }) }, []],
  ["confidence below the limit", { decision: decisionOf({ confidence: 0.499 }) }, ["LOW_CONFIDENCE"]],
  ["a source without confidence", { decision: decisionOf({ confidence: null }) }, []],
  ["room for two lots", { committedLots: 29 }, []],
  ["room for one lot, which is below the minimum", { committedLots: 30 }, ["SIZE_TOO_SMALL"]],
  ["no room left", { committedLots: 32 }, ["MAX_EXPOSURE", "SIZE_TOO_SMALL"]],
  ["a requested size of the minimum", { decision: decisionOf({ size: { kind: "lots", quantity: lots(2) } }) }, []],
  [
    "a requested size below the minimum",
    { decision: decisionOf({ size: { kind: "lots", quantity: lots(1) } }) },
    ["SIZE_TOO_SMALL"],
  ],
  ["a stop at the least distance", { decision: decisionOf({ stopLoss: ticks(639_980) }) }, []],
  ["a stop nearer than the least distance", { decision: decisionOf({ stopLoss: ticks(639_981) }) }, ["STOP_INVALID"]],
  ["a stop on the wrong side", { decision: decisionOf({ stopLoss: ticks(640_100) }) }, ["STOP_INVALID"]],
  ["a target at the least distance", { decision: decisionOf({ takeProfits: [ticks(640_020)] }) }, []],
  [
    "a target nearer than the least distance",
    { decision: decisionOf({ takeProfits: [ticks(640_019)] }) },
    ["STOP_INVALID"],
  ],
  ["a target on the wrong side", { decision: decisionOf({ takeProfits: [ticks(639_900)] }) }, ["STOP_INVALID"]],
  ["a symbol drawdown at the limit", { equity: 9_000, session: sessionOf({ limitEquity: 9_000 }) }, []],
  [
    "a drawdown just beyond the limit",
    { equity: 8_999, session: sessionOf({ limitEquity: 8_999 }) },
    ["DRAWDOWN_GUARD"],
  ],
  ["a drawdown from an unknown peak", { session: sessionOf({ peakEquity: null }) }, ["DRAWDOWN_GUARD"]],
  ["a drawdown from a peak of nothing", { session: sessionOf({ peakEquity: 0 }) }, ["DRAWDOWN_GUARD"]],
  ["a fall just short of the crash limit", { recentReturn: -0.00599 }, []],
  ["a fall of the crash limit", { recentReturn: -0.006 }, ["CRASH_GUARD"]],
  ["a fall beyond the crash limit", { recentReturn: -0.00601 }, ["CRASH_GUARD"]],
  ["a rise, for a long", { recentReturn: 0.1 }, []],
  ["a rise just short of the crash limit, for a short", { side: "sell", recentReturn: 0.00599 }, []],
  ["a rise of the crash limit, for a short", { side: "sell", recentReturn: 0.006 }, ["CRASH_GUARD"]],
  ["a fall, for a short", { side: "sell", recentReturn: -0.1 }, []],
  ["an unknown return", { recentReturn: null }, ["CRASH_GUARD"]],
  ["a return that is no number", { recentReturn: Number.NaN }, ["CRASH_GUARD"]],
  ["an edge at its least", { decision: decisionOf({ edge: 0.01 }), settings: free }, []],
  [
    "an edge below its least",
    { decision: decisionOf({ edge: 0.0099 }), settings: free },
    ["LOW_EDGE", "SIZE_TOO_SMALL"],
  ],
  [
    "an edge below its least, where the smallest size is taken",
    { decision: decisionOf({ edge: 0.0099 }), settings: minimum },
    [],
  ],
  [
    "an edge that is no number",
    { decision: decisionOf({ edge: Number.NaN }), settings: minimum },
    ["LOW_EDGE", "SIZE_TOO_SMALL"],
  ],
  ["a negative edge", { decision: decisionOf({ edge: -0.1 }), settings: minimum }, ["LOW_EDGE"]],
  ["a confidence that is no number", { decision: decisionOf({ confidence: Number.NaN }) }, ["LOW_CONFIDENCE"]],
  ["leverage that is used up elsewhere", { accountExposure: 99_900 }, ["SIZE_TOO_SMALL"]],
  ["leverage that leaves the smallest order", { accountExposure: 99_870 }, []],
  ["an exposure that is no number", { committedLots: Number.NaN }, ["MAX_EXPOSURE"]],
  ["a halt", { session: sessionOf({ hold: halt }) }, ["HALTED"]],
  ["everything being closed", { session: sessionOf({ flattening: "operator" }) }, ["HALTED"]],
  ["a cooldown of the session", { session: sessionOf({ hold: pause }) }, ["SESSION_COOLDOWN"]],
  ["a loss just short of the limit", { equity: 9_800.01 }, []],
  ["a loss of the limit", { equity: 9_800 }, ["MAX_DAILY_LOSS_REACHED"]],
  ["a loss beyond the limit", { equity: 9_799 }, ["MAX_DAILY_LOSS_REACHED"]],
  ["a loss of an unknown day", { session: sessionOf({ limitEquity: null }) }, ["MAX_DAILY_LOSS_REACHED"]],
  ["99 trades in the hour", { session: sessionOf({ tradeTimes: Array(99).fill(start) }) }, []],
  [
    "100 trades in the hour",
    { session: sessionOf({ tradeTimes: Array(100).fill(start) }) },
    ["MAX_TRADES_PER_HOUR_REACHED"],
  ],
  [
    "101 trades in the hour",
    { session: sessionOf({ tradeTimes: Array(101).fill(start) }) },
    ["MAX_TRADES_PER_HOUR_REACHED"],
  ],
  ["a crossed touch", { bid: ticks(640_002) }, ["MARKET_DATA_STALE"]],
  ["an empty side", { ask: ticks(0) }, ["MARKET_DATA_STALE"]],
];

test("[RSK-6] every gate leaves its verdict, in the order in which they run", () => {
  const gates = checkRisk(inputOf(), start).gates.map(({ gate, verdict }) => `${gate} ${verdict}`);
  expect(gates).toEqual([
    "ACCOUNT_STALE passed",
    "MARKET_DATA_STALE passed",
    "EQUITY_MISSING passed",
    "VOLATILITY_MISSING passed",
    "HALTED passed",
    "SESSION_COOLDOWN passed",
    "MAX_DAILY_LOSS_REACHED passed",
    "MAX_DAILY_PROFIT_REACHED skipped",
    "MAX_DRAWDOWN_REACHED skipped",
    "MAX_TRADES_PER_HOUR_REACHED passed",
    "DRAWDOWN_GUARD passed",
    "CRASH_GUARD passed",
    "COOLDOWN passed",
    "MAX_POSITIONS passed",
    "INSUFFICIENT_MARGIN passed",
    "MAX_EXPOSURE passed",
    "LOW_CONFIDENCE skipped",
    "LOW_EDGE skipped",
    "STOP_INVALID passed",
    "SIZE_TOO_SMALL passed",
    "STOP_BEYOND_LIQUIDATION passed",
    "COST_EXCEEDS_EDGE skipped",
  ]);
});

test("[RSK-6] the gates run in the order of the common list of reasons", () => {
  const ran = checkRisk(inputOf(), start).gates.map(({ gate }) => blockReasons.indexOf(gate));
  expect(ran.slice(4)).toEqual(ran.slice(4).toSorted((a, b) => a - b));
});

test.each(guardrails)("[RSK-6] the verdict on %s", (_name, changes, reasons) => {
  expect(reasonsAgainst(changes)).toEqual(reasons);
});

test("[RSK-3] a decision's stop counts only where it risks less", () => {
  const tighter = checkRisk(inputOf({ decision: decisionOf({ stopLoss: ticks(639_700) }) }), start);
  const wider = checkRisk(inputOf({ decision: decisionOf({ stopLoss: ticks(639_000) }) }), start);
  expect([tighter, wider]).toMatchObject([{ order: { stopLoss: 639_700 } }, { order: { stopLoss: 639_640 } }]);
});

const missing: readonly (readonly [string, Partial<RiskInput>, string])[] = [
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
].flatMap((bad): (readonly [string, Partial<RiskInput>, string])[] => [
  [`an equity of ${bad}`, { equity: bad }, "EQUITY_MISSING"],
  [`a free margin of ${bad}`, { available: bad }, "INSUFFICIENT_MARGIN"],
  [`an ATR of ${bad}`, { atrTicks: bad }, "VOLATILITY_MISSING"],
]);

test.each(missing)("[RSK-8] %s blocks the entry and says so", (_name, changes, reason) => {
  expect(reasonsAgainst(changes)).toContain(reason);
});

test("[RSK-8] an ATR of zero is missing volatility", () => {
  expect(reasonsAgainst({ atrTicks: 0 })).toEqual(["VOLATILITY_MISSING"]);
});

test("[RSK-8] an age that is no number is stale", () => {
  expect(reasonsAgainst({ accountAge: Number.NaN })).toEqual(["ACCOUNT_STALE"]);
});

test("[RSK-8] no refusal is without a reason, and no garbage is approved", () => {
  const garbage = fc.constantFrom(
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    0,
    1,
    300,
    10_000,
  );
  const numbers = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 0, 1);
  fc.assert(
    fc.property(
      fc.record({
        equity: garbage,
        available: garbage,
        atrTicks: garbage,
        accountAge: numbers,
        committedLots: numbers,
        openPositions: fc.constantFrom(0, 1),
      }),
      (changes) => {
        const result = checkRisk(inputOf(changes), start);
        const values = [changes.equity, changes.available, changes.atrTicks, changes.accountAge, changes.committedLots];
        const sound = values.every((value) => value !== null && Number.isFinite(value));
        expect(result.approved ? sound : result.reasons.length > 0).toBe(true);
      },
    ),
  );
});

test("[RSK-8] account data of an unknown age is never approved", () => {
  fc.assert(
    fc.property(fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY), (accountAge) => {
      expect(checkRisk(inputOf({ accountAge }), start).approved).toBe(false);
    }),
  );
});

test("[RSK-2] an entry is sized for its own price where that is dearer than the touch: a coarser grid may put it there", () => {
  const settings = settingsWith({ risk: { max_notional: 448.004, volatility_size: { low: 1, medium: 1, high: 1 } } });
  const sized = [640_001, 640_010].map((price) => {
    const result = checkRisk(inputOf({ side: "sell", settings, entryPrice: ticks(price) }), start);
    return result.approved ? result.order.quantity : null;
  });
  expect(sized).toEqual([7, 6]);
});

test("[RSK-2] the least notional is measured at the price at which a joining order rests", () => {
  // Two lots at the bid are worth 100 USDT less a hair, at the ask 100 USDT and a hair.
  const settingsHere = settingsWith({ risk: { base_risk_fraction: 0.0101 } });
  const touch = { bid: ticks(499_999), ask: ticks(500_001), settings: settingsHere };
  expect(reasonsAgainst({ ...touch, equity: 10_000 })).toEqual(["SIZE_TOO_SMALL"]);
});

test("[RSK-6] a market entry is measured from the side that it takes", () => {
  const taking = settingsWith({ trading: { normal: { entry_order: "market" } } });
  const result = checkRisk(inputOf({ settings: taking, ask: ticks(640_010) }), start);
  expect(result).toMatchObject({ order: { reference: 640_010, stopLoss: 639_650 } });
});

test("[RSK-6] a market entry whose stop would lie inside the spread is blocked", () => {
  const taking = settingsWith({ trading: { normal: { entry_order: "market" } } });
  expect(reasonsAgainst({ settings: taking, bid: ticks(639_000), atrTicks: 100 })).toContain("STOP_INVALID");
});

test("[RSK-8] the limits are those of the settings", () => {
  expect(settings.guardrails).toMatchObject({ min_free_margin: 10, max_positions: 2, account_stale_seconds: 120 });
});

const edged = decisionOf({ edge: 0.1 });
/** Stop to target are 840 ticks, 13.1 bps: an edge of 0.1 is worth 1.3 bps, which free orders pay. */
const cheap = { makerFee: 0, takerFee: 0, decision: edged } as const;

test.each<readonly [string, Partial<RiskInput>, readonly string[]]>([
  ["what an edge cannot pay", { decision: edged }, ["COST_EXCEEDS_EDGE"]],
  ["what an edge pays", cheap, []],
  [
    "a market that is too expensive to leave",
    { ...cheap, costToFill: (side) => (side === "buy" ? 640_001 : 639_900) },
    ["COST_EXCEEDS_EDGE"],
  ],
  ["a book that does not hold the size", { ...cheap, costToFill: () => null }, ["COST_EXCEEDS_EDGE"]],
  ["an unknown taker's fee", { ...cheap, takerFee: null }, ["FEES_MISSING"]],
  ["an unknown maker's fee", { ...cheap, makerFee: null }, ["FEES_MISSING"]],
  ["a fee that is no number", { ...cheap, takerFee: Number.NaN }, ["COST_EXCEEDS_EDGE"]],
  ["what a source without an edge cannot say", { takerFee: null }, []],
  ["a gate that is switched off", { decision: edged, settings: free }, []],
  ["funding within the hold", { ...cheap, fundingRate: 0.001, nextFunding: after(30_000) }, ["COST_EXCEEDS_EDGE"]],
  ["funding after the hold", { ...cheap, fundingRate: 0.001, nextFunding: after(30_001) }, []],
  [
    "funding after the decision's own hold",
    {
      ...cheap,
      fundingRate: 0.001,
      nextFunding: after(30_000),
      decision: decisionOf({ edge: 0.1, holdMicrosMax: micros(29_000_000) }),
    },
    [],
  ],
])("[RSK-10] the verdict on %s", (_name, changes, reasons) => {
  expect(reasonsAgainst(changes)).toEqual(reasons);
});

test("[RSK-10] the costs must be exceeded by the factor", () => {
  const verdicts = [6, 6.2].map((factor) => {
    const settingsHere = settingsWith({ risk: { cost: { enabled: true, factor } } });
    return reasonsAgainst({ ...cheap, takerFee: 0.00001, makerFee: 0, settings: settingsHere });
  });
  expect(verdicts).toEqual([[], ["COST_EXCEEDS_EDGE"]]);
});

test("[RSK-10] an entry that only joins pays the maker's fee, and no spread", () => {
  const joining = settingsWith({ trading: { normal: { on_timeout: "give-up" } } });
  const fees = { makerFee: 0, takerFee: 0.0001, decision: edged, ask: ticks(640_010) };
  expect([reasonsAgainst({ ...fees, settings: joining }), reasonsAgainst(fees)]).toEqual([[], ["COST_EXCEEDS_EDGE"]]);
});

test("[RSK-6] a size of nothing has no costs to compare", () => {
  expect(reasonsAgainst({ decision: decisionOf({ edge: 0.1, size: { kind: "notional", quote: 1 } }) })).toEqual([
    "SIZE_TOO_SMALL",
  ]);
});

function gateOf(changes: Partial<RiskInput>, gate: string) {
  return checkRisk(inputOf(changes), start).gates.find((one) => one.gate === gate);
}

test("[RSK-6] a gate that cannot be measured without a touch or an equity is skipped, and says so", () => {
  expect([gateOf({ ask: ticks(0) }, "VOLATILITY_MISSING"), gateOf({ equity: null }, "DRAWDOWN_GUARD")]).toEqual([
    { gate: "VOLATILITY_MISSING", verdict: "skipped", measured: null, limit: 0 },
    { gate: "DRAWDOWN_GUARD", verdict: "skipped", measured: null, limit: 0.1 },
  ]);
});

test("[RSK-3] the metric that tells the band is the one that the gate shows", () => {
  const realised = settingsWith({ risk: { sltp: { ...settings.risk.sltp, metric: "realised" } } });
  const shown = [settings, realised].map((one) => gateOf({ settings: one }, "VOLATILITY_MISSING")?.measured);
  expect(shown).toEqual([300, 4]);
});

test("[RSK-3] the gate of stop and target shows the nearer of both", () => {
  expect([
    gateOf({ decision: decisionOf({ stopLoss: ticks(639_900) }) }, "STOP_INVALID")?.measured,
    gateOf({ decision: decisionOf({ takeProfits: [ticks(640_050)] }) }, "STOP_INVALID")?.measured,
  ]).toEqual([100, 50]);
});

test("[RSK-3] distances that lead below the first tick are no levels", () => {
  const low = { bid: ticks(100), ask: ticks(101), atrTicks: 300 };
  expect([reasonsAgainst(low), gateOf(low, "STOP_INVALID")]).toMatchObject([["STOP_INVALID"], { measured: 300 }]);
});

test("[RSK-3] a short takes over a decision's stop only where it risks less", () => {
  const stops = [640_200, 641_000].map((level) => {
    const result = checkRisk(inputOf({ side: "sell", decision: decisionOf({ stopLoss: ticks(level) }) }), start);
    return result.approved ? result.order.stopLoss : null;
  });
  expect(stops).toEqual([640_200, 640_361]);
});

test("[RSK-3] a short at market whose stop would lie inside the spread is blocked", () => {
  const taking = settingsWith({ trading: { normal: { entry_order: "market" } } });
  const inside = { side: "sell", settings: taking, ask: ticks(641_000) } as const;
  const at = (distance: number) => reasonsAgainst({ ...inside, atrTicks: distance });
  expect([at(1_000), at(1_001)].map((reasons) => reasons.includes("STOP_INVALID"))).toEqual([true, false]);
});

test("[RSK-8] a market without a bid is none", () => {
  expect(reasonsAgainst({ bid: ticks(0), ask: ticks(1) })).toContain("MARKET_DATA_STALE");
});

test("[RSK-10] a market entry pays the taker's fee and the spread, whatever follows a time-out", () => {
  const taking = settingsWith({ trading: { normal: { entry_order: "market", on_timeout: "give-up" } } });
  const fees = { makerFee: 0, takerFee: 0.0001, decision: edged, settings: taking };
  expect(reasonsAgainst(fees)).toEqual(["COST_EXCEEDS_EDGE"]);
});

test("[RSK-5] an exposure that is all that is allowed leaves no room", () => {
  // 20 lots at 1,000,000 ticks are 2,000 USDT, a fifth of the equity.
  const full = { bid: ticks(999_999), ask: ticks(1_000_000), committedLots: 20 };
  expect(reasonsAgainst(full)).toContain("MAX_EXPOSURE");
});

test("[RSK-5] no edge at all is one below the least", () => {
  expect(reasonsAgainst({ decision: decisionOf({ edge: 0 }), settings: minimum })).toEqual([]);
});

test("[RSK-4] the gates of halt and cooldown show until when", () => {
  const until = after(7);
  const halted = sessionOf({ hold: { ...halt, until } });
  const cooling = sessionOf({ hold: { ...pause, until } });
  expect([
    gateOf({ session: halted }, "HALTED"),
    gateOf({ session: cooling }, "SESSION_COOLDOWN"),
    gateOf({}, "HALTED"),
  ]).toEqual([
    { gate: "HALTED", verdict: "failed", measured: start, limit: until },
    { gate: "SESSION_COOLDOWN", verdict: "failed", measured: start, limit: until },
    { gate: "HALTED", verdict: "passed", measured: start, limit: null },
  ]);
});
