/**
 * The venue adapter: bytes and replies in, requests and events out. A state machine without clock, timer or socket of its
 * own; it sees the world through {@link TransportRequest} and {@link TransportEvent}, so it runs the same in simulation.
 *
 * @see design.md, The venue adapter; requirements MKT-1, MKT-5, SAF-1, SAF-2
 */

import { present } from "../domain/assert.ts";
import type { CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketSink } from "../domain/market-port.ts";
import type { Command, Notice, QueryAccount } from "../domain/output.ts";
import {
  type Micros,
  micros,
  microsFromMillis,
  microsPerMinute,
  microsPerSecond,
  plus,
  type SymbolIndex,
} from "../domain/units.ts";
import { AccountReader } from "./account-reader.ts";
import { AccountSetUp } from "./account-set-up.ts";
import type { AskPorts } from "./asking.ts";
import { type Random, randomFrom } from "./backoff.ts";
import { Caller } from "./caller.ts";
import { CandleBackfill } from "./candle-backfill.ts";
import { type ClockOffset, unknownOffset } from "./clock-offset.ts";
import { Connections } from "./connections.ts";
import { DeadMansSwitch, type SwitchTerms } from "./dead-mans-switch.ts";
import { EngineClock } from "./engine-clock.ts";
import { type HistoryReaderPorts, readHistory } from "./history-reader.ts";
import { type IncomeReaderPorts, readIncome } from "./income-reader.ts";
import { ListenKeyKeeper } from "./listen-key.ts";
import { MarketFeed } from "./market-feed.ts";
import { Orders } from "./orders.ts";
import { PrivateFeed } from "./private-feed.ts";
import { RateBudget } from "./rate-budget.ts";
import { ReadAuthority } from "./read-authority.ts";
import { type RulesPorts, RulesWatch } from "./rules-watch.ts";
import { Session } from "./session.ts";
import type { MarginType } from "./set-up.ts";
import { type AccountTerms, startUp, syncClock } from "./startup.ts";
import { Timers } from "./timers.ts";
import type { Signer, StreamName, TransportEvent, TransportListener, TransportRequest } from "./transport.ts";
import { instrumentsByName } from "./wire/reports.ts";

export type AdapterOptions = AccountTerms & {
  readonly symbols: readonly string[];
  /** `risk.max_leverage` of a symbol */
  readonly leverageOf: (symbol: string) => number;
  readonly marginType: MarginType;
  readonly orderIdPrefix: string;
  /** `venue.stop_proof_distance` */
  readonly stopProofDistance: number;
  /** `venue.owner_wait_ms` */
  readonly ownerWaitMs: number;
  /** `venue.recv_window_ms` */
  readonly recvWindowMs: number;
  /** `venue.reply_timeout_ms` */
  readonly replyTimeoutMs: number;
  /** `venue.first_message_ms` */
  readonly firstMessageMs: number;
  /** `venue.protection_weight_share` */
  readonly protectionShare: number;
  /** of the jitter of all waits */
  readonly seed: number;
  /** null: off */
  readonly deadMansSwitch: SwitchTerms | null;
};

/** Where the adapter's output goes. Calls come from within the adapter's methods; commands may be given back at once. */
export interface VenueSink {
  /** Once, before any event: the rules are known. @returns where market data of these instruments go */
  instruments(instruments: readonly Instrument[]): MarketSink;
  event(event: CoreEvent, now: Micros): void;
  request(request: TransportRequest): void;
  notice(notice: Notice): void;
  /** Start-up cannot succeed; the words say how to mend it. The adapter does nothing more. */
  fatal(message: string): void;
}

/** What exists once the rules are known. */
type Running = {
  readonly market: MarketFeed;
  readonly privateFeed: PrivateFeed;
  readonly orders: Orders;
  readonly account: AccountReader;
  readonly history: HistoryReaderPorts;
  readonly income: IncomeReaderPorts;
  readonly setUp: AccountSetUp;
  readonly deadMansSwitch: DeadMansSwitch | null;
};

const clockInterval = microsPerMinute;
/** What is open must be found and protected, even if start-up takes long or the private stream does not open (I-11). */
const blindMax = microsPerSecond;
const decoder = new TextDecoder();

export class VenueAdapter implements TransportListener {
  readonly #options: AdapterOptions;
  readonly #sink: VenueSink;
  readonly #timers = new Timers();
  readonly #random: Random;
  readonly #budget: RateBudget;
  readonly #caller: Caller;
  readonly #connections: Connections;
  readonly #session: Session;
  readonly #keeper: ListenKeyKeeper;
  readonly #reads: ReadAuthority;
  #clock: ClockOffset = unknownOffset;
  readonly #engineClock = new EngineClock();
  #running: Running | null = null;
  #isSyncing = false;
  #now = micros(0);
  #isStopped = false;

  constructor(options: AdapterOptions, signer: Signer, sink: VenueSink) {
    this.#options = options;
    this.#sink = sink;
    this.#random = randomFrom(options.seed);
    this.#budget = new RateBudget(options.protectionShare);
    const firstMessage = microsFromMillis(options.firstMessageMs);
    const send = (request: TransportRequest): void => sink.request(request);
    this.#caller = new Caller({
      timers: this.#timers,
      budget: this.#budget,
      signer,
      replyTimeout: microsFromMillis(options.replyTimeoutMs),
      clock: () => this.#clock,
      send,
      onClockRefused: (now) => this.#onClockRefused(now),
      onSilence: (status, until) => this.#note("error", "VENUE_SILENCE", { status, until }),
      onSessionSilent: (now) => this.#connections.drop("ws-api", "no reply", now),
      onSessionRevoked: (code, now) => this.#onRevoked(code, now),
      onUnclaimed: (status, code) => this.#note("warn", "SESSION_ERROR_UNCLAIMED", { status, code }),
    });
    this.#connections = new Connections({
      timers: this.#timers,
      random: this.#random,
      openTimeout: firstMessage,
      isBusy: (name) => name === "ws-api" && this.#caller.isSessionBusy(),
      send,
      onDue: (name, now) => this.#open(name, now),
      onOpen: (name, stream, now) => this.#onOpen(name, stream, now),
      onDown: (name, cause, now) => this.#onDown(name, cause, now),
    });
    this.#session = new Session({
      timers: this.#timers,
      caller: this.#caller,
      signer,
      clock: () => this.#clock,
      replyTimeout: microsFromMillis(options.replyTimeoutMs),
      send,
      connections: this.#connections,
      onReady: (now) => this.#onSession(now),
      onUnreadable: () => this.#note("warn", "SESSION_MESSAGE_UNREADABLE", {}),
    });
    this.#reads = new ReadAuthority({
      // No proof by a stop is asked for before reads work: it would end what goes on.
      onLost: (detail, now) => sink.event({ kind: "venue-unknown", what: "authority", detail }, now),
      onBack: (now) => this.#started().setUp.doubt("reads were refused, and work again", now),
    });
    this.#keeper = new ListenKeyKeeper({
      ...this.#askPorts(),
      onKey: (path, now) => this.#connections.open("private", path, now),
      onGone: (now) => this.#connections.drop("private", "listen key is gone", now),
      onOutcome: (outcome, now) => this.#reads.onOutcome("listen key", outcome, now),
    });
  }

  start(now: Micros): void {
    this.#now = now;
    startUp(
      {
        ...this.#askPorts(),
        symbols: this.#options.symbols,
        terms: this.#options,
        budget: this.#budget,
        clock: () => this.#clock,
        onClock: (clock) => this.#onClock(clock),
        onInstruments: (instruments) => this.#onInstruments(instruments),
        setUp: (instrument, done, at) => this.#started().setUp.begin(instrument, done, at),
        emit: (event) => this.#emit(event),
        fatal: (message) => this.#fail(message),
        onReady: (at) => this.#onReady(at),
      },
      now,
    );
  }

  /** Whether an order of the adapter's own may rest on the exchange, which it takes back in a moment. */
  get hasStopOut(): boolean {
    return this.#running?.setUp.hasStopOut ?? false;
  }

  /** Closes the connections and forgets all deadlines. The listen key stays: others of the account may use it. */
  stop(): void {
    this.#isStopped = true;
    this.#connections.closeAll();
    this.#timers.clearAll();
  }

  /** What is open will be left in good order: nothing is cancelled by itself any more. @param done in any case */
  disarm(now: Micros, done: (now: Micros) => void): void {
    this.#now = now;
    const { deadMansSwitch } = this.#running ?? { deadMansSwitch: null };
    if (deadMansSwitch === null || this.#isStopped) done(now);
    else deadMansSwitch.disarm(now, done);
  }

  /** @throws {InvariantError} before the instruments are known, or on a command that no exchange could take */
  command(command: Command, now: Micros): void {
    this.#now = now;
    if (command.kind === "query-account") this.#queryAccount(command, now);
    else if (command.kind === "query-history") readHistory(this.#started().history, command, now);
    else if (command.kind === "query-income") readIncome(this.#started().income, command, now);
    else this.#started().orders.send(command, now);
  }

  /** The receiver's copy of a book is wrong: a gap follows, and then a new snapshot. */
  resyncBook(symbol: SymbolIndex, now: Micros): void {
    this.#now = now;
    this.#started().market.resyncBook(symbol, now);
  }

  handle(event: TransportEvent, now: Micros): void {
    this.#now = now;
    if (this.#isStopped) return;
    switch (event.kind) {
      case "stream-open":
        return this.#connections.onOpen(event.stream, now);
      case "stream-closed":
        return this.#onClosed(event, now);
      case "http-reply":
      case "http-failed":
        return this.#caller.onHttp(event, now);
      default:
        throw new TypeError(`unhandled event ${event satisfies never}`);
    }
  }

  onStreamMessage(stream: number, bytes: Uint8Array, receivedAt: Micros): void {
    this.#now = receivedAt;
    if (this.#isStopped) return;
    const name = this.#connections.ownerOf(stream);
    switch (name) {
      case "public":
      case "market":
        return this.#started().market.onMessage(bytes, receivedAt);
      case "private":
        return this.#started().privateFeed.onMessage(decoder.decode(bytes), receivedAt);
      case "ws-api":
        return this.#session.onMessage(decoder.decode(bytes), receivedAt);
      case null:
        return;
      default:
        throw new TypeError(`unhandled stream ${name satisfies never}`);
    }
  }

  /** When {@link onTimer} wants to be called; null: never. */
  nextDeadline(): Micros | null {
    return this.#timers.next();
  }

  onTimer(now: Micros): void {
    this.#now = now;
    if (!this.#isStopped) this.#timers.run(now);
  }

  #fail(message: string): void {
    this.stop();
    this.#sink.fatal(message);
  }

  #started(): Running {
    return present(this.#running, "instruments: a command or a message came before start-up");
  }

  #askPorts(): AskPorts {
    return {
      caller: this.#caller,
      timers: this.#timers,
      random: this.#random,
      notice: (notice) => this.#sink.notice(notice),
    };
  }

  #onInstruments(instruments: readonly Instrument[]): void {
    const byName = instrumentsByName(instruments);
    const asset = present(instruments[0], "first instrument").rules.quoteAsset;
    const firstMessage = microsFromMillis(this.#options.firstMessageMs);
    const ports = this.#askPorts();
    const emit = (event: CoreEvent): void => this.#emit(event);
    const foreign = (detail: string): void => this.#note("warn", "FOREIGN", { detail });
    const privateFeed = new PrivateFeed({
      ...ports,
      asset,
      instruments: byName,
      firstMessage,
      emit,
      foreign,
      onHeard: (clientId, now) => this.#started().orders.onHeard(clientId, now),
      drop: (cause, now) => this.#connections.drop("private", cause, now),
      onConfigurationChanged: (symbol, now) => this.#started().setUp.onChanged(symbol, now),
    });
    const setUp = new AccountSetUp({
      ...ports,
      ...this.#options,
      instruments,
      clock: () => this.#clock,
      emit,
      fatal: (message) => this.#fail(message),
      onRefused: (symbol, code, writtenAt, now) => rules.onRefused(symbol, code, writtenAt, now),
      onTaken: (clientId, now) => privateFeed.expect(clientId, now),
    });
    const onRules: RulesPorts["onRules"] = (instrument, obstacle, now) => setUp.obstruct(instrument, obstacle, now);
    const onBounds: RulesPorts["onBounds"] = ({ index }, found) => emit({ kind: "rules", symbol: index, rules: found });
    const rules = new RulesWatch({ ...ports, instruments, onRules, onBounds }, this.#now);
    this.#running = {
      market: new MarketFeed(instruments, {
        ...ports,
        market: this.#sink.instruments(instruments),
        backfill: new CandleBackfill({
          ...ports,
          instruments,
          candlesMax: this.#options.candles,
          clock: () => this.#clock,
          emit,
        }),
        engineClock: this.#engineClock,
        connections: this.#connections,
        silenceMax: firstMessage,
      }),
      privateFeed,
      orders: new Orders({
        ...ports,
        instruments,
        byName,
        entryWindow: this.#options.recvWindowMs,
        replyTimeout: microsFromMillis(this.#options.replyTimeoutMs),
        emit,
        foreign,
        hasHeard: (clientId) => privateFeed.hasHeard(clientId),
        onTaken: (clientId, now) => privateFeed.expect(clientId, now),
        onRefused: (symbol, code, writtenAt, now) => rules.onRefused(symbol, code, writtenAt, now),
      }),
      account: new AccountReader({
        ...ports,
        asset,
        instruments: byName,
        engineOffset: () => this.#engineClock.offset(this.#clock.offset),
        onUnproven: (cause) => emit({ kind: "account-unproven", cause }),
        onOutcome: (outcome, now) => this.#reads.onOutcome("account", outcome, now),
      }),
      history: { ...ports, instruments, byName, emit },
      income: { ...ports, asset, byName, emit },
      setUp,
      deadMansSwitch: this.#switchFor(instruments),
    };
    this.#emit({ kind: "clock-offset", ...this.#clock });
    this.#timers.set("blind", plus(this.#now, micros(blindMax)), (then) => this.#readAccount(then));
  }

  #switchFor(instruments: readonly Instrument[]): DeadMansSwitch | null {
    const { deadMansSwitch: terms, orderIdPrefix } = this.#options;
    return terms === null ? null : new DeadMansSwitch({ ...this.#askPorts(), terms, instruments, orderIdPrefix });
  }

  #onReady(now: Micros): void {
    this.#timers.set("clock", plus(now, micros(clockInterval)), (then) => this.#keepClock(then));
    for (const name of ["public", "market", "ws-api"] as const) this.#open(name, now);
    this.#keeper.obtain(now);
    this.#note("info", "VENUE_READY", { symbols: this.#options.symbols.join(" ") });
  }

  #open(name: StreamName, now: Micros): void {
    const running = this.#started();
    switch (name) {
      case "public":
      case "market":
        return this.#connections.open(name, running.market.path(name), now);
      case "private":
        // Asked for anew each time: with a dead key the handshake succeeds and nothing ever comes.
        return this.#keeper.obtain(now);
      case "ws-api":
        return this.#session.open(now);
      default:
        throw new TypeError(`unhandled stream ${name satisfies never}`);
    }
  }

  #onOpen(name: StreamName, stream: number, now: Micros): void {
    const running = this.#started();
    switch (name) {
      case "public":
      case "market":
        return running.market.onOpen(name, now);
      case "private":
        running.privateFeed.onOpen();
        this.#timers.clear("blind");
        // Subscribed first, then read: what happens between the two is told twice, never not at all.
        return this.#readAccount(now);
      case "ws-api":
        return this.#session.onOpen(stream, now);
      default:
        throw new TypeError(`unhandled stream ${name satisfies never}`);
    }
  }

  #onClosed({ stream, cause, refusedWith }: Extract<TransportEvent, { kind: "stream-closed" }>, now: Micros): void {
    const isApi = this.#connections.ownerOf(stream) === "ws-api";
    if (isApi && refusedWith !== undefined) this.#caller.onUpgradeRefused(refusedWith, now);
    this.#connections.onClosed(stream, cause, now);
  }

  #onDown(name: StreamName, cause: string, now: Micros): void {
    const running = this.#started();
    this.#note("warn", "STREAM_DOWN", { stream: name, cause });
    switch (name) {
      case "public":
      case "market":
        return running.market.onDown(name, now);
      case "private":
        return running.privateFeed.onDown();
      case "ws-api":
        return this.#session.onDown(now);
      default:
        throw new TypeError(`unhandled stream ${name satisfies never}`);
    }
  }

  #onSession(now: Micros): void {
    this.#note("info", "SESSION_READY", {});
    this.#started().setUp.onSession(now);
  }

  #onRevoked(code: number, now: Micros): void {
    this.#emit({ kind: "venue-unknown", what: "authority", detail: `${code}: the session was revoked` });
    this.#connections.drop("ws-api", "session revoked", now);
  }

  #readAccount(now: Micros): void {
    this.#started().account.readUntilDone(now, ({ takeEvents }) => this.#emitAll(takeEvents()));
  }

  #queryAccount(command: QueryAccount, now: Micros): void {
    this.#started().account.read(now, ({ takeEvents, outcome }) => {
      this.#emitAll(takeEvents());
      this.#emit({ kind: "outcome", command, outcome });
    });
  }

  #keepClock(now: Micros): void {
    this.#timers.set("clock", plus(now, micros(clockInterval)), (then) => this.#keepClock(then));
    this.#syncClock(now);
  }

  #syncClock(now: Micros): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    syncClock({ ...this.#askPorts(), onClock: (clock) => this.#onClock(clock) }, now, () => {
      this.#isSyncing = false;
    });
  }

  #onClockRefused(now: Micros): void {
    if (!this.#isSyncing) this.#note("error", "CLOCK_REFUSED", { offset: this.#clock.offset });
    this.#syncClock(now);
  }

  #onClock(clock: ClockOffset): void {
    this.#clock = clock;
    if (this.#running !== null) this.#emit({ kind: "clock-offset", ...clock });
  }

  #emitAll(events: readonly CoreEvent[]): void {
    for (const event of events) this.#emit(event);
  }

  #emit(event: CoreEvent): void {
    this.#sink.event(event, this.#now);
    this.#running?.deadMansSwitch?.onEvent(event, this.#now);
    this.#running?.setUp.onEvent(event, this.#now);
    if (event.kind === "venue-unknown" && event.what === "authority") {
      this.#running?.setUp.doubt(event.detail, this.#now);
    }
  }

  #note(level: Notice["level"], code: string, fields: Notice["fields"]): void {
    this.#sink.notice({ kind: "notice", level, code, symbol: null, fields });
  }
}
