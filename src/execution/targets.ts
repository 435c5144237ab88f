/**
 * Targets: one that closes all, or two of which the first closes a part. Their sizes follow the position; a part, or a
 * rest, below the exchange's minimum is folded into the other one (requirements ORD-2, ORD-3, ORD-6).
 */

import type { Instrument } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import type { PlaceAlgo } from "../domain/output.ts";
import { lots, type Ticks } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { missedLots } from "./order.ts";
import { averageEntry, enteredLots, exposedLots, type Trade } from "./trade.ts";

export type TargetRole = "t1" | "t2";

export type WantedTarget = { readonly role: TargetRole; readonly trigger: Ticks; readonly extent: PlaceAlgo["extent"] };

export type TargetFacts = {
  readonly takeProfit: Ticks | null;
  readonly secondTarget: Ticks | null;
  readonly firstShare: number;
  /** lots that were entered so far, and how many of them the first target has closed */
  readonly entered: number;
  readonly taken: number;
  /** lots that are open */
  readonly exposed: number;
  /** the entry has left the first target behind it: taking it would be a loss */
  readonly firstIsBehind: boolean;
};

const all = { kind: "close-position" } as const;

/** What should rest now, the nearer first. */
export function wantedTargets(instrument: Instrument, facts: TargetFacts): readonly WantedTarget[] {
  const { takeProfit, secondTarget, exposed } = facts;
  if (takeProfit === null || exposed <= 0) return [];
  if (secondTarget === null) return [{ role: "t1", trigger: takeProfit, extent: all }];
  const least = leastLots(instrument, takeProfit);
  const part = firstPart(instrument, facts);
  const last: WantedTarget = { role: "t2", trigger: secondTarget, extent: all };
  if (part < least || (facts.firstIsBehind && facts.taken === 0)) return [last];
  const open = part - facts.taken;
  if (open < least) return [last];
  if (facts.entered - part < least || open >= exposed) return [{ role: "t1", trigger: takeProfit, extent: all }];
  return [{ role: "t1", trigger: takeProfit, extent: { kind: "quantity", quantity: lots(open) } }, last];
}

/** Whether the first of two targets has closed its part. */
export function isFirstTargetDone(instrument: Instrument, facts: TargetFacts): boolean {
  if (facts.takeProfit === null || facts.secondTarget === null || facts.taken === 0) return false;
  return firstPart(instrument, facts) - facts.taken < leastLots(instrument, facts.takeProfit);
}

export function targetFacts(trade: Trade): TargetFacts {
  const { plan, rules } = trade;
  let entered: number = enteredLots(trade);
  let taken = trade.firstTargetLots;
  for (const order of trade.orders.values()) {
    // What was told in sum and not yet one by one counts already, as it does for the exposure.
    if (order.role === "e") entered += missedLots(order);
    else if (order.role === "t1") taken += missedLots(order);
  }
  return {
    takeProfit: plan.takeProfit,
    secondTarget: plan.secondTarget,
    firstShare: rules.firstTargetShare,
    entered,
    taken,
    exposed: exposedLots(trade),
    firstIsBehind: isBehind(plan.takeProfit, averageEntry(trade), plan.side),
  };
}

/** The next target that the touch has reached, where the core watches in place of the exchange; null when none. */
export function reachedTarget(desk: Desk, trade: Trade): WantedTarget | null {
  const [next] = wantedTargets(desk.instrument, targetFacts(trade));
  if (next === undefined) return null;
  const { bid, ask } = desk.touch;
  const reached = trade.plan.side === "buy" ? bid >= next.trigger : ask > 0 && ask <= next.trigger;
  return reached ? next : null;
}

function isBehind(level: Ticks | null, average: number | null, side: Side): boolean {
  return level !== null && average !== null && (level - average) * sign(side) <= 0;
}

function firstPart({ marketStepLots }: Instrument, { entered, firstShare }: TargetFacts): number {
  return Math.floor((entered * firstShare) / marketStepLots) * marketStepLots;
}

/** The smallest order that is worth placing at a price. Reductions are exempt from the notional; a part below it is dust. */
function leastLots({ minLots, marketMinLots, minNotional }: Instrument, price: Ticks): number {
  return Math.max(minLots, marketMinLots, Math.ceil(minNotional / price));
}
