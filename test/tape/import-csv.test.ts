import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ImportUsageError, importTape } from "../../src/cli/import.ts";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { type CsvImport, importCsv } from "../../src/tape/import-csv.ts";
import { type RawFile, RawImportError } from "../../src/tape/import-raw.ts";
import { TapeCursor } from "../../src/tape/player.ts";
import { readTape } from "../../src/tape/reader.ts";
import { played, type TapeEvent } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-csv-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options: CsvImport = {
  symbol: "BTC_USD",
  tickSize: "0.1",
  stepSize: "0.001",
  source: "a test",
  licence: "MIT",
  clockShift: micros(0),
  gapAfter: 5_000_000,
};
const epoch = 1_767_794_400_000;

const bookHeader =
  "timestamp_ms,received_at_ms,is_valid,bid_price_0,bid_qty_0,bid_price_1,bid_qty_1,ask_price_0,ask_qty_0,ask_price_1,ask_qty_1";
const book = (at: number, bid = "100.0", ask = "100.2", valid = "1"): string =>
  `${epoch + at - 300},${epoch + at},${valid},${bid},1.5,99.5,0.002,${ask},2,100.9,3`;
const tradeHeader = "timestamp_ms,received_at_ms,price,quantity,side,is_buyer_taker";
const trade = (at: number, taker = "1"): string => `${epoch + at - 300},${epoch + at},100.2,0.25,BUY,${taker}`;

const file = (name: string, ...lines: readonly string[]): RawFile => ({ name, lines });
const books = (...lines: readonly string[]): RawFile => file("books.csv", bookHeader, ...lines);
const trades = (...lines: readonly string[]): RawFile => file("trades.csv", tradeHeader, ...lines);

function imported(files: readonly RawFile[], changes: Partial<CsvImport> = {}) {
  const tape = importCsv(files, { ...options, ...changes });
  return { tape, events: played(new TapeCursor(tape, symbolIndex(0))).filter(({ kind }) => kind !== "mark") };
}

const kinds = (events: readonly TapeEvent[]) => events.map(({ kind }) => kind);

test("[BT-2] each row of a book becomes a snapshot and a book ticker, in ticks, lots and microseconds", () => {
  const { events, tape } = imported([books(book(0))]);
  expect(events).toMatchObject([
    {
      kind: "snapshot",
      exchangeTime: (epoch - 300) * 1_000,
      receivedAt: epoch * 1_000,
      levels: [
        { side: 0, price: 1_000, size: 1_500 },
        { side: 0, price: 995, size: 2 },
        { side: 1, price: 1_002, size: 2_000 },
        { side: 1, price: 1_009, size: 3_000 },
      ],
    },
    { kind: "book_ticker", bid: 1_000, bidLots: 1_500, ask: 1_002, askLots: 2_000 },
  ]);
  expect(tape.metadata).toMatchObject({ symbol: "BTC_USD", derived: [{ kind: "mark" }], dropped: {} });
});

test("[BT-2] trades and books are merged by receipt, and the taker's side is kept", () => {
  const { events } = imported([trades(trade(1), trade(400, "0")), books(book(0), book(300, "100.1"))]);
  expect(kinds(events)).toEqual(["snapshot", "book_ticker", "trade", "snapshot", "book_ticker", "trade"]);
  expect(events.filter(({ kind }) => kind === "trade")).toMatchObject([
    { price: 1_002, quantity: 250, buyerIsMaker: false },
    { buyerIsMaker: true },
  ]);
});

test("[BT-2] rows that are no book of an exchange are left out and counted by reason", () => {
  const { events, tape } = imported([
    books(book(0), book(0), book(1, "100.2"), book(2, "100.3"), book(3, "100.1", "100.2", "0"), book(-9), book(4)),
  ]);
  expect(kinds(events)).toEqual(["snapshot", "book_ticker", "snapshot", "book_ticker"]);
  expect(tape.metadata.dropped).toEqual({
    book_repeated: 1,
    book_locked: 1,
    book_crossed: 1,
    book_invalid: 1,
    out_of_order: 1,
  });
});

test("[BT-2] a book that was silent for longer than allowed is a gap", () => {
  const { events } = imported([books(book(0), book(5_000), book(10_001))]);
  expect(kinds(events)).toEqual([
    "snapshot",
    "book_ticker",
    "snapshot",
    "book_ticker",
    "gap",
    "snapshot",
    "book_ticker",
  ]);
});

test("[BT-2] trades that come while the book is silent come after its gap", () => {
  const { events } = imported([books(book(0), book(60_000)), trades(trade(5_000), trade(5_001), trade(30_000))]);
  expect(kinds(events)).toEqual([
    "snapshot",
    "book_ticker",
    "trade",
    "gap",
    "trade",
    "trade",
    "snapshot",
    "book_ticker",
  ]);
});

test("[BT-2] the gap of a silent book is where the silence became too long, not where it ended", () => {
  const { events } = imported([books(book(0), book(60_000))]);
  expect(events.find(({ kind }) => kind === "gap")?.receivedAt).toBe((epoch + 5_000) * 1_000);
});

test("[BT-2] a thin book leaves its last levels empty", () => {
  const { events } = imported([books(`${epoch},${epoch},true,100.0,1,,,100.1,2,,`)]);
  expect(events[0]).toMatchObject({ levels: [{ price: 1_000 }, { price: 1_001 }] });
});

test("[BT-2] columns are found by name, in microseconds too, and a side stands for the taker", () => {
  const { events } = imported([
    file("b", "ask_qty_0,ask_price_0,timestamp_us,bid_qty_0,bid_price_0", `2,100.1,${epoch}000,1,100.0`),
    file("t", "side,quantity,price,timestamp_us", `SELL,0.5,100.0,${epoch}001`),
  ]);
  expect(events).toMatchObject([
    { kind: "snapshot", receivedAt: epoch * 1_000 },
    { kind: "book_ticker" },
    { kind: "trade", receivedAt: epoch * 1_000 + 1, buyerIsMaker: true },
  ]);
});

test.each([
  ["a header of neither kind", [file("x.csv", "a,b", "1,2")], /^x\.csv:1: the header is neither of books .* nor of/],
  ["a price off the grid", [books(book(0, "100.05"))], /^books\.csv:2: price 100\.05 is not a multiple of 0\.1$/],
  ["a cell too few", [books(book(0), "1,2")], /^books\.csv:3: has 2 cells, the header 11$/],
  ["a time that is none", [books(book(0).replace(String(epoch), "soon"))], /^books\.csv:2: soon is no time/],
  ["a taker that is neither", [books(book(0)), trades(trade(1, "2"))], /^trades\.csv:2: 2 is neither 1, true, BUY/],
  ["no book", [trades(trade(1))], /no usable book/],
])("[BT-2] a table with %s is refused with its place", (_what, files, message) => {
  expect(() => imported(files)).toThrow(RawImportError);
  expect(() => imported(files)).toThrow(message);
});

test("[BT-2] whatever a table holds, it is a tape or a RawImportError", () => {
  const cell = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom("1", "100.0", String(epoch), "", "NaN", "-1", "1e3"),
  );
  const line = fc.array(cell, { minLength: 9, maxLength: 12 }).map((cells) => cells.join(","));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      try {
        imported([books(book(0), ...lines)]);
      } catch (error) {
        expect(error).toBeInstanceOf(RawImportError);
      }
    }),
  );
});

test("[BT-2] `import --format csv` writes a tape, and refuses a wrong format or gap", () => {
  const [from, to] = [join(folder, "books.csv"), join(folder, "out.arrow")];
  writeFileSync(from, `${[bookHeader, book(0), book(6_000)].join("\n")}\n`);
  const flags = { out: to, symbol: "BTC_USD", tick: "0.1", step: "0.001", format: "csv" as const };
  expect(importTape([from], { ...flags, gapSeconds: "5" })).toMatchObject({
    rows: { snapshot: 2, book_ticker: 2, gap: 1 },
    derived: ["mark"],
  });
  expect(readTape(to).metadata.symbol).toBe("BTC_USD");
  expect(() => importTape([from], { ...flags, gapSeconds: "soon" })).toThrow(ImportUsageError);
});
