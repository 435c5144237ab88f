/** What the journal knows when a run begins. The exchange is the truth about orders and positions; this is about intent. */

import type { DatabaseSync } from "node:sqlite";
import type { JournalFill, OpenTrade } from "../domain/journal.ts";
import type { SavedModel } from "../domain/model.ts";
import { roles, sides } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { IntentRow, OrderRow, PositionRow } from "../domain/output.ts";
import type { SafeModeState } from "../domain/safe-mode.ts";
import type { SessionState } from "../domain/session.ts";
import {
  lots,
  type Micros,
  micros,
  money,
  type SymbolIndex,
  signedLots,
  symbolIndex,
  type Ticks,
  ticks,
} from "../domain/units.ts";
import { type DatabaseRow, integer, integerOrNull, realOrNull, text, textOrNull, word } from "./cell.ts";
import { openForReading } from "./database.ts";
import { exitRulesFrom } from "./exit-rules.ts";
import { lossesInARow } from "./losses.ts";
import { modelsFrom } from "./model-state.ts";
import { type OutsideJournal, readOutside } from "./outside.ts";
import { safeModeFrom } from "./safe-mode-state.ts";
import { sessionFrom } from "./session-state.ts";
import type { StoredInstrument } from "./store.ts";

/** The newest executions of a symbol that are remembered, so that one that comes again is known. */
const fillsPerSymbolMax = 2_000;
const fillsPerTradeMax = 10_000;
/** The newest trades that are over and are remembered, of all symbols together. */
export const endedTradesMax = 1_000;
const intentsMax = 10_000;
const ordersMax = 10_000;
const positionsMax = 1_000;
const sessionsMax = 100;

export type Journal = {
  /** entries that were, or may have been, sent and whose trade has no summary yet; oldest first */
  readonly intents: readonly IntentRow[];
  /** the same with the executions that are in the books, oldest first: what a starting core is told */
  readonly openTrades: readonly OpenTrade[];
  /** last known state of the orders that had not ended */
  readonly orders: readonly OrderRow[];
  /** last known position of each symbol; flat ones too */
  readonly positions: readonly PositionRow[];
  /** executions that are in the books, newest first (I-07) */
  readonly appliedTradeIds: ReadonlyMap<SymbolIndex, readonly string[]>;
  /** the newest trades that have their summary, newest first (I-08) */
  readonly endedTrades: ReadonlyMap<SymbolIndex, readonly TradeId[]>;
  /** how many trades, of all symbols, were the last ones and lost in a row, since somebody acted on that or resumed */
  readonly lossesInARow: number;
  /** runs before this one, newest first, that did not end in good order (failure-catalogue F-61) */
  readonly crashes: number;
  /** limits, halts and cooldowns as they last stood */
  readonly session: SessionState | null;
  /** SAFE MODE as it last stood; null when it was never written */
  readonly safeMode: SafeModeState | null;
  /** what decision sources had learnt */
  readonly models: readonly SavedModel[];
  /** intents and plans of outside systems */
  readonly outside: OutsideJournal;
  /** what could not be used, in words */
  readonly notes: readonly string[];
};

export const databaseName = "journal.sqlite";

/**
 * Reads what earlier runs left. The store's thread has taken in what only their intent logs had.
 *
 * @param path the database
 * @param instruments those of this run; rows of other symbols, or of another tick or step size, are left out and noted
 * @param before when this run began: its own session is not looked at
 * @throws {StoreError} the database cannot be read
 */
export function loadJournal(path: string, instruments: readonly StoredInstrument[], before: Micros): Journal {
  const lookup = new Lookup(instruments);
  const database = openForReading(path);
  try {
    const intents = rows(database, openIntents, intentsMax)
      .flatMap((row) => lookup.take(row, intentFrom))
      .reverse();
    const fills = database.prepare("SELECT * FROM fills WHERE trade = ? AND symbol = ? ORDER BY time, rowid LIMIT ?");
    const fillsOf = ({ trade, symbol }: IntentRow): JournalFill[] =>
      fills.all(trade, instruments[symbol]?.symbol ?? "", fillsPerTradeMax).map(fillFrom);
    const stops = database.prepare("SELECT to_level FROM trailing_stops WHERE trade = ? ORDER BY id DESC LIMIT 1");
    const stopOf = ({ trade }: IntentRow): Ticks | null => {
      const row = stops.get(trade);
      return row === undefined ? null : ticks(integer(row, "to_level"));
    };
    const exits = database.prepare("SELECT 1 FROM orders WHERE trade = ? AND role = 'x' LIMIT 1");
    const isClosing = ({ trade }: IntentRow): boolean => exits.get(trade) !== undefined;
    const session = sessionFrom(database);
    const safeMode = safeModeFrom(database);
    const models = modelsFrom(database, instruments);
    return {
      intents,
      openTrades: intents.map((intent) => ({
        intent,
        fills: fillsOf(intent),
        stopLevel: stopOf(intent),
        isClosing: isClosing(intent),
      })),
      orders: rows(database, openOrders, ordersMax).flatMap((row) => lookup.take(row, orderFrom)),
      positions: rows(database, positions, positionsMax).flatMap((row) => lookup.take(row, positionFrom)),
      appliedTradeIds: new Map(
        instruments.map(({ symbol }, index) => [symbolIndex(index), appliedTo(database, symbol)]),
      ),
      endedTrades: endedIn(database, instruments),
      lossesInARow: lossesInARow(database),
      crashes: crashesIn(database, before),
      session: session.state,
      safeMode: safeMode.state,
      outside: readOutside(database),
      models: models.models,
      notes: [...lookup.notes(), ...session.notes, ...safeMode.notes, ...models.notes],
    };
  } finally {
    database.close();
  }
}

const withInstrument = "JOIN instruments ON instruments.id = instrument";
// Each by an index of its own, so that a start takes as long after years as on the first day.
const openIntents = `SELECT * FROM intents INDEXED BY intents_open ${withInstrument}
  WHERE closed = 0 AND trade NOT IN (SELECT trade FROM trades) ORDER BY time DESC LIMIT ?`;
const openOrders = `SELECT * FROM orders INDEXED BY orders_open ${withInstrument}
  WHERE state IN ('sent', 'unknown', 'live', 'cancelling', 'triggered') ORDER BY time LIMIT ?`;
const newestTrades = `SELECT symbol, trade
  FROM (SELECT trade, instrument, exit_time, rowid AS at FROM trades ORDER BY exit_time DESC, rowid DESC LIMIT ?)
  ${withInstrument} ORDER BY exit_time DESC, at DESC`;
const positions = `SELECT positions.*, tick_size, step_size FROM positions ${withInstrument} LIMIT ?`;

function rows(database: DatabaseSync, sql: string, most: number): DatabaseRow[] {
  return database.prepare(sql).all(most);
}

function appliedTo(database: DatabaseSync, symbol: string): string[] {
  return database
    .prepare("SELECT trade_id FROM fills WHERE symbol = ? ORDER BY time DESC, rowid DESC LIMIT ?")
    .all(symbol, fillsPerSymbolMax)
    .map((row) => text(row, "trade_id"));
}

function endedIn(
  database: DatabaseSync,
  instruments: readonly StoredInstrument[],
): ReadonlyMap<SymbolIndex, readonly TradeId[]> {
  const newest = rows(database, newestTrades, endedTradesMax);
  const endedOf = (symbol: string): TradeId[] =>
    newest.filter((row) => text(row, "symbol") === symbol).map((row) => text(row, "trade") as TradeId);
  return new Map(instruments.map(({ symbol }, index) => [symbolIndex(index), endedOf(symbol)]));
}

/** The newest runs in a row that never stopped in good order. */
function crashesIn(database: DatabaseSync, before: Micros): number {
  const sessions = database
    .prepare("SELECT stopped_at FROM sessions WHERE started_at < ? ORDER BY id DESC LIMIT ?")
    .all(before, sessionsMax);
  const clean = sessions.findIndex((row) => integerOrNull(row, "stopped_at") !== null);
  return clean === -1 ? sessions.length : clean;
}

/** Finds this run's index of what a row was written with, and remembers what it could not place. */
class Lookup {
  readonly #instruments: readonly StoredInstrument[];
  readonly #left = new Map<string, number>();

  constructor(instruments: readonly StoredInstrument[]) {
    this.#instruments = instruments;
  }

  #index({ symbol, tickSize, stepSize }: StoredInstrument): SymbolIndex | null {
    const found = this.#instruments.findIndex((one) => one.symbol === symbol);
    const one = this.#instruments[found];
    if (one === undefined) return this.#leave(`${symbol} is not traded in this run`);
    if (one.tickSize !== tickSize || one.stepSize !== stepSize) {
      return this.#leave(
        `${symbol} had tick ${tickSize} and step ${stepSize}, now ${one.tickSize} and ${one.stepSize}`,
      );
    }
    return symbolIndex(found);
  }

  take<T>(row: DatabaseRow, convert: (row: DatabaseRow, symbol: SymbolIndex) => T): T[] {
    const symbol = this.#index({
      symbol: text(row, "symbol"),
      tickSize: text(row, "tick_size"),
      stepSize: text(row, "step_size"),
    });
    return symbol === null ? [] : [convert(row, symbol)];
  }

  notes(): string[] {
    return [...this.#left].map(([why, count]) => `${count} rows of the journal were left out: ${why}`);
  }

  #leave(why: string): null {
    this.#left.set(why, (this.#left.get(why) ?? 0) + 1);
    return null;
  }
}

function intentFrom(row: DatabaseRow, symbol: SymbolIndex): IntentRow {
  const target = integerOrNull(row, "take_profit");
  const second = integerOrNull(row, "second_target");
  const cooldown = integerOrNull(row, "cooldown");
  return {
    kind: "intent",
    trade: text(row, "trade") as TradeId,
    decisionId: text(row, "decision_id"),
    source: text(row, "source"),
    symbol,
    clientOrderId: text(row, "client_order_id"),
    side: word(row, "side", sides),
    quantity: lots(integer(row, "quantity")),
    stopLoss: ticks(integer(row, "stop_loss")),
    takeProfit: target === null ? null : ticks(target),
    secondTarget: second === null ? null : ticks(second),
    exits: exitRulesFrom(row),
    decisionMidHalfTicks: integerOrNull(row, "decision_mid_half_ticks"),
    holdUntil: micros(integerOrNull(row, "tightened_hold_until") ?? integer(row, "hold_until")),
    cooldownMicros: cooldown === null ? null : micros(cooldown),
    time: micros(integer(row, "time")),
  };
}

function fillFrom(row: DatabaseRow): JournalFill {
  const commission = row["commission"];
  const maker = integerOrNull(row, "maker");
  return {
    clientOrderId: text(row, "client_order_id"),
    side: word(row, "side", sides),
    fill: {
      tradeId: text(row, "trade_id"),
      price: ticks(integer(row, "price")),
      quantity: lots(integer(row, "quantity")),
      commission: typeof commission === "bigint" ? money(commission) : null,
      commissionAsset: textOrNull(row, "commission_asset"),
      maker: maker === null ? null : maker === 1,
      time: micros(integer(row, "time")),
    },
  };
}

function orderFrom(row: DatabaseRow, symbol: SymbolIndex): OrderRow {
  const quantity = integerOrNull(row, "quantity");
  const price = integerOrNull(row, "price");
  return {
    kind: "order",
    trade: text(row, "trade") as TradeId,
    symbol,
    clientOrderId: text(row, "client_order_id"),
    service: word(row, "service", ["order", "algo"]),
    role: word(row, "role", roles),
    side: word(row, "side", sides),
    quantity: quantity === null ? null : lots(quantity),
    price: price === null ? null : ticks(price),
    state: text(row, "state"),
    filled: lots(integer(row, "filled")),
    venueId: textOrNull(row, "venue_id"),
    time: micros(integer(row, "time")),
  };
}

function positionFrom(row: DatabaseRow, symbol: SymbolIndex): PositionRow {
  const stop = integerOrNull(row, "stop_loss");
  const trade = textOrNull(row, "trade");
  return {
    kind: "position",
    symbol,
    trade: trade === null ? null : (trade as TradeId),
    lots: signedLots(integer(row, "lots")),
    cost: integer(row, "cost"),
    entryTicks: realOrNull(row, "entry"),
    stopLoss: stop === null ? null : ticks(stop),
    time: micros(integer(row, "time")),
  };
}
