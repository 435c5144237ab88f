/** A stand-in for the mark price where a recording has none: said to be so in the tape's metadata. */

import { Decimal } from "decimal.js";
import { at } from "../domain/assert.ts";
import { microsPerSecond, symbolIndex } from "../domain/units.ts";
import { trustedMicros, trustedPriceE8 } from "./brand.ts";
import { TapeBuilder } from "./builder.ts";
import { askAt, bidAt, bookTickerKind, type Derivation, kindAt, rowWidth, type Tape } from "./format.ts";
import { TapeCursor } from "./player.ts";

const windowSeconds = 30;

const rule = `at each whole second of receipt time the mean of the book ticker's mid at the last ${windowSeconds} whole seconds (fewer at the start), rounded to 1e-8; funding rate 0, next funding unknown`;
const derivation: Derivation = { kind: "mark", rule };

/** The tape with one mark price a second, computed from its book tickers. */
export function withDerivedMarks(tape: Tape): Tape {
  const builder = new TapeBuilder();
  const symbol = symbolIndex(0);
  const marks = new MovingMid(tape.metadata.tickSize, (mark, time) => {
    builder.onMark(symbol, trustedPriceE8(mark), 0, trustedMicros(0), trustedMicros(time), trustedMicros(time));
  });
  const cursor = new TapeCursor(tape, symbol);
  for (let start = 0; start < tape.rows.length; start += rowWidth) {
    const time = cursor.nextTime;
    marks.advance(time);
    cursor.deliver(builder);
    if (at(tape.rows, start + kindAt) === bookTickerKind) {
      marks.bookTicker(at(tape.rows, start + bidAt), at(tape.rows, start + askAt), time);
    }
  }
  return builder.build({ ...tape.metadata, derived: [...tape.metadata.derived, derivation] });
}

class MovingMid {
  readonly #tickE8: bigint;
  readonly #mids = new Float64Array(windowSeconds);
  readonly #put: (markE8: number, time: number) => void;
  #count = 0;
  #sum = 0;
  // In half ticks, so that a mid between two ticks is whole.
  #mid = 0;
  #next = 0;

  constructor(tickSize: string, put: (markE8: number, time: number) => void) {
    this.#tickE8 = BigInt(new Decimal(tickSize).times(1e8).toFixed(0));
    this.#put = put;
  }

  /** Puts the marks of all whole seconds up to and including `time`, from what was seen before. */
  advance(time: number): void {
    if (this.#mid === 0) return;
    for (; this.#next <= time; this.#next += microsPerSecond) {
      const place = this.#count % windowSeconds;
      this.#sum += this.#mid - (this.#count < windowSeconds ? 0 : at(this.#mids, place));
      this.#mids[place] = this.#mid;
      this.#count += 1;
      const divisor = BigInt(2 * Math.min(this.#count, windowSeconds));
      // Half up: half of the divisor is added before an integer division.
      const mark = (2n * BigInt(this.#sum) * this.#tickE8 + divisor) / (2n * divisor);
      this.#put(Number(mark), this.#next);
    }
  }

  bookTicker(bid: number, ask: number, time: number): void {
    if (this.#mid === 0) this.#next = Math.ceil(time / microsPerSecond) * microsPerSecond;
    this.#mid = bid + ask;
  }
}
