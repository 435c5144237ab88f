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
import { risingClock } from "./clock.ts";
import { Connection } from "./connection.ts";
import { streamTickMilliseconds } from "./market-streams.ts";
import { restServer } from "./rest.ts";
import { WireService, type WireServiceOptions } from "./service.ts";
import { type SocketTarget, socketTarget } from "./stream-url.ts";

export type WireServerOptions = Omit<WireServiceOptions, "clock" | "onUserEvent"> & {
  /** 0 takes a free one */
  readonly port: number;
  /** the machine's clock when left out */
  readonly clock?: () => Micros;
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
const connectionsMax = 512;

/** @throws {Error} with `code` EADDRINUSE when the port is taken */
export async function startWireServer(options: WireServerOptions): Promise<WireServer> {
  const wire = new Wire(options);
  await wire.listen(options.port);
  return wire;
}

class Wire implements WireServer {
  readonly market: MarketSink;
  private readonly options: WireServerOptions;
  private readonly clock: () => Micros;
  private readonly service: WireService;
  private readonly rest: ReturnType<typeof restServer>;
  private readonly sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: messageBytesMax,
  });
  private timer: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: WireServerOptions) {
    this.options = options;
    this.clock = options.clock ?? risingClock();
    this.service = new WireService({ ...options, clock: this.clock });
    this.market = this.service.market;
    this.rest = restServer(this.service.parts);
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
    this.service.settle();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    for (const connection of this.service.connections) connection.terminate();
    this.sockets.close();
    await this.rest.close();
  }

  /** Wakes at the next full stream tick, or earlier when the exchange is due. */
  private arm(): void {
    if (this.closed) return;
    const now = this.clock();
    const tick = streamTickMilliseconds - (Math.floor(now / 1_000) % streamTickMilliseconds);
    const due = Math.ceil((this.options.exchange.nextDeadline() - now) / 1_000);
    this.timer = setTimeout(
      () => {
        this.settle();
        this.arm();
      },
      Math.max(0, Math.min(tick, due)),
    );
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const target = socketTarget(request.url ?? "");
    const refusal = target === null ? null : this.service.refusesHandshake(target);
    const crowded = this.service.connections.length >= connectionsMax;
    if (target === null || refusal !== null || crowded) {
      const status = target === null ? "404 Not Found" : `${refusal ?? 429} Too Many Requests`;
      // The client may be gone already, which is no business of ours.
      socket.on("error", () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.sockets.handleUpgrade(request, socket, head, (opened) => this.open(target, opened));
  }

  private open(target: SocketTarget, socket: WebSocket): void {
    const rules = { timings: this.service.timings, clock: () => Math.floor(this.clock() / 1_000) };
    this.service.open(
      target,
      (onText, inboundPerSecondMax) => new Connection(socket, { ...rules, inboundPerSecondMax }, onText),
    );
  }
}
