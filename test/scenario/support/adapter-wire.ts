/**
 * The wire of stories that go through the venue adapter: the real adapter, and behind its transport port the embedded
 * exchange with the wire server's own limits, listen key and receive window. REST, and the WebSocket API where it is
 * asked for; market data pass it by. What goes wrong is the same list of data as on the plain wire, and more.
 */

import { z } from "zod";
import type { Settings } from "../../../src/config/schema.ts";
import type { MarketSink } from "../../../src/domain/market-port.ts";
import type { Command, Notice } from "../../../src/domain/output.ts";
import { type Micros, micros, microsFromMillis } from "../../../src/domain/units.ts";
import {
  Exchange,
  type ExchangeOptions,
  type ExchangeReply,
  type ExchangeRequest,
} from "../../../src/exchange/exchange.ts";
import { endpointOf, type Params } from "../../../src/exchange/wire/endpoints.ts";
import { replyOf } from "../../../src/exchange/wire/gateway.ts";
import { jsonText, parseJson } from "../../../src/exchange/wire/json.ts";
import { exchangeLimits, Limits } from "../../../src/exchange/wire/limits.ts";
import { ListenKey } from "../../../src/exchange/wire/listen-key.ts";
import { checkTime } from "../../../src/exchange/wire/security.ts";
import { VenueAdapter } from "../../../src/venue/adapter.ts";
import type { HttpRequest, ReplyHeaders, TransportEvent, TransportRequest } from "../../../src/venue/transport.ts";
import { FaultList } from "./faults.ts";
import { Queue } from "./queue.ts";
import { type Fault, latenessOf, nameOfEvent, type ScriptedFault, type VenueWire, type WireOptions } from "./wire.ts";

export type AdapterWireOptions = WireOptions & {
  readonly settings: Settings;
  /** of the exchange, for copies of it */
  readonly exchangeOptions: ExchangeOptions;
  /** whether orders go over the WebSocket API */
  readonly hasSession: boolean;
  readonly notice: (notice: Notice, at: Micros) => void;
};

const listenKeyLife = 60 * 60_000;
const encoder = new TextEncoder();

/** As the exchange gets it, whichever way it came. */
type Arrival = {
  readonly method: ExchangeRequest["method"];
  readonly path: string;
  readonly params: Params;
  readonly answer: (reply: Answer, at: Micros) => void;
  /** null: that way cannot fail so */
  readonly fail: ((written: boolean, at: Micros) => void) | null;
};

type Answer = { readonly status: number; readonly text: string; readonly headers: ReplyHeaders };

export class AdapterWire implements VenueWire {
  /** while true, what the private stream says is lost */
  isStreamDown = false;
  /** the exchange's clock minus ours, milliseconds */
  clockOffset = 0;
  /** what all clients behind our address have used up */
  limits = new Limits(exchangeLimits);
  /** what has reached the exchange, and when */
  readonly arrivals: { readonly name: string; readonly at: Micros }[] = [];
  readonly #options: AdapterWireOptions;
  readonly #latency: number;
  readonly #queue = new Queue();
  readonly #faults: FaultList;
  readonly #listenKey = new ListenKey("stories", 0, listenKeyLife);
  #adapter: VenueAdapter | null = null;
  #life = 0;
  #private: { readonly stream: number; isSilent: boolean } | null = null;
  #refusesStreams = false;
  readonly #told: string[] = [];
  /** what was so on the exchange after each change; null while no read is to be stale */
  #past: { readonly at: number; readonly saved: unknown }[] | null = null;

  constructor(options: AdapterWireOptions) {
    this.#options = options;
    this.#latency = microsFromMillis(options.latencyMs);
    this.#faults = new FaultList(options.observer.troubled);
  }

  script(faults: readonly ScriptedFault[]): void {
    this.#faults.add(faults);
    if (this.#past === null && faults.some(({ fault }) => fault.kind === "stale")) {
      this.#past = [{ at: 0, saved: this.#options.exchange.serialize() }];
    }
  }

  start(now: Micros): void {
    const { settings } = this.#options;
    this.#adapter = new VenueAdapter(
      {
        symbols: settings.symbols,
        leverageOf: () => settings.risk.max_leverage,
        marginType: "CROSSED",
        orderIdPrefix: settings.order_id_prefix,
        stopProofDistance: settings.venue.stop_proof_distance,
        recvWindowMs: settings.venue.recv_window_ms,
        replyTimeoutMs: settings.venue.reply_timeout_ms,
        firstMessageMs: settings.venue.first_message_ms,
        protectionShare: settings.venue.protection_weight_share,
        seed: 1,
        keyPermissions: "absent",
        candles: 20,
        ownerWaitMs: 0,
        deadMansSwitch: null,
      },
      { kind: "hmac", apiKey: "stories", sign: () => "5167" },
      {
        instruments: () => noMarket,
        event: (event, at) => {
          // Told in a turn of its own: the adapter may answer while it is asked.
          this.#queue.push(at, "core", (then) => {
            this.#options.observer.told(event, then);
            this.#options.deliver(event, then);
          });
        },
        request: (request) => this.#request(request),
        notice: (notice) => this.#options.notice(notice, this.#now),
        fatal: (message) => {
          throw new Error(`the adapter gives up: ${message}`);
        },
      },
    );
    this.#now = now;
    this.#adapter.start(now);
  }

  orphan(): void {
    this.#queue.keep("exchange");
    this.#adapter = null;
    this.#private = null;
    this.#life += 1;
  }

  heal(): void {
    this.#faults.clear();
    this.isStreamDown = false;
    this.#refusesStreams = false;
  }

  disconnect(now: Micros): void {
    this.#refusesStreams = true;
    this.#cutPrivate(now);
  }

  reconnect(): void {
    this.#refusesStreams = false;
  }

  /** The connection of the private stream stays, and nothing comes on it any more. */
  silencePrivate(): void {
    if (this.#private !== null) this.#private.isSilent = true;
  }

  /** The key is gone; the connection stays, silent, and is told so often. */
  expireListenKey(now: Micros, told: number): void {
    this.#listenKey.close(now / 1_000);
    const { stream } = this.#private ?? { stream: 0 };
    this.silencePrivate();
    for (let index = 0; index < told; index += 1) {
      this.#say(stream, jsonText({ e: "listenKeyExpired", E: Math.floor(now / 1_000), listenKey: "x" }), now);
    }
  }

  /** A message of the private stream that the exchange has no part in. */
  tellPrivate(text: string, now: Micros): void {
    this.#say(this.#private?.stream ?? 0, text, now);
  }

  /** The last events once more, as after a reconnect. */
  replay(events: number, now: Micros): void {
    for (const text of this.#told.slice(-events)) this.#say(this.#private?.stream ?? 0, text, now);
  }

  nextDue(): number {
    return Math.min(this.#queue.nextDue(), this.#adapter?.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }

  send(command: Command, now: Micros): void {
    this.#options.observer.sent(command, now);
    this.#now = now;
    this.#adapter?.command(command, now);
  }

  collect(now: Micros): void {
    if (this.#options.exchange.hasEvents()) this.#past?.push({ at: now, saved: this.#options.exchange.serialize() });
    for (const event of this.#options.exchange.takeEvents()) {
      this.#options.observer.said(event, now);
      this.#told.push(jsonText(event));
      const connection = this.#private;
      if (connection === null || connection.isSilent || this.isStreamDown) continue;
      const text = jsonText(event);
      for (const late of latenessOf(this.#faults.on(nameOfEvent(event), now))) {
        this.#say(connection.stream, text, now + late);
      }
    }
  }

  run(now: Micros): void {
    this.#queue.run(now, (at) => {
      this.#now = at;
    });
    const due = this.#adapter?.nextDeadline() ?? Number.POSITIVE_INFINITY;
    if (due > now) return;
    this.#now = now;
    this.#adapter?.onTimer(now);
  }

  pause(until: Micros): void {
    this.#queue.pause(until);
  }

  #now: Micros = micros(0);

  #request(request: TransportRequest): void {
    switch (request.kind) {
      case "open-stream":
        return this.#open(request.stream, request.name, request.path);
      case "close-stream":
        if (this.#private?.stream === request.stream) this.#private = null;
        return;
      case "send-stream":
        return this.#arrive(this.#fromSession(request.stream, request.text));
      case "http":
        return this.#arrive(this.#fromHttp(request));
      case "give-up-http":
        // What it comes to is told all the same, and nobody listens.
        return;
      default:
        throw new TypeError(`unhandled request ${request satisfies never}`);
    }
  }

  #open(stream: number, name: string, path: string): void {
    const isPrivate = name === "private";
    if (!isPrivate && !(name === "ws-api" && this.#options.hasSession)) return;
    this.#toDaemon(this.#now + 2 * this.#latency, (at) => {
      if (isPrivate && this.#refusesStreams) {
        return this.#hand({ kind: "stream-closed", stream, cause: "ECONNREFUSED" }, at);
      }
      // With a dead key the handshake succeeds and nothing ever comes.
      const isAlive = path === `/private/ws/${this.#listenKey.active(at / 1_000)}`;
      if (isPrivate) this.#private = { stream, isSilent: !isAlive };
      this.#hand({ kind: "stream-open", stream }, at);
    });
  }

  #cutPrivate(now: Micros): void {
    const connection = this.#private;
    this.#private = null;
    if (connection === null) return;
    this.#toDaemon(now + this.#latency, (at) =>
      this.#hand({ kind: "stream-closed", stream: connection.stream, cause: "ECONNRESET" }, at),
    );
  }

  #say(stream: number, text: string, now: number): void {
    const bytes = encoder.encode(text);
    this.#toDaemon(now + this.#latency, (at) => this.#adapter?.onStreamMessage(stream, bytes, at));
  }

  #fromHttp({ id, method, path, query }: HttpRequest): Arrival {
    return {
      method,
      path,
      params: Object.fromEntries(new URLSearchParams(query)),
      answer: ({ status, text, headers }, at) =>
        this.#hand({ kind: "http-reply", id, status, headers, body: encoder.encode(text) }, at),
      fail: (written, at) =>
        this.#hand({ kind: "http-failed", id, cause: written ? "ECONNRESET" : "ECONNREFUSED", written }, at),
    };
  }

  #fromSession(stream: number, text: string): Arrival {
    const { id, method, params } = SessionRequest.parse(parseJson(text));
    const [call = "GET", path = ""] = sessionCalls.get(method)?.split(" ") ?? [];
    return {
      method: z.enum(["GET", "POST", "PUT", "DELETE"]).parse(call),
      path,
      params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, `${value}`])),
      answer: ({ status, text: body }, at) => {
        const key = status === 200 ? "result" : "error";
        const message = `{"id":${id},"status":${status},"${key}":${body}}`;
        this.#adapter?.onStreamMessage(stream, encoder.encode(message), at);
      },
      fail: null,
    };
  }

  #arrive(arrival: Arrival): void {
    const sentAt = this.#now;
    const fault = this.#faults.on(nameOfArrival(arrival), sentAt);
    const life = this.#life;
    const { fail } = arrival;
    if (fault?.kind === "request-lost") return;
    if (fault?.kind === "unsent") {
      if (fail !== null) this.#toDaemon(sentAt, (at) => fail(false, at));
      return;
    }
    const late = fault?.kind === "request-late" ? microsFromMillis(fault.ms) : 0;
    this.#queue.push(sentAt + this.#latency + late, "exchange", (at) => {
      this.arrivals.push({ name: nameOfArrival(arrival), at });
      const reply = this.#serve(arrival, fault, at);
      if (life !== this.#life || fault?.kind === "reply-lost") return;
      const leaves = at + (fault?.kind === "reply-late" ? microsFromMillis(fault.ms) : 0);
      this.#toDaemon(leaves + this.#latency, (then) => {
        if (fault?.kind === "reset" && fail !== null) fail(true, then);
        else arrival.answer(reply, then);
      });
    });
  }

  /** What the exchange answers; a scripted answer takes the place of its own. */
  #serve(arrival: Arrival, fault: Fault | null, now: Micros): Answer {
    const headers = noHeaders;
    if (fault?.kind === "refused") {
      return { status: 400, text: jsonText({ code: fault.code, msg: "refused by script" }), headers };
    }
    if (fault?.kind === "stale") return this.#execute(arrival, now, this.#replica(now - fault.ms * 1_000));
    if (fault?.kind !== "answered") return this.#execute(arrival, now);
    if (fault.executes === true) this.#execute(arrival, now);
    return {
      status: fault.status,
      text: fault.body,
      headers: { ...headers, retryAfterSeconds: fault.retryAfterSeconds ?? null },
    };
  }

  /** The exchange as it was then. */
  #replica(at: number): Exchange {
    const then = this.#past?.findLast((one) => one.at <= at) ?? this.#past?.[0];
    return Exchange.restore(this.#options.exchangeOptions, then?.saved);
  }

  #execute({ method, path, params }: Arrival, now: Micros, exchange = this.#options.exchange): Answer {
    const milliseconds = Math.floor(now / 1_000) + this.clockOffset;
    const endpoint = endpointOf(method, path);
    if (endpoint === null) throw new Error(`the exchange has no ${method} ${path}`);
    const refusal =
      this.limits.chargeWeight(endpoint.weight(params), milliseconds) ??
      (endpoint.access === "signed" ? checkTime(params, milliseconds) : null) ??
      this.limits.chargePools(endpoint, milliseconds);
    const { status, body } =
      refusal === null ? this.#call(exchange, { method, path, params }, milliseconds, now) : replyOf(refusal);
    this.collect(now);
    const counted = this.limits.headers(endpoint, milliseconds);
    const count = (name: string): number | null => (counted[name] === undefined ? null : Number(counted[name]));
    const headers: ReplyHeaders = {
      ...noHeaders,
      usedWeight: count("x-mbx-used-weight-1m"),
      orders10s: count("x-mbx-order-count-10s"),
      orders1m: count("x-mbx-order-count-1m"),
    };
    return { status, text: jsonText(body), headers };
  }

  #call(exchange: Exchange, request: ExchangeRequest, milliseconds: number, now: Micros): ExchangeReply {
    if (request.path === "/fapi/v1/time") return { status: 200, body: { serverTime: milliseconds } };
    if (request.path === "/fapi/v1/listenKey") {
      if (request.method === "POST") return { status: 200, body: { listenKey: this.#listenKey.start(milliseconds) } };
      const listenKey = this.#listenKey.keepAlive(milliseconds);
      const gone = { status: 400, body: { code: -1125, msg: "This listenKey does not exist." } };
      return listenKey === null ? gone : { status: 200, body: { listenKey } };
    }
    const {
      timestamp: _timestamp,
      signature: _signature,
      recvWindow: _window,
      apiKey: _key,
      ...params
    } = request.params;
    return exchange.request({ ...request, params }, now);
  }

  #hand(event: TransportEvent, at: Micros): void {
    this.#adapter?.handle(event, at);
  }

  /** What is on its way to a process that is gone is heard by nobody. */
  #toDaemon(at: number, run: (at: Micros) => void): void {
    this.#queue.push(at, "core", run);
  }
}

const SessionRequest = z.object({ id: z.int(), method: z.string(), params: z.record(z.string(), z.unknown()) });

const sessionCalls: ReadonlyMap<string, string> = new Map([
  ["order.place", "POST /fapi/v1/order"],
  ["order.modify", "PUT /fapi/v1/order"],
  ["order.cancel", "DELETE /fapi/v1/order"],
  ["order.status", "GET /fapi/v1/order"],
  ["algoOrder.place", "POST /fapi/v1/algoOrder"],
  ["algoOrder.cancel", "DELETE /fapi/v1/algoOrder"],
]);

const noHeaders: ReplyHeaders = {
  saidAt: null,
  usedWeight: null,
  orders10s: null,
  orders1m: null,
  retryAfterSeconds: null,
};

const commandNames: ReadonlyMap<string, string> = new Map([
  ["POST /fapi/v1/order", "place-order"],
  ["PUT /fapi/v1/order", "amend-order"],
  ["DELETE /fapi/v1/order", "cancel-order"],
  ["GET /fapi/v1/order", "query-order"],
  ["POST /fapi/v1/algoOrder", "place-algo"],
  ["DELETE /fapi/v1/algoOrder", "cancel-algo"],
  ["GET /fapi/v1/algoOrder", "query-algo"],
]);

/** `place-order e1` as on the plain wire; any other request by method and last part of the path: `GET openOrders`. */
function nameOfArrival({ method, path, params }: Arrival): string {
  const command = commandNames.get(`${method} ${path}`);
  if (command === undefined) return `${method} ${path.split("/").at(-1)}`;
  const id = params["newClientOrderId"] ?? params["origClientOrderId"] ?? params["clientAlgoId"] ?? "";
  return `${command} ${id.split("-").at(2) ?? id}`;
}

const noMarket: MarketSink = {
  onBookTicker: () => {},
  onSnapshot: () => {},
  onDepth: () => {},
  onTrade: () => {},
  onMark: () => {},
  onGap: () => {},
};
