/**
 * Speaks for outside systems (requirements DEC-7): each intent that was accepted is put forward once, as soon as the
 * market data allow a decision, and dies with its validity. Leaving does not wait for market data, nor behind entries.
 */

import type { Settings } from "../config/schema.ts";
import type { Decision } from "../domain/decision.ts";
import type { OutsideIntent, OutsideWord } from "../domain/outside.ts";
import { type Micros, microsFromMillis, microsPerMillisecond, type Ticks, ticks } from "../domain/units.ts";
import { type DecisionSource, ModelStateError, type SourceContext } from "./source.ts";

/** An intent in its queue. The second half of a reversal is an entry that waits until nothing is open. */
type Waiting = OutsideIntent & { readonly afterClose: boolean };

/** How soon an entry that waits for market data is looked at again. */
const lookAgainMicros = microsFromMillis(100);

export class IntentSource implements DecisionSource {
  readonly name = "intents";
  readonly saysOnce = true;
  readonly #waitingMax: number;
  #waiting: Waiting[] = [];
  #due = Number.POSITIVE_INFINITY;

  constructor(settings: Settings["intents"]) {
    this.#waitingMax = settings.waiting_max;
  }

  observe(): void {
    // What it says does not depend on the market, only when it may be said.
  }

  tell(word: OutsideWord, now: Micros): void {
    if (word.to !== "intents") return;
    this.#waiting.push({ ...word.intent, afterClose: false });
    this.#due = now;
  }

  /** No more are to be accepted for now: the host refuses them. */
  get isFull(): boolean {
    return this.#waiting.length >= this.#waitingMax;
  }

  decide(context: SourceContext, now: Micros): Decision | null {
    const index = this.#nextIndex(context, now);
    const intent = this.#waiting[index];
    this.#due = now + lookAgainMicros;
    if (intent === undefined) {
      if (this.#waiting.length === 0) this.#due = Number.POSITIVE_INFINITY;
      return null;
    }
    this.#waiting.splice(index, 1);
    const decision = intent.reverse ? this.#beginReverse(intent, context) : decisionOf(intent, context);
    this.#due = this.#waiting.length === 0 ? Number.POSITIVE_INFINITY : now;
    return decision;
  }

  nextDecision(): Micros {
    return this.#due as Micros;
  }

  onGap(): void {
    // It learns nothing, so it has nothing to forget.
  }

  /** What is waiting is kept by the store, which knows what was accepted. */
  save(): unknown {
    return null;
  }

  restore(state: unknown): void {
    if (state !== null) throw new ModelStateError("intents: nothing is ever saved");
  }

  /** Leaving first, in their order; then the first entry that is over, or that the market allows. */
  #nextIndex(context: SourceContext, now: Micros): number {
    const leaving = this.#waiting.findIndex(({ decision }) => decision.action !== "ENTER");
    if (leaving !== -1) return leaving;
    const isReady = context.market.isReady(now);
    return this.#waiting.findIndex(({ decision, afterClose }) => {
      if (now > decision.validUntil) return true;
      return isReady && !(afterClose && context.tradeOpen);
    });
  }

  /** First the way out under an id of its own; the entry the other way follows when nothing is open. */
  #beginReverse(intent: Waiting, { position }: SourceContext): Decision {
    const { decision } = intent;
    if (position === 0) return decision;
    const entry: Decision = { ...decision, direction: position > 0 ? "SHORT" : "LONG", action: "ENTER" };
    this.#waiting.push({ ...intent, reverse: false, afterClose: true, decision: entry });
    return { ...decision, id: `${decision.id}-close` };
  }
}

/** Stop and target at the intent's distances from the touch that it would pay; a stop on the tick that risks less (RSK-3). */
function decisionOf({ decision, stopFraction, targetFraction }: OutsideIntent, { market }: SourceContext): Decision {
  if (decision.action !== "ENTER") return decision;
  const isLong = decision.direction === "LONG";
  const price = isLong ? market.ask : market.bid;
  const side = isLong ? 1 : -1;
  const nearer = isLong ? Math.ceil : Math.floor;
  const level = (fraction: number, round: (value: number) => number): Ticks =>
    ticks(Math.max(1, round(price * (1 + fraction))));
  return {
    ...decision,
    stopLoss: stopFraction === null || price <= 0 ? null : level(-side * stopFraction, nearer),
    takeProfits: targetFraction === null || price <= 0 ? [] : [level(side * targetFraction, Math.round)],
  };
}

/**
 * The id of the decision that an intent gives; the trade's id follows from it. The time is in it because an intent's id
 * may be used again when the old one is forgotten, and ids of orders never are.
 */
export function intentDecisionId(intentId: string, acceptedAt: Micros): string {
  return `intent-${intentId}-${Math.floor(acceptedAt / microsPerMillisecond).toString(36)}`;
}
