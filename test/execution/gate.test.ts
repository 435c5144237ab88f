/** The gates before an entry is sent: scalp, entry conditions, slippage and latency. */

import { expect, test } from "vitest";
import type { Gate } from "../../src/domain/output.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { entryGates, type GateInput, hasFailed } from "../../src/execution/gate.ts";
import { type SettingsChanges, settingsWith, start } from "../support/core.ts";
import { BenchMarket } from "./bench.ts";

type Case = {
  readonly input?: Partial<GateInput>;
  readonly market?: Partial<BenchMarket>;
  readonly trading?: SettingsChanges["trading"];
};

function gates({ input = {}, market = {}, trading = {} }: Case): readonly Gate[] {
  return entryGates(
    { mode: "scalp", side: "buy", confidence: 0.7, edge: 0.05, zoneDistanceBps: 0, taking: null, ...input },
    Object.assign(new BenchMarket(), market),
    settingsWith({ trading }).trading,
    start,
  );
}

function failed(given: Case): readonly string[] {
  return gates(given)
    .filter(({ verdict }) => verdict === "failed")
    .map(({ gate }) => gate);
}

function verdict(given: Case, gate: string): Gate | undefined {
  return gates(given).find((one) => one.gate === gate);
}

/** Spread in ticks at 640,000 for so many basis points. */
const wide = (bps: number) => ({ bid: ticks(640_000), ask: ticks(640_000 + Math.ceil(64 * bps)) });

test("[EXE-1] the scalp gate asks in the order spread, depth, levels, confidence, edge, latency", () => {
  const bad = { ...wide(6), topDepth: 999, levels: 4, latencyMicros: 500_001 };
  expect(failed({ market: bad, input: { confidence: 0.59, edge: 0.029 } })).toEqual([
    "SCALP_SPREAD_TOO_WIDE",
    "SCALP_INSUFFICIENT_DEPTH",
    "SCALP_TOO_FEW_LEVELS",
    "SCALP_LOW_CONFIDENCE",
    "SCALP_LOW_EDGE",
    "SCALP_LATENCY",
  ]);
});

test.each<readonly [string, Case, string, Case]>([
  ["spread", { market: wide(5) }, "SCALP_SPREAD_TOO_WIDE", { market: wide(5.1) }],
  ["depth", { market: { topDepth: 1_000 } }, "SCALP_INSUFFICIENT_DEPTH", { market: { topDepth: 999.99 } }],
  ["levels", { market: { levels: 5 } }, "SCALP_TOO_FEW_LEVELS", { market: { levels: 4 } }],
  ["confidence", { input: { confidence: 0.6 } }, "SCALP_LOW_CONFIDENCE", { input: { confidence: 0.599 } }],
  ["edge", { input: { edge: 0.03 } }, "SCALP_LOW_EDGE", { input: { edge: 0.0299 } }],
  ["latency", { market: { latencyMicros: 500_000 } }, "SCALP_LATENCY", { market: { latencyMicros: 500_001 } }],
])("[EXE-1] the limit of the %s itself passes, and beyond it is blocked", (_what, at, reason, beyond) => {
  expect([failed(at), failed(beyond)]).toEqual([[], [reason]]);
});

test("[EXE-1] each direction has its own least confidence", () => {
  const trading = { scalp: { min_conf_long: 0.9, min_conf_short: 0.5 } };
  const at = (side: "buy" | "sell") => failed({ trading, input: { side, confidence: 0.7 } });
  expect([at("buy"), at("sell")]).toEqual([["SCALP_LOW_CONFIDENCE"], []]);
});

test("[EXE-1] a confidence and an edge that a source does not have are skipped, and that is said", () => {
  const input = { confidence: null, edge: null };
  expect([verdict({ input }, "SCALP_LOW_CONFIDENCE"), verdict({ input }, "SCALP_LOW_EDGE")]).toMatchObject([
    { verdict: "skipped", measured: null, limit: 0.6 },
    { verdict: "skipped", measured: null, limit: 0.03 },
  ]);
});

test("[EXE-1] every verdict carries what was measured and its limit", () => {
  expect(verdict({ market: { topDepth: 640 } }, "SCALP_INSUFFICIENT_DEPTH")).toEqual({
    gate: "SCALP_INSUFFICIENT_DEPTH",
    verdict: "failed",
    measured: 640,
    limit: 1_000,
  });
});

test("[EXE-1] a latency that is not known blocks", () => {
  expect(failed({ market: { latencyMicros: null } })).toEqual(["SCALP_LATENCY"]);
});

test("[EXE-1] a feed ahead of our clock counts as far off as one behind it", () => {
  expect(failed({ market: { latencyMicros: -600_000 } })).toEqual(["SCALP_LATENCY"]);
});

test("[EXE-1] a measure that is no number blocks", () => {
  expect(failed({ market: { topDepth: Number.NaN } })).toEqual(["SCALP_INSUFFICIENT_DEPTH"]);
});

test("[EXE-1] mode normal asks no scalp gate", () => {
  const bad = { topDepth: 0, levels: 0 };
  expect(failed({ market: bad, input: { mode: "normal", confidence: 0, edge: 0 } })).toEqual([]);
});

const normal = (given: Case): Case => ({ ...given, input: { mode: "normal", ...given.input } });

test("[EXE-7] a touch too far from the zone blocks", () => {
  const at = (zoneDistanceBps: number) => failed(normal({ input: { zoneDistanceBps } }));
  expect([at(10), at(10.01)]).toEqual([[], ["ZONE_TOO_FAR"]]);
});

test("[EXE-7] an abnormal spread blocks with the numbers that its verdict compared", () => {
  const market = { verdict: { acceptable: false, reason: "SPREAD_ABNORMAL", measured: 4, limit: 3 } } as const;
  expect(verdict(normal({ market }), "SPREAD_ABNORMAL")).toMatchObject({ verdict: "failed", measured: 4, limit: 3 });
});

test("[EXE-7] a spread that is not known long enough to be judged is skipped", () => {
  const market = { verdict: { acceptable: false, reason: "SPREAD_UNKNOWN", measured: 4, limit: 30 } } as const;
  expect(verdict(normal({ market }), "SPREAD_ABNORMAL")?.verdict).toBe("skipped");
});

test("[EXE-7] a restricted trading session blocks", () => {
  const trading = { normal: { restricted_sessions: ["post_new_york" as const] } };
  const at = (session: BenchMarket["session"]) => failed(normal({ trading, market: { session } }));
  expect([at("POST_NEW_YORK"), at("NEW_YORK")]).toEqual([["RESTRICTED_SESSION"], []]);
});

test("[EXE-7] a volatility above the limit blocks, and one that is not known is skipped", () => {
  const at = (volatility: number | null) => verdict(normal({ market: { volatility } }), "VOLATILITY_TOO_HIGH")?.verdict;
  expect([at(60), at(60.1), at(null)]).toEqual(["passed", "failed", "skipped"]);
});

test("[EXE-9] mode normal has a limit of latency, too", () => {
  expect(failed(normal({ market: { latencyMicros: 1_000_001 } }))).toEqual(["LATENCY_TOO_HIGH"]);
});

test.each(["normal", "scalp"] as const)("[EXE-9] %s: what the book would fill too much worse is not sent", (mode) => {
  const at = (slippage: number | null) => failed({ input: { mode, taking: lots(10) }, market: { slippage } });
  // 3 basis points of 64,000 are 192 ticks.
  expect([at(192), at(193), at(null)]).toEqual([[], ["SLIPPAGE_TOO_HIGH"], ["SLIPPAGE_TOO_HIGH"]]);
});

test("[EXE-9] an order that rests has no slippage to compare", () => {
  expect(verdict({ market: { slippage: null } }, "SLIPPAGE_TOO_HIGH")?.verdict).toBe("skipped");
});

test("[EXE-1] a spread of exactly the limit passes", () => {
  const market = { bid: ticks(10_000), ask: ticks(10_004) };
  const max_spread_bps = ((market.ask - market.bid) / (market.ask + market.bid)) * 20_000;
  expect(failed({ market, trading: { scalp: { max_spread_bps } } })).toEqual([]);
});

test("[EXE-7] an acceptable spread is told as passed, without numbers", () => {
  expect(verdict(normal({}), "SPREAD_ABNORMAL")).toEqual({
    gate: "SPREAD_ABNORMAL",
    verdict: "passed",
    measured: null,
    limit: null,
  });
});

test.each<readonly [number | null, readonly string[]]>([
  [1_000_000, []],
  [null, ["LATENCY_TOO_HIGH"]],
])("[EXE-9] mode normal: a latency of %s µs fails %j", (latencyMicros, expected) => {
  expect(failed(normal({ market: { latencyMicros } }))).toEqual(expected);
});

test.each(["buy", "sell"] as const)("[EXE-9] slippage is measured against the touch that a %s takes", (side) => {
  const market = { bid: ticks(640_000), ask: ticks(640_000), slippage: 64 };
  expect(verdict({ input: { side, taking: lots(10) }, market }, "SLIPPAGE_TOO_HIGH")?.measured).toBe(1);
});

test.each<readonly [number, string]>([
  [1, "passed"],
  [0.999, "failed"],
])("[EXE-9] slippage of one basis point with %d allowed is %s", (max_slippage_bps, expected) => {
  const market = { bid: ticks(640_000), ask: ticks(640_000), slippage: 64 };
  const trading = { scalp: { max_slippage_bps } };
  expect(verdict({ input: { taking: lots(10) }, market, trading }, "SLIPPAGE_TOO_HIGH")?.verdict).toBe(expected);
});

test("[EXE-9] a fill better than the touch is no slippage", () => {
  const market = { slippage: -64 };
  expect(verdict({ input: { taking: lots(10) }, market }, "SLIPPAGE_TOO_HIGH")?.measured).toBe(0);
});

test.each<readonly [Gate["verdict"][], boolean]>([
  [["passed", "skipped"], false],
  [["passed", "failed"], true],
  [[], false],
])("[EXE-1] gates that %j have failed: %s", (verdicts, expected) => {
  const list = verdicts.map((one): Gate => ({ gate: "SCALP_LATENCY", verdict: one, measured: 1, limit: 1 }));
  expect(hasFailed(list)).toBe(expected);
});
