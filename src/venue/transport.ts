/**
 * The edge of the adapter: what it asks of sockets, and what it hears from them. Two implementations exist, live and
 * simulated; neither a host name nor a key passes here.
 */

import type { Micros } from "../domain/units.ts";

/** `public` and `market` carry market data, `private` user events, `ws-api` requests and replies. @see binance-usdm.md §1.2 */
export const streamNames = ["public", "market", "private", "ws-api"] as const;
export type StreamName = (typeof streamNames)[number];

/** `fapi` is the futures REST service; `sapi` is asked for the permissions of the key, once, in production. */
export type RestHost = "fapi" | "sapi";

export type HttpRequest = {
  readonly kind: "http";
  readonly id: number;
  readonly host: RestHost;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** encoded, signed where it must be; never to be logged */
  readonly query: string;
  /** whether the key's header goes along */
  readonly keyed: boolean;
};

export type TransportRequest =
  /** `stream` is a serial number that is never used again: what arrives of an older one is ignored. `path` may hold a
   * listen key; never to be logged */
  | { readonly kind: "open-stream"; readonly stream: number; readonly name: StreamName; readonly path: string }
  | { readonly kind: "close-stream"; readonly stream: number }
  | { readonly kind: "send-stream"; readonly stream: number; readonly text: string }
  /** nobody waits for the reply any more: its connection is given up, and nothing need be told of it */
  | { readonly kind: "give-up-http"; readonly id: number }
  | HttpRequest;

/** Headers that we read; null when absent. */
export type ReplyHeaders = {
  /** when it was said, by the exchange's clock, to the second below */
  readonly saidAt: Micros | null;
  readonly usedWeight: number | null;
  readonly orders10s: number | null;
  readonly orders1m: number | null;
  readonly retryAfterSeconds: number | null;
};

export const noHeaders: ReplyHeaders = {
  saidAt: null,
  usedWeight: null,
  orders10s: null,
  orders1m: null,
  retryAfterSeconds: null,
};

export type TransportEvent =
  | { readonly kind: "stream-open"; readonly stream: number }
  /** `refusedWith`: the status by which the handshake was refused */
  | { readonly kind: "stream-closed"; readonly stream: number; readonly cause: string; readonly refusedWith?: number }
  | {
      readonly kind: "http-reply";
      readonly id: number;
      readonly status: number;
      readonly headers: ReplyHeaders;
      readonly body: Uint8Array;
    }
  /** `written` is false only when the request certainly never left */
  | { readonly kind: "http-failed"; readonly id: number; readonly cause: string; readonly written: boolean };

/** Where a transport delivers; the adapter is one. `receivedAt` and `now` are our clock. */
export interface TransportListener {
  handle(event: TransportEvent, now: Micros): void;
  /** hot: `bytes` is valid during the call only */
  onStreamMessage(stream: number, bytes: Uint8Array, receivedAt: Micros): void;
}

export interface Transport {
  request(request: TransportRequest): void;
  close(): void;
}

/** Signs request text. Live with the user's key, simulated without one. */
export interface Signer {
  /** Ed25519 keys log on to the WebSocket API once; HMAC keys sign each request there. */
  readonly kind: "hmac" | "ed25519";
  /** the public part of the key, which goes into parameters of the WebSocket API; never logged */
  readonly apiKey: string;
  /** hex for HMAC, base64 for Ed25519 */
  sign(payload: string): string;
}
