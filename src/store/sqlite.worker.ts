/** The thread that owns the database's one writing connection. A message is a group, a group is a transaction. */

import { parentPort, workerData } from "node:worker_threads";
import { present } from "../domain/assert.ts";
import type { Micros } from "../domain/units.ts";
import { openForWriting } from "./database.ts";
import { type LoggedIntent, messageOf } from "./intent-log.ts";
import { type RetentionLimits, retention } from "./retention.ts";
import type { StoredInstrument } from "./store.ts";
import { type Entry, openTables } from "./tables.ts";

export type WorkerStart = {
  readonly path: string;
  readonly instruments: readonly StoredInstrument[];
  /** what earlier runs left in their intent logs */
  readonly leftOver: readonly LoggedIntent[];
  readonly startedAt: Micros;
  readonly retention: RetentionLimits;
};

export type ToWorker =
  | { readonly kind: "write"; readonly group: number; readonly entries: readonly Entry[] }
  | { readonly kind: "close"; readonly at: number };

export type FromWorker =
  | { readonly kind: "opened"; readonly notes: readonly string[] }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "committed"; readonly group: number }
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
  const { database, notes } = openForWriting(start.path, Math.floor(start.startedAt / 1_000));
  database.exec("BEGIN IMMEDIATE");
  const tables = openTables(database, start.instruments, start.startedAt);
  tables.takeIn(start.leftOver);
  const keepBounds = retention(database, start.retention, start.startedAt);
  keepBounds([]);
  database.exec("COMMIT");
  port.on("message", (message: ToWorker) => {
    try {
      switch (message.kind) {
        case "write":
          database.exec("BEGIN IMMEDIATE");
          for (const entry of message.entries) tables.write(entry);
          keepBounds(message.entries);
          database.exec("COMMIT");
          tell({ kind: "committed", group: message.group });
          return;
        case "close":
          tables.stopSession(message.at);
          database.close();
          tell({ kind: "closed" });
          port.close();
          return;
        default:
          throw new TypeError(`unhandled message ${message satisfies never}`);
      }
    } catch (error) {
      // A failed commit is not tried again as if nothing was: what the disk has is no longer known.
      tell({ kind: "failed", message: messageOf(error) });
      port.close();
    }
  });
  tell({ kind: "opened", notes });
}
