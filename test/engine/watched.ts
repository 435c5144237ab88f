/** A core whose every word is kept, and what tests of its session say to it. */

import type { Settings } from "../../src/config/schema.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import type { Output, RiskEvent, SessionRow } from "../../src/domain/output.ts";
import type { SessionState } from "../../src/domain/session.ts";
import { micros } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { after, settings } from "../support/core.ts";
import { CoreBench, snapshotOf, stopOf } from "./support.ts";

/** Everything that a bench asked for and told, from now on. */
export class Watched extends CoreBench {
  readonly told: Output[] = [];

  override take(): readonly string[] {
    const texts = super.take();
    this.told.push(...this.outputs);
    return texts;
  }

  get events(): readonly string[] {
    return this.told.filter((output): output is RiskEvent => output.kind === "risk-event").map(({ event }) => event);
  }

  get lastSession(): SessionState | null {
    return this.told.findLast((output): output is SessionRow => output.kind === "session")?.state ?? null;
  }

  get entryId(): string {
    return [...(this.trade?.orders.keys() ?? [])][0] ?? "none";
  }

  /** @param transfer of which so much came from outside */
  wallet(amount: string, transfer = "0"): readonly string[] {
    const [wallet, moved] = [moneyFromText(amount), moneyFromText(transfer)];
    this.core.handle({ kind: "wallet", wallet, transfer: moved, time: this.now }, this.now);
    return this.tell({ kind: "timer" });
  }

  /** What the exchange says of every conditional order. */
  answerAlgos(status: "NEW" | "CANCELED"): void {
    for (const { id, service } of [...(this.trade?.orders.values() ?? [])]) {
      if (service === "algo") this.tell({ ...stopOf(id), status });
    }
  }

  /** Fresh data and a new decision; the commands that follow. */
  tries(id: string, changes = {}): readonly string[] {
    this.quote();
    return this.decide(decisionOf({ id, validUntil: micros(this.now + 1_000_000), ...changes }));
  }

  get lastDecision() {
    return this.told.findLast((output) => output.kind === "decision");
  }

  get whyNot(): readonly string[] {
    return this.lastDecision?.blocked.map(({ reason }) => reason) ?? [];
  }
}

/** With its account read and a quote. */
export function ready(withSettings: Settings = settings, session: SessionState | null = null): Watched {
  const bench = new Watched(withSettings);
  bench.tell({ kind: "journal", openTrades: [], session });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1) }));
  bench.quote();
  return bench;
}
