/**
 * Commands of the core on their way to the exchange and back. What is certainly not executed may be repeated with the
 * same client id while waiting helps; what is of unknown fate is never sent again from here.
 *
 * @see requirements SAF-1, SAF-2; failure-catalogue F-01, F-20
 */

import { meaningOf } from "../domain/error-policy.ts";
import type { CoreEvent, Outcome } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Micros, micros, plus } from "../domain/units.ts";
import type { AskPorts } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import type { Answer } from "./caller.ts";
import { type DecodedReply, decodeReply } from "./wire/decode.ts";
import { encodeCommand, type SingleCommand, type WireRequest } from "./wire/encode.ts";
import { classifyFailure, noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

/** 200, 400, 800 ms, at most so many. @see binance-usdm.md §3.6 */
const repeatBackoff: Backoff = { first: micros(200_000), most: micros(800_000) };
const repeatsMax = 3;

export type OrderPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  readonly byName: InstrumentsByName;
  /** milliseconds */
  readonly entryWindow: number;
  readonly emit: (event: CoreEvent) => void;
  readonly foreign: (detail: string) => void;
  /** the exchange has taken an order: the private stream must speak of it */
  readonly onTaken: (clientId: string, now: Micros) => void;
  readonly onRefused: (code: number, now: Micros) => void;
};

export class Orders {
  readonly #ports: OrderPorts;
  #serial = 0;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /** Answered by reports, if there are any, and then by one outcome. */
  send(command: SingleCommand, now: Micros): void {
    const request = encodeCommand(command, this.#ports.instruments, { recvWindow: this.#ports.entryWindow });
    this.#serial += 1;
    this.#attempt(command, request, this.#serial, 0, now);
  }

  #attempt(command: SingleCommand, request: WireRequest, serial: number, repeats: number, now: Micros): void {
    const done = (answer: Answer, then: Micros): void => {
      if (answer.kind === "held-back") {
        const message = `held back until ${answer.until}: ${answer.cause}`;
        this.#ports.emit({ kind: "outcome", command, outcome: { kind: "refused", code: noBudgetCode, message } });
        return;
      }
      const decoded = this.#decode(command, answer);
      this.#tell(decoded);
      if (mayRepeat(request, decoded, repeats)) {
        const wait = waitBefore(repeats, repeatBackoff, this.#ports.random);
        this.#ports.timers.set(`repeat:${serial}`, plus(then, wait), (due) =>
          this.#attempt(command, request, serial, repeats + 1, due),
        );
        return;
      }
      this.#conclude(command, decoded.verdict.outcome, then);
    };
    const late = (reply: Parameters<typeof decodeReply>[1]): void => {
      // The outcome was told as unknown and is being looked up; what the late reply reports is still a fact.
      this.#tell(decodeReply(command, reply, this.#ports.byName));
    };
    this.#ports.caller.call(request, { done, late }, now);
  }

  #decode(command: SingleCommand, answer: Exclude<Answer, { kind: "held-back" }>): DecodedReply {
    if (answer.kind === "reply") {
      return decodeReply(command, answer.reply, this.#ports.byName);
    }
    return { events: [], foreign: [], verdict: classifyFailure(answer.cause, answer.written) };
  }

  #tell(decoded: DecodedReply): void {
    for (const event of decoded.events) this.#ports.emit(event);
    for (const detail of decoded.foreign) this.#ports.foreign(detail);
  }

  #conclude(command: SingleCommand, outcome: Outcome, now: Micros): void {
    const isPlacement = command.kind === "place-order" || command.kind === "place-algo";
    if (isPlacement && outcome.kind === "ok") this.#ports.onTaken(clientIdOf(command), now);
    if (outcome.kind === "refused") this.#ports.onRefused(outcome.code, now);
    this.#ports.emit({ kind: "outcome", command, outcome });
  }
}

/** Entries are not repeated: their price and reason are old by then. A limit that was hit is waited for by its owner. */
function mayRepeat(request: WireRequest, { verdict }: DecodedReply, repeats: number): boolean {
  if (verdict.outcome.kind !== "refused" || verdict.treatment !== "retry" || repeats >= repeatsMax) return false;
  const meaning = meaningOf(verdict.outcome.code);
  const isLimit = meaning === "limit-of-address" || meaning === "limit-of-orders";
  return request.priority !== "entry" && !isLimit;
}

function clientIdOf(command: SingleCommand): string {
  return "clientAlgoId" in command ? command.clientAlgoId : command.clientOrderId;
}
