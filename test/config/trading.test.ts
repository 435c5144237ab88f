/** What the settings of the two modes must be to each other. */

import { expect, test } from "vitest";
import { Settings } from "../../src/config/schema.ts";
import type { SettingsChanges } from "../support/core.ts";

function problems(trading: SettingsChanges["trading"]): readonly string[] {
  const parsed = Settings.safeParse({ trading });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

test.each<readonly [string, SettingsChanges["trading"], SettingsChanges["trading"], string]>([
  [
    "the spread that cancels is at least the one that blocks",
    { scalp: { max_spread_bps: 6, spread_widen_bps: 6 } },
    { scalp: { max_spread_bps: 6, spread_widen_bps: 5.9 } },
    "trading.scalp.spread_widen_bps: must be at least trading.scalp.max_spread_bps",
  ],
  [
    "market orders need no wider spread",
    { scalp: { max_spread_bps: 1, market_max_spread_bps: 1 } },
    { scalp: { max_spread_bps: 1, market_max_spread_bps: 1.1 } },
    "trading.scalp.market_max_spread_bps: must be at most trading.scalp.max_spread_bps",
  ],
  [
    "market orders need no less depth",
    { scalp: { min_top_depth_usdt: 9_000, market_min_top_depth_usdt: 9_000 } },
    { scalp: { min_top_depth_usdt: 9_000, market_min_top_depth_usdt: 8_999 } },
    "trading.scalp.market_min_top_depth_usdt: must be at least trading.scalp.min_top_depth_usdt",
  ],
  [
    "market orders stand no more latency",
    { scalp: { max_latency_ms: 100, market_max_latency_ms: 100 } },
    { scalp: { max_latency_ms: 100, market_max_latency_ms: 101 } },
    "trading.scalp.market_max_latency_ms: must be at most trading.scalp.max_latency_ms",
  ],
  [
    "an entry times out within its hold",
    { scalp: { order_timeout_seconds: 5, max_hold_seconds: 5 } },
    { scalp: { order_timeout_seconds: 5.1, max_hold_seconds: 5 } },
    "trading.scalp.order_timeout_seconds: must be at most trading.scalp.max_hold_seconds",
  ],
  [
    "an entry times out while it may be worked",
    { normal: { order_timeout_seconds: 4, entry_max_seconds: 4 } },
    { normal: { order_timeout_seconds: 4.1, entry_max_seconds: 4 } },
    "trading.normal.order_timeout_seconds: must be at most trading.normal.entry_max_seconds",
  ],
  [
    "a chase begins before the time-out",
    { normal: { chase: { after_seconds: 2 } } },
    { normal: { chase: { after_seconds: 2.1 } } },
    "trading.normal.chase.after_seconds: must be at most trading.normal.order_timeout_seconds",
  ],
  [
    "a chase has room in the band",
    { normal: { band_bps: 2, chase: { threshold_bps: 1.9 } } },
    { normal: { band_bps: 2, chase: { threshold_bps: 2 } } },
    "trading.normal.chase.threshold_bps: must be below trading.normal.band_bps: a chase never leaves the band",
  ],
  [
    "a post-only order does not cross",
    { scalp: { post_only: true } },
    { scalp: { post_only: true, limit_may_cross: true } },
    "trading.scalp.limit_may_cross: must be false when trading.scalp.post_only is true: such an order is refused",
  ],
])("[CFG-5] %s", (_what, good, bad, problem) => {
  expect([problems(good), problems(bad)]).toEqual([[], [problem]]);
});

test.each([0, -1])("[CFG-5] a time-out of %i seconds is refused in both modes", (order_timeout_seconds) => {
  const found = (["normal", "scalp"] as const).map((mode) => problems({ [mode]: { order_timeout_seconds } })[0]);
  expect(found).toEqual([
    expect.stringContaining("trading.normal.order_timeout_seconds"),
    expect.stringContaining("trading.scalp.order_timeout_seconds"),
  ]);
});

test("[CFG-3] the mode is normal, and the scalp section is on, unless said otherwise", () => {
  const { trading } = Settings.parse({});
  expect([trading.mode, trading.scalp.enabled]).toEqual(["normal", true]);
});
