/**
 * The live host: sockets to adapter to core, and the core's outputs to store, venue and log. Decide, record, act: an
 * entry's intent is written before the entry leaves. All other rows are queued, and log lines written, once the commands
 * of the turn have left, and nothing waits for a disk (style: Decide, record, act).
 */

import type { Settings } from "../config/schema.ts";
import { createSources } from "../decision/sources.ts";
import { present } from "../domain/assert.ts";
import type { Control, CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketSink } from "../domain/market-port.ts";
import type { ModelOutput, SavedModel } from "../domain/model.ts";
import type { OutsideWord } from "../domain/outside.ts";
import type { Micros } from "../domain/units.ts";
import { Core } from "../engine/core.ts";
import { settingsFor } from "../engine/settings.ts";
import type { Log } from "../ops/log.ts";
import type { Store } from "../store/store.ts";
import { VenueAdapter } from "../venue/adapter.ts";
import type { Endpoints } from "../venue/live/endpoints.ts";
import { liveTransport } from "../venue/live/transport.ts";
import type { Signer, Transport, TransportEvent, TransportListener } from "../venue/transport.ts";
import { accountWishes } from "./account-wishes.ts";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import { DaemonError, type DaemonResult, resultOf } from "./daemon-result.ts";
import { EntryGate } from "./entry-gate.ts";
import { JournalWriter } from "./journal-writer.ts";
import { LiveSettings } from "./live-settings.ts";
import { type ModelRunner, modelRunner } from "./model/runner.ts";
import { type ModelFile, modelsOf, startingModels } from "./model-file.ts";
import { NoticeDesk } from "./notice-desk.ts";
import { riskEventNotice, tradeNotice } from "./notices.ts";
import { dispatch, type OutputParts } from "./outputs.ts";
import { Outside, outsideSources } from "./outside/outside.ts";
import { type ReadyPart, readiness } from "./readiness.ts";
import { recoveredNotice } from "./recovered.ts";
import { restoredStopNotice } from "./restored-stop.ts";
import { type Publication, RiskPublisher } from "./risk-publisher.ts";
import { RoundTrips } from "./round-trips.ts";
import { sessionNotice, statusNotices } from "./status.ts";
import { RunOfLosses, type Supervisor, supervised } from "./supervisor.ts";

export type DaemonOptions = {
  readonly settings: Settings;
  readonly endpoints: Endpoints;
  readonly signer: Signer;
  /** which exchange's truth the journal belongs to */
  readonly instance: string;
  readonly keyPermissions: "required" | "absent";
  readonly log: Log;
  readonly clock: Clock;
  /** besides the one that the settings configure */
  readonly supervisors?: readonly Supervisor[];
  /** an interface takes intents and plans */
  readonly takesIntents?: boolean;
  readonly journalListener?: JournalListener;
};

/** Who keeps something of their own in the journal. */
export type JournalListener = {
  readonly opened: (store: Store) => void;
  /** Waited for, before the journal is closed: it must have a bound of its own. */
  readonly closing: () => Promise<void>;
};

/** Candles of the past that are asked for: those of a whole UTC day, whose high, low and VWAP are then known. */
const candlesAtStart = 1_440;
/** What is held for a core that waits for its journal; more means that the store does not open. */
const heldEventsMax = 10_000;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #adapter: VenueAdapter;
  readonly #transport: Transport;
  readonly #roundTrips = new RoundTrips();
  readonly #ended = Promise.withResolvers<void>();
  readonly #rest = Promise.withResolvers<void>();
  readonly #publisher: RiskPublisher;
  /** where changed ones are handed in */
  readonly settings: LiveSettings;
  /** decisions of others */
  readonly outside: Outside;
  #core: Core | null = null;
  #instruments: readonly Instrument[] = [];
  readonly #journal = new JournalWriter();
  readonly #notices: NoticeDesk;
  readonly #outputs: OutputParts;
  readonly #modelFile: ModelFile | null;
  readonly #model: ModelRunner | null;
  /** events that wait for the journal; null once it is there */
  #held: CoreEvent[] | null = [];
  readonly #alarm = new Alarm(() => this.#onTimer());
  #statusTimer: NodeJS.Timeout | null = null;
  #isStopping = false;
  #hasRecovered = false;
  /** ends when the store is open, or cannot be opened */
  #opening: Promise<void> = Promise.resolve();
  #closing: Promise<DaemonResult> | null = null;
  #failure: string | null = null;

  constructor(options: DaemonOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#notices = new NoticeDesk(options.log, this.#journal, clock, () => this.#instruments);
    this.#modelFile = startingModels(settings);
    this.#model = modelRunner(
      settings,
      (output) => this.tell(output),
      (level, code, fields) => this.#notices.tell(level, code, fields),
    );
    this.settings = new LiveSettings(
      settings,
      (level, code, fields) => this.#notices.tell(level, code, fields),
      (wanted) => this.#apply(wanted),
    );
    this.#publisher = new RiskPublisher({
      own: [(publication) => this.#record(publication)],
      trouble: (level, code, fields) => this.#notices.tell(level, code, fields),
    });
    this.outside = new Outside({
      settings: () => this.settings.current,
      clock,
      core: () => this.core,
      tell: (event) => this.tell(event),
      keep: (row) => this.#journal.keep(row),
      notice: (level, code, fields) => this.#notices.tell(level, code, fields),
    });
    const supervisors = [
      new RunOfLosses(() => this.settings.current.supervisor.run_of_losses),
      ...(options.supervisors ?? []),
    ];
    for (const one of supervisors) this.#publisher.subscribe(supervised(one, (control) => this.tell(control)));
    this.#adapter = new VenueAdapter(
      adapterSettings(settings, options.keyPermissions, clock() % 2 ** 31),
      options.signer,
      {
        instruments: (instruments) => this.#onInstruments(instruments),
        event: (event, now) => this.#onEvent(event, now),
        request: (request) => this.#transport.request(request),
        notice: (notice) => this.#notices.put(notice, clock()),
        fatal: (message) => this.fail(message),
      },
    );
    const gate = new EntryGate({
      write: (row) => this.#journal.intent(row),
      send: (command, now) => {
        this.#roundTrips.sent(command, now);
        this.#adapter.command(command, now);
        const restored = restoredStopNotice(command, this.settings.current.order_id_prefix);
        if (restored !== null) this.#notices.queue(restored);
      },
      tell: (event, now) => this.#core?.handle(event, now),
    });
    this.#outputs = {
      gate,
      notices: this.#notices,
      journal: this.#journal,
      publisher: this.#publisher,
      outside: this.outside,
      model: this.#model,
      resyncBook: (symbol, now) => this.#adapter.resyncBook(symbol, now),
    };
    this.#transport = liveTransport({
      endpoints: options.endpoints,
      apiKey: options.signer.apiKey,
      listener: this.#listener(),
      clock,
    });
  }

  start(): void {
    const { clock } = this.#options;
    this.#model?.start();
    this.#adapter.start(clock());
    const { settings, instance } = this.#options;
    this.#journal.prepare({ settings, instance, startedAt: clock() });
    this.#afterTurn(clock());
    this.#startStatus();
  }

  /** What an operator, a supervisor or an outside system asks for, between two events. */
  tell(event: Control | OutsideWord | ModelOutput): void {
    if (this.#closing !== null) return;
    const now = this.#options.clock();
    this.#onEvent(event, now);
    this.#afterTurn(now);
  }

  /** The same for somebody who waits: resolves when what follows from it is on the disk (design.md, Store). */
  async control(control: Control): Promise<void> {
    this.tell(control);
    await this.#journal.keep(null);
  }

  /** Null before the journal is there; to be looked at only. */
  get core(): Core | null {
    return this.#held === null ? this.#core : null;
  }

  readiness(): readonly ReadyPart[] {
    const isJournalOpen = this.#held === null;
    return readiness({ core: this.#core, isJournalOpen, isStopping: this.#isStopping }, this.#options.clock());
  }

  /**
   * Resolves when everything that happened so far is in the journal.
   *
   * @throws {import("../store/store.ts").StoreError}
   */
  async committed(): Promise<void> {
    await this.#journal.keep(null);
  }

  /** Resolves when the daemon has to end by itself. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends the daemon: protection stays on the exchange. */
  fail(message: string): void {
    this.#failure ??= message;
    this.#options.log.error("DAEMON_FAILED", { message });
    this.#ended.resolve();
  }

  /**
   * In good order: no new entries, pending ones cancelled, positions left protected or closed as configured, within the
   * time limit; then sockets and store are closed (requirements SAF-5).
   */
  async stop(): Promise<DaemonResult> {
    const { log, clock } = this.#options;
    const settings = this.settings.current;
    log.info("STOPPING", { policy: settings.stop.policy });
    this.#isStopping = true;
    const core = this.#core;
    if (core !== null && this.#held === null) {
      this.#beginStop(core, clock());
      const timer = setTimeout(() => this.#rest.resolve(), settings.stop.timeout_seconds * 1_000);
      await this.#rest.promise;
      clearTimeout(timer);
      if (this.#closing === null && !this.#isAtRest(core)) this.#stoppedTooEarly(core);
    }
    return await this.close();
  }

  /** The time limit is over: what the result says of positions is then not the whole truth, and it must say so. */
  #stoppedTooEarly(core: Core): void {
    const seconds = this.settings.current.stop.timeout_seconds;
    this.#options.log.error("STOP_TIMEOUT", { seconds });
    this.#failure ??= core.isRecovered
      ? `after ${seconds} s an order or a position was still not settled`
      : `after ${seconds} s the account had not been read: positions are not known`;
  }

  /** A core that fails here, too, must not keep the sockets and the store from being closed. */
  #beginStop(core: Core, now: Micros): void {
    try {
      core.handle({ kind: "stop-requested", policy: this.settings.current.stop.policy }, now);
      this.#afterTurn(now);
    } catch (error) {
      this.fail(messageOf(error));
      this.#rest.resolve();
    }
  }

  /** At once: closes sockets and store, whatever is pending. Stops live on the exchange. */
  async close(): Promise<DaemonResult> {
    this.#closing ??= this.#close();
    return await this.#closing;
  }

  async #close(): Promise<DaemonResult> {
    const { log } = this.#options;
    // An orderly stop that still waits ends here.
    this.#rest.resolve();
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.outside.close();
    this.#publisher.close();
    this.#adapter.stop();
    this.#transport.close();
    // Last: what the closing said may have armed it again.
    this.#alarm.clear();
    // Without instruments there is nothing to tell of, and nothing but the prepared store to release.
    if (this.#core === null) await this.#journal.close();
    const result = this.#result();
    await this.#model?.close();
    await this.#opening;
    await this.#options.journalListener?.closing();
    const lost = await this.#journal.close();
    if (lost > 0) log.error("STORE_ROWS_LOST", { rows: lost });
    log.info("STOPPED");
    return result;
  }

  #listener(): TransportListener {
    const { clock } = this.#options;
    return {
      handle: (event: TransportEvent, now: Micros) => {
        this.#adapter.handle(event, now);
        this.#afterTurn(now);
      },
      onStreamMessage: (stream: number, bytes: Uint8Array, receivedAt: Micros) => {
        this.#adapter.onStreamMessage(stream, bytes, receivedAt);
        this.#afterTurn(clock());
      },
    };
  }

  #onInstruments(instruments: readonly Instrument[]): MarketSink {
    const settings = this.settings.current;
    this.#instruments = instruments;
    const core = new Core({
      settings,
      instruments,
      sourcesFor: ({ symbol }, features) => [
        ...outsideSources(settings, this.#options.takesIntents === true),
        ...createSources(settingsFor(settings, symbol).decision, symbol, features),
      ],
    });
    this.#core = core;
    this.#opening = this.#openStore(core).catch((error: unknown) => this.fail(messageOf(error)));
    return core;
  }

  async #openStore(core: Core): Promise<void> {
    const { settings, instance, clock, log } = this.#options;
    const store = await this.#journal.open({
      settings,
      instance,
      instruments: this.#instruments,
      startedAt: clock(),
      onNote: (detail) => log.warn("STORE_NOTE", { detail }),
      onFailure: (message) => {
        core.handle({ kind: "store-failed", message }, clock());
        this.#afterTurn(clock());
      },
    });
    if (this.#closing !== null) return;
    this.#options.journalListener?.opened(store);
    for (const note of store.notes) log.warn("STORE_NOTE", { detail: note });
    const now = clock();
    const { openTrades, session, outside } = store.journal;
    const begun = [...outside.begun.values()];
    core.handle({ kind: "journal", openTrades, session, begun, models: this.#knownModels(store.journal.models) }, now);
    this.outside.open(outside);
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) {
      core.handle(event, now);
      this.#journal.observe(event, now);
    }
    this.#afterTurn(now);
  }

  /** The journal's word comes after the file's: what was learnt since is worth more. */
  #knownModels(journalled: readonly SavedModel[]): readonly SavedModel[] {
    const symbols = this.#instruments.map(({ symbol }) => symbol);
    return [...modelsOf(this.#modelFile, symbols), ...journalled];
  }

  #onEvent(event: CoreEvent, now: Micros): void {
    if (event.kind === "outcome") this.#roundTrips.settled(event, now);
    if (this.#held !== null) {
      if (this.#held.length >= heldEventsMax) return this.fail("the store did not open in time");
      this.#held.push(event);
      return;
    }
    this.#core?.handle(event, now);
    this.#journal.observe(event, now);
  }

  /** Everything that follows a turn: outputs, and the next deadline. Called after each message. */
  #afterTurn(now: Micros): void {
    // Sockets that are closed still tell of their end.
    if (this.#closing !== null) return;
    const core = this.#core;
    if (core !== null && this.#held === null) {
      this.outside.afterTurn(core);
      while (core.hasOutputs) dispatch(core.takeOutputs(), this.#outputs, now);
      if (!this.#hasRecovered) this.#lookForRecovery(core, now);
      if (this.#isStopping && this.#isAtRest(core)) this.#rest.resolve();
    }
    this.#journal.flush();
    this.#notices.flush(now);
    this.#arm(now);
  }

  #lookForRecovery(core: Core, now: Micros): void {
    const notice = recoveredNotice(core, process.uptime);
    if (notice === null) return;
    this.#hasRecovered = true;
    this.#notices.put(notice, now);
  }

  /** Our own part of what is published: the row, and the line in the log. */
  #record(publication: Publication): void {
    this.#journal.add(publication);
    const notice =
      publication.kind === "trade"
        ? tradeNotice(publication, present(this.#instruments[publication.symbol], "instrument of a trade"))
        : riskEventNotice(publication);
    this.#notices.put(notice, this.#options.clock());
  }

  #apply(settings: Settings): void {
    if (this.#closing !== null) return;
    const now = this.#options.clock();
    this.#options.log.setLevel(settings.log.level);
    this.#startStatus();
    this.#core?.reconfigure(settings, now);
    this.#afterTurn(now);
  }

  #arm(now: Micros): void {
    const core = this.#held === null ? (this.#core?.nextDeadline() ?? Number.POSITIVE_INFINITY) : Infinity;
    this.#alarm.set(Math.min(core, this.#adapter.nextDeadline() ?? Number.POSITIVE_INFINITY), now);
  }

  #onTimer(): void {
    const now = this.#options.clock();
    const adapterDue = this.#adapter.nextDeadline();
    if (adapterDue !== null && adapterDue <= now) this.#adapter.onTimer(now);
    const core = this.#core;
    if (core !== null && this.#held === null && core.nextDeadline() <= now) core.handle({ kind: "timer" }, now);
    this.#afterTurn(now);
  }

  #startStatus(): void {
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#statusTimer = setInterval(() => this.#status(), this.settings.current.log.status_seconds * 1_000);
  }

  #status(): void {
    const core = this.#core;
    if (core === null || this.#held !== null) return;
    const now = this.#options.clock();
    for (const notice of statusNotices(core, now)) this.#notices.put(notice, now);
    this.#notices.put(sessionNotice(core, now), now);
    const { wallet } = core.account;
    if (wallet !== null) this.#journal.account({ wallet, equity: wallet }, now);
  }

  #isAtRest(core: Core): boolean {
    if (this.#adapter.hasStopOut) return false;
    return this.settings.current.stop.policy === "flatten" ? core.isFlat : core.isAtRest;
  }

  #result(): DaemonResult {
    if (this.#core !== null) return resultOf(this.#core, this.#roundTrips, this.#failure);
    throw new DaemonError(this.#failure ?? "the venue did not answer before the daemon was stopped");
  }
}

function adapterSettings(
  settings: Settings,
  keyPermissions: DaemonOptions["keyPermissions"],
  seed: number,
): ConstructorParameters<typeof VenueAdapter>[0] {
  return {
    symbols: settings.symbols,
    recvWindowMs: settings.venue.recv_window_ms,
    replyTimeoutMs: settings.venue.reply_timeout_ms,
    firstMessageMs: settings.venue.first_message_ms,
    protectionShare: settings.venue.protection_weight_share,
    ...accountWishes(settings),
    keyPermissions,
    candles: candlesAtStart,
    seed,
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
