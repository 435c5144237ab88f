/**
 * The private stream: user events for the core, and the question whether it is alive.
 *
 * An idle private stream says nothing, so silence alone proves nothing. It counts as alive from its opening with a fresh
 * key until something refutes it: a close, an expiry, or an order that the exchange took and the stream never spoke of.
 *
 * @see failure-catalogue F-06, F-17
 */

import type { CoreEvent } from "../domain/event.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, noMoney, plus } from "../domain/units.ts";
import type { Timers } from "./timers.ts";
import { parseJson } from "./wire/lossless-json.ts";
import type { InstrumentsByName } from "./wire/reports.ts";
import { decodeUserMessage } from "./wire/user-events.ts";

export type PrivateFeedPorts = {
  readonly timers: Timers;
  readonly notice: (notice: Notice) => void;
  readonly asset: string;
  readonly instruments: InstrumentsByName;
  /** an order that was taken must be spoken of within this */
  readonly firstMessage: Micros;
  readonly emit: (event: CoreEvent) => void;
  readonly foreign: (detail: string) => void;
  /** an order of this id was spoken of */
  readonly onHeard: (clientId: string, now: Micros) => void;
  /** the connection is worth nothing any more */
  readonly drop: (cause: string, now: Micros) => void;
  /** leverage, margin type or mode was changed, by us or by somebody else; null: of the whole account */
  readonly onConfigurationChanged: (symbol: string | null, now: Micros) => void;
};

/** Orders whose first event is awaited; beyond that, one more tells nothing new about the stream. */
const expectedMax = 64;
/** Client ids that the stream spoke of before their reply came. The oldest go first. */
const heardMax = 256;
/** Payments that are remembered: more than the stream could repeat. The oldest go first. */
const paidMax = 256;

export class PrivateFeed {
  readonly #ports: PrivateFeedPorts;
  readonly #expected = new Set<string>();
  readonly #heard = new Set<string>();
  readonly #paid = new Set<string>();
  #isAlive = false;

  constructor(ports: PrivateFeedPorts) {
    this.#ports = ports;
  }

  onOpen(): void {
    this.#setAlive(true);
  }

  onDown(): void {
    this.#setAlive(false);
    this.#forgetExpected();
  }

  /** An order was taken: an event about it must come. */
  expect(clientId: string, now: Micros): void {
    if (!this.#isAlive || this.#heard.has(clientId) || this.#expected.size >= expectedMax) return;
    this.#expected.add(clientId);
    this.#ports.timers.set(`expect:${clientId}`, plus(now, this.#ports.firstMessage), (then) => {
      this.#expected.delete(clientId);
      this.#ports.drop(`nothing was heard of ${clientId}`, then);
    });
  }

  /** Whether the stream has spoken of the order lately. */
  hasHeard(clientId: string): boolean {
    return this.#heard.has(clientId);
  }

  onMessage(text: string, now: Micros): void {
    const message = decodeUserMessage(jsonOrNull(text), this.#ports.asset, this.#ports.instruments);
    switch (message.kind) {
      case "told":
        for (const event of message.events) {
          this.#hear(event, now);
          const once = this.#withoutRepeated(event);
          if (once !== null) this.#ports.emit(once);
        }
        for (const detail of message.foreign) this.#ports.foreign(detail);
        return;
      case "listen-key-expired":
        return this.#ports.drop("listen key expired", now);
      case "configuration-changed":
        this.#note("warn", "ACCOUNT_CONFIGURATION_CHANGED", { item: message.symbol ?? "account" });
        return this.#ports.onConfigurationChanged(message.symbol, now);
      case "margin-call":
        return this.#note("error", "MARGIN_CALL", {});
      case "ignored":
        return;
      case "unknown":
        return this.#note("warn", "UNKNOWN_USER_EVENT", { type: message.type });
      default:
        throw new TypeError(`unhandled message ${message satisfies never}`);
    }
  }

  /** Money that was told is not told again: the stream may repeat itself, and a payment has no id there (F-28, F-88). */
  #withoutRepeated(event: CoreEvent): CoreEvent | null {
    if (event.kind === "funding") {
      return this.#isFirst(`funding ${event.symbol} ${event.amount} ${event.time}`) ? event : null;
    }
    if (event.kind !== "wallet" || event.transfer === noMoney) return event;
    return this.#isFirst(`transfer ${event.transfer} ${event.time}`) ? event : { ...event, transfer: noMoney };
  }

  #isFirst(payment: string): boolean {
    if (this.#paid.has(payment)) return false;
    this.#paid.add(payment);
    for (const oldest of this.#paid) {
      if (this.#paid.size <= paidMax) break;
      this.#paid.delete(oldest);
    }
    return true;
  }

  #hear(event: CoreEvent, now: Micros): void {
    const clientId =
      event.kind === "order-report" ? event.clientOrderId : event.kind === "algo-report" ? event.clientAlgoId : null;
    if (clientId === null) return;
    this.#ports.onHeard(clientId, now);
    this.#heard.add(clientId);
    if (this.#heard.size > heardMax) {
      const oldest = this.#heard.values().next();
      if (oldest.done !== true) this.#heard.delete(oldest.value);
    }
    if (this.#expected.delete(clientId)) this.#ports.timers.clear(`expect:${clientId}`);
  }

  #forgetExpected(): void {
    for (const clientId of this.#expected) this.#ports.timers.clear(`expect:${clientId}`);
    this.#expected.clear();
  }

  #setAlive(alive: boolean): void {
    if (this.#isAlive === alive) return;
    this.#isAlive = alive;
    this.#ports.emit({ kind: "private-stream", alive });
  }

  #note(level: Notice["level"], code: string, fields: Notice["fields"]): void {
    this.#ports.notice({ kind: "notice", level, code, symbol: null, fields });
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
