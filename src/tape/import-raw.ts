/** Turns raw recordings of Binance USDⓈ-M websockets into tapes. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { priceE8FromText } from "../domain/instrument.ts";
import { askSide, bidSide, type DepthLevels, depthLevels } from "../domain/market-port.ts";
import { type Micros, micros, microsFromMillis, symbolIndex } from "../domain/units.ts";
import { trustedLots, trustedTicks } from "./brand.ts";
import { TapeBuilder } from "./builder.ts";
import { receivedAtAt, rowWidth, type Tape } from "./format.ts";
import { type Grid, grid } from "./grid.ts";
import { withDerivedMarks } from "./mark.ts";
import { parseRawLine, type RawDepth, type RawLine, type RawSnapshot, type RawStreamEvent } from "./raw-line.ts";
import { problemOf } from "./validate.ts";

export type RawImport = {
  readonly symbol: string;
  /** quote asset, decimal text */
  readonly tickSize: string;
  /** base asset, decimal text */
  readonly stepSize: string;
  readonly source: string;
  readonly licence: string;
  /** microseconds to add to the recorder's clock; null to estimate them from the messages */
  readonly clockShift: Micros | null;
};

/** A recording that cannot be imported: the message names file, line and what is wrong there. */
export class RawImportError extends Error {
  override readonly name = "RawImportError";
}

/** One file of a capture: its name for errors, and its lines. */
export type RawFile = { readonly name: string; readonly lines: Iterable<string> };

/**
 * Imports one capture, which may be cut into several files; they are read one after the other.
 *
 * @throws {RawImportError} a line is unknown, or ids, prices or times are not what a whole capture has
 */
export function importRaw(files: Iterable<RawFile>, options: RawImport): Tape {
  const capture = new Capture(options);
  let name = "";
  for (const file of files) {
    name = file.name;
    let number = 0;
    for (const line of file.lines) {
      number += 1;
      if (line === "") continue;
      try {
        capture.take(parseRawLine(line));
      } catch (cause) {
        throw new RawImportError(`${name}:${number}: ${cause instanceof Error ? cause.message : String(cause)}`, {
          cause,
        });
      }
    }
  }
  try {
    return capture.finish();
  } catch (cause) {
    throw new RawImportError(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** More than any recording of some hours; what is larger must be cut. */
const fileBytesMax = 2 ** 31;

/** Reads a recording, gzipped or plain. @throws {RawImportError} */
export function rawFile(path: string): RawFile {
  try {
    const stored = readFileSync(path);
    const zipped = stored[0] === 0x1f && stored[1] === 0x8b;
    const bytes = zipped ? gunzipSync(stored, { maxOutputLength: fileBytesMax }) : stored;
    return { name: path, lines: linesOf(bytes) };
  } catch (cause) {
    throw new RawImportError(`${path}: cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
}

const newline = 10;

function* linesOf(bytes: Buffer): Generator<string> {
  for (let from = 0; from < bytes.length; ) {
    const found = bytes.indexOf(newline, from);
    const to = found < 0 ? bytes.length : found;
    yield bytes.toString("utf8", from, to).trimEnd();
    from = to + 1;
  }
}

/** Diffs that wait for their snapshot: it follows within a second, which is some twenty. */
const waitingDepthsMax = 10_000;

const levelsMax = 100_000;

class Capture {
  readonly #options: RawImport;
  readonly #price: Grid;
  readonly #size: Grid;
  readonly #builder = new TapeBuilder();
  readonly #symbol = symbolIndex(0);
  readonly #levels: DepthLevels = depthLevels(levelsMax);
  readonly #dropped = new Map<string, number>();
  #localTime = 0;
  #leastDelay = Infinity;
  #marks = 0;
  #updateId = -1;
  #tradeId = -1;
  #lastDepthId: number | null = null;
  #waiting: RawDepth[] = [];
  #snapshotId: number | null = null;
  #joined = false;

  constructor(options: RawImport) {
    this.#options = options;
    this.#price = grid(options.tickSize);
    this.#size = grid(options.stepSize);
  }

  take({ localTime, message }: RawLine): void {
    if (localTime < this.#localTime) throw new Error(`local time ${localTime} goes back behind ${this.#localTime}`);
    this.#localTime = localTime;
    if (message.e === "snapshot") {
      this.#observeDelay(message.book.E, localTime);
      this.#snapshot(message.book, localTime);
      return;
    }
    if (message.s !== this.#options.symbol) throw new Error(`is of ${message.s}, not of ${this.#options.symbol}`);
    this.#observeDelay(message.E, localTime);
    this.#event(message, localTime);
  }

  finish(): Tape {
    if (this.#snapshotId === null) throw new Error("the capture has no depth snapshot, so its book cannot be built");
    if (!this.#joined) throw new Error(`no depth message joins the snapshot ${this.#snapshotId}`);
    const clockShift = this.#options.clockShift ?? micros(Math.max(0, -this.#leastDelay));
    const { symbol, tickSize, stepSize, source, licence } = this.#options;
    const dropped = Object.fromEntries(this.#dropped);
    const tape = this.#builder.build({ symbol, tickSize, stepSize, source, licence, clockShift, derived: [], dropped });
    for (let start = receivedAtAt; start < tape.rows.length; start += rowWidth) {
      tape.rows[start] = (tape.rows[start] ?? 0) + clockShift;
    }
    const whole = this.#marks > 0 ? tape : withDerivedMarks(tape);
    const problem = problemOf(whole);
    if (problem !== null) throw new Error(problem);
    return whole;
  }

  // A message cannot arrive before it was sent, so the most that it seems to is what the recorder's clock lags.
  #observeDelay(sentAtMillis: number, localTime: Micros): void {
    this.#leastDelay = Math.min(this.#leastDelay, localTime - microsFromMillis(sentAtMillis));
  }

  #event(message: RawStreamEvent, localTime: Micros): void {
    switch (message.e) {
      case "bookTicker": {
        if (message.u <= this.#updateId) throw new Error(`update id ${message.u} does not follow ${this.#updateId}`);
        this.#updateId = message.u;
        const bid = trustedTicks(this.#ticks(message.b));
        const ask = trustedTicks(this.#ticks(message.a));
        if (bid >= ask) throw new Error(`bid ${message.b} is not below ask ${message.a}`);
        const bidLots = trustedLots(this.#lots(message.B));
        const askLots = trustedLots(this.#lots(message.A));
        const time = microsFromMillis(message.T);
        this.#builder.onBookTicker(this.#symbol, message.u, bid, bidLots, ask, askLots, time, localTime);
        return;
      }
      case "depthUpdate":
        if (this.#lastDepthId !== null && message.pu !== this.#lastDepthId) {
          throw new Error(`depth is broken: pu ${message.pu} does not continue u ${this.#lastDepthId}`);
        }
        this.#lastDepthId = message.u;
        this.#depth(message, localTime);
        return;
      case "trade": {
        if (message.t <= this.#tradeId) throw new Error(`trade id ${message.t} does not follow ${this.#tradeId}`);
        this.#tradeId = message.t;
        // Insurance fund and liquidation take-overs are published as trades, but no order in the book met them.
        if (message.X !== "MARKET") {
          this.#drop(`trade_${message.X.toLowerCase()}`);
          return;
        }
        const price = trustedTicks(this.#ticks(message.p));
        const quantity = trustedLots(this.#lots(message.q));
        const time = microsFromMillis(message.T);
        this.#builder.onTrade(this.#symbol, message.t, price, quantity, message.m, time, localTime);
        return;
      }
      case "markPriceUpdate": {
        this.#marks += 1;
        const rate = Number(message.r);
        if (!Number.isFinite(rate)) throw new Error(`funding rate ${message.r} is no number`);
        const mark = priceE8FromText(message.p);
        const nextFunding = microsFromMillis(message.T);
        this.#builder.onMark(this.#symbol, mark, rate, nextFunding, microsFromMillis(message.E), localTime);
        return;
      }
      default:
        throw new TypeError(`unhandled message ${message satisfies never}`);
    }
  }

  #snapshot(book: RawSnapshot, localTime: Micros): void {
    if (this.#snapshotId !== null) throw new Error("is a second snapshot: import each capture on its own");
    this.#snapshotId = book.lastUpdateId;
    this.#fill(book.bids, book.asks);
    this.#levels.firstId = book.lastUpdateId;
    this.#levels.lastId = book.lastUpdateId;
    this.#levels.previousId = book.lastUpdateId;
    this.#builder.onSnapshot(this.#symbol, this.#levels, microsFromMillis(book.T), localTime);
    for (const message of this.#waiting) this.#depth(message, localTime);
    this.#waiting = [];
  }

  /** @see binance-usdm.md §5.4 */
  #depth(message: RawDepth, receivedAt: Micros): void {
    if (this.#snapshotId === null) {
      if (this.#waiting.length >= waitingDepthsMax) throw new Error(`no snapshot after ${waitingDepthsMax} diffs`);
      this.#waiting.push(message);
      return;
    }
    if (!this.#joined) {
      if (message.u < this.#snapshotId) {
        this.#drop("depth_before_snapshot");
        return;
      }
      if (message.U > this.#snapshotId) {
        throw new Error(`depth from ${message.U} to ${message.u} does not join the snapshot ${this.#snapshotId}`);
      }
      this.#joined = true;
    }
    this.#fill(message.b, message.a);
    this.#levels.firstId = message.U;
    this.#levels.lastId = message.u;
    this.#levels.previousId = message.pu;
    this.#builder.onDepth(this.#symbol, this.#levels, microsFromMillis(message.T), receivedAt);
  }

  #fill(bids: readonly [string, string][], asks: readonly [string, string][]): void {
    this.#levels.count = 0;
    this.#append(bids, bidSide);
    this.#append(asks, askSide);
  }

  #append(side: readonly [string, string][], code: number): void {
    if (this.#levels.count + side.length > levelsMax) throw new Error(`has more than ${levelsMax} levels`);
    for (const [price, size] of side) {
      const place = this.#levels.count;
      this.#levels.side[place] = code;
      this.#levels.price[place] = this.#ticks(price);
      this.#levels.size[place] = this.#lots(size);
      this.#levels.count = place + 1;
    }
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  #ticks(price: string): number {
    return onGrid(this.#price, price, "price", this.#options.tickSize);
  }

  #lots(quantity: string): number {
    return onGrid(this.#size, quantity, "quantity", this.#options.stepSize);
  }
}

function onGrid(steps: Grid, text: string, what: string, step: string): number {
  const count = steps(text);
  if (count === null) throw new Error(`${what} ${text} is not a multiple of ${step}`);
  return count;
}
