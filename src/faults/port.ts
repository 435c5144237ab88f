/**
 * How one process reaches the exchange's service: order within a connection, requests under way, and everything that can
 * go wrong with them on the way. The daemon's end is the adapter's transport port, the far end what the service calls a link.
 */

import { type Micros, micros, microsPerSecond } from "../domain/units.ts";
import type { Link } from "../exchange/wire/connection.ts";
import type { RestAnswer } from "../exchange/wire/rest-answer.ts";
import { socketTarget } from "../exchange/wire/stream-url.ts";
import {
  type HttpRequest,
  noHeaders,
  type ReplyHeaders,
  type Transport,
  type TransportEvent,
  type TransportListener,
  type TransportRequest,
} from "../venue/transport.ts";
import { answers, said, socketAnswer, statusIn } from "./answers.ts";
import { type Call, callOfHttp, callOfText, nameOfMessage } from "./call.ts";
import { answeredAtGate, handshakeRefusal } from "./gate.ts";
import { injectedMark } from "./judge/injected.ts";
import type { Network } from "./network.ts";
import type { RequestEffect, StreamKind } from "./plan/fault.ts";
import { crossed } from "./warp.ts";

/** As the live transport: an HTTP request is given up, and our own pings find a half-open connection. */
const httpTimeout = 15 * microsPerSecond;
const pingsFind = 30 * microsPerSecond;
const reorderedMost = 2 * microsPerSecond;
const decoder = new TextDecoder();

type Stream = {
  readonly name: StreamKind;
  readonly serial: number;
  /** the far end hears this; null before the handshake */
  onText: ((text: string) => void) | null;
  onClose: () => void;
  isOpen: boolean;
  /** neither end hears the other, and neither knows */
  isDead: boolean;
  /** when the first request left on it of which nobody will hear */
  unheardSince: number | null;
  /** order is kept on a connection: the last arrival at each end */
  inAt: number;
  outAt: number;
  /** requests under way on it, and what is to become of the one that the far end answers now */
  answering: { readonly call: Call; readonly effect: RequestEffect | null; readonly request: string } | null;
};

export class Port implements Transport {
  readonly #network: Network;
  readonly #listener: TransportListener;
  readonly #clock: () => Micros;
  /** connections that have ended without the daemon's having heard of it, by their serial */
  readonly #unheardEnds = new Map<number, StreamKind>();
  readonly #streams = new Map<number, Stream>();
  #isGone = false;
  /** what becomes of a request under way that the daemon gives up, by its id */
  readonly #underWay = new Map<number, () => void>();
  /** the process stands still until then */
  pausedUntil = 0;

  constructor(network: Network, listener: TransportListener, clock: () => Micros) {
    this.#network = network;
    this.#listener = listener;
    this.#clock = clock;
  }

  request(request: TransportRequest): void {
    if (this.#isGone) return;
    switch (request.kind) {
      case "open-stream":
        return this.#open(request.stream, request.name, request.path);
      case "close-stream":
        return this.#close(request.stream);
      case "send-stream":
        return this.#send(request.stream, request.text);
      case "http":
        return this.#http(request);
      case "give-up-http":
        return this.#underWay.get(request.id)?.();
      default:
        throw new TypeError(`unhandled request ${request satisfies never}`);
    }
  }

  /** The process is gone: its sockets close, what it has sent still arrives, and nobody hears. */
  close(): void {
    for (const serial of [...this.#streams.keys()]) this.#close(serial);
    this.#isGone = true;
  }

  /** Connections that the process holds, and requests that it waits for. */
  get sizes(): { readonly connections: number; readonly requests: number } {
    return { connections: this.#streams.size, requests: this.#underWay.size };
  }

  /** As far as the daemon can know: until it has heard of the end, a connection is open to it. */
  isOpen(name: StreamKind): boolean {
    for (const stream of this.#streams.values()) if (stream.name === name && stream.isOpen) return true;
    for (const ended of this.#unheardEnds.values()) if (ended === name) return true;
    return false;
  }

  /** Since when requests leave on a connection that answers nothing; null: none has. */
  unheardSince(name: StreamKind): number | null {
    for (const stream of this.#streams.values()) if (stream.name === name) return stream.unheardSince;
    return null;
  }

  /** The connection ends, and both ends are told. */
  disconnect(name: StreamKind): boolean {
    return this.#each(name, (stream) => this.#end(stream, "closed 1006"));
  }

  /** Nothing passes any more, and nobody is told; our own pings find it. */
  halfOpen(name: StreamKind): boolean {
    return this.#each(name, (stream) => {
      stream.isDead = true;
      this.#later(pingsFind, () => this.#end(stream, "no pong"));
    });
  }

  #each(name: StreamKind, act: (stream: Stream) => void): boolean {
    const found = [...this.#streams.values()].filter((stream) => stream.name === name && stream.isOpen);
    for (const stream of found) act(stream);
    return found.length > 0;
  }

  #open(serial: number, name: StreamKind, path: string): void {
    const network = this.#network;
    const stream: Stream = {
      name,
      serial,
      onText: null,
      onClose: () => undefined,
      isOpen: false,
      isDead: false,
      unheardSince: null,
      inAt: 0,
      outAt: 0,
      answering: null,
    };
    this.#streams.set(serial, stream);
    if (network.isNameless()) return this.#end(stream, "ENOTFOUND 1006");
    if (network.isCut(name, "out")) return;
    this.#later(2 * network.delay(), () => {
      if (this.#streams.get(serial) !== stream) return;
      const { service } = network.options;
      const target = socketTarget(path);
      const refusal = target === null ? 404 : (service.refusesHandshake(target) ?? handshakeRefusal(network));
      if (target === null || refusal !== null)
        return this.#end(stream, `refused ${refusal}`, { refusedWith: refusal ?? 404 });
      service.open(target, (onText) => this.#link(stream, onText));
      this.#later(network.delay(), () => {
        if (this.#streams.get(serial) !== stream || network.isCut(name, "in")) return;
        stream.isOpen = true;
        this.#tell({ kind: "stream-open", stream: serial });
      });
    });
  }

  #link(stream: Stream, onText: (text: string) => void): Link {
    stream.onText = onText;
    return {
      openedAt: Math.floor(this.#network.options.now() / 1_000),
      onClose: (act) => {
        const before = stream.onClose;
        stream.onClose = () => {
          before();
          act();
        };
      },
      send: (data) => this.#receive(stream, data),
      refuse: () => this.#end(stream, "refused 1008"),
      terminate: () => this.#end(stream, "terminated 1006"),
      // The exchange's own cut after a day comes by the clock; pings are answered.
      advance: () => undefined,
    };
  }

  /** The far end has sent something on a stream. */
  #receive(stream: Stream, data: string | Buffer): void {
    const network = this.#network;
    const { answering } = stream;
    if (answering !== null) {
      const text = String(data);
      const { call, effect, request } = answering;
      network.options.hooks.onAnswered(call, statusIn(text), text, null);
      this.#repeat(effect, statusIn(text), () => this.#arriveOnStream(stream, call, null, request));
      return this.#answerOnStream(stream, call, effect, text);
    }
    if (this.#isLost(stream)) return;
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (stream.name !== "private") return this.#market(stream, bytes);
    const text = decoder.decode(bytes);
    const name = nameOfMessage(text);
    const effect = network.options.hooks.messageEffect(name);
    const tell = (delay: number, keepsOrder: boolean): void => {
      this.#deliver(stream, bytes, delay, keepsOrder, () => network.options.hooks.onTold(name, text));
    };
    switch (effect?.do) {
      case "lose-message":
        return;
      case "delay-message":
        return tell(network.delay() + effect.by, false);
      case "repeat-message":
        tell(network.delay(), true);
        return tell(network.delay() + effect.after, false);
      case undefined:
        return tell(network.delay(), true);
      default:
        throw new TypeError(`unhandled effect ${effect satisfies never}`);
    }
  }

  #market(stream: Stream, bytes: Uint8Array): void {
    const network = this.#network;
    const { random, now } = network.options;
    const warped = network.warped.size === 0 ? undefined : network.warped.get(stream.name);
    const isHit = warped !== undefined && warped.until > now() && random.uniform() < warped.share;
    const { onMarket } = network.options.hooks;
    const tell = (told: Uint8Array, delay: number, keepsOrder = true): void => {
      this.#deliver(stream, told, delay, keepsOrder, onMarket);
    };
    if (!isHit) return tell(bytes, network.delay());
    switch (warped.how) {
      case "reorder":
        return tell(bytes, network.delay() + Math.round(random.uniform() * reorderedMost), false);
      case "repeat":
        tell(bytes, network.delay());
        return tell(bytes, network.delay());
      case "cross":
        return tell(crossed(bytes), network.delay());
      default:
        throw new TypeError(`unhandled warp ${warped.how satisfies never}`);
    }
  }

  #isLost(stream: Stream): boolean {
    const network = this.#network;
    const now = network.options.now();
    if (stream.isDead || (network.stalls.get(stream.name) ?? 0) > now || network.isCut(stream.name, "in")) return true;
    const garbled = network.garbled.get(stream.name);
    return garbled !== undefined && garbled.until > now && network.options.random.uniform() < garbled.share;
  }

  #deliver(
    stream: Stream,
    bytes: Uint8Array,
    delay: number,
    keepsOrder: boolean,
    before: (bytes: Uint8Array) => void,
  ): void {
    const arrival = this.#network.options.now() + delay;
    const at = keepsOrder ? Math.max(stream.inAt, arrival) : arrival;
    if (keepsOrder) stream.inAt = at;
    this.#at(at, () => {
      if (this.#streams.get(stream.serial) !== stream || !stream.isOpen) return;
      before(bytes);
      this.#listener.onStreamMessage(stream.serial, bytes, this.#clock());
    });
  }

  #close(serial: number): void {
    const stream = this.#streams.get(serial);
    if (stream === undefined) return;
    this.#streams.delete(serial);
    stream.onClose();
  }

  /** Ends a connection, and tells the process unless it has let go of it. */
  #end(stream: Stream, cause: string, refused: { readonly refusedWith?: number } = {}): void {
    if (this.#streams.get(stream.serial) !== stream) return;
    const { serial, name, isOpen } = stream;
    this.#close(serial);
    if (isOpen) this.#unheardEnds.set(serial, name);
    this.#later(this.#network.delay(), () => {
      this.#unheardEnds.delete(serial);
      this.#tell({ kind: "stream-closed", stream: serial, cause, ...refused });
    });
  }

  #send(serial: number, text: string): void {
    const network = this.#network;
    const stream = this.#streams.get(serial);
    const call = callOfText(text);
    if (stream === undefined || call === null) return;
    const { hooks, now } = network.options;
    hooks.onSent(call);
    if (stream.isDead || (network.stalls.get(stream.name) ?? 0) > now()) stream.unheardSince ??= now();
    const effect = hooks.requestEffect(call);
    if (effect?.do === "throw") throw new Error(`${injectedMark} ${call.name} cannot be handed over`);
    if (effect?.do === "lose-request" || stream.isDead || network.isCut("ws-api", "out")) return;
    const delay = network.delay() + (effect?.do === "delay-request" ? effect.by : 0);
    stream.outAt = Math.max(stream.outAt, now() + delay);
    this.#at(stream.outAt, () => this.#arriveOnStream(stream, call, effect, text), true);
  }

  #arriveOnStream(stream: Stream, call: Call, effect: RequestEffect | null, text: string): void {
    const { hooks } = this.#network.options;
    const refused = this.#answeredInstead(effect, call) ?? answeredAtGate(this.#network, call);
    if (refused !== null) return this.#answerOnStream(stream, call, null, socketAnswer(call.id, refused));
    if (this.#isHeldBack(call, () => this.#arriveOnStream(stream, call, { do: "lose-reply" }, text))) {
      return this.#answerOnStream(stream, call, null, socketAnswer(call.id, answers["-1007"]));
    }
    hooks.onArrived(call);
    const lagging = hooks.read(call);
    if (lagging !== null) {
      const named = lagging.status < 400 ? "result" : "error";
      const answer = `{"id":${call.id},"status":${lagging.status},"${named}":${lagging.text}}`;
      return this.#answerOnStream(stream, call, effect, answer);
    }
    stream.answering = { call, effect, request: text };
    stream.onText?.(text);
    stream.answering = null;
    if (effect?.do === "reset") this.#end(stream, "reset 1006");
  }

  #answerOnStream(stream: Stream, call: Call, effect: RequestEffect | null, text: string): void {
    const network = this.#network;
    if (effect?.do === "lose-reply" || effect?.do === "reset" || this.#isLost(stream)) return;
    const answer = effect?.do === "answer" ? socketAnswer(call.id, said(effect.answer, call)) : text;
    const delay = network.delay() + (effect?.do === "delay-reply" ? effect.by : 0);
    const before = (): void => network.options.hooks.onReply(call, statusIn(answer), answer, null);
    this.#deliver(stream, Buffer.from(answer), delay, effect?.do !== "delay-reply", before);
  }

  #http(request: HttpRequest): void {
    const network = this.#network;
    const { hooks, now } = network.options;
    const call = callOfHttp(request);
    hooks.onSent(call);
    const effect = hooks.requestEffect(call);
    if (effect?.do === "throw") throw new Error(`${injectedMark} ${call.name} cannot be handed over`);
    const ends = (): boolean => this.#underWay.delete(request.id);
    this.#underWay.set(request.id, () => {
      ends();
      hooks.onReply(call, 0, null, null);
    });
    const failed = (cause: string, after: number, written = true): void => {
      this.#later(after, () => {
        if (!ends()) return;
        hooks.onReply(call, 0, null, null);
        this.#tell({ kind: "http-failed", id: request.id, cause, written });
      });
    };
    if (network.isNameless()) return failed("ENOTFOUND", network.delay(), false);
    if (effect?.do === "lose-request" || network.isCut("rest", "out")) return failed("ECONNRESET", httpTimeout);
    const arrives = now() + network.delay() + (effect?.do === "delay-request" ? effect.by : 0);
    const arrive = (): void => {
      const answer = this.#answeredInstead(effect, call) ?? this.#arrive(request, call);
      this.#repeat(effect, answer.status, () => this.#arrive(request, call));
      if (effect?.do === "reset") return failed("ECONNRESET", network.delay());
      if (effect?.do === "lose-reply" || network.isCut("rest", "in")) return failed("ECONNRESET", httpTimeout);
      const heard = effect?.do === "answer" ? { ...answer, ...said(effect.answer, call) } : answer;
      // The header `Date` has whole seconds.
      const saidAt = micros(Math.floor((now() + network.gateOffset) / microsPerSecond) * microsPerSecond);
      this.#later(network.delay() + (effect?.do === "delay-reply" ? effect.by : 0), () => {
        if (!ends()) return;
        const { status, text } = heard;
        const headers = { ...read(heard.headers), saidAt };
        hooks.onReply(call, status, text, headers.retryAfterSeconds);
        this.#tell({ kind: "http-reply", id: request.id, status, headers, body: Buffer.from(text) });
      });
    };
    this.#at(arrives, arrive, true);
  }

  /** What the exchange has taken arrives once more. Its refusal is the last word: nobody repeats that on the way. */
  #repeat(effect: RequestEffect | null, status: number, arrive: () => void): void {
    if (effect?.do !== "repeat-request" || status >= 400) return;
    this.#at(this.#network.options.now() + effect.after, arrive, true);
  }

  #arrive(request: HttpRequest, call: Call): RestAnswer {
    const instead = answeredAtGate(this.#network, call) ?? this.#heldBack(request, call);
    return instead === null ? this.#ask(request, call) : { ...instead, headers: {} };
  }

  #ask(request: HttpRequest, call: Call): RestAnswer {
    const { hooks, service, apiKey } = this.#network.options;
    hooks.onArrived(call);
    const lagging = hooks.read(call);
    if (lagging !== null) return { ...lagging, headers: {} };
    const { method, path, query, keyed } = request;
    const url = query === "" ? path : `${path}?${query}`;
    const answer = service.answer({ method, url, body: "", apiKey: keyed ? apiKey : undefined });
    hooks.onAnswered(call, answer.status, answer.text, read(answer.headers).usedWeight);
    return answer;
  }

  /** The plan's answer to what is not executed. */
  #answeredInstead(effect: RequestEffect | null, call: Call): RestAnswer | null {
    return effect?.do === "answer" && !effect.executed ? { headers: {}, ...said(effect.answer, call) } : null;
  }

  #heldBack(request: HttpRequest, call: Call): { readonly status: number; readonly text: string } | null {
    return this.#isHeldBack(call, () => this.#ask(request, call)) ? answers["-1007"] : null;
  }

  /** Whether an order waits with others, and is executed when they are. */
  #isHeldBack(call: Call, execute: () => void): boolean {
    const { backlogUntil, options } = this.#network;
    if (backlogUntil <= options.now() || call.clientId === null || call.method === "GET") return false;
    this.#at(backlogUntil, execute, true);
    return true;
  }

  #tell(event: TransportEvent): void {
    this.#listener.handle(event, this.#clock());
  }

  #later(delay: number, act: () => void): void {
    this.#at(this.#network.options.now() + delay, act);
  }

  /** @param isTheirs happens at the exchange, whether or not the process still lives */
  #at(time: number, act: () => void, isTheirs = false): void {
    const { queue } = this.#network.options;
    queue.push(time, (at) => {
      if (isTheirs) return act();
      if (this.#isGone) return;
      // A process that stands still hears everything when it wakes, in the same order.
      if (this.pausedUntil > at) return this.#at(this.pausedUntil, act);
      act();
    });
  }
}

function read(headers: Readonly<Record<string, string>>): ReplyHeaders {
  const number = (name: string): number | null => (headers[name] === undefined ? null : Number(headers[name]));
  const usedWeight = number("x-mbx-used-weight-1m");
  const retryAfterSeconds = number("retry-after");
  if (usedWeight === null && retryAfterSeconds === null) return noHeaders;
  const orders10s = number("x-mbx-order-count-10s");
  return { ...noHeaders, usedWeight, orders10s, orders1m: number("x-mbx-order-count-1m"), retryAfterSeconds };
}
