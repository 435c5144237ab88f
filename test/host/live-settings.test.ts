import { expect, test } from "vitest";
import type { Settings } from "../../src/config/schema.ts";
import { LiveSettings } from "../../src/host/live-settings.ts";
import { CoreBench } from "../engine/support.ts";
import { settings, settingsWith } from "../support/core.ts";

test("[CFG-4] an applicable change is told path by path and handed on once, whole", () => {
  const { live, told, applied } = bench();
  const wanted = settingsWith({ guardrails: { max_positions: 1, cooldown_seconds: 5 } });
  expect(live.replace(wanted)).toBe(true);
  expect(told).toEqual([
    ["info", "SETTING_CHANGED", { change: `guardrails.max_positions: ${settings.guardrails.max_positions} → 1` }],
    ["info", "SETTING_CHANGED", { change: `guardrails.cooldown_seconds: ${settings.guardrails.cooldown_seconds} → 5` }],
    [
      "warn",
      "LIMITS_LOOSENED",
      { limits: 1, change: `guardrails.cooldown_seconds: ${settings.guardrails.cooldown_seconds} → 5` },
    ],
  ]);
  expect([applied, live.current]).toEqual([[wanted], wanted]);
});

test("[CFG-4] a file with one value that cannot change leaves everything as it was, with one ERROR", () => {
  const { live, told, applied } = bench();
  const wanted = settingsWith({ guardrails: { max_positions: 1 }, symbols: ["BTCUSDT"], order_id_prefix: "zz" });
  expect(live.replace(wanted)).toBe(false);
  expect(told).toEqual([
    [
      "error",
      "SETTINGS_REFUSED",
      { problems: 2, message: expect.stringMatching(/^symbols cannot change .*; order_id_prefix cannot change /) },
    ],
  ]);
  expect([applied, live.current]).toEqual([[], settings]);
});

test("[CFG-4] an invalid file is one ERROR that names every problem, and changes nothing", () => {
  const { live, told, applied } = bench();
  live.refuseInvalid(["a is 1; allowed: 2", "b is not a known key"]);
  expect(told).toEqual([
    ["error", "SETTINGS_INVALID", { problems: 2, message: "a is 1; allowed: 2; b is not a known key" }],
  ]);
  expect([applied, live.current]).toEqual([[], settings]);
});

test("[CFG-4] a file that says the same does nothing", () => {
  const { live, told, applied } = bench();
  expect([live.replace(settingsWith({})), told, applied]).toEqual([true, [], []]);
});

test("[CFG-4] a changed market threshold holds from the next question on", () => {
  const core = CoreBench.ready();
  core.at(100);
  const [desk] = core.core.desks;
  expect(desk?.market.isReady(core.now)).toBe(true);
  core.core.reconfigure(settingsWith({ market: { quote_stale_ms: 50 } }), core.now);
  expect(desk?.market.isReady(core.now)).toBe(false);
});

function bench() {
  const told: unknown[] = [];
  const applied: Settings[] = [];
  const live = new LiveSettings(
    settings,
    (level, code, fields) => told.push([level, code, fields]),
    (wanted) => applied.push(wanted),
  );
  return { live, told, applied };
}
