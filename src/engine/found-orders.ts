/** Orders of ours that a read of the account shows, told by their ids (design.md, Identity of orders). */

import type { Settings } from "../config/schema.ts";
import type { AccountSnapshot } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { AlgoReport, OrderReport } from "../domain/order.ts";
import { type OrderIdParts, parseOrderId } from "../domain/order-id.ts";
import type { Command } from "../domain/output.ts";
import { type Micros, minus, plus } from "../domain/units.ts";
import { type Order, sentOrder, step } from "../execution/order.ts";

export type Found = {
  readonly parts: OrderIdParts;
  readonly report: OrderReport | AlgoReport;
  /** when its report is of, by our own clock, as is the time of what we send (failure-catalogue F-26) */
  readonly sentAt: Micros;
};

export function oursOf(instrument: Instrument, settings: Settings, snapshot: AccountSnapshot): readonly Found[] {
  const ahead = minus(snapshot.requestedAt, snapshot.asOf);
  return [...snapshot.orders, ...snapshot.algos].flatMap((report) => {
    if (report.symbol !== instrument.index) return [];
    const parts = parseOrderId(idOf(report), settings.order_id_prefix);
    return parts === null ? [] : [{ parts, report, sentAt: plus(report.time, ahead) }];
  });
}

export function orderFrom({ parts, report, sentAt }: Found, now: Micros): Order {
  const order = sentOrder(
    {
      id: idOf(report),
      role: parts.role,
      attempt: parts.attempt,
      service: report.kind === "order-report" ? "order" : "algo",
      side: report.side,
      quantity: report.quantity,
      price: report.kind === "order-report" ? report.price : report.trigger,
    },
    sentAt,
  );
  const accepted = step(order, { kind: "accepted" }, now);
  if (report.kind === "order-report") {
    const { status, filled, orderId: venueId } = report;
    return step(accepted, { kind: "reported", status, filled, venueId }, now);
  }
  const { status, childOrderId: childId, algoId } = report;
  return step(accepted, { kind: "algo-reported", status, childId, algoId }, now);
}

function idOf(report: OrderReport | AlgoReport): string {
  return report.kind === "order-report" ? report.clientOrderId : report.clientAlgoId;
}

export function cancelOf({ report }: Found): Command {
  return report.kind === "order-report"
    ? { kind: "cancel-order", symbol: report.symbol, clientOrderId: report.clientOrderId }
    : { kind: "cancel-algo", symbol: report.symbol, clientAlgoId: report.clientAlgoId };
}
