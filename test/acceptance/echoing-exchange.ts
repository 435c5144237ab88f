/**
 * What stands between the daemon and its exchange, and answers now and then itself: with errors that repeat the request as
 * it came, key, signature and all. Such answers are real: proxies and load balancers write them (failure-catalogue S-01).
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";

/** `mixed` lets two of three requests pass; `refusing` none. */
export type Mood = "passing" | "mixed" | "refusing";

const faults = [
  "bad-parameter",
  "no-permission",
  "bad-gateway",
  "cut-off",
  "redirect",
  "unknown-code",
  "not-json",
] as const;
type Fault = (typeof faults)[number];

export class EchoingExchange {
  mood: Mood = "passing";
  /** signatures and listen keys that came by */
  readonly secrets = new Set<string>();
  /** faults that were answered, by kind */
  readonly answered = new Map<string, number>();
  readonly #upstream: string;
  readonly #server = createServer();
  readonly #sockets = new WebSocketServer({ noServer: true });
  #count = 0;
  #upgrades = 0;

  /** @param upstream REST URL of the exchange behind */
  static async open(upstream: string): Promise<EchoingExchange> {
    const exchange = new EchoingExchange(upstream);
    await new Promise<void>((resolve) => exchange.#server.listen(0, "127.0.0.1", resolve));
    return exchange;
  }

  private constructor(upstream: string) {
    this.#upstream = upstream;
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  get rest(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  get streams(): string {
    return this.rest.replace("http", "ws");
  }

  /** The connections break off, and have to be made again. */
  dropConnections(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #nextFault(): Fault | null {
    if (this.mood === "passing") return null;
    this.#count += 1;
    if (this.mood === "mixed" && this.#count % 3 !== 0) return null;
    const fault = faults[Math.floor(this.#count / 3) % faults.length] ?? null;
    if (fault !== null) this.answered.set(fault, (this.answered.get(fault) ?? 0) + 1);
    return fault;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const seen = `${request.method} ${this.rest}${request.url} ${body} X-MBX-APIKEY: ${request.headers["x-mbx-apikey"]}`;
    this.#harvest(seen);
    const fault = this.#nextFault();
    if (fault !== null) return answer(response, fault, seen);
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === "string" && !["host", "connection", "content-length"].includes(name) ? [[name, value]] : [],
    );
    const method = request.method ?? "GET";
    const reply = await fetch(`${this.#upstream}${request.url}`, {
      method,
      headers: Object.fromEntries(headers),
      ...(body === "" ? {} : { body }),
    });
    const text = await reply.text();
    if (request.url?.includes("listenKey") === true) this.#harvest(text);
    response.writeHead(reply.status, { "content-type": "application/json" });
    response.end(text);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = request.url ?? "";
    this.#harvest(path);
    this.#upgrades += 1;
    if (this.mood === "refusing" || (this.mood === "mixed" && this.#upgrades % 2 === 0)) {
      this.answered.set("upgrade", (this.answered.get("upgrade") ?? 0) + 1);
      socket.end(`HTTP/1.1 403 Forbidden ${path}\r\nconnection: close\r\n\r\n${path}`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => this.#join(client, path));
  }

  #join(client: WebSocket, path: string): void {
    const upstream = new WebSocket(`${this.#upstream.replace("http", "ws")}${path}`);
    const waiting: string[] = [];
    upstream.on("open", () => {
      for (const text of waiting.splice(0)) upstream.send(text);
    });
    upstream.on("message", (data) => client.send(data.toString()));
    upstream.on("close", () => client.close()).on("error", () => client.close());
    client.on("close", () => upstream.close()).on("error", () => upstream.close());
    client.on("message", (data) => {
      const text = data.toString();
      this.#harvest(text);
      const isRequest = path.startsWith("/ws-fapi") && text.includes('"method"');
      if (isRequest && this.#nextFault() !== null) return client.send(echoed(text));
      if (upstream.readyState === WebSocket.OPEN) upstream.send(text);
      else waiting.push(text);
    });
  }

  #harvest(text: string): void {
    for (const [, found] of text.matchAll(/signature"?[=:]"?([0-9A-Za-z%+/=]{16,})/g)) this.secrets.add(found ?? "");
    for (const [, found] of text.matchAll(/listenKey"?[=:]"?([0-9A-Za-z]{32,})/g)) this.secrets.add(found ?? "");
    for (const [, found] of text.matchAll(/\/private\/ws\/([0-9A-Za-z]{32,})/g)) this.secrets.add(found ?? "");
  }
}

/** An answer of the WebSocket API that repeats the question. */
function echoed(text: string): string {
  const id: unknown = Object(JSON.parse(text)).id;
  return JSON.stringify({ id, status: 400, error: { code: -1102, msg: `bad request: ${text}` } });
}

function answer(response: ServerResponse, fault: Fault, seen: string): void {
  const json = (status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  switch (fault) {
    case "bad-parameter":
      return json(400, { code: -1102, msg: `Mandatory parameter missing in ${seen}` });
    case "no-permission":
      return json(401, { code: -2015, msg: `Invalid API-key, IP, or permissions for action: ${seen}` });
    case "unknown-code":
      return json(400, { code: -98765, msg: seen });
    case "bad-gateway":
      response.writeHead(502, { "content-type": "text/html" });
      response.end(`<html>${seen}</html>`);
      return;
    case "cut-off":
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`{"seen":"${seen}`);
      return;
    case "redirect":
      response.writeHead(302, { location: `http://127.0.0.1:1/?${encodeURIComponent(seen)}` });
      response.end();
      return;
    case "not-json":
      response.writeHead(200, { "content-type": "application/json" });
      response.end(seen);
      return;
    default:
      throw new TypeError(`unhandled fault ${fault satisfies never}`);
  }
}
