/**
 * Takes intents: the first post of an id is written to the disk, then told to the core, then answered; every further one
 * gets the same answer and nothing else happens (requirements DEC-7, IDM-3).
 */

import { z } from "zod";
import { IntentSource } from "../../decision/intents.ts";
import type { DecisionRow } from "../../domain/output.ts";
import { type Micros, micros, microsPerSecond } from "../../domain/units.ts";
import type { Core } from "../../engine/core.ts";
import { settingsFor } from "../../engine/settings.ts";
import type { OutsideJournal, StoredVerdict } from "../../store/outside.ts";
import { answerTo, IntentAnswer, type IntentBody, intentFrom } from "./intent.ts";
import { digestOf, instrumentOf, keepOrRefuse, type OutsidePort, readyCore } from "./port.ts";
import { Refusal } from "./refusal.ts";

export const IntentStatus = IntentAnswer.extend({
  status: z
    .enum(["accepted", "executed", "blocked", "expired"])
    .describe("accepted: not decided yet; executed: an order was sent, or there was nothing to do."),
  blocked: z
    .array(z.object({ reason: z.string(), measured: z.number().nullable(), limit: z.number().nullable() }))
    .describe("What stood against it, in the words of `scalpd why`."),
});
export type IntentStatus = z.infer<typeof IntentStatus>;

type Known = {
  readonly digest: string;
  readonly answer: IntentAnswer;
  readonly acceptedAt: Micros;
  /** resolves when it is on the disk */
  readonly kept: Promise<void>;
};

const microsPerHour = 3_600 * microsPerSecond;

export class IntentDesk {
  readonly #port: OutsidePort;
  readonly #known = new Map<string, Known>();
  /** by decision id */
  readonly #verdicts = new Map<string, StoredVerdict>();
  readonly #begun = new Set<string>();

  constructor(port: OutsidePort) {
    this.#port = port;
  }

  /** What earlier runs accepted. */
  restore(journal: OutsideJournal): void {
    for (const { intentId, digest, answer, acceptedAt } of journal.intents) {
      const parsed = IntentAnswer.safeParse(JSON.parse(answer));
      if (!parsed.success) continue;
      this.#known.set(intentId, { digest, answer: parsed.data, acceptedAt, kept: Promise.resolve() });
    }
    for (const [id, verdict] of journal.verdicts) this.#verdicts.set(id, verdict);
    for (const id of journal.begun.keys()) this.#begun.add(id);
  }

  /** Accepted and not decided, when an earlier run ended: the core hears of them now, once. */
  resume(core: Core): void {
    for (const { answer } of this.#known.values()) {
      if (!this.#isOpen(answer.decision_id)) continue;
      const desk = core.desks.find(({ instrument }) => instrument.symbol === answer.symbol);
      if (desk !== undefined) this.#tell(answer, core);
    }
  }

  /** @throws {Refusal} */
  async accept(body: IntentBody): Promise<IntentAnswer> {
    const digest = digestOf(body);
    const known = this.#known.get(body.intent_id);
    if (known === undefined) return await this.#first(body, digest);
    if (known.digest !== digest) {
      throw new Refusal("ID_REUSED", `intent_id ${body.intent_id} was used with another body; allowed: the same body`);
    }
    await known.kept;
    return known.answer;
  }

  status(intentId: string): IntentStatus | null {
    const known = this.#known.get(intentId);
    if (known === undefined) return null;
    const { answer } = known;
    const verdict = this.#verdicts.get(answer.decision_id);
    if (verdict === undefined) {
      return { ...answer, status: this.#begun.has(answer.decision_id) ? "executed" : "accepted", blocked: [] };
    }
    const isExpired = verdict.blocked.some(({ reason }) => reason === "DECISION_EXPIRED");
    const status = verdict.approved ? "executed" : isExpired ? "expired" : "blocked";
    return { ...answer, status, blocked: [...verdict.blocked] };
  }

  onDecision({ decisionId, source, approved, blocked, time }: DecisionRow): void {
    if (source !== "intents") return;
    this.#verdicts.set(decisionId, { approved, blocked, time });
  }

  /** Forgets what is older than its time. @returns the time before which everything was accepted that is forgotten */
  forget(now: Micros): Micros {
    const before = micros(now - this.#port.settings().intents.ttl_hours * microsPerHour);
    for (const [id, { answer, acceptedAt }] of this.#known) {
      if (acceptedAt >= before) break;
      this.#known.delete(id);
      this.#verdicts.delete(answer.decision_id);
      this.#begun.delete(answer.decision_id);
    }
    return before;
  }

  async #first(body: IntentBody, digest: string): Promise<IntentAnswer> {
    const core = readyCore(this.#port);
    const { equity } = core;
    if (equity === null) throw new Refusal("NOT_READY", "equity is not known yet: try again in a moment");
    this.#checkRoom(core, body.symbol);
    const acceptedAt = this.#port.clock();
    const answer = answerTo(body, settingsFor(this.#port.settings(), body.symbol), equity, acceptedAt);
    const row = {
      kind: "outside-intent",
      intentId: body.intent_id,
      digest,
      answer: JSON.stringify(answer),
      acceptedAt,
    } as const;
    const kept = keepOrRefuse(this.#port, row);
    // Whoever posts the same id meanwhile waits for the same disk.
    this.#known.set(body.intent_id, { digest, answer, acceptedAt, kept });
    try {
      await kept;
    } catch (error) {
      this.#known.delete(body.intent_id);
      throw error;
    }
    this.#tell(answer, core);
    return answer;
  }

  #checkRoom(core: Core, symbol: string): void {
    const { index } = instrumentOf(core, symbol);
    const { remembered_max, ttl_hours } = this.#port.settings().intents;
    if (this.#known.size >= remembered_max) {
      throw new Refusal(
        "TOO_MANY_WAITING",
        `${remembered_max} intents of the last ${ttl_hours} h are remembered already`,
      );
    }
    const source = core.desks[index]?.sources.find((one) => one instanceof IntentSource);
    if (source?.isFull === true) throw new Refusal("TOO_MANY_WAITING", `too many intents of ${symbol} wait already`);
  }

  #tell(answer: IntentAnswer, core: Core): void {
    const instrument = instrumentOf(core, answer.symbol);
    this.#port.tell({
      kind: "outside",
      symbol: instrument.index,
      to: "intents",
      intent: intentFrom(answer, instrument),
    });
  }

  #isOpen(decisionId: string): boolean {
    return !this.#verdicts.has(decisionId) && !this.#begun.has(decisionId);
  }
}
