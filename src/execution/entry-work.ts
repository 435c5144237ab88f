/** What a trade knows of the work on its entry: what the decision allows, and how often it was tried. */

import type { Lots, Micros, Ticks } from "../domain/units.ts";
import type { Mode } from "../risk/mode.ts";
import type { Zone } from "./policy/policy.ts";

/** What an entry may still do after its first order, fixed with the decision. */
export type EntryBrief = {
  readonly mode: Mode;
  /** no order leaves at a price outside; null: no bound */
  readonly zone: Zone | null;
  /** dearest price that risk reckoned with */
  readonly approvedPrice: Ticks;
  readonly confidence: number | null;
  readonly edge: number | null;
  /** the decision is stale after this: what works is cancelled, and nothing follows it */
  readonly workUntil: Micros;
};

/** Why a working entry order is being cancelled, which says what may follow it. */
export type Ending = "timed-out" | "replaced" | "chased" | "given-up";

/** A new price on its way to the exchange. */
export type Amendment = {
  readonly order: string;
  readonly price: Ticks;
  readonly quantity: Lots;
  readonly since: Micros;
};

export type EntryWork = {
  ending: Ending | null;
  amendment: Amendment | null;
  /** an amendment was refused or lost once: this entry is moved by cancel and replace from then on */
  amendsRefused: boolean;
  /** when the working order got its price */
  pricedAt: number;
  chases: number;
  replacements: number;
  /** ticks that a post-only order keeps from the touch, because nearer ones would have taken */
  stepBack: number;
  isMended: boolean;
  /** what a quote is compared with; infinite where it is not */
  readonly watch: EntryWatch;
};

export type EntryWatch = {
  /** a wider spread, basis points, cancels the order */
  spreadBps: number;
  /** from this time on the order is chased when the mirrored touch of its side is beyond the one and not the other */
  chaseFrom: number;
  chaseBeyond: number;
  chaseUntil: number;
};

export function newEntryWork(): EntryWork {
  return {
    ending: null,
    amendment: null,
    amendsRefused: false,
    pricedAt: Number.NEGATIVE_INFINITY,
    chases: 0,
    replacements: 0,
    stepBack: 0,
    isMended: false,
    watch: {
      spreadBps: Number.POSITIVE_INFINITY,
      chaseFrom: Number.POSITIVE_INFINITY,
      chaseBeyond: Number.POSITIVE_INFINITY,
      chaseUntil: Number.POSITIVE_INFINITY,
    },
  };
}

export function unwatch({ watch }: EntryWork): void {
  watch.spreadBps = Number.POSITIVE_INFINITY;
  watch.chaseFrom = Number.POSITIVE_INFINITY;
}
