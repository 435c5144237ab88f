/** Under what settings a daemon is tried: each run draws its own. */

import fc from "fast-check";
import type { SettingsChanges } from "../support/core.ts";

export type Conditions = {
  /** one way */
  readonly latencyMs: number;
  readonly settings: SettingsChanges;
};

type Section<Name extends keyof SettingsChanges> = fc.Arbitrary<NonNullable<SettingsChanges[Name]>>;

const working = {
  post_only: fc.boolean(),
  order_timeout_seconds: fc.constantFrom(1, 4),
  replace_attempts: fc.constantFrom(0, 2),
  amend_in_place: fc.constantFrom(true, true, false),
  max_hold_seconds: fc.constantFrom(5, 30, 600),
  on_timeout: fc.constantFrom("give-up" as const, "cross" as const, "replace" as const),
};

const trading: Section<"trading"> = fc.record({
  mode: fc.constantFrom("normal" as const, "scalp" as const),
  normal: fc.record({
    ...working,
    entry_order: fc.constantFrom("limit" as const, "limit" as const, "limit" as const, "market" as const),
    zone_price: fc.constantFrom("mid" as const, "touch" as const),
    chase: fc.record({
      after_seconds: fc.constantFrom(0.3, 1),
      threshold_bps: fc.constantFrom(0, 0.5),
      max_attempts: fc.constantFrom(0, 2, 5),
    }),
  }),
  scalp: fc.record({
    ...working,
    prefer_limit: fc.boolean(),
    min_top_depth_usdt: fc.constant(0),
    market_min_top_depth_usdt: fc.constantFrom(0, 5_000),
    passive_offset_bps: fc.constantFrom(0, 2),
  }),
});

const exits: Section<"exits"> = fc.record({
  on_decision: fc.constantFrom("on" as const, "on" as const, "off" as const),
  targets: fc.constantFrom("as-decided" as const, "single" as const, "split" as const),
  first_target_share: fc.constantFrom(0.3, 0.5, 0.9),
  break_even: fc.record({ enabled: fc.boolean() }),
  trailing: fc.record({
    enabled: fc.boolean(),
    activation_r: fc.constantFrom(0, 0.5),
    distance_r: fc.constantFrom(0.1, 0.5),
  }),
  atr_shrink: fc.record({ enabled: fc.boolean() }),
  adverse_candle: fc.record({ enabled: fc.boolean() }),
  stop_moves: fc.record({ min_step_r: fc.constantFrom(0, 0.05), min_interval_ms: fc.constantFrom(1, 500) }),
});

const protection: Section<"protection"> = fc.record({
  working_type: fc.constantFrom("CONTRACT_PRICE" as const, "CONTRACT_PRICE" as const, "MARK_PRICE" as const),
});

export const conditions: fc.Arbitrary<Conditions> = fc.record({
  latencyMs: fc.constantFrom(1, 20, 150),
  settings: fc.record({ trading, exits, protection }),
});
