/**
 * The embedded exchange as a venue inside the process: commands take the same texts and replies the same schemas as on
 * the wire, only the sockets are missing. Each way takes the configured latency; nothing here reads a clock.
 */

import { ConfigError } from "../config/error.ts";
import type { CoreEvent, Outcome, SetUp } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Command, QueryHistory, QueryIncome } from "../domain/output.ts";
import { type Micros, micros } from "../domain/units.ts";
import type { Exchange, ExchangeRequest } from "../exchange/exchange.ts";
import { setUpSymbol } from "../venue/set-up.ts";
import { decodeAccount, decodeHistory, replyEvents } from "../venue/wire/decode.ts";
import {
  accountRequests,
  encodeCommand,
  historyRequests,
  type SingleCommand,
  type WireRequest,
} from "../venue/wire/encode.ts";
import { incomeEvents, incomeRequest } from "../venue/wire/income.ts";
import { stringifyJson } from "../venue/wire/lossless-json.ts";
import { classify } from "../venue/wire/outcome.ts";
import { type InstrumentsByName, instrumentsByName } from "../venue/wire/reports.ts";
import { decodeUserMessage } from "../venue/wire/user-events.ts";
import type { AccountWishes } from "./account-wishes.ts";

type Due =
  | { readonly at: number; readonly kind: "request"; readonly command: Command }
  | { readonly at: number; readonly kind: "events"; readonly events: readonly CoreEvent[] };

/** A symbol whose set-up proved nothing (there is no price yet) has its turn again after this long. */
const setUpWait = 250_000;

/** Messages on the way at once; a core that asks for more in one latency is broken. */
const inFlightMax = 10_000;

export class InProcessVenue {
  readonly #exchange: Exchange;
  readonly #byName: InstrumentsByName;
  readonly #latency: number;
  readonly #recvWindow: number;
  readonly #asset: string;
  /** due times never fall, because every way takes the same time */
  #queue: Due[] = [];
  #head = 0;
  /** symbols whose set-up is not proven, and when it is due */
  #unproven: readonly Instrument[] = [];
  #wishes: AccountWishes | null = null;
  #setUpAt = Number.POSITIVE_INFINITY;

  constructor(exchange: Exchange, latency: Micros, recvWindow: number) {
    this.#exchange = exchange;
    this.#byName = instrumentsByName(exchange.instruments);
    this.#latency = latency;
    this.#recvWindow = recvWindow;
    this.#asset = exchange.instruments[0]?.rules.quoteAsset ?? "USDT";
  }

  /** When {@link run} is due; infinite when nothing is on the way. Microseconds. */
  nextDue(): number {
    return Math.min(this.#queue[this.#head]?.at ?? Number.POSITIVE_INFINITY, this.#setUpAt);
  }

  /** Has the account set up for the instruments, symbol after symbol, as soon as there is a price. */
  setUp(wishes: AccountWishes, now: Micros): void {
    this.#wishes = wishes;
    this.#unproven = this.#exchange.instruments;
    this.#setUpAt = now + this.#latency;
  }

  /** Sends a command: it reaches the matching engine after the latency. */
  send(command: Command, now: Micros): void {
    this.#push({ at: now + this.#latency, kind: "request", command });
  }

  /** Takes what the exchange says of its own accord; called after each market event. */
  collect(now: Micros): void {
    if (!this.#exchange.hasEvents()) return;
    const events: CoreEvent[] = [];
    for (const event of this.#exchange.takeEvents()) {
      const message = decodeUserMessage(event, this.#asset, this.#byName);
      if (message.kind === "told") events.push(...message.events);
    }
    if (events.length > 0) this.#push({ at: now + this.#latency, kind: "events", events });
  }

  /** Does what is due at `now`; what has arrived for the core goes to `deliver`. */
  run(now: Micros, deliver: (event: CoreEvent, at: Micros) => void): void {
    if (now >= this.#setUpAt) this.#setUp(now);
    for (;;) {
      const due = this.#queue[this.#head];
      if (due === undefined || due.at > now) break;
      this.#head += 1;
      if (due.kind === "events") for (const event of due.events) deliver(event, micros(due.at));
      else this.#execute(due.command, micros(due.at));
    }
    if (this.#head > inFlightMax) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
  }

  #execute(command: Command, now: Micros): void {
    const events = this.#answerTo(command, now);
    this.collect(now);
    this.#push({ at: now + this.#latency, kind: "events", events });
  }

  #answerTo(command: Command, now: Micros): readonly CoreEvent[] {
    if (command.kind === "query-account") return this.#readAccount(command, now);
    if (command.kind === "query-history") return this.#readHistory(command, now);
    if (command.kind === "query-income") return this.#readIncome(command, now);
    return this.#request(command, now);
  }

  #request(command: SingleCommand, now: Micros): readonly CoreEvent[] {
    const request = encodeCommand(command, this.#exchange.instruments, { recvWindow: this.#recvWindow });
    const { status, body } = this.#exchange.request(asExchangeRequest(request), now);
    return replyEvents(command, { status, body, text: status === 200 ? "" : stringifyJson(body) }, this.#byName);
  }

  #setUp(now: Micros): void {
    const wishes = this.#wishes;
    if (wishes === null) return;
    const events: CoreEvent[] = [];
    const left = this.#unproven.filter((instrument) => {
      const setUp = this.#converse(instrument, wishes, now);
      events.push({ kind: "set-up", symbol: instrument.index, ...setUp });
      return setUp.state === "pending";
    });
    this.collect(now);
    this.#push({ at: now + this.#latency, kind: "events", events });
    this.#unproven = left;
    this.#setUpAt = left.length === 0 ? Number.POSITIVE_INFINITY : now + setUpWait;
  }

  /** @throws {ConfigError} the exchange can never be set up so */
  #converse(instrument: Instrument, wishes: AccountWishes, now: Micros): SetUp {
    const { instruments } = this.#exchange;
    const conversation = setUpSymbol(instruments, instrument, {
      leverage: wishes.leverageOf(instrument.symbol),
      marginType: wishes.marginType,
      prefix: wishes.orderIdPrefix,
      stopDistance: wishes.stopProofDistance,
      attempt: 1,
      isStopProven: false,
      isAccountInDoubt: false,
    });
    let step = conversation.next();
    while (step.done !== true) {
      const { status, body } = this.#exchange.request(asExchangeRequest(step.value.request), now);
      const { outcome } = classify({ status, body }, "query");
      step = conversation.next(outcome.kind === "ok" ? { kind: "ok", body } : outcome);
    }
    if (step.value.state === "impossible") throw new ConfigError([step.value.message]);
    return step.value;
  }

  #readAccount(command: Command, now: Micros): readonly CoreEvent[] {
    const read = (request: WireRequest): unknown => this.#exchange.request(asExchangeRequest(request), now).body;
    const account = decodeAccount(
      {
        balance: read(accountRequests.balance),
        positions: read(accountRequests.positions),
        orders: read(accountRequests.orders),
        algos: read(accountRequests.algos),
      },
      this.#asset,
      this.#byName,
      { requestedAt: now, asOf: now },
    );
    if (account.kind === "unproven") {
      const { cause } = account;
      const outcome: Outcome = { kind: "unknown", cause };
      return [
        { kind: "account-unproven", cause },
        { kind: "outcome", command, outcome },
      ];
    }
    return [...account.events, account.snapshot, { kind: "outcome", command, outcome: { kind: "ok" } }];
  }

  #readHistory(command: QueryHistory, now: Micros): readonly CoreEvent[] {
    const read = (request: WireRequest): unknown => this.#exchange.request(asExchangeRequest(request), now).body;
    const requests = historyRequests(command, this.#exchange.instruments);
    const report = decodeHistory(
      command,
      { orders: read(requests.orders), trades: read(requests.trades) },
      this.#byName,
    );
    const outcome: Outcome = report === null ? { kind: "unknown", cause: "unreadable history" } : { kind: "ok" };
    return [...(report === null ? [] : [report]), { kind: "outcome", command, outcome }];
  }

  #readIncome(command: QueryIncome, now: Micros): readonly CoreEvent[] {
    const { body } = this.#exchange.request(asExchangeRequest(incomeRequest(command.since)), now);
    return incomeEvents(command, body, this.#asset, this.#byName);
  }

  #push(due: Due): void {
    if (this.#queue.length - this.#head >= inFlightMax) throw new Error(`more than ${inFlightMax} messages on the way`);
    this.#queue.push(due);
  }
}

/** A query has texts only. */
export function asExchangeRequest({ method, path, params }: WireRequest): ExchangeRequest {
  const texts: Record<string, string> = {};
  for (const name in params) texts[name] = `${params[name]}`;
  return { method, path, params: texts };
}
