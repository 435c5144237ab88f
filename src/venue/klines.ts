/** One-minute candles of the past: the question for them, and the closed ones of its answer. */

import type { Candle } from "../domain/candle.ts";
import { type Instrument, lotsFromQuantity, ticksFromPrice } from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, microsFromMillis, microsPerMillisecond } from "../domain/units.ts";
import { publicQuery, type WireRequest } from "./wire/encode.ts";
import type { Kline } from "./wire/schemas.ts";

/** @param from opening time of the first of them; null: the newest */
export function klinesRequest(symbol: string, limit: number, from: Micros | null): WireRequest {
  const weight = limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10;
  const newest = { symbol, interval: "1m", limit: String(limit) };
  const params = from === null ? newest : { ...newest, startTime: from / microsPerMillisecond };
  return publicQuery("/fapi/v1/klines", weight, params);
}

/**
 * The last row is the minute that is still open, unless the question ended before it.
 *
 * @param time by the exchange's clock
 * @throws {OffGridError}
 */
export function closedCandles(instrument: Instrument, rows: readonly Kline[], time: Micros): readonly Candle[] {
  return rows.filter((row) => row[6] * 1_000 < time).map((row) => candleFrom(instrument, row));
}

/** History is a convenience: without it the candles are built from trades, and what needs them waits. */
export function candlesUnread(symbol: string, cause: string): Notice {
  return { kind: "notice", level: "warn", code: "CANDLES_UNREAD", symbol: null, fields: { symbol, cause } };
}

function candleFrom(instrument: Instrument, row: Kline): Candle {
  return {
    openTime: microsFromMillis(row[0]),
    open: ticksFromPrice(instrument, row[1]),
    high: ticksFromPrice(instrument, row[2]),
    low: ticksFromPrice(instrument, row[3]),
    close: ticksFromPrice(instrument, row[4]),
    volume: lotsFromQuantity(instrument, row[5]),
    takerBuyVolume: lotsFromQuantity(instrument, row[9]),
  };
}
