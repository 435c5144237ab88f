/**
 * What reads of the account say against our books, by symbol: since when they have said just that, and how many said so
 * while nothing was in doubt (failure-catalogue F-19, I-06).
 */

import type { Micros, SignedLots, SymbolIndex } from "../domain/units.ts";

export type Positions = { readonly own: SignedLots; readonly reported: SignedLots };

export class Contradictions {
  /** the last of each symbol, and when it was read first: also while something was in doubt */
  readonly #standing = new Map<SymbolIndex, Positions & { readonly since: Micros }>();
  /** reads in a row while nothing was in doubt, and when the first of them was read */
  readonly #counted = new Map<SymbolIndex, { readonly reads: number; readonly firstAt: Micros }>();

  /**
   * Since when reads that can be believed have contradicted our books by just that; null: none has.
   *
   * @param isYounger whether this read is: only such a one begins anything
   */
  since(symbol: SymbolIndex, { own, reported }: Positions, isYounger: boolean, now: Micros): Micros | null {
    const known = this.#standing.get(symbol);
    if (own !== reported && known?.own === own && known.reported === reported) return known.since;
    this.#standing.delete(symbol);
    if (own === reported || !isYounger) return null;
    this.#standing.set(symbol, { own, reported, since: now });
    return now;
  }

  /** One more read while nothing is in doubt. @returns how many that are in a row */
  count(symbol: SymbolIndex, now: Micros): number {
    const { reads, firstAt } = this.#counted.get(symbol) ?? { reads: 0, firstAt: now };
    this.#counted.set(symbol, { reads: reads + 1, firstAt });
    return reads + 1;
  }

  /** When it was first read, in doubt or not; `now` where it never was. */
  firstAt(symbol: SymbolIndex, now: Micros): number {
    return Math.min(this.#counted.get(symbol)?.firstAt ?? now, this.#standing.get(symbol)?.since ?? now);
  }

  /** A read agrees. */
  settle(symbol: SymbolIndex): void {
    this.#counted.delete(symbol);
  }

  /** The books follow the exchange now. */
  end(symbol: SymbolIndex): void {
    this.#counted.delete(symbol);
    this.#standing.delete(symbol);
  }
}
