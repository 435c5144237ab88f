/**
 * Keeps the symbols ready for entries: has each one's conversation with the exchange, tells the core how it ended, and
 * has it again while it is not proven, or when somebody changes the account.
 *
 * @see requirements ORD-5; failure-catalogue F-12, F-58
 */

import { z } from "zod";
import type { CoreEvent, SetUp } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { orderId, parseOrderId, stopPathTrade } from "../domain/order-id.ts";
import { type Micros, micros, microsPerMillisecond, microsPerSecond, plus, type SymbolIndex } from "../domain/units.ts";
import { type AskPorts, ask } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import type { ClockOffset } from "./clock-offset.ts";
import { closureOf, type Obstacle } from "./exchange-info.ts";
import { type MarginType, type SetUpAnswer, type SetUpResult, setUpSymbol } from "./set-up.ts";
import { AlgoBody } from "./wire/schemas.ts";

export type SetUpPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  readonly leverageOf: (symbol: string) => number;
  readonly marginType: MarginType;
  readonly orderIdPrefix: string;
  readonly stopProofDistance: number;
  /** `venue.owner_wait_ms` */
  readonly ownerWaitMs: number;
  /** of the exchange's clock against ours */
  readonly clock: () => ClockOffset;
  readonly emit: (event: CoreEvent) => void;
  readonly fatal: (message: string) => void;
  readonly onRefused: (symbol: SymbolIndex, code: number, writtenAt: Micros, now: Micros) => void;
  /** a stop of this id was taken: the private stream must speak of it (failure-catalogue F-17) */
  readonly onTaken: (clientId: string, now: Micros) => void;
};

type State = {
  readonly instrument: Instrument;
  /** conversations in a row that proved nothing */
  failures: number;
  isStopProven: boolean;
  isBusy: boolean;
  /** something changed meanwhile: what was read may be old */
  isStale: boolean;
  /** the stop path is in doubt since the conversation began: what it proves is old */
  mustProve: boolean;
  /** somebody has changed the account as a whole: its modes are asked for until they are as wanted */
  isAccountInDoubt: boolean;
  /** a stop that proves the path may rest on the exchange */
  hasStopOut: boolean;
  /** why entries would be wrong whatever the account says; null: nothing */
  obstacle: Obstacle | null;
};

const again: Backoff = { first: micros(5 * microsPerSecond), most: micros(60 * microsPerSecond) };
/** Attempts in ids end here and begin anew; by then the old ones are long closed. */
const attemptsMax = 999_999;
/**
 * Attempts count hundredths of a second, so that two daemons that start together do not take the same ones; of the
 * exchange's clock, because a proof that is fresh by a machine's that is behind would be an old one by ours.
 */
const microsPerTick = 10_000;
/** A proof of another daemon is told at once: an older one is not looked at. Clocks are measured apart. */
const freshTicks = 6_000;
const clockTicks = 1_000;
/** Proofs of our own that are known again. */
const ownMax = 256;
/** Another daemon is answered so long after its proof was seen, and not again before it is quiet for a while. */
const answerWaits = [0, 500_000, 2 * microsPerSecond] as const;
const answerQuiet = 3 * microsPerSecond;
const Taken = AlgoBody.pick({ algoId: true });
const ownerUnknown = "whether another daemon is on the account is not known yet";

export class AccountSetUp {
  readonly #ports: SetUpPorts;
  readonly #states: readonly State[];
  #proofs = 0;
  #hasSession = false;
  /** attempts in the ids of our proofs, and what the exchange calls the stop of each; null: it has not said so yet */
  readonly #own = new Map<number, string | null>();
  /** by our own clock, which goes on while the exchange's is set; null: nothing is asked yet */
  #begunAt: Micros | null = null;
  #answeredUntil = Number.NEGATIVE_INFINITY;
  /** the private stream is open, or was: an answer is heard */
  #isHearing = false;
  /** no entry before, so that another daemon may answer our proof; infinite before a proof whose answer is heard */
  #ownerUntil = Number.POSITIVE_INFINITY;

  constructor(ports: SetUpPorts) {
    this.#ports = ports;
    if (ports.ownerWaitMs === 0) this.#ownerUntil = Number.NEGATIVE_INFINITY;
    this.#states = ports.instruments.map((instrument) => ({
      instrument,
      failures: 0,
      isStopProven: false,
      isBusy: false,
      isStale: false,
      mustProve: false,
      isAccountInDoubt: false,
      hasStopOut: false,
      obstacle: closureOf(instrument.rules),
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
      if (symbol === null) state.isAccountInDoubt = true;
      if (state.isBusy) state.isStale = true;
      else this.#repeat(state, "the account was changed", now);
    }
  }

  /** Orders go over the WebSocket API from now on: once a run stops are proven there, too, as they were by REST. */
  onSession(now: Micros): void {
    if (this.#hasSession) return;
    this.#hasSession = true;
    for (const state of this.#states) {
      this.#proveAgain(state, "the stop path over the WebSocket API is not proven", now);
    }
  }

  /** The exchange has refused us as if we might not trade: that we may is proven anew, once for each such doubt. */
  doubt(cause: string, now: Micros): void {
    for (const state of this.#states) {
      // What is under way proves nothing of what came after its stop, or has none: its end would take the doubt back.
      if (state.isStopProven || state.isBusy) this.#proveAgain(state, cause, now);
    }
  }

  /**
   * Sees what the private stream tells: a stop that proves the stop path in our name, and is not ours, comes from another
   * daemon with our prefix. It is answered with proofs of our own, so that the other one learns of us the same way: at
   * once, and again when its stream is open (failure-catalogue F-59).
   */
  onEvent(event: CoreEvent, now: Micros): void {
    if (event.kind === "private-stream" && event.alive) return this.#onStream(now);
    if (event.kind !== "algo-report" || event.source !== "stream" || event.status !== "NEW") return;
    const parts = parseOrderId(event.clientAlgoId, this.#ports.orderIdPrefix);
    const state = this.#states[event.symbol];
    if (parts === null || state === undefined || parts.trade !== stopPathTrade(state.instrument.symbol)) return;
    const { attempt } = parts;
    const isForeign = this.#own.has(attempt)
      ? !this.#isOwnStop(attempt, event.algoId)
      : this.#isOfThisRun(attempt, now);
    if (isForeign) this.#meet(state, event.clientAlgoId, now);
  }

  #meet(state: State, clientAlgoId: string, now: Micros): void {
    const detail = `${clientAlgoId} proves the stop path, and this daemon did not send it`;
    this.#ports.emit({ kind: "another-daemon", detail });
    if (now < this.#answeredUntil + answerQuiet) return;
    this.#answeredUntil = now + Math.max(...answerWaits);
    for (const wait of answerWaits) {
      this.#ports.timers.set(`answer:${wait}`, plus(now, micros(wait)), (then) => this.#answer(state, then));
    }
  }

  /**
   * From now on another daemon's answer would be heard: what was proven before may have been answered unheard. While the
   * stream was away nobody told us what was changed (failure-catalogue F-07, F-36).
   */
  #onStream(now: Micros): void {
    if (this.#isHearing) this.onChanged(null, now);
    this.#isHearing = true;
    // A symbol that is closed proves nothing, and the others must not wait for it.
    const state = this.#states.find((one) => !isClosed(one)) ?? this.#states[0];
    if (state === undefined || this.#ownerUntil !== Number.POSITIVE_INFINITY) return;
    this.#proveAgain(state, ownerUnknown, now);
  }

  #answer(state: State, now: Micros): void {
    this.#proveAgain(state, "another daemon is on the account", now);
  }

  /**
   * Two daemons of one prefix may come upon the same id, and the exchange takes it again once the first stop is closed;
   * but we send each of ours once, so a second stop of that id is not ours.
   */
  #isOwnStop(attempt: number, algoId: string): boolean {
    const known = this.#own.get(attempt);
    if (known === null) this.#own.set(attempt, algoId);
    return known === null || known === undefined || known === algoId;
  }

  /** The exchange has taken our stop: what was told of its id before may have been another one. */
  #onTaken(state: State, attempt: number, stopId: string, body: unknown, now: Micros): void {
    this.#ports.onTaken(stopId, now);
    const taken = Taken.safeParse(body).data;
    if (taken === undefined || this.#isOwnStop(attempt, taken.algoId)) return;
    this.#own.set(attempt, taken.algoId);
    this.#meet(state, stopId, now);
  }

  /**
   * What a killed run sent may still be told: attempts count the time, and only a fresh one is somebody's who lives. Where
   * the exchange's clock was set, the attempt that our first proof took is not where this run begins (failure-catalogue F-26).
   */
  #isOfThisRun(attempt: number, now: Micros): boolean {
    const tick = this.#tickOf(now);
    const since = Math.min(Math.floor((now - (this.#begunAt ?? now)) / microsPerTick), freshTicks);
    return ((tick % attemptsMax) + clockTicks - attempt + attemptsMax) % attemptsMax <= since + clockTicks;
  }

  #tickOf(now: Micros): number {
    return Math.floor((now + this.#ports.clock().offset) / microsPerTick);
  }

  /** Entries of the symbol would be wrong whatever the account says, until null takes it back. */
  obstruct({ index }: Instrument, obstacle: Obstacle | null, now: Micros): void {
    const state = this.#states[index];
    if (state === undefined || state.obstacle?.cause === obstacle?.cause) return;
    state.obstacle = obstacle;
    if (state.isBusy) state.isStale = true;
    else this.#repeat(state, obstacle?.cause ?? "the obstacle is gone", now);
  }

  #proveAgain(state: State, cause: string, now: Micros): void {
    state.isStopProven = false;
    state.mustProve = true;
    if (state.isBusy) state.isStale = true;
    else this.#repeat(state, cause, now);
  }

  #repeat(state: State, cause: string, now: Micros): void {
    this.#ports.emit({ kind: "set-up", symbol: state.instrument.index, state: "pending", cause });
    this.#converse(state, null, now);
  }

  /** @param begun what is called when the first conversation has ended; null: it is not the first */
  #converse(state: State, begun: ((now: Micros) => void) | null, now: Micros): void {
    const { instrument, isStopProven, isAccountInDoubt, obstacle } = state;
    const { instruments, leverageOf, marginType, orderIdPrefix: prefix, stopProofDistance } = this.#ports;
    this.#ports.timers.clear(`set-up:${instrument.symbol}`);
    if (obstacle?.isClosed) return this.#leave(state, obstacle, begun, now);
    state.isBusy = true;
    state.isStale = false;
    state.mustProve = false;
    this.#proofs += 1;
    // Time keeps the runs apart and the count the proofs of a run, so that no id is taken twice.
    const tick = this.#tickOf(now);
    const attempt = ((tick + this.#proofs) % attemptsMax) + 1;
    this.#begunAt ??= now;
    const conversation = setUpSymbol(instruments, instrument, {
      leverage: leverageOf(instrument.symbol),
      marginType,
      prefix,
      stopDistance: stopProofDistance,
      attempt,
      isStopProven,
      isAccountInDoubt,
    });
    const stopId = orderId({ prefix, trade: stopPathTrade(instrument.symbol), role: "f", attempt });
    const isAnswerable = this.#isHearing && !isStopProven;
    const go = (answer: SetUpAnswer | null, at: Micros): void => {
      // The first call takes no answer: there is no question yet.
      const next = answer === null ? conversation.next() : conversation.next(answer);
      if (next.done === true) {
        if (isAnswerable && next.value.state === "proven") this.#waitForOwner(at);
        return this.#conclude(state, next.value, begun, at);
      }
      const { name, request, isOnce } = next.value;
      // What is sent only once is the stop; where none is sent, one with its id is another daemon's.
      if (isOnce) {
        state.hasStopOut = true;
        this.#remember(attempt);
      }
      const then = (body: unknown, later: Micros): void => {
        if (isOnce) this.#onTaken(state, attempt, stopId, body, later);
        go({ kind: "ok", body }, later);
      };
      const refused = (code: number, message: string, later: Micros): void => {
        this.#ports.onRefused(instrument.index, code, at, later);
        go({ kind: "refused", code, message }, later);
      };
      const unknown = (cause: string, later: Micros): void => go({ kind: "unknown", cause }, later);
      const question = { name, request, schema: z.unknown(), then, refused };
      ask(this.#ports, isOnce ? { ...question, unknown } : question, at);
    };
    go(null, now);
  }

  /**
   * The exchange refuses what is set or proven of a symbol that it does not trade, which says nothing of our stops, and the
   * start of the others must not wait for it: that it trades again begins the conversation (failure-catalogue F-58, F-60).
   */
  #leave(state: State, { cause }: Obstacle, begun: ((now: Micros) => void) | null, now: Micros): void {
    const setUp = { state: "pending", cause } as const;
    this.#ports.emit({ kind: "set-up", symbol: state.instrument.index, ...setUp });
    this.#tell(state, setUp);
    begun?.(now);
    this.#lookForOwner(now);
  }

  #remember(attempt: number): void {
    this.#own.set(attempt, null);
    if (this.#own.size <= ownMax) return;
    const [oldest] = this.#own.keys();
    if (oldest !== undefined) this.#own.delete(oldest);
  }

  #conclude(state: State, result: SetUpResult, begun: ((now: Micros) => void) | null, now: Micros): void {
    state.isBusy = false;
    state.hasStopOut = false;
    if (result.state === "impossible" && begun !== null) return this.#ports.fatal(result.message);
    if (result.state === "proven") {
      state.isStopProven = !state.mustProve;
      state.failures = 0;
      if (state.isStale) return this.#converse(state, begun, now);
      state.isAccountInDoubt = false;
    }
    const setUp = this.#setUpOf(state, result);
    if (setUp.state === "proven" && now < this.#ownerUntil) return this.#hold(state, begun, now);
    this.#ports.emit({ kind: "set-up", symbol: state.instrument.index, ...setUp });
    if (setUp.state !== "proven") {
      this.#tell(state, setUp);
      this.#repeatLater(state, now);
    }
    begun?.(now);
    if (setUp.state !== "proven") this.#lookForOwner(now);
  }

  /**
   * The symbol whose proof was to be answered came to none, as one does whose leverage is set once its position is closed, or
   * that is not traded any more: the others do not wait for it, and one of them proves instead (failure-catalogue F-58, F-59,
   * F-73). What is busy with something else is asked again when that ends.
   */
  #lookForOwner(now: Micros): void {
    if (!this.#isHearing || this.#ownerUntil !== Number.POSITIVE_INFINITY) return;
    if (this.#states.some(({ isBusy, isStopProven }) => isBusy && !isStopProven)) return;
    const other = this.#states.find((one) => one.isStopProven && !one.isBusy && !isClosed(one));
    if (other !== undefined) this.#proveAgain(other, ownerUnknown, now);
  }

  #waitForOwner(now: Micros): void {
    if (this.#ownerUntil !== Number.POSITIVE_INFINITY) return;
    this.#ownerUntil = now + this.#ports.ownerWaitMs * microsPerMillisecond;
    for (const state of this.#states) if (!state.isBusy && !isClosed(state)) this.#hold(state, null, now);
  }

  /** All is proven but that nobody else trades here in our name: that is looked at again when the time for it is over. */
  #hold(state: State, begun: ((now: Micros) => void) | null, now: Micros): void {
    const { index, symbol } = state.instrument;
    this.#ports.emit({ kind: "set-up", symbol: index, state: "pending", cause: ownerUnknown });
    if (Number.isFinite(this.#ownerUntil)) {
      const again = (then: Micros): void => this.#converse(state, null, then);
      this.#ports.timers.set(`set-up:${symbol}`, micros(this.#ownerUntil), again);
    }
    begun?.(now);
    this.#lookForOwner(now);
  }

  #setUpOf({ obstacle }: State, result: SetUpResult): SetUp {
    // It was closed while we asked: what was refused says nothing of the account.
    if (obstacle?.isClosed) return { state: "pending", cause: obstacle.cause };
    // What cannot be has become so while positions may be open: they stay managed, entries stay off.
    if (result.state === "impossible") return { state: "pending", cause: result.message };
    return result.state === "proven" && obstacle !== null ? { state: "pending", cause: obstacle.cause } : result;
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

function isClosed({ obstacle }: State): boolean {
  return obstacle?.isClosed ?? false;
}
