/** User data events in their wire shapes. @see binance-usdm.md §6.3, §6.4, §2.6 */

import { unrealised } from "./account.ts";
import type { AlgoOrder } from "./algo.ts";
import type { Desk } from "./desk.ts";
import { openNotional } from "./margin.ts";
import type { ExpireReason, Order, Trade } from "./orders.ts";
import type { UserEvent } from "./protocol.ts";
import type { ExchangeState } from "./state.ts";
import { shortTextFromE8, textFromE8 } from "./text.ts";

/** `x` of ORDER_TRADE_UPDATE. */
export type ExecutionType = "NEW" | "CANCELED" | "CALCULATED" | "EXPIRED" | "TRADE" | "AMENDMENT";

export type Execution = {
  readonly type: ExecutionType;
  readonly trade: Trade | null;
  readonly reason: ExpireReason;
};

export function orderTradeUpdate(state: ExchangeState, desk: Desk, order: Order, execution: Execution): UserEvent {
  const time = state.nowMs;
  const { trade } = execution;
  const fee = trade === null ? {} : { N: trade.feeAsset, n: textFromE8(trade.fee, 8) };
  return {
    e: "ORDER_TRADE_UPDATE",
    E: time,
    T: time,
    o: {
      s: desk.symbol,
      c: order.clientId,
      S: order.side,
      o: order.type,
      f: order.timeInForce,
      q: desk.quantityText(order.lots),
      p: desk.priceText(order.price),
      ap: order.filledLots === 0 ? "0" : averagePriceText(desk, order),
      sp: "0",
      x: execution.type,
      X: order.status,
      i: order.id,
      l: trade === null ? "0" : desk.quantityText(trade.lots),
      z: order.filledLots === 0 ? "0" : desk.quantityText(order.filledLots),
      L: trade === null ? "0" : desk.priceText(trade.price),
      T: time,
      t: trade === null ? 0 : trade.id,
      b: shortTextFromE8(openNotional(desk, "BUY")),
      a: shortTextFromE8(openNotional(desk, "SELL")),
      m: trade?.maker ?? false,
      R: order.reduceOnly,
      wt: "CONTRACT_PRICE",
      ot: order.type,
      ps: "BOTH",
      cp: order.closePosition,
      pP: false,
      si: 0,
      ss: 0,
      rp: trade === null ? "0" : textFromE8(trade.realised, 8),
      V: "EXPIRE_MAKER",
      pm: "NONE",
      gtd: 0,
      er: execution.reason,
      // Last: what follows a spread is put in one by one.
      ...fee,
      ...(execution.type === "AMENDMENT" ? { M: String(order.modifications) } : {}),
    },
  };
}

/** `q` and `p` are the order's, `l` and `L` the fill's. */
export function tradeLite(state: ExchangeState, desk: Desk, order: Order, trade: Trade): UserEvent {
  return {
    e: "TRADE_LITE",
    E: state.nowMs,
    T: state.nowMs,
    s: desk.symbol,
    q: desk.quantityText(order.lots),
    p: desk.priceText(order.price),
    m: trade.maker,
    c: order.clientId,
    S: order.side,
    L: desk.priceText(trade.price),
    l: desk.quantityText(trade.lots),
    t: trade.id,
    i: order.id,
  };
}

export function accountUpdateOfOrder(state: ExchangeState, desk: Desk): UserEvent {
  return accountUpdate(state, { m: "ORDER", B: [balanceOf(state, "0")], P: [positionOf(state, desk)] });
}

/** Cross margin: the balance only, and the symbol in `S`. */
export function accountUpdateOfFunding(state: ExchangeState, desk: Desk, amount: bigint): UserEvent {
  return accountUpdate(state, {
    m: "FUNDING_FEE",
    B: [balanceOf(state, textFromE8(amount, 8))],
    P: [],
    S: desk.symbol,
  });
}

export function accountUpdateOfLiquidation(state: ExchangeState, desk: Desk, change: bigint): UserEvent {
  const balance = balanceOf(state, textFromE8(change, 8));
  return accountUpdate(state, { m: "INSURANCE_CLEAR", B: [balance], P: [positionOf(state, desk)] });
}

export function accountUpdateOfTransfer(state: ExchangeState, amount: bigint): UserEvent {
  const m = amount < 0n ? "WITHDRAW" : "DEPOSIT";
  return accountUpdate(state, { m, B: [balanceOf(state, textFromE8(amount, 8))], P: [] });
}

export function leverageUpdate(state: ExchangeState, desk: Desk): UserEvent {
  return { e: "ACCOUNT_CONFIG_UPDATE", E: state.nowMs, T: state.nowMs, ac: { s: desk.symbol, l: desk.leverage } };
}

export function algoUpdate(state: ExchangeState, desk: Desk, algo: AlgoOrder, child: Order | null): UserEvent {
  const time = state.nowMs;
  const filled = child?.filledLots ?? 0;
  return {
    e: "ALGO_UPDATE",
    T: time,
    E: time,
    o: {
      caid: algo.clientId,
      aid: algo.id,
      at: "CONDITIONAL",
      o: algo.type,
      s: desk.symbol,
      S: algo.side,
      ps: "BOTH",
      f: algo.timeInForce,
      q: desk.quantityText(algo.lots),
      X: algo.status,
      ai: algo.childId === null ? "" : algo.childId.toString(),
      act: child?.type ?? "0",
      tp: desk.priceText(algo.trigger),
      p: desk.priceText(0),
      V: "EXPIRE_MAKER",
      wt: algo.workingType,
      pm: "NONE",
      cp: algo.closePosition,
      pP: algo.priceProtect,
      R: algo.reduceOnly,
      tt: algo.triggeredAt,
      gtd: 0,
      ia: algo.triggeredAt > 0,
      ...(algo.status === "TRIGGERING"
        ? {}
        : {
            ap: child === null || filled === 0 ? "0.00000" : averagePriceText(desk, child),
            aq: filled === 0 ? "0.00000" : desk.quantityText(filled),
          }),
      ...(algo.reason === "" ? {} : { rm: algo.reason }),
    },
  };
}

export function averagePriceText(desk: Desk, order: Order): string {
  const value = order.filledCost * desk.instrument.moneyPerTickLot;
  return textFromE8(desk.averageE8(value, BigInt(order.filledLots)) + 500n, 5);
}

/** Entry average with all digits that 10⁻⁸ has. */
export function entryPriceText(state: ExchangeState, desk: Desk): string {
  const { entryCost, entryLots } = state.account.position(desk.index);
  if (entryLots === 0n) return "0.00000";
  const short = shortTextFromE8(desk.averageE8(entryCost, entryLots));
  return short.includes(".") ? short : `${short}.0`;
}

/** The price at which a close would pay the fees of the open lots and its own taker fee. */
export function breakEvenText(state: ExchangeState, desk: Desk): string {
  const position = state.account.position(desk.index);
  if (position.lots === 0) return "0.0";
  const lots = BigInt(Math.abs(position.lots));
  const paid = position.lots > 0 ? position.cost + position.openFees : position.cost - position.openFees;
  const average = desk.averageE8(paid, lots);
  const fee = (average * state.fees.takerE8) / 100_000_000n;
  return shortTextFromE8(position.lots > 0 ? average + fee : average - fee);
}

function accountUpdate(state: ExchangeState, body: Readonly<Record<string, unknown>>): UserEvent {
  return { e: "ACCOUNT_UPDATE", E: state.nowMs, T: state.nowMs, a: body };
}

function balanceOf(state: ExchangeState, change: string): Readonly<Record<string, string>> {
  const wallet = textFromE8(state.account.wallet, 8);
  return { a: "USDT", wb: wallet, cw: wallet, bc: change };
}

function positionOf(state: ExchangeState, desk: Desk): Readonly<Record<string, string>> {
  const position = state.account.position(desk.index);
  const value = desk.valueAtMark(Math.abs(position.lots));
  return {
    s: desk.symbol,
    pa: position.lots === 0 ? "0" : desk.quantityText(position.lots),
    ep: entryPriceText(state, desk),
    bep: position.lots === 0 ? "0" : breakEvenText(state, desk),
    cr: shortTextFromE8(position.realised),
    up: position.lots === 0 ? "0" : textFromE8(unrealised(position, value), 8),
    mt: "cross",
    iw: "0.00000000",
    ps: "BOTH",
  };
}
