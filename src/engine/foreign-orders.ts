/** Open orders that are not ours: told once, and left alone or cancelled as configured (requirements REC-1). */

import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot } from "../domain/event.ts";
import type { AlgoReport, OrderReport } from "../domain/order.ts";
import { parseOrderId } from "../domain/order-id.ts";
import type { Output } from "../domain/output.ts";

export class ForeignOrders {
  readonly #settings: () => Settings;
  readonly #emit: (output: Output) => void;
  /** those that the last read has shown; no more than may be open at once */
  #told: ReadonlySet<string> = new Set();

  constructor(settings: () => Settings, emit: (output: Output) => void) {
    this.#settings = settings;
    this.#emit = emit;
  }

  /** @returns how many there are, on all symbols */
  look(snapshot: AccountSnapshot): number {
    const foreign = [...snapshot.orders, ...snapshot.algos].filter((report) => this.#isForeign(report));
    const names = new Set([...snapshot.foreign, ...foreign.map(idOf)]);
    for (const item of snapshot.foreign) {
      if (this.#told.has(item)) continue;
      this.#emit({ kind: "notice", level: "warn", code: "FOREIGN", symbol: null, fields: { item } });
    }
    for (const report of foreign) this.#treat(report);
    this.#told = names;
    return snapshot.foreign.length + foreign.length;
  }

  #treat(report: OrderReport | AlgoReport): void {
    const { symbol } = report;
    const order = idOf(report);
    const cancels = this.#settings().reconcile.foreign_orders === "cancel";
    if (!this.#told.has(order)) {
      const fields = { order, action: cancels ? "cancelled" : "left alone" };
      this.#emit({ kind: "notice", level: "warn", code: "FOREIGN_ORDER", symbol, fields });
    }
    if (!cancels) return;
    if (report.kind === "order-report") this.#emit({ kind: "cancel-order", symbol, clientOrderId: order });
    else this.#emit({ kind: "cancel-algo", symbol, clientAlgoId: order });
  }

  #isForeign(report: OrderReport | AlgoReport): boolean {
    return parseOrderId(idOf(report), this.#settings().order_id_prefix) === null;
  }
}

function idOf(report: OrderReport | AlgoReport): string {
  return report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId;
}
