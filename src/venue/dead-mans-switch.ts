/**
 * The dead man's switch: the exchange cancels a symbol's normal orders by itself when we do not wind it up in time. Stops
 * and targets of ours live in the algo service and stay. It would take other people's orders along, so it is not armed, or
 * disarmed, where there are any.
 *
 * @see requirements SAF-6; binance-usdm.md §3.5, §2.2
 */

import type { AccountSnapshot, CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { OrderReport } from "../domain/order.ts";
import { parseOrderId } from "../domain/order-id.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds, plus, type SymbolIndex } from "../domain/units.ts";
import { type AskPorts, verdictOf } from "./asking.ts";
import type { Answer } from "./caller.ts";
import { query, type WireRequest } from "./wire/encode.ts";

export type SwitchTerms = {
  /** the exchange cancels so long after it was last wound up */
  readonly countdownMs: number;
  /** it is wound up this often */
  readonly renewMs: number;
};

export type SwitchPorts = AskPorts & {
  readonly terms: SwitchTerms;
  readonly instruments: readonly Instrument[];
  readonly orderIdPrefix: string;
};

/** A switch that could not be ended is tried again after this long. */
const offRetryMicros = microsFromSeconds(1);

type State = {
  readonly instrument: Instrument;
  /** armed as far as we know; a request of unknown fate counts as done */
  isArmed: boolean;
  /** when the exchange cancels at the latest, as it was last wound up */
  runsOutAt: Micros;
  /** why it is not armed was told, and what failed */
  isRefusalTold: boolean;
  isFailureTold: boolean;
};

export class DeadMansSwitch {
  readonly #ports: SwitchPorts;
  readonly #states: readonly State[];
  #isOver = false;

  constructor(ports: SwitchPorts) {
    this.#ports = ports;
    this.#states = ports.instruments.map((instrument) => ({
      instrument,
      isArmed: false,
      runsOutAt: micros(0),
      isRefusalTold: false,
      isFailureTold: false,
    }));
  }

  /** Sees what the core is told: who else has orders decides. */
  onEvent(event: CoreEvent, now: Micros): void {
    if (this.#isOver) return;
    if (event.kind === "account-snapshot") this.#onSnapshot(event, now);
    else if (event.kind === "order-report" && this.#isForeign(event)) this.#refuse(event.symbol, event, now);
  }

  /** @param done once every symbol's switch is off, or it is not known whether */
  disarm(now: Micros, done: (now: Micros) => void): void {
    this.#isOver = true;
    const armed = this.#states.filter(({ isArmed }) => isArmed);
    let left = armed.length;
    if (left === 0) return done(now);
    for (const state of armed) {
      this.#off(state, now, (then) => {
        left -= 1;
        if (left === 0) done(then);
      });
    }
  }

  #onSnapshot({ orders }: AccountSnapshot, now: Micros): void {
    for (const state of this.#states) {
      const { index } = state.instrument;
      const foreign = orders.find((order) => order.symbol === index && this.#isForeign(order));
      if (foreign !== undefined) {
        this.#refuse(index, foreign, now);
      } else if (!state.isArmed) {
        state.isRefusalTold = false;
        this.#wind(state, now);
      }
    }
  }

  #isForeign({ clientOrderId, status }: OrderReport): boolean {
    const isOpen = status === "NEW" || status === "PARTIALLY_FILLED";
    return isOpen && parseOrderId(clientOrderId, this.#ports.orderIdPrefix) === null;
  }

  #refuse(symbol: SymbolIndex, { clientOrderId: order }: OrderReport, now: Micros): void {
    const state = this.#states[symbol];
    if (state === undefined) return;
    if (!state.isRefusalTold) this.#note(state, "warn", "DEAD_MANS_SWITCH_REFUSED", { order });
    state.isRefusalTold = true;
    if (state.isArmed) this.#off(state, now, () => undefined);
  }

  #wind(state: State, now: Micros): void {
    const { renewMs, countdownMs } = this.#ports.terms;
    const { symbol } = state.instrument;
    if (!state.isArmed) this.#note(state, "info", "DEAD_MANS_SWITCH_ARMED", { seconds: countdownMs / 1_000 });
    state.isArmed = true;
    state.runsOutAt = plus(now, microsFromMillis(countdownMs));
    const renewAt = plus(now, microsFromMillis(renewMs));
    this.#ports.timers.set(`switch:${symbol}`, renewAt, (then) => this.#wind(state, then));
    this.#call(state, countdownMs, now, () => undefined);
  }

  #off(state: State, now: Micros, done: (now: Micros) => void): void {
    const timer = `switch:${state.instrument.symbol}`;
    state.isArmed = false;
    this.#ports.timers.clear(timer);
    this.#call(state, 0, now, (failure, then) => {
      const again = plus(then, offRetryMicros);
      if (failure === null) this.#note(state, "info", "DEAD_MANS_SWITCH_DISARMED", {});
      // Until it has run out it would take the foreign orders along, for whose sake it is to go.
      else if (!this.#isOver && !state.isArmed && again < state.runsOutAt) {
        this.#ports.timers.set(timer, again, (later) => this.#off(state, later, () => undefined));
      }
      done(then);
    });
  }

  #call(state: State, countdownMs: number, now: Micros, settled: (failure: string | null, now: Micros) => void): void {
    const done = (answer: Answer, then: Micros): void => {
      const failure = failureOf(answer);
      if (failure === null) state.isFailureTold = false;
      else if (!state.isFailureTold) {
        state.isFailureTold = true;
        this.#note(state, "warn", "DEAD_MANS_SWITCH_FAILED", { cause: failure });
      }
      settled(failure, then);
    };
    this.#ports.caller.call(countdown(state.instrument.symbol, countdownMs), { done }, now);
  }

  #note({ instrument }: State, level: "info" | "warn", code: string, fields: Notice["fields"]): void {
    this.#ports.notice({ kind: "notice", level, code, symbol: instrument.index, fields });
  }
}

function countdown(symbol: string, milliseconds: number): WireRequest {
  const request = query("/fapi/v1/countdownCancelAll", 10, { symbol, countdownTime: milliseconds });
  return { ...request, method: "POST", priority: "cancel" };
}

/** Null when it was done. */
function failureOf(answer: Answer): string | null {
  if (answer.kind === "held-back") return answer.cause;
  const { outcome } = verdictOf(answer);
  if (outcome.kind === "ok") return null;
  return outcome.kind === "refused" ? `${outcome.code} ${outcome.message}` : outcome.cause;
}
