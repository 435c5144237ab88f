/** The decision sources of one symbol: shown the market, asked when they are due, and silenced when they throw. */

import type { Settings } from "../config/schema.ts";
import { type DecisionSource, type SourceContext, silentSource } from "../decision/source.ts";
import type { Decision } from "../domain/decision.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Micros, signedLots } from "../domain/units.ts";
import type { Trade } from "../execution/trade.ts";
import type { Features } from "../market/features.ts";
import type { SymbolMarket } from "../market/symbol-market.ts";
import type { Floor } from "./floor.ts";
import { ModelKeeper } from "./model-keeper.ts";

export type SourceDeskOptions = {
  readonly instrument: Instrument;
  /** in order of priority */
  readonly sources: readonly DecisionSource[];
  readonly market: SymbolMarket;
  readonly features: Features;
  readonly floor: Pick<Floor, "emit" | "enterSafeMode">;
};

const flat = signedLots(0);

export class SourceDesk {
  readonly #options: SourceDeskOptions;
  /** one that throws is replaced by silence */
  readonly #sources: DecisionSource[];
  /** the last word of each source, in their order */
  readonly #latest: (Decision | null)[];
  /** one object, updated in place: sources look at it on every market event */
  readonly #context: { -readonly [Key in keyof SourceContext]: SourceContext[Key] };
  readonly models: ModelKeeper;

  constructor(options: SourceDeskOptions) {
    this.#options = options;
    const { instrument, market, features, floor } = options;
    this.#sources = [...options.sources];
    this.#latest = this.#sources.map(() => null);
    this.#context = { market, features, position: flat, tradeOpen: false, latest: this.#latest };
    this.models = new ModelKeeper({
      symbol: instrument.index,
      sources: this.#sources,
      emit: floor.emit,
      onFailed: (source, error, now) => this.#silence(this.#sources.indexOf(source), error, now),
    });
  }

  get all(): readonly DecisionSource[] {
    return this.#sources;
  }

  get latest(): readonly (Decision | null)[] {
    return this.#latest;
  }

  /** Asked each time: a source may bring its next decision forward while it observes. */
  get dueAt(): number {
    let due = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#sources.length; index += 1) due = Math.min(due, this.#dueAt(index));
    return due;
  }

  /** As `now >= dueAt`, asked by every market event: a minimum of times would be an object for each. */
  isDue(now: Micros): boolean {
    for (let index = 0; index < this.#sources.length; index += 1) if (now >= this.#dueAt(index)) return true;
    return false;
  }

  /** Indexed loops: an iterator would be the only object that a market event allocates. */
  observe(trade: Trade | null, now: Micros): void {
    this.#show(trade);
    for (let index = 0; index < this.#sources.length; index += 1) {
      try {
        this.#sources[index]?.observe(this.#context, now);
      } catch (error) {
        this.#silence(index, error, now);
      }
    }
  }

  /** What those that are due say now, in order of priority. */
  decide(trade: Trade | null, now: Micros): readonly Decision[] {
    this.#show(trade);
    const fresh: Decision[] = [];
    for (let index = 0; index < this.#sources.length; index += 1) {
      const decision = this.#ask(index, now);
      if (decision === null) continue;
      fresh.push(decision);
      this.#latest[index] = decision;
    }
    return fresh;
  }

  /** Their words have been judged: those that say a thing once have said it; what was learnt is saved now and then. */
  onJudged({ ensemble }: Settings["decision"], now: Micros): void {
    for (let index = 0; index < this.#sources.length; index += 1) {
      if (this.#sources[index]?.saysOnce === true) this.#latest[index] = null;
    }
    this.models.onDecided(ensemble.save_seconds, now);
  }

  /** Of what is asked seldom. */
  each(act: (source: DecisionSource) => void, now: Micros): void {
    for (const [index, source] of this.#sources.entries()) {
      try {
        act(source);
      } catch (error) {
        this.#silence(index, error, now);
      }
    }
  }

  #show(trade: Trade | null): void {
    this.#context.tradeOpen = trade !== null;
    this.#context.position = trade === null ? flat : trade.ledger.position;
  }

  #dueAt(index: number): number {
    try {
      return this.#sources[index]?.nextDecision() ?? Number.POSITIVE_INFINITY;
    } catch {
      // Deciding asks again, and knows the time to tell it with.
      return 0;
    }
  }

  #ask(index: number, now: Micros): Decision | null {
    const source = this.#sources[index];
    try {
      return source === undefined || now < source.nextDecision() ? null : source.decide(this.#context, now);
    } catch (error) {
      this.#silence(index, error, now);
      return null;
    }
  }

  /** A source that throws is heard no more, and nothing new is opened: what else it got wrong is not known (SAF-4). */
  #silence(index: number, error: unknown, now: Micros): void {
    const source = this.#sources[index];
    if (source === undefined) return;
    this.#sources[index] = silentSource(source.name);
    this.#latest[index] = null;
    const { instrument, floor } = this.#options;
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const fields = { source: source.name, error: message };
    floor.emit({ kind: "notice", level: "error", code: "SOURCE_FAILED", symbol: instrument.index, fields });
    floor.enterSafeMode("UNEXPECTED_ERROR", `${source.name} of ${instrument.symbol}: ${message}`, now);
  }
}
