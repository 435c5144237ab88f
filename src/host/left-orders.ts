/**
 * Orders that an earlier run left open in the journal. No trade of this run may watch them: the position closed while
 * nobody looked, or the order belongs to none and is swept up. Their rows, too, end when the exchange says so.
 */

import type { CoreEvent } from "../domain/event.ts";
import type { AlgoStatus, OrderStatus } from "../domain/order.ts";
import type { OrderRow } from "../domain/output.ts";
import { type Lots, lots, type Micros } from "../domain/units.ts";
import type { CloseReason, Status } from "../execution/order.ts";

type State = Exclude<Status["kind"], "closed"> | CloseReason;

const ends: ReadonlySet<string> = new Set<CloseReason>([
  "filled",
  "cancelled",
  "expired",
  "refused",
  "not-accepted",
  "vanished",
]);

export class LeftOrders {
  readonly #rows: Map<string, OrderRow>;
  readonly #write: (row: OrderRow) => void;

  /** @param journalled last known state of orders; those that have ended are left aside */
  constructor(journalled: readonly OrderRow[], write: (row: OrderRow) => void) {
    this.#rows = new Map(journalled.filter(({ state }) => !ends.has(state)).map((row) => [row.clientOrderId, row]));
    this.#write = write;
  }

  /** The run has a word of its own about an order: from then on it is no longer ours to speak of. */
  onRow({ clientOrderId }: OrderRow): void {
    this.#rows.delete(clientOrderId);
  }

  observe(event: CoreEvent, now: Micros): void {
    if (this.#rows.size === 0) return;
    switch (event.kind) {
      case "order-report":
        return this.#learn(event.clientOrderId, (row) => stateOf(event.status, row), event.filled, event.time);
      case "history-report":
        for (const report of event.orders) this.observe(report, now);
        return;
      case "algo-report":
        return this.#learn(event.clientAlgoId, () => algoStateOf(event.status), null, event.time);
      case "account-snapshot": {
        const open = new Set([
          ...event.orders.map(({ clientOrderId }) => clientOrderId),
          ...event.algos.map(({ clientAlgoId }) => clientAlgoId),
        ]);
        // It may still surface, or be told of; how it ended is then said.
        for (const id of this.#rows.keys()) if (!open.has(id)) this.#learn(id, () => "vanished", null, now);
        return;
      }
      default:
        return;
    }
  }

  #learn(id: string, stateFor: (row: OrderRow) => State, filled: Lots | null, time: Micros): void {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    const state = stateFor(row);
    const most = lots(Math.max(row.filled, filled ?? 0));
    if (state === row.state && most === row.filled) return;
    const next = { ...row, state, filled: most, time };
    this.#rows.set(id, next);
    this.#write(next);
  }
}

function stateOf(status: OrderStatus, { service }: OrderRow): State {
  switch (status) {
    case "NEW":
    case "PARTIALLY_FILLED":
      return service === "algo" ? "triggered" : "live";
    case "FILLED":
      return "filled";
    case "CANCELED":
      return "cancelled";
    case "EXPIRED":
    case "EXPIRED_IN_MATCH":
      return "expired";
    case "REJECTED":
      return "refused";
    default:
      throw new TypeError(`unhandled order status ${status satisfies never}`);
  }
}

function algoStateOf(status: AlgoStatus): State {
  switch (status) {
    case "NEW":
      return "live";
    case "TRIGGERING":
    case "TRIGGERED":
    case "FINISHED":
      // What became of its child is told of the child, which has the same id.
      return "triggered";
    case "CANCELED":
      return "cancelled";
    case "REJECTED":
    case "EXPIRED":
      return "expired";
    default:
      throw new TypeError(`unhandled algo status ${status satisfies never}`);
  }
}
