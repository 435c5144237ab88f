/** Rows of orders that an earlier run left open: they end by what the exchange says, and by nothing else. */

import { expect, test } from "vitest";
import type { AccountSnapshot, CoreEvent } from "../../src/domain/event.ts";
import type { AlgoReport, OrderReport } from "../../src/domain/order.ts";
import type { TradeId } from "../../src/domain/order-id.ts";
import type { OrderRow } from "../../src/domain/output.ts";
import { lots, micros, money, symbolIndex, ticks } from "../../src/domain/units.ts";
import { LeftOrders } from "../../src/host/left-orders.ts";

const symbol = symbolIndex(0);
const now = micros(2_000_000);

const target: OrderRow = {
  kind: "order",
  trade: "aaaaaaaa" as TradeId,
  symbol,
  clientOrderId: "sd-aaaaaaaa-t1_1-00",
  service: "order",
  role: "t1",
  side: "sell",
  quantity: lots(5),
  price: ticks(100),
  state: "live",
  filled: lots(0),
  venueId: "17",
  time: micros(1_000_000),
};
const stop: OrderRow = { ...target, clientOrderId: "sd-aaaaaaaa-f1-00", service: "algo", role: "f" };

const report: OrderReport = {
  kind: "order-report",
  symbol,
  clientOrderId: target.clientOrderId,
  orderId: "17",
  status: "CANCELED",
  side: "sell",
  type: "LIMIT",
  price: ticks(100),
  quantity: lots(5),
  filled: lots(2),
  reduceOnly: true,
  fill: null,
  time: micros(1_500_000),
  source: "stream",
};

const algo: AlgoReport = {
  kind: "algo-report",
  symbol,
  clientAlgoId: stop.clientOrderId,
  algoId: "18",
  status: "NEW",
  side: "sell",
  type: "STOP_MARKET",
  trigger: ticks(90),
  closePosition: true,
  quantity: null,
  childOrderId: null,
  failure: null,
  time: micros(1_500_000),
  source: "query",
};

const snapshot: AccountSnapshot = {
  kind: "account-snapshot",
  wallet: money(0n),
  available: money(0n),
  positions: [],
  orders: [],
  algos: [],
  foreign: [],
  requestedAt: micros(1_900_000),
  asOf: micros(1_900_000),
};

/** State and filled quantity of each row that follows from the events. */
function after(
  left: readonly OrderRow[],
  ...events: readonly CoreEvent[]
): readonly (readonly [string, string, number])[] {
  const written: OrderRow[] = [];
  const orders = new LeftOrders(left, (row) => written.push(row));
  for (const event of events) orders.observe(event, now);
  return written.map(({ clientOrderId, state, filled }) => [clientOrderId, state, filled]);
}

test("[REC-1] an order that is no longer open on the exchange has vanished, until it is told how it ended", () => {
  expect(after([target], snapshot, report)).toEqual([
    [target.clientOrderId, "vanished", 0],
    [target.clientOrderId, "cancelled", 2],
  ]);
});

test("[REC-1] an order that is still open on the exchange stays as it is", () => {
  const open = { ...snapshot, orders: [{ ...report, status: "NEW" as const, filled: lots(0) }], algos: [algo] };
  expect(after([target, stop], open)).toEqual([]);
});

test("[REC-1] the history of the exchange tells how an order ended", () => {
  const history = { kind: "history-report" as const, symbol, orders: [report], executions: [] };
  expect(after([target], history)).toEqual([[target.clientOrderId, "cancelled", 2]]);
});

test("[REC-1] a stop that triggered works until its child has ended, which has the same id", () => {
  const child = { ...report, clientOrderId: stop.clientOrderId, status: "FILLED" as const, filled: lots(5) };
  expect(after([stop], { ...algo, status: "FINISHED" }, { ...child, status: "NEW", filled: lots(0) }, child)).toEqual([
    [stop.clientOrderId, "triggered", 0],
    [stop.clientOrderId, "filled", 5],
  ]);
});

test.each([
  ["CANCELED", "cancelled"],
  ["EXPIRED", "expired"],
  ["REJECTED", "expired"],
] as const)("[REC-1] a conditional order that is %s is %s", (status, state) => {
  expect(after([stop], { ...algo, status })).toEqual([[stop.clientOrderId, state, 0]]);
});

test.each([
  ["FILLED", "filled"],
  ["EXPIRED", "expired"],
  ["EXPIRED_IN_MATCH", "expired"],
  ["REJECTED", "refused"],
] as const)("[REC-1] an order that is %s is %s", (status, state) => {
  expect(after([target], { ...report, status })).toEqual([[target.clientOrderId, state, 2]]);
});

test("[REC-1] orders that had ended before are left alone", () => {
  expect(after([{ ...target, state: "filled" }], snapshot, report)).toEqual([]);
});

test("[REC-1] an order of which this run has a word of its own is left to it", () => {
  const written: OrderRow[] = [];
  const orders = new LeftOrders([target], (row) => written.push(row));
  orders.onRow({ ...target, state: "unknown" });
  orders.observe(snapshot, now);
  expect(written).toEqual([]);
});
