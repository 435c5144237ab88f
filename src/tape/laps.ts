/**
 * Plays a tape over and over. Laps join in price and time, and each seam is a gap, so nothing is learnt across it.
 *
 * Every second lap is the mirror image of the recording (bids are asks, up is down) at the whole tick where the last
 * lap ended. Shifting alone would repeat the recording's trend for ever: eight minutes that lost 0.2 % would bring the
 * price to zero within days. So price returns to where it began after every second lap, and an endless feed neither
 * favours one direction nor drifts.
 */

import { Decimal } from "decimal.js";
import { assert, at } from "../domain/assert.ts";
import type { MarketSink } from "../domain/market-port.ts";
import { type Micros, micros, microsPerSecond, type SymbolIndex } from "../domain/units.ts";
import { trustedMicros } from "./brand.ts";
import {
  askAt,
  bidAt,
  bookTickerKind,
  depthKind,
  firstIdAt,
  idAt,
  kindAt,
  previousIdAt,
  priceAt,
  receivedAtAt,
  rowWidth,
  snapshotKind,
  type Tape,
  tradeKind,
} from "./format.ts";
import { asRecorded, type Passage } from "./passage.ts";
import { type MarketCursor, TapeCursor } from "./player.ts";
import { ownTime, playedAt, type TimeMap } from "./time-map.ts";

/** The stretch of time that tapes recorded together have in common in every lap. */
export type LapSpan = { readonly start: Micros; readonly length: Micros };

/** Whole seconds, so that what stands on whole seconds (mark prices) does so in every lap. At least one tape. */
export function lapSpan(tapes: readonly Tape[]): LapSpan {
  let first = Infinity;
  let last = -Infinity;
  for (const tape of tapes) {
    if (tape.length === 0) continue;
    first = Math.min(first, at(tape.rows, receivedAtAt));
    last = Math.max(last, at(tape.rows, (tape.length - 1) * rowWidth + receivedAtAt));
  }
  assert(first <= last, "laps need a tape with an event");
  const seconds = Math.floor((last - first) / microsPerSecond) + 1;
  return { start: micros(first), length: micros(seconds * microsPerSecond) };
}

/** Plays one tape `laps` times (Infinity: for ever). */
export class LapCursor implements MarketCursor {
  nextTime = Infinity;
  readonly #cursor: TapeCursor;
  readonly #symbol: SymbolIndex;
  readonly #span: LapSpan;
  readonly #time: TimeMap;
  readonly #laps: number;
  readonly #join: Join;
  #lap = 0;
  #atSeam = false;

  /** @param span of all tapes that play together: {@link lapSpan} */
  constructor(tape: Tape, symbol: SymbolIndex, span: LapSpan, laps: number, time: TimeMap = ownTime) {
    assert(laps >= 1, `${laps} laps: at least one`);
    this.#cursor = new TapeCursor(tape, symbol, time);
    this.#symbol = symbol;
    this.#span = span;
    this.#time = time;
    // Without events there is nothing to repeat, and an endless tape of seams would be a trap.
    this.#laps = tape.length === 0 ? 1 : laps;
    this.#join = joinOf(tape);
    this.nextTime = this.#cursor.nextTime;
  }

  /** Number of the lap that plays, from 0. */
  get lap(): number {
    return this.#lap;
  }

  deliver(sink: MarketSink): void {
    if (this.#atSeam) {
      sink.onGap(this.#symbol, trustedMicros(this.nextTime));
      this.#atSeam = false;
      this.nextTime = this.#cursor.nextTime;
      return;
    }
    this.#cursor.deliver(sink);
    this.nextTime = this.#cursor.nextTime;
    if (this.nextTime === Infinity && this.#lap + 1 < this.#laps) this.#turn();
  }

  #turn(): void {
    this.#lap += 1;
    this.#atSeam = true;
    const shift = this.#lap * this.#span.length;
    this.#cursor.rewind(passageOf(this.#join, this.#lap, shift));
    this.nextTime = playedAt(this.#time, this.#span.start + shift);
  }
}

/** What laps of one tape are joined by. */
type Join = {
  /** sum of the first and the last mid, in ticks: a price and its mirror image add up to it; 0 for no mirroring */
  readonly mirrorTicks: number;
  readonly mirrorE8: number;
  /** one more than the distance between the first and the last id, so that ids of a lap follow those before */
  readonly updateIds: number;
  readonly tradeIds: number;
};

function passageOf(join: Join, lap: number, time: number): Passage {
  const mirrored = join.mirrorTicks > 0 && lap % 2 === 1;
  return {
    sign: mirrored ? -1 : 1,
    ticks: mirrored ? join.mirrorTicks : asRecorded.ticks,
    markE8: mirrored ? join.mirrorE8 : asRecorded.markE8,
    updateId: lap * join.updateIds,
    tradeId: lap * join.tradeIds,
    time,
  };
}

function joinOf(tape: Tape): Join {
  let firstMid = 0;
  let lastMid = 0;
  let highest = 0;
  const updates = new Extent();
  const trades = new Extent();
  for (let row = 0; row < tape.length; row += 1) {
    const value = (place: number): number => at(tape.rows, row * rowWidth + place);
    switch (value(kindAt)) {
      case bookTickerKind:
        lastMid = (value(bidAt) + value(askAt)) / 2;
        if (firstMid === 0) firstMid = lastMid;
        highest = Math.max(highest, value(askAt));
        updates.add(value(idAt));
        break;
      case depthKind:
      case snapshotKind:
        updates.add(value(previousIdAt));
        updates.add(value(firstIdAt));
        updates.add(value(idAt));
        break;
      case tradeKind:
        highest = Math.max(highest, value(priceAt));
        trades.add(value(idAt));
        break;
      default:
        break;
    }
  }
  const sum = Math.round(firstMid + lastMid);
  // A price above the sum would be below zero in the mirror: such a tape repeats as it is.
  const mirrorTicks = highest < sum ? sum : 0;
  const mirrorE8 = new Decimal(tape.metadata.tickSize).times(1e8).times(mirrorTicks).round().toNumber();
  return { mirrorTicks, mirrorE8, updateIds: updates.size, tradeIds: trades.size };
}

class Extent {
  #least = Infinity;
  #most = -Infinity;

  add(value: number): void {
    if (value < this.#least) this.#least = value;
    if (value > this.#most) this.#most = value;
  }

  get size(): number {
    return this.#most < this.#least ? 0 : this.#most - this.#least + 1;
  }
}
