/** The daemon's side of the journal: rows wait here for the end of a turn, so that no command waits for them. */

import type { Settings } from "../config/schema.ts";
import type { CoreEvent } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { IntentRow, Notice, Row } from "../domain/output.ts";
import { type Micros, microsPerMinute, microsPerSecond } from "../domain/units.ts";
import { shownFields } from "../ops/log.ts";
import { openStore, type PreparedStore, prepareStore } from "../store/open.ts";
import type { OutsideRow } from "../store/outside.ts";
import type { AccountState, Store, StoreOptions } from "../store/store.ts";
import { LeftOrders } from "./left-orders.ts";

/** `trading_state.json` is for people: once a second is often enough for them. */
const stateIntervalMs = 1_000;
const microsPerDay = 86_400 * microsPerSecond;

export type JournalWriterOptions = {
  readonly settings: Settings;
  readonly instance: string;
  readonly instruments: readonly Instrument[];
  readonly startedAt: Micros;
  /** the store can no longer keep its promise */
  readonly onFailure: (message: string) => void;
  /** something that an operator should know */
  readonly onNote: (note: string) => void;
};

export class JournalWriter {
  #store: Store | null = null;
  #rows: Row[] = [];
  #left: LeftOrders | null = null;
  #prepared: Promise<PreparedStore> | null = null;

  /** Begins with what needs no instruments; a store that cannot be opened is told of by `open`. */
  prepare({ settings, instance, startedAt }: Pick<JournalWriterOptions, "settings" | "instance" | "startedAt">): void {
    this.#prepared = prepareStore({
      directory: settings.store.directory,
      venue: settings.venue.name,
      instance,
      startedAt,
    });
    this.#prepared.catch(() => undefined);
  }

  /** @throws {import("../store/store.ts").StoreError} the store cannot be opened */
  async open({ settings, instance, instruments, startedAt, onFailure, onNote }: JournalWriterOptions): Promise<Store> {
    const options: StoreOptions = {
      directory: settings.store.directory,
      venue: settings.venue.name,
      instance,
      instruments: instruments.map(({ symbol, tickSize, stepSize }) => ({ symbol, tickSize, stepSize })),
      commitIntervalMs: settings.store.commit_interval_ms,
      startedAt,
      retention: {
        events: { age: settings.log.store_days * microsPerDay, rows: settings.log.store_rows },
        books: { age: settings.store.keep_days * microsPerDay, rows: settings.store.keep_rows },
      },
      intentTtl: settings.intents.ttl_hours * 60 * microsPerMinute,
      stateIntervalMs,
      episode: settings.alerts.episode_minutes * microsPerMinute,
      shownFields,
      onFailure: ({ where, message }) => onFailure(`${where}: ${message}`),
      onNote,
    };
    const store = await openStore(options, await this.#takePrepared());
    this.use(store);
    return store;
  }

  /** A store that somebody else has opened. */
  use(store: Store): void {
    this.#store = store;
    this.#left = new LeftOrders(store.journal.orders, (row) => this.#rows.push(row));
  }

  /** What the core was told: orders that an earlier run left may end by it. */
  observe(event: CoreEvent, now: Micros): void {
    this.#left?.observe(event, now);
  }

  add(row: Row): void {
    if (row.kind === "order") this.#left?.onRow(row);
    this.#rows.push(row);
  }

  /** Hands over what waits, at the end of a turn. */
  flush(): void {
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#store?.append(rows);
  }

  /** @returns false when it could not be written: then the entry must not be sent */
  intent(row: IntentRow): boolean {
    return this.#store?.intent(row) === true;
  }

  /** Resolves when the row, and all rows so far, are on the disk. Rejects when the store has failed or is not open. */
  async keep(row: OutsideRow | null): Promise<void> {
    const store = this.#store;
    if (store === null) throw new Error("the store is not open");
    this.flush();
    if (row !== null) store.outside(row);
    await store.committed();
  }

  async #takePrepared(): Promise<PreparedStore | undefined> {
    const prepared = this.#prepared;
    this.#prepared = null;
    return (await prepared) ?? undefined;
  }

  log(notice: Notice, now: Micros): void {
    if (notice.level !== "debug") this.#store?.log(notice, now);
  }

  account(state: AccountState, now: Micros): void {
    this.#store?.account(state, now);
  }

  /** @returns how many rows never reached the database */
  async close(): Promise<number> {
    this.flush();
    await this.#takePrepared().then(
      (unused) => unused?.discard(),
      () => undefined,
    );
    const closed = await this.#store?.close();
    this.#store = null;
    return closed?.lost ?? 0;
  }
}
