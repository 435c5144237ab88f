/** Opens the journal's database: version, integrity, migrations. One connection writes; readers never checkpoint. */

import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { integer, text } from "./cell.ts";
import { messageOf } from "./intent-log.ts";
import { StoreError } from "./store.ts";
import { tradingStateName } from "./trading-state.ts";

const migrationShape = /^(\d{3})-[a-z-]+\.sql$/;
/** Older ones can corrupt a write-ahead log when two connections checkpoint at once. @see failure-catalogue F-89 */
const versionMin = [3, 51, 3] as const;
const busyMs = 5_000;

const secure = {
  allowExtension: false,
  defensive: true,
  enableForeignKeyConstraints: true,
  enableDoubleQuotedStringLiterals: false,
  readBigInts: true,
  timeout: busyMs,
} as const;

export type OpenedDatabase = {
  readonly database: DatabaseSync;
  /** what earlier runs knew is not in it: its file was damaged, or emptied */
  readonly isLost: boolean;
  readonly notes: readonly string[];
};

/**
 * Opens the database for its one writer. A damaged file is set aside, and what it knew is found on the exchange again.
 *
 * @param now for the names of files set aside and the times of migrations, milliseconds
 * @throws {StoreError} the file cannot be written, or comes from a newer version
 */
export function openForWriting(path: string, now: number): OpenedDatabase {
  const first = isEmptied(path) ? emptied : open(path);
  if (first.fault === null) {
    migrate(first.database, path, now);
    return { database: first.database, isLost: false, notes: [] };
  }
  const aside = `${path}.damaged-${now}`;
  for (const suffix of ["", "-wal", "-shm"]) moveAside(`${path}${suffix}`, `${aside}${suffix}`);
  const second = open(path);
  if (second.fault !== null) throw new StoreError(`${path}: cannot be opened: ${second.fault}`);
  migrate(second.database, path, now);
  return {
    database: second.database,
    isLost: true,
    notes: [`${path} was damaged (${first.fault}); it was set aside as ${aside}, and a new one was begun`],
  };
}

/** @throws {StoreError} there is no such database, or it cannot be read */
export function openForReading(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { ...secure, readOnly: true });
    database.exec("PRAGMA trusted_schema = OFF");
    database.prepare("SELECT count(*) FROM schema_version").get();
    return database;
  } catch (error) {
    throw new StoreError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws {StoreError} the library is older than the least that is safe with a write-ahead log */
export function requireVersion(version: string): void {
  const parts = version.split(".").map(Number);
  for (const [index, least] of versionMin.entries()) {
    const part = parts[index] ?? 0;
    if (part > least) return;
    if (part < least) {
      throw new StoreError(
        `SQLite ${version} is too old; allowed: ${versionMin.join(".")} or later (use the pinned Node)`,
      );
    }
  }
}

type Attempt =
  | { readonly database: DatabaseSync; readonly fault: null }
  | { readonly database: null; readonly fault: string };

const emptied: Attempt = { database: null, fault: "the file is empty" };

/** SQLite takes an empty file for a new database; beside a trading state, which it wrote, it is one that lost all. */
function isEmptied(path: string): boolean {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size === 0 && existsSync(join(dirname(path), tradingStateName));
}

function open(path: string): Attempt {
  makePrivate(path);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, secure);
    requireVersion(text(database.prepare("SELECT sqlite_version() AS version").get(), "version"));
    database.exec("PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0; PRAGMA synchronous = FULL");
    const mode = text(database.prepare("PRAGMA journal_mode = WAL").get(), "journal_mode");
    if (mode !== "wal") throw new StoreError(`${path}: the write-ahead log cannot be used here (${mode})`);
    const check = text(database.prepare("PRAGMA quick_check(1)").get(), "quick_check");
    if (check === "ok") return { database, fault: null };
    database.close();
    return { database: null, fault: check.split("\n").at(-1) ?? check };
  } catch (error) {
    database?.close();
    if (error instanceof StoreError) throw error;
    if (isDamage(error)) return { database: null, fault: messageOf(error) };
    throw new StoreError(`${path}: cannot be opened: ${messageOf(error)}`, { cause: error });
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB, with their extended codes. */
export function isDamage(error: unknown): boolean {
  if (!(error instanceof Error) || !("errcode" in error)) return false;
  const primary = Number(error.errcode) & 0xff;
  return primary === 11 || primary === 26;
}

/** Applies the migrations that are missing, each in a transaction of its own. */
function migrate(database: DatabaseSync, path: string, now: number): void {
  try {
    database.exec(
      "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
    );
    const known = migrations();
    const latest = database.prepare("SELECT coalesce(max(version), 0) AS version FROM schema_version").get();
    const current = integer(latest, "version");
    if (current > known.length) {
      throw new StoreError(
        `${path}: has schema version ${current}; this scalpd knows up to ${known.length}: use the newer one that wrote it`,
      );
    }
    for (const { version, name, sql } of known.slice(current)) {
      database.exec("BEGIN IMMEDIATE");
      database.exec(sql);
      database
        .prepare("INSERT INTO schema_version (version, name, applied_at) VALUES (?, ?, ?)")
        .run(version, name, now * 1_000);
      database.exec("COMMIT");
    }
  } catch (error) {
    database.close();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function migrations(): { readonly version: number; readonly name: string; readonly sql: string }[] {
  const directory = new URL("./migrations/", import.meta.url);
  const names = readdirSync(directory)
    .filter((name) => migrationShape.test(name))
    .sort();
  return names.map((name, index) => {
    const version = Number(migrationShape.exec(name)?.[1]);
    if (version !== index + 1) throw new StoreError(`migrations are not numbered without gaps: ${name}`);
    return { version, name, sql: readFileSync(new URL(name, directory), "utf8") };
  });
}

/** SQLite gives its log and index files the mode of the database. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new StoreError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function moveAside(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
}
