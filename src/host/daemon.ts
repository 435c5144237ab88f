/**
 * The live host: sockets to adapter to core, and the core's outputs to store, venue and log. Decide, record, act: rows are
 * recorded before the commands beside them leave, and nothing waits for a disk (style: Decide, record, act).
 */

import type { Settings } from "../config/schema.ts";
import { createSources } from "../decision/sources.ts";
import { present } from "../domain/assert.ts";
import type { Control, CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MarketSink } from "../domain/market-port.ts";
import { isCommand, type Notice, type Output, type PlaceOrder, type Row } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";
import { Core } from "../engine/core.ts";
import type { CoreSummary } from "../engine/summary.ts";
import { type Log, shownFields } from "../ops/log.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { VenueAdapter } from "../venue/adapter.ts";
import type { Endpoints } from "../venue/live/endpoints.ts";
import { liveTransport } from "../venue/live/transport.ts";
import type { Signer, Transport, TransportEvent, TransportListener } from "../venue/transport.ts";
import type { Clock } from "./clock.ts";
import { riskEventNotice, tradeNotice } from "./notices.ts";
import { type Publication, RiskPublisher } from "./risk-publisher.ts";
import { RoundTrips } from "./round-trips.ts";
import { changeText, settingsChange } from "./settings-change.ts";
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
};

export type DaemonResult = {
  readonly summary: CoreSummary;
  readonly roundTrips: { readonly medianMs: number | null; readonly longestMs: number };
  readonly positions: readonly OpenPosition[];
  /** why the daemon ended by itself; null when it was told to */
  readonly failure: string | null;
};

export type OpenPosition = {
  readonly symbol: string;
  readonly lots: number;
  readonly stopTicks: number;
  /** a stop of ours is live on the exchange */
  readonly isProtected: boolean;
};

/** Candles of the past that are asked for: enough for the longest period that the settings allow. */
const candlesAtStart = 600;
/** What is held for a core that waits for its journal; more means that the store does not open. */
const heldEventsMax = 10_000;
/** setTimeout takes no longer waits. */
const timerMillisMax = 60_000;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #adapter: VenueAdapter;
  readonly #transport: Transport;
  readonly #roundTrips = new RoundTrips();
  readonly #ended = Promise.withResolvers<void>();
  readonly #rest = Promise.withResolvers<void>();
  readonly #publisher: RiskPublisher;
  #settings: Settings;
  #core: Core | null = null;
  #instruments: readonly Instrument[] = [];
  #store: Store | null = null;
  /** events that wait for the journal; null once it is there */
  #held: CoreEvent[] | null = [];
  #rows: Row[] = [];
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #statusTimer: NodeJS.Timeout | null = null;
  #isStopping = false;
  #failure: string | null = null;
  /** an entry whose intent could not be written: it must not leave */
  #unwrittenEntry: string | null = null;

  constructor(options: DaemonOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#settings = settings;
    this.#publisher = new RiskPublisher({
      own: [(publication) => this.#record(publication)],
      trouble: (level, code, fields) => this.#notice({ kind: "notice", level, code, symbol: null, fields }, clock()),
    });
    const supervisors = [
      new RunOfLosses(() => this.#settings.supervisor.run_of_losses),
      ...(options.supervisors ?? []),
    ];
    for (const one of supervisors) this.#publisher.subscribe(supervised(one, (control) => this.control(control)));
    this.#adapter = new VenueAdapter(
      {
        symbols: settings.symbols,
        recvWindowMs: settings.venue.recv_window_ms,
        replyTimeoutMs: settings.venue.reply_timeout_ms,
        firstMessageMs: settings.venue.first_message_ms,
        protectionShare: settings.venue.protection_weight_share,
        leverage: settings.risk.max_leverage,
        keyPermissions: options.keyPermissions,
        candles: candlesAtStart,
        seed: clock() % 2 ** 31,
      },
      options.signer,
      {
        instruments: (instruments) => this.#onInstruments(instruments),
        event: (event, now) => this.#onEvent(event, now),
        request: (request) => this.#transport.request(request),
        notice: (notice) => this.#notice(notice, clock()),
        fatal: (message) => this.fail(message),
      },
    );
    this.#transport = liveTransport({
      endpoints: options.endpoints,
      apiKey: options.signer.apiKey,
      listener: this.#listener(),
      clock,
    });
  }

  start(): void {
    const { clock } = this.#options;
    this.#adapter.start(clock());
    this.#afterTurn(clock());
    this.#startStatus();
  }

  /** What an operator or a supervisor asks for, between two events. */
  control(control: Control): void {
    const now = this.#options.clock();
    this.#onEvent(control, now);
    this.#afterTurn(now);
  }

  /**
   * Other settings from now on, whole or not at all: a change that needs a restart is refused with everything beside it,
   * and said so (requirements CFG-4).
   *
   * @returns whether they are in force
   */
  reconfigure(wanted: Settings): boolean {
    const { log, clock } = this.#options;
    const change = settingsChange(this.#settings, wanted);
    if (change.kind === "same") return true;
    if (change.kind === "refused") {
      this.refuseSettings("SETTINGS_REFUSED", change.problems);
      return false;
    }
    const now = clock();
    this.#settings = wanted;
    log.setLevel(wanted.log.level);
    this.#startStatus();
    this.#core?.reconfigure(wanted, now);
    for (const one of change.changes) this.#tell("info", "SETTING_CHANGED", { change: changeText(one) }, now);
    this.#afterTurn(now);
    return true;
  }

  /** The changed file cannot be used: what runs goes on as it was. */
  refuseSettings(code: "SETTINGS_INVALID" | "SETTINGS_REFUSED", problems: readonly string[]): void {
    const fields = { problems: problems.length, message: problems.join("; ") };
    this.#tell("error", code, fields, this.#options.clock());
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
    const settings = this.#settings;
    log.info("STOPPING", { policy: settings.stop.policy });
    this.#isStopping = true;
    const core = this.#core;
    if (core !== null && this.#held === null) {
      core.handle({ kind: "stop-requested", policy: settings.stop.policy }, clock());
      this.#afterTurn(clock());
      const timer = setTimeout(() => this.#rest.resolve(), settings.stop.timeout_seconds * 1_000);
      await this.#rest.promise;
      clearTimeout(timer);
      if (!this.#isAtRest(core)) log.warn("STOP_TIMEOUT", { seconds: settings.stop.timeout_seconds });
    }
    return await this.close();
  }

  /** At once: closes sockets and store, whatever is pending. Stops live on the exchange. */
  async close(): Promise<DaemonResult> {
    const { log } = this.#options;
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#publisher.close();
    this.#adapter.stop();
    this.#transport.close();
    this.#flushRows();
    const result = this.#result();
    const closed = await this.#store?.close();
    if (closed !== undefined && closed.lost > 0) log.error("STORE_ROWS_LOST", { rows: closed.lost });
    this.#store = null;
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
    const settings = this.#settings;
    this.#instruments = instruments;
    const core = new Core({
      settings,
      instruments,
      sourcesFor: (_instrument, features) => createSources(settings.decision, features),
    });
    this.#core = core;
    void this.#openStore(core).catch((error: unknown) => this.fail(messageOf(error)));
    return core;
  }

  async #openStore(core: Core): Promise<void> {
    const { settings, instance, clock, log } = this.#options;
    const store = await openStore({
      directory: settings.store.directory,
      venue: settings.venue.name,
      instance,
      instruments: this.#instruments.map(({ symbol, rules }) => ({
        symbol,
        tickSize: rules.tickSize,
        stepSize: rules.stepSize,
      })),
      commitIntervalMs: settings.store.commit_interval_ms,
      startedAt: clock(),
      shownFields,
      onFailure: (failure) => {
        core.handle({ kind: "store-failed", message: `${failure.where}: ${failure.message}` }, clock());
        this.#afterTurn(clock());
      },
    });
    this.#store = store;
    for (const note of store.notes) log.warn("STORE_NOTE", { detail: note });
    const now = clock();
    core.handle({ kind: "journal", openTrades: store.journal.openTrades, session: store.journal.session }, now);
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) core.handle(event, now);
    this.#afterTurn(now);
  }

  #onEvent(event: CoreEvent, now: Micros): void {
    if (event.kind === "outcome") this.#roundTrips.settled(event, now);
    if (this.#held !== null) {
      if (this.#held.length >= heldEventsMax) return this.fail("the store did not open in time");
      this.#held.push(event);
      return;
    }
    this.#core?.handle(event, now);
  }

  /** Everything that follows a turn: outputs, and the next deadline. Called after each message. */
  #afterTurn(now: Micros): void {
    const core = this.#core;
    if (core !== null && this.#held === null) {
      while (core.hasOutputs) this.#dispatch(core.takeOutputs(), now);
      if (this.#isStopping && this.#isAtRest(core)) this.#rest.resolve();
    }
    if (this.#rows.length > 0) this.#flushRows();
    this.#arm(now);
  }

  #dispatch(outputs: readonly Output[], now: Micros): void {
    for (const output of outputs) {
      if (isCommand(output)) {
        this.#flushRows();
        if (output.kind === "place-order" && output.clientOrderId === this.#unwrittenEntry) this.#refuse(output, now);
        else this.#send(output, now);
        continue;
      }
      switch (output.kind) {
        case "intent":
          this.#writeIntent(output, now);
          break;
        case "notice":
          this.#notice(output, now);
          break;
        case "safe-mode":
          this.#notice(
            {
              kind: "notice",
              level: "error",
              code: output.on ? "SAFE_MODE_ON" : "SAFE_MODE_OFF",
              symbol: null,
              fields: { reason: output.reason, detail: output.detail },
            },
            now,
          );
          break;
        case "resync-book":
          this.#adapter.resyncBook(output.symbol, now);
          break;
        case "order":
        case "fill":
        case "position":
        case "decision":
        case "no-trade":
        case "session":
          this.#rows.push(output);
          break;
        case "risk-event":
        case "trade":
          this.#publisher.publish(output);
          break;
        default:
          throw new TypeError(`unhandled output ${output satisfies never}`);
      }
    }
  }

  /** Our own part of what is published: the row, and the line in the log. */
  #record(publication: Publication): void {
    this.#rows.push(publication);
    const notice =
      publication.kind === "trade"
        ? tradeNotice(publication, present(this.#instruments[publication.symbol], "instrument of a trade"))
        : riskEventNotice(publication);
    this.#notice(notice, this.#options.clock());
  }

  #send(command: Parameters<VenueAdapter["command"]>[0], now: Micros): void {
    this.#roundTrips.sent(command, now);
    this.#adapter.command(command, now);
  }

  #writeIntent(row: Extract<Output, { kind: "intent" }>, now: Micros): void {
    if (this.#store?.intent(row) === true) return;
    this.#unwrittenEntry = row.clientOrderId;
    this.#core?.handle({ kind: "store-failed", message: "the intent log could not be written" }, now);
  }

  /** Without a durable intent an entry must not exist (failure-catalogue F-39). */
  #refuse(command: PlaceOrder, now: Micros): void {
    this.#unwrittenEntry = null;
    const outcome = { kind: "refused", code: notWritten, message: "its intent could not be written" } as const;
    this.#core?.handle({ kind: "outcome", command, outcome }, now);
  }

  #flushRows(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#store?.append(rows);
  }

  #notice(notice: Notice, now: Micros): void {
    const symbol = notice.symbol === null ? null : (this.#instruments[notice.symbol]?.symbol ?? null);
    this.#options.log.notice(notice, symbol);
    if (notice.level !== "debug") this.#store?.log(notice, now);
  }

  #tell(level: Notice["level"], code: string, fields: Notice["fields"], now: Micros): void {
    this.#notice({ kind: "notice", level, code, symbol: null, fields }, now);
  }

  #arm(now: Micros): void {
    const core = this.#held === null ? (this.#core?.nextDeadline() ?? Number.POSITIVE_INFINITY) : Infinity;
    const due = Math.min(core, this.#adapter.nextDeadline() ?? Number.POSITIVE_INFINITY);
    if (due >= this.#timerAt && this.#timer !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timerAt = due;
    const wait = Math.min(timerMillisMax, Math.max(0, Math.ceil((due - now) / 1_000)));
    this.#timer = setTimeout(() => this.#onTimer(), wait);
  }

  #onTimer(): void {
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#options.clock();
    const adapterDue = this.#adapter.nextDeadline();
    if (adapterDue !== null && adapterDue <= now) this.#adapter.onTimer(now);
    const core = this.#core;
    if (core !== null && this.#held === null && core.nextDeadline() <= now) core.handle({ kind: "timer" }, now);
    this.#afterTurn(now);
  }

  #startStatus(): void {
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#statusTimer = setInterval(() => this.#status(), this.#settings.log.status_seconds * 1_000);
  }

  #status(): void {
    const core = this.#core;
    if (core === null || this.#held !== null) return;
    const now = this.#options.clock();
    for (const notice of statusNotices(core, now)) this.#notice(notice, now);
    this.#notice(sessionNotice(core, now), now);
    const { wallet } = core.account;
    if (wallet !== null) this.#store?.account({ wallet, equity: wallet }, now);
  }

  #isAtRest(core: Core): boolean {
    return this.#settings.stop.policy === "flatten" ? core.isFlat : core.isAtRest;
  }

  #result(): DaemonResult {
    const core = this.#core;
    if (core === null) throw new DaemonError(this.#failure ?? "the venue did not answer before the daemon was stopped");
    return {
      summary: core.summary(),
      roundTrips: { medianMs: this.#roundTrips.medianMs, longestMs: this.#roundTrips.longestMs },
      positions: core.openPositions().map((position) => ({
        symbol: position.instrument.symbol,
        lots: position.lots,
        stopTicks: position.stopLoss,
        isProtected: position.isProtected,
      })),
      failure: this.#failure,
    };
  }
}

/** Not a code of the exchange, which uses negative numbers. */
const notWritten = 1;

/** The daemon could not begin its work. The process ends with exit code 1. */
class DaemonError extends Error {
  override readonly name = "DaemonError";
  readonly code = "DAEMON";
  readonly exitCode = 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
