/** A decision source that says what a story puts into its mouth. */

import type { DecisionSource } from "../../../src/decision/source.ts";
import type { Decision } from "../../../src/domain/decision.ts";
import { lots, type Micros, micros, symbolIndex } from "../../../src/domain/units.ts";

export class ScriptedSource implements DecisionSource {
  readonly name = "script";
  #next: Decision | null = null;

  say(decision: Decision): void {
    this.#next = decision;
  }

  observe(): void {
    // It only says what it is told to.
  }

  decide(): Decision | null {
    const decision = this.#next;
    this.#next = null;
    return decision;
  }

  nextDecision(): Micros {
    return micros(this.#next === null ? Number.MAX_SAFE_INTEGER : 0);
  }

  onGap(): void {
    // It learns nothing.
  }

  save(): unknown {
    return null;
  }

  restore(): void {
    // Nothing is saved.
  }
}

/** Good for half a second, of high confidence, for ten lots at most. */
export function decisionAt(now: Micros, id: string, changes: Partial<Decision> = {}): Decision {
  const direction = changes.direction ?? "LONG";
  return {
    id,
    symbol: symbolIndex(0),
    time: now,
    direction,
    action: direction === "LONG" || direction === "SHORT" ? "ENTER" : "NO_ACTION",
    confidence: 0.9,
    edge: 0.1,
    regime: null,
    style: "SCALP",
    entryZone: null,
    stopLoss: null,
    takeProfits: [],
    size: { kind: "lots", quantity: lots(10) },
    leverage: null,
    holdMicrosMax: null,
    cooldownMicros: null,
    validUntil: micros(now + 500_000),
    source: "script",
    reasons: [],
    ...changes,
  };
}
