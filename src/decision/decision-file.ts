/**
 * Speaks for the decision file (requirements DEC-6). What stands in it holds until it is too old: an entry goes to
 * execution with its zone (EXE-7) and is begun again, within a bound, until something of it has filled; `flat` keeps the
 * symbol flat. Too old, or malformed: nothing is entered by anybody, entries that wait are withdrawn, and protection stays.
 */

import type { Settings } from "../config/schema.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import type { FileWord, OutsideWord } from "../domain/outside.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Micros, micros, microsFromSeconds, microsPerSecond, plus } from "../domain/units.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "./source.ts";

export const decisionFileSource = "decision_file";

/** A word lasts a little longer than until it is said again, so that it never falls silent in between. */
const wordsMissedMax = 2;

export class DecisionFileSource implements DecisionSource {
  readonly name = decisionFileSource;
  readonly #interval: Micros;
  readonly #zoneDistance: number;
  readonly #attemptsMax: number;
  #word: FileWord | null = null;
  /** the decision that stood in it last */
  #id: string | null = null;
  /** how often the entry that stands in the file has been begun, this time included */
  #attempt = 1;
  /** it has been executed, or tried often enough */
  #isDone = false;
  #due = Number.POSITIVE_INFINITY;

  constructor(settings: Settings["decision_file"]) {
    this.#interval = microsFromSeconds(settings.check_seconds);
    this.#zoneDistance = settings.zone_distance_bps;
    this.#attemptsMax = settings.entry_attempts;
  }

  observe(): void {
    // The file is looked at by the clock: prices move in and out of the entry zone all the time.
  }

  tell(word: OutsideWord, now: Micros): void {
    if (word.to !== "decision_file") return;
    this.#word = word.word;
    if (word.word.state === "decision") this.#onDecision(word.word.decision.id);
    this.#isDone = false;
    this.#due = now;
  }

  decide(context: SourceContext, now: Micros): Decision | null {
    const word = this.#word;
    this.#due = word === null ? Number.POSITIVE_INFINITY : now + this.#interval;
    if (word === null) return null;
    if (word.state === "malformed") {
      return this.#stayFlat(context, word.time, now, { reason: "DECISION_MALFORMED", measured: null, limit: null });
    }
    const { decision } = word;
    if (now > decision.validUntil) {
      const [measured, limit] = [now - decision.time, decision.validUntil - decision.time];
      const age = { measured: measured / microsPerSecond, limit: limit / microsPerSecond };
      return this.#stayFlat(context, decision.validUntil, now, { reason: "DECISION_STALE", ...age });
    }
    // Said as it was: only its first word is new, and it holds for as long as the file is fresh.
    if (decision.action !== "ENTER") return decision;
    return this.#isDone ? null : this.#entry(decision, context, now);
  }

  judged(decision: Decision, blocked: readonly Evidence[]): void {
    if (blocked.length === 0 && decision.id === this.#attemptId()) this.#isDone = true;
  }

  voided(decisionId: string, now: Micros): void {
    if (decisionId !== this.#attemptId() || this.#attempt >= this.#attemptsMax) return;
    this.#attempt += 1;
    this.#isDone = false;
    this.#due = now + this.#interval;
  }

  nextDecision(): Micros {
    return this.#due as Micros;
  }

  onGap(): void {
    // It learns nothing, so it has nothing to forget.
  }

  /** The file itself is what lasts. */
  save(): unknown {
    return null;
  }

  restore(state: unknown): void {
    if (state !== null) throw new ModelStateError("decision_file: nothing is ever saved");
  }

  #entry(decision: Decision, context: SourceContext, now: Micros): Decision {
    const { entryZone } = decision;
    const until = this.#until(now);
    const validUntil = micros(Math.min(until, decision.validUntil));
    // With a position its stop may be moved, wherever the price is.
    const id = this.#attemptId();
    if (context.tradeOpen) return { ...decision, id, time: now, validUntil };
    if (!context.market.isReady(now)) {
      return { ...this.#quiet(context, now), reasons: context.market.readiness(now) };
    }
    const mid = context.market.midHalfTicks / 2;
    const slack = (mid * this.#zoneDistance) / 1e4;
    if (entryZone !== null && mid < entryZone.low - slack) return this.#outside(context, now, mid, entryZone.low);
    if (entryZone !== null && mid > entryZone.high + slack) return this.#outside(context, now, mid, entryZone.high);
    return { ...decision, id, time: now, validUntil };
  }

  /** The same one may be written again, also after what was malformed: its attempts go on. */
  #onDecision(id: string): void {
    if (id !== this.#id) this.#attempt = 1;
    this.#id = id;
  }

  /** Each attempt is a trade of its own, whose orders have ids of their own. */
  #attemptId(): string {
    return this.#attempt === 1 ? `${this.#id}` : `${this.#id}~${this.#attempt}`;
  }

  #outside(context: SourceContext, now: Micros, measured: number, limit: number): Decision {
    const reason: Evidence<BlockReason> = { reason: "OUTSIDE_ENTRY_ZONE", measured, limit };
    return { ...this.#quiet(context, now), reasons: [reason] };
  }

  #quiet(context: SourceContext, now: Micros): Decision {
    return plainDecision(this.name, context, now, 0, this.#until(now) - now, "NO_TRADE", []);
  }

  /** @param since when it began: said again it is the same word, not a new one */
  #stayFlat(context: SourceContext, since: Micros, now: Micros, reason: Evidence<BlockReason>): Decision {
    const word = plainDecision(this.name, context, since, 0, this.#until(now) - since, "FLAT", [reason]);
    return { ...word, action: "HOLD" };
  }

  #until(now: Micros): Micros {
    return plus(now, (this.#interval * wordsMissedMax) as Micros);
  }
}
