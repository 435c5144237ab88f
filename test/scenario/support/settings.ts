/** Settings of stories: as little in the way as each of them needs. */

import type { SettingsChanges } from "../../support/core.ts";

type Trading = NonNullable<SettingsChanges["trading"]>;
type Exits = NonNullable<SettingsChanges["exits"]>;

/** Mode normal: a limit order at the best price of its own side that is left alone until it times out, and given up. */
export function normal(changes: NonNullable<Trading["normal"]> = {}, exits: Exits = plainExits): SettingsChanges {
  const own = { zone_price: "touch", chase: { max_attempts: 0 }, replace_attempts: 0, on_timeout: "give-up" } as const;
  return { trading: { mode: "normal", normal: { ...own, ...changes } }, exits };
}

/** Mode scalp, likewise. */
export function scalp(changes: NonNullable<Trading["scalp"]> = {}, exits: Exits = plainExits): SettingsChanges {
  const own = { replace_attempts: 0, on_timeout: "give-up" } as const;
  return { trading: { mode: "scalp", scalp: { ...own, ...changes } }, exits };
}

/** One target, and a stop that stays where it is. */
export const plainExits: Exits = {
  targets: "single",
  break_even: { enabled: false },
  trailing: { enabled: false },
  adverse_candle: { enabled: false },
};
