/** Writes rows into the tables of the journal. Every value is a bound parameter. @see failure-catalogue S-21 */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Notice, RiskEvent, Row, SessionRow, SymbolRow } from "../domain/output.ts";
import type { Micros, Money, SymbolIndex } from "../domain/units.ts";
import { type AlertEntry, alertWriter } from "./alerts.ts";
import { integer } from "./cell.ts";
import type { LoggedIntent } from "./intent-log.ts";
import { lossCounter } from "./losses.ts";
import { type OutsideRow, outsideWriter } from "./outside.ts";
import type { StoredInstrument } from "./store.ts";

/** What the worker is sent. */
export type Entry =
  | AlertEntry
  | { readonly kind: "row"; readonly row: Row }
  | { readonly kind: "outside"; readonly row: OutsideRow }
  | { readonly kind: "log"; readonly notice: Notice; readonly at: Micros }
  | { readonly kind: "account"; readonly wallet: Money; readonly equity: Money; readonly at: Micros };

export type Tables = {
  readonly write: (entry: Entry) => void;
  /** Takes in what an earlier run wrote to its intent log and could not commit. */
  readonly takeIn: (intents: readonly LoggedIntent[]) => void;
  readonly stopSession: (at: number) => void;
};

/** @param startedAt begins a session, which ends with `stopSession`; one that has no end was a crash */
export function openTables(
  database: DatabaseSync,
  instruments: readonly StoredInstrument[],
  startedAt: Micros,
): Tables {
  const ids = instruments.map((instrument) => instrumentId(database, instrument));
  const session = database.prepare("INSERT INTO sessions (started_at) VALUES (?)").run(startedAt).lastInsertRowid;
  const statements = prepareAll(database);
  const writeOutside = outsideWriter(database);
  const writeAlert = alertWriter(database);
  const countLoss = lossCounter(database);
  const idOf = (symbol: SymbolIndex): SQLInputValue => ids[symbol] ?? null;
  const nameOf = (symbol: SymbolIndex): string => instruments[symbol]?.symbol ?? "";
  const write = (row: Row): void => {
    switch (row.kind) {
      case "session":
        return writeSession(statements, row);
      case "safe-mode":
        statements.safeMode.run(JSON.stringify(row.state), row.time);
        return;
      case "risk-event":
        countLoss(row);
        return writeRiskEvent(statements, row, row.symbol === null ? null : nameOf(row.symbol));
      case "trade":
        countLoss(row);
        return writeRow(statements, row, idOf(row.symbol), nameOf(row.symbol));
      default:
        return writeRow(statements, row, idOf(row.symbol), nameOf(row.symbol));
    }
  };
  return {
    write(entry) {
      switch (entry.kind) {
        case "row":
          return write(entry.row);
        case "outside":
          return writeOutside(entry.row);
        case "log": {
          const { level, code, symbol, fields } = entry.notice;
          statements.log.run(entry.at, level, code, symbol === null ? null : nameOf(symbol), JSON.stringify(fields));
          return;
        }
        case "account":
          statements.account.run(entry.wallet, entry.equity, entry.at);
          return;
        case "alert":
        case "delivery":
          return writeAlert(entry);
        default:
          throw new TypeError(`unhandled entry ${entry satisfies never}`);
      }
    },
    takeIn(intents) {
      for (const { instrument, row } of intents) {
        writeRow(statements, row, instrumentId(database, instrument), instrument.symbol);
      }
    },
    stopSession(at) {
      database.prepare("UPDATE sessions SET stopped_at = ? WHERE id = ?").run(at, session);
    },
  };
}

function instrumentId(database: DatabaseSync, { symbol, tickSize, stepSize }: StoredInstrument): number {
  database
    .prepare("INSERT OR IGNORE INTO instruments (symbol, tick_size, step_size) VALUES (?, ?, ?)")
    .run(symbol, tickSize, stepSize);
  const found = database
    .prepare("SELECT id FROM instruments WHERE symbol = ? AND tick_size = ? AND step_size = ?")
    .get(symbol, tickSize, stepSize);
  return integer(found, "id");
}

type Statements = ReturnType<typeof prepareAll>;

function prepareAll(database: DatabaseSync) {
  const insert = (verb: string, table: string, columns: string): StatementSync => {
    const marks = columns.split(", ").map(() => "?");
    return database.prepare(`${verb} INTO ${table} (${columns}) VALUES (${marks.join(", ")})`);
  };
  return {
    intent: insert(
      "INSERT OR IGNORE",
      "intents",
      "client_order_id, trade, decision_id, source, instrument, side, quantity, stop_loss, take_profit, second_target, exits, decision_mid_half_ticks, hold_until, cooldown, time",
    ),
    order: insert(
      "INSERT OR REPLACE",
      "orders",
      "client_order_id, trade, instrument, service, role, side, quantity, price, state, filled, venue_id, time",
    ),
    orderChange: insert("INSERT", "order_changes", "client_order_id, trade, quantity, price, state, filled, time"),
    // A later source may know the fee and the maker flag that an earlier one did not say; it is still one execution.
    fill: database.prepare(
      `INSERT INTO fills (symbol, trade_id, instrument, trade, client_order_id, side, price, quantity, commission, commission_asset, maker, time)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (symbol, trade_id) DO UPDATE SET
         commission = coalesce(commission, excluded.commission),
         commission_asset = coalesce(commission_asset, excluded.commission_asset),
         maker = coalesce(maker, excluded.maker)`,
    ),
    position: insert("INSERT OR REPLACE", "positions", "symbol, instrument, trade, lots, cost, entry, stop_loss, time"),
    stopMove: insert("INSERT", "trailing_stops", "trade, instrument, from_level, to_level, cause, time"),
    trade: insert(
      "INSERT OR REPLACE",
      "trades",
      "trade, source, instrument, side, quantity, entry_time, exit_time, entry_price, exit_price, gross_pnl, fees, funding, net_pnl, r, adverse_ticks, favourable_ticks, slippage_ticks, arrival_slippage_ticks, maker_share, exit_reason",
    ),
    tightened: database.prepare("UPDATE intents SET tightened_exits = ?, tightened_hold_until = ? WHERE trade = ?"),
    closeIntents: database.prepare("UPDATE intents SET closed = 1 WHERE trade = ?"),
    decision: insert(
      "INSERT OR REPLACE",
      "decisions",
      "decision_id, source, instrument, direction, action, confidence, edge, approved, blocked, gates, approved_order, time",
    ),
    noTrade: insert(
      "INSERT OR REPLACE",
      "no_trades",
      "instrument, source, reason, minute, count, least, median, most, limit_value, time",
    ),
    modelState: insert("INSERT OR REPLACE", "model_state", "symbol, source, state, time"),
    session: database.prepare("INSERT OR REPLACE INTO session_state (id, state, equity, time) VALUES (1, ?, ?, ?)"),
    safeMode: database.prepare("INSERT OR REPLACE INTO safe_mode (id, state, time) VALUES (1, ?, ?)"),
    sessionDay: insert(
      "INSERT OR REPLACE",
      "session_days",
      "day, start_equity, equity, peak_equity, realised, trades, hold, time",
    ),
    riskEvent: insert("INSERT", "risk_events", "time, event, symbol, fields"),
    log: insert("INSERT", "logs", "time, level, code, symbol, fields"),
    account: database.prepare("INSERT OR REPLACE INTO account (id, wallet, equity, time) VALUES (1, ?, ?, ?)"),
  } as const;
}

function writeRow(to: Statements, row: SymbolRow, instrument: SQLInputValue, symbol: string): void {
  switch (row.kind) {
    case "intent":
      to.intent.run(
        row.clientOrderId,
        row.trade,
        row.decisionId,
        row.source,
        instrument,
        row.side,
        row.quantity,
        row.stopLoss,
        row.takeProfit,
        row.secondTarget,
        row.exits === null ? null : JSON.stringify(row.exits),
        row.decisionMidHalfTicks,
        row.holdUntil,
        row.cooldownMicros,
        row.time,
      );
      return;
    case "order":
      to.order.run(
        row.clientOrderId,
        row.trade,
        instrument,
        row.service,
        row.role,
        row.side,
        row.quantity,
        row.price,
        row.state,
        row.filled,
        row.venueId,
        row.time,
      );
      to.orderChange.run(row.clientOrderId, row.trade, row.quantity, row.price, row.state, row.filled, row.time);
      return;
    case "fill":
      to.fill.run(
        symbol,
        row.tradeId,
        instrument,
        row.trade,
        row.clientOrderId,
        row.side,
        row.price,
        row.quantity,
        row.commission,
        row.commissionAsset,
        row.maker === null ? null : Number(row.maker),
        row.time,
      );
      return;
    case "position":
      to.position.run(symbol, instrument, row.trade, row.lots, row.cost, row.entryTicks, row.stopLoss, row.time);
      return;
    case "stop-move":
      to.stopMove.run(row.trade, instrument, row.from, row.to, row.cause, row.time);
      return;
    case "exits-tightened":
      to.tightened.run(JSON.stringify(row.exits), row.holdUntil, row.trade);
      return;
    case "trade":
      to.closeIntents.run(row.trade);
      to.trade.run(
        row.trade,
        row.source,
        instrument,
        row.side,
        row.quantity,
        row.entryTime,
        row.exitTime,
        row.entryPrice,
        row.exitPrice,
        row.grossPnl,
        row.fees,
        row.funding,
        row.netPnl,
        row.r,
        row.adverseTicks,
        row.favourableTicks,
        row.slippageTicks,
        row.arrivalSlippageTicks,
        row.makerShare,
        row.exitReason,
      );
      return;
    case "decision":
      to.decision.run(
        row.decisionId,
        row.source,
        instrument,
        row.direction,
        row.action,
        row.confidence,
        row.edge,
        Number(row.approved),
        JSON.stringify(row.blocked),
        JSON.stringify(row.gates),
        row.order === null ? null : JSON.stringify(row.order),
        row.time,
      );
      return;
    case "no-trade":
      to.noTrade.run(
        instrument,
        row.source,
        row.reason,
        row.minute,
        row.count,
        row.least,
        row.median,
        row.most,
        row.limit,
        row.time,
      );
      return;
    case "model-state":
      to.modelState.run(symbol, row.source, JSON.stringify(row.state), row.time);
      return;
    default:
      throw new TypeError(`unhandled row ${row satisfies never}`);
  }
}

function writeSession(to: Statements, { state, equity, time }: SessionRow): void {
  to.session.run(JSON.stringify(state), equity, time);
  to.sessionDay.run(
    state.day,
    state.dayStartEquity,
    equity,
    state.dayPeakEquity,
    state.realisedToday,
    state.tradesToday,
    state.hold.kind === "none" ? "none" : `${state.hold.kind} ${state.hold.reason}`,
    time,
  );
}

function writeRiskEvent(to: Statements, row: RiskEvent, symbol: string | null): void {
  const { kind: _kind, symbol: _symbol, time, event, ...fields } = row;
  to.riskEvent.run(time, event, symbol, JSON.stringify(fields));
}
