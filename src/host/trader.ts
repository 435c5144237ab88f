/**
 * The part of a daemon that trades: the adapter, the core, and where their outputs go, one turn at a time. It has no
 * socket, timer, thread or file of its own, so it runs the same under sockets and in the fault simulation.
 */

import type { Settings } from "../config/schema.ts";
import type { DecisionSource } from "../decision/source.ts";
import type { CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Journal } from "../domain/journal.ts";
import type { MarketSink } from "../domain/market-port.ts";
import type { Micros } from "../domain/units.ts";
import { Core } from "../engine/core.ts";
import type { Features } from "../market/features.ts";
import { type AdapterOptions, VenueAdapter } from "../venue/adapter.ts";
import type { SwitchTerms } from "../venue/dead-mans-switch.ts";
import type { Signer, TransportEvent, TransportListener, TransportRequest } from "../venue/transport.ts";
import { accountWishes } from "./account-wishes.ts";
import type { Clock } from "./clock.ts";
import { EntryGate } from "./entry-gate.ts";
import { Faults } from "./faults.ts";
import type { JournalWriter } from "./journal-writer.ts";
import type { ModelRunner } from "./model/runner.ts";
import type { NoticeDesk } from "./notice-desk.ts";
import { dispatch, type OutputParts } from "./outputs.ts";
import type { Outside } from "./outside/outside.ts";
import { restoredStopNotice } from "./restored-stop.ts";
import type { RiskPublisher } from "./risk-publisher.ts";
import { RoundTrips } from "./round-trips.ts";

export type TraderParts = {
  /** those in force */
  readonly settings: () => Settings;
  readonly keyPermissions: AdapterOptions["keyPermissions"];
  /** of the jitter of all waits */
  readonly seed: number;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly request: (request: TransportRequest) => void;
  readonly journal: JournalWriter;
  readonly notices: NoticeDesk;
  readonly publisher: RiskPublisher;
  readonly outside: Pick<Outside, "afterTurn" | "onDecision">;
  readonly model: ModelRunner | null;
  readonly sourcesFor: (instrument: Instrument, features: Features) => readonly DecisionSource[];
  /** the rules are known, so the journal can be opened; until {@link Trader.open} the core is told nothing */
  readonly onInstruments: (instruments: readonly Instrument[]) => void;
  /** the end of every turn; `deadline` is when {@link Trader.onTimer} is due, infinite when nothing waits */
  readonly afterTurn: (deadline: number, now: Micros) => void;
  readonly fail: (message: string) => void;
};

/** Candles of the past that are asked for: those of a whole UTC day, whose high, low and VWAP are then known. */
const candlesAtStart = 1_440;
/** What is held for a core that waits for its journal; more means that the store does not open. */
const heldEventsMax = 10_000;

export class Trader implements TransportListener {
  readonly roundTrips = new RoundTrips();
  readonly #parts: TraderParts;
  readonly #adapter: VenueAdapter;
  readonly #outputs: OutputParts;
  readonly #faults: Faults;
  #core: Core | null = null;
  #instruments: readonly Instrument[] = [];
  /** events that wait for the journal; null once it is there */
  #held: CoreEvent[] | null = [];
  #isClosed = false;

  constructor(parts: TraderParts) {
    this.#parts = parts;
    const { settings, journal, clock } = parts;
    this.#faults = new Faults({
      tell: (level, code, fields) => parts.notices.tell(level, code, fields),
      handle: (event, now) => this.#onEvent(event, now),
      end: parts.fail,
    });
    this.#adapter = new VenueAdapter(adapterSettings(settings(), parts.keyPermissions, parts.seed), parts.signer, {
      instruments: (instruments) => this.#onInstruments(instruments),
      event: (event, now) => this.#onEvent(event, now),
      request: (request) => parts.request(request),
      notice: (notice) => parts.notices.put(notice, clock()),
      fatal: (message) => parts.fail(message),
    });
    const gate = new EntryGate({
      write: (row) => journal.intent(row),
      send: (command, now) => {
        this.roundTrips.sent(command, now);
        this.#adapter.command(command, now);
        const restored = restoredStopNotice(command, settings().order_id_prefix);
        if (restored !== null) parts.notices.queue(restored);
      },
      tell: (event, now) => this.#core?.handle(event, now),
    });
    this.#outputs = {
      gate,
      notices: parts.notices,
      journal,
      publisher: parts.publisher,
      outside: parts.outside,
      model: parts.model,
      resyncBook: (symbol, now) => this.#adapter.resyncBook(symbol, now),
      onFailed: (output, error, now) => this.#faults.contain(output, error, now),
    };
  }

  /** Null before the instruments are known. */
  get core(): Core | null {
    return this.#core;
  }

  get instruments(): readonly Instrument[] {
    return this.#instruments;
  }

  get isJournalOpen(): boolean {
    return this.#held === null;
  }

  /** Whether a stop that only proves the stop path may still be on the exchange. */
  get hasStopOut(): boolean {
    return this.#adapter.hasStopOut;
  }

  start(now: Micros): void {
    this.#faults.run("start", now, () => this.#adapter.start(now));
    this.#afterTurn(now);
  }

  /** What the journal knows, and then everything that has waited for it. */
  open(journal: Journal, now: Micros): void {
    this.#core?.handle({ kind: "journal", ...journal }, now);
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) this.#take(event, now);
    this.#afterTurn(now);
  }

  /** From within the daemon, between two events. */
  tell(event: CoreEvent, now: Micros): void {
    if (this.#isClosed) return;
    this.#faults.run(event.kind, now, () => this.#onEvent(event, now));
    this.#afterTurn(now);
  }

  /** Something around it threw what nobody expected: it ends in good order (requirements SAF-4). */
  break(where: string, error: unknown, now: Micros): void {
    this.#faults.end(where, error, now);
  }

  /** The same past the journal that others wait for: it is the journal's own failure, or the end. */
  tellAtOnce(event: CoreEvent, now: Micros): void {
    this.#core?.handle(event, now);
    this.#afterTurn(now);
  }

  reconfigure(settings: Settings, now: Micros): void {
    this.#core?.reconfigure(settings, now);
    this.#afterTurn(now);
  }

  handle(event: TransportEvent, now: Micros): void {
    this.#faults.run(event.kind, now, () => this.#adapter.handle(event, now));
    this.#afterTurn(now);
  }

  onStreamMessage(stream: number, bytes: Uint8Array, receivedAt: Micros): void {
    // By hand here and after each turn: a function made for every message would be garbage on the hot path.
    try {
      this.#adapter.onStreamMessage(stream, bytes, receivedAt);
    } catch (error) {
      this.#faults.end("stream-message", error, receivedAt);
    }
    this.#afterTurn(this.#parts.clock());
  }

  onTimer(now: Micros): void {
    const adapterDue = this.#adapter.nextDeadline();
    if (adapterDue !== null && adapterDue <= now) {
      this.#faults.run("adapter-timer", now, () => this.#adapter.onTimer(now));
    }
    const core = this.#core;
    if (core !== null && this.#held === null && core.nextDeadline() <= now) {
      this.#faults.run("timer", now, () => core.handle({ kind: "timer" }, now));
    }
    this.#afterTurn(now);
  }

  /** Ends the exchange's dead man's switch, where it is wound up; `done` is called in any case (requirements SAF-6). */
  disarm(now: Micros, done: () => void): void {
    this.#faults.run("disarm", now, () => this.#adapter.disarm(now, done));
    this.#afterTurn(now);
  }

  /** Closes the connections; nothing is done from now on. */
  close(): void {
    this.#isClosed = true;
    this.#adapter.stop();
  }

  #onInstruments(instruments: readonly Instrument[]): MarketSink {
    const { settings, sourcesFor, onInstruments } = this.#parts;
    this.#instruments = instruments;
    this.#core = new Core({ settings: settings(), instruments, sourcesFor });
    onInstruments(instruments);
    return this.#core;
  }

  #onEvent(event: CoreEvent, now: Micros): void {
    if (event.kind === "outcome") this.roundTrips.settled(event, now);
    if (this.#held !== null) {
      if (this.#held.length >= heldEventsMax) return this.#parts.fail("the store did not open in time");
      this.#held.push(event);
      return;
    }
    this.#take(event, now);
  }

  #take(event: CoreEvent, now: Micros): void {
    this.#core?.handle(event, now);
    this.#parts.journal.observe(event, now);
  }

  /** Everything that follows a turn: outputs, and the next deadline. Called after each message. */
  #afterTurn(now: Micros): void {
    // Sockets that are closed still tell of their end.
    if (this.#isClosed) return;
    try {
      this.#follow(now);
    } catch (error) {
      this.#faults.end("turn", error, now);
    }
    this.#parts.afterTurn(this.#nextDeadline(), now);
  }

  #follow(now: Micros): void {
    const { journal, notices, outside } = this.#parts;
    const core = this.#core;
    if (core !== null && this.#held === null) {
      outside.afterTurn(core, now);
      while (core.hasOutputs) dispatch(core.takeOutputs(), this.#outputs, now);
    }
    journal.flush();
    notices.flush(now);
  }

  #nextDeadline(): number {
    const core = this.#held === null ? (this.#core?.nextDeadline() ?? Number.POSITIVE_INFINITY) : Infinity;
    return Math.min(core, this.#adapter.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }
}

function adapterSettings(
  settings: Settings,
  keyPermissions: AdapterOptions["keyPermissions"],
  seed: number,
): AdapterOptions {
  return {
    symbols: settings.symbols,
    recvWindowMs: settings.venue.recv_window_ms,
    replyTimeoutMs: settings.venue.reply_timeout_ms,
    firstMessageMs: settings.venue.first_message_ms,
    ownerWaitMs: settings.venue.owner_wait_ms,
    protectionShare: settings.venue.protection_weight_share,
    ...accountWishes(settings),
    keyPermissions,
    candles: candlesAtStart,
    seed,
    deadMansSwitch: switchTerms(settings.venue),
  };
}

function switchTerms({ dead_mans_switch: terms }: Settings["venue"]): SwitchTerms | null {
  if (!terms.enabled) return null;
  return { countdownMs: terms.countdown_seconds * 1_000, renewMs: terms.renew_seconds * 1_000 };
}
