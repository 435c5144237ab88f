/** Writes tapes as Arrow IPC files. */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import {
  type Data,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  type TypeMap,
  vectorFromArray,
} from "apache-arrow";
import { at } from "../domain/assert.ts";
import {
  hasValue,
  kindType,
  registerCodec,
  type ScalarColumn,
  scalarColumns,
  scalarTypes,
  sideList,
  tapeCompression,
  tapeFields,
  wholeList,
} from "./columns.ts";
import {
  depthKind,
  levelsFromAt,
  levelsToAt,
  rowWidth,
  type StoredMetadata,
  snapshotKind,
  type Tape,
  TapeError,
  tapeFormatVersion,
  tapeKinds,
} from "./format.ts";
import { int64FromNumbers } from "./int64.ts";
import { sealed } from "./seal.ts";

/** Rows in a record batch: bounds what a reader must hold to see one. */
const batchRows = 65_536;

/**
 * Writes the file whole or not at all: under a temporary name first.
 *
 * @throws {TapeError} the file cannot be written
 */
export function writeTape(path: string, tape: Tape): void {
  const bytes = encodeTape(tape);
  const unfinished = `${path}.part`;
  try {
    writeFileSync(unfinished, bytes);
    renameSync(unfinished, path);
  } catch (cause) {
    rmSync(unfinished, { force: true });
    throw new TapeError(path, `cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

/** The bytes of a tape file. Equal tapes give equal bytes. */
export function encodeTape(tape: Tape): Uint8Array {
  registerCodec();
  const schema = new Schema([...tapeFields], new Map(Object.entries(storedMetadata(tape))));
  const writer = new TapeFileWriter({ compressionType: tapeCompression });
  // The first batch is written even when it is empty, because it brings the schema with it.
  for (let from = 0; from === 0 || from < tape.length; from += batchRows) {
    writer.write(batchOf(tape, schema, from, Math.min(from + batchRows, tape.length)));
  }
  return sealed(writer.finish().toUint8Array(true));
}

/**
 * apache-arrow 21 puts the compressed length before each compressed buffer, where the format wants the uncompressed
 * one, so that no other Arrow library could open the file.
 *
 * @see Arrow columnar format, "Compression of record batch buffers"
 */
class TapeFileWriter extends RecordBatchFileWriter<TypeMap> {
  protected override _compressBodyBuffers(buffers: ArrayBufferView[]) {
    const body = super._compressBodyBuffers(buffers);
    buffers.forEach((buffer, index) => {
      const prefix = body.buffers[index * 2];
      if (prefix === undefined || prefix.byteLength === 0) return;
      const length = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
      if (length.getBigInt64(0, true) >= 0n) length.setBigInt64(0, BigInt(buffer.byteLength), true);
    });
    return body;
  }
}

function storedMetadata(tape: Tape): StoredMetadata {
  const { metadata } = tape;
  return {
    "scalpd.format": String(tapeFormatVersion) as StoredMetadata["scalpd.format"],
    "scalpd.symbol": metadata.symbol,
    "scalpd.tick_size": metadata.tickSize,
    "scalpd.step_size": metadata.stepSize,
    "scalpd.source": metadata.source,
    "scalpd.licence": metadata.licence,
    "scalpd.clock_shift_micros": String(metadata.clockShift),
    "scalpd.derived": JSON.stringify(metadata.derived),
    "scalpd.dropped": JSON.stringify(metadata.dropped),
    "scalpd.rows": String(tape.length),
  };
}

function batchOf(tape: Tape, schema: Schema, from: number, to: number): RecordBatch {
  const length = to - from;
  const children = [
    kindData(tape, from, length),
    ...scalarColumns.map((column) => scalarData(tape, column, from, length)),
    ...levelData(tape, from, length),
  ];
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }));
}

function cell(tape: Tape, row: number, place: number): number {
  return at(tape.rows, row * rowWidth + place);
}

const kindNames = vectorFromArray([...tapeKinds], kindType.dictionary);

function kindData(tape: Tape, from: number, length: number): Data {
  const data = new Int8Array(length);
  for (let row = 0; row < length; row += 1) data[row] = cell(tape, from + row, 0);
  return makeData({ type: kindType, length, nullCount: 0, data, dictionary: kindNames });
}

function scalarData(tape: Tape, column: ScalarColumn, from: number, length: number): Data {
  const value = (row: number): number =>
    hasValue(column, cell(tape, from + row, 0)) ? cell(tape, from + row, column.place) : 0;
  switch (column.type) {
    case "int64":
      return makeData({ type: scalarTypes.int64, length, nullCount: 0, data: int64FromNumbers(length, value) });
    case "uint8":
      return makeData({
        type: scalarTypes.uint8,
        length,
        nullCount: 0,
        data: Uint8Array.from({ length }, (_, row) => value(row)),
      });
    case "float64":
      return makeData({
        type: scalarTypes.float64,
        length,
        nullCount: 0,
        data: Float64Array.from({ length }, (_, row) => value(row)),
      });
    default:
      throw new TypeError(`unhandled type ${column.type satisfies never}`);
  }
}

function levelData(tape: Tape, from: number, length: number): Data[] {
  const offsets = new Int32Array(length + 1);
  // Levels of consecutive rows lie one after the other, so those of a batch are one stretch.
  let start = 0;
  let end = 0;
  for (let row = 0; row < length; row += 1) {
    const kind = cell(tape, from + row, 0);
    if (kind === depthKind || kind === snapshotKind) {
      if (end === 0) start = cell(tape, from + row, levelsFromAt);
      end = cell(tape, from + row, levelsToAt);
    }
    offsets[row + 1] = Math.max(0, end - start);
  }
  const side = tape.levelSide.slice(start, end);
  const count = end - start;
  const price = int64FromNumbers(count, (index) => at(tape.levelPrice, start + index));
  const size = int64FromNumbers(count, (index) => at(tape.levelSize, start + index));
  const list = { length, nullCount: 0, valueOffsets: offsets };
  return [
    makeData({
      ...list,
      type: sideList,
      child: makeData({ type: scalarTypes.uint8, length: count, nullCount: 0, data: side }),
    }),
    makeData({
      ...list,
      type: wholeList,
      child: makeData({ type: scalarTypes.int64, length: count, nullCount: 0, data: price }),
    }),
    makeData({
      ...list,
      type: wholeList,
      child: makeData({ type: scalarTypes.int64, length: count, nullCount: 0, data: size }),
    }),
  ];
}
