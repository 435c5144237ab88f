/** Request parameters, text on the wire, to values; what is wrong with them becomes a refusal. @see binance-usdm.md §8 */

import type { Desk } from "./desk.ts";
import { type ErrorCode, isRefusal, type Refusal, refusal } from "./errors.ts";
import type { Side } from "./orders.ts";
import type { ExchangeState } from "./state.ts";
import { e8FromText, isDecimalText, significantDecimals } from "./text.ts";

export type Params = Readonly<Record<string, string>>;

/** A text that must be there. */
export function required(params: Params, name: string): string | Refusal {
  const value = params[name];
  return value === undefined || value === "" ? refusal(-1102, name) : value;
}

/** Null when it is not sent. */
export function optional(params: Params, name: string): string | null {
  return params[name] ?? null;
}

export function deskParam(state: ExchangeState, params: Params): Desk | Refusal {
  const symbol = required(params, "symbol");
  if (isRefusal(symbol)) return symbol;
  return state.deskOf(symbol) ?? refusal(-1121);
}

/** The desks that an optional `symbol` names: one, or all. */
export function desksParam(state: ExchangeState, params: Params): readonly Desk[] | Refusal {
  if (optional(params, "symbol") === null) return state.desks;
  const desk = deskParam(state, params);
  return isRefusal(desk) ? desk : [desk];
}

export function sideParam(params: Params): Side | Refusal {
  const side = required(params, "side");
  if (isRefusal(side)) return side;
  return side === "BUY" || side === "SELL" ? side : refusal(-1117);
}

/** One of some words; `otherwise` when it is not sent. */
export function wordParam<Word extends string>(
  params: Params,
  name: string,
  words: readonly Word[],
  otherwise: Word,
  code: ErrorCode,
): Word | Refusal {
  const value = params[name];
  if (value === undefined) return otherwise;
  return words.find((word) => word === value) ?? refusal(code, name);
}

export function booleanParam(params: Params, name: string): boolean | Refusal {
  const value = params[name]?.toLowerCase() ?? "false";
  if (value === "true") return true;
  return value === "false" ? false : refusal(-1130, name);
}

/** One-way mode knows one position side. */
export function positionSideRefusal(params: Params): Refusal | null {
  const side = optional(params, "positionSide") ?? "BOTH";
  if (side === "BOTH") return null;
  return side === "LONG" || side === "SHORT" ? refusal(-4061) : refusal(-4060);
}

/** @returns null when the id is not sent */
export function clientIdParam(params: Params, name: string): string | null | Refusal {
  const value = params[name];
  if (value === undefined) return null;
  if (value.length > 36) return refusal(-4015);
  return /^[.A-Z:/a-z0-9_-]+$/.test(value) ? value : refusal(-1100, name);
}

/** @returns null when the id is not sent */
export function idParam(params: Params, name: string): bigint | null | Refusal {
  const value = params[name];
  if (value === undefined) return null;
  return /^\d{1,19}$/.test(value) ? BigInt(value) : refusal(-1102, name);
}

/** A whole number within bounds. */
export function wholeParam(
  params: Params,
  name: string,
  bounds: { readonly otherwise: number; readonly min: number; readonly max: number },
): number | Refusal {
  const value = params[name];
  if (value === undefined) return bounds.otherwise;
  if (!/^\d{1,16}$/.test(value)) return refusal(-1130, name);
  const number = Number(value);
  return number >= bounds.min && number <= bounds.max ? number : refusal(-1130, name);
}

/** A price on the tick grid and within the bounds of the symbol, in ticks. */
export function priceParam(desk: Desk, params: Params, name: string): number | Refusal {
  const text = required(params, name);
  if (isRefusal(text)) return text;
  if (!isDecimalText(text)) return refusal(-1102, name);
  if (significantDecimals(text) > desk.spec.row.pricePrecision) return refusal(-1111);
  const value = e8FromText(text);
  if (value === null) return refusal(-1111);
  if (value <= 0n) return refusal(-4001);
  const tick = BigInt(desk.instrument.tickE8);
  if (value < BigInt(desk.instrument.minTicks) * tick) return refusal(-4013);
  if (value > BigInt(desk.instrument.maxTicks) * tick) return refusal(-4002);
  return value % (tick * BigInt(desk.instrument.priceStep)) === 0n ? Number(value / tick) : refusal(-4014);
}

/** A quantity on the step grid and within LOT_SIZE or MARKET_LOT_SIZE, in lots. */
export function quantityParam(desk: Desk, params: Params, kind: "LIMIT" | "MARKET"): number | Refusal {
  const text = required(params, "quantity");
  if (isRefusal(text)) return text;
  if (!isDecimalText(text)) return refusal(-1102, "quantity");
  if (significantDecimals(text) > desk.spec.row.quantityPrecision) return refusal(-1111);
  const value = e8FromText(text);
  if (value === null) return refusal(-1111);
  if (value <= 0n) return refusal(-4003);
  const { instrument } = desk;
  const market = kind === "MARKET";
  const step = BigInt(desk.stepE8);
  const steps = Number(value / step);
  if (value < BigInt(market ? instrument.marketMinLots : instrument.minLots) * step) return refusal(-4004);
  if (value > BigInt(market ? instrument.marketMaxLots : instrument.maxLots) * step) return refusal(-4005);
  const onGrid = value % step === 0n && steps % (market ? instrument.marketStepLots : instrument.lotStep) === 0;
  return onGrid ? steps : refusal(-4023);
}
