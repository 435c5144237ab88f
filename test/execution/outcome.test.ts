/** What the answers to requests about an order mean for it. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { Command } from "../../src/domain/output.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import type { Order } from "../../src/execution/order.ts";
import { clientIdOf, settleOutcome } from "../../src/execution/outcome.ts";
import { after, instrument } from "../support/core.ts";
import { Bench, idOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");

const onOrder = { symbol: instrument.index, clientOrderId: e1 };
const onAlgo = { symbol: instrument.index, clientAlgoId: f1 };

test.each<readonly [Command, string | null]>([
  [{ kind: "cancel-order", ...onOrder }, e1],
  [{ kind: "query-order", ...onOrder }, e1],
  [{ kind: "query-fills", ...onOrder, orderId: "1" }, e1],
  [{ kind: "amend-order", ...onOrder, side: "buy", quantity: lots(1), price: ticks(1) }, e1],
  [{ kind: "cancel-algo", ...onAlgo }, f1],
  [{ kind: "query-algo", ...onAlgo }, f1],
  [{ kind: "query-account" }, null],
  [{ kind: "query-history", symbol: instrument.index }, null],
])("[IDM-2] %j is about %s", (command, id) => {
  expect(clientIdOf(command)).toBe(id);
});

/** A live entry, after an answer to a command about it. */
function answered(command: Command, outcome: Parameters<typeof settleOutcome>[4]): Order {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  const order = present(bench.trade.orders.get(e1), "entry");
  settleOutcome(bench.desk, bench.trade, order, command, outcome, after(1));
  return present(bench.trade.orders.get(e1), "entry");
}

const no = (code: number) => ({ kind: "refused", code, message: "no" }) as const;

test.each<readonly [Command, Parameters<typeof settleOutcome>[4], number]>([
  [{ kind: "query-order", ...onOrder }, no(-2013), 1],
  [{ kind: "query-order", ...onOrder }, no(-1003), 0],
  [{ kind: "query-order", ...onOrder }, { kind: "unknown", cause: "lost" }, 0],
  [{ kind: "query-order", ...onOrder }, { kind: "ok" }, 0],
  [{ kind: "query-algo", ...onAlgo }, no(-2013), 1],
  [{ kind: "query-fills", ...onOrder, orderId: "1" }, no(-2013), 0],
  [{ kind: "query-account" }, no(-2013), 0],
])("[F-19] after %j was answered with %j, %i look-ups have found nothing", (command, outcome, misses) => {
  expect(answered(command, outcome)).toMatchObject({ misses, status: { kind: "live" } });
});

test("[F-03] a cancel that was done leaves the order's end to its report", () => {
  expect(answered({ kind: "cancel-order", ...onOrder }, { kind: "ok" }).status.kind).toBe("live");
});
