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
  since: Micros;
  until: number;
  mustReconcile: boolean;
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
      this.#held.delete(command.symbol);
      this.#held.delete(null);
      return;
    }
    const hold = outcome.kind === "refused" ? holdOf(outcome.code) : null;
    if (outcome.kind !== "refused" || hold === null) return;
    const key = hold.scope === "account" ? null : command.symbol;
    const refusals = (this.#held.get(key)?.refusals ?? 0) + 1;
    const [first, most] = waits[hold.until];
    const wait = Math.min(most, first * 2 ** Math.min(refusals - 1, 12));
    const mustReconcile = hold.until === "reconciled";
    this.#held.set(key, { refusals, since: now, until: now + wait, mustReconcile });
    if (mustReconcile) this.#ports.readAccount(now);
    this.#ports.emit({
      kind: "notice",
      level: "warn",
      code: "ENTRIES_HELD",
      symbol: key,
      fields: { refusal: outcome.code, seconds: wait / microsPerSecond, until: hold.until },
    });
  }

  /** A reconciliation found nothing wrong in what it read after `requestedAt`. */
  onCleanPass(requestedAt: Micros): void {
    for (const held of this.#held.values()) if (held.since < requestedAt) held.mustReconcile = false;
  }

  /** What stands against an entry: the seconds that are left; null: nothing. */
  against(symbol: SymbolIndex, now: Micros): Evidence<BlockReason> | null {
    return reasonOf(this.#held.get(null), now) ?? reasonOf(this.#held.get(symbol), now);
  }
}

function reasonOf(held: Held | undefined, now: Micros): Evidence<BlockReason> | null {
  if (held === undefined || (now >= held.until && !held.mustReconcile)) return null;
  const left = Math.max(0, Math.ceil((held.until - now) / microsPerSecond));
  return { reason: "ENTRIES_REFUSED", measured: left, limit: 0 };
}
