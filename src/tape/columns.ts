/** The Arrow columns of a tape, and the compression of their buffers. */

import { constants as zlib, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  type Codec,
  CompressionType,
  compressionRegistry,
  Dictionary,
  Field,
  Float64,
  Int8,
  Int64,
  List,
  Uint8,
  Utf8,
} from "apache-arrow";
import {
  askAt,
  askLotsAt,
  bidAt,
  bidLotsAt,
  bookTickerKind,
  buyerIsMakerAt,
  depthKind,
  exchangeTimeAt,
  firstIdAt,
  fundingRateAt,
  idAt,
  markAt,
  markKind,
  nextFundingAt,
  previousIdAt,
  priceAt,
  quantityAt,
  receivedAtAt,
  snapshotKind,
  tradeKind,
} from "./format.ts";

/** One number of a row: its name on disk, its place in memory, and the kinds that have it (0 in all other rows). */
export type ScalarColumn = {
  readonly name: string;
  readonly place: number;
  readonly kinds: readonly number[] | "all";
  readonly type: "int64" | "uint8" | "float64";
};

const levelKinds = [depthKind, snapshotKind];

export const scalarColumns: readonly ScalarColumn[] = [
  { name: "exchange_time", place: exchangeTimeAt, kinds: "all", type: "int64" },
  { name: "receive_time", place: receivedAtAt, kinds: "all", type: "int64" },
  { name: "id", place: idAt, kinds: [bookTickerKind, tradeKind, ...levelKinds], type: "int64" },
  { name: "first_id", place: firstIdAt, kinds: levelKinds, type: "int64" },
  { name: "previous_id", place: previousIdAt, kinds: levelKinds, type: "int64" },
  { name: "bid", place: bidAt, kinds: [bookTickerKind], type: "int64" },
  { name: "bid_lots", place: bidLotsAt, kinds: [bookTickerKind], type: "int64" },
  { name: "ask", place: askAt, kinds: [bookTickerKind], type: "int64" },
  { name: "ask_lots", place: askLotsAt, kinds: [bookTickerKind], type: "int64" },
  { name: "price", place: priceAt, kinds: [tradeKind], type: "int64" },
  { name: "quantity", place: quantityAt, kinds: [tradeKind], type: "int64" },
  { name: "buyer_is_maker", place: buyerIsMakerAt, kinds: [tradeKind], type: "uint8" },
  { name: "mark_e8", place: markAt, kinds: [markKind], type: "int64" },
  { name: "funding_rate", place: fundingRateAt, kinds: [markKind], type: "float64" },
  { name: "next_funding", place: nextFundingAt, kinds: [markKind], type: "int64" },
];

export const kindColumn = "kind";
export const levelSideColumn = "level_side";
export const levelPriceColumn = "level_price";
export const levelLotsColumn = "level_lots";

export function hasValue(column: ScalarColumn, kind: number): boolean {
  return column.kinds === "all" || column.kinds.includes(kind);
}

export const kindType = new Dictionary(new Utf8(), new Int8(), 0);

export const scalarTypes = { int64: new Int64(), uint8: new Uint8(), float64: new Float64() } as const;
export const sideList = new List(new Field("item", new Uint8(), false));
export const wholeList = new List(new Field("item", new Int64(), false));

export const tapeFields: readonly Field[] = [
  new Field(kindColumn, kindType, false),
  ...scalarColumns.map((column) => new Field(column.name, scalarTypes[column.type], false)),
  new Field(levelSideColumn, sideList, false),
  new Field(levelPriceColumn, wholeList, false),
  new Field(levelLotsColumn, wholeList, false),
];

export const tapeCompression = CompressionType.ZSTD;

const zstdParameters = { [zlib.ZSTD_c_compressionLevel]: 15 };

const zstd: Codec = {
  encode: (data) => zstdCompressSync(data, { params: zstdParameters }),
  // Copied: small results lie in a shared pool, at offsets where no 64-bit view can start.
  decode: (data) => new Uint8Array(zstdDecompressSync(data)),
};

/** Arrow keeps codecs in one registry of its own; setting it again changes nothing. */
export function registerCodec(): void {
  compressionRegistry.set(CompressionType.ZSTD, zstd);
}
