/** One trade's story in order: decision, gates, intent, orders with what became of them, fills, moves of the stop, summary. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { big, type DatabaseRow, integer, integerOrNull, json, real, realOrNull, text, textOrNull } from "./cell.ts";
import { readStore, storesIn } from "./reading.ts";
import { amount, price, priceOrNull, quantity, time } from "./shown.ts";
import { Gate } from "./why.ts";

export type TradeStory = {
  readonly store: string;
  readonly trade: string;
  readonly symbol: string;
  readonly side: string;
  readonly source: string;
  /** null for a trade that was adopted, or whose decision is not in the journal */
  readonly decision: StoryDecision | null;
  /** in the order in which they happened */
  readonly events: readonly StoryEvent[];
  /** null while the trade is open */
  readonly summary: StorySummary | null;
};

export type StoryDecision = {
  readonly time: string;
  readonly id: string;
  readonly action: string;
  readonly direction: string;
  readonly confidence: number | null;
  readonly edge: number | null;
  readonly gates: readonly z.infer<typeof Gate>[];
  /** what raised, lowered or clamped the size, with the notional after it, quote asset */
  readonly size_steps: readonly { readonly what: string; readonly notional: number }[];
};

export type StoryEvent = { readonly time: string } & (
  | {
      readonly what: "intent";
      readonly quantity: string;
      readonly stop_price: string;
      readonly target_price: string | null;
      readonly second_target_price: string | null;
      readonly hold_until: string;
      readonly exits: Readonly<Record<string, unknown>> | null;
    }
  | {
      readonly what: "order";
      readonly id: string;
      readonly role: string;
      readonly side: string;
      /** null: the whole position */
      readonly quantity: string | null;
      /** limit or trigger; null for market orders */
      readonly price: string | null;
      readonly state: string;
      readonly filled: string;
    }
  | {
      readonly what: "fill";
      readonly order: string;
      readonly side: string;
      readonly quantity: string;
      readonly price: string;
      /** null where the exchange did not say */
      readonly fee: string | null;
      readonly fee_asset: string | null;
      readonly maker: boolean | null;
    }
  | { readonly what: "stop-move"; readonly from: string; readonly to: string; readonly cause: string }
);

export type StorySummary = {
  readonly quantity: string;
  readonly entry_time: string;
  readonly exit_time: string;
  readonly duration_ms: number;
  readonly entry_price: string;
  readonly exit_price: string;
  readonly pnl_gross: string;
  readonly fees: string;
  readonly funding: string;
  readonly pnl_net: string;
  readonly r: number | null;
  /** worst and best excursion from the average entry, as prices differ */
  readonly mae: string;
  readonly mfe: string;
  /** average entry against the decision's mid, and against the mid when the entry left; positive is worse */
  readonly slippage: string | null;
  readonly arrival_slippage: string | null;
  readonly maker_share: number;
  readonly exit_reason: string;
};

/** Rows of one kind that a story has at most. */
const rowsMax = 5_000;
/** Trades that are named when the one asked for is not there. */
const namedMax = 5;
const idLengthMax = 64;

export type StoryAnswer =
  | { readonly kind: "found"; readonly story: TradeStory }
  /** the newest trades that are there instead */
  | { readonly kind: "unknown"; readonly newest: readonly string[] };

/**
 * @param directory `store.directory`
 * @param id of the trade, of its decision, or of one of its orders
 * @throws {import("./store.ts").StoreError} a store cannot be read
 */
export function viewTrade(directory: string, id: string): StoryAnswer {
  const newest: { readonly trade: string; readonly time: number }[] = [];
  for (const { name, path } of storesIn(directory)) {
    const story = readStore(path, (database) => {
      // One transaction, so that all of it is of one moment, also while a daemon writes.
      database.exec("BEGIN");
      const found = storyIn(database, name, id.slice(0, idLengthMax));
      if (found !== null) return found;
      const rows = database.prepare("SELECT trade, time FROM intents ORDER BY time DESC LIMIT ?").all(namedMax);
      newest.push(...rows.map((row) => ({ trade: text(row, "trade"), time: integer(row, "time") })));
      return null;
    });
    if (story !== null) return { kind: "found", story };
  }
  const sorted = newest.sort((a, b) => b.time - a.time).slice(0, namedMax);
  return { kind: "unknown", newest: sorted.map(({ trade }) => trade) };
}

const withInstrument = "JOIN instruments ON instruments.id = instrument";
const tradeOf = `SELECT trade FROM intents WHERE trade = :id OR decision_id = :id OR client_order_id = :id
  UNION SELECT trade FROM orders WHERE trade = :id OR client_order_id = :id
  UNION SELECT trade FROM trades WHERE trade = :id LIMIT 1`;
const headOf = `SELECT symbol, side, source, NULL AS decision_id FROM trades ${withInstrument} WHERE trade = :id`;
const intentsOf = `SELECT * FROM intents ${withInstrument} WHERE trade = ? ORDER BY time LIMIT ?`;
const changesOf = `SELECT order_changes.*, role, side, tick_size, step_size FROM order_changes
  JOIN orders USING (client_order_id) ${withInstrument} WHERE order_changes.trade = ? ORDER BY order_changes.id LIMIT ?`;
// Rows of a version that kept only the last state of an order.
const oldOrdersOf = `SELECT * FROM orders ${withInstrument} WHERE trade = ?
  AND client_order_id NOT IN (SELECT client_order_id FROM order_changes) ORDER BY time LIMIT ?`;
const fillsOf = `SELECT * FROM fills JOIN instruments ON instruments.id = instrument WHERE trade = ? ORDER BY time LIMIT ?`;
const movesOf = `SELECT * FROM trailing_stops ${withInstrument} WHERE trade = ? ORDER BY trailing_stops.id LIMIT ?`;

function storyIn(database: DatabaseSync, store: string, id: string): TradeStory | null {
  const found = database.prepare(tradeOf).get({ id });
  if (found === undefined) return null;
  const trade = text(found, "trade");
  const all = (sql: string): DatabaseRow[] => database.prepare(sql).all(trade, rowsMax);
  const intents = all(intentsOf);
  const orders = [...all(oldOrdersOf), ...all(changesOf)];
  const closed = database.prepare(`SELECT * FROM trades ${withInstrument} WHERE trade = ?`).get(trade);
  const head = intents[0] ?? database.prepare(headOf).get({ id: trade });
  const events = [
    ...intents.map((row) => timed(row, intentEvent)),
    ...orders.map((row) => timed(row, orderEvent)),
    ...all(fillsOf).map((row) => timed(row, fillEvent)),
    ...all(movesOf).map((row) => timed(row, moveEvent)),
  ];
  return {
    store,
    trade,
    symbol: head === undefined ? "" : text(head, "symbol"),
    side: head === undefined ? "" : text(head, "side"),
    source: head === undefined ? "" : text(head, "source"),
    decision: head === undefined ? null : decisionIn(database, textOrNull(head, "decision_id")),
    // A sort keeps the order of what happened at the same microsecond, which is the order of cause and effect above.
    events: events.sort((a, b) => a.at - b.at).map(({ event }) => event),
    summary: closed === undefined ? null : summaryFrom(closed),
  };
}

function timed(row: DatabaseRow, convert: (row: DatabaseRow) => StoryEvent) {
  return { at: integer(row, "time"), event: convert(row) };
}

const Approved = z.object({ steps: z.array(z.object({ what: z.string(), notional: z.number() })) });

function decisionIn(database: DatabaseSync, id: string | null): StoryDecision | null {
  const row = id === null ? undefined : database.prepare("SELECT * FROM decisions WHERE decision_id = ?").get(id);
  if (row === undefined) return null;
  return {
    time: time(row, "time"),
    id: text(row, "decision_id"),
    action: text(row, "action"),
    direction: text(row, "direction"),
    confidence: realOrNull(row, "confidence"),
    edge: realOrNull(row, "edge"),
    gates: json(row, "gates", z.array(Gate)),
    size_steps: textOrNull(row, "approved_order") === null ? [] : json(row, "approved_order", Approved).steps,
  };
}

function intentEvent(row: DatabaseRow): StoryEvent {
  return {
    time: time(row, "time"),
    what: "intent",
    quantity: quantity(row, integer(row, "quantity")),
    stop_price: price(row, integer(row, "stop_loss")),
    target_price: priceOrNull(row, "take_profit"),
    second_target_price: priceOrNull(row, "second_target"),
    hold_until: time(row, "hold_until"),
    exits: textOrNull(row, "exits") === null ? null : json(row, "exits", z.record(z.string(), z.unknown())),
  };
}

function orderEvent(row: DatabaseRow): StoryEvent {
  const lots = integerOrNull(row, "quantity");
  return {
    time: time(row, "time"),
    what: "order",
    id: text(row, "client_order_id"),
    role: text(row, "role"),
    side: text(row, "side"),
    quantity: lots === null ? null : quantity(row, lots),
    price: priceOrNull(row, "price"),
    state: text(row, "state"),
    filled: quantity(row, integer(row, "filled")),
  };
}

function fillEvent(row: DatabaseRow): StoryEvent {
  const maker = integerOrNull(row, "maker");
  return {
    time: time(row, "time"),
    what: "fill",
    order: text(row, "client_order_id"),
    side: text(row, "side"),
    quantity: quantity(row, integer(row, "quantity")),
    price: price(row, integer(row, "price")),
    fee: row["commission"] === null ? null : amount(row, "commission"),
    fee_asset: textOrNull(row, "commission_asset"),
    maker: maker === null ? null : maker === 1,
  };
}

function moveEvent(row: DatabaseRow): StoryEvent {
  return {
    time: time(row, "time"),
    what: "stop-move",
    from: price(row, integer(row, "from_level")),
    to: price(row, integer(row, "to_level")),
    cause: text(row, "cause"),
  };
}

function summaryFrom(row: DatabaseRow): StorySummary {
  const distance = (column: string): string | null => {
    const ticks = realOrNull(row, column);
    return ticks === null ? null : price(row, ticks);
  };
  return {
    quantity: quantity(row, integer(row, "quantity")),
    entry_time: time(row, "entry_time"),
    exit_time: time(row, "exit_time"),
    duration_ms: Math.round(Number(big(row, "exit_time") - big(row, "entry_time")) / 1_000),
    entry_price: price(row, real(row, "entry_price")),
    exit_price: price(row, real(row, "exit_price")),
    pnl_gross: amount(row, "gross_pnl"),
    fees: amount(row, "fees"),
    funding: amount(row, "funding"),
    pnl_net: amount(row, "net_pnl"),
    r: realOrNull(row, "r"),
    mae: price(row, real(row, "adverse_ticks")),
    mfe: price(row, real(row, "favourable_ticks")),
    slippage: distance("slippage_ticks"),
    arrival_slippage: distance("arrival_slippage_ticks"),
    maker_share: real(row, "maker_share"),
    exit_reason: text(row, "exit_reason"),
  };
}
