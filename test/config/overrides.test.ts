/** What symbols override, and the rules that hold between settings. */

import { expect, test } from "vitest";
import { z } from "zod";
import { settingsJsonSchema } from "../../src/config/load.ts";
import { deepPartial } from "../../src/config/overrides.ts";
import { Settings } from "../../src/config/schema.ts";
import { merged } from "../../src/domain/merge.ts";

function problemsOf(input: unknown): readonly string[] {
  const parsed = Settings.safeParse(input);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test("[CFG-3] a symbol overrides single values at any depth, and keeps the others", () => {
  const { overrides } = Settings.parse({
    overrides: { ETHUSDT: { risk: { sltp: { atr: { sl_mult_low_vol: 3 } } }, guardrails: { min_confidence: 0.9 } } },
  });
  expect(overrides).toEqual({
    ETHUSDT: { risk: { sltp: { atr: { sl_mult_low_vol: 3 } } }, guardrails: { min_confidence: 0.9 } },
  });
});

test("[CFG-3] every value of risk, guardrails, trading and exits can be overridden, but the account's session limits", () => {
  const { risk, guardrails, trading, exits, overrides: _ } = Settings.parse({});
  const { session, ...own } = risk;
  expect(problemsOf({ overrides: { ETHUSDT: { risk: own, guardrails, trading, exits } } })).toEqual([]);
  expect(problemsOf({ overrides: { ETHUSDT: { risk: { session } } } })).toEqual([
    'overrides.ETHUSDT.risk: Unrecognized key: "session"',
  ]);
});

test("[CFG-3] an overridden value has the same bounds as the original", () => {
  const problems = problemsOf({
    overrides: { ETHUSDT: { risk: { max_leverage: 0 }, trading: { normal: { post_only: 1 } } } },
  });
  expect(problems.map((line) => line.split(":")[0])).toEqual([
    "overrides.ETHUSDT.risk.max_leverage",
    "overrides.ETHUSDT.trading.normal.post_only",
  ]);
});

test("[CFG-5] a symbol's leverage is at most that of the account", () => {
  const of = (max_leverage: number) => problemsOf({ overrides: { ETHUSDT: { risk: { max_leverage } } } });
  expect([of(10), of(11)]).toEqual([
    [],
    ["overrides.ETHUSDT.risk.max_leverage: must be at most risk.max_leverage: the account is held to that"],
  ]);
});

test("[CFG-3] overrides are about symbols that are traded", () => {
  expect(problemsOf({ overrides: { XRPUSDT: {} } })).toEqual(["overrides.XRPUSDT: must be about one of `symbols`"]);
});

test("[CFG-5] the rules between settings hold for what a symbol's settings come to", () => {
  const overrides = {
    ETHUSDT: {
      risk: { min_notional: 5_000, base_risk_fraction: 0.9, edge_sizing: { min_edge: 0.4 }, sltp: { low_bps: 30 } },
      trading: { normal: { max_hold_seconds: 1 } },
    },
  };
  const suffix = "(with what ETHUSDT overrides)";
  expect(problemsOf({ overrides }).toSorted()).toEqual([
    `overrides.ETHUSDT.risk.base_risk_fraction: must be at most risk.max_exposure_fraction ${suffix}`,
    `overrides.ETHUSDT.risk.edge_sizing.max_edge: must be above min_edge ${suffix}`,
    `overrides.ETHUSDT.risk.max_notional: must be at least min_notional ${suffix}`,
    `overrides.ETHUSDT.risk.sltp.high_bps: must be at least low_bps ${suffix}`,
    `overrides.ETHUSDT.trading.normal.order_timeout_seconds: must be at most trading.normal.max_hold_seconds ${suffix}`,
  ]);
});

test("[CFG-5] a rule that the settings break for all is told once, not for each symbol again", () => {
  expect(problemsOf({ trading: { normal: { max_hold_seconds: 1 } }, overrides: { ETHUSDT: {} } })).toEqual([
    "trading.normal.order_timeout_seconds: must be at most trading.normal.max_hold_seconds",
  ]);
});

test.each([
  [{ edge_sizing: { min_edge: 0.1, max_edge: 0.1 } }, "risk.edge_sizing.max_edge: must be above min_edge"],
  [{ edge_sizing: { min_edge: 0.099 } }, null],
  [{ edge_sizing: { min_multiplier: 2.1 } }, "risk.edge_sizing.max_multiplier: must be at least min_multiplier"],
  [{ edge_sizing: { min_multiplier: 2 } }, null],
  [{ min_notional: 2_001 }, "risk.max_notional: must be at least min_notional"],
  [{ min_notional: 2_000 }, null],
  [{ sltp: { low_bps: 12.1 } }, "risk.sltp.high_bps: must be at least low_bps"],
  [{ sltp: { low_bps: 12 } }, null],
  [{ base_risk_fraction: 0.21 }, "risk.base_risk_fraction: must be at most risk.max_exposure_fraction"],
  [{ base_risk_fraction: 0.2 }, null],
])("[CFG-5] risk %j: %s", (risk, problem) => {
  expect(problemsOf({ risk })).toEqual(problem === null ? [] : [problem]);
});

test("[CFG-2] the published schema knows what may be overridden, with its descriptions and no defaults", () => {
  const text = JSON.stringify(Reflect.get(Object(settingsJsonSchema()), "properties"));
  const { overrides } = z.object({ overrides: z.looseObject({}) }).parse(JSON.parse(text));
  const inside = JSON.stringify(overrides["additionalProperties"]);
  expect([
    inside.includes("sl_mult_low_vol"),
    inside.includes("Largest notional"),
    inside.includes('"default"'),
  ]).toEqual([true, true, false]);
});

test("[CFG-3] lists and single values are replaced, sections are merged, and nothing is changed in place", () => {
  const base = { a: { b: 1, c: [1, 2] }, d: 2 };
  expect(merged(base, { a: { c: [3] }, d: 4 })).toEqual({ a: { b: 1, c: [3] }, d: 4 });
  expect(base).toEqual({ a: { b: 1, c: [1, 2] }, d: 2 });
});

test("[CFG-3] what is left out of a partial section stays out", () => {
  const partial = deepPartial(
    z.strictObject({ a: z.number().default(1), b: z.strictObject({ c: z.string() }).optional() }),
  );
  expect(partial.parse({})).toEqual({});
});
