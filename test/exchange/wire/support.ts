/** What the wire tests share: a server on a free port, sockets that wait for messages, signed calls, market data. */

import { createHmac } from "node:crypto";
import { WebSocket } from "ws";
import { type DepthLevels, depthLevels } from "../../../src/domain/market-port.ts";
import { lots, type Micros, micros, priceE8, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { Exchange } from "../../../src/exchange/exchange.ts";
import { listedSymbols } from "../../../src/exchange/symbols.ts";
import { parseJson } from "../../../src/exchange/wire/json.ts";
import { hmacKey } from "../../../src/exchange/wire/security.ts";
import { startWireServer, type WireServer, type WireServerOptions } from "../../../src/exchange/wire/server.ts";

export const key = hmacKey("test");

function newExchange(): Exchange {
  return new Exchange({
    symbols: listedSymbols,
    walletUsdt: "10000",
    makerFee: "0.0002",
    takerFee: "0.0005",
    seed: 1,
    instance: "paper-test",
  });
}

export type TestServer = {
  readonly server: WireServer;
  readonly exchange: Exchange;
  /** moves the server's clock on, and has it send what is due */
  advance(milliseconds: number): void;
  readonly now: () => number;
};

/** A moment on a full minute. */
export const epoch = 1_791_382_980_000;

/** A server whose clock stands still until it is moved. */
export async function stillServer(options: Partial<WireServerOptions> = {}): Promise<TestServer> {
  let time = epoch;
  const exchange = options.exchange ?? newExchange();
  const server = await startWireServer({
    keys: [key],
    port: 0,
    clock: () => micros(time * 1_000),
    ...options,
    exchange,
  });
  return {
    server,
    exchange,
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
      server.settle();
    },
  };
}

/** A server on the machine's clock, for clients that sign with it. */
export async function liveServer(options: Partial<WireServerOptions> = {}): Promise<TestServer> {
  const exchange = options.exchange ?? newExchange();
  const server = await startWireServer({ keys: [key], port: 0, ...options, exchange });
  return { server, exchange, now: () => Date.now(), advance: () => server.settle() };
}

export type Json = Readonly<Record<string, unknown>>;

const deadlineMilliseconds = 5_000;

/** A WebSocket client that keeps what it received until it is asked for. */
export class TestSocket {
  readonly received: Json[] = [];
  readonly pings: string[] = [];
  private readonly socket: WebSocket;
  private wake: () => void = () => {};
  private closing: { readonly code: number; readonly reason: string } | null = null;

  constructor(url: string, options: { readonly autoPong?: boolean } = {}) {
    this.socket = new WebSocket(url, { autoPong: options.autoPong ?? true });
    this.socket.on("message", (data) => {
      const message = parseJson(data.toString());
      this.received.push(typeof message === "object" && message !== null ? { ...message } : { message });
      this.wake();
    });
    this.socket.on("ping", (data) => {
      this.pings.push(data.toString());
      this.wake();
    });
    this.socket.on("close", (code, reason) => {
      this.closing = { code, reason: reason.toString() };
      this.wake();
    });
    this.socket.on("error", () => this.wake());
  }

  static async open(url: string, options: { readonly autoPong?: boolean } = {}): Promise<TestSocket> {
    const socket = new TestSocket(url, options);
    await new Promise<void>((resolve, reject) => {
      socket.socket.once("open", resolve);
      socket.socket.once("error", reject);
    });
    return socket;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** The first message, received or to come, that matches; it is taken out. */
  async next(matches: (message: Json) => boolean = () => true): Promise<Json> {
    const take = (): Json | null => {
      const index = this.received.findIndex(matches);
      return index < 0 ? null : (this.received.splice(index, 1)[0] ?? null);
    };
    return this.wait(take, "a message");
  }

  /** Answers to a request. */
  async ask(message: Json): Promise<Json> {
    this.send(message);
    return this.next((reply) => reply["id"] === message["id"]);
  }

  async closed(): Promise<{ readonly code: number; readonly reason: string }> {
    return this.wait(() => this.closing, "the close");
  }

  async ping(): Promise<string> {
    return this.wait(() => this.pings.shift() ?? null, "a ping");
  }

  /** Everything sent before has arrived once this has: the server answers in order. */
  async settled(): Promise<void> {
    let answered = false;
    this.socket.once("pong", () => {
      answered = true;
      this.wake();
    });
    this.socket.ping();
    await this.wait(() => answered || null, "a pong");
  }

  close(): void {
    this.socket.terminate();
  }

  private async wait<T>(look: () => T | null, what: string): Promise<T> {
    const timeout = AbortSignal.timeout(deadlineMilliseconds);
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (timeout.aborted)
        throw new Error(`${what} did not come; received ${JSON.stringify(this.received, textBigint)}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        timeout.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
}

function textBigint(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

export type RestReply = { readonly status: number; readonly body: Json; readonly headers: Headers };

export function sign(text: string, secret = key.secret): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** A signed REST call; `timestamp` stands last but the signature, unless it is given. */
export async function call(
  at: TestServer,
  method: string,
  path: string,
  params: Readonly<Record<string, string | number>> = {},
): Promise<RestReply> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...params, timestamp: params["timestamp"] ?? at.now() })) {
    query.append(name, String(value));
  }
  return fetchJson(at, method, `${path}?${query}&signature=${sign(query.toString())}`, key.apiKey);
}

export async function fetchJson(at: TestServer, method: string, url: string, apiKey?: string): Promise<RestReply> {
  const headers: Record<string, string> = apiKey === undefined ? {} : { "X-MBX-APIKEY": apiKey };
  const reply = await fetch(at.server.urls.rest + url, { method, headers });
  const body = parseJson(await reply.text());
  return {
    status: reply.status,
    headers: reply.headers,
    body: typeof body === "object" && body !== null ? { ...body } : {},
  };
}

type Level = readonly [price: number, size: number];

export type DepthUpdate = {
  readonly first: number;
  readonly last: number;
  readonly previous: number;
  readonly bids?: readonly Level[];
  readonly asks?: readonly Level[];
};

/** Market events of BTCUSDT at the server's time. Prices in ticks of 0.1, sizes in lots of 0.001. */
export class Market {
  private readonly at: TestServer;
  private readonly btc = symbolIndex(0);

  constructor(at: TestServer) {
    this.at = at;
  }

  snapshot(update: Omit<DepthUpdate, "first" | "previous">): void {
    const now = this.time();
    this.at.server.market.onSnapshot(
      this.btc,
      levelsOf({ first: update.last, previous: update.last, ...update }),
      now,
      now,
    );
  }

  depth(update: DepthUpdate): void {
    const now = this.time();
    this.at.server.market.onDepth(this.btc, levelsOf(update), now, now);
  }

  ticker(updateId: number, [bid, bidLots]: Level, [ask, askLots]: Level): void {
    const now = this.time();
    this.at.server.market.onBookTicker(
      this.btc,
      updateId,
      ticks(bid),
      lots(bidLots),
      ticks(ask),
      lots(askLots),
      now,
      now,
    );
  }

  trade(id: number, price: number, size: number, buyerIsMaker = false): void {
    const now = this.time();
    this.at.server.market.onTrade(this.btc, id, ticks(price), lots(size), buyerIsMaker, now, now);
  }

  mark(price: number): void {
    const now = this.time();
    this.at.server.market.onMark(
      this.btc,
      priceE8(Math.round(price * 1e8)),
      0.0001,
      micros(now + 3_600_000_000),
      now,
      now,
    );
  }

  gap(): void {
    this.at.server.market.onGap(this.btc, this.time());
  }

  private time(): Micros {
    return micros(this.at.now() * 1_000);
  }
}

function levelsOf(update: DepthUpdate): DepthLevels {
  const { bids = [], asks = [] } = update;
  const levels = depthLevels(bids.length + asks.length);
  levels.firstId = update.first;
  levels.lastId = update.last;
  levels.previousId = update.previous;
  const rows = [...bids.map((level) => [0, ...level] as const), ...asks.map((level) => [1, ...level] as const)];
  for (const [side, price, size] of rows) {
    levels.side[levels.count] = side;
    levels.price[levels.count] = price;
    levels.size[levels.count] = size;
    levels.count += 1;
  }
  return levels;
}
