/** The few things of JSON that a byte scanner needs. Positions are offsets; −1 says "not understood". */

import { Decimal } from "decimal.js";
import { assert } from "../../domain/assert.ts";

export const quote = 34;
export const comma = 44;
export const colon = 58;
export const openBracket = 91;
export const closeBracket = 93;
export const closeBrace = 125;
const openBrace = 123;
export const backslash = 92;
const point = 46;
const zero = 48;

/** Decimal text is read as whole steps of `step` × 10^−`decimals`. `cut`: further digits are ignored, not refused. */
export type DecimalGrid = { readonly decimals: number; readonly step: number; readonly cut: boolean };

/** The grid of a tick or lot size. */
export function gridOf(size: string): DecimalGrid {
  const exact = new Decimal(size);
  const decimals = exact.decimalPlaces();
  const step = exact.times(new Decimal(10).pow(decimals)).toNumber();
  assert(Number.isSafeInteger(step) && step > 0, `not a step: ${size}`);
  return { decimals, step, cut: false };
}

export function skipWhite(bytes: Uint8Array, start: number): number {
  let c = bytes[start] ?? 0;
  // Nearly always: the exchange sends no white space.
  if (c > 32) return start;
  let i = start;
  while (c === 32 || c === 10 || c === 13 || c === 9) {
    i += 1;
    c = bytes[i] ?? 0;
  }
  return i;
}

/** @param start at the opening quote @returns after the closing one */
export function skipString(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  for (let i = start + 1; i < end; i += 1) {
    const c = bytes[i] ?? 0;
    if (c === quote) return i + 1;
    if (c === backslash) i += 1;
  }
  return -1;
}

/** Skips any value; containers by their brackets, without recursion. */
export function skipValue(bytes: Uint8Array, start: number): number {
  const c = bytes[start] ?? 0;
  if (c === quote) return skipString(bytes, start);
  if (c === openBrace || c === openBracket) return skipContainer(bytes, start);
  return skipScalar(bytes, start);
}

function skipContainer(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  let depth = 0;
  let i = start;
  while (i < end) {
    const c = bytes[i] ?? 0;
    if (c === quote) {
      i = skipString(bytes, i);
      if (i < 0) return -1;
      continue;
    }
    i += 1;
    if (c === openBrace || c === openBracket) depth += 1;
    else if (c === closeBrace || c === closeBracket) {
      depth -= 1;
      if (depth === 0) return i;
    }
  }
  return -1;
}

/** Numbers, true, false, null: letters, digits, signs and points. */
function skipScalar(bytes: Uint8Array, start: number): number {
  let i = start;
  for (;;) {
    const c = bytes[i] ?? 0;
    const isScalar = (c >= zero && c <= 57) || (c >= 97 && c <= 122) || c === point || c === 45 || c === 43 || c === 69;
    if (!isScalar) return i === start ? -1 : i;
    i += 1;
  }
}

/**
 * Reads plain decimal text in quotes as whole steps of the grid into `out[slot]`.
 *
 * @param start at the opening quote
 * @returns after the closing quote, or −1 when it is not decimal text, not on the grid, or not exact
 */
export function readDecimal(
  bytes: Uint8Array,
  start: number,
  grid: DecimalGrid,
  out: Float64Array,
  slot: number,
  signed = false,
): number {
  if (bytes[start] !== quote) return -1;
  let i = signed ? start + 2 : start + 1;
  const first = i;
  let value = 0;
  let c = bytes[i] ?? 0;
  while (c >= zero && c <= 57) {
    value = value * 10 + (c - zero);
    i += 1;
    c = bytes[i] ?? 0;
  }
  if (i === first) return -1;
  let left = grid.decimals;
  if (c === point) {
    i += 1;
    c = bytes[i] ?? 0;
    const fraction = i;
    while (c >= zero && c <= 57) {
      if (left > 0) {
        value = value * 10 + (c - zero);
        left -= 1;
      } else if (c !== zero && !grid.cut) {
        return -1;
      }
      i += 1;
      c = bytes[i] ?? 0;
    }
    if (i === fraction) return -1;
  }
  if (c !== quote) return -1;
  for (; left > 0; left -= 1) value *= 10;
  if (value > Number.MAX_SAFE_INTEGER) return -1;
  if (grid.step !== 1) {
    if (value % grid.step !== 0) return -1;
    value /= grid.step;
  }
  out[slot] = value;
  return i + 1;
}

/** Reads a non-negative whole number into `out[0]`. @returns where it ends, or −1 */
export function readInteger(bytes: Uint8Array, start: number, out: Float64Array): number {
  let i = start;
  let value = 0;
  let c = bytes[i] ?? 0;
  while (c >= zero && c <= 57) {
    value = value * 10 + (c - zero);
    i += 1;
    c = bytes[i] ?? 0;
  }
  if (i === start || c === point || c === 69 || c === 101 || value > Number.MAX_SAFE_INTEGER) return -1;
  out[0] = value;
  return i;
}

/** The non-negative whole number at `start`, or −1; a `start` of 0 is "absent". */
export function integerAt(bytes: Uint8Array, start: number, out: Float64Array): number {
  return start === 0 || readInteger(bytes, start, out) < 0 ? -1 : (out[0] ?? -1);
}

/** 1 for true, 0 for false, −1 for anything else. */
export function booleanAt(bytes: Uint8Array, start: number): number {
  if (start === 0) return -1;
  if (stringEquals(bytes, start, "true")) return 1;
  return stringEquals(bytes, start, "false") ? 0 : -1;
}

/** Whether the ASCII `text` stands at `start`. */
export function stringEquals(bytes: Uint8Array, start: number, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

/** After white space, the `]` that must follow. @returns after it, or −1 */
export function closeArray(bytes: Uint8Array, start: number): number {
  const i = skipWhite(bytes, start);
  return bytes[i] === closeBracket ? i + 1 : -1;
}
