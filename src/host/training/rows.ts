/**
 * What the models would have been asked over a tape, and what came after: rows made exactly as the ensemble makes them
 * live, from the same market state and the same features.
 */

import type { Settings } from "../../config/schema.ts";
import { ensembleHorizons } from "../../decision/ensemble/forecasters.ts";
import { HorizonLabels } from "../../decision/ensemble/horizon-labels.ts";
import { at } from "../../domain/assert.ts";
import type { DepthLevels, MarketSink } from "../../domain/market-port.ts";
import {
  type Lots,
  type Micros,
  microsFromMillis,
  type PriceE8,
  type SymbolIndex,
  symbolIndex,
  type Ticks,
} from "../../domain/units.ts";
import { Features } from "../../market/features.ts";
import { SymbolMarket } from "../../market/symbol-market.ts";
import type { Tape } from "../../tape/format.ts";
import { TapeCursor } from "../../tape/player.ts";
import { tapeInstrument } from "./instrument.ts";

/** All rows of one symbol, oldest first. */
export type TrainingRows = {
  readonly featureNames: readonly string[];
  readonly count: number;
  /** receipt times, microseconds */
  readonly times: Float64Array;
  /** bid + ask, half ticks */
  readonly mids: Float64Array;
  /** ask − bid, ticks */
  readonly spreads: Float64Array;
  /** `count` rows of as many values as there are features */
  readonly features: Float64Array;
  /** per horizon, microseconds */
  readonly horizons: readonly number[];
  readonly outcomes: readonly Outcome[];
  /** least time between two rows, microseconds */
  readonly spacing: number;
};

/** What the market had become when a horizon had passed; NaN where a gap or the end of the tape came first. */
export type Outcome = { readonly mids: Float64Array; readonly spreads: Float64Array };

/**
 * @param tapes of one symbol, in the order of time; between two of them there is a gap
 * @param onProgress share of the events that are done, 0 to 1
 */
export function trainingRows(
  tapes: readonly Tape[],
  settings: Settings,
  onProgress: (share: number) => void = () => undefined,
): TrainingRows {
  const [first] = tapes;
  if (first === undefined) throw new TypeError("no tape");
  const collector = new RowCollector(first, settings);
  const total = tapes.reduce((sum, tape) => sum + tape.length, 0);
  let done = 0;
  for (const tape of tapes) {
    const cursor = new TapeCursor(tape, symbolIndex(0));
    collector.gap();
    while (cursor.nextTime !== Number.POSITIVE_INFINITY) {
      cursor.deliver(collector);
      done += 1;
      if (done % progressEvents === 0) onProgress(done / total);
    }
  }
  return collector.rows();
}

const progressEvents = 10_000;
const rowsAtFirst = 4_096;

class RowCollector implements MarketSink {
  readonly #market: SymbolMarket;
  readonly #features: Features;
  readonly #horizons: readonly number[];
  readonly #spacing: number;
  readonly #inputs: number;
  #count = 0;
  #times = new Float64Array(rowsAtFirst);
  #mids = new Float64Array(rowsAtFirst);
  #spreads = new Float64Array(rowsAtFirst);
  #rows: Float64Array;
  #outcomes: { mids: Float64Array; spreads: Float64Array }[];
  /** per horizon, rows whose label has matured or never will */
  readonly #done: number[];
  #nextRow = 0;
  #mid = 0;
  #spread = 0;

  constructor(tape: Tape, settings: Settings) {
    const { ensemble } = settings.decision;
    this.#market = new SymbolMarket(tapeInstrument(tape.metadata), settings.market);
    this.#horizons = ensembleHorizons(ensemble);
    this.#features = new Features(this.#horizons, settings.market.depth_levels);
    this.#inputs = this.#features.names.length;
    this.#rows = new Float64Array(rowsAtFirst * this.#inputs);
    this.#outcomes = this.#horizons.map(() => ({ mids: unknowns(rowsAtFirst), spreads: unknowns(rowsAtFirst) }));
    this.#done = this.#horizons.map(() => 0);
    const longest = at(this.#horizons, this.#horizons.length - 1);
    this.#spacing = HorizonLabels.spacing(longest, microsFromMillis(ensemble.interval_ms));
  }

  rows(): TrainingRows {
    const count = this.#count;
    return {
      featureNames: this.#features.names,
      count,
      times: this.#times.slice(0, count),
      mids: this.#mids.slice(0, count),
      spreads: this.#spreads.slice(0, count),
      features: this.#rows.slice(0, count * this.#inputs),
      horizons: this.#horizons,
      outcomes: this.#outcomes.map(({ mids, spreads }) => ({
        mids: mids.slice(0, count),
        spreads: spreads.slice(0, count),
      })),
      spacing: this.#spacing,
    };
  }

  onBookTicker(
    _symbol: SymbolIndex,
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    if (!this.#market.onBookTicker(updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt)) return;
    this.#features.onTouch(this.#market, receivedAt);
    this.#observe(receivedAt);
  }

  onSnapshot(_symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#market.onSnapshot(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.#market);
  }

  onDepth(_symbol: SymbolIndex, levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#market.onDepth(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.#market);
  }

  onTrade(
    _symbol: SymbolIndex,
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.#market.onTrade(tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    this.#features.onTrade(price, quantity, buyerIsMaker, receivedAt);
    this.#observe(receivedAt);
  }

  onMark(_s: SymbolIndex, mark: PriceE8, rate: number, next: Micros, exchangeTime: Micros, receivedAt: Micros): void {
    this.#market.onMark(mark, rate, next, exchangeTime, receivedAt);
  }

  onGap(): void {
    this.gap();
  }

  /** Rows whose future lies beyond are left without an outcome. */
  gap(): void {
    this.#market.onGap();
    this.#features.onGap();
    this.#done.fill(this.#count);
    this.#nextRow = 0;
  }

  #observe(now: number): void {
    // Before the new mid is taken over: what matured did so under the mid that held until now.
    this.#mature(now);
    this.#mid = this.#market.midHalfTicks;
    this.#spread = this.#market.spreadTicks;
    if (!this.#features.ready || now < this.#nextRow) return;
    const row = this.#count;
    if (row === this.#times.length) this.#grow();
    this.#times[row] = now;
    this.#mids[row] = this.#mid;
    this.#spreads[row] = this.#spread;
    this.#rows.set(this.#features.vector, row * this.#inputs);
    this.#count += 1;
    this.#nextRow = now + this.#spacing;
  }

  #mature(now: number): void {
    for (const [h, horizon] of this.#horizons.entries()) {
      const outcome = this.#outcomes[h];
      if (outcome === undefined) break;
      let row = at(this.#done, h);
      for (; row < this.#count && at(this.#times, row) + horizon < now; row += 1) {
        outcome.mids[row] = this.#mid;
        outcome.spreads[row] = this.#spread;
      }
      this.#done[h] = row;
    }
  }

  #grow(): void {
    const rows = this.#times.length * 2;
    this.#times = grown(this.#times, rows);
    this.#mids = grown(this.#mids, rows);
    this.#spreads = grown(this.#spreads, rows);
    this.#rows = grown(this.#rows, rows * this.#inputs);
    this.#outcomes = this.#outcomes.map(({ mids, spreads }) => ({
      mids: grown(mids, rows, Number.NaN),
      spreads: grown(spreads, rows, Number.NaN),
    }));
  }
}

function unknowns(length: number): Float64Array<ArrayBuffer> {
  return new Float64Array(length).fill(Number.NaN);
}

function grown(from: Float64Array, length: number, fill = 0): Float64Array<ArrayBuffer> {
  const to = new Float64Array(length).fill(fill);
  to.set(from);
  return to;
}
