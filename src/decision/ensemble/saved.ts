/** Reads saved models, by hand: the core has no schema library. Everything that does not fit is a ModelStateError. */

import { ModelStateError } from "../source.ts";

/** @throws {ModelStateError} */
export function savedNumbers(value: unknown, length: number, what: string): number[] {
  const valid = Array.isArray(value) && value.length === length && value.every((item) => Number.isFinite(item));
  if (!valid) throw new ModelStateError(`${what}: expected ${length} finite numbers`);
  return value;
}

/** @throws {ModelStateError} */
export function savedNumber(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new ModelStateError(`${what}: expected a finite number`);
}

/** @throws {ModelStateError} */
export function savedCount(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ModelStateError(`${what}: expected a count, got ${String(value).slice(0, 40)}`);
}

/** A field of a saved object. @throws {ModelStateError} */
export function savedField(value: unknown, name: string): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entry = Object.entries(value).find(([key]) => key === name);
    if (entry !== undefined) return entry[1];
  }
  throw new ModelStateError(`missing ${name}`);
}

/** @throws {ModelStateError} */
export function savedList(value: unknown, length: number, what: string): readonly unknown[] {
  if (Array.isArray(value) && value.length === length) return value;
  throw new ModelStateError(`${what}: expected a list of ${length}`);
}

/** The list that a state was saved with must be the one of today. @throws {ModelStateError} */
export function sameList(saved: unknown, wanted: readonly (string | number)[], what: string): void {
  const same = Array.isArray(saved) && saved.length === wanted.length && saved.every((item, i) => item === wanted[i]);
  if (!same) throw new ModelStateError(`saved with other ${what}`);
}
