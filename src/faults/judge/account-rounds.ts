/**
 * A read of the account as the daemon has to have it before it can act on it: answers to four questions of one moment. One
 * that is lost leaves it unread, whatever the others say. @see failure-catalogue F-07, F-44
 */

import type { Call } from "../call.ts";

const positions = "GET positionRisk";
const parts: readonly string[] = ["GET balance", positions, "GET openOrders", "GET openAlgoOrders"];

type Round = { readonly askedAt: number; readonly asked: Set<string>; readonly answered: Map<string, string> };

/** Times are microseconds. */
export type AccountRound = { readonly askedAt: number; readonly positions: string };

export class AccountRounds {
  #newest: Round | null = null;
  readonly #roundOf = new WeakMap<Call, Round>();

  onSent(call: Call, now: number): void {
    if (!parts.includes(call.name)) return;
    const known = this.#newest;
    const isSame = known !== null && known.askedAt === now && !known.asked.has(call.name);
    const round = isSame ? known : { askedAt: now, asked: new Set<string>(), answered: new Map<string, string>() };
    round.asked.add(call.name);
    this.#roundOf.set(call, round);
    this.#newest = round;
  }

  /** @returns the read that is complete with this answer */
  onReply(call: Call, status: number, text: string | null): AccountRound | null {
    const round = this.#roundOf.get(call);
    if (round === undefined || status !== 200 || text === null) return null;
    if (!text.startsWith("[") || !text.endsWith("]")) return null;
    round.answered.set(call.name, text);
    const said = round.answered.get(positions);
    return said === undefined || round.answered.size < parts.length ? null : { ...round, positions: said };
  }
}
