/**
 * Real sockets: our own WebSocket client for streams, node's own HTTP client on kept-alive connections for requests. No redirect is followed,
 * TLS is always verified, and what goes out in errors is a code, never a URL.
 *
 * @see design.md, The venue adapter; failure-catalogue S-01, S-02, S-07
 */

import type { Agent, ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Micros, microsFromMillis } from "../../domain/units.ts";
import type {
  HttpRequest,
  ReplyHeaders,
  RestHost,
  Transport,
  TransportListener,
  TransportRequest,
} from "../transport.ts";
import type { Endpoints } from "./endpoints.ts";
import { WebSocketClient } from "./web-socket.ts";

// The built-in modules through the process: their ESM import costs ten times as much at start.
const http = process.getBuiltinModule("node:http");
const https = process.getBuiltinModule("node:https");

export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly exitCode = 2;
}

export type LiveTransportOptions = {
  readonly endpoints: Endpoints;
  /** goes into a header of keyed requests; never logged */
  readonly apiKey: string;
  readonly listener: TransportListener;
  readonly clock: () => Micros;
};

/**
 * Requests under way at once. Each has a connection of its own: one that waits for another's would wait for a reply that
 * may never come, and a close must not stand behind it (failure-catalogue F-01).
 */
export const httpRequestsMax = 256;
/** Connections that are kept for later. */
const httpIdleMax = 8;
/** Longer than the adapter waits for a reply, so that a late one still arrives; then the socket is given up. */
const httpTimeoutMs = 15_000;
/** exchangeInfo has about 1 MB. */
const httpBodyMax = 16 * 1_024 * 1_024;
const streamMessageMax = 4 * 1_024 * 1_024;
const handshakeTimeoutMs = 10_000;
/** A peer that said goodbye says nothing more, whether or not it ends the connection. */
const goodbyeTimeoutMs = 1_000;
/** Our own pings find a half-open connection; the exchange's come every three minutes. */
const pingIntervalMs = 15_000;

const socketLimits = {
  messageMax: streamMessageMax,
  handshakeTimeoutMs,
  goodbyeTimeoutMs,
};

/** @throws {TlsError} TLS verification is switched off in the environment */
export function liveTransport(options: LiveTransportOptions): Transport {
  const { NODE_TLS_REJECT_UNAUTHORIZED: verification } = process.env;
  if (verification === "0") {
    throw new TlsError("NODE_TLS_REJECT_UNAUTHORIZED=0 switches TLS verification off: unset it");
  }
  return new LiveTransport(options);
}

type Stream = { readonly socket: WebSocketClient; heard: boolean };

class LiveTransport implements Transport {
  readonly #options: LiveTransportOptions;
  readonly #streams = new Map<number, Stream>();
  readonly #requests = new Map<number, ClientRequest>();
  readonly #agents: Readonly<Record<RestHost, Agent>>;
  readonly #ping: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: LiveTransportOptions) {
    this.#options = options;
    this.#agents = { fapi: agentFor(options.endpoints.rest), sapi: agentFor(options.endpoints.sapi ?? "https:") };
    this.#ping = setInterval(() => this.#checkStreams(), pingIntervalMs);
    this.#ping.unref();
  }

  request(request: TransportRequest): void {
    if (this.#isClosed) return;
    switch (request.kind) {
      case "open-stream":
        return this.#open(request.stream, request.name === "ws-api", request.path);
      case "close-stream":
        return this.#terminate(request.stream);
      case "send-stream":
        return this.#send(request.stream, request.text);
      case "http":
        return this.#http(request);
      case "give-up-http":
        return this.#giveUp(request.id);
      default:
        throw new TypeError(`unhandled request ${request satisfies never}`);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ping);
    for (const stream of [...this.#streams.keys()]) this.#terminate(stream);
    for (const request of this.#requests.values()) request.destroy();
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #open(stream: number, isApi: boolean, path: string): void {
    const { endpoints, listener, clock } = this.#options;
    const socket = new WebSocketClient(`${isApi ? endpoints.wsApi : endpoints.streams}${path}`, socketLimits, {
      opened: () => listener.handle({ kind: "stream-open", stream }, clock()),
      message: (bytes) => {
        state.heard = true;
        listener.onStreamMessage(stream, bytes, clock());
      },
      pong: () => {
        state.heard = true;
      },
      closed: (code, cause, refusedWith) => {
        // A stream that we gave up is no longer in the map, and nobody waits for its end.
        if (!this.#streams.delete(stream)) return;
        const refused = refusedWith === null ? {} : { refusedWith };
        listener.handle({ kind: "stream-closed", stream, cause: `${cause} ${code}`, ...refused }, clock());
      },
    });
    const state: Stream = { socket, heard: true };
    this.#streams.set(stream, state);
  }

  #send(stream: number, text: string): void {
    const socket = this.#streams.get(stream)?.socket;
    if (socket?.isOpen === true) socket.send(text);
    // Its end tells the adapter that no reply will come.
    else socket?.terminate();
  }

  #terminate(stream: number): void {
    const socket = this.#streams.get(stream)?.socket;
    this.#streams.delete(stream);
    socket?.terminate();
  }

  /** Whoever said nothing since our last ping is half open. Its close event tells the adapter. */
  #checkStreams(): void {
    for (const stream of this.#streams.values()) {
      if (!stream.socket.isOpen) continue;
      if (!stream.heard) {
        stream.socket.terminate();
        continue;
      }
      stream.heard = false;
      stream.socket.ping();
    }
  }

  #http(request: HttpRequest): void {
    const { endpoints, apiKey } = this.#options;
    const base = request.host === "fapi" ? endpoints.rest : endpoints.sapi;
    if (base === null) {
      queueMicrotask(() => this.#failed(request.id, "no such service", false));
      return;
    }
    if (this.#requests.size >= httpRequestsMax) {
      queueMicrotask(() => this.#failed(request.id, `more than ${httpRequestsMax} requests under way`, false));
      return;
    }
    const path = request.query === "" ? request.path : `${request.path}?${request.query}`;
    const client = base.startsWith("https:") ? https : http;
    const sent = client.request(`${base}${path}`, {
      method: request.method,
      agent: this.#agents[request.host],
      timeout: httpTimeoutMs,
      headers: request.keyed ? { "X-MBX-APIKEY": apiKey } : {},
    });
    this.#requests.set(request.id, sent);
    // Only a connection that never stood proves that nothing was sent: what waits for one counts as written elsewhere.
    let isConnected = false;
    sent.on("socket", (socket) => {
      if (!socket.connecting) isConnected = true;
      else
        socket.once("connect", () => {
          isConnected = true;
        });
    });
    sent.on("response", (response) => this.#receive(request.id, sent, response));
    sent.on("timeout", () => sent.destroy());
    sent.on("error", (error) => this.#failed(request.id, codeOf(error), isConnected));
    sent.on("close", () => this.#requests.delete(request.id));
    sent.end();
  }

  #giveUp(id: number): void {
    this.#requests.get(id)?.destroy();
  }

  #receive(id: number, sent: ClientRequest, response: IncomingMessage): void {
    const chunks: Uint8Array[] = [];
    let size = 0;
    response.on("data", (chunk: Uint8Array) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > httpBodyMax) sent.destroy();
    });
    response.on("error", (error) => this.#failed(id, codeOf(error), true));
    response.on("end", () => {
      if (this.#isClosed) return;
      this.#options.listener.handle(
        {
          kind: "http-reply",
          id,
          status: response.statusCode ?? 0,
          headers: headersOf(response.headers),
          body: Buffer.concat(chunks),
        },
        this.#options.clock(),
      );
    });
  }

  #failed(id: number, cause: string, written: boolean): void {
    if (this.#isClosed) return;
    this.#options.listener.handle({ kind: "http-failed", id, cause, written }, this.#options.clock());
  }
}

function agentFor(base: string): Agent {
  const options = {
    keepAlive: true,
    maxSockets: httpRequestsMax,
    maxFreeSockets: httpIdleMax,
    scheduling: "lifo",
  } as const;
  return base.startsWith("https:")
    ? new https.Agent({ ...options, rejectUnauthorized: true })
    : new http.Agent(options);
}

function headersOf(headers: IncomingHttpHeaders): ReplyHeaders {
  return {
    saidAt: timeOf(headers.date),
    usedWeight: numberOf(headers["x-mbx-used-weight-1m"]),
    orders10s: numberOf(headers["x-mbx-order-count-10s"]),
    orders1m: numberOf(headers["x-mbx-order-count-1m"]),
    retryAfterSeconds: numberOf(headers["retry-after"]),
  };
}

function numberOf(header: string | readonly string[] | undefined): number | null {
  return typeof header === "string" && /^\d{1,9}$/.test(header) ? Number(header) : null;
}

/** @see RFC 9110 §6.6.1 */
function timeOf(date: string | undefined): Micros | null {
  const millis = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(millis) ? null : microsFromMillis(millis);
}

/** Messages of network errors may hold URLs with signatures; their codes do not. */
function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
