/** What every part of the judge looks at: the truth, the daemon's visible state, and what excuses it for a while. */

import type { OpenTrade } from "../../domain/journal.ts";
import type { Grid, Truth } from "./truth.ts";

export type Violation = { readonly invariant: string; readonly at: number; readonly detail: string };

/** More would only repeat the first. */
const violationsMax = 20;

export class Scene {
  readonly truth: Truth;
  readonly grids: readonly Grid[];
  readonly violations: Violation[] = [];
  readonly #origin: number;
  readonly #onViolation: (violation: Violation) => void;
  now = 0;
  isUp = false;
  /** has read account and journal since its start; since when */
  readySince: number | null = null;
  /** until when anything at all is wrong */
  troubledUntil = 0;
  /** until when something stands between the daemon and its protection of a symbol */
  readonly wayTroubledUntil: number[];
  /** until when reads of the account may fail, or tell what was so a while ago */
  readsLagUntil = 0;
  /** one way, microseconds, as it is now */
  latency = 0;
  /** what a fault adds to one way, microseconds */
  slowedBy = 0;
  /** names cannot be resolved: no connection begins, and nothing is asked by REST */
  isNameless = false;
  isPrivateOpen = false;
  /** how far the exchange's own clock is behind the truth, or was when the daemon last asked for it; microseconds */
  gateBehind = 0;
  /** since when it tells the truth */
  gateTrueSince = 0;
  /** the process stands still */
  isStill = false;
  /** somebody else has traded or cancelled on the symbol; when last */
  readonly touchedAt: number[];
  /** an order that is not ours was executed; when last */
  readonly othersFilledAt: number[];
  /** of what is open somebody else has opened a part, and the operator wants such positions left alone */
  readonly isLeftAlone: boolean[];

  constructor(truth: Truth, grids: readonly Grid[], origin: number, onViolation: (violation: Violation) => void) {
    this.#onViolation = onViolation;
    this.truth = truth;
    this.grids = grids;
    this.#origin = origin;
    this.wayTroubledUntil = grids.map(() => 0);
    this.touchedAt = grids.map(() => 0);
    this.othersFilledAt = grids.map(() => Number.NEGATIVE_INFINITY);
    this.isLeftAlone = grids.map(() => false);
  }

  /** Whether something stands between the daemon and all of its requests: it may have to wait before it sends one. */
  get isSilenced(): boolean {
    return this.wayTroubledUntil.every((until) => until > this.now);
  }

  /** How long nothing at all has been wrong; negative while something is. */
  get quietFor(): number {
    return this.now - Math.max(this.troubledUntil, this.readySince ?? this.now);
  }

  /** Microseconds since the world began. */
  get sinceOrigin(): number {
    return this.now - this.#origin;
  }

  violated(invariant: string, detail: string): void {
    if (this.violations.length >= violationsMax) return;
    const violation = { invariant, at: this.sinceOrigin, detail };
    this.violations.push(violation);
    this.#onViolation(violation);
  }
}

/** What the journal held when a process began. */
export type Beginning = {
  readonly openTrades: readonly OpenTrade[];
  readonly fills: ReadonlySet<string>;
  /** why an earlier run was in SAFE MODE, and so is this one; null or left out: it was not */
  readonly safeModeOf?: string | null;
};
