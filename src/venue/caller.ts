/**
 * Requests and their replies: which way they go (WebSocket API, else REST), what the rate budget lets through, and what
 * is said when no reply comes. A request is sent once; repeating is its owner's business.
 */

import type { z } from "zod";
import { isAuthorityLost, meaningOf } from "../domain/error-policy.ts";
import { type Micros, micros, plus } from "../domain/units.ts";
import { type ClockOffset, exchangeMillis } from "./clock-offset.ts";
import type { Cost, RateBudget } from "./rate-budget.ts";
import { queryText, socketText } from "./signing.ts";
import type { Timers } from "./timers.ts";
import {
  noHeaders,
  type ReplyHeaders,
  type RestHost,
  type Signer,
  type TransportEvent,
  type TransportRequest,
} from "./transport.ts";
import type { WireRequest } from "./wire/encode.ts";
import { parseJson } from "./wire/lossless-json.ts";
import type { Reply } from "./wire/outcome.ts";
import { type ErrorBody, errorIn, WsReply } from "./wire/schemas.ts";

/** The rate budget did not let it out. */
export type HeldBack = { readonly kind: "held-back"; readonly cause: string; readonly until: Micros };

export type Answer =
  /** `bytes` only where they were asked for */
  | { readonly kind: "reply"; readonly reply: Reply; readonly bytes: Uint8Array | null }
  /** `written` is false when it certainly never left */
  | { readonly kind: "failed"; readonly cause: string; readonly written: boolean }
  | HeldBack;

export type CallOptions = {
  readonly host?: RestHost;
  /** hand a success over as bytes, unparsed */
  readonly asBytes?: boolean;
  readonly done: (answer: Answer, now: Micros) => void;
  /** a reply that came after `done` was told that none came */
  readonly late?: (reply: Reply, now: Micros) => void;
};

export type SessionReply = z.infer<typeof WsReply>;

export type CallerPorts = {
  readonly timers: Timers;
  readonly budget: RateBudget;
  readonly signer: Signer;
  readonly replyTimeout: Micros;
  readonly clock: () => ClockOffset;
  readonly send: (request: TransportRequest) => void;
  /** −1021: our idea of the exchange's clock is wrong */
  readonly onClockRefused: (now: Micros) => void;
  /** 429, 418 or 403: no request until then, or where the order pools are used up no order */
  readonly onSilence: (status: number, until: Micros, now: Micros) => void;
  /** no reply came on the WebSocket API: the connection may be half open */
  readonly onSessionSilent: (now: Micros) => void;
  readonly onSessionRevoked: (code: number, now: Micros) => void;
  /** an error on the WebSocket API that names no request, and means nothing for all of them */
  readonly onUnclaimed: (status: number, code: number) => void;
};

type Call = {
  readonly options: CallOptions;
  readonly viaSession: boolean;
  /** it only asks, and by REST: giving it up changes nothing on the exchange */
  readonly isRead: boolean;
};
type Session = { readonly stream: number; readonly isLoggedOn: boolean };

/** Requests without a reply yet, and timed-out ones whose reply may still come. */
const pendingMax = 512;
const overdueMax = 256;
/** Of those the reads that are kept under way; what is asked is asked again as a rule. */
const overdueReadsMax = 24;

const decoder = new TextDecoder();

export class Caller {
  readonly #ports: CallerPorts;
  readonly #pending = new Map<number, Call>();
  readonly #overdue = new Map<number, Call>();
  #nextId = 1;
  #session: Session | null = null;
  #sessionHeardAt = micros(0);
  /** it left a request without an answer, and has said nothing since, whatever connection it is by now */
  #isSessionSilent = false;

  constructor(ports: CallerPorts) {
    this.#ports = ports;
  }

  /** Opens or closes the way over the WebSocket API. What was under way on a lost session has an unknown fate. */
  useSession(session: Session | null, now: Micros): void {
    const isLost = this.#session !== null && this.#session.stream !== session?.stream;
    this.#session = session;
    if (!isLost) return;
    for (const [id, call] of [...this.#pending]) {
      if (call.viaSession)
        this.#finish(id, { kind: "failed", cause: "connection lost before the reply", written: true }, now);
    }
  }

  /** Whether a reply of the WebSocket API is still to come. */
  isSessionBusy(): boolean {
    return [...this.#pending.values()].some((call) => call.viaSession);
  }

  /** Takes what something costs from the rate budget. @returns null: it may leave */
  admit(cost: Cost, now: Micros): HeldBack | null {
    const time = this.#exchangeTime(now);
    const admission = this.#ports.budget.admit(cost, time);
    if (admission.ok) return null;
    const until = micros(Math.max(now, admission.until - (time - now)));
    return { kind: "held-back", cause: admission.cause, until };
  }

  call(request: WireRequest, options: CallOptions, now: Micros): void {
    if (this.#pending.size >= pendingMax) {
      options.done({ kind: "held-back", cause: `more than ${pendingMax} requests under way`, until: now }, now);
      return;
    }
    const heldBack = this.admit(request, now);
    if (heldBack !== null) return options.done(heldBack, now);
    const id = this.#nextId;
    this.#nextId += 1;
    // What became of an order is not asked where nobody answers: each try would be a time-out in which it stays in doubt (I-05).
    const isBySession = request.wsMethod !== null && !(this.#isSessionSilent && request.method === "GET");
    const session = isBySession ? this.#session : null;
    const isRead = session === null && request.method === "GET";
    this.#pending.set(id, { options, viaSession: session !== null, isRead });
    this.#ports.timers.set(id, plus(now, this.#ports.replyTimeout), (then) => this.#overdueAt(id, then));
    this.#ports.send(this.#encode(id, request, options.host ?? "fapi", session, now));
  }

  onSessionReply(reply: SessionReply, now: Micros): void {
    const { id, status, error, result } = reply;
    this.#sessionHeardAt = now;
    this.#isSessionSilent = false;
    this.heedSession(reply, now);
    if (id !== null) return this.#answered(Number(id), { status, body: error ?? result ?? null }, null, now);
    if (error === undefined) return;
    // Limits, too, are told without a request: only what is said of the key takes the session away.
    if (isAuthorityLost(error.code)) this.#ports.onSessionRevoked(error.code, now);
    else this.#ports.onUnclaimed(status, error.code);
  }

  /** What a reply on the WebSocket API means for all requests, also where it is none to a call of ours. */
  heedSession({ status, error, rateLimits }: SessionReply, now: Micros): void {
    if (rateLimits !== undefined) this.#ports.budget.learnLimits(rateLimits, this.#exchangeTime(now));
    this.#heed(status, error ?? null, noHeaders, now);
  }

  /**
   * The WebSocket API would not be connected to. Its limits are those of REST, while a 403 of its firewall says nothing of
   * the other host's (binance-usdm.md §7.4; failure-catalogue F-18).
   */
  onUpgradeRefused(status: number, now: Micros): void {
    if (status === 429 || status === 418) this.#silence(status, null, noHeaders, now);
  }

  onHttp(event: Extract<TransportEvent, { kind: "http-reply" | "http-failed" }>, now: Micros): void {
    if (event.kind === "http-failed") {
      this.#finish(event.id, { kind: "failed", cause: event.cause, written: event.written }, now);
      return;
    }
    this.#ports.budget.learn(event.headers, this.#exchangeTime(now));
    const call = this.#pending.get(event.id);
    const isPlain = call?.options.asBytes === true && event.status === 200;
    const text = isPlain ? "" : decoder.decode(event.body);
    const reply: Reply = { status: event.status, body: isPlain ? {} : parsed(text), text };
    this.#heed(event.status, errorIn(reply.body), event.headers, now);
    this.#answered(event.id, reply, isPlain ? event.body : null, now);
  }

  #encode(id: number, request: WireRequest, host: RestHost, session: Session | null, now: Micros): TransportRequest {
    const { signer } = this.#ports;
    const timestamp = exchangeMillis(now, this.#ports.clock());
    if (session !== null && request.wsMethod !== null) {
      const text = socketText(id, request.wsMethod, request.params, timestamp, signer, session.isLoggedOn);
      return { kind: "send-stream", stream: session.stream, text };
    }
    const query = queryText(request.params, request.access === "signed" ? timestamp : null, signer);
    const keyed = request.access !== "none";
    return { kind: "http", id, host, method: request.method, path: request.path, query, keyed };
  }

  #answered(id: number, reply: Reply, bytes: Uint8Array | null, now: Micros): void {
    if (this.#pending.has(id)) {
      this.#finish(id, { kind: "reply", reply, bytes }, now);
      return;
    }
    const late = this.#overdue.get(id);
    this.#overdue.delete(id);
    late?.options.late?.(reply, now);
  }

  /** What a reply means for all requests: limits and the clock. */
  #heed(status: number, error: ErrorBody | null, headers: ReplyHeaders, now: Micros): void {
    // 403 is the firewall's way to say the same.
    if (status === 429 || status === 418 || status === 403) this.#silence(status, error, headers, now);
    if (error !== null && meaningOf(error.code) === "clock") this.#ports.onClockRefused(now);
  }

  #silence(status: number, error: ErrorBody | null, headers: ReplyHeaders, now: Micros): void {
    const { code, msg: message } = error ?? { code: null, msg: "" };
    const until = this.#ports.budget.silence({ status, code, message }, headers, this.#exchangeTime(now));
    this.#ports.onSilence(status, until, now);
  }

  #overdueAt(id: number, now: Micros): void {
    const call = this.#pending.get(id);
    if (call === undefined) return;
    // It is asked again as a rule: where replies are lost, requests would pile up that nobody waits for (failure-catalogue F-17).
    if (call.isRead && call.options.late === undefined) this.#ports.send({ kind: "give-up-http", id });
    else this.#keepOverdue(id, call);
    this.#finish(id, { kind: "failed", cause: "no reply in time", written: true }, now);
    const isSilent = this.#sessionHeardAt <= now - this.#ports.replyTimeout;
    if (!call.viaSession || !isSilent) return;
    this.#isSessionSilent = true;
    this.#ports.onSessionSilent(now);
  }

  /** A late reply is a fact still, as long as not too many are waited for (I-19). */
  #keepOverdue(id: number, call: Call): void {
    this.#overdue.set(id, call);
    const reads = [...this.#overdue].filter(([, { isRead }]) => isRead);
    const [oldestRead] = reads;
    if (reads.length > overdueReadsMax && oldestRead !== undefined) {
      this.#overdue.delete(oldestRead[0]);
      this.#ports.send({ kind: "give-up-http", id: oldestRead[0] });
    }
    const [oldest] = this.#overdue.keys();
    if (this.#overdue.size > overdueMax && oldest !== undefined) this.#overdue.delete(oldest);
  }

  #finish(id: number, answer: Answer, now: Micros): void {
    const call = this.#pending.get(id);
    if (call === undefined) return;
    this.#pending.delete(id);
    this.#ports.timers.clear(id);
    call.options.done(answer, now);
  }

  #exchangeTime(now: Micros): Micros {
    return plus(now, this.#ports.clock().offset);
  }
}

/** Reads what the WebSocket API said; null when it is no reply. */
export function readSessionReply(text: string): SessionReply | null {
  const reply = WsReply.safeParse(parsed(text));
  return reply.success ? reply.data : null;
}

/** Null when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
