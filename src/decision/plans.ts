/**
 * Watches plans (requirements DEC-8): every so often the conditions of each are compared with the market. One whose
 * conditions all hold is put forward; what stands against it is remembered, and it is tried again at the next check until
 * it is executed, once, or expires. Conditions are data: nothing in a plan is evaluated.
 */

import type { Settings } from "../config/schema.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import type { OutsideWord, Plan } from "../domain/outside.ts";
import type { BlockReason } from "../domain/reason.ts";
import {
  type Micros,
  micros,
  microsFromMillis,
  microsFromSeconds,
  microsPerMillisecond,
  plus,
} from "../domain/units.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "./source.ts";

/** A decision of a plan is good for this long. */
const validity = microsFromMillis(500);
const microScalp = "micro_scalp";
/** the word under which the micro-scalp source says its confluence score */
const scoreReason = "SCORE";

/** One condition as it was last compared; a null measure is not known, and then the condition does not hold. */
export type ConditionCheck = {
  readonly condition: string;
  readonly holds: boolean;
  readonly measured: number | string | null;
  readonly limit: number | string | null;
};

export type WatchedPlan = {
  readonly plan: Plan;
  state: "pending" | "executed" | "expired" | "cancelled";
  /** null: not looked at yet */
  checkedAt: Micros | null;
  checks: readonly ConditionCheck[];
  /** what stood against it when its conditions held last */
  blocked: readonly Evidence[];
};

export class PlanSource implements DecisionSource {
  readonly name = "plans";
  readonly saysOnce = true;
  readonly #interval: Micros;
  readonly #plans = new Map<string, WatchedPlan>();
  #due = Number.POSITIVE_INFINITY;
  /** of this check, those that are still to be put forward */
  #ready: WatchedPlan[] = [];

  constructor(settings: Settings["plans"]) {
    this.#interval = microsFromSeconds(settings.check_seconds);
  }

  /** Everything that was told since the start, and what became of it. */
  get plans(): ReadonlyMap<string, WatchedPlan> {
    return this.#plans;
  }

  /** The host has shown it for long enough. */
  forget(id: string): void {
    if (this.#plans.get(id)?.state !== "pending") this.#plans.delete(id);
  }

  observe(): void {
    // Plans are looked at by the clock.
  }

  tell(word: OutsideWord, now: Micros): void {
    if (word.to !== "plans") return;
    if ("cancel" in word) {
      const watched = this.#plans.get(word.cancel);
      if (watched?.state === "pending") watched.state = "cancelled";
      // Its conditions may have held at the last check, and only another plan have had its say since.
      this.#ready = this.#ready.filter(({ state }) => state === "pending");
      return;
    }
    if (this.#plans.has(word.plan.id)) return;
    this.#plans.set(word.plan.id, { plan: word.plan, state: "pending", checkedAt: null, checks: [], blocked: [] });
    this.#due = now;
  }

  decide(context: SourceContext, now: Micros): Decision | null {
    let next = this.#nextReady();
    if (next === null) {
      this.#check(context, now);
      next = this.#nextReady();
    }
    if (this.#ready.length > 0) this.#due = now;
    else this.#due = this.#isWatching ? now + this.#interval : Number.POSITIVE_INFINITY;
    if (next !== null) return decisionOf(next.plan, context, now);
    const reasons = [...this.#plans.values()].flatMap(waitingReason);
    if (reasons.length === 0) return null;
    return plainDecision(this.name, context, now, 0, this.#interval, "NO_TRADE", reasons);
  }

  judged(decision: Decision, blocked: readonly Evidence[]): void {
    const watched = [...this.#plans.values()].find(
      ({ plan }) => planDecisionId(plan.id, plan.createdAt) === decision.id,
    );
    if (watched === undefined || watched.state !== "pending") return;
    watched.blocked = blocked;
    if (blocked.length === 0) watched.state = "executed";
  }

  nextDecision(): Micros {
    return this.#due as Micros;
  }

  onGap(): void {
    // It learns nothing, so it has nothing to forget.
  }

  /** Plans are kept by the store. */
  save(): unknown {
    return null;
  }

  restore(state: unknown): void {
    if (state !== null) throw new ModelStateError("plans: nothing is ever saved");
  }

  get #isWatching(): boolean {
    return [...this.#plans.values()].some(({ state }) => state === "pending");
  }

  #nextReady(): WatchedPlan | null {
    return this.#ready.shift() ?? null;
  }

  #check(context: SourceContext, now: Micros): void {
    this.#ready = [];
    for (const watched of this.#plans.values()) {
      if (watched.state !== "pending") continue;
      watched.checkedAt = now;
      if (now > watched.plan.expiresAt) {
        watched.state = "expired";
        continue;
      }
      watched.checks = checksOf(watched.plan, context, now);
      watched.blocked = [];
      if (watched.checks.every(({ holds }) => holds)) this.#ready.push(watched);
    }
  }
}

/**
 * The id of the decision that a plan gives; the trade's id follows from it. The time is in it because a plan's id may be
 * used again when the old plan is forgotten, and ids of orders never are.
 */
export function planDecisionId(planId: string, createdAt: Micros): string {
  return `plan-${planId}-${Math.floor(createdAt / microsPerMillisecond).toString(36)}`;
}

function waitingReason({ state, checks }: WatchedPlan): readonly Evidence<BlockReason>[] {
  if (state !== "pending" || checks.length === 0) return [];
  const held = checks.filter(({ holds }) => holds).length;
  return [{ reason: "PLAN_WAITING", measured: held, limit: checks.length }];
}

/** All conditions, whether they hold or not, in this order. */
function checksOf(plan: Plan, context: SourceContext, now: Micros): readonly ConditionCheck[] {
  const { market } = context;
  if (!market.isReady(now)) {
    return market.readiness(now).map(({ reason, measured, limit }) => {
      return { condition: reason, holds: false, measured, limit };
    });
  }
  const { conditions, direction, entryPrice } = plan;
  const checks: ConditionCheck[] = [];
  const check = (condition: string, holds: boolean, measured: number | string | null, limit: number | string): void => {
    checks.push({ condition, holds, measured, limit });
  };
  const isLong = direction === "LONG";
  const price = isLong ? market.ask : market.bid;
  if (entryPrice !== null) check("entry_price", isLong ? price <= entryPrice : price >= entryPrice, price, entryPrice);
  const mid = market.midHalfTicks;
  const { aboveHalfTicks, belowHalfTicks, spreadBpsMax, volatilityBpsMin, volatilityBpsMax, sessions } = conditions;
  if (aboveHalfTicks !== null) check("price_above", mid > aboveHalfTicks, mid / 2, aboveHalfTicks / 2);
  if (belowHalfTicks !== null) check("price_below", mid < belowHalfTicks, mid / 2, belowHalfTicks / 2);
  if (spreadBpsMax !== null) check("spread_bps_max", market.spreadBps <= spreadBpsMax, market.spreadBps, spreadBpsMax);
  const volatility = market.volatilityBps();
  const isAbove = (least: number): boolean => volatility !== null && volatility >= least;
  const isBelow = (most: number): boolean => volatility !== null && volatility <= most;
  if (volatilityBpsMin !== null) check("volatility_bps_min", isAbove(volatilityBpsMin), volatility, volatilityBpsMin);
  if (volatilityBpsMax !== null) check("volatility_bps_max", isBelow(volatilityBpsMax), volatility, volatilityBpsMax);
  const session = market.tradingSession(now);
  if (sessions.length > 0) check("sessions", sessions.includes(session), session, sessions.join(" "));
  if (conditions.scoreMin !== null) {
    const score = scoreOf(context, direction, now);
    check("score_min", score !== null && score >= conditions.scoreMin, score, conditions.scoreMin);
  }
  return checks;
}

/** The confluence score of the micro-scalp source in this direction; null when it has no fresh one. */
function scoreOf({ latest }: SourceContext, direction: Plan["direction"], now: Micros): number | null {
  const decision = latest?.find((one) => one !== null && one.source === microScalp && now <= one.validUntil) ?? null;
  if (decision === null || decision.direction !== direction) return null;
  return decision.reasons.find(({ reason }) => reason === scoreReason)?.measured ?? null;
}

function decisionOf(plan: Plan, context: SourceContext, now: Micros): Decision {
  const until = plus(now, validity);
  return {
    ...plainDecision("plans", context, now, 0, validity, plan.direction, []),
    id: planDecisionId(plan.id, plan.createdAt),
    validUntil: micros(Math.min(until, plan.expiresAt)),
    stopLoss: plan.stopLoss,
    takeProfits: [plan.takeProfit],
    size: { kind: "lots", quantity: plan.volume },
  };
}
