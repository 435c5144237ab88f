/**
 * The daemon as a process on a machine: the very trader of the live host, with a simulated network, store and clock in
 * place of sockets, files and timers. A crash drops the whole graph of objects; only the disk is left.
 */

import type { Settings } from "../config/schema.ts";
import { createSources } from "../decision/sources.ts";
import type { Alert } from "../domain/alert.ts";
import { present } from "../domain/assert.ts";
import type { Control } from "../domain/event.ts";
import type { Row } from "../domain/output.ts";
import { type Micros, micros, microsPerMillisecond } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import { settingsFor } from "../engine/settings.ts";
import { JournalWriter } from "../host/journal-writer.ts";
import { NoticeDesk } from "../host/notice-desk.ts";
import { riskEventNotice, tradeNotice } from "../host/notices.ts";
import { RiskPublisher } from "../host/risk-publisher.ts";
import { Trader } from "../host/trader.ts";
import { AlertDesk } from "../ops/alerts/desk.ts";
import { type Fields, type Log, shownFields } from "../ops/log.ts";
import { observedLog } from "../ops/observed-log.ts";
import { machineTimers } from "../ops/timers.ts";
import type { Signer } from "../venue/transport.ts";
import { type Disk, SimulatedStore } from "./disk.ts";
import type { Network } from "./network.ts";
import type { Loss } from "./plan/fault.ts";
import type { Port } from "./port.ts";
import type { EventQueue } from "./queue.ts";

export type ProcessHooks = {
  readonly onRow: (row: Row) => void;
  readonly onNotice: (level: string, code: string, fields: Fields) => void;
  readonly onAlert: (alert: Alert) => void;
  readonly onStoreFailed: (message: string) => void;
  /** somebody is about to tell it what to do */
  readonly onControl: (control: Control) => void;
  /** the program ended by itself: it could not go on */
  readonly onFatal: (message: string) => void;
  /** it has failed inside: our own mistake */
  readonly onBroken: (error: unknown) => void;
  /** after each turn */
  readonly onTurn: (turns: number) => void;
};

export type ProcessOptions = {
  readonly settings: Settings;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly disk: Disk;
  readonly signer: Signer;
  readonly now: () => Micros;
  readonly seed: number;
  readonly hooks: ProcessHooks;
};

/** Until the store is open. */
const openTime = 20 * microsPerMillisecond;

export class Process {
  readonly #options: ProcessOptions;
  #life: Life | null = null;
  #lives = 0;
  /** of the machine's clock against the exchange's, and since when it drifts */
  #offset = 0;
  #ppm = 0;
  #driftSince = 0;

  constructor(options: ProcessOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#life !== null;
  }

  /** Null while it is down or knows no rules. */
  get core(): Core | null {
    return this.#life?.core ?? null;
  }

  get isReady(): boolean {
    return this.core?.isRecovered === true;
  }

  get port(): Port | null {
    return this.#life?.port ?? null;
  }

  /** What it holds, by name. */
  get sizes(): Readonly<Record<string, number>> {
    return this.#life?.sizes ?? {};
  }

  /** When the process's timer rings, true time; infinite when nothing waits. */
  get alarmAt(): number {
    return this.#life?.alarmAt ?? Number.POSITIVE_INFINITY;
  }

  /** What the machine's clock says. */
  clock(): Micros {
    const now = this.#options.now();
    return micros(Math.round(now + this.#offset + ((now - this.#driftSince) * this.#ppm) / 1e6));
  }

  /** From now on the machine's clock runs so much too fast. */
  drift(ppm: number): void {
    const now = this.#options.now();
    this.#offset += ((now - this.#driftSince) * this.#ppm) / 1e6;
    this.#driftSince = now;
    this.#ppm = ppm;
  }

  /** @param offset of its clock, which is set anew with every start */
  start(offset: number): void {
    this.#offset = offset;
    this.#driftSince = this.#options.now();
    this.#lives += 1;
    this.#life = new Life(this.#options, () => this.clock(), this.#lives);
    this.#guard((life) => life.start());
  }

  kill(loss: Loss): void {
    this.#life?.kill();
    this.#life = null;
    this.#options.disk.afterCrash(loss);
  }

  ring(): void {
    this.#guard((life) => life.ring());
  }

  tell(control: Control): void {
    this.#guard((life) => life.tell(control));
  }

  /** Nothing is done until then. */
  pause(until: number): void {
    this.#life?.pause(until);
  }

  #guard(act: (life: Life) => void): void {
    const life = this.#life;
    if (life === null) return;
    try {
      act(life);
    } catch (error) {
      this.#options.hooks.onBroken(error);
    }
  }
}

class Life {
  readonly port: Port;
  alarmAt = Number.POSITIVE_INFINITY;
  readonly #options: ProcessOptions;
  readonly #clock: () => Micros;
  readonly #trader: Trader;
  readonly #journal = new JournalWriter();
  readonly #log: Log;
  #store: SimulatedStore | null = null;
  #isGone = false;
  #turns = 0;

  constructor(options: ProcessOptions, clock: () => Micros, number: number) {
    this.#options = options;
    this.#clock = clock;
    const { settings, signer, hooks, network } = options;
    const own = logOf((level, code, fields) => {
      if (!this.#isGone) hooks.onNotice(level, code, shownFields(fields));
    });
    const alerts = alertDesk(settings, clock, (alert) => {
      if (!this.#isGone) hooks.onAlert(alert);
    });
    const log = observedLog(own, (notice, symbol) => alerts.observe(notice, symbol));
    this.#log = log;
    const notices = new NoticeDesk(log, this.#journal, clock, () => this.#trader.instruments);
    const publisher = new RiskPublisher({
      own: [
        (publication) => {
          this.#journal.add(publication);
          notices.put(
            publication.kind === "trade"
              ? tradeNotice(publication, present(this.#trader.instruments[publication.symbol], "instrument of a trade"))
              : riskEventNotice(publication),
            clock(),
          );
        },
      ],
      trouble: (level, code, fields) => notices.tell(level, code, fields),
    });
    this.#trader = new Trader({
      settings: () => settings,
      keyPermissions: "absent",
      seed: options.seed + number,
      signer,
      clock,
      request: (request) => this.port.request(request),
      journal: this.#journal,
      notices,
      publisher,
      outside: { afterTurn: () => undefined, onDecision: () => undefined },
      model: null,
      sourcesFor: ({ symbol }, features) => createSources(settingsFor(settings, symbol).decision, symbol, features),
      onInstruments: () => options.queue.push(options.now() + openTime, () => this.#guarded(() => this.#open())),
      afterTurn: (deadline, now) => this.#afterTurn(deadline, now),
      fail: (message) => hooks.onFatal(message),
    });
    this.port = network.port(
      {
        handle: (event, now) => this.#guarded(() => this.#trader.handle(event, now)),
        onStreamMessage: (stream, bytes, receivedAt) => {
          this.#guarded(() => this.#trader.onStreamMessage(stream, bytes, receivedAt));
        },
      },
      clock,
    );
  }

  get core(): Core | null {
    return this.#trader.isJournalOpen ? this.#trader.core : null;
  }

  get sizes(): Readonly<Record<string, number>> {
    const { connections, requests } = this.port.sizes;
    const core = this.core;
    const orders = core?.desks.map(({ manager }) => manager.trade?.orders.size ?? 0) ?? [];
    return {
      connections,
      "requests under way": requests,
      "rows that wait": this.#store?.waiting ?? 0,
      "orders of a trade": Math.max(0, ...orders),
      "held outputs": core?.hasOutputs === true ? 1 : 0,
    };
  }

  start(): void {
    this.#trader.start(this.#clock());
  }

  ring(): void {
    this.alarmAt = Number.POSITIVE_INFINITY;
    this.#trader.onTimer(this.#clock());
  }

  tell(control: Control): void {
    if (this.core === null) return;
    this.#options.hooks.onControl(control);
    this.#trader.tell(control, this.#clock());
  }

  pause(until: number): void {
    this.port.pausedUntil = until;
    if (this.alarmAt < until) this.alarmAt = until;
  }

  kill(): void {
    this.#isGone = true;
    this.port.close();
    this.#store?.abandon();
  }

  #open(): void {
    const { settings, disk, queue, now, hooks } = this.#options;
    const store = new SimulatedStore(disk, queue, now, settings.store.commit_interval_ms * microsPerMillisecond, {
      onRow: hooks.onRow,
      onFailure: (message) => {
        hooks.onStoreFailed(message);
        // As the store's own thread would tell: in a turn of its own.
        queue.push(now(), () => {
          this.#guarded(() => this.#trader.tellAtOnce({ kind: "store-failed", message }, this.#clock()));
        });
      },
    });
    this.#store = store;
    this.#journal.use(store);
    for (const note of store.notes) this.#log.warn("STORE_NOTE", { detail: note });
    const { openTrades, appliedTradeIds, endedTrades, session, safeMode, models } = store.journal;
    const told = { openTrades, appliedTradeIds, endedTrades, session, safeMode, begun: [], models };
    this.#trader.open(told, this.#clock());
  }

  #guarded(act: () => void): void {
    if (this.#isGone) return;
    try {
      act();
    } catch (error) {
      // Killed in the middle of a turn: what the turn still does is nobody's business.
      if (!this.#isGone) this.#options.hooks.onBroken(error);
    }
  }

  #afterTurn(deadline: number, now: Micros): void {
    if (this.#isGone) return;
    this.#turns += 1;
    // Timers have whole milliseconds, and never ring early.
    const wait = Math.max(0, Math.ceil((deadline - now) / microsPerMillisecond)) * microsPerMillisecond;
    this.alarmAt = Math.max(this.#options.now() + wait, this.port.pausedUntil);
    this.#options.hooks.onTurn(this.#turns);
  }
}

/** What people would be told, without the channels on which they are. */
function alertDesk({ alerts: settings }: Settings, clock: () => Micros, onAlert: (alert: Alert) => void): AlertDesk {
  const trouble = (): void => undefined;
  const desk = new AlertDesk({ settings, channels: [], timers: machineTimers, clock, random: () => 0, trouble });
  desk.open({ recent: [], pending: [] }, { alert: onAlert, delivery: trouble });
  return desk;
}

function logOf(onNotice: ProcessHooks["onNotice"]): Log {
  return {
    debug: (code, fields = {}) => onNotice("debug", code, fields),
    info: (code, fields = {}) => onNotice("info", code, fields),
    warn: (code, fields = {}) => onNotice("warn", code, fields),
    error: (code, fields = {}) => onNotice("error", code, fields),
    notice: ({ level, code, symbol, fields }) =>
      onNotice(level, code, symbol === null ? fields : { ...fields, symbol }),
    setLevel: () => undefined,
    flush: () => undefined,
  };
}
