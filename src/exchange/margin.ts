/** Initial and maintenance margin, cross, by leverage brackets. Money in 10⁻⁸ USDT. @see binance-usdm.md §9 */

import { unrealised } from "./account.ts";
import type { Desk } from "./desk.ts";
import { directionOf, remainingLots, type Side } from "./orders.ts";
import type { ExchangeState } from "./state.ts";
import type { LeverageBracket } from "./symbols.ts";

export type SymbolMargin = {
  /** signed, at the mark price */
  readonly notional: bigint;
  readonly unrealised: bigint;
  readonly bidNotional: bigint;
  readonly askNotional: bigint;
  readonly position: bigint;
  readonly openOrders: bigint;
  readonly maintenance: bigint;
};

export type AccountMargin = {
  readonly wallet: bigint;
  readonly unrealised: bigint;
  readonly position: bigint;
  readonly openOrders: bigint;
  readonly maintenance: bigint;
  /** what new orders may use */
  readonly available: bigint;
};

/** A further order that rests or executes in full, or what one gets more of: counted as if it were open. */
export type Extra = {
  readonly side: Side;
  readonly notional: bigint;
  /** of an order beyond the mark price: {@link openLoss} */
  readonly openLoss: bigint;
};

export function symbolMargin(state: ExchangeState, desk: Desk, extra: Extra | null = null): SymbolMargin {
  const position = state.account.position(desk.index);
  const notional = desk.valueAtMark(position.lots);
  const bids = openOrders(desk, "BUY", extra);
  const asks = openOrders(desk, "SELL", extra);
  const positionMargin = absolute(notional) / BigInt(desk.leverage);
  return {
    notional,
    unrealised: position.lots === 0 ? 0n : unrealised(position, absolute(notional)),
    bidNotional: bids.notional,
    askNotional: asks.notional,
    position: positionMargin,
    openOrders: larger(0n, initialMargin(notional, bids, asks, desk.leverage) - positionMargin),
    maintenance: maintenanceMargin(desk, absolute(notional)),
  };
}

/** What position and open orders of a symbol need at another leverage. */
export function initialMarginAt(state: ExchangeState, desk: Desk, leverage: number): bigint {
  const notional = desk.valueAtMark(state.account.position(desk.index).lots);
  return initialMargin(notional, openOrders(desk, "BUY", null), openOrders(desk, "SELL", null), leverage);
}

/**
 * What an order would lose at once where its price is beyond the mark price; the exchange asks for that beside the
 * initial margin, so that nothing is liquidated the moment it fills.
 *
 * @see Binance's page "How to Calculate Cost Required to Open a Position in Perpetual Futures Contracts", limit orders
 */
export function openLoss(desk: Desk, side: Side, price: number, lots: number): bigint {
  const atMark = desk.valueAtMark(lots);
  // No price is known at all: nothing says that the order is beyond it.
  if (atMark === 0n) return 0n;
  return larger(0n, BigInt(directionOf(side)) * (desk.value(price, lots) - atMark));
}

export function accountMargin(state: ExchangeState): AccountMargin {
  let open = 0n;
  let position = 0n;
  let openOrders = 0n;
  let maintenance = 0n;
  for (const desk of state.desks) {
    const margin = symbolMargin(state, desk);
    open += margin.unrealised;
    position += margin.position;
    openOrders += margin.openOrders;
    maintenance += margin.maintenance;
  }
  const wallet = state.account.wallet;
  const available = larger(0n, wallet + open - position - openOrders);
  return { wallet, unrealised: open, position, openOrders, maintenance, available };
}

/** Whether the free margin carries a further order; one that needs no more margin than before always passes. */
export function affords(state: ExchangeState, desk: Desk, extra: Extra): boolean {
  const before = symbolMargin(state, desk);
  const after = symbolMargin(state, desk, extra);
  const needed = after.position + after.openOrders - before.position - before.openOrders;
  return needed <= 0n || needed <= accountMargin(state).available;
}

/** Whether position and open orders stay within what the leverage allows. */
export function withinBracket(state: ExchangeState, desk: Desk, extra: Extra): boolean {
  const { notional, bidNotional, askNotional } = symbolMargin(state, desk, extra);
  const reached = extra.side === "BUY" ? notional + bidNotional : askNotional - notional;
  return reached <= maxNotional(desk, desk.leverage);
}

/** Largest notional at a leverage, 10⁻⁸ USDT; 0 when no bracket allows the leverage. */
export function maxNotional(desk: Desk, leverage: number): bigint {
  const caps = desk.spec.brackets.filter((row) => row.initialLeverage >= leverage).map((row) => row.notionalCap);
  return BigInt(Math.max(0, ...caps)) * 100_000_000n;
}

export function maxLeverage(desk: Desk): number {
  return Math.max(...desk.spec.brackets.map((row) => row.initialLeverage));
}

/** @param notional absolute, at the mark price */
export function bracketOf(desk: Desk, notional: bigint): LeverageBracket | undefined {
  const usdt = Number(notional) / 1e8;
  return desk.spec.brackets.find((row) => usdt < row.notionalCap) ?? desk.spec.brackets.at(-1);
}

function maintenanceMargin(desk: Desk, notional: bigint): bigint {
  const bracket = bracketOf(desk, notional);
  if (notional === 0n || bracket === undefined) return 0n;
  const ratioE8 = BigInt(Math.round(bracket.maintMarginRatio * 1e8));
  return (notional * ratioE8) / 100_000_000n - BigInt(Math.round(bracket.cum * 1e8));
}

/** Open orders of a side at their own prices; reduce-only ones need no margin. */
export function openNotional(desk: Desk, side: Side): bigint {
  return openOrders(desk, side, null).notional;
}

type OpenOrders = { readonly notional: bigint; readonly openLoss: bigint };

function openOrders(desk: Desk, side: Side, extra: Extra | null): OpenOrders {
  const isOfSide = extra !== null && extra.side === side;
  let notional = isOfSide ? extra.notional : 0n;
  let lost = isOfSide ? extra.openLoss : 0n;
  for (const order of desk.resting(side).orders) {
    if (order.reduceOnly) continue;
    notional += desk.value(order.price, remainingLots(order));
    lost += openLoss(desk, side, order.price, remainingLots(order));
  }
  return { notional, openLoss: lost };
}

/** Of the side that would need more if all its orders filled. @param notional of the position, signed */
function initialMargin(notional: bigint, bids: OpenOrders, asks: OpenOrders, leverage: number): bigint {
  const long = absolute(notional + bids.notional) / BigInt(leverage) + bids.openLoss;
  const short = absolute(notional - asks.notional) / BigInt(leverage) + asks.openLoss;
  return larger(long, short);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
