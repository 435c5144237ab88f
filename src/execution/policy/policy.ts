/**
 * How an entry is sent: one interface, a policy a mode. A policy is a pure function of the approved order, the touch and
 * the settings; it looks at no gate and at no limit of risk, and its prices stand on the tick (requirements EXE-3, EXE-7).
 */

import type { Evidence } from "../../domain/decision.ts";
import { type Side, sign } from "../../domain/order.ts";
import type { BlockReason } from "../../domain/reason.ts";
import { type Ticks, ticks } from "../../domain/units.ts";

/** Prices between which an entry may rest or fill, both included. */
export type Zone = { readonly low: Ticks; readonly high: Ticks };

export type PolicyInput = {
  readonly side: Side;
  readonly bid: Ticks;
  readonly ask: Ticks;
  /** null: no bound */
  readonly zone: Zone | null;
  readonly spreadBps: number;
  /** worth of the best level on the thinner side, quote asset */
  readonly topDepth: number;
  readonly latencyMs: number | null;
  /** ticks farther from the other side than else, after a post-only order that would have taken */
  readonly stepBack: number;
};

/** Why an order is sent the way it is. */
export type PlanReason =
  | "ZONE_MID"
  | "ZONE_EDGE"
  | "JOIN_TOUCH"
  | "IMPROVE_TOUCH"
  | "CROSS_ASKED"
  | "TAKE_ASKED"
  | "MARKET_LIMITS_MET"
  | "FAIL_SAFE"
  | "MENDED";

export type EntryPlan =
  | {
      readonly kind: "limit";
      readonly price: Ticks;
      readonly timeInForce: "GTC" | "GTX";
      readonly reason: PlanReason;
    }
  | { readonly kind: "market"; readonly reason: PlanReason }
  | ({ readonly kind: "wait" } & Evidence<BlockReason>);

export type EntryPolicy<Rules> = (input: PolicyInput, rules: Rules) => EntryPlan;

/**
 * The same market seen by a buyer: what a seller sees with every price negated, so that each rule is written once and its
 * mirror is right by construction. Higher is nearer to the other side.
 */
export type Mirrored = {
  /** the best price of its own side, and of the other */
  readonly own: number;
  readonly other: number;
  /** the zone; infinite without one */
  readonly low: number;
  readonly high: number;
};

export function mirrored({ side, bid, ask, zone }: PolicyInput): Mirrored {
  const low = zone?.low ?? Number.NEGATIVE_INFINITY;
  const high = zone?.high ?? Number.POSITIVE_INFINITY;
  return side === "buy" ? { own: bid, other: ask, low, high } : { own: -ask, other: -bid, low: -high, high: -low };
}

/** A mirrored price as the exchange knows it. */
export function unmirrored(side: Side, price: number): Ticks {
  return ticks(price * sign(side));
}

/** How far the nearest price at which an order could rest is from the zone, basis points; 0 when it is inside. */
export function zoneDistanceBps(input: PolicyInput): number {
  const { own, other, low, high } = mirrored(input);
  const away = Math.max(0, own - high, low - (other - 1));
  return (away / Math.abs(own)) * 1e4;
}

/** No price of the zone can be had this way. */
export function outsideZone(input: PolicyInput): EntryPlan {
  return { kind: "wait", reason: "ZONE_TOO_FAR", measured: zoneDistanceBps(input), limit: 0 };
}
