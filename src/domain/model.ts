/** What a decision source has learnt, on its way to the store and back, and what it asks of a model outside of the core. */

import type { Micros, SymbolIndex } from "./units.ts";

/** `state` is plain JSON data with a version of its own: only the source that wrote it knows what it means. */
export type SavedModel = { readonly symbol: SymbolIndex; readonly source: string; readonly state: unknown };

/** Asks the user's model for its forecasts; answered by a `model-output` event with the same number, or never. */
export type ModelInput = {
  readonly kind: "model-input";
  readonly symbol: SymbolIndex;
  readonly request: number;
  /** the features as they are named in docs/models.md, in that order */
  readonly features: readonly number[];
  readonly time: Micros;
};

/** The host's word on a `model-input`. Whether the numbers are probabilities is checked where they are used. */
export type ModelOutput = {
  readonly kind: "model-output";
  readonly symbol: SymbolIndex;
  readonly request: number;
  readonly answer:
    | { readonly kind: "forecast"; readonly probabilities: readonly number[] }
    | { readonly kind: "slow" }
    | { readonly kind: "failed" };
};
