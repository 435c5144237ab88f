/**
 * Stops of a trade that is over, which were left to somebody's part of the position: until another one covers it, they may
 * be hit, and what they execute is ours to book (failure-catalogue F-27, I-08).
 */

import type { PositionReport } from "../domain/event.ts";
import { type AlgoReport, type AlgoStatus, type OrderReport, sign } from "../domain/order.ts";
import { type Micros, signedLots } from "../domain/units.ts";
import { isBuried, mayTrade, type Order, step } from "../execution/order.ts";
import { averageEntry, type Trade } from "../execution/trade.ts";

/** No trade leaves more of them; what is left at the next one pushes the oldest out. */
const stopsMax = 20;

/** One that no list names is asked about so often; it has ended by then, or is listed again. */
const asksMax = 5;

export class LeftStops {
  readonly #orders = new Map<string, Order>();
  /** average entry of what each was left to, fractional ticks; none where that is not known */
  readonly #entries = new Map<string, number>();
  /** a list that lags may name them still */
  readonly #over = new Set<string>();

  /** @param entryTicks average entry of the position as the exchange says, fractional ticks; 0 when not known */
  leave(trade: Trade, entryTicks: number): void {
    const left = [...trade.orders.values()].filter(mayTrade);
    const average = entryTicks > 0 ? entryTicks : (averageEntry(trade) ?? 0);
    for (const { id } of left) this.#entries.set(id, average);
    dropOldest(this.#entries);
    this.find(left);
  }

  /** The trade is over: those of its stops that have ended are in its books, and no list that lags brings one back (F-19). */
  close({ orders }: Trade): void {
    for (const order of orders.values())
      if (isStop(order) && !mayTrade(order) && !isBuried(order)) this.forget(order.id);
  }

  /** Left just now, or by an earlier run. */
  find(orders: readonly Order[]): void {
    for (const order of orders) {
      if (isStop(order) && !this.#over.has(order.id) && !this.#orders.has(order.id)) this.#orders.set(order.id, order);
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
  closedBy({ id, side }: Order, report: OrderReport | AlgoReport): Pick<PositionReport, "lots" | "entryTicks"> {
    const filled = report.kind === "order-report" ? report.filled : 0;
    return { lots: signedLots(-sign(side) * filled), entryTicks: this.#entries.get(id) ?? 0 };
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

function isStop({ role }: Order): boolean {
  return role === "f" || role === "r";
}

function hasEnded(status: AlgoStatus): boolean {
  return status === "CANCELED" || status === "EXPIRED" || status === "REJECTED";
}

function dropOldest(stops: Map<string, unknown> | Set<string>): void {
  for (const oldest of stops.keys()) {
    if (stops.size <= stopsMax) return;
    stops.delete(oldest);
  }
}
