/**
 * Plays tapes into the exchange as if they happened now: in laps, re-timed to the machine's clock, `speed` times as
 * dense as recorded. One timer drives it, and no turn takes so long that requests wait for it.
 */

import type { Candle } from "../../domain/candle.ts";
import type { MarketSink } from "../../domain/market-port.ts";
import { type Micros, micros, microsPerSecond, symbolIndex } from "../../domain/units.ts";
import type { Tape } from "../../tape/format.ts";
import { HeldMarket } from "../../tape/held-market.ts";
import { LapCursor, lapSpan } from "../../tape/laps.ts";
import { type MarketCursor, MergedCursors } from "../../tape/player.ts";
import { timeMap } from "../../tape/time-map.ts";
import { warmupCandles } from "../../tape/warmup.ts";

export type FeedOptions = {
  /** index = the symbol index of the exchange */
  readonly tapes: readonly Tape[];
  readonly speed: number;
  readonly market: MarketSink;
  /** called before each batch of events, so that what is due by the clock leaves first */
  readonly settle: () => void;
  readonly clock: () => Micros;
};

/** After this many events others get their turn. */
const eventsPerTurnMax = 256;
/** Further behind than this (the machine slept, or the speed is too high for it) the tape is held, not rushed. */
const lagMicrosMax = 2 * microsPerSecond;

export class TapeFeed {
  private readonly options: FeedOptions;
  private readonly cursor: MarketCursor;
  private readonly market: HeldMarket;
  private timer: NodeJS.Timeout | null = null;
  private turn: NodeJS.Immediate | null = null;
  private stopped = false;

  /** The first events are those of `start`. */
  constructor(options: FeedOptions, start: Micros) {
    this.options = options;
    this.market = new HeldMarket(options.market);
    const span = lapSpan(options.tapes);
    const time = timeMap(span.start, start, options.speed);
    this.cursor = new MergedCursors(
      options.tapes.map((tape, index) => new LapCursor(tape, symbolIndex(index), span, Number.POSITIVE_INFINITY, time)),
    );
  }

  start(): void {
    this.play();
  }

  stop(): void {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.turn !== null) clearImmediate(this.turn);
  }

  private play(): void {
    if (this.stopped) return;
    const now = this.options.clock();
    this.options.settle();
    this.hold(now - this.cursor.nextTime);
    for (let events = 0; events < eventsPerTurnMax && this.due(now); events += 1) this.cursor.deliver(this.market);
    if (this.due(now)) {
      this.turn = setImmediate(() => this.play());
      return;
    }
    const wait = (this.cursor.nextTime + this.market.held - this.options.clock()) / 1_000;
    this.timer = setTimeout(() => this.play(), Math.max(1, Math.ceil(wait)));
  }

  /** @param behind microseconds that the cursor's next event is late by, before what was held already */
  private hold(behind: number): void {
    if (behind - this.market.held > lagMicrosMax) this.market.held = micros(Math.round(behind));
  }

  private due(now: Micros): boolean {
    return this.cursor.nextTime + this.market.held <= now;
  }
}

/** Candles of the minutes before the tapes start to play, made up from each tape's own volatility. */
export function candlesBefore(tape: Tape, seed: number, start: Micros): readonly Candle[] {
  return warmupCandles(tape, seed, warmupMinutes, start);
}

const warmupMinutes = 1_500;
