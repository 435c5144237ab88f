/** `scalpd import`: public historical files to a tape. */

import { z } from "zod";
import { micros, microsPerSecond } from "../domain/units.ts";
import { positiveDecimal, symbolName, type Tape } from "../tape/format.ts";
import { importCsv } from "../tape/import-csv.ts";
import { importRaw, type RawFile, rawFile } from "../tape/import-raw.ts";
import { tapeStatistics } from "../tape/statistics.ts";
import { writeTape } from "../tape/writer.ts";
import { optionName } from "./option-name.ts";

const formats = ["binance", "csv"] as const;
const gapSecondsDefault = 30;

const ImportFlags = z.strictObject({
  format: z.enum(formats, { error: `must be one of ${formats.join(", ")}` }).default("binance"),
  gapSeconds: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/, "must be seconds")
    .optional(),
  out: z.string().min(1),
  symbol: symbolName,
  tick: positiveDecimal,
  step: positiveDecimal,
  source: z.string().default("not stated"),
  licence: z.string().default("not stated"),
  clockShift: z
    .string()
    .regex(/^-?\d{1,15}$/, "must be whole microseconds")
    .optional(),
});

/**
 * The command's flags as text. `format`: raw streams of Binance, or tables of books and trades; of tables, a book that is
 * silent for longer than `gapSeconds` is a gap. `tick` in the quote asset, `step` in the base asset; `clockShift`: microseconds to add
 * to the recorder's clock, estimated when left out.
 */
export type ImportFlags = z.input<typeof ImportFlags>;

/** The flags are wrong: exit code 2. The message names each one and what is allowed. */
export class ImportUsageError extends Error {
  override readonly name = "ImportUsageError";
}

/** The JSON that `scalpd import` prints. */
export type ImportReport = {
  readonly file: string;
  readonly symbol: string;
  /** events by kind, and all of them */
  readonly rows: Readonly<Record<string, number>>;
  /** messages left out, by reason */
  readonly dropped: Readonly<Record<string, number>>;
  readonly span: { readonly from: string; readonly to: string; readonly seconds: number };
  readonly clock_shift_micros: number;
  /** kinds of events that were computed and not seen */
  readonly derived: readonly string[];
};

/**
 * Imports the files of one capture, in the order given, and writes the tape.
 *
 * @throws {ImportUsageError} wrong flags, or no file
 * @throws {import("../tape/import-raw.ts").RawImportError} a file cannot be read or understood
 * @throws {import("../tape/format.ts").TapeError} the tape cannot be written
 */
export function importTape(files: readonly string[], flags: ImportFlags): ImportReport {
  const parsed = parseFlags(files, flags);
  const { out } = parsed;
  const tape = imported(files, parsed);
  writeTape(out, tape);
  const statistics = tapeStatistics(tape);
  return {
    file: out,
    symbol: tape.metadata.symbol,
    rows: { ...statistics.events, all: tape.length },
    dropped: tape.metadata.dropped,
    span: {
      from: new Date(statistics.firstTime / 1_000).toISOString(),
      to: new Date(statistics.lastTime / 1_000).toISOString(),
      seconds: (statistics.lastTime - statistics.firstTime) / microsPerSecond,
    },
    clock_shift_micros: tape.metadata.clockShift,
    derived: tape.metadata.derived.map((derivation) => derivation.kind),
  };
}

function imported(files: readonly string[], flags: z.output<typeof ImportFlags>): Tape {
  const { format, symbol, tick, step, source, licence, clockShift, gapSeconds } = flags;
  const common = { symbol, tickSize: tick, stepSize: step, source, licence };
  const shift = clockShift === undefined ? null : micros(Number(clockShift));
  switch (format) {
    case "binance":
      return importRaw(lazily(files), { ...common, clockShift: shift });
    case "csv": {
      const gapAfter = Number(gapSeconds ?? gapSecondsDefault) * microsPerSecond;
      return importCsv(files.map(rawFile), { ...common, clockShift: shift ?? micros(0), gapAfter });
    }
    default:
      throw new TypeError(`unhandled format ${format satisfies never}`);
  }
}

function parseFlags(files: readonly string[], flags: ImportFlags): z.output<typeof ImportFlags> {
  if (files.length === 0) throw new ImportUsageError("import: name at least one file");
  const parsed = ImportFlags.safeParse(flags);
  if (parsed.success) {
    const { format, gapSeconds } = parsed.data;
    if (format === "csv" || gapSeconds === undefined) return parsed.data;
    throw new ImportUsageError(`import: --gap-seconds ${JSON.stringify(gapSeconds)}: allowed only with --format csv`);
  }
  const problems = parsed.error.issues.map(({ path: [key = ""], message }) => {
    const given = Object.entries(flags).find(([name]) => name === key)?.[1];
    return `${optionName(String(key))} ${JSON.stringify(given)}: ${message}`;
  });
  throw new ImportUsageError(`import: ${problems.join("; ")}`);
}

// One file after the other: a capture of some hours does not fit into memory whole.
function* lazily(files: readonly string[]): Generator<RawFile> {
  for (const file of files) yield rawFile(file);
}
