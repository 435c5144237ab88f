/** Makes one decision of those that the sources of a symbol hold at a time (DEC-2). */

import type { Decision, Evidence } from "../domain/decision.ts";
import type { BlockReason } from "../domain/reason.ts";
import type { Micros } from "../domain/units.ts";

/**
 * Priority only chooses between decisions that agree: opposite entries give NO_TRADE. A source that does not trade
 * vetoes nobody. A wish to leave a position comes before any entry, and so does the word of the decision file that the
 * symbol is to stay flat. Expired decisions count for nothing.
 *
 * @param decisions the latest of each source, highest priority first; null where a source has said nothing
 * @returns null when no source has anything to say
 */
export function arbitrate(decisions: readonly (Decision | null)[], now: Micros): Decision | null {
  let live = 0;
  let first: Decision | null = null;
  let flat: Decision | null = null;
  let entry: Decision | null = null;
  let opposed = 0;
  for (const decision of decisions) {
    if (decision === null || now > decision.validUntil) continue;
    if (leaves(decision)) return decision;
    if (staysFlat(decision)) flat ??= decision;
    live += 1;
    first ??= decision;
    if (decision.action !== "ENTER") continue;
    entry ??= decision;
    if (decision.direction !== entry.direction) opposed += 1;
  }
  if (flat !== null) return flat;
  if (entry !== null) return opposed === 0 ? entry : conflict(entry, opposed);
  return first === null || live === 1 ? first : abstain(first, decisions, now);
}

function leaves(decision: Decision): boolean {
  return decision.action === "EXIT" || (decision.direction === "FLAT" && !staysFlat(decision));
}

/** Nothing is entered, entries that wait are withdrawn, and a position is left to its protection. */
export function staysFlat({ direction, action }: Decision): boolean {
  return direction === "FLAT" && action === "HOLD";
}

/** Nobody enters: the first one's word, with the reasons of all. */
function abstain(first: Decision, decisions: readonly (Decision | null)[], now: Micros): Decision {
  const reasons: Evidence[] = [];
  for (const decision of decisions) {
    if (decision !== null && now <= decision.validUntil) reasons.push(...decision.reasons);
  }
  return { ...first, reasons };
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
