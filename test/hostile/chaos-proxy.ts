/**
 * A proxy on loopback between a daemon and the exchange that knows the protocol well enough to break it on purpose: lose,
 * delay, reorder and forge replies, kill or silence single connections. Without rules it passes everything on.
 */

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

type LinkName = "public" | "market" | "private" | "ws-api";

/** One WebSocket connection, both ends. */
type Link = {
  readonly name: LinkName;
  readonly toExchange: (text: string) => void;
  readonly toDaemon: (text: string) => void;
  readonly cut: () => void;
};

type HttpCall = { readonly method: string; readonly path: string; readonly query: URLSearchParams };
type HttpAnswer = { readonly status: number; readonly text: string };

/** What a WebSocket API request asks for; params as they came. */
type ApiCall = {
  readonly id: unknown;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
};

/** What breaks. Each rule decides about one message; left out, the message passes. */
export type Rules = {
  /** a request of the WebSocket API; `pass` sends it on and may be called later */
  readonly call?: (call: ApiCall, link: Link, pass: () => void) => void;
  /** a reply of the WebSocket API, with the request that it answers */
  readonly reply?: (call: ApiCall, link: Link, pass: () => void) => void;
  /** anything else that the exchange says on a connection */
  readonly message?: (link: Link, text: string, pass: () => void) => void;
  /** a REST call; null leaves it without an answer */
  readonly http?: (call: HttpCall, pass: () => Promise<HttpAnswer>) => Promise<HttpAnswer | null>;
  readonly opened?: (link: Link) => void;
};

const ApiRequest = z.object({ id: z.unknown(), method: z.string(), params: z.record(z.string(), z.unknown()) });
const ApiReply = z.object({ id: z.unknown() });
/** Requests whose reply is still to come. */
const underWayMax = 1_000;

export class ChaosProxy {
  rules: Rules = {};
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #links = new Set<Link>();
  readonly #exchange: URL;

  /** @param exchange base URL of the exchange, by http */
  static async start(exchange: string): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(exchange);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(exchange: string) {
    this.#exchange = new URL(exchange);
    this.#server = createServer((incoming, response) => void this.#http(incoming, response));
    this.#server.on("upgrade", (incoming, socket, head) => {
      this.#sockets.handleUpgrade(incoming, socket, head, (daemon) => this.#link(daemon, incoming.url ?? "/"));
    });
  }

  /** The exchange's announcement with this proxy's address in it. */
  announce(line: string): string {
    const { port } = this.#server.address() as AddressInfo;
    const told = z.record(z.string(), z.unknown()).parse(JSON.parse(line));
    const streams = `ws://127.0.0.1:${port}`;
    return JSON.stringify({
      ...told,
      rest: `http://127.0.0.1:${port}`,
      market_ws: streams,
      user_ws: streams,
      ws_api: `${streams}/ws-fapi/v1`,
    });
  }

  async stop(): Promise<void> {
    for (const link of this.#links) link.cut();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #link(daemon: WebSocket, url: string): void {
    const exchange = new WebSocket(`ws://${this.#exchange.host}${url}`);
    const underWay = new Map<string, ApiCall>();
    const early: string[] = [];
    const link: Link = {
      name: nameOf(url),
      toExchange: (text) => {
        if (exchange.readyState === WebSocket.OPEN) exchange.send(text);
        else early.push(text);
      },
      toDaemon: (text) => {
        if (daemon.readyState === WebSocket.OPEN) daemon.send(text);
      },
      cut: () => {
        this.#links.delete(link);
        daemon.terminate();
        exchange.terminate();
      },
    };
    this.#links.add(link);
    exchange.on("open", () => {
      for (const text of early.splice(0)) exchange.send(text);
      this.rules.opened?.(link);
    });
    for (const socket of [daemon, exchange]) socket.on("error", link.cut).on("close", link.cut);
    daemon.on("message", (data) => this.#asked(link, underWay, String(data)));
    exchange.on("message", (data) => this.#told(link, underWay, String(data)));
  }

  #asked(link: Link, underWay: Map<string, ApiCall>, text: string): void {
    const parsed = ApiRequest.safeParse(JSON.parse(text));
    const pass = (): void => link.toExchange(text);
    if (!parsed.success) return pass();
    const { id, method, params } = parsed.data;
    const call: ApiCall = { id, method, params };
    if (underWay.size < underWayMax) underWay.set(String(id), call);
    if (this.rules.call === undefined) pass();
    else this.rules.call(call, link, pass);
  }

  #told(link: Link, underWay: Map<string, ApiCall>, text: string): void {
    const pass = (): void => link.toDaemon(text);
    const id = link.name === "ws-api" ? ApiReply.safeParse(JSON.parse(text)) : null;
    const call = id?.success === true ? underWay.get(String(id.data.id)) : undefined;
    if (call === undefined) {
      if (this.rules.message === undefined) pass();
      else this.rules.message(link, text, pass);
      return;
    }
    underWay.delete(String(call.id));
    if (this.rules.reply === undefined) pass();
    else this.rules.reply(call, link, pass);
  }

  async #http(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", this.#exchange);
    const call = { method: incoming.method ?? "GET", path: url.pathname, query: url.searchParams };
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => name !== "host"));
    const pass = async (): Promise<HttpAnswer> => {
      const { answer, told } = await forward(url, call.method, headers);
      for (const [name, value] of Object.entries(told)) {
        if (name.startsWith("x-mbx") && value !== undefined) response.setHeader(name, value);
      }
      return answer;
    };
    try {
      const answer = this.rules.http === undefined ? await pass() : await this.rules.http(call, pass);
      if (answer !== null) response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
    } catch {
      // The exchange is away: so is the connection to it.
      response.destroy();
    }
  }
}

/** A refusal as the WebSocket API words it. */
export function refusal(call: ApiCall, status: number, code: number, msg: string): string {
  return JSON.stringify({ id: call.id, status, error: { code, msg }, rateLimits: [] });
}

function nameOf(url: string): LinkName {
  if (url.startsWith("/ws-fapi")) return "ws-api";
  if (url.startsWith("/private")) return "private";
  return url.startsWith("/market") ? "market" : "public";
}

async function forward(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Promise<{ readonly answer: HttpAnswer; readonly told: IncomingMessage["headers"] }> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (reply) => {
      let text = "";
      reply.setEncoding("utf8");
      reply.on("data", (chunk: string) => {
        text += chunk;
      });
      reply.on("end", () => resolve({ answer: { status: reply.statusCode ?? 0, text }, told: reply.headers }));
      reply.on("error", reject);
    });
    sent.on("error", reject).end();
  });
}
