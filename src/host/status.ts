/** The periodic status lines: one a symbol, and one of the trading day (requirements OPS-1). */

import { type Instrument, numberFromTicks, quoteFromTickLots } from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, microsPerSecond, type SignedLots } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import { mayTrade } from "../execution/order.ts";
import type { Trade } from "../execution/trade.ts";
import { positionText, shownLots } from "./shown-position.ts";

export function statusNotices(core: Core, now: Micros): readonly Notice[] {
  return core.desks.map((desk) => {
    const { instrument, market, manager, lastDecision } = desk;
    const { trade } = manager;
    return {
      kind: "notice",
      level: "info",
      code: "STATUS",
      symbol: instrument.index,
      fields: {
        decision: lastDecision?.id ?? null,
        decisionAge: lastDecision === null ? null : (now - lastDecision.time) / microsPerSecond,
        direction: lastDecision?.direction ?? null,
        bid: numberFromTicks(instrument, market.bid),
        ask: numberFromTicks(instrument, market.ask),
        session: market.tradingSession(now),
        spreadBps: rounded(market.spreadBps, 4),
        volatilityBps: rounded(market.volatilityBps(), 4),
        ...positionFields(shownLots(core, desk), instrument, market.midHalfTicks / 2),
        ...levelFields(trade, instrument),
        orders: trade === null ? 0 : [...trade.orders.values()].filter(mayTrade).length,
        fills: manager.counts.fills,
        trades: manager.counts.trades,
        net: Number(manager.counts.netPnl) / 1e8,
      },
    };
  });
}

/** State of the limits, and how the day went so far; amounts in the quote asset. */
export function sessionNotice(core: Core, now: Micros): Notice {
  const { hold, scale, ...state } = core.session(now);
  const { equity } = core;
  const { dayStartEquity } = state;
  return {
    kind: "notice",
    level: "info",
    code: "STATUS_SESSION",
    symbol: null,
    fields: {
      equity: rounded(equity, 2),
      dayStartEquity: rounded(dayStartEquity, 2),
      dayProfit: equity === null || dayStartEquity === null ? null : rounded(equity - dayStartEquity, 2),
      realisedToday: rounded(state.realisedToday, 2),
      peakEquity: rounded(state.peakEquity, 2),
      tradesToday: state.tradesToday,
      tradesLastHour: state.tradeTimes.filter((time) => time > now - microsPerHour).length,
      hold: hold.kind,
      reason: hold.kind === "none" ? null : hold.reason,
      until: hold.kind === "none" || hold.until === null ? null : new Date(hold.until / 1_000).toISOString(),
      scale,
    },
  };
}

const microsPerHour = 3_600 * microsPerSecond;

function positionFields(lots: SignedLots | null, instrument: Instrument, mid: number): Notice["fields"] {
  if (lots === null) return { position: null, notional: null };
  return {
    position: positionText(instrument, lots),
    notional: rounded(quoteFromTickLots(instrument, Math.abs(lots) * mid), 2),
  };
}

/** Where they have moved to. */
function levelFields(trade: Trade | null, instrument: Instrument): Notice["fields"] {
  if (trade === null) return { stop: null, target: null };
  const { stopLevel, takeProfit } = trade;
  return {
    stop: numberFromTicks(instrument, stopLevel),
    target: takeProfit === null ? null : numberFromTicks(instrument, takeProfit),
  };
}

function rounded(value: number | null, digits: number): number | null {
  return value === null || !Number.isFinite(value) ? null : Number(value.toFixed(digits));
}
