/** Keeps plans: made, listed and cancelled from outside, durable before they are acknowledged (requirements DEC-8). */

import { randomUUID } from "node:crypto";
import { PlanSource, type WatchedPlan } from "../../decision/plans.ts";
import { type Micros, micros, microsPerSecond } from "../../domain/units.ts";
import type { Core } from "../../engine/core.ts";
import type { OutsideJournal } from "../../store/outside.ts";
import { type PlanBody, PlanDocument, type PlanView, planDocument, planFrom, planView } from "./plan.ts";
import { digestOf, instrumentOf, keepOrRefuse, type OutsidePort, readyCore } from "./port.ts";
import { Refusal } from "./refusal.ts";

type Kept = {
  readonly digest: string;
  readonly document: PlanDocument;
  readonly kept: Promise<void>;
  /** how it ended before this run, or by a cancel; null: the core knows */
  ended: PlanView["status"] | null;
  /** resolves when its cancel is on the disk, too */
  cancelled: Promise<void>;
};

const microsPerHour = 3_600 * microsPerSecond;

export class PlanDesk {
  readonly #port: OutsidePort;
  readonly #plans = new Map<string, Kept>();

  constructor(port: OutsidePort) {
    this.#port = port;
  }

  /** What earlier runs accepted. */
  restore(journal: OutsideJournal): void {
    for (const { planId, digest, document, cancelledAt } of journal.plans) {
      const parsed = PlanDocument.safeParse(JSON.parse(document));
      if (!parsed.success) continue;
      const { decision_id: decisionId } = parsed.data;
      const isExecuted = journal.begun.has(decisionId) || journal.verdicts.get(decisionId)?.approved === true;
      const ended = isExecuted ? "executed" : cancelledAt === null ? null : "cancelled";
      const [kept, cancelled] = [Promise.resolve(), Promise.resolve()];
      this.#plans.set(planId, { digest, document: parsed.data, kept, ended, cancelled });
    }
  }

  /** Plans that still wait are watched again. */
  resume(core: Core): void {
    for (const { document, ended } of this.#plans.values()) if (ended === null) this.#tell(document, core);
  }

  /** @throws {Refusal} */
  async create(body: PlanBody): Promise<PlanView> {
    const core = readyCore(this.#port);
    const planId = body.plan_id ?? randomUUID();
    const digest = digestOf(body);
    const known = this.#plans.get(planId);
    if (known !== undefined) {
      if (known.digest !== digest) {
        throw new Refusal("ID_REUSED", `plan_id ${planId} was used with another body; allowed: the same body`);
      }
      await known.kept;
      return this.#view(known);
    }
    const { pending_max } = this.#port.settings().plans;
    if (this.list().filter(({ status }) => status === "pending").length >= pending_max) {
      throw new Refusal("TOO_MANY_WAITING", `${pending_max} plans wait already (plans.pending_max)`);
    }
    const now = this.#port.clock();
    const document = planDocument(body, planId, this.#port.settings().plans, now);
    const plan = planFrom(document, instrumentOf(core, body.symbol));
    const row = {
      kind: "plan",
      planId,
      digest,
      document: JSON.stringify(document),
      createdAt: plan.createdAt,
      expiresAt: plan.expiresAt,
      cancelledAt: null,
    } as const;
    const kept = keepOrRefuse(this.#port, row);
    const entry: Kept = { digest, document, kept, ended: null, cancelled: Promise.resolve() };
    this.#plans.set(planId, entry);
    try {
      await entry.kept;
    } catch (error) {
      this.#plans.delete(planId);
      throw error;
    }
    // Whoever posted it may have given up meanwhile, and was told that it is cancelled.
    if (entry.ended === null) this.#tell(document, core);
    return this.#view(entry);
  }

  /** Newest last. */
  list(): readonly PlanView[] {
    return [...this.#plans.values()].map((entry) => this.#view(entry));
  }

  get(planId: string): PlanView | null {
    const entry = this.#plans.get(planId);
    return entry === undefined ? null : this.#view(entry);
  }

  /** It is not executed from now on; a cancelled plan stays so after a restart. @throws {Refusal} */
  async cancel(planId: string): Promise<PlanView> {
    const entry = this.#plans.get(planId);
    if (entry === undefined) throw new Refusal("NOT_FOUND", `no plan ${planId}`);
    const { status } = this.#view(entry);
    if (status === "cancelled") {
      // Whoever asks again waits for the same disk, and learns that it failed.
      await entry.cancelled;
      return this.#view(entry);
    }
    if (status !== "pending") throw new Refusal("PLAN_IS_OVER", `plan ${planId} is ${status}`);
    const core = readyCore(this.#port);
    const { index } = instrumentOf(core, entry.document.symbol);
    this.#port.tell({ kind: "outside", symbol: index, to: "plans", cancel: planId });
    entry.ended = "cancelled";
    entry.cancelled = keepOrRefuse(this.#port, { kind: "plan-cancelled", planId, at: this.#port.clock() });
    await entry.cancelled;
    return this.#view(entry);
  }

  /** Forgets what has been over for long enough. @returns the time of expiry before which all are forgotten */
  forget(now: Micros): Micros {
    const before = micros(now - this.#port.settings().plans.remembered_hours * microsPerHour);
    for (const [id, { document }] of this.#plans) {
      if (Date.parse(document.expires_at) * 1_000 >= before) continue;
      this.#plans.delete(id);
      this.#source(document.symbol)?.forget(id);
    }
    return before;
  }

  #tell(document: PlanDocument, core: Core): void {
    const desk = core.desks.find(({ instrument }) => instrument.symbol === document.symbol);
    if (desk === undefined) return;
    const { instrument } = desk;
    this.#port.tell({ kind: "outside", symbol: instrument.index, to: "plans", plan: planFrom(document, instrument) });
  }

  #view(entry: Kept): PlanView {
    const { document, ended } = entry;
    const watched = this.#watched(document);
    const isOver = this.#port.clock() > Date.parse(document.expires_at) * 1_000;
    const status = watched?.state === "executed" ? "executed" : (ended ?? watched?.state ?? "pending");
    const instrument = this.#port.core()?.desks.find((desk) => desk.instrument.symbol === document.symbol)?.instrument;
    return planView(document, status === "pending" && isOver ? "expired" : status, watched, instrument ?? null);
  }

  #watched({ symbol, plan_id }: PlanDocument): WatchedPlan | null {
    return this.#source(symbol)?.plans.get(plan_id) ?? null;
  }

  #source(symbol: string): PlanSource | null {
    const desk = this.#port.core()?.desks.find(({ instrument }) => instrument.symbol === symbol);
    return desk?.sources.find((source) => source instanceof PlanSource) ?? null;
  }
}
