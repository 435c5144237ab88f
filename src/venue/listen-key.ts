/**
 * The listen key: made, kept alive, and asked for again before every connection that uses it. The key is a secret and
 * leaves only as a path.
 *
 * @see binance-usdm.md §6.1; failure-catalogue F-06, F-34
 */

import type { z } from "zod";
import { meaningOf } from "../domain/error-policy.ts";
import type { Outcome } from "../domain/event.ts";
import { type Micros, micros, microsPerMinute, plus } from "../domain/units.ts";
import { type AskPorts, ask, verdictOf } from "./asking.ts";
import type { Answer } from "./caller.ts";
import { publicQuery, type WireRequest } from "./wire/encode.ts";
import { ListenKey } from "./wire/schemas.ts";

/** It lives 60 minutes; the exchange recommends a sign of life every 30. */
const lifetime = 60 * microsPerMinute;
const keepAliveInterval = 30 * microsPerMinute;

export type ListenKeyPorts = AskPorts & {
  /** a key is there, and this is where its stream is */
  readonly onKey: (path: string, now: Micros) => void;
  /** the key of the running connection is gone, or may be: that connection stays open and says nothing more */
  readonly onGone: (now: Micros) => void;
  readonly onOutcome: (outcome: Outcome, now: Micros) => void;
};

export class ListenKeyKeeper {
  readonly #ports: ListenKeyPorts;
  #key: string | null = null;
  #isAsking = false;

  constructor(ports: ListenKeyPorts) {
    this.#ports = ports;
  }

  /** Asks until there is a key. A living one is handed out again and extended, so asking is harmless. */
  obtain(now: Micros): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const then = ({ listenKey }: z.infer<typeof ListenKey>, at: Micros): void => {
      this.#isAsking = false;
      const isOther = this.#key !== null && this.#key !== listenKey;
      this.#key = listenKey;
      this.#keepLater(at);
      if (isOther) this.#ports.onGone(at);
      this.#ports.onKey(`/private/ws/${listenKey}`, at);
    };
    const heard = (outcome: Outcome, at: Micros): void => this.#ports.onOutcome(outcome, at);
    ask(this.#ports, { name: "listenKey", request: listenKeyRequest("POST"), schema: ListenKey, then, heard }, now);
  }

  #keepLater(now: Micros): void {
    this.#ports.timers.set("listen-key-end", plus(now, micros(lifetime)), (then) => this.#ports.onGone(then));
    this.#ports.timers.set("listen-key", plus(now, micros(keepAliveInterval)), (then) => this.#keep(then));
  }

  /** A failure that is no proof of a living key leads to asking for one. */
  #keep(now: Micros): void {
    const done = (answer: Answer, at: Micros): void => {
      const outcome = answer.kind === "held-back" ? null : verdictOf(answer).outcome;
      const isAnother = this.#namesAnother(answer);
      if (outcome?.kind === "ok" && !isAnother) return this.#keepLater(at);
      // The connection stays open and says nothing more, and a new key may be long in coming.
      const isRefused = outcome?.kind === "refused" && meaningOf(outcome.code) === "no-listen-key";
      if (isRefused || isAnother) this.#ports.onGone(at);
      this.obtain(at);
    };
    this.#ports.caller.call(listenKeyRequest("PUT"), { done }, now);
  }

  /** The request names no key: somebody may have closed ours and made another one, and that one was kept alive. */
  #namesAnother(answer: Answer): boolean {
    const kept = answer.kind === "reply" ? ListenKey.safeParse(answer.reply.body).data : undefined;
    return kept !== undefined && kept.listenKey !== this.#key;
  }
}

function listenKeyRequest(method: "POST" | "PUT"): WireRequest {
  return { ...publicQuery("/fapi/v1/listenKey", 1, {}), method, access: "key" };
}
