/** Commands of the core as requests of the exchange. Every number is made from whole ticks and lots. */

import { InvariantError, present } from "../../domain/assert.ts";
import { gridPrice, type Instrument, textFromLots, textFromTicks } from "../../domain/instrument.ts";
import type { Side } from "../../domain/order.ts";
import type {
  AmendOrder,
  Command,
  PlaceAlgo,
  PlaceOrder,
  QueryAccount,
  QueryHistory,
  QueryIncome,
} from "../../domain/output.ts";
import { type Lots, lots, type Micros, type SymbolIndex, type Ticks } from "../../domain/units.ts";

/** Who goes first when the rate budget is short. @see requirements SAF-1 */
export type Priority = "protection" | "cancel" | "look-up" | "entry" | "query";

/** Whole numbers stay numbers, because the WebSocket API wants them so; prices and quantities are decimal text. */
export type Params = Readonly<Record<string, string | number>>;

export type WireRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** in the order in which they are sent; timestamp and signature come later */
  readonly params: Params;
  /** the same call on the WebSocket API, or null where it has none */
  readonly wsMethod: string | null;
  /** `none`: anyone may ask; `key`: the key's header alone; `signed`: timestamp and signature too */
  readonly access: "none" | "key" | "signed";
  /** what it takes from the request weight of the address. @see binance-usdm.md §2.2, §3.2, §4.1 */
  readonly weight: number;
  /** what it takes from each order pool of the account */
  readonly orders: number;
  readonly priority: Priority;
};

/** Commands that are one request. The others may be several: {@link accountRequests}, {@link historyRequests}, income.ts. */
export type SingleCommand = Exclude<Command, QueryAccount | QueryHistory | QueryIncome>;

export type EncodeOptions = {
  /** milliseconds within which an entry must reach the matching engine, or die on the way */
  readonly recvWindow: number;
};

/** The most executions, or orders, that one answer holds. */
export const fillsMax = 1_000;

/** @throws {InvariantError} a number is not positive plain decimal text, or the symbol is not configured */
export function encodeCommand(
  command: SingleCommand,
  instruments: readonly Instrument[],
  options: EncodeOptions,
): WireRequest {
  const instrument = instrumentAt(instruments, command.symbol);
  const symbol = instrument.symbol;
  switch (command.kind) {
    case "place-order":
      return placeOrder(command, instrument, options);
    case "amend-order":
      return amendOrder(command, instrument, options);
    case "cancel-order":
      return cancel("/fapi/v1/order", "order.cancel", { symbol, origClientOrderId: command.clientOrderId });
    case "query-order":
      return query("/fapi/v1/order", 1, { symbol, origClientOrderId: command.clientOrderId }, "order.status");
    case "place-algo":
      return placeAlgo(command, instrument);
    case "cancel-algo":
      return cancel("/fapi/v1/algoOrder", "algoOrder.cancel", { clientAlgoId: command.clientAlgoId });
    case "query-algo":
      return query("/fapi/v1/algoOrder", 1, { clientAlgoId: command.clientAlgoId });
    case "query-fills":
      return query("/fapi/v1/userTrades", 5, { symbol, orderId: wholeText(command.orderId), limit: fillsMax });
    default:
      throw new TypeError(`unhandled command ${command satisfies never}`);
  }
}

/** The requests whose answers together make an account snapshot. @see binance-usdm.md §6.2 */
export const accountRequests = {
  balance: query("/fapi/v3/balance", 5, {}),
  positions: query("/fapi/v3/positionRisk", 5, {}),
  orders: query("/fapi/v1/openOrders", 40, {}),
  algos: query("/fapi/v1/openAlgoOrders", 40, {}),
} as const satisfies Record<string, WireRequest>;

/** What the account as a whole may do, and its modes. */
export const accountConfig = query("/fapi/v1/accountConfig", 5, {});

/**
 * The requests whose answers together are a history: without a start, the newest of the last seven days. It only explains
 * what is known already, so it leaves protection its share.
 *
 * @see binance-usdm.md §4.1; failure-catalogue F-78
 */
export function historyRequests(
  command: QueryHistory,
  instruments: readonly Instrument[],
): { readonly orders: WireRequest; readonly trades: WireRequest } {
  const params = { symbol: instrumentAt(instruments, command.symbol).symbol, limit: fillsMax };
  return {
    orders: { ...query("/fapi/v1/allOrders", 5, params), priority: "query" },
    trades: { ...query("/fapi/v1/userTrades", 5, params), priority: "query" },
  };
}

/** Where a part of a history goes on, oldest first: from a time, or after the last id that is known. */
export function historyPage(
  request: WireRequest,
  from: { readonly time: Micros } | { readonly parameter: "orderId" | "fromId"; readonly id: bigint },
): WireRequest {
  const start =
    "time" in from
      ? { startTime: wholeNumber(Math.floor(from.time / 1_000)) }
      : { [from.parameter]: wholeText(String(from.id + 1n)) };
  return { ...request, params: { ...request.params, ...start } };
}

function placeOrder(command: PlaceOrder, instrument: Instrument, options: EncodeOptions): WireRequest {
  const { terms, reduceOnly } = command;
  const symbol = instrument.symbol;
  const side = sideText(command.side);
  const quantity = reduceOnly ? reducingText(instrument, command.quantity) : quantityText(instrument, command.quantity);
  const newClientOrderId = clientId(command.clientOrderId);
  // RESULT tells the final state of a market order in the reply, so that an exposure is known by two ways: the
  // stream may be silent. ACK says NEW even for an instant fill.
  const newOrderRespType = "RESULT";
  const { type } = terms;
  const params: Record<string, string | number> =
    type === "LIMIT"
      ? {
          symbol,
          side,
          type,
          timeInForce: terms.timeInForce,
          price: priceText(instrument, terms.price, (command.side === "buy") === reduceOnly ? "up" : "down"),
          quantity,
          newClientOrderId,
          newOrderRespType,
        }
      : { symbol, side, type, quantity, newClientOrderId, newOrderRespType };
  // A late entry must die on the way; a late reduction is still wanted, and keeps the exchange's own window.
  if (reduceOnly) params["reduceOnly"] = "true";
  else params["recvWindow"] = wholeNumber(options.recvWindow);
  return {
    method: "POST",
    path: "/fapi/v1/order",
    params,
    wsMethod: "order.place",
    access: "signed",
    weight: 0,
    orders: 1,
    priority: reduceOnly ? "protection" : "entry",
  };
}

/** Named by client id, so that it can be sent before the exchange's own id is known. @see binance-usdm.md §3.4 */
function amendOrder(command: AmendOrder, instrument: Instrument, options: EncodeOptions): WireRequest {
  return {
    method: "PUT",
    path: "/fapi/v1/order",
    params: {
      symbol: instrument.symbol,
      origClientOrderId: clientId(command.clientOrderId),
      side: sideText(command.side),
      quantity: quantityText(instrument, command.quantity),
      price: priceText(instrument, command.price, command.side === "buy" ? "down" : "up"),
      recvWindow: wholeText(String(options.recvWindow)),
    },
    wsMethod: "order.modify",
    access: "signed",
    weight: 0,
    orders: 1,
    priority: "entry",
  };
}

/**
 * Time in force stays the default, GTC: a close-position order expires with its position in any case, and a reduce-only
 * quantity stop must not vanish because the exchange believes the position gone for a moment.
 *
 * @see binance-usdm.md §2.3, §2.5
 */
function placeAlgo(command: PlaceAlgo, instrument: Instrument): WireRequest {
  return {
    method: "POST",
    path: "/fapi/v1/algoOrder",
    params: {
      algoType: "CONDITIONAL",
      symbol: instrument.symbol,
      side: sideText(command.side),
      type: command.type,
      triggerPrice: priceText(instrument, command.trigger, nearer(command)),
      workingType: command.workingType,
      ...extentParams(command, instrument),
      clientAlgoId: clientId(command.clientAlgoId),
    },
    wsMethod: "algoOrder.place",
    access: "signed",
    weight: 0,
    orders: 1,
    priority: "protection",
  };
}

function extentParams({ extent }: PlaceAlgo, instrument: Instrument): Readonly<Record<string, string>> {
  if (extent.kind === "close-position") return { closePosition: "true" };
  return { quantity: reducingText(instrument, extent.quantity), reduceOnly: "true" };
}

/** Off the exchange's grid a stop goes where less is lost, and a target where it is reached sooner. */
function nearer({ type, side }: PlaceAlgo): "up" | "down" {
  return (type === "STOP_MARKET") === (side === "sell") ? "up" : "down";
}

function cancel(path: string, wsMethod: string, params: Params): WireRequest {
  return { method: "DELETE", path, params, wsMethod, access: "signed", weight: 1, orders: 0, priority: "cancel" };
}

/** A signed read. What is open must be known before it can be protected, so reads may use a part of protection's share. */
export function query(path: string, weight: number, params: Params, wsMethod: string | null = null): WireRequest {
  return { method: "GET", path, params, wsMethod, access: "signed", weight, orders: 0, priority: "look-up" };
}

/** A read that needs no key. */
export function publicQuery(path: string, weight: number, params: Params): WireRequest {
  return { ...query(path, weight, params), access: "none" };
}

function instrumentAt(instruments: readonly Instrument[], symbol: SymbolIndex): Instrument {
  return present(instruments[symbol], "instrument of a command");
}

function sideText(side: Side): string {
  return side === "buy" ? "BUY" : "SELL";
}

/** @param direction where to, if the exchange's grid has become coarser than ours */
function priceText(instrument: Instrument, price: Ticks, direction: "up" | "down"): string {
  return positiveText(textFromTicks(instrument, gridPrice(instrument, price, direction)));
}

/** The exchange cuts what reduces to the position, so a position that is not on its grid is closed whole. */
function reducingText(instrument: Instrument, quantity: Lots): string {
  const { lotStep } = instrument;
  return quantityText(instrument, lots(Math.ceil(quantity / lotStep) * lotStep));
}

function quantityText(instrument: Instrument, quantity: Lots): string {
  return positiveText(textFromLots(instrument, quantity));
}

const digitsMax = 20;
const point = 46;
const zero = 48;
const hyphen = 45;
const colon = 58;
const underscore = 95;
const wholeShape = /^\d{1,20}$/;
const clientIdMax = 36;

/** The last gate of every number. The words are made only when it shuts. @see failure-catalogue F-66, I-14 */
function positiveText(text: string): string {
  if (!isPositiveDecimal(text)) throw new InvariantError(`not a positive plain decimal: ${text}`);
  return text;
}

/** At most twenty digits, and as many behind a point; no sign, no exponent. By hand, because an order waits for it. */
function isPositiveDecimal(text: string): boolean {
  let digits = 0;
  let isFraction = false;
  let isPositive = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === point && !isFraction && digits > 0) {
      isFraction = true;
      digits = 0;
      continue;
    }
    if (code < zero || code > zero + 9) return false;
    digits += 1;
    if (digits > digitsMax) return false;
    if (code !== zero) isPositive = true;
  }
  return isPositive && digits > 0;
}

function wholeText(text: string): string {
  if (!wholeShape.test(text)) throw new InvariantError(`not a whole number: ${text}`);
  return text;
}

function wholeNumber(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new InvariantError(`not a whole number: ${value}`);
  return value;
}

function clientId(text: string): string {
  if (!isClientId(text)) throw new InvariantError(`not a client id: ${text}`);
  return text;
}

/** One to 36 letters, digits and `.:/_-`. By hand, because an order waits for it. @see binance-usdm.md §3.1 */
function isClientId(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    // From the hyphen to the colon stand `-./`, the digits and `:`.
    const isPlain = (code >= hyphen && code <= colon) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    if (!isPlain && code !== underscore) return false;
  }
  return text.length > 0 && text.length <= clientIdMax;
}
