/** The thread that owns the database's one writing connection. A message is a group, a group is a transaction. */

import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { present } from "../domain/assert.ts";
import type { Micros } from "../domain/units.ts";
import { openForWriting } from "./database.ts";
import { type LoggedIntent, messageOf } from "./intent-log.ts";
import { type RetentionLimits, retention } from "./retention.ts";
import type { StoredInstrument } from "./store.ts";
import { type Entry, openTables, type Tables } from "./tables.ts";
import { TradingStateFile } from "./trading-state.ts";

export type WorkerStart = {
  readonly path: string;
  readonly startedAt: Micros;
};

/** What is known once the exchange has told its rules. */
export type WorkerBegin = {
  readonly instruments: readonly StoredInstrument[];
  /** what earlier runs left in their intent logs */
  readonly leftOver: readonly LoggedIntent[];
  readonly startedAt: Micros;
  readonly retention: RetentionLimits;
  readonly state: { readonly path: string; readonly intervalMs: number; readonly intentTtl: number };
};

export type ToWorker =
  | ({ readonly kind: "begin" } & WorkerBegin)
  | { readonly kind: "write"; readonly group: number; readonly entries: readonly Entry[] }
  | { readonly kind: "close"; readonly at: number };

export type FromWorker =
  | { readonly kind: "opened"; readonly isLost: boolean; readonly notes: readonly string[] }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "begun" }
  | { readonly kind: "committed"; readonly group: number }
  | { readonly kind: "noted"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "closed" };

const port = present(parentPort, "the worker's port");
const tell = (message: FromWorker): void => port.postMessage(message);

try {
  run(workerData);
} catch (error) {
  tell({ kind: "refused", message: messageOf(error) });
  port.close();
}

function run(start: WorkerStart): void {
  const { database, isLost, notes } = openForWriting(start.path, Math.floor(start.startedAt / 1_000));
  let session: Session | null = null;
  port.on("message", (message: ToWorker) => {
    try {
      switch (message.kind) {
        case "begin":
          session = begin(database, message);
          tell({ kind: "begun" });
          return;
        case "write":
          write(database, present(session, "a session"), message.entries);
          tell({ kind: "committed", group: message.group });
          session?.state.onCommitted(message.entries);
          return;
        case "close":
          session?.tables.stopSession(message.at);
          session?.state.write();
          database.close();
          tell({ kind: "closed" });
          port.close();
          return;
        default:
          throw new TypeError(`unhandled message ${message satisfies never}`);
      }
    } catch (error) {
      // A failed commit is not tried again as if nothing was: what the disk has is no longer known.
      session?.state.close();
      tell({ kind: "failed", message: messageOf(error) });
      port.close();
    }
  });
  tell({ kind: "opened", isLost, notes });
}

type Session = {
  readonly tables: Tables;
  readonly keepBounds: (written: readonly Entry[]) => void;
  readonly state: TradingStateFile;
};

function begin(database: DatabaseSync, { instruments, leftOver, startedAt, ...options }: WorkerBegin): Session {
  database.exec("BEGIN IMMEDIATE");
  const tables = openTables(database, instruments, startedAt);
  tables.takeIn(leftOver);
  const keepBounds = retention(database, options.retention, startedAt);
  database.exec("COMMIT");
  const onTrouble = (message: string): void => tell({ kind: "noted", message });
  const state = new TradingStateFile(database, { ...options.state, clock: Date.now, onTrouble });
  // Once the start is over, which does not wait for it.
  setImmediate(() => state.write());
  return { tables, keepBounds, state };
}

function write(database: DatabaseSync, { tables, keepBounds }: Session, entries: readonly Entry[]): void {
  database.exec("BEGIN IMMEDIATE");
  for (const entry of entries) tables.write(entry);
  keepBounds(entries);
  database.exec("COMMIT");
}
