/** Which changes of the settings let the daemon risk more than before: they are told to people (requirements CFG-4). */

import type { Settings } from "../config/schema.ts";
import type { Change } from "./settings-change.ts";

/**
 * What makes a limit looser: a value above or below the one before, null where it means none, or a word that stands
 * later in the list.
 */
type Looser = "above" | "above or none" | "below" | readonly unknown[];

const looser: Readonly<Record<string, Looser>> = {
  "risk.base_risk_fraction": "above",
  // A smaller entry is made as large as this.
  "risk.min_notional": "above",
  "risk.max_notional": "above",
  "risk.max_leverage": "above",
  "risk.max_exposure_fraction": "above",
  "risk.edge_sizing.min_edge": "below",
  "risk.edge_sizing.max_edge": "below",
  "risk.edge_sizing.min_multiplier": "above",
  "risk.edge_sizing.max_multiplier": "above",
  "risk.edge_sizing.below_min_edge": ["zero", "minimum"],
  "risk.volatility_size.low": "above",
  "risk.volatility_size.medium": "above",
  "risk.volatility_size.high": "above",
  "risk.session.max_trades_per_hour": "above",
  "risk.session.max_daily_loss_abs": "above or none",
  "risk.session.max_daily_loss_pct": "above or none",
  "risk.session.max_daily_profit_abs": "above or none",
  "risk.session.max_daily_profit_pct": "above or none",
  "risk.session.max_drawdown_pct": "above or none",
  "risk.session.on_violation": ["flatten", "halt", "cooldown"],
  "risk.session.cooldown_minutes": "below",
  "risk.session.equity": ["marked", "realised"],
  "risk.cost.enabled": [true, false],
  "risk.cost.factor": "below",
  "risk.liquidation_buffer": "below",
  "risk.recheck.max_price_move_bps": "above",
  "guardrails.min_free_margin": "below",
  "guardrails.max_positions": "above",
  "guardrails.cooldown_seconds": "below",
  "guardrails.min_confidence": "below",
  "guardrails.drawdown_pct": "above",
  "guardrails.crash_return_pct": "above",
  "guardrails.account_stale_seconds": "above",
  "safe_mode.leave": ["operator", "clean-reconciliation"],
  "safe_mode.clock_jump_ms": "above",
  "safe_mode.clock_check_seconds": "above",
  "safe_mode.inconsistent_reads": "above",
};

/** Every limit that is known here, by its path. */
export const limitPaths: readonly string[] = Object.keys(looser);

/** Those of the changes that loosen a limit; what a symbol does not override is the account's. */
export function loosenedLimits(changes: readonly Change[], running: Settings, wanted: Settings): readonly Change[] {
  return changes.flatMap(({ path, from, to }) => {
    const place = path.replace(/^overrides\.[^.]+\./, "");
    const rule = looser[place];
    if (rule === undefined) return [];
    const change = {
      path,
      from: from === undefined ? valueAt(running, place) : from,
      to: to === undefined ? valueAt(wanted, place) : to,
    };
    return isLooser(rule, change) ? [change] : [];
  });
}

function isLooser(rule: Looser, { from, to }: Change): boolean {
  if (typeof rule !== "string") return rule.indexOf(to) > rule.indexOf(from);
  if (rule === "above or none" && (from === null || to === null)) return from !== null;
  return rule === "below" ? Number(to) < Number(from) : Number(to) > Number(from);
}

function valueAt(settings: Settings, place: string): unknown {
  return place.split(".").reduce<unknown>((value, key) => Reflect.get(Object(value), key), settings);
}
