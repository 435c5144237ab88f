/** A journal as it is after a long time: so many rows of trades that are over, written in one transaction. */

import { DatabaseSync } from "node:sqlite";
import { orderId, type TradeId, tradeIdFrom } from "../../src/domain/order-id.ts";

/** Rows that one trade leaves: an intent, four orders with ten changes, three fills, two moves of the stop, a decision, a summary, three log lines. */
const rowsPerTrade = 1 + 4 + 10 + 3 + 2 + 1 + 1 + 3;

/**
 * @param path the journal's database, which no daemon uses now
 * @param rows at least so many are added
 * @param until microseconds; the rows end before
 */
export function growStore(path: string, rows: number, until: number): number {
  const database = new DatabaseSync(path);
  const trades = Math.ceil(rows / rowsPerTrade);
  try {
    database.exec("PRAGMA synchronous = OFF; BEGIN");
    const put = statements(database);
    for (let index = 0; index < trades; index += 1) {
      addTrade(put, tradeIdFrom(`grown-${index}`), index, until - (trades - index) * 20_000_000);
    }
    database.exec("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
  } finally {
    database.close();
  }
  return trades * rowsPerTrade;
}

type Put = ReturnType<typeof statements>;

function statements(database: DatabaseSync) {
  const instrument = Number(database.prepare("SELECT min(id) AS id FROM instruments").get()?.["id"]);
  const insert = (table: string, columns: string) => {
    const marks = columns.split(", ").map(() => "?");
    const statement = database.prepare(`INSERT INTO ${table} (${columns}) VALUES (${marks.join(", ")})`);
    return (...values: (string | number | null)[]): void => {
      statement.run(...values);
    };
  };
  return {
    instrument,
    intent: insert(
      "intents",
      "client_order_id, trade, decision_id, source, instrument, side, quantity, stop_loss, hold_until, time",
    ),
    order: insert(
      "orders",
      "client_order_id, trade, instrument, service, role, side, quantity, price, state, filled, venue_id, time",
    ),
    change: insert("order_changes", "client_order_id, trade, quantity, price, state, filled, time"),
    fill: insert(
      "fills",
      "symbol, trade_id, instrument, trade, client_order_id, side, price, quantity, commission, commission_asset, maker, time",
    ),
    trade: insert(
      "trades",
      "trade, source, instrument, side, quantity, entry_time, exit_time, entry_price, exit_price, gross_pnl, fees, funding, net_pnl, adverse_ticks, favourable_ticks, maker_share, exit_reason",
    ),
    decision: insert("decisions", "decision_id, source, instrument, direction, action, approved, blocked, gates, time"),
    log: insert("logs", "time, level, code, symbol, fields"),
    stop: insert("trailing_stops", "trade, instrument, from_level, to_level, cause, time"),
  } as const;
}

function addTrade(put: Put, trade: TradeId, index: number, time: number): void {
  const { instrument } = put;
  const id = (role: "e" | "f" | "t1" | "x"): string => orderId({ prefix: "sd", trade, role, attempt: 1 });
  const decision = `grown-${index}`;
  put.intent(id("e"), trade, decision, "demo", instrument, "buy", 15, 639_000, time + 30_000_000, time);
  for (const role of ["e", "f", "t1", "x"] as const) {
    const service = role === "f" ? "algo" : "order";
    const state = role === "e" || role === "x" ? "filled" : "cancelled";
    put.order(id(role), trade, instrument, service, role, "buy", 15, 640_000, state, 15, String(8e18 + index), time);
  }
  for (let change = 0; change < 10; change += 1) {
    put.change(id("e"), trade, 15, 640_000, change < 9 ? "live" : "filled", change, time + change);
  }
  for (let fill = 0; fill < 3; fill += 1) {
    const number = String(7_000_000_000 + index * 3 + fill);
    put.fill("BTCUSDT", number, instrument, trade, id("e"), "buy", 640_000, 5, 480_000, "USDT", 0, time + fill);
  }
  put.stop(trade, instrument, 639_000, 639_500, "trailing", time);
  put.stop(trade, instrument, 639_500, 639_700, "trailing", time + 1);
  put.decision(decision, "demo", instrument, "LONG", "ENTER", 1, "[]", "[]", time);
  put.trade(trade, "demo", instrument, "buy", 15, time, time + 1e7, 64e4, 64e4, 0, 96e4, 0, -96e4, 1, 1, 0, "MAX_HOLD");
  for (let line = 0; line < 3; line += 1) put.log(time + line, "info", "ENTERING", "BTCUSDT", '{"quantity":0.015}');
}
