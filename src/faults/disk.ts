/**
 * What a machine's disk holds of the journal, and the store of one process on it. The model is that of the real store:
 * an intent is written at once and synced in groups; everything else is queued and committed in groups, and what was
 * committed is synced. A kill loses what was queued, a power loss also what was not synced. The log of a run stays whole
 * until the next run has it in its database: beside a damaged one it tells of trades that were closed, too.
 */

import type { Journal, JournalFill, OpenTrade } from "../domain/journal.ts";
import type { SavedModel } from "../domain/model.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { FillRow, IntentRow, Row, TradeRow } from "../domain/output.ts";
import type { SafeModeState } from "../domain/safe-mode.ts";
import type { SessionState } from "../domain/session.ts";
import type { Micros, SymbolIndex } from "../domain/units.ts";
import { type JournalFailure, safeModeAfter } from "../store/failure-mark.ts";
import { restoredRows } from "../store/open.ts";
import { endedTradesMax } from "../store/recovery.ts";
import { haltedByStore, haltedIn } from "../store/session-state.ts";
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

type Kept = JournalFill & { readonly trade: string | null; readonly symbol: SymbolIndex };

export class Disk {
  /** refuses to be written, or is slow, until then */
  refusesUntil = 0;
  slowUntil = 0;
  /** by client id, as they are keyed in the database */
  readonly #intents = new Map<string, IntentRow>();
  readonly #stopLevels = new Map<string, OpenTrade["stopLevel"]>();
  /** trades of which an exit has left */
  readonly #closing = new Set<string>();
  /** by their id, in the order in which they were written */
  readonly #closed = new Map<string, TradeRow>();
  /** by symbol and id of the execution, oldest first */
  readonly #fills = new Map<string, Kept>();
  readonly #models = new Map<string, SavedModel>();
  #session: SessionState | null = null;
  #safeMode: SafeModeState | null = null;
  /** intents of this run's log, and whether they were synced */
  #log: { readonly row: IntentRow; synced: boolean }[] = [];
  #failure: (JournalFailure & { synced: boolean }) | null = null;
  #isDamaged = false;

  /** Executions that are in the books for good. */
  get fills(): ReadonlySet<string> {
    return new Set(this.#fills.keys());
  }

  write(row: IntentRow): void {
    this.#log.push({ row, synced: false });
  }

  /** What is written from now on is not in it. @returns ends the sync */
  beginSync(): () => void {
    const written = this.#log.filter(({ synced }) => !synced);
    return () => {
      for (const one of written) one.synced = true;
    };
  }

  /** The journal of a run has failed, and a file beside it says so. @returns ends the sync of that file */
  fail(failure: JournalFailure): () => void {
    const marked = { ...failure, synced: false };
    this.#failure = marked;
    return () => {
      marked.synced = true;
    };
  }

  /** The database says it now. */
  forgetFailure(): void {
    this.#failure = null;
  }

  /** A store opens it. @returns what it says to people */
  open(): readonly string[] {
    const notes = [
      ...(this.#isDamaged ? ["the database was damaged: entries are halted until resumed"] : []),
      ...(this.#failure === null ? [] : ["the journal of an earlier run failed: entries are halted until resumed"]),
    ];
    this.#isDamaged = false;
    return notes;
  }

  commit(rows: readonly Row[]): void {
    for (const row of rows) this.#apply(row);
  }

  /** What the next process finds. */
  afterCrash(loss: Loss): void {
    if (loss === "disk" || loss === "database") {
      const books = [this.#intents, this.#stopLevels, this.#closing, this.#closed, this.#fills];
      for (const one of [...books, this.#models]) one.clear();
      this.#session = null;
      this.#safeMode = null;
    }
    if (loss === "disk" || (loss === "power" && this.#failure?.synced === false)) this.#failure = null;
    // A database that is damaged is set aside, and what it held back is not known; the log beside it is read.
    if (loss === "database") this.#session = haltedByStore;
    this.#isDamaged = loss === "database" || (loss !== "disk" && this.#isDamaged);
    const kept = loss === "disk" ? [] : this.#log.filter(({ synced }) => synced || loss !== "power");
    this.#log = [];
    for (const { row } of kept) this.#apply(row);
  }

  journal(): Journal {
    const openTrades: OpenTrade[] = [];
    for (const intent of this.#intents.values()) {
      if (this.#closed.has(intent.trade)) continue;
      openTrades.push({
        intent,
        fills: this.#fillsOf(intent),
        stopLevel: this.#stopLevels.get(intent.trade) ?? null,
        isClosing: this.#closing.has(intent.trade),
      });
    }
    const failure = this.#failure;
    return {
      openTrades,
      appliedTradeIds: this.#appliedTradeIds(),
      endedTrades: this.#endedTrades(),
      session: failure === null ? this.#session : haltedIn(this.#session),
      safeMode: failure === null ? this.#safeMode : safeModeAfter(this.#safeMode, failure),
      models: [...this.#models.values()],
    };
  }

  #apply(row: Row): void {
    switch (row.kind) {
      case "intent":
        return this.#applyIntent(row);
      case "fill":
        return this.#applyFill(row);
      case "stop-move":
        this.#stopLevels.set(row.trade, row.to);
        return;
      case "exits-tightened":
        for (const [id, intent] of this.#intents) {
          const { exits, holdUntil } = row;
          if (intent.trade === row.trade) this.#intents.set(id, { ...intent, exits, holdUntil });
        }
        return;
      case "trade":
        // One that is written again takes the place of the former, as the newest.
        this.#closed.delete(row.trade);
        this.#closed.set(row.trade, row);
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
        if (row.role === "x") this.#closing.add(row.trade);
        return;
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
    if (!this.#intents.has(intent.clientOrderId)) this.#intents.set(intent.clientOrderId, intent);
  }

  /** The key is the execution: one that is written again adds what was not known of it, and nothing else. */
  #applyFill(row: FillRow): void {
    const name = `${row.symbol} ${row.tradeId}`;
    const { kind: _kind, symbol, trade, clientOrderId, side, ...fill } = row;
    const kept = this.#fills.get(name);
    if (kept === undefined) {
      this.#fills.set(name, { trade, symbol, clientOrderId, side, fill });
      return;
    }
    const { commission, commissionAsset, maker } = kept.fill;
    const known = {
      commission: commission ?? fill.commission,
      commissionAsset: commissionAsset ?? fill.commissionAsset,
      maker: maker ?? fill.maker,
    };
    this.#fills.set(name, { ...kept, fill: { ...kept.fill, ...known } });
  }

  #appliedTradeIds(): ReadonlyMap<SymbolIndex, readonly string[]> {
    const newestFirst = [...this.#fills.values()].reverse().sort((a, b) => b.fill.time - a.fill.time);
    const applied = new Map<SymbolIndex, string[]>();
    for (const { symbol, fill } of newestFirst) {
      const ids = applied.get(symbol);
      if (ids === undefined) applied.set(symbol, [fill.tradeId]);
      else ids.push(fill.tradeId);
    }
    return applied;
  }

  #endedTrades(): ReadonlyMap<SymbolIndex, readonly TradeId[]> {
    const newestFirst = [...this.#closed.values()].reverse().sort((a, b) => b.exitTime - a.exitTime);
    const newest = newestFirst.slice(0, endedTradesMax);
    return new Map(
      newest.map(({ symbol }) => [symbol, newest.filter((row) => row.symbol === symbol).map(({ trade }) => trade)]),
    );
  }

  #fillsOf({ trade, symbol }: IntentRow): JournalFill[] {
    const found: JournalFill[] = [];
    for (const { trade: owner, symbol: of, ...fill } of this.#fills.values()) {
      if (owner === trade && of === symbol) found.push(fill);
    }
    return found.sort((a, b) => a.fill.time - b.fill.time);
  }
}

/** The store of one process. */
export class SimulatedStore implements Store {
  readonly journal: Store["journal"];
  readonly pastAlerts = { recent: [], pending: [] };
  readonly notes: readonly string[];
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
    this.notes = disk.open();
    const { openTrades, session, models = [], safeMode = null, ...known } = disk.journal();
    this.journal = {
      intents: openTrades.map(({ intent }) => intent),
      openTrades,
      orders: [],
      positions: [],
      appliedTradeIds: known.appliedTradeIds ?? new Map(),
      endedTrades: known.endedTrades ?? new Map(),
      lossesInARow: 0,
      crashes: 0,
      session,
      safeMode,
      models,
      outside: { intents: [], plans: [], verdicts: new Map(), begun: new Map() },
      notes: [],
    };
    if (this.notes.length > 0) for (const row of restoredRows(this.journal, now())) this.#enqueue(row);
  }

  /** Rows that wait for their commit. */
  get waiting(): number {
    return this.#rows.length;
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
    const synced = this.#disk.beginSync();
    const delay = Math.max(syncTime, this.#disk.slowUntil - now);
    this.#queue.push(now + delay, (at) => {
      if (this.#isGone) return;
      this.#isFlushing = false;
      if (this.#disk.refusesUntil > at) return this.#fail("database: disk I/O error");
      synced();
      this.#disk.commit(rows);
      if (!this.#failed) this.#disk.forgetFailure();
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
    this.#queue.push(this.#now() + syncTime, this.#disk.fail({ detail: message, at: this.#now() }));
    this.#hooks.onFailure(message);
  }
}
