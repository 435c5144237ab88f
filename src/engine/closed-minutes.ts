/** Tells when a one-minute candle has closed. What is asked on every market event compares two numbers. */

import type { Candle } from "../domain/candle.ts";
import type { Candles } from "../market/candles.ts";

export class ClosedMinutes {
  readonly #candles: Candles;
  #version = -1;
  #newest = -1;

  constructor(candles: Candles) {
    this.#candles = candles;
  }

  /** The newest candle, once, when it has closed since the last call; else null. */
  next(): Candle | null {
    if (this.#candles.version === this.#version) return null;
    this.#version = this.#candles.version;
    if (this.#candles.count === 0) return null;
    const candle = this.#candles.closed(0);
    const isNew = candle.openTime > this.#newest;
    this.#newest = candle.openTime;
    return isNew ? candle : null;
  }
}
