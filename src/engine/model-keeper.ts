/**
 * The models of one symbol and the world outside of the core: what they have learnt goes to the store now and then and back
 * to them at a start; what a user's model is asked goes out, and its answers come in (DEC-3).
 */

import { type DecisionSource, ModelStateError } from "../decision/source.ts";
import type { ModelInput, ModelOutput, SavedModel } from "../domain/model.ts";
import type { ModelStateRow, Notice } from "../domain/output.ts";
import { type Micros, microsFromSeconds, type SymbolIndex } from "../domain/units.ts";

export type ModelKeeperOptions = {
  readonly symbol: SymbolIndex;
  readonly sources: readonly DecisionSource[];
  readonly emit: (output: ModelStateRow | ModelInput | Notice) => void;
  /** it threw */
  readonly onFailed: (source: DecisionSource, error: unknown, now: Micros) => void;
};

export class ModelKeeper {
  readonly #options: ModelKeeperOptions;
  #learning: readonly DecisionSource[];
  #asking: readonly DecisionSource[];
  #dueAt = 0;

  constructor(options: ModelKeeperOptions) {
    this.#options = options;
    this.#learning = options.sources.filter(({ learns }) => learns === true);
    this.#asking = options.sources.filter(({ takeModelInput }) => takeModelInput !== undefined);
  }

  /** After decisions: hands on what the user's model is asked, and saves when the last time is long enough ago. */
  onDecided(saveSeconds: number, now: Micros): void {
    for (const source of this.#asking) {
      this.#try(source, now, () => {
        const input = source.takeModelInput?.() ?? null;
        if (input !== null) this.#options.emit(input);
      });
    }
    if (now < this.#dueAt || this.#learning.length === 0) return;
    // What was restored, or nothing, is not worth a row.
    if (this.#dueAt !== 0) this.save(now);
    this.#dueAt = now + microsFromSeconds(saveSeconds);
  }

  onOutput(output: ModelOutput, now: Micros): void {
    for (const source of this.#asking) this.#try(source, now, () => source.onModelOutput?.(output, now));
  }

  save(now: Micros): void {
    const { symbol, emit } = this.#options;
    for (const source of this.#learning) {
      this.#try(source, now, () => {
        emit({ kind: "model-state", symbol, source: source.name, state: source.save(), time: now });
      });
    }
  }

  /** A state that does not fit is told and left: that source begins anew. */
  restore({ source: name, state }: SavedModel): void {
    const source = this.#learning.find((one) => one.name === name);
    if (source === undefined) return;
    try {
      source.restore(state);
      this.#notice("info", "MODEL_STATE_RESTORED", { source: name });
    } catch (error) {
      if (!(error instanceof ModelStateError)) throw error;
      this.#notice("warn", "MODEL_STATE_REFUSED", { source: name, detail: error.message });
    }
  }

  #try(source: DecisionSource, now: Micros, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#learning = this.#learning.filter((one) => one !== source);
      this.#asking = this.#asking.filter((one) => one !== source);
      this.#options.onFailed(source, error, now);
    }
  }

  #notice(level: "info" | "warn", code: string, fields: Notice["fields"]): void {
    this.#options.emit({ kind: "notice", level, code, symbol: this.#options.symbol, fields });
  }
}
