/**
 * Stops of a trade that is over, which were left to somebody's part of the position: until another one covers it, they may
 * be hit, and what they execute is ours to book (failure-catalogue F-27, I-08).
 */

import type { PositionReport } from "../domain/event.ts";
import { type AlgoReport, type AlgoStatus, type OrderReport, sign } from "../domain/order.ts";
import { type Micros, signedLots } from "../domain/units.ts";
import { mayTrade, type Order, step } from "../execution/order.ts";
import { averageEntry, type Trade } from "../execution/trade.ts";

/** No trade leaves more of them; what is left at the next one pushes the oldest out. */
const stopsMax = 20;

/** One that no list names is asked about so often; it has ended by then, or is listed again. */
const asksMax = 5;

export class LeftStops {
  readonly #orders = new Map<string, Order>();
  /** a list that lags may name them still */
  readonly #over = new Set<string>();
  /** average entry of what they were left to last, fractional ticks; 0 when not known */
  #entryTicks = 0;

  /** @param entryTicks average entry of the position as the exchange says, fractional ticks; 0 when not known */
  leave(trade: Trade, entryTicks: number): void {
    this.#entryTicks = entryTicks > 0 ? entryTicks : (averageEntry(trade) ?? 0);
    this.find([...trade.orders.values()].filter(mayTrade));
  }

  /** Left just now, or by an earlier run. */
  find(orders: readonly Order[]): void {
    for (const order of orders) {
      const isStop = order.role === "f" || order.role === "r";
      if (isStop && !this.#over.has(order.id) && !this.#orders.has(order.id)) this.#orders.set(order.id, order);
    }
    dropOldest(this.#orders);
  }

  /** The one that the report is about, as it is when it was hit; null when it is none of them, or was not. */
  hit(report: OrderReport | AlgoReport, now: Micros): Order | null {
    const order = this.#orders.get(report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId);
    if (order === undefined) return null;
    if (report.kind === "order-report" || !hasEnded(report.status)) {
      const isResting = report.kind === "algo-report" && report.status === "NEW";
      return isResting ? null : step(order, { kind: "algo-reported", status: "TRIGGERED", childId: null }, now);
    }
    this.forget(order.id);
    return null;
  }

  /** The part that such a stop has closed, as far as it is told, where nothing is open any more. */
  closedBy({ side }: Order, report: OrderReport | AlgoReport): Pick<PositionReport, "lots" | "entryTicks"> {
    const filled = report.kind === "order-report" ? report.filled : 0;
    return { lots: signedLots(-sign(side) * filled), entryTicks: this.#entryTicks };
  }

  /** It has ended, or is the business of a trade. */
  forget(id: string): void {
    this.#orders.delete(id);
    this.#over.add(id);
    dropOldest(this.#over);
  }

  /** Those that a list of what is open does not name: each may have been hit without our hearing of it. */
  askAbout(listed: ReadonlySet<string>, now: Micros): readonly string[] {
    const unlisted = [...this.#orders.values()].filter(({ id, asks }) => !listed.has(id) && asks < asksMax);
    for (const order of unlisted) this.#orders.set(order.id, step(order, { kind: "asked" }, now));
    return unlisted.map(({ id }) => id);
  }
}

function hasEnded(status: AlgoStatus): boolean {
  return status === "CANCELED" || status === "EXPIRED" || status === "REJECTED";
}

function dropOldest(stops: Map<string, Order> | Set<string>): void {
  for (const oldest of stops.keys()) {
    if (stops.size <= stopsMax) return;
    stops.delete(oldest);
  }
}
