/** A scripted exchange at the transport port: it answers what the script says, loses what it says, in its own time. */

import { readFileSync } from "node:fs";
import { z } from "zod";
import type { CoreEvent } from "../../src/domain/event.ts";
import { type Instrument, type InstrumentRules, instrumentFromRules } from "../../src/domain/instrument.ts";
import type { MarketSink } from "../../src/domain/market-port.ts";
import { parseOrderId, stopPathTrade } from "../../src/domain/order-id.ts";
import type { Command, Notice, PlaceAlgo, PlaceOrder } from "../../src/domain/output.ts";
import { lots, type Micros, micros, symbolIndex, ticks } from "../../src/domain/units.ts";
import { type AdapterOptions, VenueAdapter } from "../../src/venue/adapter.ts";
import {
  type HttpRequest,
  noHeaders,
  type ReplyHeaders,
  type Signer,
  type StreamName,
  type TransportRequest,
} from "../../src/venue/transport.ts";
import { parseJson, stringifyJson } from "../../src/venue/wire/lossless-json.ts";

export const btcRules: InstrumentRules = {
  symbol: "BTCUSDT",
  baseAsset: "BTC",
  quoteAsset: "USDT",
  tickSize: "0.10",
  minPrice: "556.80",
  maxPrice: "4529764",
  stepSize: "0.001",
  minQuantity: "0.001",
  maxQuantity: "1000",
  marketStepSize: "0.001",
  marketMinQuantity: "0.001",
  marketMaxQuantity: "120",
  minNotional: "50",
  multiplierUp: "1.0500",
  multiplierDown: "0.9500",
  maxOrders: 200,
  tradable: true,
};

export const btc: Instrument = instrumentFromRules(btcRules, symbolIndex(0), "64000", "10");
export const eth: Instrument = instrumentFromRules(
  { ...btcRules, symbol: "ETHUSDT", baseAsset: "ETH", tickSize: "0.01", minPrice: "39.86", minNotional: "20" },
  symbolIndex(1),
  "3400",
  "10",
);

export function payload(name: string): unknown {
  return parseJson(readFileSync(new URL(`../fixtures/payloads/${name}`, import.meta.url), "utf8"));
}

export const entry: PlaceOrder = {
  kind: "place-order",
  symbol: symbolIndex(0),
  clientOrderId: "sd-3k9f2x1a-e1-7q",
  role: "e",
  side: "buy",
  quantity: lots(10),
  terms: { type: "MARKET" },
  reduceOnly: false,
};

export const stop: PlaceAlgo = {
  kind: "place-algo",
  symbol: symbolIndex(0),
  clientAlgoId: "sd-3k9f2x1a-f1-zz",
  role: "f",
  side: "sell",
  type: "STOP_MARKET",
  trigger: ticks(639_000),
  workingType: "CONTRACT_PRICE",
  extent: { kind: "close-position" },
};

export const testSigner: Signer = { kind: "hmac", apiKey: "test-key", sign: () => "5167" };

export const testOptions: AdapterOptions = {
  symbols: ["BTCUSDT"],
  recvWindowMs: 2_000,
  replyTimeoutMs: 3_000,
  firstMessageMs: 10_000,
  protectionShare: 0.25,
  seed: 1,
  leverageOf: () => 10,
  marginType: "CROSSED",
  orderIdPrefix: "sd",
  stopProofDistance: 0.04,
  keyPermissions: "absent",
  candles: 2,
  deadMansSwitch: null,
  ownerWaitMs: 0,
};

/** A rig whose WebSocket API never opens, so that everything goes by REST. */
export function restRig(options: Partial<AdapterOptions> = {}): Rig {
  const rig = new Rig(options);
  rig.opens.delete("ws-api");
  return rig;
}

/** A reply, a loss, or a refused connection. */
export type Script =
  | { readonly status: number; readonly body: unknown; readonly headers?: Partial<ReplyHeaders> }
  | "lost"
  | "refused-connection";
type Responder = (params: URLSearchParams) => Script;

export const orderBody = (overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  symbol: "BTCUSDT",
  clientOrderId: entry.clientOrderId,
  orderId: 8_389_765_000_000_000_123n,
  status: "FILLED",
  side: "BUY",
  positionSide: "BOTH",
  type: "MARKET",
  price: "0.00",
  origQty: "0.010",
  executedQty: "0.010",
  reduceOnly: false,
  updateTime: 1_791_382_990_000,
  ...overrides,
});

/** What the exchange calls every stop that proves the stop path. */
export const proofAlgoId = 3_000_000_000_003_505;

export const algoBody = (overrides: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  symbol: "BTCUSDT",
  clientAlgoId: stop.clientAlgoId,
  algoId: proofAlgoId,
  algoStatus: "NEW",
  side: "SELL",
  orderType: "STOP_MARKET",
  triggerPrice: "63900.00",
  closePosition: true,
  quantity: "0.000",
  updateTime: 1_791_382_990_000,
  ...overrides,
});

export const depthBody = (lastUpdateId: number): Readonly<Record<string, unknown>> => ({
  lastUpdateId,
  E: 1_791_382_990_000,
  T: 1_791_382_990_000,
  bids: [["64000.00", "1.000"]],
  asks: [["64000.10", "1.000"]],
});

const info = payload("live.rest.exchangeInfo.json");

const defaults: Readonly<Record<string, Responder>> = {
  "GET /fapi/v1/exchangeInfo": () => ok(info),
  "GET /fapi/v1/premiumIndex": (params) => ok({ symbol: params.get("symbol"), markPrice: "64000.00000000" }),
  "GET /fapi/v1/accountConfig": () =>
    ok({ canTrade: true, canWithdraw: true, dualSidePosition: false, multiAssetsMargin: false }),
  "GET /fapi/v1/symbolConfig": (params) => ok([{ symbol: params.get("symbol"), marginType: "CROSSED", leverage: 10 }]),
  "GET /fapi/v1/leverageBracket": (params) =>
    ok([{ symbol: params.get("symbol"), brackets: [bracket(25, 800_000, 0.01), bracket(125, 300_000, 0.004)] }]),
  "POST /fapi/v1/algoOrder": (params) => ok(algoBody({ clientAlgoId: params.get("clientAlgoId") })),
  "DELETE /fapi/v1/algoOrder": (params) =>
    ok({ algoId: proofAlgoId, clientAlgoId: params.get("clientAlgoId"), code: "200", msg: "success" }),
  "GET /fapi/v1/commissionRate": (params) =>
    ok({ symbol: params.get("symbol"), makerCommissionRate: "0.0002", takerCommissionRate: "0.0005" }),
  "GET /fapi/v1/klines": () => ok(payload("live.rest.klines_1m.json")),
  "POST /fapi/v1/listenKey": () => ok({ listenKey: "listenkey1" }),
  "PUT /fapi/v1/listenKey": () => ok({ listenKey: "listenkey1" }),
  "GET /fapi/v3/balance": () =>
    ok([{ asset: "USDT", balance: "10000.00000000", crossUnPnl: "0.00000000", availableBalance: "10000.00000000" }]),
  "GET /fapi/v3/positionRisk": () => ok([]),
  "GET /fapi/v1/openOrders": () => ok([]),
  "GET /fapi/v1/openAlgoOrders": () => ok([]),
  "GET /fapi/v1/depth": () => ok(depthBody(100)),
};

export function ok(body: unknown): Script {
  return { status: 200, body };
}

export function refusal(code: number, msg: string, status = 400): Script {
  return { status, body: { code, msg } };
}

const encoder = new TextEncoder();

export class Rig {
  readonly adapter: VenueAdapter;
  /** everything that the adapter asked of the transport */
  readonly requests: TransportRequest[] = [];
  readonly events: CoreEvent[] = [];
  readonly notices: Notice[] = [];
  readonly market: string[] = [];
  readonly fatal: string[] = [];
  /** streams that open as soon as they are asked for */
  readonly opens = new Set<StreamName>(["public", "market", "private", "ws-api"]);
  /** what the stop that proves the stop path is answered, placed and cancelled */
  readonly stopPath: Record<"POST" | "DELETE", Responder> = {
    POST: (params) => ok(algoBody({ clientAlgoId: params.get("clientAlgoId") })),
    DELETE: (params) =>
      ok({ algoId: proofAlgoId, clientAlgoId: params.get("clientAlgoId"), code: "200", msg: "success" }),
  };
  /** whether the private stream speaks of that stop */
  tellsStops = true;
  /** requests about that stop, which are not among the others */
  readonly stopPathRequests: HttpRequest[] = [];
  /** has the market streams say something every second, so that they are not found silent */
  keepsTalking = true;
  /** requests with this path cannot be handed over */
  brokenPath: string | null = null;
  #depthId = 99;
  now: Micros = micros(1_791_383_000_000_000);
  readonly #responders = new Map<string, Responder>(Object.entries(defaults));
  readonly #queue: TransportRequest[] = [];
  readonly #streams = new Map<StreamName, number>();

  constructor(options: Partial<AdapterOptions> = {}, signer: Signer = testSigner) {
    this.on("GET /fapi/v1/time", () => ok({ serverTime: Math.floor(this.now / 1_000) }));
    this.adapter = new VenueAdapter({ ...testOptions, ...options }, signer, {
      instruments: () => this.#sink(),
      event: (event) => this.events.push(event),
      request: (request) => {
        if (request.kind === "http" && request.path === this.brokenPath) throw new Error("the socket is broken");
        if (isStopPath(request)) this.stopPathRequests.push(request);
        else if (!isStopPathMessage(request)) this.requests.push(request);
        this.#queue.push(request);
      },
      notice: (notice) => this.notices.push(notice),
      fatal: (message) => this.fatal.push(message),
    });
  }

  /** Changes what one call answers; `call` is like "GET /fapi/v1/order". */
  on(call: string, responder: Responder): this {
    this.#responders.set(call, responder);
    return this;
  }

  /** Starts the adapter and lets it come up. */
  started(): this {
    this.adapter.start(this.now);
    this.pump();
    return this;
  }

  send(command: Command): void {
    this.adapter.command(command, this.now);
    this.pump();
  }

  /** Lets time pass, with all deadlines on the way. */
  advance(milliseconds: number): void {
    const end = this.now + milliseconds * 1_000;
    for (;;) {
      const talk = this.keepsTalking ? this.now + 1_000_000 : Number.POSITIVE_INFINITY;
      const next = Math.min(this.adapter.nextDeadline() ?? Number.POSITIVE_INFINITY, talk);
      if (next > end) break;
      this.now = micros(Math.max(this.now, next));
      if (this.keepsTalking) this.#talk();
      this.adapter.onTimer(this.now);
      this.pump();
    }
    this.now = micros(end);
  }

  /** Answers all that was asked. */
  pump(): void {
    for (let request = this.#queue.shift(); request !== undefined; request = this.#queue.shift()) this.#answer(request);
  }

  say(name: StreamName, message: unknown): void {
    const bytes = encoder.encode(typeof message === "string" ? message : stringifyJson(message));
    this.adapter.onStreamMessage(this.stream(name), bytes, this.now);
    this.pump();
  }

  /** The serial number of the newest connection. */
  stream(name: StreamName): number {
    return this.#streams.get(name) ?? -1;
  }

  cut(name: StreamName): void {
    this.adapter.handle({ kind: "stream-closed", stream: this.stream(name), cause: "ECONNRESET" }, this.now);
    this.pump();
  }

  http(path: string, method = "GET"): readonly HttpRequest[] {
    return this.requests.filter(
      (request): request is HttpRequest =>
        request.kind === "http" && request.path === path && request.method === method,
    );
  }

  opened(name: StreamName): readonly string[] {
    return this.requests.flatMap((request) =>
      request.kind === "open-stream" && request.name === name ? [request.path] : [],
    );
  }

  /** Ids of requests whose reply nobody waits for any more. */
  givenUp(): readonly number[] {
    return this.requests.flatMap((request) => (request.kind === "give-up-http" ? [request.id] : []));
  }

  /** Requests on the WebSocket API, parsed. */
  session(): readonly Readonly<Record<string, unknown>>[] {
    return this.requests.flatMap((request) => {
      if (request.kind !== "send-stream") return [];
      const message = parseJson(request.text);
      return typeof message === "object" && message !== null ? [{ ...message }] : [];
    });
  }

  /** The reply to the newest request on the WebSocket API. */
  reply(status: number, body: unknown): void {
    const id = this.session().at(-1)?.["id"];
    this.say("ws-api", status === 200 ? { id, status, result: body } : { id, status, error: body });
  }

  outcomes(): readonly unknown[] {
    return this.events.flatMap((event) => (event.kind === "outcome" ? [event.outcome] : []));
  }

  kinds(): readonly string[] {
    return this.events.map((event) => event.kind);
  }

  #answer(request: TransportRequest): void {
    if (request.kind === "open-stream") {
      this.#streams.set(request.name, request.stream);
      if (this.opens.has(request.name)) {
        this.adapter.handle({ kind: "stream-open", stream: request.stream }, this.now);
      }
      return;
    }
    if (request.kind === "send-stream") return this.#answerStopPath(request.text);
    if (request.kind !== "http") return;
    const call = `${request.method} ${request.path}`;
    const isProof = isStopPath(request) && (request.method === "POST" || request.method === "DELETE");
    const responder = isProof ? this.stopPath[request.method] : this.#responders.get(call);
    if (responder === undefined) throw new Error(`no script for ${call}`);
    const script = responder(new URLSearchParams(request.query));
    if (script === "lost") return;
    if (script === "refused-connection") {
      const failure = { kind: "http-failed", id: request.id, cause: "ECONNREFUSED", written: false } as const;
      this.adapter.handle(failure, this.now);
      return;
    }
    if (isProof && request.method === "POST") this.#tellStop(new URLSearchParams(request.query), script);
    this.answer(request.id, script);
  }

  /** The private stream speaks of every stop that is taken; that of a proof is not among the other events. */
  #tellStop(params: URLSearchParams, { status }: Exclude<Script, string>): void {
    if (status !== 200 || !this.tellsStops || !this.#streams.has("private")) return;
    const o = {
      caid: params.get("clientAlgoId"),
      aid: proofAlgoId,
      o: "STOP_MARKET",
      s: params.get("symbol"),
      S: "SELL",
    };
    const known = this.events.length;
    this.#talkOn("private", { e: "ALGO_UPDATE", T: 1, E: 1, o: { ...o, X: "NEW", ai: "", tp: "100", cp: true } });
    this.events.length = known;
  }

  /** Once there is a session, the stop that proves the stop path goes over it. */
  #answerStopPath(text: string): void {
    const { id, method, params } = SessionRequest.parse(parseJson(text));
    const call = method === "algoOrder.place" ? "POST" : method === "algoOrder.cancel" ? "DELETE" : null;
    if (call === null || !isStopPathId(params["clientAlgoId"])) return;
    const query = new URLSearchParams(
      Object.entries(params).map(([name, value]): [string, string] => [name, String(value)]),
    );
    this.stopPathRequests.push({
      kind: "http",
      id,
      host: "fapi",
      method: call,
      path: "/fapi/v1/algoOrder",
      query: query.toString(),
      keyed: true,
    });
    const script = this.stopPath[call](query);
    if (typeof script === "string") return;
    if (call === "POST") this.#tellStop(query, script);
    const body = script.status === 200 ? { result: script.body } : { error: script.body };
    this.say("ws-api", { id, status: script.status, ...body });
  }

  /** A reply to a request, at whatever time. */
  answer(id: number, script: Exclude<Script, string>): void {
    const text = typeof script.body === "string" ? script.body : stringifyJson(script.body);
    const headers = { ...noHeaders, ...script.headers };
    const body = encoder.encode(text);
    this.adapter.handle({ kind: "http-reply", id, status: script.status, headers, body }, this.now);
  }

  #talk(): void {
    const T = Math.floor(this.now / 1_000);
    const id = this.#depthId + 1;
    this.#depthId = id;
    const depth = { e: "depthUpdate", s: "BTCUSDT", U: id, u: id, pu: id - 1, b: [], a: [], T, E: T };
    const mark = { e: "markPriceUpdate", E: T, s: "BTCUSDT", p: "64000.00000000", r: "0.00010000", T };
    if (this.adapter.nextDeadline() === null) return;
    if (this.#streams.has("public")) this.#talkOn("public", depth);
    if (this.#streams.has("market")) this.#talkOn("market", mark);
  }

  #talkOn(name: StreamName, message: unknown): void {
    this.adapter.onStreamMessage(this.stream(name), encoder.encode(stringifyJson(message)), this.now);
  }

  #sink(): MarketSink {
    return {
      onBookTicker: () => {},
      onSnapshot: (symbol, levels) => this.market.push(`snapshot ${symbol} ${levels.lastId}`),
      onDepth: (symbol, levels) => this.market.push(`depth ${symbol} ${levels.lastId}`),
      onTrade: (symbol, id, price, quantity) => this.market.push(`trade ${symbol} ${id} ${price} ${quantity}`),
      onMark: () => {},
      onGap: (symbol) => this.market.push(`gap ${symbol}`),
    };
  }
}

const SessionRequest = z.object({
  id: z.int(),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});

function isStopPath(request: TransportRequest): request is HttpRequest {
  if (request.kind !== "http" || request.path !== "/fapi/v1/algoOrder") return false;
  return isStopPathId(new URLSearchParams(request.query).get("clientAlgoId"));
}

function isStopPathMessage(request: TransportRequest): boolean {
  if (request.kind !== "send-stream") return false;
  return isStopPathId(SessionRequest.parse(parseJson(request.text)).params["clientAlgoId"]);
}

function isStopPathId(id: unknown): boolean {
  return parseOrderId(String(id), testOptions.orderIdPrefix)?.trade === stopPathTrade("BTCUSDT");
}

/** A row of the exchange's leverage brackets. */
export function bracket(initialLeverage: number, notionalCap: number, maintMarginRatio: number) {
  return { initialLeverage, notionalCap, maintMarginRatio };
}
