/** Reads the state of limits, halts and cooldowns back: a file is an outer border, even our own. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { sides } from "../domain/order.ts";
import { blockReasons } from "../domain/reason.ts";
import type { SessionState } from "../domain/session.ts";
import { micros } from "../domain/units.ts";
import { text } from "./cell.ts";

const time = z.int().transform(micros);
const equity = z.number().nullable();
const limitReason = z.enum(["MAX_DAILY_LOSS_REACHED", "MAX_DAILY_PROFIT_REACHED", "MAX_DRAWDOWN_REACHED", "HALTED"]);

const Hold = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("halt"), reason: limitReason, by: z.string(), until: time.nullable() }),
  z.strictObject({ kind: z.literal("cooldown"), reason: limitReason, until: time }),
]);

const Transfer = z.strictObject({
  id: z.string().nullable(),
  isTold: z.boolean(),
  amount: z.string().regex(/^-?\d{1,40}$/),
  time,
});

const State = z.strictObject({
  version: z.literal(1),
  day: z.int(),
  dayStartEquity: equity,
  limitEquity: equity,
  dayPeakEquity: equity,
  peakEquity: equity,
  realisedToday: z.number(),
  tradesToday: z.int().nonnegative(),
  tradeTimes: z.array(time),
  tradesToldAt: time.nullable(),
  hold: Hold,
  flattening: z.string().nullable(),
  scale: z.number().gt(0).lte(1),
  reached: z.array(z.enum(blockReasons)),
  // Written before it was kept: the next read of the account begins it.
  ledger: z
    .strictObject({ readTo: time, transfers: z.array(Transfer) })
    .nullable()
    .default(null),
  cooldowns: z.array(z.strictObject({ symbol: z.string(), side: z.enum(sides), until: time })),
});

/**
 * A state that cannot be read must not look like a fresh one: it counts as a halt until somebody resumes, since what it
 * held back is not known.
 */
export function sessionFrom(database: DatabaseSync): {
  readonly state: SessionState | null;
  readonly notes: readonly string[];
} {
  const row = database.prepare("SELECT state FROM session_state WHERE id = 1").get();
  if (row === undefined) return { state: null, notes: [] };
  const parsed = State.safeParse(parse(text(row, "state")));
  if (parsed.success) return { state: parsed.data, notes: [] };
  return {
    state: haltedByStore,
    notes: [
      `the state of the session limits cannot be read: entries are halted until resumed: ${parsed.error.message}`,
    ],
  };
}

/** Who halted, where what earlier runs held back is not known. */
export const haltedBy = "store";

/** What earlier runs held back is not known. */
export const haltedByStore: SessionState = {
  version: 1,
  day: 0,
  dayStartEquity: null,
  limitEquity: null,
  dayPeakEquity: null,
  peakEquity: null,
  realisedToday: 0,
  tradesToday: 0,
  tradeTimes: [],
  tradesToldAt: null,
  flattening: null,
  hold: { kind: "halt", reason: "HALTED", by: haltedBy, until: null },
  scale: 1,
  reached: [],
  ledger: null,
  cooldowns: [],
};

/** The same where the rest of it is known. A halt that only a resume ends says as much. */
export function haltedIn(state: SessionState | null): SessionState {
  if (state === null) return haltedByStore;
  const isHalted = state.hold.kind === "halt" && state.hold.until === null;
  return isHalted ? state : { ...state, hold: haltedByStore.hold };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
