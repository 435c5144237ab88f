/**
 * Entries that the exchange refuses hold back the next ones, of the symbol or of all: what was refused would be refused
 * again, and the limit of orders is for protection (requirements SAF-2; binance-usdm.md §8; failure-catalogue F-64). The
 * waits double until an entry is taken. Exits and stops know nothing of it.
 */

import type { Evidence } from "../domain/decision.ts";
import { type Hold, holdOf } from "../domain/error-policy.ts";
import type { CommandOutcome } from "../domain/event.ts";
import type { Output } from "../domain/output.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Micros, microsPerMinute, microsPerSecond, type SymbolIndex } from "../domain/units.ts";

export type EntryHoldPorts = {
  readonly emit: (output: Output) => void;
  /** the account is wanted now: what it says is part of the way out */
  readonly readAccount: (now: Micros) => void;
};

type Held = {
  /** in a row */
  refusals: number;
  until: number;
  /** a reconciliation that was read after this must find nothing wrong; null: none has to, any more */
  unreconciledSince: Micros | null;
};

/** The first wait, and the longest. @see binance-usdm.md §7: the longest window in which orders are counted is a minute */
const waits = {
  again: [microsPerSecond, microsPerMinute],
  window: [microsPerMinute, microsPerMinute],
  reconciled: [5 * microsPerSecond, 10 * microsPerMinute],
  long: [5 * microsPerMinute, 60 * microsPerMinute],
} as const satisfies Record<Hold["until"], readonly [number, number]>;

export class EntryHolds {
  readonly #ports: EntryHoldPorts;
  /** null stands for all symbols */
  readonly #held = new Map<SymbolIndex | null, Held>();

  constructor(ports: EntryHoldPorts) {
    this.#ports = ports;
  }

  /** How a command ended; only what opens something says anything. */
  onOutcome({ command, outcome }: CommandOutcome, now: Micros): void {
    if (command.kind !== "place-order" || command.reduceOnly) return;
    if (outcome.kind === "ok") {
      this.#endLapsed(command.symbol, now);
      this.#endLapsed(null, now);
      return;
    }
    const hold = outcome.kind === "refused" ? holdOf(outcome.code) : null;
    if (outcome.kind !== "refused" || hold === null) return;
    const key = hold.scope === "account" ? null : command.symbol;
    const held = this.#hold(key, hold, now);
    if (hold.until === "reconciled") this.#ports.readAccount(now);
    const seconds = Math.ceil((held.until - now) / microsPerSecond);
    this.#ports.emit({
      kind: "notice",
      level: "warn",
      code: "ENTRIES_HELD",
      symbol: key,
      fields: { refusal: outcome.code, seconds, until: hold.until },
    });
  }

  /** A reconciliation found nothing wrong in what it read after `requestedAt`. */
  onCleanPass(requestedAt: Micros): void {
    for (const held of this.#held.values()) {
      if (held.unreconciledSince !== null && held.unreconciledSince < requestedAt) held.unreconciledSince = null;
    }
  }

  /** What stands against an entry: the seconds that are left; null: nothing. */
  against(symbol: SymbolIndex, now: Micros): Evidence<BlockReason> | null {
    return reasonOf(this.#held.get(null), now) ?? reasonOf(this.#held.get(symbol), now);
  }

  /**
   * Several entries may be under way when one is refused, and each refusal says something of its own: the later end holds,
   * and what one of them wants reconciled stays to be.
   */
  #hold(key: SymbolIndex | null, { until }: Hold, now: Micros): Held {
    const before = this.#held.get(key);
    const refusals = (before?.refusals ?? 0) + 1;
    const [first, most] = waits[until];
    const end = now + Math.min(most, first * 2 ** Math.min(refusals - 1, 12));
    const wanted = until === "reconciled" ? now : null;
    const held: Held = {
      refusals,
      until: Math.max(end, before?.until ?? end),
      unreconciledSince: wanted ?? before?.unreconciledSince ?? null,
    };
    this.#held.set(key, held);
    return held;
  }

  /** An entry that is taken while a hold stands left before the refusal, as a rule, and says nothing against it. */
  #endLapsed(key: SymbolIndex | null, now: Micros): void {
    if (reasonOf(this.#held.get(key), now) === null) this.#held.delete(key);
  }
}

function reasonOf(held: Held | undefined, now: Micros): Evidence<BlockReason> | null {
  if (held === undefined || (now >= held.until && held.unreconciledSince === null)) return null;
  const left = Math.max(0, Math.ceil((held.until - now) / microsPerSecond));
  return { reason: "ENTRIES_REFUSED", measured: left, limit: 0 };
}
