/**
 * The live host: sockets to adapter to core, and the core's outputs to store, venue and log. Decide, record, act: an
 * entry's intent is written before the entry leaves. All other rows are queued, and log lines written, once the commands
 * of the turn have left, and nothing waits for a disk (style: Decide, record, act).
 */

import type { Settings } from "../config/schema.ts";
import { createSources } from "../decision/sources.ts";
import { present } from "../domain/assert.ts";
import type { Control, CoreEvent } from "../domain/event.ts";
import { type Instrument, moneyFromNumber } from "../domain/instrument.ts";
import type { ModelOutput, SavedModel } from "../domain/model.ts";
import type { OutsideWord } from "../domain/outside.ts";
import { addMoney, type Micros } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import { settingsFor } from "../engine/settings.ts";
import { concealed } from "../ops/concealed.ts";
import type { Log } from "../ops/log.ts";
import { type Store, StoreError } from "../store/store.ts";
import type { Endpoints } from "../venue/live/endpoints.ts";
import { liveTransport } from "../venue/live/transport.ts";
import type { Signer, Transport } from "../venue/transport.ts";
import { Alarm } from "./alarm.ts";
import type { Clock } from "./clock.ts";
import { DaemonError, type DaemonResult, resultOf } from "./daemon-result.ts";
import { messageOf } from "./faults.ts";
import { JournalWriter } from "./journal-writer.ts";
import { LiveSettings } from "./live-settings.ts";
import { type ModelRunner, modelRunner } from "./model/runner.ts";
import { type ModelFile, modelsOf, startingModels } from "./model-file.ts";
import { NoticeDesk } from "./notice-desk.ts";
import { riskEventNotice, tradeNotice } from "./notices.ts";
import { Outside, outsideSources } from "./outside/outside.ts";
import { type ReadyPart, readiness } from "./readiness.ts";
import { recoveredNotice } from "./recovered.ts";
import { type Publication, RiskPublisher } from "./risk-publisher.ts";
import { sessionNotice, statusNotices } from "./status.ts";
import { RunOfLosses, type Supervisor, supervised } from "./supervisor.ts";
import { Trader } from "./trader.ts";
import { WallWatch } from "./wall-watch.ts";

export type DaemonOptions = {
  readonly settings: Settings;
  readonly endpoints: Endpoints;
  readonly signer: Signer;
  /** which exchange's truth the journal belongs to */
  readonly instance: string;
  readonly keyPermissions: "required" | "absent";
  readonly log: Log;
  readonly clock: Clock;
  /** what the machine shows as its time, microseconds: a jump of it is a fault; left out, nobody looks */
  readonly wallClock?: () => number;
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

/** Characters of why it failed. */
const failureMax = 1_000;

/** What comes to the core from elsewhere than the exchange. */
type Told = Control | OutsideWord | ModelOutput | Extract<CoreEvent, { kind: "clock-jump" | "internal-error" }>;

export class Daemon {
  readonly #options: DaemonOptions;
  readonly #trader: Trader;
  readonly #transport: Transport;
  readonly #ended = Promise.withResolvers<void>();
  readonly #rest = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #publisher: RiskPublisher;
  readonly #runOfLosses: RunOfLosses;
  /** where changed ones are handed in */
  readonly settings: LiveSettings;
  /** decisions of others */
  readonly outside: Outside;
  readonly #journal = new JournalWriter();
  readonly #notices: NoticeDesk;
  readonly #modelFile: ModelFile | null;
  readonly #model: ModelRunner | null;
  readonly #alarm = new Alarm(() => this.#trader.onTimer(this.#options.clock()));
  #statusTimer: NodeJS.Timeout | null = null;
  #wallWatch: WallWatch | null = null;
  #isStopping = false;
  /** what the core does about positions; null: nothing, since no stop was asked of it yet */
  #stopPolicy: Settings["stop"]["policy"] | null = null;
  /** an orderly stop has waited until all was settled */
  #hasComeToRest = false;
  #hasRecovered = false;
  /** ends when the store is open, or cannot be opened */
  #opening: Promise<void> = Promise.resolve();
  #closing: Promise<DaemonResult> | null = null;
  #failure: string | null = null;

  constructor(options: DaemonOptions) {
    const { settings, clock } = options;
    this.#options = options;
    this.#notices = new NoticeDesk(options.log, this.#journal, clock, () => this.#trader.instruments);
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
    this.#runOfLosses = new RunOfLosses(() => this.settings.current.supervisor.run_of_losses);
    const supervisors = [this.#runOfLosses, ...(options.supervisors ?? [])];
    for (const one of supervisors) this.#publisher.subscribe(supervised(one, (control) => this.tell(control)));
    this.#trader = new Trader({
      settings: () => this.settings.current,
      keyPermissions: options.keyPermissions,
      seed: clock() % 2 ** 31,
      signer: options.signer,
      clock,
      request: (request) => this.#transport.request(request),
      journal: this.#journal,
      notices: this.#notices,
      publisher: this.#publisher,
      outside: this.outside,
      model: this.#model,
      sourcesFor: ({ symbol }, features) => [
        ...outsideSources(this.settings.current, options.takesIntents === true),
        ...createSources(settingsFor(this.settings.current, symbol).decision, symbol, features),
      ],
      onInstruments: (instruments) => {
        this.#opening = this.#openStore(instruments).catch((error: unknown) =>
          this.fail(error instanceof StoreError ? error.message : messageOf(error)),
        );
      },
      afterTurn: (deadline, now) => this.#afterTurn(deadline, now),
      fail: (message) => this.fail(message),
    });
    this.#transport = liveTransport({
      endpoints: options.endpoints,
      apiKey: options.signer.apiKey,
      listener: this.#trader,
      clock,
    });
  }

  start(): void {
    const { settings, instance, clock } = this.#options;
    this.#model?.start();
    this.#journal.prepare({ settings, instance, startedAt: clock() });
    this.#trader.start(clock());
    this.#startStatus();
    const { wallClock } = this.#options;
    if (wallClock !== undefined) {
      this.#wallWatch = new WallWatch({
        clock,
        wallClock,
        settings: () => this.settings.current.safe_mode,
        onJump: (by) => this.tell({ kind: "clock-jump", by }),
      });
    }
  }

  /** What an operator, a supervisor or an outside system asks for, between two events. */
  tell(event: Told): void {
    if (this.#closing !== null) return;
    this.#trader.tell(event, this.#options.clock());
  }

  /** The process caught something that nobody else did. */
  onUncaught(error: unknown): void {
    this.#trader.break("process", error, this.#options.clock());
  }

  /**
   * The same for somebody who waits: resolves when what follows from it is on the disk (design.md, Store); rejects where
   * that cannot be, and the core has heard of it all the same; as the daemon ends nobody hears of it.
   */
  async control(control: Control): Promise<void> {
    // The journal still takes rows while the last alerts leave: that it has kept none would pass for kept.
    if (this.#closing !== null) throw new DaemonError("the daemon is ending: nothing follows from it any more");
    this.tell(control);
    await this.#journal.keep(null);
  }

  /** Null before the journal is there; to be looked at only. */
  get core(): Core | null {
    return this.#trader.isJournalOpen ? this.#trader.core : null;
  }

  readiness(): readonly ReadyPart[] {
    const { core, isJournalOpen } = this.#trader;
    return readiness({ core, isJournalOpen, isStopping: this.#isStopping }, this.#options.clock());
  }

  /** Resolves when the daemon has to end by itself. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Ends the daemon: protection stays on the exchange. */
  fail(message: string): void {
    // It is printed as it is, and may repeat what the exchange said (failure-catalogue I-22).
    this.#failure ??= concealed(message, failureMax);
    this.#options.log.error("DAEMON_FAILED", { message });
    this.#ended.resolve();
  }

  /**
   * In good order: no new entries, pending ones cancelled, positions left protected or closed as configured, within the
   * time limit; then sockets and store are closed (requirements SAF-5).
   */
  async stop(): Promise<DaemonResult> {
    const { log } = this.#options;
    const { policy, timeout_seconds: seconds } = this.settings.current.stop;
    log.info("STOPPING", { policy });
    this.#isStopping = true;
    const timer = setTimeout(() => this.#rest.resolve(), seconds * 1_000);
    // Until the journal is there nothing is known of positions, nor of what is to be done with them.
    await Promise.race([this.#opening, this.#rest.promise]);
    const core = this.core;
    if (core !== null && this.#closing === null) await this.#settle(core, seconds);
    clearTimeout(timer);
    return await this.close();
  }

  async #settle(core: Core, seconds: number): Promise<void> {
    this.#beginStop(this.#options.clock());
    await this.#rest.promise;
    if (this.#closing !== null) return;
    if (!this.#isAtRest(core, this.#options.clock())) return this.#stoppedTooEarly(core, seconds);
    this.#hasComeToRest = true;
    // What is not settled is left to the switch.
    await this.#disarm();
  }

  /** The adapter ends it in any case; a second signal does not wait. */
  async #disarm(): Promise<void> {
    const disarmed = Promise.withResolvers<void>();
    const now = this.#options.clock();
    this.#trader.disarm(now, () => disarmed.resolve());
    await Promise.race([disarmed.promise, this.#closed.promise]);
  }

  /** The time limit is over: what the result says of positions is then not the whole truth, and it must say so. */
  #stoppedTooEarly(core: Core, seconds: number): void {
    this.#options.log.error("STOP_TIMEOUT", { seconds });
    this.#failure ??= core.isRecovered
      ? `after ${seconds} s an order or a position was still not settled`
      : `after ${seconds} s the account had not been read: positions are not known`;
  }

  /** A core that fails here, too, must not keep the sockets and the store from being closed. */
  #beginStop(now: Micros): void {
    const { policy } = this.settings.current.stop;
    this.#stopPolicy = policy;
    try {
      this.#trader.tellAtOnce({ kind: "stop-requested", policy }, now);
    } catch (error) {
      this.#trader.break("stop", error, now);
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
    this.#closed.resolve();
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#wallWatch?.close();
    this.outside.close();
    this.#publisher.close();
    this.#trader.close();
    this.#transport.close();
    // Last: what the closing said may have armed it again.
    this.#alarm.clear();
    const now = this.#options.clock();
    this.#noteUnsettled(now);
    const { core, roundTrips } = this.#trader;
    if (core !== null) this.#keepAccount(core, now);
    const result = core === null ? null : resultOf(core, roundTrips, this.#failure);
    await this.#model?.close();
    await this.#opening;
    await this.#options.journalListener?.closing();
    const lost = await this.#journal.close();
    if (lost > 0) log.error("STORE_ROWS_LOST", { rows: lost });
    log.info("STOPPED");
    if (result !== null) return result;
    // Only now: what was begun before the exchange had answered would outlive the daemon, as the thread of a model.
    throw new DaemonError(this.#failure ?? "the venue did not answer before the daemon was stopped");
  }

  /** Nothing was waited for, so the result must say here, too, where it is not the whole truth (failure-catalogue F-74). */
  #noteUnsettled(now: Micros): void {
    const { core, isJournalOpen } = this.#trader;
    if (core === null || this.#hasComeToRest) return;
    if (!isJournalOpen) this.#failure ??= "ended before its journal was open: positions are not known";
    else if (!core.isRecovered)
      this.#failure ??= "ended at once: the account had not been read: positions are not known";
    else if (!this.#isAtRest(core, now)) {
      this.#failure ??= "ended at once: an order or a position was still not settled";
    }
  }

  async #openStore(instruments: readonly Instrument[]): Promise<void> {
    const { settings, instance, clock, log } = this.#options;
    const store = await this.#journal.open({
      settings,
      instance,
      instruments,
      startedAt: clock(),
      onNote: (detail) => log.warn("STORE_NOTE", { detail }),
      onFailure: (message) => this.#trader.tellAtOnce({ kind: "store-failed", message }, clock()),
    });
    if (this.#closing !== null) return;
    this.#options.journalListener?.opened(store);
    for (const note of store.notes) log.warn("STORE_NOTE", { detail: note });
    const { openTrades, appliedTradeIds, endedTrades, session, safeMode, outside, models } = store.journal;
    const begun = [...outside.begun.values()];
    this.outside.open(outside);
    this.#runOfLosses.begin(store.journal.lossesInARow);
    const told = { openTrades, appliedTradeIds, endedTrades, session, safeMode, begun };
    this.#trader.open({ ...told, models: this.#knownModels(models) }, clock());
  }

  /** The journal's word comes after the file's: what was learnt since is worth more. */
  #knownModels(journalled: readonly SavedModel[]): readonly SavedModel[] {
    const symbols = this.#trader.instruments.map(({ symbol }) => symbol);
    return [...modelsOf(this.#modelFile, symbols), ...journalled];
  }

  #afterTurn(deadline: number, now: Micros): void {
    const core = this.core;
    if (core !== null && this.#trader.isJournalOpen) {
      if (!this.#hasRecovered) this.#lookForRecovery(core, now);
      if (this.#isStopping && this.#isAtRest(core, now)) this.#rest.resolve();
    }
    this.#alarm.set(deadline, now);
  }

  #lookForRecovery(core: Core, now: Micros): void {
    const notice = recoveredNotice(core, process.uptime);
    if (notice === null) return;
    this.#hasRecovered = true;
    this.#notices.put(notice, now);
    this.#keepAccount(core, now);
  }

  /** Our own part of what is published: the row, and the line in the log. */
  #record(publication: Publication): void {
    this.#journal.add(publication);
    const notice =
      publication.kind === "trade"
        ? tradeNotice(publication, present(this.#trader.instruments[publication.symbol], "instrument of a trade"))
        : riskEventNotice(publication);
    this.#notices.put(notice, this.#options.clock());
  }

  #apply(settings: Settings): void {
    if (this.#closing !== null) return;
    const now = this.#options.clock();
    this.#options.log.setLevel(settings.log.level);
    this.#startStatus();
    this.#trader.reconfigure(settings, now);
    this.#followPolicy(settings.stop.policy, now);
  }

  /** What we wait for is what the core was asked for. Once all is settled the sockets close: what would begin then is cut short. */
  #followPolicy(policy: Settings["stop"]["policy"], now: Micros): void {
    if (this.#stopPolicy === null || this.#stopPolicy === policy || this.#hasComeToRest) return;
    this.#beginStop(now);
  }

  #startStatus(): void {
    if (this.#statusTimer !== null) clearInterval(this.#statusTimer);
    this.#statusTimer = setInterval(() => this.#status(), this.settings.current.log.status_seconds * 1_000);
  }

  #status(): void {
    const core = this.core;
    if (core === null) return;
    const now = this.#options.clock();
    for (const notice of statusNotices(core, now)) this.#notices.put(notice, now);
    this.#notices.put(sessionNotice(core, now), now);
    this.#keepAccount(core, now);
  }

  /** What `scalpd state` shows: as of the moment that is kept with it, the last at which all of it was known. */
  #keepAccount(core: Core, now: Micros): void {
    const { openProfit, account } = core;
    const { wallet } = account;
    if (wallet === null || openProfit === null) return;
    this.#journal.account({ wallet, equity: addMoney(wallet, moneyFromNumber(openProfit)) }, now);
  }

  #isAtRest(core: Core, now: Micros): boolean {
    if (this.#trader.hasStopOut) return false;
    return this.settings.current.stop.policy === "flatten" ? core.isFlat(now) : core.isAtRest(now);
  }
}
