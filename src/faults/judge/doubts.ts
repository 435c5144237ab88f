/**
 * I-05: what is unknown ends. Only time counts in which the daemon could ask: it runs, has read its account, nothing
 * stands between it and the orders of the symbol, names are resolved, and the network is not so slow that no answer comes
 * in time.
 */

import type { OrderRow } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";

/** @see failure-catalogue I-05: 30 s; post-only and not-found up to 90 s of reachable time */
const foundMax = 30_000_000;
const notFoundMax = 90_000_000;
/** More between two looks is a time that nobody has looked at. */
const lookMax = 2_000_000;

type Doubt = {
  readonly symbol: number;
  /** may be post-only */
  readonly isEntry: boolean;
  readonly since: number;
  lookedAt: number;
  /** microseconds in which the daemon could ask */
  reachable: number;
  /** a look-up was answered that there is no such order */
  isNotFound: boolean;
};

/** An order of which the daemon itself says that it does not know its fate. */
export type OpenDoubt = {
  readonly id: string;
  readonly symbol: number;
  /** for how long, microseconds */
  readonly age: number;
};

export class Doubts {
  /** reachable microseconds of each order whose fate was unknown and then told */
  readonly settled: number[] = [];
  readonly #scene: Scene;
  readonly #open = new Map<string, Doubt>();
  readonly #replyTimeout: number;

  /** @param replyTimeout a request is given up after this; microseconds */
  constructor(scene: Scene, replyTimeout: number) {
    this.#scene = scene;
    this.#replyTimeout = replyTimeout;
  }

  onBegin(): void {
    this.#open.clear();
  }

  onRow({ clientOrderId: id, symbol, role, state }: OrderRow): void {
    const doubt = this.#open.get(id);
    const { now } = this.#scene;
    if (state !== "unknown") {
      if (doubt !== undefined) this.settled.push(this.#count(doubt));
      this.#open.delete(id);
    } else if (doubt === undefined) {
      const isEntry = role === "e";
      this.#open.set(id, { symbol, isEntry, since: now, lookedAt: now, reachable: 0, isNotFound: false });
    }
  }

  onReply({ name, clientId }: Call, text: string | null): void {
    const doubt = this.#open.get(clientId ?? "");
    if (doubt !== undefined && name.startsWith("query") && text?.includes("-2013") === true) doubt.isNotFound = true;
  }

  onSecond(): void {
    for (const [id, doubt] of this.#open) {
      if (this.#count(doubt) <= limitOf(doubt)) continue;
      const { now } = this.#scene;
      const could = `in ${doubt.reachable} µs of which it could be asked about`;
      this.#scene.violated("I-05", `${id} has been unknown for ${now - doubt.since} µs, ${could}`);
      this.#open.delete(id);
    }
  }

  /** Rows may have been lost, and an order may be in doubt without any: in the end the daemon's own word counts. */
  audit(doubts: readonly OpenDoubt[]): void {
    const { now, truth, readySince, wayTroubledUntil } = this.#scene;
    for (const { id, symbol, age } of doubts) {
      const reachableSince = Math.max(readySince ?? now, wayTroubledUntil[symbol] ?? 0);
      const limit = truth.orders.has(id) || truth.algos.has(id) ? foundMax : notFoundMax;
      if (Math.min(age, now - reachableSince) <= limit) continue;
      this.#scene.violated("I-05", `${id} is unknown after everything was healed, for ${age} µs`);
    }
  }

  #count(doubt: Doubt): number {
    const { now, isUp, readySince, isStill, isNameless, latency, wayTroubledUntil } = this.#scene;
    const isOpen = !isNameless && (wayTroubledUntil[doubt.symbol] ?? 0) <= now;
    const isAnswered = isOpen && 2 * latency < this.#replyTimeout;
    const isReachable = isUp && readySince !== null && !isStill && isAnswered;
    if (isReachable) doubt.reachable += Math.min(now - doubt.lookedAt, lookMax);
    doubt.lookedAt = now;
    return doubt.reachable;
  }
}

function limitOf({ isEntry, isNotFound }: Doubt): number {
  return isEntry || isNotFound ? notFoundMax : foundMax;
}
