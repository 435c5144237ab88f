/** Parsed shapes of orders, fills and accounts as the core's vocabulary. */

import type { CoreEvent, PositionReport } from "../../domain/event.ts";
import {
  fractionalTicks,
  type Instrument,
  lotsFromQuantity,
  moneyFromText,
  OffGridError,
  signedLotsCovering,
  ticksFromPrice,
} from "../../domain/instrument.ts";
import {
  type AlgoReport,
  algoStatuses,
  type Fill,
  type OrderReport,
  orderStatuses,
  type Side,
} from "../../domain/order.ts";
import { type Money, microsFromMillis } from "../../domain/units.ts";
import { type AlgoBody, isDecimal, type OrderBody, type UserTrade } from "./schemas.ts";

/** Configured instruments by the exchange's name. */
export type InstrumentsByName = ReadonlyMap<string, Instrument>;

export function instrumentsByName(instruments: readonly Instrument[]): InstrumentsByName {
  return new Map(instruments.map((instrument) => [instrument.symbol, instrument]));
}

/**
 * What a message told: events for the core, and in words what concerns symbols, assets or order kinds that are not
 * ours to trade, so that it is seen and not dropped in silence.
 */
export type Decoded = { readonly events: readonly CoreEvent[]; readonly foreign: readonly string[] };

export const nothing: Decoded = { events: [], foreign: [] };

export function told(event: CoreEvent): Decoded {
  return { events: [event], foreign: [] };
}

export function aboutForeign(detail: string): Decoded {
  return { events: [], foreign: [detail] };
}

/** Something on an order path that we do not know. It is never mapped to a default. @see failure-catalogue F-63 */
export function notUnderstood(detail: string): Decoded {
  return told({ kind: "venue-unknown", what: "status", detail: detail.slice(0, 300) });
}

export function both(a: Decoded, b: Decoded): Decoded {
  return { events: [...a.events, ...b.events], foreign: [...a.foreign, ...b.foreign] };
}

/** Runs a conversion whose numbers may be off our grid: then our rules are stale, which is said and not thrown. */
export function onGrid(what: string, convert: () => Decoded): Decoded {
  try {
    return convert();
  } catch (error) {
    if (error instanceof OffGridError) return notUnderstood(`${what}: ${error.message}`);
    throw error;
  }
}

/** A normal order as all its sources describe it. */
export type OrderFacts = Pick<
  OrderBody,
  | "symbol"
  | "clientOrderId"
  | "orderId"
  | "status"
  | "side"
  | "type"
  | "price"
  | "origQty"
  | "executedQty"
  | "reduceOnly"
> & { readonly positionSide?: string | undefined; readonly updateTime: number };

export function orderReport(
  facts: OrderFacts,
  fill: ((instrument: Instrument) => Fill) | null,
  source: OrderReport["source"],
  instruments: InstrumentsByName,
): Decoded {
  const instrument = instruments.get(facts.symbol);
  const name = `order ${facts.symbol} ${facts.clientOrderId}`;
  if (instrument === undefined) return aboutForeign(`${name} ${facts.status}`);
  if (isHedge(facts.positionSide)) return notUnderstood(`${name}: position side ${facts.positionSide}`);
  const status = orderStatuses.find((known) => known === facts.status);
  if (status === undefined) return notUnderstood(`${name}: status ${facts.status}`);
  return onGrid(name, () => {
    const price = isZero(facts.price) ? null : ticksFromPrice(instrument, facts.price);
    return told({
      kind: "order-report",
      symbol: instrument.index,
      clientOrderId: facts.clientOrderId,
      orderId: facts.orderId,
      status,
      side: sideOf(facts.side),
      // Types such as LIQUIDATION exist: what matters of them is whether a price bounds them.
      type: facts.type === "MARKET" || price === null ? "MARKET" : "LIMIT",
      price: facts.type === "MARKET" ? null : price,
      quantity: lotsFromQuantity(instrument, facts.origQty),
      filled: lotsFromQuantity(instrument, facts.executedQty),
      reduceOnly: facts.reduceOnly,
      fill: fill === null ? null : fill(instrument),
      time: microsFromMillis(facts.updateTime),
      source,
    });
  });
}

export type AlgoFacts = Omit<AlgoBody, "quantity" | "actualOrderId"> & {
  readonly quantity?: string | null | undefined;
  readonly actualOrderId?: string | null | undefined;
  readonly failure: string | null;
};

export function algoReport(facts: AlgoFacts, source: AlgoReport["source"], instruments: InstrumentsByName): Decoded {
  const instrument = instruments.get(facts.symbol);
  const name = `conditional order ${facts.symbol} ${facts.clientAlgoId}`;
  if (instrument === undefined) return aboutForeign(`${name} ${facts.algoStatus}`);
  const type = facts.orderType;
  if (type !== "STOP_MARKET" && type !== "TAKE_PROFIT_MARKET") {
    return aboutForeign(`${name} of type ${type} ${facts.algoStatus}`);
  }
  const trigger = facts.triggerPrice;
  if (!isDecimal(trigger)) return notUnderstood(`${name}: no trigger price`);
  const status = algoStatuses.find((known) => known === facts.algoStatus);
  if (status === undefined) return notUnderstood(`${name}: status ${facts.algoStatus}`);
  return onGrid(name, () =>
    told({
      kind: "algo-report",
      symbol: instrument.index,
      clientAlgoId: facts.clientAlgoId,
      algoId: facts.algoId,
      status,
      side: sideOf(facts.side),
      type,
      trigger: ticksFromPrice(instrument, trigger),
      closePosition: facts.closePosition,
      quantity:
        facts.closePosition || facts.quantity === undefined || facts.quantity === null || facts.quantity === ""
          ? null
          : lotsFromQuantity(instrument, facts.quantity),
      childOrderId: childId(facts.actualOrderId),
      failure: facts.failure,
      time: microsFromMillis(facts.updateTime),
      source,
    }),
  );
}

export function fillFrom(instrument: Instrument, trade: Omit<UserTrade, "symbol" | "orderId">): Fill {
  return {
    tradeId: trade.id,
    price: ticksFromPrice(instrument, trade.price),
    quantity: lotsFromQuantity(instrument, trade.qty),
    commission: commissionFrom(trade.commission),
    commissionAsset: trade.commissionAsset,
    maker: trade.maker,
    time: microsFromMillis(trade.time),
  };
}

/** A commission that is finer than our money must not cost us the fill: then it is unknown. */
function commissionFrom(amount: string): Money | null {
  try {
    return moneyFromText(amount);
  } catch (error) {
    if (error instanceof OffGridError) return null;
    throw error;
  }
}

/**
 * One between two of our lots, of which the exchange has made the step coarser since, counts as the next larger one: what
 * protects it only reduces, and the exchange cuts that to the position (failure-catalogue F-60, F-77).
 *
 * @throws {OffGridError} not decimal numbers
 */
export function positionReport(instrument: Instrument, amount: string, entryPrice: string): PositionReport {
  return {
    symbol: instrument.index,
    lots: signedLotsCovering(instrument, amount).lots,
    entryTicks: fractionalTicks(instrument, entryPrice),
  };
}

export function isZero(decimal: string): boolean {
  return /^-?0*(\.0*)?$/.test(decimal);
}

/** Only one-way mode is traded: a side other than BOTH means that the account's mode is not what we checked. */
export function isHedge(positionSide: string | undefined): boolean {
  return positionSide !== undefined && positionSide !== "BOTH";
}

function childId(actualOrderId: string | null | undefined): string | null {
  return actualOrderId === undefined || actualOrderId === null || /^0*$/.test(actualOrderId) ? null : actualOrderId;
}

function sideOf(side: "BUY" | "SELL"): Side {
  return side === "BUY" ? "buy" : "sell";
}
