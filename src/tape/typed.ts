/**
 * Elements of one kind of array each. `at()` of domain/assert.ts takes any, and once several kinds have passed through
 * it every access is looked up anew: measured at a fifth of the cost of playing a tape.
 */

import { InvariantError } from "../domain/assert.ts";

export function doubleAt(array: Float64Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw new InvariantError(`index ${index} outside ${array.length}`);
  return value;
}

export function byteAt(array: Uint8Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw new InvariantError(`index ${index} outside ${array.length}`);
  return value;
}

export function shortAt(array: Uint16Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw new InvariantError(`index ${index} outside ${array.length}`);
  return value;
}

export function wordAt(array: Int32Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw new InvariantError(`index ${index} outside ${array.length}`);
  return value;
}
