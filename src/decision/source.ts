/** The interface of decision sources: plug-ins that run side by side, one instance per symbol (DEC-2). */

import type { Settings } from "../config/schema.ts";
import type { Action, Decision, Direction, Evidence } from "../domain/decision.ts";
import type { ModelInput, ModelOutput } from "../domain/model.ts";
import type { OutsideWord } from "../domain/outside.ts";
import { type Micros, micros, type SignedLots } from "../domain/units.ts";
import type { Features } from "../market/features.ts";
import type { SymbolMarket } from "../market/symbol-market.ts";

/** What a source may look at. The engine keeps one such object per symbol and updates it in place. */
export type SourceContext = {
  readonly market: SymbolMarket;
  readonly features: Features;
  readonly position: SignedLots;
  /** a trade of this symbol is under way, be it only an entry that is on the wire */
  readonly tradeOpen: boolean;
  /** the last word of each source of the symbol, for sources that build on others */
  readonly latest?: readonly (Decision | null)[];
};

/**
 * Pure and deterministic: the same calls give the same decisions. Every decision is made from what was known at `now`.
 */
export interface DecisionSource {
  /** as in the settings under `decision` */
  readonly name: string;
  /** what it saves is kept across restarts */
  readonly learns?: true;
  /** After every event that moved the touch, and every trade. Learning happens here. Does not allocate. */
  observe(context: SourceContext, now: Micros): void;
  /** When due. Null: nothing to say yet. Not trading is said by a NO_TRADE decision with its reasons. */
  decide(context: SourceContext, now: Micros): Decision | null;
  /** When `decide` is due; `observe` may bring it forward. */
  nextDecision(): Micros;
  /** What it says is judged at once, and stands in nobody's way afterwards, however long it is valid. */
  readonly saysOnce?: boolean;
  /** Only of sources that speak for somebody outside: takes what was said, and has `decide` called when it is due. */
  tell?(word: OutsideWord, now: Micros): void;
  /** What became of a decision of an outside source: executed, or what stood against it. */
  judged?(decision: Decision, blocked: readonly Evidence[], now: Micros): void;
  /** Only of outside sources: an entry of this run for one of its decisions has ended, and nothing of it had filled. */
  voided?(decisionId: string, now: Micros): void;
  /** What the user's model is to be asked, once, after `decide`; a source without such a model has nothing to ask. */
  takeModelInput?(): ModelInput | null;
  /** The model's answer, or that there is none. */
  onModelOutput?(output: ModelOutput, now: Micros): void;
  /** Other settings from now on; a source without any needs none (requirements CFG-4). */
  configure?(settings: Settings["decision"]): void;
  /** Continuity of the market data is lost: nothing is learnt across it. */
  onGap(): void;
  /** What the source has learnt, as plain JSON data with a version. */
  save(): unknown;
  /** @throws {ModelStateError} the state is of another version or shape; the source stays as it was */
  restore(state: unknown): void;
}

/** Saved state that does not fit this source. */
export class ModelStateError extends Error {
  override readonly name = "ModelStateError";
}

/** Takes the place of a source that is heard no more. */
export function silentSource(name: string): DecisionSource {
  return {
    name,
    observe: () => undefined,
    decide: () => null,
    nextDecision: () => micros(Number.MAX_SAFE_INTEGER),
    onGap: () => undefined,
    save: () => null,
    restore: () => undefined,
  };
}

/** Deterministic and unique within a run: a source never decides twice with the same counter. */
function decisionId(source: string, symbol: string, now: Micros, counter: number): string {
  return `${source}-${symbol}-${now}-${counter}`;
}

/** A decision that asks for nothing special; sources overwrite what they have an opinion on. */
export function plainDecision(
  source: string,
  context: SourceContext,
  now: Micros,
  counter: number,
  validity: number,
  direction: Direction,
  reasons: readonly Evidence[],
): Decision {
  const { instrument } = context.market;
  const action: Action = direction === "LONG" || direction === "SHORT" ? "ENTER" : "NO_ACTION";
  return {
    id: decisionId(source, instrument.symbol, now, counter),
    symbol: instrument.index,
    time: now,
    direction,
    action,
    confidence: null,
    edge: null,
    regime: null,
    style: "SCALP",
    entryZone: null,
    stopLoss: null,
    takeProfits: [],
    size: null,
    leverage: null,
    holdMicrosMax: null,
    cooldownMicros: null,
    validUntil: (now + validity) as Micros,
    source,
    reasons,
  };
}
