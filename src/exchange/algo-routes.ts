/** Requests of the algo service. @see binance-usdm.md §2 */

import { type AlgoOrder, type AlgoType, openAlgosMax } from "./algo.ts";
import type { Desk } from "./desk.ts";
import { isRefusal, type Refusal, refusal } from "./errors.ts";
import { algoUpdate } from "./events.ts";
import { minNotional, refusalOfPlacement } from "./filters.ts";
import { cancelledAll, page, windowParams } from "./order-routes.ts";
import type { Order } from "./orders.ts";
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
  wordParam,
} from "./parameters.ts";
import type { ExchangeState } from "./state.ts";
import { finish, holds } from "./triggers.ts";
import { algoAck, algoListRow, algoRow } from "./wire-shapes.ts";

type Answer = unknown | Refusal;
type NewAlgo = Pick<
  AlgoOrder,
  "side" | "type" | "timeInForce" | "lots" | "trigger" | "workingType" | "closePosition" | "reduceOnly" | "priceProtect"
> & { readonly clientId: string | null };

/** Conditional types that the live exchange has and this one does not. */
const unsupportedTypes = ["STOP", "TAKE_PROFIT", "TRAILING_STOP_MARKET"];

export function postAlgoOrder(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const wanted = newAlgo(desk, params);
  if (isRefusal(wanted)) return wanted;
  const reduces = wanted.reduceOnly || wanted.closePosition;
  const refused = refusalOfPlacement(state, desk, reduces) ?? refusalOfAlgo(state, desk, wanted);
  if (refused !== null) return refused;
  const id = state.nextAlgoId();
  const algo: AlgoOrder = {
    ...wanted,
    id,
    clientId: wanted.clientId ?? `paper_a${id.toString(36)}`,
    symbol: desk.index,
    createdAt: state.nowMs,
    status: "NEW",
    isMet: false,
    updatedAt: state.nowMs,
    triggeredAt: 0,
    childId: null,
    reason: "",
  };
  state.algos.add(algo);
  state.refreshTriggers(desk);
  state.emit(algoUpdate(state, desk, algo, null));
  return algoAck(desk, algo);
}

export function deleteAlgoOrder(state: ExchangeState, params: Params): Answer {
  const algo = findAlgo(state, params, -2011);
  if (isRefusal(algo)) return algo;
  if (algo.status !== "NEW") return refusal(-2011);
  finish(state, state.desk(algo.symbol), algo, "CANCELED", null);
  return { algoId: algo.id, clientAlgoId: algo.clientId, code: "200", msg: "success" };
}

export function getAlgoOrder(state: ExchangeState, params: Params): Answer {
  const algo = findAlgo(state, params, -2013);
  return isRefusal(algo) ? algo : algoRow(state.desk(algo.symbol), algo, childOf(state, algo));
}

export function deleteAlgoOpenOrders(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  for (const algo of state.algos.openOf(desk.index)) finish(state, desk, algo, "CANCELED", null);
  return cancelledAll;
}

export function getOpenAlgoOrders(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  const id = idParam(params, "algoId");
  if (isRefusal(desks)) return desks;
  if (isRefusal(id)) return id;
  return [...state.algos.open()]
    .filter((algo) => desks.some((desk) => desk.index === algo.symbol) && (id === null || algo.id === id))
    .map((algo) => algoListRow(state.desk(algo.symbol), algo, null));
}

export function getAllAlgoOrders(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  const from = idParam(params, "algoId");
  const window = windowParams(params);
  if (isRefusal(desk)) return desk;
  if (isRefusal(from)) return from;
  if (isRefusal(window)) return window;
  const rows = [...state.algos.all()].filter(
    (algo) =>
      algo.symbol === desk.index &&
      (from === null || algo.id >= from) &&
      algo.createdAt >= window.start &&
      algo.createdAt <= window.end,
  );
  return page(rows, window, from !== null).map((algo) => algoListRow(desk, algo, childOf(state, algo)));
}

function newAlgo(desk: Desk, params: Params): NewAlgo | Refusal {
  const algoType = required(params, "algoType");
  if (isRefusal(algoType)) return algoType;
  if (algoType !== "CONDITIONAL") return refusal(-1130, "algoType");
  const side = sideParam(params);
  const type = algoTypeParam(params);
  const closePosition = booleanParam(params, "closePosition");
  if (isRefusal(side)) return side;
  if (isRefusal(type)) return type;
  if (isRefusal(closePosition)) return closePosition;
  const unwanted = positionSideRefusal(params) ?? notRequired(params, closePosition);
  if (unwanted !== null) return unwanted;
  const lots = closePosition ? 0 : quantityParam(desk, params, "MARKET");
  const trigger = priceParam(desk, params, "triggerPrice");
  const reduceOnly = booleanParam(params, "reduceOnly");
  const priceProtect = booleanParam(params, "priceProtect");
  const workingType = wordParam(params, "workingType", ["CONTRACT_PRICE", "MARK_PRICE"], "CONTRACT_PRICE", -1130);
  const timeInForce = wordParam(params, "timeInForce", ["GTC", "GTE_GTC"], "GTC", -1115);
  const clientId = clientIdParam(params, "clientAlgoId");
  if (isRefusal(lots)) return lots;
  if (isRefusal(trigger)) return trigger;
  if (isRefusal(reduceOnly)) return reduceOnly;
  if (isRefusal(priceProtect)) return priceProtect;
  if (isRefusal(workingType)) return workingType;
  if (isRefusal(timeInForce)) return timeInForce;
  if (isRefusal(clientId)) return clientId;
  return { side, type, timeInForce, lots, trigger, workingType, closePosition, reduceOnly, priceProtect, clientId };
}

function algoTypeParam(params: Params): AlgoType | Refusal {
  const type = required(params, "type");
  if (isRefusal(type)) return type;
  if (unsupportedTypes.includes(type)) return refusal(-1020);
  return type === "STOP_MARKET" || type === "TAKE_PROFIT_MARKET" ? type : refusal(-1116);
}

function notRequired(params: Params, closePosition: boolean): Refusal | null {
  if (closePosition && optional(params, "quantity") !== null) return refusal(-4137);
  const names = ["price", "activatePrice", "callbackRate", ...(closePosition ? ["reduceOnly"] : [])];
  const sent = names.find((name) => optional(params, name) !== null);
  if (sent !== undefined) return refusal(-1106, sent);
  return (optional(params, "priceMatch") ?? "NONE") === "NONE" ? null : refusal(-1106, "priceMatch");
}

/** No margin and no position is looked at before the trigger. */
function refusalOfAlgo(state: ExchangeState, desk: Desk, algo: NewAlgo): Refusal | null {
  if (algo.clientId !== null && state.algos.openByClientId(algo.clientId) !== null) return refusal(-4116);
  if (state.algos.openCount >= openAlgosMax) return refusal(-4045);
  if (algo.closePosition && hasCloseAll(state, desk, algo)) return refusal(-4130);
  if (!algo.closePosition) {
    const small = minNotional(desk, {
      type: "LIMIT",
      price: algo.trigger,
      lots: algo.lots,
      reduceOnly: algo.reduceOnly,
    });
    if (small !== null) return small;
  }
  return holds(desk, algo) ? refusal(-2021) : null;
}

/** One close-position order per type and side. @see failure-catalogue F-22 */
function hasCloseAll(state: ExchangeState, desk: Desk, algo: NewAlgo): boolean {
  return state.algos
    .openOf(desk.index)
    .some((other) => other.closePosition && other.type === algo.type && other.side === algo.side);
}

function findAlgo(state: ExchangeState, params: Params, absent: -2011 | -2013): AlgoOrder | Refusal {
  const id = idParam(params, "algoId");
  const clientId = optional(params, "clientAlgoId");
  if (isRefusal(id)) return id;
  if (id === null && clientId === null) return refusal(-1102, "algoId");
  const algo = id === null ? state.algos.byClientId(clientId ?? "") : state.algos.byId(id);
  return algo ?? refusal(absent);
}

function childOf(state: ExchangeState, algo: AlgoOrder): Order | null {
  return algo.childId === null ? null : state.orders.byId(algo.symbol, algo.childId);
}
