/**
 * I-13: no entry leaves once the settings' loss of the day is reached. Counted by the exchange's wallet, from one moment
 * without a position to another, so that nothing hangs on what an open one is worth. Nobody moves money in or out of an
 * account in these worlds.
 */

import type { UserEvent } from "../../exchange/protocol.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import { walletIn } from "./truth.ts";

export type DayLossTerms = {
  /** quote asset; infinite: there is no such limit */
  readonly dayLossMax: number;
  /** what the account begins with, quote asset */
  readonly wallet: number;
  /** an account that was told longer ago holds entries back; microseconds */
  readonly accountAge: number;
};

/** The daemon counts in floating point; quote asset. */
const slack = 0.01;
/** For the last read that was young enough to be on its way. */
const margin = 10_000_000;
const day = 86_400_000_000;
/** The day is that of the machine's own clock. */
const aroundMidnight = 60_000_000;

export class DayLoss {
  readonly #scene: Scene;
  readonly #terms: DayLossTerms;
  #wallet: number;
  /** what the loss counts from; null: it is not judged before the next day or resume */
  #base: number | null = null;
  /** it counts from the next time at which the daemon knows the account */
  #beginsAnew = true;
  #day = 0;
  /** since when too much is lost, the daemon could know, and nothing is open */
  #lostSince: number | null = null;
  #isReached = false;

  constructor(scene: Scene, terms: DayLossTerms) {
    this.#scene = scene;
    this.#terms = terms;
    this.#wallet = terms.wallet;
  }

  /** A journal that was lost has taken along what the loss counts from. */
  onBegin({ fills }: Beginning): void {
    if (fills.size === 0) this.onResume();
  }

  /** Limits count from now. */
  onResume(): void {
    this.#base = null;
    this.#beginsAnew = true;
    this.#lostSince = null;
    this.#isReached = false;
  }

  onHappened(event: UserEvent): void {
    this.#wallet = walletIn(event) ?? this.#wallet;
  }

  onSent({ name }: Call): void {
    const { now } = this.#scene;
    const isNearMidnight = Math.abs(((now + day / 2) % day) - day / 2) < aroundMidnight;
    if (!this.#isReached || name !== "place e" || isNearMidnight) return;
    this.#scene.violated(
      "I-13",
      `an entry leaves after ${this.#lost()} of the day are lost, at most ${this.#terms.dayLossMax}`,
    );
  }

  onSecond(): void {
    const { now, readySince, truth, grids } = this.#scene;
    const today = Math.floor(now / day);
    if (today !== this.#day) this.onResume();
    this.#day = today;
    const isFlat = grids.every((_, symbol) => truth.position(symbol) === 0);
    if (readySince !== null && this.#beginsAnew) {
      this.#beginsAnew = false;
      if (isFlat) this.#base = this.#wallet;
    }
    const isLost = isFlat && readySince !== null && this.#lost() >= this.#terms.dayLossMax + slack;
    this.#lostSince = isLost ? (this.#lostSince ?? now) : null;
    if (this.#lostSince !== null && now >= this.#lostSince + this.#terms.accountAge + margin) this.#isReached = true;
  }

  #lost(): number {
    return this.#base === null ? 0 : this.#base - this.#wallet;
  }
}
