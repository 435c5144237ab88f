/** Reads comma-separated tables of book snapshots and of trades, row by row, by the names in their header. */

import { microsPerMillisecond } from "../domain/units.ts";
import { type RawFile, RawImportError } from "./import-raw.ts";

/** A level as text: price and quantity. */
export type TextLevel = readonly [price: string, quantity: string];

type Placed = {
  /** file and line, for errors */
  readonly place: string;
  /** microseconds since the epoch */
  readonly exchangeTime: number;
  readonly receivedAt: number;
};

export type BookRow = Placed & {
  readonly kind: "book";
  readonly valid: boolean;
  /** the whole row as it was written: some recorders write each one twice */
  readonly text: string;
  /** best first */
  readonly bids: readonly TextLevel[];
  readonly asks: readonly TextLevel[];
};

export type TradeRow = Placed & {
  readonly kind: "trade";
  readonly price: string;
  readonly quantity: string;
  readonly buyerIsMaker: boolean;
};

export type TableRow = BookRow | TradeRow;

export type Table = { readonly kind: "book" | "trades"; readonly rows: Iterable<TableRow> };

const columnsMax = 5_000;
const cellMax = 40;

/** @throws {RawImportError} the header is of neither kind; reading a row throws it for a cell that is not what it must be */
export function readTable(file: RawFile): Table {
  const lines = file.lines[Symbol.iterator]();
  const first = lines.next();
  const header = first.done === true ? [] : first.value.replace(/^\uFEFF/, "").split(",");
  if (header.length > columnsMax) throw new RawImportError(`${file.name}:1: has more than ${columnsMax} columns`);
  const columns = new Map(header.map((name, index) => [name.trim(), index]));
  const times = timeColumns(columns);
  const levels = { bids: levelColumns(columns, "bid"), asks: levelColumns(columns, "ask") };
  if (times !== null && levels.bids.length > 0 && levels.asks.length > 0) {
    return { kind: "book", rows: bookRows(file.name, lines, header.length, times, levels, columns.get("is_valid")) };
  }
  const trade = tradeColumns(columns);
  if (times !== null && trade !== null) {
    return { kind: "trades", rows: tradeRows(file.name, lines, header.length, times, trade) };
  }
  throw new RawImportError(
    `${file.name}:1: the header is neither of books (timestamp_ms, received_at_ms, bid_price_0, bid_qty_0, ask_price_0, ask_qty_0, …) nor of trades (timestamp_ms, received_at_ms, price, quantity, and side or is_buyer_taker)`,
  );
}

type TimeColumns = { readonly exchange: number; readonly received: number; readonly unit: number };

/** In milliseconds or microseconds, as the names end; without a receipt time the exchange's stands for it. */
function timeColumns(columns: ReadonlyMap<string, number>): TimeColumns | null {
  for (const [suffix, unit] of [
    ["ms", microsPerMillisecond],
    ["us", 1],
  ] as const) {
    const exchange = columns.get(`timestamp_${suffix}`);
    if (exchange !== undefined) return { exchange, received: columns.get(`received_at_${suffix}`) ?? exchange, unit };
  }
  return null;
}

type LevelColumn = { readonly price: number; readonly quantity: number };

function levelColumns(columns: ReadonlyMap<string, number>, side: "bid" | "ask"): readonly LevelColumn[] {
  const found: LevelColumn[] = [];
  for (;;) {
    const price = columns.get(`${side}_price_${found.length}`);
    const quantity = columns.get(`${side}_qty_${found.length}`);
    if (price === undefined || quantity === undefined) return found;
    found.push({ price, quantity });
  }
}

type TradeColumns = { readonly price: number; readonly quantity: number; readonly taker: number };

function tradeColumns(columns: ReadonlyMap<string, number>): TradeColumns | null {
  const price = columns.get("price");
  const quantity = columns.get("quantity");
  const taker = columns.get("is_buyer_taker") ?? columns.get("side");
  return price === undefined || quantity === undefined || taker === undefined ? null : { price, quantity, taker };
}

function* bookRows(
  name: string,
  lines: Iterator<string>,
  width: number,
  times: TimeColumns,
  levels: { readonly bids: readonly LevelColumn[]; readonly asks: readonly LevelColumn[] },
  validity: number | undefined,
): Generator<BookRow> {
  for (const { place, cells, line } of rowsOf(name, lines, width)) {
    yield {
      kind: "book",
      ...placed(place, cells, times),
      valid: validity === undefined || truth(place, cell(cells, validity)),
      text: line,
      bids: side(cells, levels.bids),
      asks: side(cells, levels.asks),
    };
  }
}

/** The levels that are there: a thin book leaves the last ones empty. */
function side(cells: readonly string[], columns: readonly LevelColumn[]): TextLevel[] {
  const found: TextLevel[] = [];
  for (const { price, quantity } of columns) {
    const at = cell(cells, price);
    if (at === "") break;
    found.push([at, cell(cells, quantity)]);
  }
  return found;
}

function* tradeRows(
  name: string,
  lines: Iterator<string>,
  width: number,
  times: TimeColumns,
  { price, quantity, taker }: TradeColumns,
): Generator<TradeRow> {
  for (const { place, cells } of rowsOf(name, lines, width)) {
    yield {
      kind: "trade",
      ...placed(place, cells, times),
      price: cell(cells, price),
      quantity: cell(cells, quantity),
      buyerIsMaker: !truth(place, cell(cells, taker)),
    };
  }
}

type Row = { readonly place: string; readonly cells: readonly string[]; readonly line: string };

function* rowsOf(name: string, lines: Iterator<string>, width: number): Generator<Row> {
  let number = 1;
  for (let next = lines.next(); next.done !== true; next = lines.next()) {
    number += 1;
    const line = next.value;
    if (line === "") continue;
    const cells = line.split(",");
    const place = `${name}:${number}`;
    if (cells.length !== width) throw new RawImportError(`${place}: has ${cells.length} cells, the header ${width}`);
    yield { place, cells, line };
  }
}

function placed(place: string, cells: readonly string[], { exchange, received, unit }: TimeColumns): Placed {
  return {
    place,
    exchangeTime: time(place, cell(cells, exchange)) * unit,
    receivedAt: time(place, cell(cells, received)) * unit,
  };
}

function time(place: string, text: string): number {
  if (/^\d{1,16}$/.test(text)) return Number(text);
  throw new RawImportError(`${place}: ${text.slice(0, cellMax)} is no time; allowed: a whole number since 1970`);
}

/** `side` is the taker's. */
function truth(place: string, text: string): boolean {
  switch (text.toLowerCase()) {
    case "1":
    case "true":
    case "buy":
      return true;
    case "0":
    case "false":
    case "sell":
      return false;
    default:
      throw new RawImportError(`${place}: ${text.slice(0, cellMax)} is neither 1, true, BUY nor 0, false, SELL`);
  }
}

function cell(cells: readonly string[], index: number): string {
  return (cells[index] ?? "").trim();
}
