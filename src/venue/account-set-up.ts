/**
 * Keeps the symbols ready for entries: has each one's conversation with the exchange, tells the core how it ended, and
 * has it again while it is not proven, or when somebody changes the account.
 *
 * @see requirements ORD-5; failure-catalogue F-12
 */

import { z } from "zod";
import type { CoreEvent, SetUp } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Micros, micros, microsPerMillisecond, microsPerSecond, plus } from "../domain/units.ts";
import { type AskPorts, ask } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import { type MarginType, type SetUpAnswer, type SetUpResult, setUpSymbol } from "./set-up.ts";

export type SetUpPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  readonly leverageOf: (symbol: string) => number;
  readonly marginType: MarginType;
  readonly orderIdPrefix: string;
  readonly stopProofDistance: number;
  readonly emit: (event: CoreEvent) => void;
  readonly fatal: (message: string) => void;
};

type State = {
  readonly instrument: Instrument;
  /** conversations in a row that proved nothing */
  failures: number;
  isStopProven: boolean;
  isBusy: boolean;
  /** something changed meanwhile: what was read may be old */
  isStale: boolean;
  /** orders take another way since the conversation began */
  hasNewWay: boolean;
  /** a stop that proves the path may rest on the exchange */
  hasStopOut: boolean;
  /** why entries would be wrong whatever the account says; null: nothing */
  obstacle: string | null;
};

const again: Backoff = { first: micros(5 * microsPerSecond), most: micros(60 * microsPerSecond) };
/** Attempts in ids end here and begin anew, after some 17 minutes; by then the old ones are long closed. */
const attemptsMax = 999_999;

export class AccountSetUp {
  readonly #ports: SetUpPorts;
  readonly #states: readonly State[];
  #proofs = 0;
  #hasSession = false;

  constructor(ports: SetUpPorts) {
    this.#ports = ports;
    this.#states = ports.instruments.map((instrument) => ({
      instrument,
      failures: 0,
      isStopProven: false,
      isBusy: false,
      isStale: false,
      hasNewWay: false,
      hasStopOut: false,
      obstacle: null,
    }));
  }

  /** Whether a stop that proves the path may rest on the exchange: who ends now leaves it there. */
  get hasStopOut(): boolean {
    return this.#states.some((state) => state.hasStopOut);
  }

  /** @param done once, after the first conversation, however it ended; a start that cannot succeed is fatal instead */
  begin(instrument: Instrument, done: (now: Micros) => void, now: Micros): void {
    const state = this.#states[instrument.index];
    if (state === undefined) return done(now);
    this.#converse(state, done, now);
  }

  /** Somebody changed leverage, margin type or mode; null: of the whole account. */
  onChanged(symbol: string | null, now: Micros): void {
    for (const state of this.#states) {
      if (symbol !== null && state.instrument.symbol !== symbol) continue;
      if (state.isBusy) state.isStale = true;
      else this.#repeat(state, "the account was changed", now);
    }
  }

  /** Orders go over the WebSocket API from now on: once a run stops are proven there, too, as they were by REST. */
  onSession(now: Micros): void {
    if (this.#hasSession) return;
    this.#hasSession = true;
    for (const state of this.#states) {
      state.isStopProven = false;
      state.hasNewWay = true;
      if (state.isBusy) state.isStale = true;
      else this.#repeat(state, "the stop path over the WebSocket API is not proven", now);
    }
  }

  /** The exchange has refused us as if we might not trade: that we may is proven anew, once for each such doubt. */
  doubt(cause: string, now: Micros): void {
    for (const state of this.#states) {
      if (!state.isStopProven || state.isBusy) continue;
      state.isStopProven = false;
      this.#repeat(state, cause, now);
    }
  }

  /** Entries of the symbol would be wrong whatever the account says, until null takes it back. */
  obstruct({ index }: Instrument, obstacle: string | null, now: Micros): void {
    const state = this.#states[index];
    if (state === undefined || state.obstacle === obstacle) return;
    state.obstacle = obstacle;
    if (state.isBusy) state.isStale = true;
    else this.#repeat(state, obstacle ?? "the obstacle is gone", now);
  }

  #repeat(state: State, cause: string, now: Micros): void {
    this.#ports.emit({ kind: "set-up", symbol: state.instrument.index, state: "pending", cause });
    this.#converse(state, null, now);
  }

  /** @param begun what is called when the first conversation has ended; null: it is not the first */
  #converse(state: State, begun: ((now: Micros) => void) | null, now: Micros): void {
    const { instrument, isStopProven } = state;
    const { instruments, leverageOf, marginType, orderIdPrefix: prefix, stopProofDistance } = this.#ports;
    this.#ports.timers.clear(`set-up:${instrument.symbol}`);
    state.isBusy = true;
    state.isStale = false;
    state.hasNewWay = false;
    this.#proofs += 1;
    const conversation = setUpSymbol(instruments, instrument, {
      leverage: leverageOf(instrument.symbol),
      marginType,
      prefix,
      stopDistance: stopProofDistance,
      // Time keeps the runs apart, also those of a daemon that is started again at once, and the count the proofs of a
      // run, so that no id is taken twice.
      attempt: ((Math.floor(now / microsPerMillisecond) + this.#proofs) % attemptsMax) + 1,
      isStopProven,
    });
    const go = (answer: SetUpAnswer | null, at: Micros): void => {
      // The first call takes no answer: there is no question yet.
      const next = answer === null ? conversation.next() : conversation.next(answer);
      if (next.done === true) return this.#conclude(state, next.value, begun, at);
      const { name, request, isOnce } = next.value;
      // What is sent only once is the stop.
      if (isOnce) state.hasStopOut = true;
      const then = (body: unknown, later: Micros): void => go({ kind: "ok", body }, later);
      const refused = (code: number, message: string, later: Micros): void =>
        go({ kind: "refused", code, message }, later);
      const unknown = (cause: string, later: Micros): void => go({ kind: "unknown", cause }, later);
      const question = { name, request, schema: z.unknown(), then, refused };
      ask(this.#ports, isOnce ? { ...question, unknown } : question, at);
    };
    go(null, now);
  }

  #conclude(state: State, result: SetUpResult, begun: ((now: Micros) => void) | null, now: Micros): void {
    state.isBusy = false;
    state.hasStopOut = false;
    if (result.state === "impossible" && begun !== null) return this.#ports.fatal(result.message);
    if (result.state === "proven") {
      state.isStopProven = !state.hasNewWay;
      state.failures = 0;
      if (state.isStale) return this.#converse(state, begun, now);
    }
    const setUp = this.#setUpOf(state, result);
    this.#ports.emit({ kind: "set-up", symbol: state.instrument.index, ...setUp });
    if (setUp.state !== "proven") this.#tell(state, setUp);
    if (setUp.state !== "proven") this.#repeatLater(state, now);
    begun?.(now);
  }

  #setUpOf({ obstacle }: State, result: SetUpResult): SetUp {
    // What cannot be has become so while positions may be open: they stay managed, entries stay off.
    if (result.state === "impossible") return { state: "pending", cause: result.message };
    return result.state === "proven" && obstacle !== null ? { state: "pending", cause: obstacle } : result;
  }

  #repeatLater(state: State, now: Micros): void {
    const wait = waitBefore(state.failures, again, this.#ports.random);
    state.failures += 1;
    const repeat = (then: Micros): void => this.#converse(state, null, then);
    this.#ports.timers.set(`set-up:${state.instrument.symbol}`, plus(now, wait), repeat);
  }

  #tell({ instrument }: State, { state, cause }: Exclude<SetUp, { state: "proven" }>): void {
    const refused = state === "stop-refused";
    this.#ports.notice({
      kind: "notice",
      level: refused ? "error" : "warn",
      code: refused ? "STOP_PATH_UNPROVEN" : "ACCOUNT_NOT_SET_UP",
      symbol: instrument.index,
      fields: { cause },
    });
  }
}
