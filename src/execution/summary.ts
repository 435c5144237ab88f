/** The summary that each closed trade leaves (requirements ORD-4). */

import { averagePrice } from "../account/ledger.ts";
import { present } from "../domain/assert.ts";
import {
  type Instrument,
  moneyFromTickLots,
  numberFromMoney,
  quoteFromTickLots,
  textFromMoney,
} from "../domain/instrument.ts";
import { opposite, type Side, sign } from "../domain/order.ts";
import type { TradeRow } from "../domain/output.ts";
import type { ExitReason } from "../domain/reason.ts";
import { addMoney, type Money, noMoney, subtractMoney } from "../domain/units.ts";
import type { Desk } from "./desk.ts";
import { enteredLots, stopReason, type Trade } from "./trade.ts";

/** The row of a trade that is flat and had a position. */
export function tradeRow(desk: Pick<Desk, "instrument">, trade: Trade): TradeRow {
  const { plan, ledger } = trade;
  const { instrument } = desk;
  const entryPrice = present(averagePrice(ledger, plan.side), "average entry of a closed trade");
  const exitPrice = present(averagePrice(ledger, opposite(plan.side)), "average exit of a closed trade");
  const grossPnl = moneyFromTickLots(instrument, ledger.cash);
  const netPnl = addMoney(subtractMoney(grossPnl, trade.fees), trade.funding);
  const riskTicks = (entryPrice - plan.stopLoss) * sign(plan.side);
  const risk = quoteFromTickLots(instrument, riskTicks * enteredLots(trade));
  const mid = plan.decisionMidHalfTicks;
  return {
    kind: "trade",
    trade: plan.trade,
    source: plan.source,
    symbol: plan.symbol,
    side: plan.side,
    quantity: enteredLots(trade),
    entryTime: present(trade.entryTime, "entry time of a closed trade"),
    exitTime: trade.lastFillTime,
    entryPrice,
    exitPrice,
    grossPnl,
    fees: trade.fees,
    funding: trade.funding,
    netPnl,
    otherFees: otherFees(instrument, trade),
    r: mid === null || risk <= 0 ? null : numberFromMoney(netPnl) / risk,
    ...excursions(trade, entryPrice),
    slippageTicks: slippage(mid, entryPrice, plan.side),
    arrivalSlippageTicks: slippage(trade.arrivalMidHalfTicks, entryPrice, plan.side),
    makerShare: trade.makerLots / trade.tradedLots,
    exitReason: exitReason(trade),
  };
}

/** Quotes alone know nothing of an exit while nobody watched: between two runs, or in a gap of the market data. */
function excursions(trade: Trade, entryPrice: number): Pick<TradeRow, "adverseTicks" | "favourableTicks"> {
  const { plan, executions } = trade;
  let { adverseTicks, favourableTicks } = trade;
  for (const { side, fill } of executions.values()) {
    if (side === plan.side) continue;
    const gain = (fill.price - entryPrice) * sign(plan.side);
    adverseTicks = Math.max(adverseTicks, -gain);
    favourableTicks = Math.max(favourableTicks, gain);
  }
  return { adverseTicks, favourableTicks };
}

/** Several assets are possible: the exchange goes over to the quote asset when the other one is used up. */
function otherFees({ rules }: Instrument, { executions }: Trade): string | null {
  const sums = new Map<string, Money>();
  for (const { fill } of executions.values()) {
    const { commission, commissionAsset: asset } = fill;
    if (commission === null || asset === null || asset === rules.quoteAsset || commission === noMoney) continue;
    sums.set(asset, addMoney(sums.get(asset) ?? noMoney, commission));
  }
  const texts = [...sums].map(([asset, sum]) => `${textFromMoney(sum)} ${asset}`);
  return texts.length === 0 ? null : texts.join(", ");
}

/** How much worse than a mid the entry was on average, ticks. */
function slippage(midHalfTicks: number | null, entryPrice: number, side: Side): number | null {
  return midHalfTicks === null ? null : (entryPrice - midHalfTicks / 2) * sign(side);
}

/** Its own reason ended with the run that closed; what the plan says of the time still holds. */
function reasonOfEarlierRun({ lastFillTime, holdUntil }: Trade): ExitReason {
  return lastFillTime >= holdUntil ? "MAX_HOLD" : "EARLIER_RUN";
}

/** What really closed the position outranks what was intended: a stop may fill while a close is on the way. */
function exitReason(trade: Trade): ExitReason {
  switch (trade.lastExitRole) {
    case "f":
      return "STOP_LOSS";
    case "r":
      return stopReason(trade);
    case "t1":
    case "t2":
      return "TAKE_PROFIT";
    case "x":
      return trade.closing?.reason ?? reasonOfEarlierRun(trade);
    case "e":
    case null:
      return "EXTERNAL";
    default:
      throw new TypeError(`unhandled role ${trade.lastExitRole satisfies never}`);
  }
}
