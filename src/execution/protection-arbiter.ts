/**
 * The arbiter of protection: what should rest is derived from position, levels and targets, compared with what rests or
 * is on the way, and the difference is what must be done. So an order that was lost, refused or cancelled by somebody else
 * heals itself whatever the way it went missing, and where nothing differs nothing is sent (requirements ORD-3;
 * failure-catalogue I-01, I-09, F-05, F-22, F-24, F-40, F-65). Pure: it is asked again after every change.
 */

import { meaningOf, treatmentOf } from "../domain/error-policy.ts";
import { type Side, sign } from "../domain/order.ts";
import type { PlaceAlgo } from "../domain/output.ts";
import type { ExitReason } from "../domain/reason.ts";
import { type Lots, type Micros, microsPerSecond, type Ticks } from "../domain/units.ts";
import { backedOff } from "./desk.ts";
import { isMissing, isNotFound } from "./lookup.ts";
import type { Order } from "./order.ts";
import { arrangeTargets, type TargetArrangement } from "./protection-targets.ts";
import type { WantedTarget } from "./targets.ts";

export type Situation = {
  readonly now: Micros;
  /** of the trade */
  readonly side: Side;
  /** open lots, above 0 */
  readonly exposed: number;
  /** lots that a stop for a quantity should close: what is open, and what may still fill; on the market's step */
  readonly cover: Lots;
  /** nothing more will be entered */
  readonly settled: boolean;
  /** the position is being closed, and closes keep failing */
  readonly closesFail: boolean;
  /** level of the stop that closes all, and the level that the stop has moved to since */
  readonly floorLevel: Ticks;
  readonly stopLevel: Ticks;
  readonly targets: readonly WantedTarget[];
  /** conditional orders and targets taken at market, in the order in which they were sent */
  readonly orders: readonly Order[];
  /** whether the market is at or beyond a stop level, where the exchange would refuse it */
  readonly isPassed: (level: Ticks) => boolean;
  /** a triggered order covers for so long; so long is the wait before a refused one is tried again; and for a resize */
  readonly triggerMicros: Micros;
  readonly retryMicros: Micros;
  readonly resizeMicros: Micros;
};

export type Step =
  | {
      readonly kind: "place";
      readonly role: "f" | "r" | "t1" | "t2";
      readonly type: PlaceAlgo["type"];
      readonly trigger: Ticks;
      readonly extent: PlaceAlgo["extent"];
    }
  | { readonly kind: "cancel"; readonly order: Order }
  /** the part of the first target is taken at market: it is reached and cannot rest */
  | { readonly kind: "take"; readonly quantity: Lots }
  | { readonly kind: "close"; readonly reason: ExitReason }
  | { readonly kind: "give-up"; readonly detail: string };

export type Arrangement = {
  readonly steps: readonly Step[];
  /** a stop of ours rests on the exchange, or a conditional order has been triggered and is closing */
  readonly covered: boolean;
  /** levels at which nothing rests, so that the core must watch the price itself */
  readonly watchStop: boolean;
  readonly watchTarget: boolean;
  /** when to look again if nothing changes; infinite when nothing waits */
  readonly wakeAt: number;
};

/** Stops of one trade that may end without closing anything; when they keep vanishing, the position is closed. */
const lostStopsMax = 4;

/**
 * Stops beside closes that fail are never further apart, and no nearer than lets a trade's orders of a quarter of an hour
 * be few (failure-catalogue I-01, I-19, I-21).
 */
const besideClosesWaitMax = 15 * microsPerSecond;

/** One that goes at the end of a limit is no nearer than that to the one that the limit held back (I-21). */
const afterLimitWaitMin = 5 * microsPerSecond;

export function arrange(situation: Situation): Arrangement {
  const wakes: number[] = [];
  const covered = situation.orders.some((order) => covers(situation, order));
  for (const { status } of situation.orders) {
    if (status.kind === "triggered") wakes.push(status.since + situation.triggerMicros);
  }
  const stops = situation.orders.filter(isStop);
  const end = stopEnd(situation, stops);
  const wanted = end === null ? stopSteps(situation, stops, covered, wakes) : [end];
  const leaves = wanted.some(({ kind }) => kind === "close" || kind === "give-up");
  const isStuck = (leaves || stops.some(isNotFound)) && situation.closesFail && !covered;
  const steps = isStuck ? [...wanted, ...stopsBesideFailingCloses(situation, stops, wakes)] : wanted;
  const watchStop = situation.stopLevel !== situation.floorLevel && !stops.some((stop) => holdsLevel(situation, stop));
  // A target waits for the stop: what limits the loss goes first.
  const targets = leaves || !covered ? noTargets : arrangeTargets(situation, wakes);
  const wakeAt = Math.min(...wakes.filter((at) => at > situation.now), Number.POSITIVE_INFINITY);
  return { steps: [...steps, ...targets.steps], covered, watchStop, watchTarget: targets.watch, wakeAt };
}

const noTargets: TargetArrangement = { steps: [], watch: false };

function isStop({ role }: Order): boolean {
  return role === "f" || role === "r";
}

function covers({ exposed, now, triggerMicros }: Situation, order: Order): boolean {
  if (order.quantity !== null && order.quantity < exposed) return false;
  if (!isStop(order)) return order.service === "algo" && isTriggering(order, now, triggerMicros);
  // A doubt about a stop that was live is no evidence against it; an answer that finds nothing is.
  if (order.status.kind === "unknown") return order.seen && order.misses === 0;
  return order.status.kind === "live" || isTriggering(order, now, triggerMicros);
}

/** A trigger is no fill: the spawned order may be late, or never come (failure-catalogue F-40). */
function isTriggering({ status }: Order, now: Micros, triggerMicros: Micros): boolean {
  return status.kind === "triggered" && now < status.since + triggerMicros;
}

/** What ends the position whatever else rests: a stop that was hit. */
function stopEnd({ now, triggerMicros, floorLevel }: Situation, stops: readonly Order[]): Step | null {
  for (const stop of stops) {
    const reason = stop.price === floorLevel ? "STOP_LOSS" : "TRAILING_STOP";
    if (isSpent(stop, now, triggerMicros)) return { kind: "close", reason };
    if (meaningOf(stop.refusal) !== "trigger-passed") continue;
    return { kind: "close", reason: stop.price === floorLevel ? "STOP_PASSED" : "TRAILING_STOP" };
  }
  return null;
}

/** The level was hit and the order ended, or got stuck, without closing all: the rest is closed now (F-40). */
function isSpent({ status, filled }: Order, now: Micros, triggerMicros: Micros): boolean {
  if (status.kind === "triggered") return now >= status.since + triggerMicros;
  return status.kind === "closed" && (filled > 0 || status.reason === "expired");
}

function stopSteps(situation: Situation, stops: readonly Order[], covered: boolean, wakes: number[]): readonly Step[] {
  const floor = floorStep(situation, stops, covered, wakes);
  if (floor !== null) return [floor];
  const wanted = situation.stopLevel !== situation.floorLevel || isFloorBlocked(stops);
  if (wanted) return ratchetSteps(situation, stops, covered, wakes);
  // A bridge has done its work once the floor itself rests at its level.
  const hasFloor = stops.some(({ role, status }) => role === "f" && status.kind === "live");
  const bridges = hasFloor ? stops.filter(({ role, status }) => role === "r" && status.kind === "live") : [];
  return bridges.map((order) => ({ kind: "cancel", order }));
}

function floorStep(situation: Situation, stops: readonly Order[], covered: boolean, wakes: number[]): Step | null {
  const floors = stops.filter(({ role }) => role === "f");
  if (floors.some(isStanding) || isFloorBlocked(stops)) return null;
  const obstacle = obstacleTo(situation, floors.at(-1), stops, covered, wakes);
  if (obstacle !== "none") return obstacle;
  if (situation.isPassed(situation.floorLevel)) return { kind: "close", reason: "STOP_PASSED" };
  const extent = { kind: "close-position" } as const;
  return { kind: "place", role: "f", type: "STOP_MARKET", trigger: situation.floorLevel, extent };
}

/**
 * A close-position stop that is not ours stands in the way: a stop for the quantity may rest beside it (F-22). Once such a
 * bridge is lost, the floor is tried again first.
 */
function isFloorBlocked(stops: readonly Order[]): boolean {
  const last = stops.findLast(({ role }) => role === "f");
  if (last === undefined || meaningOf(last.refusal) !== "second-close-position") return false;
  return !stops.slice(stops.indexOf(last)).some((stop) => stop.role === "r" && isLost(stop));
}

/**
 * What speaks for a close instead of a stop has led to none: closes keep failing, so a stop is tried again, too, however
 * the last one ended. It goes out even where the touch says that it is passed, for where nothing trades the touch is old
 * (failure-catalogue F-54, I-01).
 */
function stopsBesideFailingCloses(situation: Situation, stops: readonly Order[], wakes: number[]): readonly Step[] {
  // Nothing protects and nothing closes: one that two look-ups have not found is not waited for until that is proven.
  if (stops.some((stop) => isOnTheWay(stop) && !isNotFound(stop))) return [];
  const { now, retryMicros, floorLevel, stopLevel, cover } = situation;
  const wait = Math.min(backedOff(retryMicros, stops.filter(isLost).length - 1), besideClosesWaitMax);
  const last = stops.at(-1);
  const sentAt = last?.sentAt ?? Number.NEGATIVE_INFINITY;
  // Where a limit held the last one back, nothing is left to wait for when it ends (I-01, F-18).
  const end = Math.max(last?.refusedUntil ?? Number.POSITIVE_INFINITY, sentAt + afterLimitWaitMin);
  const again = Math.min(sentAt + wait, end);
  if (now < again) {
    wakes.push(again);
    return [];
  }
  if (isFloorBlocked(stops)) {
    const extent = { kind: "quantity", quantity: cover } as const;
    return [{ kind: "place", role: "r", type: "STOP_MARKET", trigger: stopLevel, extent }];
  }
  return [{ kind: "place", role: "f", type: "STOP_MARKET", trigger: floorLevel, extent: { kind: "close-position" } }];
}

/** New stops are placed before old ones go, so that a move never leaves a gap (failure-catalogue F-05). */
function ratchetSteps(
  situation: Situation,
  stops: readonly Order[],
  covered: boolean,
  wakes: number[],
): readonly Step[] {
  const ratchets = stops.filter(({ role }) => role === "r");
  const fitting = ratchets.filter((order) => isStanding(order) && fits(situation, order, wakes));
  const best = fitting.findLast(({ status }) => status.kind === "live") ?? fitting.at(-1);
  if (best !== undefined) {
    if (best.status.kind !== "live") return [];
    const others = ratchets.filter((order) => order !== best && order.status.kind === "live");
    return others.map((order) => ({ kind: "cancel", order }));
  }
  // One move after the other: what is on the way is waited for.
  if (ratchets.some(isOnTheWay)) return [];
  const obstacle = obstacleTo(situation, ratchets.at(-1), stops, covered, wakes);
  if (obstacle !== "none") return obstacle === null ? [] : [obstacle];
  const { stopLevel, floorLevel, cover } = situation;
  if (situation.isPassed(stopLevel)) {
    return [{ kind: "close", reason: stopLevel === floorLevel ? "STOP_PASSED" : "TRAILING_STOP" }];
  }
  const extent = { kind: "quantity", quantity: cover } as const;
  return [{ kind: "place", role: "r", type: "STOP_MARKET", trigger: stopLevel, extent }];
}

/** Whether the stop is at the level, large enough, and not larger than need be for long. */
function fits(situation: Situation, order: Order, wakes: number[]): boolean {
  if (order.price === null || order.quantity === null) return false;
  if ((order.price - situation.stopLevel) * sign(situation.side) < 0) return false;
  if (order.quantity === situation.cover) return true;
  if (order.quantity < situation.cover) return false;
  // The order only reduces, so being too large costs nothing for a while.
  const resizeAt = situation.settled ? order.sentAt + situation.resizeMicros : Number.POSITIVE_INFINITY;
  if (situation.now < resizeAt) wakes.push(resizeAt);
  return situation.now < resizeAt;
}

/** A live stop at the level or nearer, for all that is open. */
function holdsLevel({ stopLevel, side, exposed }: Situation, { status, price, quantity }: Order): boolean {
  if (status.kind !== "live" || price === null) return false;
  return (price - stopLevel) * sign(side) >= 0 && (quantity === null || quantity >= exposed);
}

/** Stops of one trade that may be refused for the exchange's grid: the next goes out on the one that it then seems to have. */
const gridRefusalsMax = 1;

/** What stands against placing a stop again: null is waiting, "none" is nothing. */
function obstacleTo(
  { now, retryMicros }: Situation,
  last: Order | undefined,
  stops: readonly Order[],
  covered: boolean,
  wakes: number[],
): Step | null | "none" {
  const refusal = last?.refusal ?? null;
  if (last !== undefined && refusal !== null && meaningOf(refusal) !== "second-close-position") {
    // While another stop covers, a move that is refused costs nothing but the move: it is tried again, ever more seldom.
    const mayRetry = treatmentOf(refusal, "algo") === "retry" || (covered && last.role === "r");
    const isNextGrid =
      isGridFault(refusal) && stops.filter((stop) => isGridFault(stop.refusal)).length <= gridRefusalsMax;
    if (isNextGrid) return "none";
    if (!mayRetry) return { kind: "give-up", detail: `stop refused with ${refusal}` };
    // A move that the exchange refuses again and again is no haste: the core watches its level meanwhile.
    const isMove = covered && last.role === "r";
    const again = last.sentAt + (isMove ? backedOff(retryMicros, refusedMoves(stops) - 1) : retryMicros);
    if (now < again) {
      wakes.push(again);
      return null;
    }
  }
  if (stops.filter(isVanished).length >= lostStopsMax) return { kind: "give-up", detail: "the stop keeps vanishing" };
  return "none";
}

/** Moves that were refused since the last that was not. */
function refusedMoves(stops: readonly Order[]): number {
  const moves = stops.filter(({ role }) => role === "r");
  return moves.length - 1 - moves.findLastIndex(({ refusal }) => refusal === null);
}

/** A move that was refused took nothing away: the stop from before it rests as ever, or its own loss counts. */
function isVanished(stop: Order): boolean {
  return isLost(stop) && (stop.role === "f" || stop.refusal === null);
}

/** Price or quantity is not on the exchange's grid: it has changed, and our rules are old (failure-catalogue F-77). */
function isGridFault(refusal: number | null): boolean {
  const meaning = meaningOf(refusal);
  return meaning === "grid" || meaning === "price-grid" || meaning === "quantity-grid";
}

/**
 * A stop whose placement is open counts as present until it is proven absent (failure-catalogue F-65). One that was live
 * and is not found any more gets another beside it: if it is there after all, the exchange refuses the second.
 */
function isOnTheWay({ status, ...order }: Order): boolean {
  return status.kind === "sent" || (status.kind === "unknown" && !isMissing({ status, ...order }));
}

function isStanding(order: Order): boolean {
  return order.status.kind === "live" || order.status.kind === "triggered" || isOnTheWay(order);
}

/** It ended, was refused, or is not found, without our having cancelled it and without closing anything. */
function isLost(order: Order): boolean {
  if (isMissing(order)) return true;
  return (
    order.status.kind === "closed" && order.filled === 0 && !(order.status.reason === "cancelled" && order.cancels > 0)
  );
}
