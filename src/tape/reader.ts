/** Reads tapes. A file is an outer border: everything in it is checked here, and trusted afterwards. */

import { readFileSync } from "node:fs";
import { type Data, type RecordBatch, type Table, tableFromIPC } from "apache-arrow";
import { z } from "zod";
import { at } from "../domain/assert.ts";
import { micros } from "../domain/units.ts";
import {
  hasValue,
  kindColumn,
  levelLotsColumn,
  levelPriceColumn,
  levelSideColumn,
  registerCodec,
  type ScalarColumn,
  scalarColumns,
} from "./columns.ts";
import {
  depthKind,
  kindAt,
  levelsFromAt,
  levelsToAt,
  rowWidth,
  StoredMetadata,
  snapshotKind,
  type Tape,
  TapeError,
  type TapeMetadata,
  tapeKinds,
} from "./format.ts";
import { numbersFromInt64 } from "./int64.ts";
import { sealProblem } from "./seal.ts";
import { problemOf } from "./validate.ts";

/**
 * Reads a tape file whole.
 *
 * @throws {TapeError} the file is missing, truncated, corrupt, or not a tape
 */
export function readTape(path: string): Tape {
  let bytes: Uint8Array;
  try {
    // Copied: Arrow needs an 8-byte boundary, and small files come from a shared pool.
    bytes = new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new TapeError(path, `cannot be read: ${textOf(cause)}`, { cause });
  }
  return decodeTape(path, bytes);
}

/** @param path names the tape in errors @throws {TapeError} */
export function decodeTape(path: string, bytes: Uint8Array): Tape {
  const damage = sealProblem(bytes);
  if (damage !== null) throw new TapeError(path, damage);
  registerCodec();
  let table: Table;
  try {
    table = tableFromIPC(bytes);
  } catch (cause) {
    throw new TapeError(path, `cannot be decoded: ${textOf(cause)}`, { cause });
  }
  const stored = parseMetadata(path, table.schema.metadata);
  if (table.numRows !== stored.rows) {
    throw new TapeError(path, `has ${table.numRows} rows where its metadata says ${stored.rows}`);
  }
  const tape = tapeFromTable(path, table, stored.metadata);
  const problem = problemOf(tape);
  if (problem !== null) throw new TapeError(path, problem);
  return tape;
}

function parseMetadata(path: string, entries: ReadonlyMap<string, string>): { metadata: TapeMetadata; rows: number } {
  if (!entries.has("scalpd.format")) {
    throw new TapeError(path, "is an Arrow file but no tape: its metadata has no scalpd.format");
  }
  const parsed = StoredMetadata.safeParse(Object.fromEntries(entries));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new TapeError(path, `metadata ${problems.join("; ")}`, { cause: new z.ZodError(parsed.error.issues) });
  }
  const stored = parsed.data;
  return {
    rows: Number(stored["scalpd.rows"]),
    metadata: {
      symbol: stored["scalpd.symbol"],
      tickSize: stored["scalpd.tick_size"],
      stepSize: stored["scalpd.step_size"],
      source: stored["scalpd.source"],
      licence: stored["scalpd.licence"],
      clockShift: micros(Number(stored["scalpd.clock_shift_micros"])),
      derived: stored["scalpd.derived"],
      dropped: stored["scalpd.dropped"],
    },
  };
}

type Levels = { readonly side: Uint8Array; readonly price: Float64Array; readonly size: Float64Array };

function tapeFromTable(path: string, table: Table, metadata: TapeMetadata): Tape {
  const rows = new Float64Array(table.numRows * rowWidth);
  const parts: Levels[] = [];
  let row = 0;
  let levelCount = 0;
  for (const batch of table.batches) {
    const out = rows.subarray(row * rowWidth, (row + batch.numRows) * rowWidth);
    readKinds(path, batch, out);
    for (const column of scalarColumns) readScalars(path, batch, column, out);
    const levels = readLevels(path, batch, out, levelCount);
    parts.push(levels);
    row += batch.numRows;
    levelCount += levels.side.length;
  }
  const levelSide = new Uint8Array(levelCount);
  const levelPrice = new Float64Array(levelCount);
  const levelSize = new Float64Array(levelCount);
  let offset = 0;
  for (const part of parts) {
    levelSide.set(part.side, offset);
    levelPrice.set(part.price, offset);
    levelSize.set(part.size, offset);
    offset += part.side.length;
  }
  return { metadata, length: table.numRows, rows, levelSide, levelPrice, levelSize };
}

function columnOf(path: string, batch: RecordBatch, name: string): Data {
  const data: Data | undefined = batch.getChild(name)?.data[0];
  if (data === undefined) throw new TapeError(path, `has no column ${name}`);
  if (data.nullCount > 0) throw new TapeError(path, `column ${name} has empty values`);
  return data;
}

function readKinds(path: string, batch: RecordBatch, out: Float64Array): void {
  const data = columnOf(path, batch, kindColumn);
  const indices: unknown = data.values;
  if (data.dictionary === undefined || !(indices instanceof Int8Array)) {
    throw new TapeError(path, `column ${kindColumn} must be text in a dictionary with int8 indices`);
  }
  const known: readonly unknown[] = tapeKinds;
  const codes = Array.from(data.dictionary, (name: unknown) => known.indexOf(name));
  for (let row = 0; row < batch.numRows; row += 1) {
    const code = codes[at(indices, row)] ?? -1;
    if (code < 0) {
      throw new TapeError(path, `row ${row} has an unknown kind; known are ${tapeKinds.join(", ")}`);
    }
    out[row * rowWidth + kindAt] = code;
  }
}

function readScalars(path: string, batch: RecordBatch, column: ScalarColumn, out: Float64Array): void {
  const values: unknown = columnOf(path, batch, column.name).values;
  const applies = tapeKinds.map((_, kind) => hasValue(column, kind));
  const put = (row: number, value: number): void => {
    const start = row * rowWidth;
    if (applies[at(out, start + kindAt)] === true) out[start + column.place] = value;
  };
  const put64 = (): boolean =>
    values instanceof BigInt64Array && numbersFromInt64(values.subarray(0, batch.numRows), put);
  switch (column.type) {
    case "int64":
      if (!put64()) throw new TapeError(path, `column ${column.name} must be int64 with values below 2⁵³`);
      return;
    case "uint8":
      if (!(values instanceof Uint8Array)) throw new TapeError(path, `column ${column.name} must be uint8`);
      break;
    case "float64":
      if (!(values instanceof Float64Array)) throw new TapeError(path, `column ${column.name} must be float64`);
      break;
    default:
      throw new TypeError(`unhandled type ${column.type satisfies never}`);
  }
  for (let row = 0; row < batch.numRows; row += 1) put(row, at(values, row));
}

/** Levels of one batch, and their places in the rows. `before`: levels in earlier batches. */
function readLevels(path: string, batch: RecordBatch, out: Float64Array, before: number): Levels {
  const side = listOf(path, batch, levelSideColumn);
  const price = listOf(path, batch, levelPriceColumn);
  const size = listOf(path, batch, levelLotsColumn);
  const { offsets } = side;
  for (let index = 0; index < offsets.length; index += 1) {
    if (offsets[index] !== price.offsets[index] || offsets[index] !== size.offsets[index]) {
      throw new TapeError(path, `row ${Math.max(0, index - 1)}: the three level lists differ in length`);
    }
  }
  const first = at(offsets, 0);
  const count = at(offsets, batch.numRows) - first;
  for (let row = 0; row < batch.numRows; row += 1) {
    const from = at(offsets, row) - first;
    const to = at(offsets, row + 1) - first;
    if (to < from || to > count) throw new TapeError(path, `corrupt: row ${row} has ${to - from} levels`);
    const kind = at(out, row * rowWidth + kindAt);
    if (kind === depthKind || kind === snapshotKind) {
      out[row * rowWidth + levelsFromAt] = before + from;
      out[row * rowWidth + levelsToAt] = before + to;
    } else if (to > from) {
      throw new TapeError(path, `row ${row} has levels, but its kind has none`);
    }
  }
  return {
    side: sidesOf(path, side.values, first, count),
    price: wholesOf(path, levelPriceColumn, price.values, first, count),
    size: wholesOf(path, levelLotsColumn, size.values, first, count),
  };
}

function listOf(path: string, batch: RecordBatch, name: string): { offsets: Int32Array; values: unknown } {
  const data = columnOf(path, batch, name);
  const offsets: unknown = data.valueOffsets;
  const child: Data | undefined = data.children[0];
  if (!(offsets instanceof Int32Array) || child === undefined || offsets.length <= batch.numRows) {
    throw new TapeError(path, `column ${name} must be a list with 32-bit offsets`);
  }
  return { offsets: offsets.subarray(0, batch.numRows + 1), values: child.values };
}

function sidesOf(path: string, values: unknown, first: number, count: number): Uint8Array {
  if (!(values instanceof Uint8Array) || values.length < first + count) {
    throw new TapeError(path, `column ${levelSideColumn} must be a list of uint8`);
  }
  return values.slice(first, first + count);
}

function wholesOf(path: string, name: string, values: unknown, first: number, count: number): Float64Array {
  const numbers = new Float64Array(count);
  const put = (index: number, value: number): void => {
    numbers[index] = value;
  };
  if (!(values instanceof BigInt64Array) || values.length < first + count) {
    throw new TapeError(path, `column ${name} must be a list of int64`);
  }
  if (!numbersFromInt64(values.subarray(first, first + count), put)) {
    throw new TapeError(path, `column ${name} has values of 2⁵³ or above`);
  }
  return numbers;
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
