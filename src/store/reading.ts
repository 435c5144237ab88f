/** The journals under `store.directory`, for those who only read them. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isDamage, openForReading } from "./database.ts";
import { messageOf } from "./intent-log.ts";
import { databaseName } from "./recovery.ts";
import { StoreError } from "./store.ts";

export type StorePlace = {
  /** venue and instance */
  readonly name: string;
  /** of its database */
  readonly path: string;
};

/**
 * The stores under `store.directory`, by name; none where there is no such directory.
 *
 * @throws {StoreError} it cannot be listed
 */
export function storesIn(directory: string): readonly StorePlace[] {
  if (!existsSync(directory)) return [];
  return namesIn(directory)
    .sort()
    .map((name) => ({ name, path: join(directory, name, databaseName) }))
    .filter(({ path }) => existsSync(path));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    const isFile = error instanceof Error && "code" in error && error.code === "ENOTDIR";
    const why = isFile ? "is no directory" : `cannot be listed: ${messageOf(error)}`;
    throw new StoreError(`${directory}: ${why}; allowed: where the journal is kept`, { cause: error });
  }
}

/** @throws {StoreError} it cannot be opened, is damaged, or lacks what a version of today has */
export function readStore<T>(path: string, read: (database: DatabaseSync) => T): T {
  const database = openForReading(path);
  try {
    return read(database);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const why = isDamage(error) ? "is damaged" : "written by an older version; start the daemon once";
    throw new StoreError(`${path}: ${why}: ${messageOf(error)}`, { cause: error });
  } finally {
    database.close();
  }
}
