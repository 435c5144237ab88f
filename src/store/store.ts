/** The port through which the host keeps the journal. Two records, two owners: design.md, Identity of orders. */

import type { PastAlerts } from "../domain/alert.ts";
import type { IntentRow, Notice, Row } from "../domain/output.ts";
import type { Micros, Money } from "../domain/units.ts";
import type { AlertEntry } from "./alerts.ts";
import type { OutsideRow } from "./outside.ts";
import type { Journal } from "./recovery.ts";
import type { RetentionLimits } from "./retention.ts";

/** What a row's symbol index means. The order in the list is the index. `Instrument` and its rules have these fields. */
export type StoredInstrument = {
  readonly symbol: string;
  readonly tickSize: string;
  readonly stepSize: string;
};

/** What the store takes besides rows. */
export type AccountState = { readonly wallet: Money; readonly equity: Money };

export type StoreFailure = {
  /** where it broke: the intent log's file, the database, its thread, or the queue between */
  readonly where: "intent-log" | "database" | "worker" | "queue";
  readonly message: string;
};

/** No call waits for a disk or throws; what goes wrong is told by {@link StoreOptions.onFailure}. */
export interface Store {
  /** what was known before this run */
  readonly journal: Journal;
  /** what earlier runs told, and could not tell */
  readonly pastAlerts: PastAlerts;
  /** things that an operator should know about opening: a damaged database set aside, a torn tail cut */
  readonly notes: readonly string[];
  /**
   * Writes an entry's intent before the entry leaves. It survives a kill of the process at once, and a power loss after
   * the next group sync.
   *
   * @returns false when it could not be written: then the entry must not be sent
   */
  intent(row: IntentRow): boolean;
  /** Queues rows for the next group commit. */
  append(rows: readonly Row[]): void;
  outside(row: OutsideRow): void;
  log(notice: Notice, at: Micros): void;
  account(state: AccountState, at: Micros): void;
  alert(entry: AlertEntry): void;
  /** Resolves when every entry's intent so far is on the disk. */
  synced(): Promise<void>;
  /**
   * Commits what is queued at once; resolves when it is on the disk: before an outside intent, a plan or a control is
   * acknowledged (IDM-3, I-10). Rejects when the store has failed.
   */
  committed(): Promise<void>;
  /** Commits what is queued and releases the store. `lost` counts what never reached the database. */
  close(): Promise<{ readonly lost: number }>;
}

export type StoreOptions = {
  /** `store.directory` of the settings */
  readonly directory: string;
  readonly venue: string;
  /** which exchange's truth this journal belongs to: the embedded exchange's instance id, or the account */
  readonly instance: string;
  readonly instruments: readonly StoredInstrument[];
  readonly commitIntervalMs: number;
  readonly startedAt: Micros;
  readonly retention: RetentionLimits;
  /** microseconds that an intent is known */
  readonly intentTtl: number;
  /** `trading_state.json` is written at most once in so many milliseconds */
  readonly stateIntervalMs: number;
  /** how long an episode of alerts is quiet before it is over, microseconds */
  readonly episode: number;
  /** what of a notice's fields may be kept (S-02); the logs' own rule */
  readonly shownFields: (fields: Notice["fields"]) => Notice["fields"];
  /** Called once, when the store can no longer keep its promise: no new entries from then on (failure-catalogue F-39). */
  readonly onFailure: (failure: StoreFailure) => void;
  /** Something that an operator should know, and that no promise of the store depends on. */
  readonly onNote: (note: string) => void;
};

/** The store cannot be opened. The process ends with exit code 1. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code = "STORE";
  readonly exitCode = 1;
}
