/** What a store holds, for people: decimal text instead of ticks and lots. Read only, also while a daemon writes. */

import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { SafeModeState } from "../domain/safe-mode.ts";
import { type DatabaseRow, integer, integerOrNull, real, realOrNull, text, textOrNull } from "./cell.ts";
import { type JournalFailure, readFailure, safeModeAfter } from "./failure-mark.ts";
import { readStore, storesIn } from "./reading.ts";
import { safeModeFrom } from "./safe-mode-state.ts";
import { amount, entryPrice, price, priceOrNull, quantity, time } from "./shown.ts";

const tradesMax = 10;
/** More than a daemon can have open: a stop that was left out would be one that is not known. */
const ordersMax = 10_000;

export type StoreView = {
  /** venue and instance */
  readonly store: string;
  readonly account: { readonly wallet: string; readonly equity: string; readonly time: string } | null;
  /** why new entries are shut off, the first cause first; null while they are not */
  readonly safe_mode: { readonly reasons: readonly string[]; readonly detail: string; readonly since: string } | null;
  readonly positions: readonly PositionView[];
  readonly orders: readonly OrderView[];
  /** the newest first */
  readonly trades: readonly TradeView[];
};

export type PositionView = {
  readonly symbol: string;
  /** base asset, signed */
  readonly quantity: string;
  readonly entry_price: string;
  readonly trade: string | null;
  /** the level that the trade was entered with */
  readonly stop_price: string | null;
  /** live stops of the position's trade; none means that the journal knows of no protection */
  readonly protection: readonly OrderView[];
  readonly time: string;
};

export type OrderView = {
  readonly symbol: string;
  readonly id: string;
  readonly role: string;
  readonly service: string;
  readonly side: string;
  /** null: the whole position */
  readonly quantity: string | null;
  readonly price: string | null;
  readonly state: string;
  readonly filled: string;
  readonly time: string;
};

export type TradeView = {
  readonly trade: string;
  readonly symbol: string;
  readonly side: string;
  readonly quantity: string;
  readonly entry_price: string;
  readonly exit_price: string;
  readonly pnl_net: string;
  readonly fees: string;
  readonly r: number | null;
  readonly exit_reason: string;
  readonly exit_time: string;
};

/**
 * Reads every store under `store.directory`.
 *
 * @throws {import("./store.ts").StoreError} a store cannot be read
 */
export function viewStores(directory: string): StoreView[] {
  return storesIn(directory).map(({ name, path }) =>
    readStore(path, (database) => view(database, name, readFailure(dirname(path)))),
  );
}

// States of the execution's order status that are not an end.
const openOrders = `SELECT orders.*, symbol, tick_size, step_size FROM orders JOIN instruments ON instruments.id = instrument
  WHERE state IN ('sent', 'unknown', 'live', 'cancelling', 'triggered') ORDER BY symbol, role LIMIT ?`;
const openPositions = `SELECT positions.*, tick_size, step_size FROM positions JOIN instruments ON instruments.id = instrument
  WHERE lots != 0 ORDER BY positions.symbol`;
const lastTrades = `SELECT trades.*, symbol, tick_size, step_size FROM trades JOIN instruments ON instruments.id = instrument
  ORDER BY exit_time DESC LIMIT ?`;

function view(database: DatabaseSync, store: string, failure: JournalFailure | null): StoreView {
  // One transaction, so that positions and orders are of one moment.
  database.exec("BEGIN");
  const account = database.prepare("SELECT * FROM account").get();
  const safeMode = hasSafeMode(database) ? safeModeFrom(database).state : null;
  const orders = database.prepare(openOrders).all(ordersMax);
  const positions = database.prepare(openPositions).all();
  const trades = database.prepare(lastTrades).all(tradesMax);
  database.exec("COMMIT");
  return {
    store,
    account:
      account === undefined
        ? null
        : { wallet: amount(account, "wallet"), equity: amount(account, "equity"), time: time(account, "time") },
    safe_mode: safeModeView(failure === null ? safeMode : safeModeAfter(safeMode, failure)),
    positions: positions.map((row) => positionView(row, orders)),
    orders: orders.map(orderView),
    trades: trades.map(tradeView),
  };
}

/** A journal that no daemon has opened since it learnt to keep it has no such table. */
function hasSafeMode(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'safe_mode'").get() !== undefined;
}

function safeModeView(state: SafeModeState | null): StoreView["safe_mode"] {
  if (state === null || state.mode === "normal") return null;
  const { causes, since } = state;
  return {
    reasons: causes.map(({ reason }) => reason),
    detail: causes[0].detail,
    since: new Date(since / 1_000).toISOString(),
  };
}

function positionView(row: DatabaseRow, orders: readonly DatabaseRow[]): PositionView {
  const held = integer(row, "lots");
  const trade = textOrNull(row, "trade");
  const stops = orders.filter(
    (order) =>
      trade !== null &&
      text(order, "trade") === trade &&
      text(order, "service") === "algo" &&
      ["f", "r"].includes(text(order, "role")) &&
      ["live", "cancelling", "triggered"].includes(text(order, "state")),
  );
  return {
    symbol: text(row, "symbol"),
    quantity: quantity(row, held),
    entry_price: entryPrice(row, held),
    trade,
    stop_price: priceOrNull(row, "stop_loss"),
    protection: stops.map(orderView),
    time: time(row, "time"),
  };
}

function orderView(row: DatabaseRow): OrderView {
  const lots = integerOrNull(row, "quantity");
  return {
    symbol: text(row, "symbol"),
    id: text(row, "client_order_id"),
    role: text(row, "role"),
    service: text(row, "service"),
    side: text(row, "side"),
    quantity: lots === null ? null : quantity(row, lots),
    price: priceOrNull(row, "price"),
    state: text(row, "state"),
    filled: quantity(row, integer(row, "filled")),
    time: time(row, "time"),
  };
}

function tradeView(row: DatabaseRow): TradeView {
  return {
    trade: text(row, "trade"),
    symbol: text(row, "symbol"),
    side: text(row, "side"),
    quantity: quantity(row, integer(row, "quantity")),
    entry_price: price(row, real(row, "entry_price")),
    exit_price: price(row, real(row, "exit_price")),
    pnl_net: amount(row, "net_pnl"),
    fees: amount(row, "fees"),
    r: realOrNull(row, "r"),
    exit_reason: text(row, "exit_reason"),
    exit_time: time(row, "exit_time"),
  };
}
