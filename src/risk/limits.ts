/** Halts and session limits as gates of one check (requirements RSK-4). The state behind them moves in session.ts. */

import type { Settings } from "../config/schema.ts";
import type { SessionState } from "../domain/session.ts";
import type { Micros } from "../domain/units.ts";
import { type Gates, isUsable } from "./gates.ts";
import { limitsOf, tradesInHour } from "./session.ts";

export type SessionInput = {
  readonly settings: Settings;
  readonly session: SessionState;
  /** quote asset; null when not known, which a gate of its own blocks */
  readonly equity: number | null;
};

export function checkSession({ settings, session, equity }: SessionInput, now: Micros, gates: Gates): void {
  const { hold } = session;
  const until = hold.kind === "none" ? null : hold.until;
  gates.check("HALTED", hold.kind !== "halt" && session.flattening === null, now, until);
  gates.check("SESSION_COOLDOWN", hold.kind !== "cooldown", now, until);
  for (const { reason, measured, limit, isSet, reached } of limitsOf(session, equity, settings.risk.session)) {
    if (!isSet || !isUsable(equity)) gates.skip(reason, limit);
    else gates.check(reason, measured !== null && !reached, measured, limit);
  }
}

/** The window is the 60 minutes that end now, to the microsecond. */
export function checkTradesPerHour(session: SessionState, limit: number, now: Micros, gates: Gates): void {
  const count = tradesInHour(session, now);
  gates.check("MAX_TRADES_PER_HOUR_REACHED", count < limit, count, limit);
}
