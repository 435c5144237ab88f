/** `scalpd import`: public historical files to a tape. */

import { z } from "zod";
import { micros, microsPerSecond } from "../domain/units.ts";
import { positiveDecimal, symbolName } from "../tape/format.ts";
import { importRaw, type RawFile, rawFile } from "../tape/import-raw.ts";
import { tapeStatistics } from "../tape/statistics.ts";
import { writeTape } from "../tape/writer.ts";

const ImportFlags = z.strictObject({
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
 * The command's flags as text. `tick` in the quote asset, `step` in the base asset; `clockShift`: microseconds to add
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
  const { out, symbol, tick, step, source, licence, clockShift } = parseFlags(files, flags);
  const tape = importRaw(lazily(files), {
    symbol,
    tickSize: tick,
    stepSize: step,
    source,
    licence,
    clockShift: clockShift === undefined ? null : micros(Number(clockShift)),
  });
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

function parseFlags(files: readonly string[], flags: ImportFlags): z.output<typeof ImportFlags> {
  if (files.length === 0) throw new ImportUsageError("import: name at least one file");
  const parsed = ImportFlags.safeParse(flags);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `--${issue.path.join(".")} ${issue.message}`);
  throw new ImportUsageError(`import: ${problems.join("; ")}`);
}

// One file after the other: a capture of some hours does not fit into memory whole.
function* lazily(files: readonly string[]): Generator<RawFile> {
  for (const file of files) yield rawFile(file);
}
