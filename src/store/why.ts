/** Why there was no trade: reasons with typical measured values against their limits, and the last decisions gate by gate. */

import type { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { type DatabaseRow, integer, json, realOrNull, text, textOrNull } from "./cell.ts";
import { readStore, storesIn } from "./reading.ts";

export type WhyQuestion = {
  /** `store.directory` */
  readonly directory: string;
  /** microseconds since the epoch */
  readonly since: number;
  /** null: all of them */
  readonly symbol: string | null;
};

export type StoreWhy = {
  readonly store: string;
  /** decisions to enter or to leave */
  readonly decisions: { readonly total: number; readonly approved: number; readonly blocked: number };
  /** what stood against entries, the most frequent first */
  readonly reasons: readonly ReasonView[];
  /** the newest first */
  readonly last: readonly DecisionView[];
  /** what the risk engine told, the newest first */
  readonly events: readonly RiskEventView[];
  /** there were more decisions than are looked at: what is said is about the newest */
  readonly is_cut: boolean;
};

export type ReasonView = {
  readonly reason: string;
  readonly symbol: string;
  /** sources that met it */
  readonly sources: readonly string[];
  readonly count: number;
  /** null where nothing is measured */
  readonly measured: { readonly least: number; readonly median: number; readonly most: number } | null;
  /** the last one that was compared with */
  readonly limit: number | null;
};

export type DecisionView = {
  readonly time: string;
  readonly id: string;
  readonly symbol: string;
  readonly source: string;
  readonly direction: string;
  readonly action: string;
  readonly confidence: number | null;
  readonly edge: number | null;
  readonly approved: boolean;
  readonly gates: readonly z.infer<typeof Gate>[];
};

export type RiskEventView = {
  readonly time: string;
  readonly event: string;
  readonly symbol: string | null;
  readonly fields: Readonly<Record<string, unknown>>;
};

/** Rows that one answer looks at, each kind. */
const decisionsMax = 50_000;
const minutesMax = 50_000;
const eventsMax = 50;
const lastMax = 5;

const number = z.number().nullable();
const Evidence = z.object({ reason: z.string(), measured: number, limit: number });
export const Gate = z.object({ gate: z.string(), verdict: z.string(), measured: number, limit: number });

/** @throws {import("./store.ts").StoreError} a store cannot be read */
export function viewWhy(question: WhyQuestion): readonly StoreWhy[] {
  return storesIn(question.directory).map(({ name, path }) =>
    readStore(path, (database) => view(database, name, question)),
  );
}

/**
 * The symbols that the stores under a directory know, in the order of the alphabet.
 *
 * @throws {import("./store.ts").StoreError} a store cannot be read
 */
export function symbolsIn(directory: string): readonly string[] {
  const names = storesIn(directory).flatMap(({ path }) =>
    readStore(path, (database) => database.prepare("SELECT symbol FROM instruments").all()),
  );
  return [...new Set(names.map((row) => text(row, "symbol")))].sort();
}

const decisionsSince = `SELECT decisions.*, symbol FROM decisions JOIN instruments ON instruments.id = instrument
  WHERE time >= :since AND (:symbol IS NULL OR symbol = :symbol) ORDER BY time DESC, decisions.rowid DESC LIMIT :most`;
const minutesSince = `SELECT no_trades.*, symbol FROM no_trades JOIN instruments ON instruments.id = instrument
  WHERE time >= :since AND (:symbol IS NULL OR symbol = :symbol) ORDER BY time DESC LIMIT :most`;
const eventsSince = `SELECT time, event, symbol, fields FROM risk_events
  WHERE time >= :since AND (:symbol IS NULL OR symbol IS NULL OR symbol = :symbol) ORDER BY id DESC LIMIT :most`;

function view(database: DatabaseSync, store: string, { since, symbol }: WhyQuestion): StoreWhy {
  // One transaction, so that all of it is of one moment, also while a daemon writes.
  database.exec("BEGIN");
  const rows = database.prepare(decisionsSince).all({ since, symbol, most: decisionsMax });
  const minutes = database.prepare(minutesSince).all({ since, symbol, most: minutesMax });
  const events = database.prepare(eventsSince).all({ since, symbol, most: eventsMax });
  database.exec("COMMIT");
  const approved = rows.filter((row) => integer(row, "approved") === 1).length;
  const tallies = new Map<string, Tally>();
  for (const row of rows) addDecision(tallies, row);
  for (const row of minutes) addMinute(tallies, row);
  return {
    store,
    decisions: { total: rows.length, approved, blocked: rows.length - approved },
    reasons: [...tallies.values()].map(reasonView).sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    last: rows.slice(0, lastMax).map(decisionView),
    events: events.map(eventView),
    is_cut: rows.length === decisionsMax || minutes.length === minutesMax,
  };
}

type Tally = {
  readonly reason: string;
  readonly symbol: string;
  readonly sources: Set<string>;
  count: number;
  least: number;
  most: number;
  /** measured values, each with how often it stands for */
  readonly values: { readonly value: number; readonly weight: number }[];
  limit: number | null;
};

function tallyOf(tallies: Map<string, Tally>, row: DatabaseRow, reason: string, limit: number | null): Tally {
  const symbol = text(row, "symbol");
  const key = `${symbol} ${reason}`;
  const known = tallies.get(key);
  const tally = known ?? {
    reason,
    symbol,
    sources: new Set<string>(),
    count: 0,
    least: Number.POSITIVE_INFINITY,
    most: Number.NEGATIVE_INFINITY,
    values: [],
    limit,
  };
  if (known === undefined) tallies.set(key, tally);
  tally.sources.add(text(row, "source"));
  // Rows come newest first.
  tally.limit ??= limit;
  return tally;
}

function addDecision(tallies: Map<string, Tally>, row: DatabaseRow): void {
  for (const { reason, measured, limit } of json(row, "blocked", z.array(Evidence))) {
    const tally = tallyOf(tallies, row, reason, limit);
    tally.count += 1;
    if (measured !== null) addValues(tally, measured, measured, measured, 1);
  }
}

function addMinute(tallies: Map<string, Tally>, row: DatabaseRow): void {
  const tally = tallyOf(tallies, row, text(row, "reason"), realOrNull(row, "limit_value"));
  const count = integer(row, "count");
  tally.count += count;
  const [least, median, most] = [realOrNull(row, "least"), realOrNull(row, "median"), realOrNull(row, "most")];
  if (least !== null && median !== null && most !== null) addValues(tally, least, median, most, count);
}

function addValues(tally: Tally, least: number, value: number, most: number, weight: number): void {
  tally.least = Math.min(tally.least, least);
  tally.most = Math.max(tally.most, most);
  tally.values.push({ value, weight });
}

function reasonView({ reason, symbol, sources, count, least, most, values, limit }: Tally): ReasonView {
  const measured = values.length === 0 ? null : { least, median: median(values), most };
  return { reason, symbol, sources: [...sources].sort(), count, measured, limit };
}

/** The value below and above which half of the weight lies; of minutes, their own median stands for all of them. */
function median(values: readonly { readonly value: number; readonly weight: number }[]): number {
  const sorted = values.toSorted((a, b) => a.value - b.value);
  const half = values.reduce((sum, { weight }) => sum + weight, 0) / 2;
  let passed = 0;
  for (const { value, weight } of sorted) {
    passed += weight;
    if (passed >= half) return value;
  }
  return sorted.at(-1)?.value ?? Number.NaN;
}

function decisionView(row: DatabaseRow): DecisionView {
  return {
    time: time(row),
    id: text(row, "decision_id"),
    symbol: text(row, "symbol"),
    source: text(row, "source"),
    direction: text(row, "direction"),
    action: text(row, "action"),
    confidence: realOrNull(row, "confidence"),
    edge: realOrNull(row, "edge"),
    approved: integer(row, "approved") === 1,
    gates: json(row, "gates", z.array(Gate)),
  };
}

function eventView(row: DatabaseRow): RiskEventView {
  return {
    time: time(row),
    event: text(row, "event"),
    symbol: textOrNull(row, "symbol"),
    fields: json(row, "fields", z.record(z.string(), z.unknown())),
  };
}

function time(row: DatabaseRow): string {
  return new Date(integer(row, "time") / 1_000).toISOString();
}
