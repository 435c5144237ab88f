/**
 * A read of the account as the daemon has to have it before it can act on it: answers to four questions of one moment. One
 * that is lost is asked once more at once; where that is lost, too, it is unread, whatever the others say. @see failure-catalogue F-07, F-44
 */

import type { Call } from "../call.ts";

const positions = "GET positionRisk";
const parts: readonly string[] = ["GET balance", positions, "GET openOrders", "GET openAlgoOrders"];

type Answer = { readonly call: Call; readonly text: string };

type Round = { readonly askedAt: number; readonly asked: Set<string>; readonly answered: Map<string, Answer> };

/** Times are microseconds. */
export type AccountRound = { readonly askedAt: number; readonly positions: string; readonly positionsBy: Call };

export class AccountRounds {
  #newest: Round | null = null;
  readonly #roundOf = new WeakMap<Call, Round>();
  /** of which a question was answered with nothing just now */
  #failed: { readonly round: Round; readonly name: string; readonly at: number } | null = null;

  onSent(call: Call, now: number): void {
    if (!parts.includes(call.name)) return;
    if (this.#failed?.name === call.name && this.#failed.at === now) {
      this.#roundOf.set(call, this.#failed.round);
      this.#failed = null;
      return;
    }
    const known = this.#newest;
    const isSame = known !== null && known.askedAt === now && !known.asked.has(call.name);
    const round = isSame ? known : { askedAt: now, asked: new Set<string>(), answered: new Map<string, Answer>() };
    round.asked.add(call.name);
    this.#roundOf.set(call, round);
    this.#newest = round;
  }

  /** @returns the read that is complete with this answer */
  onReply(call: Call, status: number, text: string | null, now: number): AccountRound | null {
    const round = this.#roundOf.get(call);
    if (round !== undefined && (status === 0 || status >= 500)) this.#failed = { round, name: call.name, at: now };
    if (round === undefined || status !== 200 || text === null) return null;
    if (!text.startsWith("[") || !text.endsWith("]")) return null;
    round.answered.set(call.name, { call, text });
    const said = round.answered.get(positions);
    if (said === undefined || round.answered.size < parts.length) return null;
    return { askedAt: round.askedAt, positions: said.text, positionsBy: said.call };
  }
}
