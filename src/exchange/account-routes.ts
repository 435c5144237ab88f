/** Requests for account, positions and their settings. @see binance-usdm.md §4 */

import type { Desk } from "./desk.ts";
import { isRefusal, type Refusal, refusal } from "./errors.ts";
import { breakEvenText, entryPriceText, leverageUpdate } from "./events.ts";
import {
  type AccountMargin,
  accountMargin,
  bracketOf,
  initialMarginAt,
  larger,
  maxLeverage,
  maxNotional,
  symbolMargin,
} from "./margin.ts";
import { page, windowParams } from "./order-routes.ts";
import { deskParam, desksParam, optional, type Params, required, wholeParam } from "./parameters.ts";
import type { ExchangeState } from "./state.ts";
import { shortTextFromE8, textFromE8 } from "./text.ts";
import type { Row } from "./wire-shapes.ts";

type Answer = unknown | Refusal;

const success = { code: 200, msg: "success" };
const noMoney = "0.00000000";
const incomeLimit = 100;

export function getAccountV3(state: ExchangeState): Answer {
  const margin = accountMargin(state);
  const sums = sumsOf(margin);
  return {
    totalInitialMargin: sums.initialMargin,
    totalMaintMargin: sums.maintMargin,
    totalWalletBalance: sums.walletBalance,
    totalUnrealizedProfit: sums.unrealizedProfit,
    totalMarginBalance: sums.marginBalance,
    totalPositionInitialMargin: sums.positionInitialMargin,
    totalOpenOrderInitialMargin: sums.openOrderInitialMargin,
    totalCrossWalletBalance: sums.walletBalance,
    totalCrossUnPnl: sums.unrealizedProfit,
    availableBalance: sums.available,
    maxWithdrawAmount: sums.available,
    assets: [
      {
        asset: "USDT",
        walletBalance: sums.walletBalance,
        unrealizedProfit: sums.unrealizedProfit,
        marginBalance: sums.marginBalance,
        maintMargin: sums.maintMargin,
        initialMargin: sums.initialMargin,
        positionInitialMargin: sums.positionInitialMargin,
        openOrderInitialMargin: sums.openOrderInitialMargin,
        crossWalletBalance: sums.walletBalance,
        crossUnPnl: sums.unrealizedProfit,
        availableBalance: sums.available,
        maxWithdrawAmount: sums.available,
        updateTime: lastUpdate(state),
      },
    ],
    positions: activeDesks(state, state.desks).map((desk) => accountPosition(state, desk)),
  };
}

export function getBalance(state: ExchangeState): Answer {
  const sums = sumsOf(accountMargin(state));
  return [
    {
      accountAlias: state.instance,
      asset: "USDT",
      balance: sums.walletBalance,
      crossWalletBalance: sums.walletBalance,
      crossUnPnl: sums.unrealizedProfit,
      availableBalance: sums.available,
      maxWithdrawAmount: sums.available,
      marginAvailable: true,
      updateTime: lastUpdate(state),
    },
  ];
}

/** Rows only for symbols with a position or open orders. */
export function getPositionRiskV3(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  return activeDesks(state, desks).map((desk) => {
    const margin = symbolMargin(state, desk);
    const position = state.account.position(desk.index);
    return {
      symbol: desk.symbol,
      positionSide: "BOTH",
      positionAmt: desk.quantityText(position.lots),
      entryPrice: entryPriceText(state, desk),
      breakEvenPrice: breakEvenText(state, desk),
      markPrice: textFromE8(desk.markOrBest(), 8),
      unRealizedProfit: textFromE8(margin.unrealised, 8),
      liquidationPrice: liquidationPriceText(state, desk),
      isolatedMargin: "0",
      notional: shortOrFull(margin.notional),
      marginAsset: "USDT",
      isolatedWallet: "0",
      initialMargin: shortOrFull(margin.position + margin.openOrders),
      maintMargin: shortOrFull(margin.maintenance),
      positionInitialMargin: shortOrFull(margin.position),
      openOrderInitialMargin: shortOrFull(margin.openOrders),
      adl: 0,
      bidNotional: shortOrFull(margin.bidNotional),
      askNotional: shortOrFull(margin.askNotional),
      updateTime: position.updatedAt,
    };
  });
}

/** Rows for every symbol. */
export function getPositionRiskV2(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  return desks.map((desk) => {
    const margin = symbolMargin(state, desk);
    const position = state.account.position(desk.index);
    return {
      entryPrice: entryPriceText(state, desk),
      breakEvenPrice: breakEvenText(state, desk),
      marginType: "cross",
      isAutoAddMargin: "false",
      isolatedMargin: noMoney,
      leverage: String(desk.leverage),
      liquidationPrice: liquidationPriceText(state, desk),
      markPrice: textFromE8(desk.markOrBest(), 8),
      maxNotionalValue: wholeUsdt(maxNotional(desk, desk.leverage)),
      positionAmt: desk.quantityText(position.lots),
      notional: shortOrFull(margin.notional),
      isolatedWallet: "0",
      symbol: desk.symbol,
      unRealizedProfit: textFromE8(margin.unrealised, 8),
      positionSide: "BOTH",
      updateTime: position.updatedAt,
    };
  });
}

export function getAccountConfig(state: ExchangeState): Answer {
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: true,
    dualSidePosition: state.isHedged,
    updateTime: 0,
    multiAssetsMargin: false,
    tradeGroupId: -1,
  };
}

export function getSymbolConfig(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  return desks.map((desk) => ({
    symbol: desk.symbol,
    marginType: "CROSSED",
    isAutoAddMargin: false,
    leverage: desk.leverage,
    maxNotionalValue: wholeUsdt(maxNotional(desk, desk.leverage)),
  }));
}

export function getCommissionRate(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  return {
    symbol: desk.symbol,
    makerCommissionRate: shortTextFromE8(state.fees.makerE8),
    takerCommissionRate: shortTextFromE8(state.fees.takerE8),
    rpiCommissionRate: shortTextFromE8(state.fees.makerE8),
  };
}

export function getLeverageBracket(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  if (isRefusal(desks)) return desks;
  return desks.map((desk) => ({ symbol: desk.symbol, brackets: desk.spec.brackets }));
}

export function postLeverage(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const text = required(params, "leverage");
  if (isRefusal(text)) return text;
  const leverage = wholeParam(params, "leverage", { otherwise: 0, min: 1, max: maxLeverage(desk) });
  if (isRefusal(leverage)) return refusal(-4028, text);
  const refused = refusalOfLeverage(state, desk, leverage);
  if (refused !== null) return refused;
  if (leverage !== desk.leverage) {
    desk.leverage = leverage;
    state.emit(leverageUpdate(state, desk));
  }
  return { leverage, maxNotionalValue: wholeUsdt(maxNotional(desk, leverage)), symbol: desk.symbol };
}

/** Cross margin is the only kind. */
export function postMarginType(state: ExchangeState, params: Params): Answer {
  const desk = deskParam(state, params);
  if (isRefusal(desk)) return desk;
  const type = required(params, "marginType");
  if (isRefusal(type)) return type;
  if (type === "CROSSED") return refusal(-4046);
  return type === "ISOLATED" ? refusal(-1020) : refusal(-1130, "marginType");
}

export function getPositionSideDual(state: ExchangeState): Answer {
  return { dualSidePosition: state.isHedged };
}

/** One-way mode is the only one. */
export function postPositionSideDual(_state: ExchangeState, params: Params): Answer {
  return onlyFalse(params, "dualSidePosition", -4059);
}

export function getMultiAssetsMargin(): Answer {
  return { multiAssetsMargin: false };
}

export function postMultiAssetsMargin(_state: ExchangeState, params: Params): Answer {
  return onlyFalse(params, "multiAssetsMargin", -4171);
}

export function getIncome(state: ExchangeState, params: Params): Answer {
  const desks = desksParam(state, params);
  const window = windowParams(params, incomeLimit);
  if (isRefusal(desks)) return desks;
  if (isRefusal(window)) return window;
  const type = optional(params, "incomeType");
  const rows = state.account.income.filter(
    (row) =>
      (row.symbol === null ? optional(params, "symbol") === null : desks.some(({ index }) => index === row.symbol)) &&
      (type === null || row.type === type) &&
      row.time >= window.start &&
      row.time <= window.end,
  );
  return page(rows, window, false).map((row) => ({
    symbol: row.symbol === null ? "" : state.desk(row.symbol).symbol,
    incomeType: row.type,
    income: textFromE8(row.amount, 8),
    asset: "USDT",
    info: row.type,
    time: row.time,
    tranId: row.id,
    tradeId: row.tradeId === null ? "" : row.tradeId.toString(),
  }));
}

/** @see binance-usdm.md §9, liquidation price of a one-way cross position */
function liquidationPriceText(state: ExchangeState, desk: Desk): string {
  const position = state.account.position(desk.index);
  const own = symbolMargin(state, desk);
  const all = accountMargin(state);
  const bracket = bracketOf(desk, own.notional < 0n ? -own.notional : own.notional);
  if (position.lots === 0 || bracket === undefined) return "0";
  const direction = Math.sign(position.lots);
  const size = (Math.abs(position.lots) * desk.stepE8) / 1e8;
  const others = Number(all.unrealised - own.unrealised - (all.maintenance - own.maintenance)) / 1e8;
  const wallet = Number(state.account.wallet) / 1e8;
  const cost = Number(position.cost) / 1e8;
  const price =
    (wallet + others + bracket.cum - direction * cost) / (size * bracket.maintMarginRatio - direction * size);
  return price > 0 ? price.toFixed(8) : "0";
}

function onlyFalse(params: Params, name: string, already: -4059 | -4171): Answer {
  const value = required(params, name);
  if (isRefusal(value)) return value;
  if (value.toLowerCase() === "false") return refusal(already);
  return value.toLowerCase() === "true" ? refusal(-1020) : success;
}

function refusalOfLeverage(state: ExchangeState, desk: Desk, leverage: number): Refusal | null {
  const margin = symbolMargin(state, desk);
  const long = margin.notional + margin.bidNotional;
  const short = margin.askNotional - margin.notional;
  const exposure = larger(long, short);
  if (exposure > maxNotional(desk, leverage)) return refusal(-2027);
  const needed = initialMarginAt(state, desk, leverage) - margin.position - margin.openOrders;
  return needed > 0n && needed > accountMargin(state).available ? refusal(-2028) : null;
}

function activeDesks(state: ExchangeState, desks: readonly Desk[]): readonly Desk[] {
  return desks.filter((desk) => state.account.position(desk.index).lots !== 0 || desk.openOrders > 0);
}

function accountPosition(state: ExchangeState, desk: Desk): Row {
  const margin = symbolMargin(state, desk);
  const position = state.account.position(desk.index);
  return {
    symbol: desk.symbol,
    positionSide: "BOTH",
    positionAmt: desk.quantityText(position.lots),
    unrealizedProfit: textFromE8(margin.unrealised, 8),
    isolatedMargin: noMoney,
    notional: shortOrFull(margin.notional),
    isolatedWallet: "0",
    initialMargin: shortOrFull(margin.position + margin.openOrders),
    maintMargin: shortOrFull(margin.maintenance),
    updateTime: position.updatedAt,
  };
}

function sumsOf(margin: AccountMargin) {
  return {
    walletBalance: textFromE8(margin.wallet, 8),
    unrealizedProfit: textFromE8(margin.unrealised, 8),
    marginBalance: textFromE8(margin.wallet + margin.unrealised, 8),
    maintMargin: textFromE8(margin.maintenance, 8),
    initialMargin: textFromE8(margin.position + margin.openOrders, 8),
    positionInitialMargin: textFromE8(margin.position, 8),
    openOrderInitialMargin: textFromE8(margin.openOrders, 8),
    available: textFromE8(margin.available, 8),
  };
}

function lastUpdate(state: ExchangeState): number {
  return state.account.income.at(-1)?.time ?? 0;
}

/** "0" when nothing, else all eight places. */
function shortOrFull(amount: bigint): string {
  return amount === 0n ? "0" : textFromE8(amount, 8);
}

function wholeUsdt(amount: bigint): string {
  return textFromE8(amount, 0);
}
