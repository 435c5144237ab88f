/**
 * Why the sources of a symbol do not trade, counted by minute: they say it many times a second, and a row each would fill
 * the disk (requirements RSK-7, OPS-6).
 */

import type { Decision } from "../domain/decision.ts";
import type { NoTradeRow } from "../domain/output.ts";
import { type Micros, micros, microsPerMinute, type SymbolIndex } from "../domain/units.ts";

/** Reasons of a minute that are told apart; more of them are not counted. */
const talliesMax = 64;
/** Measured values that are kept for the median; when full, every other one goes and half as many are taken. */
const samplesMax = 64;

type Tally = {
  readonly source: string;
  readonly reason: string;
  count: number;
  least: number;
  most: number;
  limit: number | null;
  /** every `stride`th measured value */
  samples: number[];
  stride: number;
  measured: number;
};

export class NoTrades {
  readonly #symbol: SymbolIndex;
  #minute = -1;
  /** in the order in which their reasons were first said */
  readonly #tallies: Tally[] = [];
  /** by source, and then by reason: a key made of both would be a new text each time */
  readonly #bySource = new Map<string, Map<string, Tally>>();

  constructor(symbol: SymbolIndex) {
    this.#symbol = symbol;
  }

  /** @returns the rows of the minute before, when this decision begins a new one */
  add({ source, reasons }: Decision, now: Micros): readonly NoTradeRow[] {
    const minute = now - (now % microsPerMinute);
    const rows = minute === this.#minute ? [] : this.flush(now);
    this.#minute = minute;
    for (const { reason, measured, limit } of reasons) {
      const tally = this.#tallyOf(source, reason);
      if (tally !== null) count(tally, measured, limit);
    }
    return rows;
  }

  /** The rows of the minute so far; counting begins anew. */
  flush(now: Micros): readonly NoTradeRow[] {
    const rows = this.#tallies.map((tally) => this.#row(tally, now));
    this.#tallies.length = 0;
    for (const byReason of this.#bySource.values()) byReason.clear();
    return rows;
  }

  #tallyOf(source: string, reason: string): Tally | null {
    let byReason = this.#bySource.get(source);
    const known = byReason?.get(reason);
    if (known !== undefined) return known;
    if (this.#tallies.length >= talliesMax) return null;
    if (byReason === undefined) {
      byReason = new Map();
      this.#bySource.set(source, byReason);
    }
    const fresh: Tally = {
      source,
      reason,
      count: 0,
      least: Number.POSITIVE_INFINITY,
      most: Number.NEGATIVE_INFINITY,
      limit: null,
      samples: [],
      stride: 1,
      measured: 0,
    };
    byReason.set(reason, fresh);
    this.#tallies.push(fresh);
    return fresh;
  }

  #row({ source, reason, count, least, most, limit, samples }: Tally, now: Micros): NoTradeRow {
    const sorted = samples.toSorted((a, b) => a - b);
    const isMeasured = sorted.length > 0;
    return {
      kind: "no-trade",
      symbol: this.#symbol,
      source,
      reason,
      minute: micros(this.#minute),
      count,
      least: isMeasured ? least : null,
      median: sorted[Math.floor(sorted.length / 2)] ?? null,
      most: isMeasured ? most : null,
      limit,
      time: now,
    };
  }
}

function count(tally: Tally, measured: number | null, limit: number | null): void {
  tally.count += 1;
  tally.limit = limit;
  if (measured === null || !Number.isFinite(measured)) return;
  if (measured < tally.least) tally.least = measured;
  if (measured > tally.most) tally.most = measured;
  if (tally.measured % tally.stride === 0) tally.samples.push(measured);
  tally.measured += 1;
  if (tally.samples.length < samplesMax) return;
  tally.samples = tally.samples.filter((_, index) => index % 2 === 0);
  tally.stride *= 2;
}
