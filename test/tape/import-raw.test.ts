import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { importTape } from "../../src/cli/import.ts";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { importRaw, type RawImport, rawFile } from "../../src/tape/import-raw.ts";
import { TapeCursor } from "../../src/tape/player.ts";
import { readTape } from "../../src/tape/reader.ts";
import { played, type TapeEvent } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const options: RawImport = {
  symbol: "BTCUSDT",
  tickSize: "0.10",
  stepSize: "0.001",
  source: "a test",
  licence: "MIT",
  clockShift: null,
};

// Exchange times in milliseconds after this; the recorder's clock agrees unless a test says otherwise.
const epoch = 1_721_347_000_000;

const line = (at: number, message: object): string => `${(epoch + at) * 1_000} ${JSON.stringify(message)}`;
const stream = (at: number, data: object): string => line(at, { stream: "s", data: { s: "BTCUSDT", ...data } });
const times = (at: number): { E: number; T: number } => ({ E: epoch + at, T: epoch + at - 1 });

const ticker = (at: number, u: number, b = "100.00", a = "100.10"): string =>
  stream(at, { e: "bookTicker", u, b, B: "1.500", a, A: "2.000", ...times(at) });
const depth = (at: number, U: number, u: number, pu: number): string =>
  stream(at, { e: "depthUpdate", U, u, pu, b: [["99.90", "0.000"]], a: [["100.20", "3.000"]], ...times(at) });
const trade = (at: number, t: number, X = "MARKET"): string =>
  stream(at, { e: "trade", t, p: "100.10", q: "0.250", X, m: false, ...times(at) });
const mark = (at: number): string =>
  stream(at, { e: "markPriceUpdate", p: "100.05123456", r: "0.00010000", T: epoch + 60_000, E: epoch + at });
const snapshot = (at: number, lastUpdateId: number): string =>
  line(at, { lastUpdateId, ...times(at), bids: [["100.00", "1.500"]], asks: [["100.10", "2.000"]] });

const whole = [depth(10, 1, 5, 0), snapshot(20, 5), depth(30, 7, 9, 5), ticker(40, 10), trade(50, 1), mark(60)];

const imported = (lines: readonly string[], changed: Partial<RawImport> = {}): ReturnType<typeof importRaw> =>
  importRaw([{ name: "day.gz", lines }], { ...options, ...changed });
const eventsOf = (lines: readonly string[]): TapeEvent[] => played(new TapeCursor(imported(lines), symbolIndex(0)));

test("[BT-2] prices and quantities become whole ticks and lots, and both times are kept", () => {
  expect(eventsOf(whole).slice(3)).toEqual([
    {
      kind: "book_ticker",
      symbol: 0,
      id: 10,
      bid: 1_000,
      bidLots: 1_500,
      ask: 1_001,
      askLots: 2_000,
      exchangeTime: (epoch + 39) * 1_000,
      receivedAt: (epoch + 40) * 1_000,
    },
    {
      kind: "trade",
      symbol: 0,
      id: 1,
      price: 1_001,
      quantity: 250,
      buyerIsMaker: false,
      exchangeTime: (epoch + 49) * 1_000,
      receivedAt: (epoch + 50) * 1_000,
    },
    {
      kind: "mark",
      symbol: 0,
      mark: 10_005_123_456,
      fundingRate: 0.0001,
      nextFunding: (epoch + 60_000) * 1_000,
      exchangeTime: (epoch + 60) * 1_000,
      receivedAt: (epoch + 60) * 1_000,
    },
  ]);
});

test("[MKT-1] the snapshot stands at its arrival, then the diffs that waited for it, received with it", () => {
  const lines = [depth(10, 1, 5, 0), depth(15, 6, 8, 5), snapshot(20, 7), depth(30, 9, 12, 8), mark(40)];
  const books = eventsOf(lines).filter((event) => "lastId" in event);
  expect(books.map((event) => [event.kind, event.lastId, event.receivedAt - epoch * 1_000])).toEqual([
    ["snapshot", 7, 20_000],
    ["depth", 8, 20_000],
    ["depth", 12, 30_000],
  ]);
});

test("[MKT-1] diffs older than the snapshot are left out and counted", () => {
  const lines = [depth(10, 1, 5, 0), depth(15, 6, 8, 5), snapshot(20, 7), mark(40)];
  expect(imported(lines).metadata.dropped).toEqual({ depth_before_snapshot: 1 });
});

test("[BT-2] trades that did not happen on the book are left out and counted", () => {
  const tape = imported([...whole, trade(70, 2, "INSURANCE_FUND")]);
  expect([tape.length, tape.metadata.dropped]).toEqual([whole.length, { trade_insurance_fund: 1 }]);
});

test("[MKT-5] a recorder's clock that lags is set so that nothing arrives before it was sent", () => {
  const late = whole.map((text) => text.replace(/^\d+/, (time) => String(Number(time) - 1_524_000)));
  const tape = imported([...late, `${(epoch + 80) * 1_000 - 1_523_000} ${ticker(80, 20).slice(17)}`]);
  const arrivals = played(new TapeCursor(tape, symbolIndex(0))).map((event) => event.receivedAt - epoch * 1_000);
  expect([tape.metadata.clockShift, arrivals.at(-1)]).toEqual([1_524_000, 81_000]);
});

test("[MKT-5] a clock shift that is given is used instead of the estimate", () => {
  expect(imported(whole, { clockShift: micros(7) }).metadata.clockShift).toBe(7);
});

test("[BT-2] local times of 19 digits are nanoseconds", () => {
  const nanos = whole.map((text) => text.replace(/^\d+/, (time) => `${time}999`));
  expect(imported(nanos)).toEqual(imported(whole));
});

test("[BT-2] the files of a capture are one stream", () => {
  const cut = importRaw(
    [
      { name: "a", lines: whole.slice(0, 2) },
      { name: "b", lines: whole.slice(2) },
    ],
    options,
  );
  expect(cut).toEqual(imported(whole));
});

test("[BT-2] without mark prices one is derived at each whole second, and the tape says so", () => {
  const lines = [
    ...whole.slice(0, 3),
    ticker(500, 10),
    ticker(1_500, 11, "100.20", "100.30"),
    ticker(2_000, 12, "100.40", "100.50"),
    ticker(3_100, 13),
  ];
  const tape = imported(lines);
  const marks = played(new TapeCursor(tape, symbolIndex(0))).filter((event) => event.kind === "mark");
  expect({
    marks: marks.map((e) => [e.receivedAt - epoch * 1_000, e.mark]),
    derived: tape.metadata.derived[0]?.kind,
  }).toEqual({
    // means of 100.05; of that and 100.25; and of those and 100.45
    marks: [
      [1_000_000, 10_005_000_000],
      [2_000_000, 10_015_000_000],
      [3_000_000, 10_025_000_000],
    ],
    derived: "mark",
  });
});

test("[BT-2] the derived mark forgets what is more than thirty seconds old", () => {
  const steady = Array.from({ length: 40 }, (_, second) => ticker(500 + second * 1_000, 10 + second));
  const jump = ticker(500, 9, "900.00", "900.10");
  const tape = imported([...whole.slice(0, 3), jump, ...steady.slice(1)]);
  const marks = played(new TapeCursor(tape, symbolIndex(0))).filter((event) => event.kind === "mark");
  expect([marks[29]?.mark, marks[30]?.mark]).toEqual([12_671_666_667, 10_005_000_000]);
});

test("[BT-2] recorded mark prices are kept, and none derived", () => {
  expect(imported(whole).metadata.derived).toEqual([]);
});

const refused: [string, string[], RegExp][] = [
  ["a line without time", ["{}"], /^day\.gz:1: must begin with a local time/],
  ["a line that is no JSON", [`${epoch * 1_000} {"stream":`], /^day\.gz:1: has no JSON/],
  ["an unknown event", [...whole, stream(70, { e: "forceOrder" })], /^day\.gz:7: is not a bookTicker, depthUpdate/],
  [
    "another symbol",
    [stream(1, { e: "trade", s: "ETHUSDT", t: 1, p: "1", q: "1", m: true, ...times(1) })],
    /^day\.gz:1: is of ETHUSDT, not of BTCUSDT/,
  ],
  ["a price off the grid", [ticker(1, 1, "100.05")], /^day\.gz:1: price 100\.05 is not a multiple of 0\.10/],
  ["a crossed book ticker", [ticker(1, 1, "100.10", "100.10")], /^day\.gz:1: bid 100\.10 is not below ask 100\.10/],
  ["an update id that repeats", [ticker(1, 5), ticker(2, 5)], /^day\.gz:2: update id 5 does not follow 5/],
  ["a trade id that goes back", [trade(1, 5), trade(2, 4)], /^day\.gz:2: trade id 4 does not follow 5/],
  [
    "a diff that does not continue the last",
    [...whole, depth(70, 20, 21, 19)],
    /^day\.gz:7: depth is broken: pu 19 does not continue u 9/,
  ],
  [
    "a snapshot that no diff joins",
    [snapshot(20, 5), depth(30, 7, 9, 6)],
    /^day\.gz:2: depth from 7 to 9 does not join the snapshot 5/,
  ],
  ["time that goes back", [ticker(5, 1), ticker(4, 2)], /^day\.gz:2: local time \d+ goes back/],
  ["a second snapshot", [...whole, snapshot(70, 9)], /^day\.gz:7: is a second snapshot/],
  ["a capture without snapshot", [depth(10, 1, 5, 0)], /^day\.gz: the capture has no depth snapshot/],
];

test.each(refused)("[BT-2] %s is refused with file and line", (_, lines, problem) => {
  expect(() => imported(lines)).toThrow(problem);
});

test("[BT-2] the command writes a tape that reads back, and reports rows, what was dropped, and the span", () => {
  const raw = join(folder, "capture.gz");
  const out = join(folder, "capture.arrow");
  writeFileSync(raw, gzipSync(`${[...whole, trade(90, 2, "INSURANCE_FUND")].join("\n")}\n`));
  const report = importTape([raw], { out, symbol: "BTCUSDT", tick: "0.10", step: "0.001" });
  expect({ report, length: readTape(out).length }).toEqual({
    report: {
      file: out,
      symbol: "BTCUSDT",
      rows: { book_ticker: 1, depth: 2, snapshot: 1, trade: 1, mark: 1, gap: 0, all: 6 },
      dropped: { trade_insurance_fund: 1 },
      span: { from: "2024-07-18T23:56:40.020Z", to: "2024-07-18T23:56:40.060Z", seconds: 0.04 },
      clock_shift_micros: 0,
      derived: [],
    },
    length: 6,
  });
});

test("[BT-2] wrong flags of the command are named, all at once", () => {
  const flags = { out: "x", symbol: "btc", tick: "0", step: "x", clockShift: "soon" };
  expect(() => importTape(["a.gz"], flags)).toThrow(
    /^import: --symbol "btc": must .*--tick "0": must .*--step "x": must .*--clock-shift "soon": must /,
  );
});

test("[BT-2] the command without a file is refused", () => {
  const flags = { out: "x", symbol: "BTCUSDT", tick: "0.1", step: "0.001" };
  expect(() => importTape([], flags)).toThrow("name at least one file");
});

test("[BT-2] a recording that is not there is one error that names it", () => {
  expect(() => rawFile(join(folder, "none.gz"))).toThrow(/none\.gz: cannot be read: ENOENT/);
});
