/**
 * What reads of the account say against our books, by symbol: since when they have said just that, and how many said so
 * while nothing was in doubt (failure-catalogue F-19, I-06).
 */

import { type Micros, microsPerMinute, type SignedLots, type SymbolIndex } from "../domain/units.ts";
import type { Contradiction } from "../execution/trade.ts";

/** `changedAt`: when our books changed last; only a read that is younger than that begins anything. */
export type Reading = { readonly changedAt: number; readonly isYounger: boolean };

export type Positions = { readonly own: SignedLots; readonly reported: SignedLots };

/** What was not read again for so long was settled: when it is, it has come anew. */
const forgottenMicros = microsPerMinute;

export function contradictionOf({ own, reported }: Positions): Contradiction {
  if (own === reported) return "none";
  return own !== 0 && reported * own <= 0 ? "refuted" : "differs";
}

export class Contradictions {
  /** the last of each symbol, and when it was read first: also while something was in doubt */
  readonly #standing = new Map<SymbolIndex, Positions & { readonly since: Micros }>();
  /** the last that people were told of: since when, and when last */
  readonly #told = new Map<SymbolIndex, Positions & { readonly since: Micros; readonly lastAt: Micros }>();
  /** reads in a row while nothing was in doubt, and when the first of them was read */
  readonly #counted = new Map<SymbolIndex, { readonly reads: number; readonly firstAt: Micros }>();

  /**
   * Since when reads that can be believed have contradicted our books by just that; null: none has. What was read before
   * the books changed spoke of others, though they may look the same again: of a trade that is over, say.
   */
  since(symbol: SymbolIndex, { own, reported }: Positions, reading: Reading, now: Micros): Micros | null {
    const known = this.#standing.get(symbol);
    const isSame = known?.own === own && known.reported === reported && known.since > reading.changedAt;
    if (own !== reported && isSame) return known.since;
    this.#standing.delete(symbol);
    if (own === reported || !reading.isYounger) return null;
    this.#standing.set(symbol, { own, reported, since: now });
    return now;
  }

  /** One more read while nothing is in doubt. @returns how many that are in a row since the books changed last */
  count(symbol: SymbolIndex, changedAt: number, now: Micros): number {
    const known = this.#counted.get(symbol);
    const { reads, firstAt } = known !== undefined && known.firstAt > changedAt ? known : { reads: 0, firstAt: now };
    this.#counted.set(symbol, { reads: reads + 1, firstAt });
    return reads + 1;
  }

  /** When it was first read, in doubt or not; `now` where it never was. */
  firstAt(symbol: SymbolIndex, now: Micros): number {
    return Math.min(this.#counted.get(symbol)?.firstAt ?? now, this.#standing.get(symbol)?.since ?? now);
  }

  /** Since when people are told of just that; reads that lag may deny it in between. */
  told(symbol: SymbolIndex, { own, reported }: Positions, now: Micros): Micros {
    const known = this.#told.get(symbol);
    const isSame = known?.own === own && known.reported === reported && now < known.lastAt + forgottenMicros;
    const since = isSame ? known.since : now;
    this.#told.set(symbol, { own, reported, since, lastAt: now });
    return since;
  }

  /** A read agrees. */
  settle(symbol: SymbolIndex): void {
    this.#counted.delete(symbol);
  }

  /** The books follow the exchange now. */
  end(symbol: SymbolIndex): void {
    this.#counted.delete(symbol);
    this.#standing.delete(symbol);
    this.#told.delete(symbol);
  }
}
