/** Requests for ordinary orders. @see binance-usdm.md §3 */

import { z } from "zod";
import type { Desk } from "./desk.ts";
import { isRefusal, type Refusal, refusal, refusalReply } from "./errors.ts";
import { minNotional, percentPrice, refusalOfMore, refusalOfOrder, refusalOfPlacement } from "./filters.ts";
import { cancel, execute, type NewOrder, place, refusalByBook, report } from "./matching.ts";
import { isOpen, type Order, type TimeInForce } from "./orders.ts";
import {
  booleanParam,
  clientIdParam,
  deskParam,
  desksParam,
  idParam,
  optional,
  type Params,
  positionSideRefusal,
  priceParam,
  quantityParam,
  required,
  sideParam,
  wholeParam,
  wordParam,
} from "./parameters.ts";
import type { ExchangeState } from "./state.ts";
import { modifyAck, orderAck, orderRow, type Row, tradeRow } from "./wire-shapes.ts";

type Answer = unknown | Refusal;

const conditionalTypes = ["STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"];
const timesInForce = ["GTC", "IOC", "FOK", "GTX"] as const;
const batchMax = 5;
const cancelBatchMax = 10;
/** "Less than 10000": the ten-thousandth is refused. */
const modificationsMax = 9_999;

export const cancelledAll = { code: 200, msg: "The operation of cancel all open order is done." };

export function postOrder(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const wanted = newOrder(desk, params);
  if (isRefusal(wanted)) return wanted;
  const response = wordParam(params, "newOrderRespType", ["ACK", "RESULT"], "ACK", -1136);
  if (isRefusal(response)) return response;
  const refused = refusalOfPlacement(state, desk, wanted.reduceOnly) ?? refusalOfOrder(state, desk, wanted);
  if (refused !== null) return refused;
  const order = place(state, wanted);
  const immediate = order.type === "MARKET" || order.timeInForce === "IOC" || order.timeInForce === "FOK";
  return orderAck(desk, order, response === "ACK" || !immediate);
}

/** Validates, matches nothing. */
export function postOrderTest(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const wanted = newOrder(desk, params);
  return isRefusal(wanted) ? wanted : (refusalOfOrder(state, desk, wanted) ?? {});
}

export function deleteOrder(state: ExchangeState, params: Params): Answer {
  const found = findOrder(state, params, -2011);
  if (isRefusal(found)) return found;
  const { desk, order } = found;
  if (!isOpen(order)) return refusal(-2011);
  cancel(state, order);
  return orderAck(desk, order);
}

export function getOrder(state: ExchangeState, params: Params): Answer {
  const found = findOrder(state, params, -2013);
  return isRefusal(found) ? found : orderRow(found.desk, found.order);
}

export function getOpenOrder(state: ExchangeState, params: Params): Answer {
  const found = findOrder(state, params, -2013);
  if (isRefusal(found)) return found;
  return isOpen(found.order) ? orderRow(found.desk, found.order) : refusal(-2013);
}

export function deleteAllOpenOrders(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  for (const order of [...desk.bids.orders, ...desk.asks.orders]) cancel(state, order);
  return cancelledAll;
}

export function getOpenOrders(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  const rows: Row[] = [];
  for (const order of state.orders.open()) {
    const desk = desks.find((candidate) => candidate.index === order.symbol);
    if (desk !== undefined) rows.push(orderRow(desk, order));
  }
  return rows;
}

export function getAllOrders(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  const from = idParam(params, "orderId");
  const window = windowParams(params);
  if (isRefusal(desks)) return desks;
  if (isRefusal(from)) return from;
  if (isRefusal(window)) return window;
  const rows = [...state.orders.all()].filter(
    (order) =>
      desks.some((desk) => desk.index === order.symbol) &&
      (from === null || order.id >= from) &&
      order.createdAt >= window.start &&
      order.createdAt <= window.end,
  );
  return page(rows, window, from !== null).map((order) => orderRow(state.desk(order.symbol), order));
}

export function getUserTrades(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  const orderId = idParam(params, "orderId");
  const from = idParam(params, "fromId");
  const window = windowParams(params);
  if (isRefusal(desk)) return desk;
  if (isRefusal(orderId)) return orderId;
  if (isRefusal(from)) return from;
  if (isRefusal(window)) return window;
  if (from !== null && (optional(params, "startTime") ?? optional(params, "endTime")) !== null) return refusal(-1128);
  const rows = state.orders.trades.filter(
    (trade) =>
      trade.symbol === desk.index &&
      (orderId === null || trade.orderId === orderId) &&
      (from === null || trade.id >= from) &&
      trade.time >= window.start &&
      trade.time <= window.end,
  );
  return page(rows, window, from !== null).map((trade) => tradeRow(desk, trade));
}

/** Loses its place in the queue whenever it is applied. @see binance-usdm.md §3.4 */
export function putOrder(state: ExchangeState, params: Params): Answer {
  const found = findOrder(state, params, -2013);
  const side = sideParam(params);
  if (isRefusal(found)) return found;
  if (isRefusal(side)) return side;
  const { desk, order } = found;
  if (!isOpen(order) || order.side !== side) return refusal(-2013);
  if (order.type !== "LIMIT") return refusal(-5025);
  const lots = quantityParam(desk, params, "LIMIT");
  const price = priceParam(desk, params, "price");
  const reduceOnly = booleanParam(params, "reduceOnly");
  if (isRefusal(lots)) return lots;
  if (isRefusal(price)) return price;
  if (isRefusal(reduceOnly)) return reduceOnly;
  if (reduceOnly && !order.reduceOnly) return refusal(-5047);
  const changed = { ...order, price, lots };
  const refused = refusalOfPlacement(state, desk, changed.reduceOnly) ?? refusalOfChange(state, desk, order, changed);
  if (refused !== null) return refused;
  change(state, desk, order, changed);
  return modifyAck(desk, order);
}

export function postBatchOrders(state: ExchangeState, params: Params): Answer {
  const text = required(params, "batchOrders");
  if (isRefusal(text)) return text;
  const batch = BatchOrders.safeParse(jsonOrNull(text));
  if (!batch.success) return refusal(-1102, "batchOrders");
  if (batch.data.length === 0 || batch.data.length > batchMax) return refusal(-4082);
  return batch.data.map((row) => {
    const answer = postOrder(
      state,
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value)])),
    );
    return isRefusal(answer) ? refusalReply(answer).body : answer;
  });
}

export function deleteBatchOrders(state: ExchangeState, params: Params): Answer {
  const ids = listParam(params, "orderIdList", /^\d+$/);
  const names = listParam(params, "origClientOrderIdList", /^[.A-Z:/a-z0-9_-]+$/);
  if (isRefusal(ids)) return ids;
  if (isRefusal(names)) return names;
  const keys = [...ids.map((orderId) => ({ orderId })), ...names.map((origClientOrderId) => ({ origClientOrderId }))];
  if (keys.length === 0 || keys.length > cancelBatchMax) return refusal(-4082);
  const symbol = optional(params, "symbol") ?? "";
  return keys.map((key) => {
    const answer = deleteOrder(state, { symbol, ...key });
    return isRefusal(answer) ? refusalReply(answer).body : answer;
  });
}

const BatchOrders = z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])));

function newOrder(desk: Desk, params: Params): NewOrder | Refusal {
  const side = sideParam(params);
  const type = required(params, "type");
  if (isRefusal(side)) return side;
  if (isRefusal(type)) return type;
  if (conditionalTypes.includes(type)) return refusal(-4120);
  if (type !== "LIMIT" && type !== "MARKET") return refusal(-1116);
  const unwanted = positionSideRefusal(params) ?? unsupported(params) ?? notRequired(type, params);
  if (unwanted !== null) return unwanted;
  const timeInForce = timeInForceParam(type, params);
  if (isRefusal(timeInForce)) return timeInForce;
  const lots = quantityParam(desk, params, type);
  if (isRefusal(lots)) return lots;
  const price = type === "LIMIT" ? priceParam(desk, params, "price") : 0;
  if (isRefusal(price)) return price;
  const reduceOnly = booleanParam(params, "reduceOnly");
  if (isRefusal(reduceOnly)) return reduceOnly;
  const clientId = clientIdParam(params, "newClientOrderId");
  if (isRefusal(clientId)) return clientId;
  return { symbol: desk.index, side, type, timeInForce, price, lots, reduceOnly, closePosition: false, clientId };
}

/** What the live exchange knows and this one does not. */
function unsupported(params: Params): Refusal | null {
  const priceMatch = optional(params, "priceMatch") ?? "NONE";
  const selfTrade = optional(params, "selfTradePreventionMode") ?? "EXPIRE_MAKER";
  const timeInForce = optional(params, "timeInForce");
  if (priceMatch !== "NONE" || selfTrade !== "EXPIRE_MAKER") return refusal(-1020);
  return timeInForce === "GTD" || timeInForce === "RPI" ? refusal(-1020) : null;
}

function notRequired(type: "LIMIT" | "MARKET", params: Params): Refusal | null {
  const names = type === "MARKET" ? ["price", "timeInForce", "stopPrice"] : ["stopPrice"];
  const sent = names.find((name) => optional(params, name) !== null);
  if (sent !== undefined) return refusal(-1106, sent);
  return optional(params, "closePosition")?.toLowerCase() === "true" ? refusal(-4136, type) : null;
}

function timeInForceParam(type: "LIMIT" | "MARKET", params: Params): TimeInForce | Refusal {
  if (type === "MARKET") return "GTC";
  const sent = required(params, "timeInForce");
  return isRefusal(sent) ? sent : wordParam(params, "timeInForce", timesInForce, "GTC", -1115);
}

function findOrder(
  state: ExchangeState,
  params: Params,
  absent: -2011 | -2013,
): { readonly desk: Desk; readonly order: Order } | Refusal {
  const desk = deskParam(state, params);
  const id = idParam(params, "orderId");
  const clientId = optional(params, "origClientOrderId");
  if (isRefusal(desk)) return desk;
  if (isRefusal(id)) return id;
  if (id === null && clientId === null) return refusal(-1102, "orderId");
  const order = id === null ? state.orders.byClientId(desk.index, clientId ?? "") : state.orders.byId(desk.index, id);
  return order === null ? refusal(absent) : { desk, order };
}

function refusalOfChange(state: ExchangeState, desk: Desk, order: Order, changed: Order): Refusal | null {
  if (changed.price === order.price && changed.lots === order.lots) return refusal(-5027);
  if (order.modifications >= modificationsMax) return refusal(-5026);
  const small = minNotional(desk, changed);
  if (small !== null) return refusal(-5029, small.about);
  return percentPrice(desk, changed) ?? refusalOfMore(state, desk, order, changed);
}

function change(state: ExchangeState, desk: Desk, order: Order, changed: Order): void {
  const emptied = changed.lots <= order.filledLots;
  const crosses = order.timeInForce === "GTX" && refusalByBook(desk, changed) !== null;
  if (emptied || crosses) {
    cancel(state, order);
    return;
  }
  desk.resting(order.side).remove(order);
  order.price = changed.price;
  order.lots = changed.lots;
  order.modifications += 1;
  order.updatedAt = state.nowMs;
  report(state, desk, order, "AMENDMENT");
  execute(state, desk, order);
}

type Window = { readonly start: number; readonly end: number; readonly limit: number; readonly forwards: boolean };

/** `startTime`, `endTime` (milliseconds) and `limit` of a history. */
export function windowParams(params: Params, limitOtherwise = 500): Window | Refusal {
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const start = wholeParam(params, "startTime", { ...bounds, otherwise: 0 });
  const end = wholeParam(params, "endTime", { ...bounds, otherwise: Number.MAX_SAFE_INTEGER });
  const limit = wholeParam(params, "limit", { min: 1, max: 1_000, otherwise: limitOtherwise });
  if (isRefusal(start)) return start;
  if (isRefusal(end)) return end;
  if (isRefusal(limit)) return limit;
  return { start, end, limit, forwards: optional(params, "startTime") !== null };
}

/** From a given start the first rows, else the last ones; always oldest first. */
export function page<T>(rows: readonly T[], window: Window, fromId: boolean): readonly T[] {
  return window.forwards || fromId ? rows.slice(0, window.limit) : rows.slice(-window.limit);
}

/** A list in JSON text. Numbers are read as text, because ids do not fit a double. */
function listParam(params: Params, name: string, item: RegExp): readonly string[] | Refusal {
  const text = optional(params, name);
  if (text === null) return [];
  const inner = /^\s*\[(.*)\]\s*$/.exec(text)?.[1];
  if (inner === undefined) return refusal(-1102, name);
  const items = inner.split(",").map((part) => part.trim().replace(/^"(.*)"$/, "$1"));
  return items.every((part) => item.test(part)) ? items : refusal(-1102, name);
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
