/** Normal mode: a limit order inside the entry zone that never takes, or a market order where asked (requirements EXE-7). */

import type { Settings } from "../../config/schema.ts";
import type { Side } from "../../domain/order.ts";
import { type Ticks, ticks } from "../../domain/units.ts";
import {
  type EntryPlan,
  type EntryPolicy,
  mirrored,
  outsideZone,
  type PolicyInput,
  unmirrored,
  type Zone,
} from "./policy.ts";

type Normal = Settings["trading"]["normal"];

export const normalPolicy: EntryPolicy<Normal> = (input, normal) =>
  normal.entry_order === "market" ? takes(input) : rests(input, normal);

/** The zone of a decision that has none: a band around the touch. */
export function bandAround(bid: Ticks, ask: Ticks, normal: Normal): Zone {
  const band = Math.floor((bid * normal.band_bps) / 1e4);
  return { low: ticks(Math.max(1, bid - band)), high: ticks(ask + band) };
}

/**
 * Where an order that the market has left behind should stand instead: at the touch of its own side, inside the zone.
 * Null: it is near enough, or the price has left the zone.
 *
 * @param price of the working order
 */
export function chasedPrice(input: PolicyInput, price: Ticks, normal: Normal): Ticks | null {
  return mirrored(input).own > chaseBeyond(input.side, price, normal) ? joinedPrice(input) : null;
}

/** The touch of its own side; null when that is outside the zone. */
export function joinedPrice(input: PolicyInput): Ticks | null {
  const { own, low, high } = mirrored(input);
  return own >= low && own <= high ? unmirrored(input.side, own) : null;
}

/** The mirrored touch of the order's own side beyond which it counts as left behind. */
export function chaseBeyond(side: Side, price: Ticks, { chase }: Normal): number {
  return (side === "buy" ? price : -price) + (price * chase.threshold_bps) / 1e4;
}

function takes(input: PolicyInput): EntryPlan {
  const { other, low, high } = mirrored(input);
  return other >= low && other <= high ? { kind: "market", reason: "TAKE_ASKED" } : outsideZone(input);
}

function rests(input: PolicyInput, normal: Normal): EntryPlan {
  const { own, other, low, high } = mirrored(input);
  const isMid = normal.zone_price === "mid" && input.zone !== null;
  const wanted = isMid ? Math.floor((low + high) / 2) : Math.min(own, high);
  const price = Math.min(wanted, other - 1) - input.stepBack;
  if (price < low) return outsideZone(input);
  const timeInForce = normal.post_only ? "GTX" : "GTC";
  const reason = price === own ? "JOIN_TOUCH" : price < wanted ? "ZONE_EDGE" : isMid ? "ZONE_MID" : "ZONE_EDGE";
  return { kind: "limit", price: unmirrored(input.side, price), timeInForce, reason };
}
