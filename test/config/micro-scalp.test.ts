import { expect, test } from "vitest";
import { Settings } from "../../src/config/schema.ts";
import { createSources } from "../../src/decision/sources.ts";
import { merged } from "../../src/domain/merge.ts";
import { Features } from "../../src/market/features.ts";

function problemsOf(input: unknown): readonly string[] {
  const parsed = Settings.safeParse(input);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("[DEC-4] micro-scalp is off unless it is asked for", () => {
  expect(Settings.parse({}).decision.micro_scalp.enabled).toBe(false);
  expect(namesOf({}, "BTCUSDT")).not.toContain("micro_scalp");
  expect(namesOf({ enabled: true }, "BTCUSDT")).toContain("micro_scalp");
  expect(namesOf({ enabled: true }, "SOLUSDT")).not.toContain("micro_scalp");
});

test("[DEC-4] bitcoin and gold have their rules, and ether has rules of its size", () => {
  expect(Settings.parse({}).decision.micro_scalp.symbols).toEqual({
    BTCUSDT: { sl_range: [5, 10], tp_range: [10, 25], atr1_min: 10, m1_range_avg_min: 15, max_spread: 15 },
    ETHUSDT: { sl_range: [0.3, 0.6], tp_range: [0.6, 1.5], atr1_min: 0.6, m1_range_avg_min: 0.9, max_spread: 0.9 },
    XAUUSDT: { sl_range: [0.5, 1.2], tp_range: [1, 2.5], atr1_min: 0.5, m1_range_avg_min: 0.8, max_spread: 0.25 },
  });
});

test("[CFG-3] one rule of a symbol can be given, and another symbol can be added, without repeating the rest", () => {
  const own = { sl_range: [0.1, 0.2], tp_range: [0.2, 0.4], atr1_min: 0.1, m1_range_avg_min: 0.1, max_spread: 0.1 };
  const symbols = { BTCUSDT: { max_spread: 3 }, SOLUSDT: own };
  const { micro_scalp } = Settings.parse({ decision: { micro_scalp: { symbols } } }).decision;
  expect(micro_scalp.symbols.BTCUSDT).toEqual({
    sl_range: [5, 10],
    tp_range: [10, 25],
    atr1_min: 10,
    m1_range_avg_min: 15,
    max_spread: 3,
  });
  expect(micro_scalp.symbols["SOLUSDT"]).toEqual(own);
  expect(micro_scalp.symbols.XAUUSDT.sl_range).toEqual([0.5, 1.2]);
});

test("[CFG-3] a symbol can override every other value of micro-scalp", () => {
  const { symbols: _, ...own } = Settings.parse({}).decision.micro_scalp;
  const overrides = { ETHUSDT: { decision: { micro_scalp: own } } };
  expect(problemsOf({ overrides })).toEqual([]);
  const settings = Settings.parse({
    overrides: { ETHUSDT: { decision: { micro_scalp: { sweep: { return_candles: 1 } } } } },
  });
  expect(merged(settings, settings.overrides["ETHUSDT"] ?? {}).decision.micro_scalp.sweep).toEqual({
    ...settings.decision.micro_scalp.sweep,
    return_candles: 1,
  });
});

test("[CFG-5] a symbol for which micro-scalp is on needs rules", () => {
  const of = (overrides: object) =>
    problemsOf({ symbols: ["BTCUSDT", "SOLUSDT"], decision: { micro_scalp: { enabled: true } }, overrides });
  expect(of({})).toEqual([
    "decision.micro_scalp.symbols: must hold the rules of SOLUSDT when micro_scalp is enabled for it",
  ]);
  expect(of({ SOLUSDT: { decision: { micro_scalp: { enabled: false } } } })).toEqual([]);
});

test.each([
  [{ symbols: { BTCUSDT: { sl_range: [10, 5] } } }, "symbols.BTCUSDT.sl_range: must ascend"],
  [{ symbols: { BTCUSDT: { tp_range: [10, 10] } } }, null],
  [{ symbols: { btcusdt: {} } }, "symbols.btcusdt.sl_range"],
  [{ trade_score: 8 }, "a_plus_score: must be at least trade_score"],
  [{ trade_score: 7 }, null],
  [{ candles_min: 31 }, "candles_min: must be at most lookback_candles"],
  [{ candles_min: 30 }, null],
  [{ filters: { blocked_sessions: ["LUNCH"] } }, "filters.blocked_sessions.0"],
])("[CFG-5] %j: %s", (micro_scalp, problem) => {
  const [first] = problemsOf({ decision: { micro_scalp } });
  if (problem === null) expect(first).toBe(undefined);
  else expect(first).toContain(`decision.micro_scalp.${problem}`);
});

test("[CFG-2] symbols are written in upper case", () => {
  const rules = Settings.parse({}).decision.micro_scalp.symbols.BTCUSDT;
  expect(problemsOf({ decision: { micro_scalp: { symbols: { solusdt: rules } } } })).toEqual([
    "decision.micro_scalp.symbols: must name its symbols in upper-case letters and digits",
  ]);
});

function namesOf(micro_scalp: object, symbol: string): readonly string[] {
  const { decision } = Settings.parse({ decision: { micro_scalp } });
  const horizons = decision.ensemble.horizons_seconds.map((seconds) => seconds * 1e6);
  return createSources(decision, symbol, new Features(horizons, 5)).map(({ name }) => name);
}
