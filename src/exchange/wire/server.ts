/**
 * The embedded exchange on a loopback port: REST, market and user streams, and the WebSocket API, so that any Binance
 * USDⓈ-M client works against it. @see binance-usdm.md §11
 */

import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { MarketSink } from "../../domain/market-port.ts";
import type { Micros } from "../../domain/units.ts";
import type { Exchange } from "../exchange.ts";
import { ApiConnection } from "./api-connection.ts";
import { risingClock } from "./clock.ts";
import { Connection, exchangeTimings, type Timings } from "./connection.ts";
import { Gateway } from "./gateway.ts";
import { jsonText } from "./json.ts";
import { exchangeLimits, type LimitSettings, Limits } from "./limits.ts";
import { ListenKey } from "./listen-key.ts";
import { MarketStreams, streamTickMilliseconds } from "./market-streams.ts";
import { restServer } from "./rest.ts";
import type { ApiKey } from "./security.ts";
import { settlingSink } from "./settling-sink.ts";
import { StreamConnection, type Subscriptions } from "./stream-connection.ts";
import { type SocketTarget, socketTarget } from "./stream-url.ts";
import { StreamMessage } from "./topic.ts";

export type WireServerOptions = {
  readonly exchange: Exchange;
  readonly keys: readonly ApiKey[];
  /** 0 takes a free one */
  readonly port: number;
  /** the machine's clock when left out */
  readonly clock?: () => Micros;
  readonly limits?: Partial<LimitSettings>;
  readonly timings?: Partial<Timings>;
  /** the exchange's state may have changed */
  readonly onChange?: () => void;
  /** an invariant of ours broke while a client was served; thrown on when left out */
  readonly onFault?: (error: unknown) => void;
};

export type WireServer = {
  readonly port: number;
  /** base URLs without a trailing slash; clients add routes and paths */
  readonly urls: { readonly rest: string; readonly streams: string; readonly api: string };
  /** takes market data: the exchange first, then the streams, then what follows for the account */
  readonly market: MarketSink;
  /** Sends what is due by now; the server does it by itself, a feed does it more often. */
  settle(): void;
  close(): Promise<void>;
};

const host = "127.0.0.1";
const messageBytesMax = 1_024 * 1_024;
const handshakeWeight = 5;
const streamMessagesPerSecondMax = 10;
const connectionsMax = 512;

/** @throws {Error} with `code` EADDRINUSE when the port is taken */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const wire = new Wire(options);
  await wire.listen(options.port);
  return wire;
}

class Wire implements WireServer {
  readonly market: MarketSink;
  private readonly exchange: Exchange;
  private readonly clock: () => Micros;
  private readonly timings: Timings;
  private readonly limits: Limits;
  private readonly listenKey: ListenKey;
  private readonly streams: MarketStreams;
  private readonly rest: ReturnType<typeof restServer>;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
  });
  private readonly streamConnections = new Set<StreamConnection>();
  private readonly apiConnections = new Set<ApiConnection>();
  private readonly parts: ConstructorParameters<typeof ApiConnection>[1];
  private readonly onChange: () => void;
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: WireServerOptions) {
    this.exchange = options.exchange;
    this.clock = options.clock ?? risingClock();
    this.timings = { ...exchangeTimings, ...options.timings };
    this.limits = new Limits({ ...exchangeLimits, ...options.limits });
    this.listenKey = new ListenKey(this.exchange.instance, this.milliseconds(), this.timings.listenKeyLife);
    this.onChange = options.onChange ?? (() => {});
    this.streams = new MarketStreams(this.exchange.instruments, (path, params) => {
      const reply = this.exchange.request({ method: "GET", path, params }, this.clock());
      return reply.status === 200 ? reply.body : null;
    });
    this.market = settlingSink(this.exchange, this.streams, () => this.deliver());
    const { exchange, streams, limits, listenKey } = this;
    const settle = () => {
      this.deliver();
      this.onChange();
    };
    this.parts = {
      gateway: new Gateway({ exchange, streams, limits, listenKey, settle }),
      limits,
      keys: options.keys,
      clock: this.clock,
      onFault: options.onFault ?? rethrow,
    };
    this.rest = restServer(this.parts);
  }

  async listen(port: number): Promise<void> {
    this.rest.server.on("upgrade", (request, socket, head) => this.upgrade(request, socket, head));
    await this.rest.listen({ host, port });
    this.settle();
    this.arm();
  }

  get port(): number {
    const address: AddressInfo | string | null = this.rest.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  get urls(): WireServer["urls"] {
    const streams = `ws://${host}:${this.port}`;
    return { rest: `http://${host}:${this.port}`, streams, api: `${streams}/ws-fapi/v1` };
  }

  settle(): void {
    const now = this.clock();
    const milliseconds = Math.floor(now / 1_000);
    if (this.exchange.nextDeadline() <= now) this.exchange.advance(now);
    this.streams.advance(now);
    this.deliver();
    this.expireListenKey(milliseconds);
    for (const { connection } of this.streamConnections) connection.advance(milliseconds);
    for (const { connection } of this.apiConnections) connection.advance(milliseconds);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const { connection } of [...this.streamConnections, ...this.apiConnections]) connection.terminate();
    this.sockets.close();
    await this.rest.close();
  }

  /** Wakes at the next full stream tick, or earlier when the exchange is due. */
  private arm(): void {
    if (this.closed) return;
    const now = this.clock();
    const tick = streamTickMilliseconds - (Math.floor(now / 1_000) % streamTickMilliseconds);
    const due = Math.ceil((this.exchange.nextDeadline() - now) / 1_000);
    this.timer = setTimeout(
      () => {
        this.settle();
        this.arm();
      },
      Math.max(0, Math.min(tick, due)),
    );
  }

  /** Sends the account's events to everyone who listens to the key. */
  private deliver(): void {
    if (!this.exchange.hasEvents()) return;
    const key = this.activeListenKey();
    for (const event of this.exchange.takeEvents()) {
      if (key === null) continue;
      const message = new StreamMessage(key, jsonText(event));
      for (const connection of this.streamConnections) connection.receiveUserEvent(message, event.e);
    }
    this.onChange();
  }

  private activeListenKey(): string | null {
    return this.listenKey.active(this.milliseconds());
  }

  private expireListenKey(now: number): void {
    const key = this.listenKey.expire(now);
    if (key === null) return;
    const message = new StreamMessage(key, jsonText({ e: "listenKeyExpired", E: now, listenKey: key }));
    for (const connection of this.streamConnections) connection.receiveUserEvent(message, "listenKeyExpired");
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = socketTarget(request.url ?? "");
    const refusal = target?.kind === "api" ? this.limits.chargeWeight(handshakeWeight, this.milliseconds()) : null;
    const crowded = this.streamConnections.size + this.apiConnections.size >= connectionsMax;
    if (target === null || refusal !== null || crowded) {
      const status = target === null ? "404 Not Found" : `${refusal?.status ?? 429} Too Many Requests`;
      // The client may be gone already, which is no business of ours.
      socket.on("error", () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.open(target, opened));
  }

  private open(target: SocketTarget, socket: WebSocket): void {
    const rules = { timings: this.timings, clock: () => this.milliseconds() };
    if (target.kind === "api") {
      const connect = (onText: (text: string) => void) =>
        new Connection(socket, { ...rules, inboundPerSecondMax: null }, onText);
      const connection = new ApiConnection(connect, this.parts, target);
      this.apiConnections.add(connection);
      connection.connection.onClose(() => this.apiConnections.delete(connection));
      return;
    }
    const connect = (onText: (text: string) => void) =>
      new Connection(socket, { ...rules, inboundPerSecondMax: streamMessagesPerSecondMax }, onText);
    const connection = new StreamConnection(connect, this.subscriptionsOf(target), target.combined, target.requested);
    this.streamConnections.add(connection);
    connection.connection.onClose(() => this.streamConnections.delete(connection));
  }

  private subscriptionsOf(target: Extract<SocketTarget, { kind: "streams" }>): Subscriptions {
    const { route } = target;
    if (route === "private") return { listen: true, topic: () => null };
    const served = route === "market" ? "market" : "public";
    return { listen: false, topic: (name) => this.streams.topic(served, name) };
  }

  private milliseconds(): number {
    return Math.floor(this.clock() / 1_000);
  }
}

function rethrow(error: unknown): void {
  // Out of the client's call, so that our own defect stops the process instead of becoming an answer.
  process.nextTick(() => {
    throw error;
  });
}
