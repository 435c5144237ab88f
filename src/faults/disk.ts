/**
 * What a machine's disk holds of the journal, and the store of one process on it. The model is that of the real store:
 * an intent is written at once and synced in groups; everything else is queued and committed in groups, and what was
 * committed is synced. A kill loses what was queued, a power loss also what was not synced.
 */

import type { Journal, JournalFill, OpenTrade } from "../domain/journal.ts";
import type { SavedModel } from "../domain/model.ts";
import type { FillRow, IntentRow, Row } from "../domain/output.ts";
import type { SafeModeState } from "../domain/safe-mode.ts";
import type { SessionState } from "../domain/session.ts";
import type { Micros } from "../domain/units.ts";
import type { Store } from "../store/store.ts";
import type { Loss } from "./plan/fault.ts";
import type { EventQueue } from "./queue.ts";

export type DiskHooks = {
  /** the core has put it out; an intent is written by then */
  readonly onRow: (row: Row) => void;
  readonly onFailure: (message: string) => void;
};

/** Time to sync the log, and to commit a group. Microseconds. */
const syncTime = 2_000;
/** As the real store's queue. */
const waitingMax = 100_000;

type Book = { intent: IntentRow; readonly fills: Map<string, JournalFill>; stopLevel: OpenTrade["stopLevel"] };

export class Disk {
  /** refuses to be written, or is slow, until then */
  refusesUntil = 0;
  slowUntil = 0;
  readonly #books = new Map<string, Book>();
  readonly #closed = new Set<string>();
  readonly #fills = new Set<string>();
  readonly #models = new Map<string, SavedModel>();
  #session: SessionState | null = null;
  #safeMode: SafeModeState | null = null;
  /** intents in the log that the database may lack, and whether they were synced */
  #log: { readonly row: IntentRow; synced: boolean }[] = [];

  /** Executions that are in the books for good. */
  get fills(): ReadonlySet<string> {
    return this.#fills;
  }

  /** Whether an entry is known after a kill. */
  hasIntent(clientOrderId: string): boolean {
    if (this.#log.some(({ row }) => row.clientOrderId === clientOrderId)) return true;
    return [...this.#books.values()].some(({ intent }) => intent.clientOrderId === clientOrderId);
  }

  write(row: IntentRow): void {
    this.#log.push({ row, synced: false });
  }

  sync(): void {
    for (const one of this.#log) one.synced = true;
  }

  commit(rows: readonly Row[]): void {
    for (const row of rows) this.#apply(row);
  }

  /** What the next process finds. */
  afterCrash(loss: Loss): void {
    if (loss === "disk") {
      for (const one of [this.#books, this.#closed, this.#fills, this.#models]) one.clear();
      this.#session = null;
      this.#log = [];
    }
    const kept = this.#log.filter(({ synced }) => synced || loss === "kill");
    this.#log = [];
    for (const { row } of kept) this.#apply(row);
  }

  journal(): Journal {
    const openTrades = [...this.#books.values()].map(({ intent, fills, stopLevel }) => ({
      intent,
      fills: [...fills.values()],
      stopLevel,
    }));
    return { openTrades, session: this.#session, safeMode: this.#safeMode, models: [...this.#models.values()] };
  }

  #apply(row: Row): void {
    switch (row.kind) {
      case "intent":
        return this.#applyIntent(row);
      case "fill":
        return this.#applyFill(row);
      case "stop-move": {
        const book = this.#books.get(row.trade);
        if (book !== undefined) book.stopLevel = row.to;
        return;
      }
      case "trade":
        this.#books.delete(row.trade);
        this.#closed.add(row.trade);
        return;
      case "session":
        this.#session = row.state;
        return;
      case "safe-mode":
        this.#safeMode = row.state;
        return;
      case "model-state":
        this.#models.set(`${row.symbol} ${row.source}`, row);
        return;
      case "order":
      case "position":
      case "decision":
      case "no-trade":
      case "risk-event":
        return;
      default:
        throw new TypeError(`unhandled row ${row satisfies never}`);
    }
  }

  #applyIntent(intent: IntentRow): void {
    this.#log = this.#log.filter(({ row }) => row.clientOrderId !== intent.clientOrderId);
    if (this.#closed.has(intent.trade)) return;
    const book = this.#books.get(intent.trade);
    if (book === undefined) this.#books.set(intent.trade, { intent, fills: new Map(), stopLevel: null });
    else book.intent = intent;
  }

  #applyFill(row: FillRow): void {
    const name = `${row.symbol} ${row.tradeId}`;
    this.#fills.add(name);
    const { kind: _kind, symbol: _symbol, trade, clientOrderId, side, ...fill } = row;
    if (trade !== null) this.#books.get(trade)?.fills.set(name, { clientOrderId, side, fill });
  }
}

/** The store of one process. */
export class SimulatedStore implements Store {
  readonly journal: Store["journal"];
  readonly pastAlerts = { recent: [], pending: [] };
  readonly notes: readonly string[] = [];
  readonly #disk: Disk;
  readonly #queue: EventQueue;
  readonly #now: () => Micros;
  readonly #interval: number;
  readonly #hooks: DiskHooks;
  #rows: Row[] = [];
  #isFlushing = false;
  #failed = false;
  #isGone = false;

  constructor(disk: Disk, queue: EventQueue, now: () => Micros, commitInterval: number, hooks: DiskHooks) {
    this.#disk = disk;
    this.#queue = queue;
    this.#now = now;
    this.#interval = commitInterval;
    this.#hooks = hooks;
    const { openTrades, session, models = [], safeMode = null } = disk.journal();
    this.journal = {
      intents: openTrades.map(({ intent }) => intent),
      openTrades,
      orders: [],
      positions: [],
      appliedTradeIds: new Map(),
      crashes: 0,
      session,
      safeMode,
      models,
      outside: { intents: [], plans: [], verdicts: new Map(), begun: new Map() },
      notes: [],
    };
  }

  /** The process is gone. */
  abandon(): void {
    this.#isGone = true;
  }

  intent(row: IntentRow): boolean {
    // Killed in the middle of a turn: what the turn still does reaches nothing.
    if (this.#isGone) return true;
    if (this.#failed || this.#disk.refusesUntil > this.#now()) {
      this.#fail("intent-log: no space left on device");
      return false;
    }
    this.#disk.write(row);
    this.#hooks.onRow(row);
    this.#enqueue(row);
    return true;
  }

  append(rows: readonly Row[]): void {
    for (const row of rows) {
      if (this.#isGone) return;
      this.#hooks.onRow(row);
      this.#enqueue(row);
    }
  }

  outside(): void {}
  log(): void {}
  account(): void {}
  alert(): void {}

  async synced(): Promise<void> {}
  async committed(): Promise<void> {}
  async close(): Promise<{ readonly lost: number }> {
    return { lost: this.#rows.length };
  }

  #enqueue(row: Row): void {
    if (this.#failed) return;
    if (this.#rows.length >= waitingMax) return this.#fail("queue: too many rows wait for the disk");
    this.#rows.push(row);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#queue.push(this.#now() + this.#interval, () => this.#flush());
  }

  #flush(): void {
    if (this.#isGone) return;
    const now = this.#now();
    const rows = this.#rows;
    this.#rows = [];
    const delay = Math.max(syncTime, this.#disk.slowUntil - now);
    this.#queue.push(now + delay, (at) => {
      if (this.#isGone) return;
      this.#isFlushing = false;
      if (this.#disk.refusesUntil > at) return this.#fail("database: disk I/O error");
      this.#disk.sync();
      this.#disk.commit(rows);
      if (this.#rows.length > 0) this.#again();
    });
  }

  #again(): void {
    this.#isFlushing = true;
    this.#queue.push(this.#now() + this.#interval, () => this.#flush());
  }

  #fail(message: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#hooks.onFailure(message);
  }
}
