import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordBatchFileWriter, type Table, tableFromArrays, tableFromIPC, tableToIPC } from "apache-arrow";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { registerCodec } from "../../src/tape/columns.ts";
import { TapeError } from "../../src/tape/format.ts";
import { TapeCursor } from "../../src/tape/player.ts";
import { decodeTape, readTape } from "../../src/tape/reader.ts";
import { sealed } from "../../src/tape/seal.ts";
import { encodeTape, writeTape } from "../../src/tape/writer.ts";
import { eventSequence, metadata, played, smallMarket, type TapeEvent, tapeOf } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-tape-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const sample = tapeOf(smallMarket([100, 101, 99]));

test("[BT-2] any sequence of events that is written to a file reads back the same", () => {
  const path = join(folder, "any.arrow");
  fc.assert(
    fc.property(eventSequence, (events) => {
      writeTape(path, tapeOf(events));
      expect(played(new TapeCursor(readTape(path), symbolIndex(0)))).toEqual(events);
    }),
    { numRuns: 60 },
  );
});

test("[BT-2] a tape of several record batches reads back the same", () => {
  const bids = Array.from({ length: 20_000 }, (_, index) => 1_000 + (index % 50));
  const tape = tapeOf(smallMarket(bids));
  const back = decodeTape("long", encodeTape(tape));
  // Compared as bytes: the report of a difference between millions of numbers would take minutes.
  const same = (["rows", "levelSide", "levelPrice", "levelSize"] as const).map((array) =>
    Buffer.from(back[array].buffer).equals(Buffer.from(tape[array].buffer)),
  );
  expect([back.length, ...same]).toEqual([80_000, true, true, true, true]);
});

test("[BT-2] what a tape says of itself reads back the same", () => {
  const described = {
    ...metadata,
    source: "somebody's recorder, 50 % – ü",
    clockShift: micros(-1_524_103),
    derived: [{ kind: "mark" as const, rule: "mean of the mid" }],
    dropped: { trade_insurance_fund: 3 },
  };
  expect(decodeTape("x", encodeTape(tapeOf([], described))).metadata).toEqual(described);
});

test("[BT-2] equal tapes give equal bytes", () => {
  expect(encodeTape(tapeOf(smallMarket([100, 101, 99])))).toEqual(encodeTape(sample));
});

test("[BT-2] compressed buffers begin with their uncompressed length, as other Arrow readers want it", () => {
  // A zstd frame with its magic number stands eight bytes behind the length; the frame's own header repeats it.
  const bytes = encodeTape(tapeOf(smallMarket(Array.from({ length: 500 }, () => 100))));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lengths: bigint[] = [];
  for (let place = 8; place + 8 <= bytes.length; place += 8) {
    const frame = view.getUint32(place, true) === 0xfd2fb528;
    if (frame) lengths.push(view.getBigInt64(place - 8, true));
  }
  const int64Column = 8n * 2_000n;
  expect(lengths.filter((length) => length === int64Column).length).toBeGreaterThanOrEqual(8);
});

test("[BT-2] a file that is cut anywhere is refused, and the error names it", () => {
  const bytes = encodeTape(sample);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), (length) => {
      expect(() => decodeTape("cut.arrow", bytes.slice(0, length))).toThrow(/^tape cut\.arrow: /);
    }),
  );
});

test("[BT-2] a flipped bit anywhere is refused", () => {
  const bytes = encodeTape(sample);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (place, bit) => {
      const damaged = bytes.slice();
      damaged[place] = (damaged[place] ?? 0) ^ (1 << bit);
      expect(() => decodeTape("damaged.arrow", damaged)).toThrow(TapeError);
    }),
    { numRuns: 400 },
  );
});

const foreign: [string, () => Uint8Array, RegExp][] = [
  ["an empty file", () => new Uint8Array(0), /is empty/],
  ["a text file", () => new TextEncoder().encode("time,price\n1,2\n"), /is no Arrow file/],
  ["an Arrow file of somebody else", () => tableToIPC(tableFromArrays({ a: [1, 2] }), "file"), /is no tape/],
  ["an Arrow file without our metadata", withoutMetadata, /its metadata has no scalpd\.format/],
  ["another format version", () => withMetadata("scalpd.format", "9"), /scalpd\.format: must be 1/],
  [
    "a tick size of zero",
    () => withMetadata("scalpd.tick_size", "0.00"),
    /scalpd\.tick_size: must be a decimal above 0/,
  ],
  ["a wrong count of rows", () => withMetadata("scalpd.rows", "7"), /has 12 rows where its metadata says 7/],
  ["derivations that are no JSON", () => withMetadata("scalpd.derived", "mark"), /scalpd\.derived: must be JSON/],
  ["a missing column", withoutPrice, /has no column price/],
];

test.each(foreign)("[BT-2] %s is refused with what is wrong", (_, bytes, problem) => {
  expect(() => decodeTape("some.arrow", bytes())).toThrow(problem);
});

const unsound: [string, (event: TapeEvent) => TapeEvent, RegExp][] = [
  [
    "a crossed book ticker",
    (e) => (e.kind === "book_ticker" ? { ...e, ask: e.bid } : e),
    /row 0 \(book_ticker\): bid 100, ask 100/,
  ],
  [
    "a trade of nothing",
    (e) => (e.kind === "trade" ? { ...e, quantity: 0 } : e),
    /row 2 \(trade\): price 101, quantity 0/,
  ],
  ["a mark price of zero", (e) => (e.kind === "mark" ? { ...e, mark: 0 } : e), /row 3 \(mark\): mark price 0/],
  [
    "a level without price",
    (e) => (e.kind === "snapshot" ? { ...e, levels: [{ side: 0, price: 0, size: 1 }] } : e),
    /row 1 \(snapshot\): level/,
  ],
  [
    "time that goes back",
    (e) => (e.kind === "trade" ? { ...e, receivedAt: 5 } : e),
    /row 2 \(trade\): receipt time 5 after .* goes back/,
  ],
];

test.each(unsound)("[BT-2] %s is refused with its row", (_, mend, problem) => {
  const bytes = encodeTape(tapeOf(smallMarket([100]).map(mend)));
  expect(() => decodeTape("x", bytes)).toThrow(problem);
});

test("[BT-2] a missing file is one error that names it", () => {
  expect(() => readTape(join(folder, "none.arrow"))).toThrow(/^tape .*none\.arrow: cannot be read: ENOENT/);
});

test("[BT-2] a tape that cannot be written is one error", () => {
  const path = join(folder, "no-such-folder", "x.arrow");
  expect(() => writeTape(path, sample)).toThrow(/^tape .*x\.arrow: cannot be written: ENOENT/);
});

test("[BT-2] writing replaces a tape whole", () => {
  const path = join(folder, "replaced.arrow");
  writeFileSync(path, "not a tape");
  writeTape(path, sample);
  expect(new Uint8Array(readFileSync(path))).toEqual(encodeTape(sample));
});

function storedTable(): Table {
  registerCodec();
  return tableFromIPC(encodeTape(sample));
}

function withMetadata(key: string, value: string): Uint8Array {
  const table = storedTable();
  table.schema.metadata.set(key, value);
  return sealed(RecordBatchFileWriter.writeAll(table).toUint8Array(true));
}

function withoutPrice(): Uint8Array {
  const table = storedTable();
  const names = table.schema.names.filter((name) => name !== "price");
  return sealed(RecordBatchFileWriter.writeAll(table.select(names)).toUint8Array(true));
}

function withoutMetadata(): Uint8Array {
  const table = storedTable();
  table.schema.metadata.clear();
  return sealed(RecordBatchFileWriter.writeAll(table).toUint8Array(true));
}
