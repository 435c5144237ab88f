/** A trade of which nothing has been sent yet, for what may be sent of it. */

import { emptyLedger, withFill } from "../../src/account/ledger.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import type { EntryBrief } from "../../src/execution/entry-work.ts";
import { type EntryTerms, newTrade, type Trade, type TradePlan } from "../../src/execution/trade.ts";
import { instrument, type SettingsChanges, settingsWith } from "../support/core.ts";
import { Bench, briefOf, planOf } from "./bench.ts";

export type Given = {
  readonly trading?: SettingsChanges["trading"];
  readonly instrument?: Instrument;
  readonly plan?: Partial<TradePlan>;
  readonly brief?: Partial<EntryBrief>;
  readonly prepare?: (bench: Bench, trade: Trade) => void;
};

export type Case = { readonly bench: Bench; readonly trade: Trade; readonly brief: EntryBrief };

/** A trade of which nothing has been sent yet. */
export function given({
  trading = {},
  instrument: one = instrument,
  plan = {},
  brief = {},
  prepare,
}: Given = {}): Case {
  const bench = new Bench(settingsWith({ trading }), one);
  const entry = briefOf(brief);
  const trade = newTrade(planOf({ entry, ...plan }));
  prepare?.(bench, trade);
  return { bench, trade, brief: entry };
}

export function filled(trade: Trade, quantity: number): void {
  trade.ledger = withFill(emptyLedger, trade.plan.side, ticks(640_000), lots(quantity));
}

export const limit = (price: number, timeInForce: "GTC" | "GTX" = "GTC"): EntryTerms => ({
  type: "LIMIT",
  price: ticks(price),
  timeInForce,
});

export const market = { normal: { entry_order: "market" as const } };
export const open = { zone: null, confidence: 1 };
