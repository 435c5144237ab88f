/** Makes one decision of those that the sources of a symbol hold at a time (DEC-2). */

import type { Decision, Evidence } from "../domain/decision.ts";
import type { BlockReason } from "../domain/reason.ts";
import type { Micros } from "../domain/units.ts";

/**
 * Priority only chooses between decisions that agree: opposite entries give NO_TRADE. A source that does not trade
 * vetoes nobody, and a wish to leave a position comes before any entry. Expired decisions count for nothing.
 *
 * @param decisions the latest of each source, highest priority first; null where a source has said nothing
 * @returns null when no source has anything to say
 */
export function arbitrate(decisions: readonly (Decision | null)[], now: Micros): Decision | null {
  const live = decisions.filter((decision) => decision !== null).filter((decision) => now <= decision.validUntil);
  const exit = live.find(leaves);
  if (exit !== undefined) return exit;
  const entries = live.filter((decision) => decision.action === "ENTER");
  const [first] = entries;
  if (first === undefined) return abstain(live);
  const opposed = entries.filter((decision) => decision.direction !== first.direction);
  return opposed.length === 0 ? first : conflict(first, opposed.length);
}

function leaves(decision: Decision): boolean {
  return decision.action === "EXIT" || decision.direction === "FLAT";
}

/** Nobody enters: the first one's word, with the reasons of all. */
function abstain(live: readonly Decision[]): Decision | null {
  const [first] = live;
  if (first === undefined || live.length === 1) return first ?? null;
  return { ...first, reasons: live.flatMap((decision) => decision.reasons) };
}

function conflict(first: Decision, opposed: number): Decision {
  const reason: Evidence<BlockReason> = { reason: "CONFLICTING_SIGNALS", measured: opposed, limit: 0 };
  return {
    ...first,
    direction: "NO_TRADE",
    action: "NO_ACTION",
    entryZone: null,
    stopLoss: null,
    takeProfits: [],
    size: null,
    reasons: [reason],
  };
}
