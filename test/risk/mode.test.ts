/** In which mode an entry is worked, and whether it takes. */

import { expect, test } from "vitest";
import type { TradeStyle } from "../../src/domain/decision.ts";
import { type Mode, mayTake, modeOf } from "../../src/risk/mode.ts";
import { type SettingsChanges, settingsWith } from "../support/core.ts";

type Trading = NonNullable<SettingsChanges["trading"]>;
type Scalp = NonNullable<Trading["scalp"]>;

test.each<readonly [Mode, Scalp, TradeStyle, Mode]>([
  ["normal", { enabled: true, only_style_scalp: false }, "SCALP", "normal"],
  ["scalp", { enabled: false, only_style_scalp: false }, "SCALP", "normal"],
  ["scalp", { enabled: true, only_style_scalp: false }, "TREND", "scalp"],
  ["scalp", { enabled: true, only_style_scalp: true }, "TREND", "normal"],
  ["scalp", { enabled: true, only_style_scalp: true }, "SCALP", "scalp"],
])("[CFG-3] in mode %s with %j a decision of style %s is worked as %s", (mode, scalp, style, expected) => {
  expect(modeOf(settingsWith({ trading: { mode, scalp } }).trading, style)).toBe(expected);
});

const rests: Trading = {
  normal: { entry_order: "limit", on_timeout: "give-up" },
  scalp: { prefer_limit: true, limit_may_cross: false, on_timeout: "give-up" },
};

test.each<readonly [Mode, Trading, boolean]>([
  ["normal", rests, false],
  ["normal", { ...rests, normal: { entry_order: "market", on_timeout: "give-up" } }, true],
  ["normal", { ...rests, normal: { entry_order: "limit", on_timeout: "cross" } }, true],
  ["scalp", rests, false],
  ["scalp", { ...rests, scalp: { prefer_limit: false, limit_may_cross: false, on_timeout: "give-up" } }, true],
  ["scalp", { ...rests, scalp: { prefer_limit: true, limit_may_cross: true, on_timeout: "give-up" } }, true],
  ["scalp", { ...rests, scalp: { prefer_limit: true, limit_may_cross: false, on_timeout: "cross" } }, true],
])("[CFG-3] an entry of mode %s with %j takes: %s", (mode, trading, expected) => {
  expect(mayTake(settingsWith({ trading }).trading, mode)).toBe(expected);
});
