/** The targets' half of the arbiter: a target is a wish where a stop is a duty, so it goes before it is replaced. */

import { meaningOf } from "../domain/error-policy.ts";
import type { Lots } from "../domain/units.ts";
import { mayTrade, type Order } from "./order.ts";
import type { Situation, Step } from "./protection-arbiter.ts";
import type { TargetRole, WantedTarget } from "./targets.ts";

/** Targets of one role in one trade; after so many the core watches the price itself. */
const targetsPerRole = 20;
/** Those of them that may end without our having cancelled them, before the core watches. */
const lostTargetsMax = 4;

export type TargetArrangement = { readonly steps: readonly Step[]; readonly watch: boolean };

export function arrangeTargets(situation: Situation, wakes: number[]): TargetArrangement {
  const steps: Step[] = [];
  let watch = false;
  for (const role of ["t1", "t2"] as const) {
    const orders = situation.orders.filter((order) => order.role === role);
    const wanted = situation.targets.find((target) => target.role === role);
    const step = wanted === undefined ? removal(orders) : arrangeOne(situation, role, wanted, orders, wakes);
    if (step === "watch") watch = true;
    else if (step !== null) steps.push(step);
  }
  return { steps, watch };
}

function removal(orders: readonly Order[]): Step | null {
  const live = orders.find(({ status }) => status.kind === "live");
  return live === undefined ? null : { kind: "cancel", order: live };
}

function arrangeOne(
  situation: Situation,
  role: TargetRole,
  wanted: WantedTarget,
  orders: readonly Order[],
  wakes: number[],
): Step | "watch" | null {
  const standing = orders.findLast(mayTrade);
  if (standing !== undefined) return adjust(situation, standing, wanted, wakes);
  const last = orders.at(-1);
  if (meaningOf(last?.refusal ?? null) === "trigger-passed") return reached(wanted);
  // What was taken at market was reached: of its rest another conditional order would only be refused.
  if (last !== undefined && (last.service === "order" || isUnplaceable(last))) return "watch";
  const lost = orders.filter(
    ({ status, filled, cancels }) => status.kind === "closed" && filled === 0 && cancels === 0,
  );
  if (orders.length >= targetsPerRole || lost.length >= lostTargetsMax) return "watch";
  // The exchange takes one order a direction that closes all at a profit (failure-catalogue F-22).
  const isRival = (order: Order): boolean =>
    order.role !== role && isTarget(order) && order.quantity === null && mayTrade(order);
  if (wanted.extent.kind === "close-position" && situation.orders.some(isRival)) return null;
  return { kind: "place", role, type: "TAKE_PROFIT_MARKET", trigger: wanted.trigger, extent: wanted.extent };
}

/** A part that cannot rest because it is reached is taken at market; the whole is closed. */
function reached({ extent }: WantedTarget): Step {
  return extent.kind === "quantity"
    ? { kind: "take", quantity: extent.quantity }
    : { kind: "close", reason: "TAKE_PROFIT" };
}

function adjust(situation: Situation, order: Order, wanted: WantedTarget, wakes: number[]): Step | null {
  const quantity: Lots | null = wanted.extent.kind === "quantity" ? wanted.extent.quantity : null;
  if (order.price === wanted.trigger && order.quantity === quantity) return null;
  if (order.status.kind !== "live" || order.service !== "algo") return null;
  const resizeAt = order.sentAt + situation.resizeMicros;
  if (situation.now >= resizeAt) return { kind: "cancel", order };
  wakes.push(resizeAt);
  return null;
}

/** The exchange refused it, or it failed when it triggered: it would not fare better again. */
function isUnplaceable({ refusal, status, filled }: Order): boolean {
  return refusal !== null || (status.kind === "closed" && status.reason === "expired" && filled === 0);
}

function isTarget({ role }: Order): boolean {
  return role === "t1" || role === "t2";
}
