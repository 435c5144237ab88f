/**
 * Targets: one that closes all, or two of which the first closes a part. Their sizes follow the position; a part, or a
 * rest, below the exchange's minimum is folded into the other one (requirements ORD-2, ORD-3, ORD-6).
 */

import type { Instrument } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import type { PlaceAlgo } from "../domain/output.ts";
import { lots, type Ticks, ticks } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { targetLevels } from "./exit-rules.ts";
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
    takeProfit: trade.takeProfit,
    secondTarget: trade.secondTarget,
    firstShare: rules.firstTargetShare,
    entered,
    taken,
    exposed: exposedLots(trade),
    firstIsBehind: isBehind(trade.takeProfit, averageEntry(trade), plan.side),
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

/**
 * Targets of a newer decision (requirements DEC-6): what rests follows at the arbiter's pace, never more of it than is open.
 *
 * @param decided the nearer first; none is no opinion
 * @returns false when they stay where they are: none of them moves by the least step, or one would close at a loss at once
 */
export function moveTargets(desk: Desk, trade: Trade, decided: readonly Ticks[]): boolean {
  const [nearest] = decided;
  const { plan, rules, takeProfit, secondTarget } = trade;
  if (nearest === undefined || trade.closing !== null || trade.targetMoves >= rules.movesMax) return false;
  // There the mode bounds how far a target is (requirements EXE-2), and what it made of the first one stands.
  if (plan.entry?.mode === "scalp") return false;
  const average = averageEntry(trade);
  const reference = ticks(Math.round(average ?? desk.touch.bid));
  const next = targetLevels(desk.settings, plan.side, reference, nearest, decided);
  const least = Math.max(1, average === null ? 0 : rules.moveStepR * Math.abs(average - plan.stopLoss));
  const isMoved = isFar(takeProfit, next.takeProfit, least) || isFar(secondTarget, next.secondTarget, least);
  if (!isMoved || !isAhead(desk, trade, nearest, average)) return false;
  trade.takeProfit = next.takeProfit;
  trade.secondTarget = next.secondTarget;
  trade.targetMoves += 1;
  desk.emit({
    kind: "notice",
    level: "info",
    code: "TARGETS_MOVED",
    symbol: desk.instrument.index,
    fields: {
      trade: plan.trade,
      fromTicks: takeProfit,
      secondFromTicks: secondTarget,
      toTicks: next.takeProfit,
      secondToTicks: next.secondTarget,
    },
  });
  return true;
}

function isFar(from: Ticks | null, to: Ticks | null, least: number): boolean {
  return from === null || to === null ? from !== to : Math.abs(to - from) >= least;
}

/** A level that is reached already closes at once, which is right for a gain and nothing that a target may do to a loss. */
function isAhead({ touch }: Desk, { plan, stopLevel }: Trade, level: Ticks, average: number | null): boolean {
  const away = sign(plan.side);
  if ((level - stopLevel) * away <= 0) return false;
  const price = plan.side === "buy" ? touch.bid : touch.ask;
  const isReached = price <= 0 || (price - level) * away >= 0;
  return !isReached || (average !== null && (level - average) * away > 0);
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
