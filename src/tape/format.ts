/**
 * What a tape is: one symbol's market data as seen, in whole numbers. In memory each event is one row of eight doubles,
 * so that playing it touches one cache line; on disk the same values are named Arrow columns. @see docs/tapes.md
 */

import { z } from "zod";
import type { Micros } from "../domain/units.ts";

/** Raised whenever a stored tape changes meaning; readers refuse what they do not know. */
export const tapeFormatVersion = 1;

/** Kinds of rows, in the order of their codes in memory. */
export const tapeKinds = ["book_ticker", "depth", "snapshot", "trade", "mark", "gap"] as const;
export type TapeKind = (typeof tapeKinds)[number];

export const bookTickerKind = 0;
export const depthKind = 1;
export const snapshotKind = 2;
export const tradeKind = 3;
export const markKind = 4;
export const gapKind = 5;

/** Doubles in a row: 64 bytes, one cache line. */
export const rowWidth = 8;

/** Places within a row that every kind has. `idAt` is the update id (the last one of a depth message) or the trade id. */
export const kindAt = 0;
export const exchangeTimeAt = 1;
export const receivedAtAt = 2;
export const idAt = 3;

/** book_ticker */
export const bidAt = 4;
export const bidLotsAt = 5;
export const askAt = 6;
export const askLotsAt = 7;

/** depth and snapshot: ids, then the first level and one past the last in the level arrays */
export const firstIdAt = 4;
export const previousIdAt = 5;
export const levelsFromAt = 6;
export const levelsToAt = 7;

/** trade */
export const priceAt = 4;
export const quantityAt = 5;
export const buyerIsMakerAt = 6;

/** mark */
export const markAt = 4;
export const fundingRateAt = 5;
export const nextFundingAt = 6;

/** Something in a tape that was computed and not seen, and how. */
export type Derivation = { readonly kind: TapeKind; readonly rule: string };

export type TapeMetadata = {
  readonly symbol: string;
  /** quote asset; decimal text as exchangeInfo writes it */
  readonly tickSize: string;
  /** base asset; decimal text */
  readonly stepSize: string;
  /** where the data comes from: repository, commit, or the recorder's name */
  readonly source: string;
  readonly licence: string;
  /** microseconds that were added to the recorder's clock to get the receipt times stored here */
  readonly clockShift: Micros;
  readonly derived: readonly Derivation[];
  /** messages of the source that are not in the tape, by reason */
  readonly dropped: Readonly<Record<string, number>>;
};

export type Tape = {
  readonly metadata: TapeMetadata;
  /** number of events */
  readonly length: number;
  /** `length` rows of {@link rowWidth} */
  readonly rows: Float64Array;
  /** levels of all depth messages and snapshots, one after the other */
  readonly levelSide: Uint8Array;
  /** ticks */
  readonly levelPrice: Float64Array;
  /** lots */
  readonly levelSize: Float64Array;
};

/** A tape that cannot be read or written: the message names the file and what is wrong with it. */
export class TapeError extends Error {
  override readonly name = "TapeError";
  readonly path: string;

  constructor(path: string, problem: string, options?: ErrorOptions) {
    super(`tape ${path}: ${problem}`, options);
    this.path = path;
  }
}

/** Tick or step size as exchangeInfo writes it. */
export const positiveDecimal = z.string().regex(/^(?!0*\.?0*$)\d+(\.\d+)?$/, "must be a decimal above 0, as in 0.10");

export const symbolName = z.string().regex(/^[A-Z0-9_]{1,40}$/, "must be a symbol such as BTCUSDT");

function jsonOf<T>(schema: z.ZodType<T>): z.ZodType<T, string> {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: "custom", message: "must be JSON" });
        return z.NEVER;
      }
    })
    .pipe(schema);
}

/** The `scalpd.*` keys of an Arrow schema's metadata. */
export const StoredMetadata = z.object({
  "scalpd.format": z.literal(String(tapeFormatVersion), {
    error: `must be ${tapeFormatVersion}: this program reads no other format`,
  }),
  "scalpd.symbol": symbolName,
  "scalpd.tick_size": positiveDecimal,
  "scalpd.step_size": positiveDecimal,
  "scalpd.source": z.string(),
  "scalpd.licence": z.string(),
  "scalpd.clock_shift_micros": z.string().regex(/^-?\d{1,15}$/, "must be whole microseconds"),
  "scalpd.derived": jsonOf(z.array(z.strictObject({ kind: z.enum(tapeKinds), rule: z.string() }))),
  "scalpd.dropped": jsonOf(z.record(z.string(), z.int().nonnegative())),
  "scalpd.rows": z.string().regex(/^\d{1,15}$/, "must be a count"),
});
export type StoredMetadata = z.input<typeof StoredMetadata>;
