/**
 * The connection of the WebSocket API: HMAC keys sign each request, an Ed25519 key logs on once. Until the session
 * stands, requests go by REST, and so they do while the rate budget holds its handshake or its log-on back.
 *
 * @see binance-usdm.md §7.4; failure-catalogue F-18
 */

import { type Micros, plus } from "../domain/units.ts";
import { type Caller, readSessionReply, type SessionReply } from "./caller.ts";
import { type ClockOffset, exchangeMillis } from "./clock-offset.ts";
import type { Connections } from "./connections.ts";
import type { Cost } from "./rate-budget.ts";
import { socketText } from "./signing.ts";
import type { Timers } from "./timers.ts";
import type { Signer, TransportRequest } from "./transport.ts";

export type SessionPorts = {
  readonly timers: Timers;
  readonly caller: Caller;
  readonly connections: Pick<Connections, "open" | "openAfter" | "drop">;
  readonly signer: Signer;
  readonly clock: () => ClockOffset;
  readonly replyTimeout: Micros;
  readonly send: (request: TransportRequest) => void;
  /** requests go this way from now on */
  readonly onReady: (now: Micros) => void;
  readonly onUnreadable: () => void;
};

/** Both wait behind whatever manages what is open: that goes by REST meanwhile. @see binance-usdm.md §7.4 */
const handshake: Cost = { weight: 5, orders: 0, priority: "query" };
const logon: Cost = { weight: 2, orders: 0, priority: "query" };

export class Session {
  readonly #ports: SessionPorts;
  #stream = 0;
  /** below zero, so that it never meets the number of a request */
  #logonId = 0;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  open(now: Micros): void {
    const { caller, connections } = this.#ports;
    const heldBack = caller.admit(handshake, now);
    if (heldBack === null) connections.open("ws-api", "/ws-fapi/v1", now);
    else connections.openAfter("ws-api", heldBack.until);
  }

  onOpen(stream: number, now: Micros): void {
    this.#stream = stream;
    if (this.#ports.signer.kind === "hmac") this.#use(false, now);
    else this.#logOn(now);
  }

  onDown(now: Micros): void {
    this.#ports.timers.clear("logon");
    this.#ports.caller.useSession(null, now);
  }

  onMessage(text: string, now: Micros): void {
    const reply = readSessionReply(text);
    if (reply === null) this.#ports.onUnreadable();
    else if (this.#logonId < 0 && reply.id === this.#logonId) this.#onLogon(reply, now);
    else this.#ports.caller.onSessionReply(reply, now);
  }

  #logOn(now: Micros): void {
    const { caller, signer, timers } = this.#ports;
    const heldBack = caller.admit(logon, now);
    if (heldBack !== null) return timers.set("logon", heldBack.until, (then) => this.#logOn(then));
    this.#logonId -= 1;
    const timestamp = exchangeMillis(now, this.#ports.clock());
    const text = socketText(this.#logonId, "session.logon", {}, timestamp, signer, false);
    this.#ports.send({ kind: "send-stream", stream: this.#stream, text });
    timers.set("logon", plus(now, this.#ports.replyTimeout), (then) => this.#drop("no reply to the log-on", then));
  }

  #onLogon(reply: SessionReply, now: Micros): void {
    this.#ports.timers.clear("logon");
    this.#ports.caller.heedSession(reply, now);
    if (reply.status === 200) this.#use(true, now);
    else this.#drop(`log-on refused: ${reply.status} ${reply.error?.code ?? ""}`, now);
  }

  #drop(cause: string, now: Micros): void {
    this.#ports.connections.drop("ws-api", cause, now);
  }

  #use(isLoggedOn: boolean, now: Micros): void {
    this.#ports.caller.useSession({ stream: this.#stream, isLoggedOn }, now);
    this.#ports.onReady(now);
  }
}
