/**
 * Commands of the core on their way to the exchange and back. What is certainly not executed may be repeated with the
 * same client id while waiting helps, entries excepted, whose price and reason are old by then; what is of unknown fate is
 * never sent again from here.
 *
 * @see requirements SAF-1, SAF-2; failure-catalogue F-01, F-20
 */

import { meaningOf } from "../domain/error-policy.ts";
import type { CoreEvent, Outcome } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Micros, micros, plus, type SymbolIndex } from "../domain/units.ts";
import type { AskPorts } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import type { Answer } from "./caller.ts";
import { type DecodedReply, decodeReply } from "./wire/decode.ts";
import { encodeCommand, type Priority, type SingleCommand, type WireRequest } from "./wire/encode.ts";
import { classifyFailure, noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

/** 200, 400, 800 ms, at most so many. @see binance-usdm.md §3.6 */
const repeatBackoff: Backoff = { first: micros(200_000), most: micros(800_000) };
const repeatsMax = 3;
/** What waits for the budget, in the order in which it goes. Entries do not: their price and reason are old by then. */
const heldBack: readonly Priority[] = ["protection", "cancel"];

export type OrderPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  readonly byName: InstrumentsByName;
  /** milliseconds */
  readonly entryWindow: number;
  /** the fate of a request that is not answered within this is unknown */
  readonly replyTimeout: Micros;
  readonly emit: (event: CoreEvent) => void;
  readonly foreign: (detail: string) => void;
  /** the private stream has spoken of the order */
  readonly hasHeard: (clientId: string) => boolean;
  /** the exchange has taken an order: the private stream must speak of it */
  readonly onTaken: (clientId: string, now: Micros) => void;
  readonly onRefused: (symbol: SymbolIndex, code: number, writtenAt: Micros, now: Micros) => void;
};

type Sending = {
  readonly command: SingleCommand;
  readonly request: WireRequest;
  readonly serial: number;
  /** when it was first asked for */
  readonly since: Micros;
};

export class Orders {
  readonly #ports: OrderPorts;
  /** placements that wait for another attempt, by client id */
  readonly #waiting = new Map<string, Sending>();
  #serial = 0;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
  }

  /** Answered by reports, if there are any, and then by one outcome. */
  send(command: SingleCommand, now: Micros): void {
    const request = encodeCommand(command, this.#ports.instruments, { recvWindow: this.#ports.entryWindow });
    this.#serial += 1;
    this.#attempt({ command, request, serial: this.#serial, since: now }, 0, now);
  }

  /** The private stream speaks of an order: what waits for another attempt has arrived already (failure-catalogue F-09). */
  onHeard(clientId: string, now: Micros): void {
    const sending = this.#waiting.get(clientId);
    if (sending === undefined) return;
    this.#waiting.delete(clientId);
    this.#ports.timers.clear(nameOf(sending));
    this.#conclude(sending.command, { kind: "ok" }, now);
  }

  #attempt(sending: Sending, repeats: number, now: Micros): void {
    const { command, request } = sending;
    this.#waiting.delete(clientIdOf(command));
    const done = (answer: Answer, then: Micros): void => {
      if (answer.kind === "held-back") return this.#holdBack(sending, repeats, answer, then);
      const decoded = this.#decode(command, answer);
      this.#tell(decoded);
      const { outcome, treatment } = decoded.verdict;
      const isFailure = outcome.kind === "refused" && treatment === "retry";
      // Said to have failed, and there all the same: another attempt would only meet it (failure-catalogue F-09).
      if (isFailure && isPlacement(command) && this.#ports.hasHeard(clientIdOf(command))) {
        return this.#conclude(command, { kind: "ok" }, then);
      }
      if (!isFailure || request.priority === "entry" || repeats >= repeatsMax) {
        if (outcome.kind === "refused") this.#ports.onRefused(command.symbol, outcome.code, sending.since, then);
        return this.#conclude(command, outcome, then);
      }
      // Where a limit was hit the budget knows its end: it holds the next attempt back until then.
      const wait = waitBefore(repeats, repeatBackoff, this.#ports.random);
      this.#later(sending, repeats + 1, plus(then, wait));
    };
    const late = (reply: Parameters<typeof decodeReply>[1]): void => {
      // The outcome was told as unknown and is being looked up; what the late reply reports is still a fact.
      const decoded = decodeReply(command, reply, this.#ports.byName);
      this.#tell(decoded);
      const { outcome } = decoded.verdict;
      if (!isLookUp(command) || outcome.kind !== "refused" || meaningOf(outcome.code) !== "absent") return;
      const { symbol } = command;
      this.#ports.emit({ kind: "found-nothing", symbol, clientOrderId: clientIdOf(command), askedAt: now });
    };
    this.#ports.caller.call(request, { done, late }, now);
  }

  /**
   * What protects waits for a near end: as long as a reply may take nothing else is known of it either. Protection goes
   * before cancels when the end comes; a longer silence is told, so that another way out can be thought of, and with its end,
   * so that what protects can be sent then and not after a wait that nobody needs (failure-catalogue I-01, F-18).
   */
  #holdBack(sending: Sending, repeats: number, answer: Extract<Answer, { kind: "held-back" }>, now: Micros): void {
    const { command, request, since } = sending;
    const rank = heldBack.indexOf(request.priority);
    if (rank >= 0 && answer.until > now && answer.until <= since + this.#ports.replyTimeout) {
      return this.#later(sending, repeats, plus(answer.until, micros(rank)));
    }
    const message = `held back until ${answer.until}: ${answer.cause}`;
    const end = answer.until > now ? { until: answer.until } : {};
    this.#ports.emit({ kind: "outcome", command, outcome: { kind: "refused", code: noBudgetCode, message, ...end } });
  }

  #later(sending: Sending, repeats: number, at: Micros): void {
    const { command } = sending;
    if (isPlacement(command)) this.#waiting.set(clientIdOf(command), sending);
    this.#ports.timers.set(nameOf(sending), at, (due) => this.#attempt(sending, repeats, due));
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
    if (isPlacement(command) && outcome.kind === "ok") this.#ports.onTaken(clientIdOf(command), now);
    this.#ports.emit({ kind: "outcome", command, outcome });
  }
}

function isPlacement({ kind }: SingleCommand): boolean {
  return kind === "place-order" || kind === "place-algo";
}

function isLookUp({ kind }: SingleCommand): boolean {
  return kind === "query-order" || kind === "query-algo";
}

/** Of the timer of the next attempt. */
function nameOf({ serial }: Sending): string {
  return `repeat:${serial}`;
}

function clientIdOf(command: SingleCommand): string {
  return "clientAlgoId" in command ? command.clientAlgoId : command.clientOrderId;
}
