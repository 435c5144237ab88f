/** The store on real files: the intent log written at once, everything else queued to the database's thread. */

import type { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import type { PastAlerts } from "../domain/alert.ts";
import type { IntentRow, Notice, Row } from "../domain/output.ts";
import { type Micros, micros } from "../domain/units.ts";
import type { AlertEntry } from "./alerts.ts";
import type { FailureMark } from "./failure-mark.ts";
import { type IntentLog, messageOf } from "./intent-log.ts";
import type { OutsideRow } from "./outside.ts";
import type { Journal } from "./recovery.ts";
import type { FromWorker, ToWorker } from "./sqlite.worker.ts";
import { type AccountState, type Store, StoreError, type StoreFailure, type StoreOptions } from "./store.ts";
import type { Entry } from "./tables.ts";

/** Entries that wait for a commit. At one decision a millisecond this is over a minute of a stalled disk. */
const waitingMax = 100_000;
const closeMsMax = 5_000;

type Group = {
  readonly number: number;
  readonly entries: number;
  readonly intents: number;
  /** who waits for its commit, and for those before it */
  readonly waiters: PromiseWithResolvers<void>[];
};

export class JournalStore implements Store {
  readonly journal: Journal;
  readonly pastAlerts: PastAlerts;
  readonly notes: readonly string[];
  readonly #options: StoreOptions;
  readonly #log: IntentLog;
  readonly #worker: Worker;
  readonly #lock: DatabaseSync;
  readonly #mark: FailureMark;
  #queue: Entry[] = [];
  readonly #groups: Group[] = [];
  #group = 0;
  #waiting = 0;
  #lost = 0;
  #committedIntents = 0;
  #timer: NodeJS.Timeout | null = null;
  /** who waits for what is in the queue; asked in one turn they share one commit */
  #waiters: PromiseWithResolvers<void>[] = [];
  #failed = false;
  #workerGone = false;
  #closing = false;
  #atClose: () => void = () => undefined;

  constructor(
    options: StoreOptions,
    journal: Journal,
    pastAlerts: PastAlerts,
    notes: readonly string[],
    log: IntentLog,
    worker: Worker,
    lock: DatabaseSync,
    mark: FailureMark,
  ) {
    this.#options = options;
    this.journal = journal;
    this.pastAlerts = pastAlerts;
    this.notes = notes;
    this.#log = log;
    this.#worker = worker;
    this.#lock = lock;
    this.#mark = mark;
    worker.on("message", (message: FromWorker) => this.#onMessage(message));
    worker.on("error", (error) => this.#workerEnded("worker", messageOf(error)));
    worker.on("exit", () => this.#workerEnded("worker", "the store's thread ended"));
  }

  intent(row: IntentRow): boolean {
    if (this.#closing) return false;
    try {
      this.#log.append(row);
    } catch (error) {
      this.#fail({ where: "intent-log", message: messageOf(error) });
      return false;
    }
    this.#enqueue({ kind: "row", row });
    return true;
  }

  append(rows: readonly Row[]): void {
    for (const row of rows) this.#enqueue({ kind: "row", row });
  }

  outside(row: OutsideRow): void {
    this.#enqueue({ kind: "outside", row });
  }

  log(notice: Notice, at: Micros): void {
    this.#enqueue({ kind: "log", notice: { ...notice, fields: this.#options.shownFields(notice.fields) }, at });
  }

  account(state: AccountState, at: Micros): void {
    this.#enqueue({ kind: "account", ...state, at });
  }

  alert(entry: AlertEntry): void {
    this.#enqueue(entry);
  }

  async synced(): Promise<void> {
    try {
      await this.#log.sync();
    } catch (error) {
      this.#fail({ where: "intent-log", message: messageOf(error) });
      throw error;
    }
  }

  async committed(): Promise<void> {
    if (this.#failed || this.#workerGone || this.#closing) throw new StoreError("the store takes nothing any more");
    if (this.#waiting === 0) return;
    const waiter = Promise.withResolvers<void>();
    this.#waiters.push(waiter);
    if (this.#waiters.length === 1) setImmediate(() => this.#flush());
    await waiter.promise;
  }

  async close(): Promise<{ readonly lost: number }> {
    this.#flush();
    this.#closing = true;
    if (!this.#workerGone) {
      const closed = new Promise<void>((resolve) => {
        this.#atClose = resolve;
      });
      this.#post({ kind: "close", at: Date.now() * 1_000 });
      const limit = setTimeout(() => this.#atClose(), closeMsMax);
      await closed;
      clearTimeout(limit);
    }
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
    // Among them may be a halt.
    if (this.#waiting > 0) this.#markFailed(`${this.#waiting} rows were not committed when it was closed`);
    await this.#log.close(this.#committedIntents);
    await this.#mark.close();
    this.#lock.close();
    return { lost: this.#lost + this.#waiting };
  }

  #enqueue(entry: Entry): void {
    if (this.#closing || this.#workerGone || this.#waiting >= waitingMax) {
      this.#lost += 1;
      if (this.#waiting >= waitingMax) {
        this.#fail({ where: "queue", message: `${waitingMax} rows wait for the disk; further ones are dropped` });
      }
      return;
    }
    this.#waiting += 1;
    this.#queue.push(entry);
    this.#timer ??= setTimeout(() => this.#flush(), this.#options.commitIntervalMs);
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    void this.synced().catch(() => undefined);
    const waiters = this.#waiters;
    this.#waiters = [];
    if (this.#workerGone) return refuse(waiters);
    if (this.#queue.length === 0) {
      const last = this.#groups.at(-1);
      if (last === undefined) for (const waiter of waiters) waiter.resolve();
      else last.waiters.push(...waiters);
      return;
    }
    this.#group += 1;
    this.#groups.push({ number: this.#group, entries: this.#queue.length, intents: this.#log.written, waiters });
    this.#post({ kind: "write", group: this.#group, entries: this.#queue });
    this.#queue = [];
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case "committed": {
        const group = this.#groups.shift();
        if (group === undefined || group.number !== message.group) {
          return this.#workerEnded("worker", `commit ${message.group} was not asked for`);
        }
        this.#waiting -= group.entries;
        this.#committedIntents = group.intents;
        this.#log.forget(group.intents);
        for (const waiter of group.waiters) waiter.resolve();
        return;
      }
      case "failed":
      case "refused":
        return this.#workerEnded("database", message.message);
      case "closed":
        this.#workerGone = true;
        return this.#atClose();
      case "noted":
        return this.#options.onNote(message.message);
      case "opened":
      case "begun":
        return;
      default:
        throw new TypeError(`unhandled message ${message satisfies never}`);
    }
  }

  #workerEnded(where: StoreFailure["where"], message: string): void {
    if (this.#workerGone) return;
    this.#workerGone = true;
    refuse([...this.#waiters, ...this.#groups.flatMap(({ waiters }) => waiters)]);
    this.#waiters = [];
    this.#fail({ where, message });
    this.#atClose();
  }

  #fail(failure: StoreFailure): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#markFailed(`${failure.where}: ${failure.message}`);
    this.#options.onFailure(failure);
  }

  /** The row that would tell the next run of SAFE MODE may never reach the database. */
  #markFailed(detail: string): void {
    const trouble = this.#mark.set({ detail, at: micros(Date.now() * 1_000) });
    if (trouble !== null) {
      this.#options.onNote(`that the journal has failed could not be kept, so a restart may not know: ${trouble}`);
    }
  }
}

function refuse(waiters: readonly PromiseWithResolvers<void>[]): void {
  for (const waiter of waiters)
    waiter.reject(new StoreError("the store has failed: what was asked for may not be kept"));
}
