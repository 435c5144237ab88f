/** Reads columns of a database row with their types checked: a file is an outer border, even our own. */

import type { SQLOutputValue } from "node:sqlite";
import type { z } from "zod";
import { StoreError } from "./store.ts";

export type DatabaseRow = Readonly<Record<string, SQLOutputValue>>;

/** @throws {StoreError} the column is missing or of another type, as for all of these */
export function text(row: DatabaseRow | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value !== "string") throw wrong(column, value, "text");
  return value;
}

export function textOrNull(row: DatabaseRow, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

/** A whole number below 2⁵³. */
export function integer(row: DatabaseRow | undefined, column: string): number {
  const value = row?.[column];
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number)) throw wrong(column, value, "a whole number");
  return number;
}

export function integerOrNull(row: DatabaseRow, column: string): number | null {
  return row[column] === null ? null : integer(row, column);
}

export function big(row: DatabaseRow, column: string): bigint {
  const value = row[column];
  if (typeof value !== "bigint") throw wrong(column, value, "a whole number");
  return value;
}

export function real(row: DatabaseRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw wrong(column, value, "a number");
  return value;
}

export function realOrNull(row: DatabaseRow, column: string): number | null {
  return row[column] === null ? null : real(row, column);
}

/** One of the words of a vocabulary. */
export function word<Word extends string>(row: DatabaseRow, column: string, words: readonly Word[]): Word {
  const value = text(row, column);
  const known = words.find((candidate) => candidate === value);
  if (known === undefined) throw wrong(column, value, `one of ${words.join(", ")}`);
  return known;
}

/** A column that holds JSON of a known shape. */
export function json<T>(row: DatabaseRow, column: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text(row, column));
  } catch {
    throw new StoreError(`the journal's column ${column} is not JSON`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new StoreError(`the journal's column ${column}: ${parsed.error.message.slice(0, 200)}`);
  return parsed.data;
}

function wrong(column: string, value: unknown, allowed: string): StoreError {
  return new StoreError(`the journal's column ${column} holds ${String(value).slice(0, 80)}; allowed: ${allowed}`);
}
