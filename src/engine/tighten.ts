/**
 * Takes over stop and target of a newer decision of the file for a trade that is open (requirements DEC-6): the stop only
 * towards less risk. The one place where a decision reaches into a running trade.
 */

import type { Decision } from "../domain/decision.ts";
import { sign } from "../domain/order.ts";
import type { Output } from "../domain/output.ts";
import type { Micros, Ticks } from "../domain/units.ts";
import type { TradeManager } from "../execution/trade-manager.ts";

/** What execution offers for it. */
export type Tightening = {
  /** Moves the stop towards less risk; does nothing with a level that would risk more. */
  readonly tighten: (stop: Ticks, now: Micros) => void;
};

export function tighten(manager: TradeManager, decision: Decision, emit: (output: Output) => void, now: Micros): void {
  const { trade } = manager;
  const { stopLoss, source } = decision;
  if (trade === null || stopLoss === null || trade.plan.source !== source) return;
  const { side } = trade.plan;
  if (decision.direction !== (side === "buy" ? "LONG" : "SHORT")) return;
  if ((stopLoss - trade.plan.stopLoss) * sign(side) <= 0) return;
  const fields = { trade: trade.plan.trade, decision: decision.id, stopTicks: stopLoss };
  if (!offersTightening(manager)) {
    const detail = "this version cannot move the stop of an open trade: it stays where it is";
    emit({
      kind: "notice",
      level: "warn",
      code: "STOP_NOT_MOVED",
      symbol: decision.symbol,
      fields: { ...fields, detail },
    });
    return;
  }
  emit({ kind: "notice", level: "info", code: "STOP_TAKEN_OVER", symbol: decision.symbol, fields });
  manager.tighten(stopLoss, now);
}

function offersTightening(manager: object): manager is Tightening {
  return "tighten" in manager && typeof manager.tighten === "function";
}
