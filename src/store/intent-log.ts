/**
 * The intent log: small append-only files of checksummed records. The main thread writes without waiting for the disk,
 * which outlives a kill of the process; syncs come in groups, off the path, for power loss.
 * A record is its payload's length and CRC-32 (both 32 bits, little-endian) and the payload. The first record of a file is
 * JSON and says what the symbol indices mean. An intent is binary, because an order waits while it is made: its numbers as
 * doubles, one byte for the side, and its texts in UTF-8, each behind its length of 16 bits.
 */

import { closeSync, fsync, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { TradeId } from "../domain/order-id.ts";
import type { IntentRow } from "../domain/output.ts";
import { lots, micros, symbolIndex, ticks } from "../domain/units.ts";
import { exitRuleNumbers, readExitRules, StoredExitRules, writeExitRules } from "./exit-rules.ts";
import { type StoredInstrument, StoreError } from "./store.ts";

const headBytes = 8;
const payloadBytesMax = 4_096;
/** A file is sealed at this size, some thousand intents; it goes when the database has them. */
const fileBytesMax = 512 * 1_024;
/** Torn tails are kept for a look, the newest of them. */
const tornFilesMax = 8;
const fileShape = /^intents-(\d{8})\.log$/;
const tornShape = /^torn-(\d{8})\.log$/;
const version = 4;
const rulesAt = 8;
const cooldownAt = rulesAt + exitRuleNumbers;
const numbers = cooldownAt + 1;
/** Numbers of a record. Files of earlier versions are read too: a newer program may be started after a crash of the older. */
const numbersOf = { 2: rulesAt - 1, 3: cooldownAt, [version]: numbers } as const;
const textsAt = numbers * 8 + 1;
const asciiMax = 0x7f;

const Header = z.strictObject({
  version: z.literal([2, 3, version]),
  instruments: z.array(z.strictObject({ symbol: z.string(), tickSize: z.string(), stepSize: z.string() })),
});

const whole = z.int();

const Intent = z.strictObject({
  kind: z.literal("intent"),
  trade: z.string().transform((text) => text as TradeId),
  decisionId: z.string(),
  source: z.string(),
  symbol: whole.nonnegative().transform(symbolIndex),
  clientOrderId: z.string(),
  side: z.enum(["buy", "sell"]),
  quantity: whole.nonnegative().transform(lots),
  stopLoss: whole.transform(ticks),
  takeProfit: whole.transform(ticks).nullable(),
  secondTarget: whole.transform(ticks).nullable(),
  exits: StoredExitRules.nullable(),
  decisionMidHalfTicks: z.number().nullable(),
  holdUntil: whole.transform(micros),
  cooldownMicros: whole.nonnegative().transform(micros).nullable(),
  time: whole.transform(micros),
});

/** An intent as it stands in a file, with the instrument that it was written with. */
export type LoggedIntent = {
  readonly instrument: StoredInstrument;
  readonly row: IntentRow;
};

export type IntentLogFile = {
  readonly path: string;
  readonly intents: readonly LoggedIntent[];
  /** bytes after the last good record; 0 when the file ends well */
  readonly tornBytes: number;
};

export class IntentLog {
  readonly #directory: string;
  readonly #header: Uint8Array;
  readonly #record = new IntentRecord();
  #number: number;
  #file: number;
  #bytes = 0;
  #dirty = false;
  #failed = false;
  #syncing: Promise<void> | null = null;
  /** earlier files of this run, and the intents that they end with */
  readonly #sealed: { readonly path: string; readonly intents: number }[] = [];
  #written = 0;

  /** @throws {StoreError} the file cannot be made */
  static async open(directory: string, instruments: readonly StoredInstrument[]): Promise<IntentLog> {
    const named = instruments.map(({ symbol, tickSize, stepSize }) => ({ symbol, tickSize, stepSize }));
    const header = record(Buffer.from(JSON.stringify({ version, instruments: named })));
    const number = 1 + Math.max(0, ...logFiles(directory).map((file) => file.number));
    const path = logPath(directory, number);
    try {
      return new IntentLog(directory, header, number, await makeFile(path, header));
    } catch (error) {
      throw new StoreError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  private constructor(directory: string, header: Uint8Array, number: number, file: number) {
    this.#directory = directory;
    this.#header = header;
    this.#number = number;
    this.#file = file;
    this.#bytes = header.length;
  }

  /** intents written so far */
  get written(): number {
    return this.#written;
  }

  /** @throws {Error} the write failed or was cut short; from then on every call throws */
  append(row: IntentRow): void {
    if (this.#failed) throw new Error("the intent log has failed before");
    // Until the write has ended well this stands, so that nothing is ever put behind a torn record.
    this.#failed = true;
    const total = this.#record.write(row);
    const put = writeSync(this.#file, this.#record.bytes, 0, total);
    if (put !== total) throw new Error(`only ${put} of ${total} bytes were written`);
    this.#bytes += total;
    this.#written += 1;
    this.#dirty = true;
    this.#failed = false;
  }

  /** Resolves when every intent so far is on the disk. A failed sync is final: it is not tried again as if nothing was. */
  async sync(): Promise<void> {
    while (this.#syncing !== null) await this.#syncing.catch(() => undefined);
    if (this.#failed) throw new Error("the intent log has failed before");
    if (!this.#dirty) return;
    this.#syncing = this.#syncNow();
    try {
      await this.#syncing;
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      this.#syncing = null;
    }
  }

  /** Removes sealed files whose intents the database has on the disk. @param intents how many of this run it has */
  forget(intents: number): void {
    while (this.#sealed[0] !== undefined && this.#sealed[0].intents <= intents) {
      const sealed = this.#sealed.shift();
      if (sealed !== undefined) rmSync(sealed.path, { force: true });
    }
  }

  /** @param committed how many intents of this run the database has; with all of them the files go */
  async close(committed: number): Promise<void> {
    while (this.#syncing !== null) await this.#syncing.catch(() => undefined);
    closeSync(this.#file);
    this.forget(committed);
    if (committed >= this.#written) rmSync(logPath(this.#directory, this.#number), { force: true });
  }

  async #syncNow(): Promise<void> {
    this.#dirty = false;
    await syncFile(this.#file);
    if (this.#bytes < fileBytesMax) return;
    const next = await makeFile(logPath(this.#directory, this.#number + 1), this.#header);
    const full = this.#file;
    const path = logPath(this.#directory, this.#number);
    this.#sealed.push({ path, intents: this.#written });
    this.#number += 1;
    this.#file = next;
    this.#bytes = this.#header.length;
    this.#dirty = false;
    // Intents may have come while the next file was made.
    await syncFile(full);
    closeSync(full);
  }
}

/** Reads the logs that earlier runs left, oldest first. Torn tails are copied aside, never guessed at. */
export function readIntentLogs(directory: string): IntentLogFile[] {
  return logFiles(directory).map(({ path, number }) => {
    const bytes = readFileSync(path);
    const { intents, goodBytes } = readRecords(bytes);
    const tornBytes = bytes.length - goodBytes;
    if (tornBytes > 0) keepTorn(directory, number, bytes.subarray(goodBytes));
    return { path, intents, tornBytes };
  });
}

/** Every complete record before the first bad byte. */
export function readRecords(bytes: Uint8Array): { readonly intents: LoggedIntent[]; readonly goodBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const intents: LoggedIntent[] = [];
  let instruments: readonly StoredInstrument[] | null = null;
  let count: number = numbers;
  let at = 0;
  while (at + headBytes <= bytes.length) {
    const length = view.getUint32(at, true);
    const end = at + headBytes + length;
    if (end > bytes.length) break;
    const payload = bytes.subarray(at + headBytes, end);
    if (crc32(payload) !== view.getUint32(at + 4, true)) break;
    // A tail of zeros has the right checksum, that of nothing; the shapes below refuse it.
    if (instruments === null) {
      const header = Header.safeParse(parsed(payload));
      if (!header.success) break;
      instruments = header.data.instruments;
      count = numbersOf[header.data.version];
    } else {
      const row = Intent.safeParse(readIntent(payload, count));
      const instrument = row.success ? instruments[row.data.symbol] : undefined;
      if (!row.success || instrument === undefined) break;
      intents.push({ instrument, row: row.data });
    }
    at = end;
  }
  return { intents, goodBytes: at };
}

/** The bytes of one intent after another, in one place. */
class IntentRecord {
  readonly bytes = Buffer.alloc(headBytes + payloadBytesMax);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  /** the last record's payload; the next one mostly has as many bytes, and a view costs more than its checksum */
  #payload = this.bytes.subarray(headBytes, headBytes);

  /** @returns how many bytes it has @throws {Error} it has too many */
  write(row: IntentRow): number {
    const view = this.#view;
    view.setFloat64(headBytes, row.symbol, true);
    view.setFloat64(headBytes + 8, row.quantity, true);
    view.setFloat64(headBytes + 16, row.stopLoss, true);
    view.setFloat64(headBytes + 24, row.takeProfit ?? Number.NaN, true);
    view.setFloat64(headBytes + 32, row.decisionMidHalfTicks ?? Number.NaN, true);
    view.setFloat64(headBytes + 40, row.holdUntil, true);
    view.setFloat64(headBytes + 48, row.time, true);
    view.setFloat64(headBytes + 56, row.secondTarget ?? Number.NaN, true);
    writeExitRules(view, headBytes + rulesAt * 8, row.exits);
    view.setFloat64(headBytes + cooldownAt * 8, row.cooldownMicros ?? Number.NaN, true);
    view.setUint8(headBytes + textsAt - 1, row.side === "buy" ? 0 : 1);
    let end = this.#text(headBytes + textsAt, row.trade);
    end = this.#text(end, row.decisionId);
    end = this.#text(end, row.source);
    end = this.#text(end, row.clientOrderId);
    view.setUint32(0, end - headBytes, true);
    if (this.#payload.length !== end - headBytes) this.#payload = this.bytes.subarray(headBytes, end);
    view.setUint32(4, crc32(this.#payload), true);
    return end;
  }

  #text(at: number, text: string): number {
    const { bytes } = this;
    const from = at + 2;
    const end = from + text.length;
    if (end > bytes.length) throw tooLarge();
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > asciiMax) return this.#wideText(at, text);
      bytes[from + index] = code;
    }
    this.#view.setUint16(at, text.length, true);
    return end;
  }

  #wideText(at: number, text: string): number {
    const length = Buffer.byteLength(text);
    if (at + 2 + length > this.bytes.length) throw tooLarge();
    this.#view.setUint16(at, length, true);
    return at + 2 + this.bytes.write(text, at + 2, "utf8");
  }
}

function tooLarge(): Error {
  return new Error(`an intent has more than ${payloadBytesMax} bytes`);
}

/**
 * The fields of an intent as they stand in a record, unchecked; null when the record has not their shape.
 *
 * @param count numbers that records of the file begin with
 */
function readIntent(payload: Uint8Array, count: number): unknown {
  const sideAt = count * 8;
  if (payload.length <= sideAt) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const values = Array.from({ length: count }, (_, index) => {
    const value = view.getFloat64(index * 8, true);
    return Number.isNaN(value) ? null : value;
  });
  const [symbol, quantity, stopLoss, takeProfit, mid, holdUntil, time, secondTarget = null] = values;
  const texts: string[] = [];
  let at = sideAt + 1;
  while (at + 2 <= payload.length) {
    const end = at + 2 + view.getUint16(at, true);
    texts.push(Buffer.from(payload.subarray(at + 2, end)).toString("utf8"));
    at = end;
  }
  if (at !== payload.length || texts.length !== 4) return null;
  const [trade, decisionId, source, clientOrderId] = texts;
  const side = ["buy", "sell"][view.getUint8(sideAt)];
  return {
    kind: "intent",
    trade,
    decisionId,
    source,
    symbol,
    clientOrderId,
    side,
    quantity,
    stopLoss,
    takeProfit,
    secondTarget,
    exits: readExitRules(values.slice(rulesAt, cooldownAt)),
    decisionMidHalfTicks: mid,
    holdUntil,
    cooldownMicros: values[cooldownAt] ?? null,
    time,
  };
}

function record(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(headBytes + payload.length);
  bytes.writeUInt32LE(payload.length, 0);
  bytes.writeUInt32LE(crc32(payload), 4);
  bytes.set(payload, headBytes);
  return bytes;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function logFiles(directory: string): { readonly path: string; readonly number: number }[] {
  return readdirSync(directory)
    .map((name) => ({ name, match: fileShape.exec(name) }))
    .flatMap(({ name, match }) => (match === null ? [] : [{ path: join(directory, name), number: Number(match[1]) }]))
    .sort((a, b) => a.number - b.number);
}

function logPath(directory: string, number: number): string {
  return join(directory, `intents-${String(number).padStart(8, "0")}.log`);
}

function keepTorn(directory: string, number: number, bytes: Uint8Array): void {
  writeFileSync(join(directory, `torn-${String(number).padStart(8, "0")}.log`), bytes, { mode: 0o600 });
  const torn = readdirSync(directory)
    .filter((name) => tornShape.test(name))
    .sort();
  for (const name of torn.slice(0, -tornFilesMax)) rmSync(join(directory, name), { force: true });
}

function parsed(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch {
    return null;
  }
}

/** A file with its header, both it and its name on the disk. */
async function makeFile(path: string, header: Uint8Array): Promise<number> {
  const file = openSync(path, "ax", 0o600);
  if (writeSync(file, header) !== header.length) throw new Error("the disk is full");
  await syncFile(file);
  const directory = openSync(dirname(path), "r");
  try {
    await syncFile(directory);
  } finally {
    closeSync(directory);
  }
  return file;
}

function syncFile(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(file, (error) => (error === null ? resolve() : reject(error)));
  });
}
