/** Whether everything that trading needs is there, part by part (requirements OPS-3). */

import type { Micros } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";

export type ReadyPart = { readonly part: string; readonly ready: boolean; readonly detail: string | null };

export type ReadinessView = {
  /** null until the exchange has told its rules */
  readonly core: Core | null;
  readonly isJournalOpen: boolean;
  readonly isStopping: boolean;
};

export function readiness({ core, isJournalOpen, isStopping }: ReadinessView, now: Micros): readonly ReadyPart[] {
  const venue = part("venue", core !== null, "the exchange has not told its rules yet");
  const journal = part("journal", isJournalOpen, "the journal is not open");
  const daemon = part("daemon", !isStopping, "the daemon stops");
  if (core === null) return [venue, journal, daemon];
  const { account, safeMode, desks } = core;
  return [
    venue,
    journal,
    daemon,
    part("account", core.isRecovered, "the account has not been read yet"),
    part("private-stream", account.privateAlive, "the private stream is not proven alive"),
    part("entries", safeMode === null, safeMode === null ? "" : `SAFE MODE: ${safeMode.reasons.join(", ")}`),
    ...desks.map(({ instrument, market }) => {
      const against = market.readiness(now);
      const words = against.map(({ stream, reason }) => `${stream} ${reason}`).join(", ");
      return part(`market ${instrument.symbol}`, against.length === 0, words);
    }),
  ];
}

function part(name: string, ready: boolean, otherwise: string): ReadyPart {
  return { part: name, ready, detail: ready ? null : otherwise };
}
