/** What the answers to our requests mean for the order that they are about. */

import { meaningOf, noticeLevelOf, type RequestKind, treatmentOf } from "../domain/error-policy.ts";
import type { Outcome } from "../domain/event.ts";
import type { Command } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import { type Desk, update } from "./desk.ts";
import { settleAmendment } from "./entry.ts";
import { onExitClosed } from "./exit.ts";
import type { Order, OrderEvent } from "./order.ts";
import type { Trade } from "./trade.ts";

export function settleOutcome(
  desk: Desk,
  trade: Trade,
  order: Order,
  command: Command,
  outcome: Outcome,
  now: Micros,
): void {
  switch (command.kind) {
    case "place-order":
    case "place-algo":
      return settlePlacement(desk, trade, order, outcome, now);
    case "amend-order":
      return settleAmendment(desk, trade, order, command, outcome, now);
    case "cancel-order":
      if (outcome.kind !== "ok") update(desk, trade, order, { kind: "cancel-failed" }, now);
      return;
    case "cancel-algo":
      update(desk, trade, order, outcome.kind === "ok" ? cancelledAlgo : { kind: "cancel-failed" }, now);
      return;
    case "query-order":
    case "query-algo":
      if (outcome.kind === "refused" && meaningOf(outcome.code) === "absent") missed(desk, trade, order, now);
      else if (outcome.kind === "unknown") update(desk, trade, order, { kind: "unheard" }, now);
      return;
    case "query-fills":
    case "query-account":
    case "query-history":
    case "query-income":
      return;
    default:
      throw new TypeError(`unhandled command ${command satisfies never}`);
  }
}

/** What a change of an order sets off beyond the order itself. */
export function afterChange(desk: Desk, trade: Trade, before: Order, after: Order, now: Micros): void {
  if (before.status.kind !== "closed" && after.status.kind === "closed") onExitClosed(desk, trade, after, now);
}

/** The order that a command is about, by its client id. */
export function clientIdOf(command: Command): string | null {
  switch (command.kind) {
    case "place-order":
    case "amend-order":
    case "cancel-order":
    case "query-order":
    case "query-fills":
      return command.clientOrderId;
    case "place-algo":
    case "cancel-algo":
    case "query-algo":
      return command.clientAlgoId;
    case "query-account":
    case "query-history":
    case "query-income":
      return null;
    default:
      throw new TypeError(`unhandled command ${command satisfies never}`);
  }
}

function settlePlacement(desk: Desk, trade: Trade, order: Order, outcome: Outcome, now: Micros): void {
  switch (outcome.kind) {
    case "ok":
      update(desk, trade, order, { kind: "accepted" }, now);
      return;
    case "unknown":
      update(desk, trade, order, { kind: "lost" }, now);
      return;
    case "refused": {
      const kind = kindOf(order);
      // Evidence of life is no refusal, however it is told (failure-catalogue F-09).
      const isLost = treatmentOf(outcome.code, kind) === "look-up";
      const event = isLost ? { kind: "lost" as const } : refusalOf(outcome);
      afterChange(desk, trade, order, update(desk, trade, order, event, now), now);
      const level = noticeLevelOf(outcome.code, kind);
      desk.emit({
        kind: "notice",
        level,
        code: level === "info" ? "ORDER_NOT_TAKEN" : "ORDER_REFUSED",
        symbol: desk.instrument.index,
        fields: { order: order.id, refusal: outcome.code, message: outcome.message },
      });
      return;
    }
    default:
      throw new TypeError(`unhandled outcome ${outcome satisfies never}`);
  }
}

function refusalOf({ code, until }: Extract<Outcome, { kind: "refused" }>): OrderEvent {
  return until === undefined ? { kind: "refused", code } : { kind: "refused", code, until };
}

function kindOf({ service, role }: Order): RequestKind {
  if (service === "algo") return "algo";
  return role === "e" ? "entry" : "exit";
}

function missed(desk: Desk, trade: Trade, order: Order, now: Micros): void {
  const unknown = update(desk, trade, order, { kind: "cancel-failed" }, now);
  update(desk, trade, unknown, { kind: "missed" }, now);
}

const cancelledAlgo = { kind: "algo-reported", status: "CANCELED", childId: null } as const;
