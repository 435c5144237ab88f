/**
 * What REST and WebSocket API have in common: limits, then authentication, then the exchange; and the few calls that the
 * wire answers itself, because they are about the wire.
 */

import type { Micros } from "../../domain/units.ts";
import type { Exchange, ExchangeReply, ExchangeRequest } from "../exchange.ts";
import { type Endpoint, endpointOf, type Params } from "./endpoints.ts";
import type { Limits, Refusal } from "./limits.ts";
import type { ListenKey } from "./listen-key.ts";
import type { MarketStreams } from "./market-streams.ts";

export type GatewayParts = {
  readonly exchange: Exchange;
  readonly streams: MarketStreams;
  readonly limits: Limits;
  readonly listenKey: ListenKey;
  /** after each request that may have changed something: events are waiting, state may be worth saving */
  readonly settle: () => void;
};

export type Call = {
  readonly method: ExchangeRequest["method"];
  readonly path: string;
  readonly params: Params;
  /** checks the caller for the endpoint's access; null when he may go on */
  readonly authorise: (endpoint: Endpoint) => Refusal | null;
};

/** `endpoint` is null for a path that does not exist. */
export type CallReply = ExchangeReply & { readonly endpoint: Endpoint | null };

export class Gateway {
  private readonly parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.parts = parts;
  }

  call(call: Call, now: Micros): CallReply {
    const endpoint = endpointOf(call.method, call.path);
    if (endpoint === null) {
      return {
        status: 404,
        body: { code: -5000, msg: `Path ${call.path}, Method ${call.method} is invalid` },
        endpoint,
      };
    }
    const milliseconds = Math.floor(now / 1_000);
    const refusal =
      this.parts.limits.chargeWeight(endpoint.weight(call.params), milliseconds) ??
      call.authorise(endpoint) ??
      this.parts.limits.chargePools(endpoint, milliseconds);
    if (refusal !== null) return { ...replyOf(refusal), endpoint };
    return { ...this.answer(call, now, milliseconds), endpoint };
  }

  private answer(call: Call, now: Micros, milliseconds: number): ExchangeReply {
    if (call.path === "/fapi/v1/listenKey") return this.answerListenKey(call.method, milliseconds);
    if (call.path === "/fapi/v1/rateLimit/order") return { status: 200, body: this.parts.limits.orderPools() };
    if (call.path === "/fapi/v1/aggTrades") return this.answerAggregateTrades(call.params);
    const { method, path } = call;
    const reply = this.parts.exchange.request({ method, path, params: withoutAuthentication(call.params) }, now);
    if (method !== "GET") this.parts.settle();
    return reply;
  }

  private answerListenKey(method: ExchangeRequest["method"], now: number): ExchangeReply {
    const { listenKey } = this.parts;
    if (method === "POST") return { status: 200, body: { listenKey: listenKey.start(now) } };
    if (method === "DELETE") return listenKey.close(now) ? { status: 200, body: {} } : noListenKey;
    const extended = listenKey.keepAlive(now);
    return extended === null ? noListenKey : { status: 200, body: { listenKey: extended } };
  }

  private answerAggregateTrades(params: Params): ExchangeReply {
    const { symbol = "", fromId, startTime, endTime, limit = "500" } = params;
    const aggregates = this.parts.streams.aggregates(symbol);
    if (aggregates === null) return { status: 400, body: { code: -1121, msg: "Invalid symbol." } };
    const wrong = Object.entries({ fromId, startTime, endTime, limit }).find(
      ([, value]) => value !== undefined && !/^\d{1,16}$/.test(value),
    );
    if (wrong !== undefined || Number(limit) < 1 || Number(limit) > aggregateTradesMax) {
      return {
        status: 400,
        body: { code: -1130, msg: `Data sent for parameter '${wrong?.[0] ?? "limit"}' is not valid.` },
      };
    }
    const trades = aggregates.select({
      ...(fromId === undefined ? {} : { fromId: Number(fromId) }),
      ...(startTime === undefined ? {} : { from: Number(startTime) * 1_000 }),
      ...(endTime === undefined ? {} : { to: Number(endTime) * 1_000 + 999 }),
      limit: Number(limit),
    });
    return { status: 200, body: trades.map((trade) => this.parts.streams.aggregateRow(symbol, trade)) };
  }
}

export function replyOf(refusal: Refusal): ExchangeReply {
  return { status: refusal.status, body: { code: refusal.code, msg: refusal.msg } };
}

const aggregateTradesMax = 1_000;

const noListenKey: ExchangeReply = { status: 400, body: { code: -1125, msg: "This listenKey does not exist." } };

function withoutAuthentication(params: Params): Params {
  const { apiKey: _key, signature: _signature, timestamp: _timestamp, recvWindow: _window, ...rest } = params;
  return rest;
}
