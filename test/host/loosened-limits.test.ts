import { expect, test } from "vitest";
import { Settings } from "../../src/config/schema.ts";
import { LiveSettings } from "../../src/host/live-settings.ts";
import { limitPaths, loosenedLimits } from "../../src/host/loosened-limits.ts";
import { settingsChange } from "../../src/host/settings-change.ts";
import { ruleFor } from "../../src/ops/alerts/rules.ts";
import { shownFields } from "../../src/ops/log.ts";
import { type SettingsChanges, settingsWith } from "../support/core.ts";

function loosened(before: SettingsChanges, after: SettingsChanges): readonly string[] {
  const [running, wanted] = [settingsWith(before), settingsWith(after)];
  const change = settingsChange(running, wanted);
  if (change.kind === "same") return [];
  return loosenedLimits(change.changes, running, wanted).map(({ path, from, to }) => `${path} ${from} ${to}`);
}

const strict: SettingsChanges = { risk: { max_notional: 200, session: { max_daily_loss_abs: 5 } } };

test("[CFG-4] a limit that is back at its looser default is told", () => {
  expect(loosened(strict, {})).toEqual(["risk.max_notional 200 2000", "risk.session.max_daily_loss_abs 5 200"]);
});

test("[CFG-4] a limit that becomes stricter is not told as looser", () => {
  expect(loosened({}, strict)).toEqual([]);
});

const cases: readonly (readonly [string, SettingsChanges, SettingsChanges])[] = [
  ["none", { risk: { session: { max_daily_loss_abs: 5 } } }, { risk: { session: { max_daily_loss_abs: null } } }],
  ["a smaller floor", { guardrails: { min_free_margin: 50 } }, { guardrails: { min_free_margin: 10 } }],
  [
    "a milder word",
    { risk: { session: { on_violation: "halt" } } },
    { risk: { session: { on_violation: "cooldown" } } },
  ],
  ["a gate that is off", { risk: { cost: { enabled: true } } }, { risk: { cost: { enabled: false } } }],
];

test.each(cases)("[CFG-4] looser is %s, and not the other way round", (_, before, after) => {
  expect([loosened(before, after).length, loosened(after, before).length]).toEqual([1, 0]);
});

test("[CFG-4] what a symbol overrides is compared with the account's value that it had, or gets", () => {
  const own = (max_notional: number): SettingsChanges => ({ overrides: { BTCUSDT: { risk: { max_notional } } } });
  expect([loosened({}, own(3_000)), loosened({}, own(1_000)), loosened(own(1_000), {})]).toEqual([
    ["overrides.BTCUSDT.risk.max_notional 2000 3000"],
    [],
    ["overrides.BTCUSDT.risk.max_notional 1000 2000"],
  ]);
});

test("[CFG-4] every limit of risk, guardrails and SAFE MODE is known; the distances of stops and targets are none", () => {
  const { risk, guardrails, safe_mode } = Settings.parse({});
  const all = leaves({ risk, guardrails, safe_mode }, "").filter((path) => !path.startsWith("risk.sltp."));
  expect([...limitPaths].sort()).toEqual([...all].sort());
});

test("[OPS-2] that a limit is loosened is told to people, each time", () => {
  expect(ruleFor({ code: "LIMITS_LOOSENED", level: "warn", fields: {} })).toMatchObject({
    severity: "warning",
    by: "each",
  });
});

test("[OPS-2] the alert says which limit, from what to what", () => {
  const told: unknown[] = [];
  const live = new LiveSettings(
    settingsWith(strict),
    (level, code, fields) => told.push([level, code, shownFields(fields)["change"]]),
    () => undefined,
  );
  live.replace(settingsWith({ risk: { max_notional: 200 } }));
  expect(told.at(-1)).toEqual(["warn", "LIMITS_LOOSENED", "risk.session.max_daily_loss_abs: 5 → 200"]);
});

function leaves(value: unknown, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
}
