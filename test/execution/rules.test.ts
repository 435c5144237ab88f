/** Exit rules from the settings, what a later change may tighten, and the levels of the targets. */

import { expect, test } from "vitest";
import { askSide } from "../../src/domain/market-port.ts";
import { micros, ticks } from "../../src/domain/units.ts";
import { cooldownAfter, exitRules, targetLevels, tightenedRules } from "../../src/execution/exit-rules.ts";
import { fewerLevels, latencyMillis, thinnerDepth } from "../../src/execution/market-view.ts";
import { newTrade } from "../../src/execution/trade.ts";
import { settingsWith, stillRules } from "../support/core.ts";
import { BenchMarket, planOf } from "./bench.ts";

test("[ORD-3] the thinner side and the fewer levels count, and latency has no sign", () => {
  const market = new BenchMarket();
  const sided = Object.assign(market, {
    topDepthQuote: (side: number) => (side === askSide ? 7 : 9),
    validLevels: (side: number) => (side === askSide ? 4 : 3),
    latencyMicros: -2_500,
  });
  expect([thinnerDepth(sided), fewerLevels(sided), latencyMillis(sided)]).toEqual([7, 3, 2.5]);
});

const configured = { feesBps: 10, leverage: 20, atrTicks: 30 };

test.each<readonly ["on" | "off", boolean]>([
  ["on", true],
  ["off", false],
])("[EXE-10] `on_decision: %s` is followed: %s", (on_decision, expected) => {
  expect(exitRules(settingsWith({ exits: { on_decision } }), configured).leavesOnDecision).toBe(expected);
});

test("[EXE-10] break-even covers the offset and the fees, as far as they are known", () => {
  const one = settingsWith({ exits: { break_even: { enabled: true, offset_bps: 2 } } });
  const off = settingsWith({ exits: { break_even: { enabled: false } } });
  expect([
    exitRules(one, configured).breakEvenBps,
    exitRules(one, { ...configured, feesBps: null }).breakEvenBps,
    exitRules(off, configured).breakEvenBps,
  ]).toEqual([12, 2, null]);
});

test.each<readonly [boolean, number | null, number | null]>([
  [true, 0.01, 5],
  [true, null, null],
  [false, 0.01, null],
])(
  "[EXE-10] trailing %s from a gain of %s over the margin is from %s basis points",
  (enabled, trail_activation_roi, expected) => {
    const rules = exitRules(settingsWith({ exits: { trailing: { enabled, trail_activation_roi } } }), configured);
    expect(rules.trailFromBps).toBe(expected);
    expect([rules.trailFromR === null, rules.trailByR === null]).toEqual([!enabled, !enabled]);
  },
);

test("[CFG-4] a rule that neither side has stays away, and one that only one has holds", () => {
  const both = tightenedRules({ ...stillRules, trailFromR: 2 }, { ...stillRules, trailByR: 3, breakEvenBps: 4 });
  expect(both).toEqual({ ...stillRules, trailFromR: 2, trailByR: 3, breakEvenBps: 4 });
});

test.each<readonly [number | null, number | null, number | null]>([
  [5, 3, 3],
  [3, 5, 3],
  [5, null, 5],
  [null, 5, null],
  [null, null, null],
])("[CFG-4] a trailing distance of %s basis points with %s configured is %s", (frozen, now, expected) => {
  const rules = tightenedRules({ ...stillRules, trailByBps: frozen }, { ...stillRules, trailByBps: now });
  expect(rules.trailByBps).toBe(expected);
});

test("[CFG-4] the larger bound of moves and the longer cool-off hold, and a word to leave is not taken back", () => {
  const few = { ...stillRules, movesMax: 3, stopCooldownMicros: micros(5), leavesOnDecision: false };
  const many = { ...stillRules, movesMax: 9, stopCooldownMicros: micros(1) };
  expect([tightenedRules(few, many), tightenedRules(many, few), tightenedRules(few, few)]).toMatchObject([
    { movesMax: 9, stopCooldownMicros: 5, leavesOnDecision: true },
    { movesMax: 9, stopCooldownMicros: 5, leavesOnDecision: true },
    { leavesOnDecision: false },
  ]);
});

test("[EXE-10] a stop that was passed cools off like one that was hit", () => {
  const trade = newTrade(
    planOf({ exits: { ...stillRules, stopCooldownMicros: micros(60e6) }, cooldownMicros: micros(2e6) }),
  );
  expect([cooldownAfter(trade, "STOP_PASSED"), cooldownAfter(trade, "MAX_HOLD")]).toEqual([60e6, 2e6]);
});

const split = settingsWith({ exits: { targets: "split", split_at: 0.5 } });

test.each<readonly ["buy" | "sell", number, readonly number[], number, number | null]>([
  ["buy", 640_600, [], 640_300, 640_600],
  ["sell", 639_400, [], 639_700, 639_400],
  ["buy", 640_001, [], 640_001, null],
  ["sell", 639_999, [], 639_999, null],
  ["buy", 640_000, [], 640_000, null],
  ["buy", 640_600, [640_900], 640_600, 640_900],
  ["buy", 640_600, [640_600], 640_300, 640_600],
  ["sell", 639_400, [639_100], 639_400, 639_100],
])("[ORD-3] of a %s to %i with %j decided the targets are %i and %s", (side, approved, decided, first, second) => {
  const levels = targetLevels(split, side, ticks(640_000), ticks(approved), decided.map(ticks));
  expect(levels).toEqual({ takeProfit: first, secondTarget: second });
});
