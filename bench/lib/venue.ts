/**
 * What the benchmarks' exchange answers to everything but orders. Rules and account come from the embedded exchange; the
 * limits are raised, because a benchmark sends more orders a minute than an account may.
 */

import { micros } from "../../src/domain/units.ts";
import { Exchange } from "../../src/exchange/exchange.ts";
import { listedSymbols } from "../../src/exchange/symbols.ts";
import { stringifyJson } from "../../src/venue/wire/lossless-json.ts";
import { snapshotBody, symbol } from "./frames.ts";

export type Answer = { readonly status: number; readonly body: string };

const limit = 1_000_000_000;
const minuteMillis = 60_000;

/** Pools that no benchmark empties; in exchangeInfo, and in the replies of the WebSocket API. */
export const rateLimits = [
  { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit },
  { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit },
  { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit },
];

/** The order finds nobody: the trade ends there, and the next tick may enter again. Other refusals hold entries back. */
export const refusal = { code: -2020, msg: "Unable to fill." } as const;

export class BenchVenue {
  readonly #exchange = new Exchange({
    symbols: listedSymbols,
    walletUsdt: "10000",
    makerFee: "0.0002",
    takerFee: "0.0005",
    seed: 1,
  });

  /** @param millis the exchange's clock */
  answer(method: string, path: string, params: Readonly<Record<string, string>>, millis: number): Answer {
    switch (`${method} ${path}`) {
      case "GET /fapi/v1/time":
        return { status: 200, body: JSON.stringify({ serverTime: millis }) };
      case "GET /fapi/v1/premiumIndex":
        return { status: 200, body: JSON.stringify({ symbol, markPrice: "64000.10000000", time: millis }) };
      case "GET /fapi/v1/klines":
        return { status: 200, body: JSON.stringify(candles(Number(params["limit"] ?? 500), millis)) };
      case "GET /fapi/v1/depth":
        return { status: 200, body: snapshotBody({ millis, serial: 1, up: false }) };
      case "POST /fapi/v1/listenKey":
      case "PUT /fapi/v1/listenKey":
        return { status: 200, body: '{"listenKey":"bench"}' };
      case "POST /fapi/v1/order":
        return { status: 400, body: JSON.stringify(refusal) };
      default:
        return this.#delegate(method, path, params, millis);
    }
  }

  #delegate(method: string, path: string, params: Readonly<Record<string, string>>, millis: number): Answer {
    if (method !== "GET" && method !== "POST" && method !== "PUT" && method !== "DELETE") {
      return { status: 405, body: "{}" };
    }
    const { status, body } = this.#exchange.request({ method, path, params }, micros(millis * 1_000));
    const isInfo = path === "/fapi/v1/exchangeInfo" && typeof body === "object" && body !== null;
    return { status, body: stringifyJson(isInfo ? { ...body, rateLimits } : body) };
  }
}

/** One-minute candles up to now, with enough movement for an average true range. */
function candles(count: number, millis: number): unknown[] {
  const last = Math.floor(millis / minuteMillis) * minuteMillis;
  return Array.from({ length: count }, (_, index) => {
    const open = last - (count - 1 - index) * minuteMillis;
    const prices = ["64000.10", "64030.00", "63970.00", "64000.10"];
    return [open, ...prices, "10.000", open + minuteMillis - 1, "640001.00", 100, "5.000", "320000.50", "0"];
  });
}
