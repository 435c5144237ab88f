/**
 * Elements of typed arrays that must be there, one function per kind of array: the engine keeps what it has seen per
 * function, and a look-up that has seen several kinds of array costs several times as much even where it is inlined.
 */

import { InvariantError } from "./assert.ts";

export function f64(array: Float64Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw outside(index, array.length);
  return value;
}

export function i32(array: Int32Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw outside(index, array.length);
  return value;
}

export function u8(array: Uint8Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw outside(index, array.length);
  return value;
}

export function u16(array: Uint16Array, index: number): number {
  const value = array[index];
  if (value === undefined) throw outside(index, array.length);
  return value;
}

function outside(index: number, length: number): InvariantError {
  return new InvariantError(`index ${index} outside ${length}`);
}
