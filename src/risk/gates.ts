/** Collects the verdicts of one check, with the numbers compared. */

import type { Evidence } from "../domain/decision.ts";
import type { Gate } from "../domain/output.ts";
import type { BlockReason } from "../domain/reason.ts";

export class Gates {
  readonly list: Gate[] = [];
  #failed = 0;

  /** @param holds false for a number that is none, too: conditions are written so that NaN fails them */
  check(gate: BlockReason, holds: boolean, measured: number | null, limit: number | null): void {
    if (!holds) this.#failed += 1;
    this.list.push({ gate, verdict: holds ? "passed" : "failed", measured, limit });
  }

  skip(gate: BlockReason, limit: number | null): void {
    this.list.push({ gate, verdict: "skipped", measured: null, limit });
  }

  get failed(): boolean {
    return this.#failed > 0;
  }

  get reasons(): readonly Evidence<BlockReason>[] {
    return this.list
      .filter(({ verdict }) => verdict === "failed")
      .map(({ gate, measured, limit }) => ({ reason: gate, measured, limit }));
  }
}

/** A number that can be reckoned with: finite and not negative. */
export function isUsable(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && value >= 0;
}
