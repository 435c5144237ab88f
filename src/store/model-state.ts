/** Reads back what decision sources had learnt. What cannot be read is left out: learning begins anew. */

import type { DatabaseSync } from "node:sqlite";
import type { SavedModel } from "../domain/model.ts";
import { symbolIndex } from "../domain/units.ts";
import { text } from "./cell.ts";
import type { StoredInstrument } from "./store.ts";

/** Some hundred times what a state takes. */
const stateCharactersMax = 1_000_000;

const modelsMax = 1_000;

export function modelsFrom(
  database: DatabaseSync,
  instruments: readonly StoredInstrument[],
): { readonly models: readonly SavedModel[]; readonly notes: readonly string[] } {
  const models: SavedModel[] = [];
  const notes: string[] = [];
  const rows = database
    .prepare(
      "SELECT symbol, source, length(state) <= ? AS fits, substr(state, 1, ?) AS state FROM model_state ORDER BY symbol, source LIMIT ?",
    )
    .all(stateCharactersMax, stateCharactersMax, modelsMax);
  for (const row of rows) {
    const name = text(row, "symbol");
    const source = text(row, "source");
    const index = instruments.findIndex(({ symbol }) => symbol === name);
    // Kept for a run that trades the symbol again.
    if (index === -1) continue;
    const state = row["fits"] === 1n ? parsed(text(row, "state")) : undefined;
    if (state === undefined) notes.push(`what ${source} had learnt of ${name} cannot be read: it begins anew`);
    else models.push({ symbol: symbolIndex(index), source, state });
  }
  return { models, notes };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
