/** Opens the store of one exchange's truth: directory, lock, what is known, intent log, and the database's thread. */

import { chmodSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { assert } from "../domain/assert.ts";
import type { Row } from "../domain/output.ts";
import { type Micros, micros } from "../domain/units.ts";
import { makeDirectories } from "../files/make-directories.ts";
import { loadAlerts } from "./alerts.ts";
import { FailureMark, type JournalFailure, readFailure, safeModeAfter } from "./failure-mark.ts";
import { IntentLog, type IntentLogFile, messageOf, readIntentLogs } from "./intent-log.ts";
import { JournalStore } from "./journal-store.ts";
import { databaseName, type Journal, loadJournal } from "./recovery.ts";
import { haltedByStore, haltedIn } from "./session-state.ts";
import type { FromWorker, ToWorker, WorkerBegin, WorkerStart } from "./sqlite.worker.ts";
import { type Store, StoreError, type StoreOptions } from "./store.ts";
import { tradingStateName } from "./trading-state.ts";

const nameShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A store that is locked, and whose database is open and proven sound; nothing is written to it yet. */
export type PreparedStore = {
  readonly directory: string;
  readonly lock: DatabaseSync;
  readonly worker: Worker;
  /** what earlier runs knew is gone with a damaged database */
  readonly isLost: boolean;
  readonly notes: readonly string[];
  /** Releases it again, when nothing comes of it. */
  readonly discard: () => Promise<void>;
};

/**
 * What can be done before the exchange has told its rules: the check of a large database takes its time, and the daemon
 * must not wait for it afterwards.
 *
 * @throws {StoreError} not writable, in use by another daemon, or written by a newer version
 */
export async function prepareStore({
  directory: parent,
  venue,
  instance,
  startedAt,
}: Pick<StoreOptions, "directory" | "venue" | "instance" | "startedAt">): Promise<PreparedStore> {
  const directory = storeDirectory(parent, venue, instance);
  makeDirectory(directory);
  const lock = takeLock(directory);
  try {
    const { worker, isLost, notes } = await startWorker({ path: join(directory, databaseName), startedAt });
    const discard = async (): Promise<void> => {
      await worker.terminate();
      lock.close();
    };
    return { directory, lock, worker, isLost, notes, discard };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Opens, recovers and locks the store.
 *
 * @param prepared what {@link prepareStore} gave for the same directory, venue and instance; released when this fails
 * @throws {StoreError} not writable, disk full, in use by another daemon, or written by a newer version
 */
export async function openStore(options: StoreOptions, prepared?: PreparedStore): Promise<Store> {
  const ready = prepared ?? (await prepareStore(options));
  const { directory, lock, worker } = ready;
  const instruments = options.instruments.map(({ symbol, tickSize, stepSize }) => ({ symbol, tickSize, stepSize }));
  let log: IntentLog | null = null;
  let mark: FailureMark | null = null;
  try {
    const failure = readFailure(directory);
    mark = new FailureMark(directory);
    const left = readIntentLogs(directory);
    log = await IntentLog.open(directory, instruments);
    const path = join(directory, databaseName);
    await beginIn(worker, {
      instruments,
      leftOver: left.flatMap(({ intents }) => intents),
      startedAt: options.startedAt,
      retention: options.retention,
      state: {
        path: join(directory, tradingStateName),
        intervalMs: options.stateIntervalMs,
        intentTtl: options.intentTtl,
      },
    });
    const read = loadJournal(path, instruments, options.startedAt);
    const journal = heldBack(read, ready.isLost, failure);
    const pastAlerts = loadAlerts(path, micros(Math.max(0, options.startedAt - options.episode)));
    // The database has them on the disk now.
    for (const file of left) rmSync(file.path, { force: true });
    const notes = [...left.flatMap(tornNote), ...ready.notes, ...failureNote(failure), ...journal.notes];
    const store = new JournalStore(options, journal, pastAlerts, notes, log, worker, lock, mark);
    if (ready.isLost || failure !== null) {
      store.append(restoredRows(journal, options.startedAt));
      const kept = mark;
      void store.committed().then(
        () => kept.forget(),
        () => undefined,
      );
    }
    return store;
  } catch (error) {
    await mark?.close();
    await log?.close(0);
    await ready.discard();
    throw error;
  }
}

/** `<directory>/<venue>-<instance>`, which never leaves `directory`. @see failure-catalogue S-20 */
export function storeDirectory(directory: string, venue: string, instance: string): string {
  for (const name of [venue, instance]) {
    if (nameShape.test(name)) continue;
    throw new StoreError(`${JSON.stringify(name.slice(0, 80))} cannot name a store; allowed: letters, digits, . _ -`);
  }
  return join(resolve(directory), `${venue}-${instance}`);
}

/** What the earlier runs held back and could not write is not known. */
function heldBack(journal: Journal, isLost: boolean, failure: JournalFailure | null): Journal {
  const found = isLost ? { ...journal, session: haltedByStore } : journal;
  if (failure === null) return found;
  return { ...found, session: haltedIn(found.session), safeMode: safeModeAfter(found.safeMode, failure) };
}

/** What a run that begins with it writes first, so that one that is killed at once leaves it to the next. */
export function restoredRows({ session, safeMode }: Journal, time: Micros): Row[] {
  const rows: Row[] = [];
  if (session !== null) rows.push({ kind: "session", state: session, equity: null, time });
  if (safeMode?.mode === "safe") {
    const { reason, detail } = safeMode.causes[0];
    rows.push({ kind: "safe-mode", change: "restored", reason, detail, by: null, state: safeMode, time });
  }
  return rows;
}

function failureNote(failure: JournalFailure | null): string[] {
  if (failure === null) return [];
  return [
    `the journal of an earlier run failed (${failure.detail}): SAFE MODE goes on, and entries are halted until resumed`,
  ];
}

function tornNote({ path, tornBytes }: IntentLogFile): string[] {
  return tornBytes === 0 ? [] : [`${path} ended with ${tornBytes} bytes that are no record; they were copied aside`];
}

function makeDirectory(directory: string): void {
  try {
    makeDirectories(directory, 0o700);
    chmodSync(directory, 0o700);
  } catch (error) {
    throw new StoreError(`store directory ${directory} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** A lock that the system releases with the process, whatever becomes of it. */
function takeLock(directory: string): DatabaseSync {
  const path = join(directory, "lock.sqlite");
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(path, { timeout: 0 });
    chmodSync(path, 0o600);
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    const message = messageOf(error);
    throw new StoreError(
      message.includes("locked")
        ? `store ${directory} is in use by another scalpd`
        : `store directory ${directory} cannot be written: ${message}`,
      { cause: error },
    );
  }
}

async function startWorker(start: WorkerStart): Promise<Pick<PreparedStore, "worker" | "isLost" | "notes">> {
  // No secret is in reach of the thread: its environment is empty.
  const worker = new Worker(new URL("./sqlite.worker.ts", import.meta.url), {
    workerData: start,
    env: {},
    execArgv: [],
  });
  const message = await answerOf(worker);
  assert(message.kind === "opened", `the store's thread began with ${message.kind}`);
  return { worker, isLost: message.isLost, notes: message.notes };
}

async function beginIn(worker: Worker, begin: WorkerBegin): Promise<void> {
  const answer = answerOf(worker);
  const message: ToWorker = { kind: "begin", ...begin };
  worker.postMessage(message);
  const { kind } = await answer;
  assert(kind === "begun", `the store's thread went on with ${kind}`);
}

/** The thread's next message; a thread that cannot go on is ended. @throws {StoreError} */
function answerOf(worker: Worker): Promise<FromWorker> {
  return new Promise((fulfil, reject) => {
    // One by one: with all listeners Node's own would go too, and messages be held back until the thread ends.
    const forget = (): void => {
      worker.off("error", onError).off("exit", onExit).off("message", onMessage);
    };
    const fail = (message: string): void => {
      forget();
      void worker.terminate();
      reject(new StoreError(message));
    };
    const onError = (error: unknown): void => fail(`the store's thread failed: ${messageOf(error)}`);
    const onExit = (): void => fail("the store's thread ended before it had opened the database");
    const onMessage = (message: FromWorker): void => {
      if (message.kind === "refused" || message.kind === "failed") return fail(message.message);
      forget();
      fulfil(message);
    };
    worker.on("error", onError).on("exit", onExit).on("message", onMessage);
  });
}
