/**
 * Whether somebody else sends orders with our prefix: a second daemon on the account. What an earlier run sent may still
 * arrive for a while, and what it had begun is known; a new order that is neither was sent by another one
 * (failure-catalogue F-59, I-12).
 */

import type { Settings } from "../config/schema.ts";
import type { AlgoReport, OrderReport } from "../domain/order.ts";
import { type OrderIdParts, stopPathTrade, type TradeId } from "../domain/order-id.ts";
import { type Micros, microsFromSeconds } from "../domain/units.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

/** Trades of earlier runs and adopted ones that are known; the oldest make room. */
const knownMax = 10_000;

export class OwnerWatch {
  readonly #settings: () => Settings;
  readonly #known = new Set<TradeId>();

  constructor(settings: () => Settings) {
    this.#settings = settings;
  }

  /** A trade of ours that no decision of this run began. */
  know(trade: TradeId): void {
    this.#known.add(trade);
    if (this.#known.size <= knownMax) return;
    const [oldest] = this.#known;
    if (oldest !== undefined) this.#known.delete(oldest);
  }

  /**
   * @param recoveredAt when the account was first read; infinite before
   * @returns whether only another daemon can have sent it
   */
  isOthers(
    desk: SymbolDesk,
    { trade, role }: OrderIdParts,
    report: OrderReport | AlgoReport,
    recoveredAt: number,
    now: Micros,
  ): boolean {
    if (report.source !== "stream" || report.status !== "NEW") return false;
    // Proofs of the stop path are the adapter's: it knows its own.
    if (trade === stopPathTrade(desk.instrument.symbol)) return false;
    const running = desk.manager.trade;
    if (running?.plan.trade === trade) return !running.adopted && !running.orders.has(idOf(report));
    // Children of conditional orders are reported as normal ones, under the id of their parent.
    if (role !== "e" && report.kind === "order-report") return false;
    if (desk.hasBegun(trade) || this.#known.has(trade)) return false;
    return now > recoveredAt + microsFromSeconds(this.#settings().protection.absence_proof_seconds);
  }
}

function idOf(report: OrderReport | AlgoReport): string {
  return report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId;
}
