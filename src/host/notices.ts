/** Words for the log: closed trades, risk events, SAFE MODE. */

import { type Instrument, numberFromTicks, textFromLots } from "../domain/instrument.ts";
import type { Notice, RiskEvent, SafeModeRow, TradeRow } from "../domain/output.ts";

type Fields = Record<string, string | number | boolean | null>;

export function tradeNotice(row: TradeRow, instrument: Instrument): Notice {
  return {
    kind: "notice",
    level: "info",
    code: "TRADE_CLOSED",
    symbol: row.symbol,
    fields: {
      trade: row.trade,
      source: row.source,
      side: row.side,
      exitReason: row.exitReason,
      quantity: Number(textFromLots(instrument, row.quantity)),
      entry: numberFromTicks(instrument, row.entryPrice),
      exit: numberFromTicks(instrument, row.exitPrice),
      net: Number(row.netPnl) / 1e8,
      fees: Number(row.fees) / 1e8,
      ...(row.otherFees === null ? {} : { otherFees: row.otherFees }),
      seconds: (row.exitTime - row.entryTime) / 1e6,
    },
  };
}

/** The event's own word is the notice's code. */
export function riskEventNotice(row: RiskEvent): Notice {
  const { kind: _kind, event, symbol, time: _time, ...rest } = row;
  const fields: Fields = {};
  for (const [name, value] of Object.entries(rest)) {
    const isTime = name === "until" && typeof value === "number";
    fields[name] = isTime ? new Date(value / 1_000).toISOString() : value;
  }
  return { kind: "notice", level: levelOf(row), code: event, symbol, fields };
}

const safeModeWords = {
  entered: ["error", "SAFE_MODE_ON"],
  restored: ["error", "SAFE_MODE_RESTORED"],
  added: ["error", "SAFE_MODE_CAUSE"],
  eased: ["info", "SAFE_MODE_CAUSE_GONE"],
  kept: ["warn", "SAFE_MODE_KEPT"],
  left: ["warn", "SAFE_MODE_OFF"],
} as const satisfies Record<SafeModeRow["change"], readonly [Notice["level"], string]>;

export function safeModeNotice({ change, reason, detail, by, state }: SafeModeRow): Notice {
  const [level, code] = safeModeWords[change];
  const { episode } = state;
  return { kind: "notice", level, code, symbol: null, fields: { reason, detail, by, episode } };
}

function levelOf({ event }: RiskEvent): Notice["level"] {
  switch (event) {
    case "DAILY_LOSS_HIT":
    case "DRAWDOWN_HIT":
    case "DRAWDOWN_GUARD_HIT":
    case "POSITION_TOO_LARGE":
    case "HALTED":
    case "FLATTENING":
      return "error";
    case "DAILY_PROFIT_HIT":
    case "TRADES_PER_HOUR_HIT":
    case "CRASH_GUARD_HIT":
    case "COOLDOWN_STARTED":
    case "SCALED":
    case "FLATTENED":
      return "warn";
    case "RESUMED":
    case "DAY_STARTED":
    case "TRANSFERRED":
      return "info";
    default:
      throw new TypeError(`unhandled event ${event satisfies never}`);
  }
}
