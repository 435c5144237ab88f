/**
 * What the wire exchange serves, whatever carries it: REST answers, market and user streams, WebSocket API sessions. The
 * server puts it on sockets, the fault simulation on a network of its own. @see binance-usdm.md §11
 */

import type { MarketSink } from "../../domain/market-port.ts";
import type { Micros } from "../../domain/units.ts";
import type { Exchange, UserEvent } from "../exchange.ts";
import { ApiConnection } from "./api-connection.ts";
import { exchangeTimings, type Link, type Timings } from "./connection.ts";
import { Gateway } from "./gateway.ts";
import { jsonText } from "./json.ts";
import { exchangeLimits, type LimitSettings, Limits } from "./limits.ts";
import { ListenKey } from "./listen-key.ts";
import { type IsMarkDue, MarketStreams, type PublicRead } from "./market-streams.ts";
import { answerRest, type RestAnswer, type RestParts, type RestRequest } from "./rest-answer.ts";
import type { ApiKey } from "./security.ts";
import { settlingSink } from "./settling-sink.ts";
import { StreamConnection, type Subscriptions } from "./stream-connection.ts";
import type { SocketTarget } from "./stream-url.ts";
import { StreamMessage } from "./topic.ts";

export type WireServiceOptions = {
  readonly exchange: Exchange;
  readonly keys: readonly ApiKey[];
  readonly clock: () => Micros;
  /** by which the times of requests are checked; `clock` when left out */
  readonly gateClock?: () => Micros;
  readonly limits?: Partial<LimitSettings>;
  readonly timings?: Partial<Timings>;
  /** the exchange's state may have changed */
  readonly onChange?: () => void;
  /** each second, when left out */
  readonly isMarkDue?: IsMarkDue;
  /** an invariant of ours broke while a client was served; thrown on when left out */
  readonly onFault?: (error: unknown) => void;
  /** sees what the exchange says of its own accord, whether or not anybody listens */
  readonly onUserEvent?: (event: UserEvent) => void;
};

/** Makes the connection on which messages come and go. `inboundPerSecondMax` null: no limit. */
export type Connect = (onText: (text: string) => void, inboundPerSecondMax: number | null) => Link;

const handshakeWeight = 5;
const streamMessagesPerSecondMax = 10;

export class WireService {
  /** takes market data: the exchange first, then the streams, then what follows for the account */
  readonly market: MarketSink;
  readonly timings: Timings;
  readonly parts: RestParts;
  private readonly options: WireServiceOptions;
  private readonly limits: Limits;
  private readonly listenKey: ListenKey;
  private readonly streams: MarketStreams;
  private readonly streamConnections = new Set<StreamConnection>();
  private readonly apiConnections = new Set<ApiConnection>();

  constructor(options: WireServiceOptions) {
    this.options = options;
    const { exchange, clock, keys, onFault = rethrow } = options;
    this.timings = { ...exchangeTimings, ...options.timings };
    this.limits = new Limits({ ...exchangeLimits, ...options.limits });
    this.listenKey = new ListenKey(exchange.instance, this.milliseconds(), this.timings.listenKeyLife);
    const read: PublicRead = (path, params) => {
      const reply = exchange.request({ method: "GET", path, params }, clock());
      return reply.status === 200 ? reply.body : null;
    };
    this.streams = new MarketStreams(exchange.instruments, read, options.isMarkDue);
    this.market = settlingSink(exchange, this.streams, () => this.deliver());
    const { streams, limits, listenKey } = this;
    const settle = () => {
      this.deliver();
      options.onChange?.();
    };
    this.parts = {
      gateway: new Gateway({ exchange, streams, limits, listenKey, settle }),
      limits,
      keys,
      clock,
      gateClock: options.gateClock ?? clock,
      onFault,
    };
  }

  get connections(): readonly Link[] {
    return [...this.streamConnections, ...this.apiConnections].map(({ connection }) => connection);
  }

  answer(request: RestRequest): RestAnswer {
    return answerRest(this.parts, request);
  }

  /** Why a handshake is refused, as an HTTP status; null when it may go on. */
  refusesHandshake(target: SocketTarget): number | null {
    if (target.kind !== "api") return null;
    return this.limits.chargeWeight(handshakeWeight, this.milliseconds())?.status ?? null;
  }

  open(target: SocketTarget, connect: Connect): void {
    if (target.kind === "api") {
      const connection = new ApiConnection((onText) => connect(onText, null), this.parts, target);
      this.apiConnections.add(connection);
      connection.connection.onClose(() => this.apiConnections.delete(connection));
      return;
    }
    const connection = new StreamConnection(
      (onText) => connect(onText, streamMessagesPerSecondMax),
      this.subscriptionsOf(target),
      target.combined,
      target.requested,
    );
    this.streamConnections.add(connection);
    connection.connection.onClose(() => this.streamConnections.delete(connection));
  }

  /** Sends what is due by now. */
  settle(): void {
    const { exchange, clock } = this.options;
    const now = clock();
    const milliseconds = Math.floor(now / 1_000);
    if (exchange.nextDeadline() <= now) exchange.advance(now);
    this.streams.advance(now);
    this.deliver();
    this.expireListenKey(milliseconds);
    for (const { connection } of this.streamConnections) connection.advance(milliseconds);
    for (const { connection } of this.apiConnections) connection.advance(milliseconds);
  }

  /** The key of the account's user stream is gone for everyone. @param isTold whether those who listen hear of it */
  dropListenKey(isTold: boolean): void {
    const now = this.milliseconds();
    const key = this.listenKey.active(now);
    if (key === null) return;
    this.listenKey.close(now);
    if (isTold) this.tellExpired(key, now);
  }

  /** Sends the account's events to everyone who listens to the key. */
  deliver(): void {
    const { exchange, onChange, onUserEvent } = this.options;
    if (!exchange.hasEvents()) return;
    const key = this.listenKey.active(this.milliseconds());
    for (const event of exchange.takeEvents()) {
      onUserEvent?.(event);
      if (key === null) continue;
      const message = new StreamMessage(key, jsonText(event));
      for (const connection of this.streamConnections) connection.receiveUserEvent(message, event.e);
    }
    onChange?.();
  }

  private expireListenKey(now: number): void {
    const key = this.listenKey.expire(now);
    if (key !== null) this.tellExpired(key, now);
  }

  private tellExpired(key: string, now: number): void {
    const message = new StreamMessage(key, jsonText({ e: "listenKeyExpired", E: now, listenKey: key }));
    for (const connection of this.streamConnections) connection.receiveUserEvent(message, "listenKeyExpired");
  }

  private subscriptionsOf(target: Extract<SocketTarget, { kind: "streams" }>): Subscriptions {
    const { route } = target;
    if (route === "private") return { listen: true, topic: () => null };
    const served = route === "market" ? "market" : "public";
    return { listen: false, topic: (name) => this.streams.topic(served, name) };
  }

  private milliseconds(): number {
    return Math.floor(this.options.clock() / 1_000);
  }
}

function rethrow(error: unknown): void {
  // Out of the client's call, so that our own defect stops the process instead of becoming an answer.
  process.nextTick(() => {
    throw error;
  });
}
