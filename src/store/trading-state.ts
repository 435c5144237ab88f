/**
 * `trading_state.json`: what the journal holds of the present, for people. A view, written by the database's thread after
 * changes, at most so often, and always whole; nothing reads it back (requirements IDM-4).
 */

import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type DatabaseRow, integer, text, textOrNull } from "./cell.ts";
import { sessionFrom } from "./session-state.ts";
import { entryPrice, price, priceOrNull, quantity, time } from "./shown.ts";
import type { Entry } from "./tables.ts";

export const tradingStateName = "trading_state.json";

const version = 1;
/** A person reads it: more than this is for the database. */
const intentsMax = 200;
const mode = 0o640;

export type TradingStateOptions = {
  readonly path: string;
  /** at most one write in so many milliseconds */
  readonly intervalMs: number;
  /** microseconds that an intent is known */
  readonly intentTtl: number;
  /** milliseconds since the epoch */
  readonly clock: () => number;
  /** It could not be written, for the first time in a row; trading does not depend on it. */
  readonly onTrouble: (message: string) => void;
};

export class TradingStateFile {
  readonly #database: DatabaseSync;
  readonly #options: TradingStateOptions;
  #timer: NodeJS.Timeout | null = null;
  #isTroubled = false;

  constructor(database: DatabaseSync, options: TradingStateOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** What was committed: when it concerns the view, it is written before long. */
  onCommitted(entries: readonly Entry[]): void {
    if (this.#timer !== null || !entries.some(isShown)) return;
    this.#timer = setTimeout(() => this.write(), this.#options.intervalMs);
  }

  write(): void {
    this.close();
    const { path, clock, intentTtl, onTrouble } = this.#options;
    try {
      replaceFile(path, `${JSON.stringify(tradingState(this.#database, clock(), intentTtl), null, 2)}\n`);
      this.#isTroubled = false;
    } catch (error) {
      if (!this.#isTroubled) onTrouble(`${path} cannot be written: ${String(error)}`);
      this.#isTroubled = true;
    }
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

function isShown(entry: Entry): boolean {
  if (entry.kind !== "row") return false;
  return shownKinds.has(entry.row.kind);
}

const shownKinds: ReadonlySet<string> = new Set([
  "intent",
  "position",
  "stop-move",
  "exits-tightened",
  "session",
  "trade",
]);

const withInstrument = "JOIN instruments ON instruments.id = instrument";
const intents = `SELECT * FROM intents ${withInstrument} WHERE time >= ? ORDER BY time DESC LIMIT ${intentsMax}`;
const positions = `SELECT positions.*, tick_size, step_size, source, decision_id,
    coalesce(tightened_hold_until, hold_until) AS hold_until, intents.time AS entered_at
  FROM positions JOIN instruments ON instruments.id = positions.instrument LEFT JOIN intents ON intents.trade = positions.trade
  WHERE lots != 0 GROUP BY positions.symbol ORDER BY positions.symbol`;
const moves = `SELECT trailing_stops.*, symbol, tick_size, step_size FROM trailing_stops ${withInstrument}
  WHERE trailing_stops.id IN (SELECT max(id) FROM trailing_stops WHERE trade IN (SELECT trade FROM positions WHERE lots != 0) GROUP BY trade)
  ORDER BY symbol`;

/** @param now milliseconds since the epoch */
function tradingState(database: DatabaseSync, now: number, intentTtl: number): Readonly<Record<string, unknown>> {
  const cooldowns = sessionFrom(database).state?.cooldowns ?? [];
  return {
    version,
    about: "A view of the journal for people. The database is the truth; nothing reads this file back.",
    last_updated: new Date(now).toISOString(),
    order_intents: database
      .prepare(intents)
      .all(now * 1_000 - intentTtl)
      .map(intentOf),
    cooldowns: cooldowns
      .filter(({ until }) => until > now * 1_000)
      .map(({ symbol, side, until }) => ({ symbol, side, until: new Date(until / 1_000).toISOString() })),
    position_metadata: database.prepare(positions).all().map(positionOf),
    trailing_stops: database.prepare(moves).all().map(moveOf),
  };
}

function intentOf(row: DatabaseRow): Readonly<Record<string, unknown>> {
  return {
    client_order_id: text(row, "client_order_id"),
    trade: text(row, "trade"),
    decision: text(row, "decision_id"),
    source: text(row, "source"),
    symbol: text(row, "symbol"),
    side: text(row, "side"),
    quantity: quantity(row, integer(row, "quantity")),
    stop_price: priceOrNull(row, "stop_loss"),
    take_profit: priceOrNull(row, "take_profit"),
    hold_until: time(row, "hold_until"),
    time: time(row, "time"),
    open: integer(row, "closed") === 0,
  };
}

function positionOf(row: DatabaseRow): Readonly<Record<string, unknown>> {
  const held = integer(row, "lots");
  const isKnown = row["source"] !== null;
  return {
    symbol: text(row, "symbol"),
    quantity: quantity(row, held),
    entry_price: entryPrice(row, held),
    stop_price: priceOrNull(row, "stop_loss"),
    trade: textOrNull(row, "trade"),
    source: textOrNull(row, "source"),
    decision: textOrNull(row, "decision_id"),
    entered_at: isKnown ? time(row, "entered_at") : null,
    hold_until: isKnown ? time(row, "hold_until") : null,
    time: time(row, "time"),
  };
}

function moveOf(row: DatabaseRow): Readonly<Record<string, unknown>> {
  return {
    trade: text(row, "trade"),
    symbol: text(row, "symbol"),
    from: price(row, integer(row, "from_level")),
    to: price(row, integer(row, "to_level")),
    cause: text(row, "cause"),
    time: time(row, "time"),
  };
}

/** Whoever reads sees the old content or the new one, also after a kill or a power loss. */
function replaceFile(path: string, content: string): void {
  const beside = `${path}.tmp`;
  const file = openSync(beside, "w", mode);
  try {
    // The mode that was asked for, whatever the process's mask takes from it.
    fchmodSync(file, mode);
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  const directory = openSync(dirname(path), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
