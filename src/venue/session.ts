/**
 * The connection of the WebSocket API: HMAC keys sign each request, an Ed25519 key logs on once. Until the session
 * stands, requests go by REST.
 *
 * @see binance-usdm.md §7.4
 */

import { type Micros, plus } from "../domain/units.ts";
import { type Caller, readSessionReply, type SessionReply } from "./caller.ts";
import { type ClockOffset, exchangeMillis } from "./clock-offset.ts";
import { socketText } from "./signing.ts";
import type { Timers } from "./timers.ts";
import type { Signer, TransportRequest } from "./transport.ts";

export type SessionPorts = {
  readonly timers: Timers;
  readonly caller: Caller;
  readonly signer: Signer;
  readonly clock: () => ClockOffset;
  readonly replyTimeout: Micros;
  readonly send: (request: TransportRequest) => void;
  readonly drop: (cause: string, now: Micros) => void;
  /** requests go this way from now on */
  readonly onReady: (now: Micros) => void;
  readonly onUnreadable: () => void;
};

export class Session {
  readonly #ports: SessionPorts;
  #stream = 0;
  /** below zero, so that it never meets the number of a request */
  #logonId = 0;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  onOpen(stream: number, now: Micros): void {
    this.#stream = stream;
    const { signer, timers } = this.#ports;
    if (signer.kind === "hmac") return this.#use(false, now);
    this.#logonId -= 1;
    const timestamp = exchangeMillis(now, this.#ports.clock());
    const text = socketText(this.#logonId, "session.logon", {}, timestamp, signer, false);
    this.#ports.send({ kind: "send-stream", stream, text });
    timers.set("logon", plus(now, this.#ports.replyTimeout), (then) =>
      this.#ports.drop("no reply to the log-on", then),
    );
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

  #onLogon(reply: SessionReply, now: Micros): void {
    this.#ports.timers.clear("logon");
    if (reply.status === 200) this.#use(true, now);
    else this.#ports.drop(`log-on refused: ${reply.status} ${reply.error?.code ?? ""}`, now);
  }

  #use(isLoggedOn: boolean, now: Micros): void {
    this.#ports.caller.useSession({ stream: this.#stream, isLoggedOn }, now);
    this.#ports.onReady(now);
  }
}
