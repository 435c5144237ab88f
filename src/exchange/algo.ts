/** Conditional orders: the algo service's own table, and the prices at which something in it triggers. */

import type { Side } from "./orders.ts";

export type AlgoType = "STOP_MARKET" | "TAKE_PROFIT_MARKET";
export type WorkingType = "CONTRACT_PRICE" | "MARK_PRICE";
export type AlgoStatus = "NEW" | "CANCELED" | "TRIGGERING" | "TRIGGERED" | "FINISHED" | "REJECTED" | "EXPIRED";

/** Mutable: the exchange is its one owner. Trigger in ticks, quantity in lots, times in milliseconds. */
export type AlgoOrder = {
  readonly id: bigint;
  readonly clientId: string;
  readonly symbol: number;
  readonly side: Side;
  readonly type: AlgoType;
  readonly timeInForce: string;
  /** 0 with closePosition */
  readonly lots: number;
  readonly trigger: number;
  readonly workingType: WorkingType;
  readonly closePosition: boolean;
  readonly reduceOnly: boolean;
  readonly priceProtect: boolean;
  readonly createdAt: number;
  status: AlgoStatus;
  /** its level was met while there was no book to trade against: it is hit as soon as there is one */
  isMet: boolean;
  updatedAt: number;
  triggeredAt: number;
  childId: bigint | null;
  /** `rm`: why the matching engine refused the child */
  reason: string;
};

/** Open conditional orders over all symbols. @see binance-usdm.md §2.1 */
export const openAlgosMax = 200;
/** Finished ones that are remembered. */
export const closedAlgosMax = 10_000;

/** Whether the algo waits for the price to rise to its trigger; else it waits for a fall. */
function triggersUpwards(algo: Pick<AlgoOrder, "type" | "side">): boolean {
  return (algo.type === "STOP_MARKET") === (algo.side === "BUY");
}

/** `price` and `trigger` in the same unit. @see binance-usdm.md §2.5 */
export function isTriggered(algo: Pick<AlgoOrder, "type" | "side">, price: number, trigger: number): boolean {
  return triggersUpwards(algo) ? price >= trigger : price <= trigger;
}

export class AlgoTable {
  readonly #byId = new Map<bigint, AlgoOrder>();
  readonly #openByClientId = new Map<string, AlgoOrder>();
  readonly #lastByClientId = new Map<string, AlgoOrder>();
  readonly #closed: AlgoOrder[] = [];

  add(algo: AlgoOrder): void {
    this.#byId.set(algo.id, algo);
    this.#lastByClientId.set(algo.clientId, algo);
    if (algo.status === "NEW") this.#openByClientId.set(algo.clientId, algo);
    else this.#remember(algo);
  }

  /** Files an algo that no longer waits for its trigger. */
  close(algo: AlgoOrder): void {
    this.#openByClientId.delete(algo.clientId);
    this.#remember(algo);
  }

  byId(id: bigint): AlgoOrder | null {
    return this.#byId.get(id) ?? null;
  }

  openByClientId(clientId: string): AlgoOrder | null {
    return this.#openByClientId.get(clientId) ?? null;
  }

  byClientId(clientId: string): AlgoOrder | null {
    return this.openByClientId(clientId) ?? this.#lastByClientId.get(clientId) ?? null;
  }

  /** Waiting ones, oldest first. */
  open(): Iterable<AlgoOrder> {
    return this.#openByClientId.values();
  }

  openOf(symbol: number): AlgoOrder[] {
    return [...this.open()].filter((algo) => algo.symbol === symbol);
  }

  all(): Iterable<AlgoOrder> {
    return this.#byId.values();
  }

  get openCount(): number {
    return this.#openByClientId.size;
  }

  #remember(algo: AlgoOrder): void {
    this.#closed.push(algo);
    if (this.#closed.length < 2 * closedAlgosMax) return;
    for (const old of this.#closed.splice(0, closedAlgosMax)) {
      this.#byId.delete(old.id);
      if (this.#lastByClientId.get(old.clientId) === old) this.#lastByClientId.delete(old.clientId);
    }
  }
}

/** The nearest triggers of one symbol, so that a market event compares two numbers. Ticks, and 10⁻⁸ for the mark price. */
export class Triggers {
  contractUp = Number.POSITIVE_INFINITY;
  contractDown = Number.NEGATIVE_INFINITY;
  markUp = Number.POSITIVE_INFINITY;
  markDown = Number.NEGATIVE_INFINITY;

  refresh(algos: Iterable<AlgoOrder>, tickE8: number): void {
    this.contractUp = Number.POSITIVE_INFINITY;
    this.contractDown = Number.NEGATIVE_INFINITY;
    this.markUp = Number.POSITIVE_INFINITY;
    this.markDown = Number.NEGATIVE_INFINITY;
    for (const algo of algos) {
      const upwards = triggersUpwards(algo);
      if (algo.workingType === "CONTRACT_PRICE") {
        if (upwards) this.contractUp = Math.min(this.contractUp, algo.trigger);
        else this.contractDown = Math.max(this.contractDown, algo.trigger);
      } else if (upwards) this.markUp = Math.min(this.markUp, algo.trigger * tickE8);
      else this.markDown = Math.max(this.markDown, algo.trigger * tickE8);
    }
  }
}
