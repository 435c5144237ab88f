/**
 * The wire between the core and the embedded exchange, in process: commands take the same texts and replies the same
 * schemas as on the sockets. What goes wrong on the way is a list of data, so that a failing story can be pasted into a
 * test.
 */

import type { CoreEvent, Outcome } from "../../../src/domain/event.ts";
import type { Instrument } from "../../../src/domain/instrument.ts";
import type { Command, QueryHistory } from "../../../src/domain/output.ts";
import { type Micros, microsFromMillis } from "../../../src/domain/units.ts";
import type { Exchange, UserEvent } from "../../../src/exchange/exchange.ts";
import { asExchangeRequest } from "../../../src/host/in-process-venue.ts";
import { decodeAccount, decodeHistory, replyEvents } from "../../../src/venue/wire/decode.ts";
import { accountRequests, encodeCommand, historyRequests } from "../../../src/venue/wire/encode.ts";
import { incomeEvents, incomeRequest } from "../../../src/venue/wire/income.ts";
import { stringifyJson } from "../../../src/venue/wire/lossless-json.ts";
import { type InstrumentsByName, instrumentsByName } from "../../../src/venue/wire/reports.ts";
import { decodeUserMessage } from "../../../src/venue/wire/user-events.ts";
import { FaultList } from "./faults.ts";
import { Queue } from "./queue.ts";

export type Fault =
  /** it never arrives; after the reply time-out its fate is unknown */
  | { readonly kind: "request-lost" }
  /** it is executed; after the reply time-out its fate is unknown */
  | { readonly kind: "reply-lost" }
  /** it is answered with a refusal and not executed */
  | { readonly kind: "refused"; readonly code: number }
  /** it is answered so, whatever the exchange would say; through the adapter only */
  | {
      readonly kind: "answered";
      readonly status: number;
      readonly body: string;
      readonly executes?: boolean;
      readonly retryAfterSeconds?: number;
    }
  /** the connection breaks: after it was executed, or before it left; through the adapter and by REST only */
  | { readonly kind: "reset" | "unsent" }
  /** a read that is answered with what was so this long ago; through the adapter only */
  | { readonly kind: "stale"; readonly ms: number }
  | { readonly kind: "request-late" | "reply-late"; readonly ms: number }
  /** of a message of the private stream */
  | { readonly kind: "untold" }
  | { readonly kind: "told-late" | "told-twice" | "told-late-twice"; readonly ms: number };

export type ScriptedFault = {
  /**
   * What it happens to: a request (`place-order e1`, `query-account`) or a message of the private stream (`report e1
   * FILLED`, `algo f1 TRIGGERED`, `account`); a star at the end stands for any rest
   */
  readonly on: string;
  readonly fault: Fault;
  /** how often; once unless said */
  readonly times?: number;
};

/** Sees everything that passes, with the time at which it does. */
export type WireObserver = {
  /** the core has asked for it */
  readonly sent: (command: Command, at: Micros) => void;
  /** the exchange is about to execute it */
  readonly arrived: (command: Command, at: Micros) => void;
  /** the exchange has said it, whether or not anybody hears */
  readonly said: (event: UserEvent, at: Micros) => void;
  /** the core is about to be told */
  readonly told: (event: CoreEvent, at: Micros) => void;
  /** a scripted fault happens */
  readonly troubled: (fault: Fault, name: string, at: Micros) => void;
};

export type WireOptions = {
  readonly exchange: Exchange;
  readonly latencyMs: number;
  readonly replyTimeoutMs: number;
  readonly recvWindowMs: number;
  readonly observer: WireObserver;
  readonly deliver: (event: CoreEvent, at: Micros) => void;
};

/** Between a story and the exchange, whether through the adapter or not. */
export interface VenueWire {
  /** while true, what the private stream says is lost */
  isStreamDown: boolean;
  script(faults: readonly ScriptedFault[]): void;
  /** a process begins */
  start(now: Micros): void;
  /** The process is gone: nobody hears what is on its way to it. What it sent still arrives. */
  orphan(): void;
  /** From now on nothing goes wrong any more. */
  heal(): void;
  /** the private stream breaks off, and comes back */
  disconnect(now: Micros): void;
  reconnect(now: Micros): void;
  /** When {@link run} is due; infinite when nothing is on the way. */
  nextDue(): number;
  send(command: Command, now: Micros): void;
  /** Takes what the exchange says of its own accord; called after each market event. */
  collect(now: Micros): void;
  run(now: Micros): void;
  /** The process stands still: the exchange goes on, and what it says waits until `until`. */
  pause(until: Micros): void;
}

/** Receive window of requests that name none. @see binance-usdm.md §1 */
const usualWindow = microsFromMillis(5_000);
const outsideWindow = -1021;

export class Wire implements VenueWire {
  isStreamDown = false;
  readonly #options: WireOptions;
  readonly #byName: InstrumentsByName;
  readonly #latency: number;
  readonly #queue = new Queue();
  readonly #faults: FaultList;
  /** answers are for the process that asked */
  #life = 0;

  constructor(options: WireOptions) {
    this.#options = options;
    this.#latency = microsFromMillis(options.latencyMs);
    this.#byName = instrumentsByName(options.exchange.instruments);
    this.#faults = new FaultList(options.observer.troubled);
  }

  script(faults: readonly ScriptedFault[]): void {
    this.#faults.add(faults);
  }

  start(): void {
    this.isStreamDown = false;
  }

  orphan(): void {
    this.isStreamDown = true;
    this.#queue.keep("exchange");
    this.#life += 1;
  }

  heal(): void {
    this.#faults.clear();
    this.isStreamDown = false;
  }

  disconnect(now: Micros): void {
    this.isStreamDown = true;
    this.#options.deliver({ kind: "private-stream", alive: false }, now);
  }

  reconnect(now: Micros): void {
    this.isStreamDown = false;
    this.#options.deliver({ kind: "private-stream", alive: true }, now);
  }

  nextDue(): number {
    return this.#queue.nextDue();
  }

  send(command: Command, now: Micros): void {
    const { observer } = this.#options;
    observer.sent(command, now);
    const fault = this.#faults.on(nameOfCommand(command), now);
    if (fault?.kind === "request-lost") return this.#answerUnknown(command, now);
    const late = fault?.kind === "request-late" ? microsFromMillis(fault.ms) : 0;
    const life = this.#life;
    this.#queue.push(now + this.#latency + late, "exchange", (at) => {
      if (life !== this.#life) return this.#executeUnheard(command, now, at);
      if (fault?.kind === "refused") return this.#refuse(command, fault.code, at);
      if (at - now > this.#windowOf(command)) return this.#refuse(command, outsideWindow, at);
      observer.arrived(command, at);
      const events = this.#execute(command, at);
      this.collect(at);
      if (fault?.kind === "reply-lost") return this.#answerUnknown(command, now);
      this.#answer(command, events, now, at + (fault?.kind === "reply-late" ? microsFromMillis(fault.ms) : 0));
    });
  }

  #executeUnheard(command: Command, sentAt: Micros, at: Micros): void {
    if (at - sentAt > this.#windowOf(command)) return;
    this.#options.observer.arrived(command, at);
    this.#execute(command, at);
    this.collect(at);
  }

  collect(now: Micros): void {
    for (const event of this.#options.exchange.takeEvents()) {
      this.#options.observer.said(event, now);
      const message = decodeUserMessage(event, "USDT", this.#byName);
      if (message.kind !== "told" || this.isStreamDown) continue;
      const tell = (at: Micros): void => {
        for (const told of message.events) this.#tell(told, at);
      };
      const fault = this.#faults.on(nameOfEvent(event), now);
      for (const late of latenessOf(fault)) this.#queue.push(now + this.#latency + late, "core", tell);
    }
  }

  run(now: Micros): void {
    this.#queue.run(now);
  }

  pause(until: Micros): void {
    this.#queue.pause(until);
  }

  #execute(command: Command, now: Micros): readonly CoreEvent[] {
    const { exchange, recvWindowMs } = this.#options;
    if (command.kind === "query-account") return this.#readAccount(now);
    if (command.kind === "query-history") return this.#readHistory(command, now);
    if (command.kind === "query-income") {
      const { body } = exchange.request(asExchangeRequest(incomeRequest(command.since)), now);
      return incomeEvents(command, body, "USDT", this.#byName);
    }
    const request = encodeCommand(command, exchange.instruments, { recvWindow: recvWindowMs });
    const { status, body } = exchange.request(asExchangeRequest(request), now);
    return replyEvents(command, { status, body, text: status === 200 ? "" : stringifyJson(body) }, this.#byName);
  }

  #readAccount(now: Micros): readonly CoreEvent[] {
    const read = (path: string): unknown =>
      this.#options.exchange.request({ method: "GET", path, params: {} }, now).body;
    const account = decodeAccount(
      {
        balance: read(accountRequests.balance.path),
        positions: read(accountRequests.positions.path),
        orders: read(accountRequests.orders.path),
        algos: read(accountRequests.algos.path),
      },
      "USDT",
      this.#byName,
      { requestedAt: now, asOf: now },
    );
    const command = { kind: "query-account" } as const;
    if (account.kind === "unproven") {
      const { cause } = account;
      return [{ kind: "account-unproven", cause }, outcomeOf(command, { kind: "unknown", cause })];
    }
    return [...account.events, account.snapshot, { kind: "outcome", command, outcome: { kind: "ok" } }];
  }

  #readHistory(command: QueryHistory, now: Micros): readonly CoreEvent[] {
    const { exchange } = this.#options;
    const requests = historyRequests(command, exchange.instruments);
    const read = (request: typeof requests.orders): unknown => exchange.request(asExchangeRequest(request), now).body;
    const report = decodeHistory(
      command,
      { orders: read(requests.orders), trades: read(requests.trades) },
      this.#byName,
    );
    if (report === null) return [outcomeOf(command, { kind: "unknown", cause: "unreadable history" })];
    return [report, outcomeOf(command, { kind: "ok" })];
  }

  #answer(command: Command, events: readonly CoreEvent[], sentAt: Micros, leavesAt: number): void {
    const at = leavesAt + this.#latency;
    const timeout = this.#timeoutOf(sentAt);
    const [reports, rest] = [events.filter(isNoOutcome), events.filter((event) => !isNoOutcome(event))];
    // What a late reply reports is still news; its outcome was given long ago.
    this.#queue.push(at, "core", (then) => {
      for (const event of at < timeout ? [...reports, ...rest] : reports) this.#tell(event, then);
    });
    if (at >= timeout) this.#answerUnknown(command, sentAt);
  }

  #refuse(command: Command, code: number, now: Micros): void {
    const body = { code, msg: "refused by script" };
    const events =
      command.kind === "query-account" || command.kind === "query-history" || command.kind === "query-income"
        ? [outcomeOf(command, { kind: "unknown", cause: `refused with ${code}` })]
        : replyEvents(command, { status: 400, body, text: "" }, this.#byName);
    this.#queue.push(now + this.#latency, "core", (at) => {
      for (const event of events) this.#tell(event, at);
    });
  }

  #answerUnknown(command: Command, sentAt: Micros): void {
    const event = outcomeOf(command, { kind: "unknown", cause: "no reply in time" });
    this.#queue.push(this.#timeoutOf(sentAt), "core", (at) => this.#tell(event, at));
  }

  #timeoutOf(sentAt: Micros): number {
    return sentAt + microsFromMillis(this.#options.replyTimeoutMs);
  }

  #windowOf(command: Command): number {
    const isEntry = command.kind === "place-order" && !command.reduceOnly;
    return isEntry ? microsFromMillis(this.#options.recvWindowMs) : usualWindow;
  }

  #tell(event: CoreEvent, at: Micros): void {
    this.#options.observer.told(event, at);
    this.#options.deliver(event, at);
  }
}

/** `place-order e1`: the kind, and the part of the id that says what the order is for. */
export function nameOfCommand(command: Command): string {
  const id = clientIdOf(command);
  return id === null ? command.kind : `${command.kind} ${partOf(id)}`;
}

function clientIdOf(command: Command): string | null {
  if ("clientOrderId" in command) return command.clientOrderId;
  return "clientAlgoId" in command ? command.clientAlgoId : null;
}

/** `e1` of `sd-3k9f2x1a-e1-7q`; `t1_1` of a first target. */
function partOf(clientId: string): string {
  return clientId.split("-").at(2) ?? clientId;
}

export function onlyInstrument(exchange: Exchange): Instrument {
  const [instrument] = exchange.instruments;
  if (instrument === undefined) throw new Error("the exchange lists nothing");
  return instrument;
}

export function nameOfEvent(event: UserEvent): string {
  const inner = event["o"];
  if (event.e === "ACCOUNT_UPDATE" || typeof inner !== "object" || inner === null) return "account";
  const kind = event.e === "ALGO_UPDATE" ? "algo" : "report";
  const id = String(Reflect.get(inner, kind === "algo" ? "caid" : "c"));
  return `${kind} ${partOf(id)} ${String(Reflect.get(inner, "X"))}`;
}

/** When a message of the private stream is told, each time; microseconds after its turn. */
export function latenessOf(fault: Fault | null): readonly number[] {
  switch (fault?.kind) {
    case "untold":
      return [];
    case "told-late":
      return [microsFromMillis(fault.ms)];
    case "told-twice":
      return [0, microsFromMillis(fault.ms)];
    case "told-late-twice":
      return [microsFromMillis(fault.ms), microsFromMillis(2 * fault.ms)];
    default:
      return [0];
  }
}

function isNoOutcome(event: CoreEvent): boolean {
  return event.kind !== "outcome";
}

function outcomeOf(command: Command, outcome: Outcome): CoreEvent {
  return { kind: "outcome", command, outcome };
}
