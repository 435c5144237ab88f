/** Reads SAFE MODE back as it last stood: a file is an outer border, even our own. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { safeModeReasons } from "../domain/reason.ts";
import type { SafeModeState } from "../domain/safe-mode.ts";
import { micros } from "../domain/units.ts";
import { text } from "./cell.ts";

const time = z.int().nonnegative().transform(micros);
const Cause = z.strictObject({
  reason: z.enum(safeModeReasons),
  detail: z.string(),
  seenAt: time,
  isGone: z.boolean(),
});

const State = z.discriminatedUnion("mode", [
  z.strictObject({ version: z.literal(1), mode: z.literal("normal"), episode: z.int().nonnegative() }),
  z.strictObject({
    version: z.literal(1),
    mode: z.literal("safe"),
    episode: z.int().positive(),
    since: time,
    causes: z.tuple([Cause], Cause),
  }),
]);

/**
 * A state that cannot be read must not look like a normal one: it counts as SAFE MODE, since why it was entered, or
 * whether, is not known. Null: none was ever written.
 */
export function safeModeFrom(database: DatabaseSync): {
  readonly state: SafeModeState | null;
  readonly notes: readonly string[];
} {
  const row = database.prepare("SELECT state FROM safe_mode WHERE id = 1").get();
  if (row === undefined) return { state: null, notes: [] };
  const parsed = State.safeParse(parse(text(row, "state")));
  if (parsed.success) return { state: parsed.data, notes: [] };
  return {
    state: unreadable,
    notes: [`the state of SAFE MODE cannot be read: it counts as on: ${parsed.error.message}`],
  };
}

const unreadable: SafeModeState = {
  version: 1,
  mode: "safe",
  episode: 1,
  since: micros(0),
  causes: [
    {
      reason: "STORE_FAILED",
      detail: "the state of SAFE MODE in the journal cannot be read",
      seenAt: micros(0),
      isGone: false,
    },
  ],
};

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
