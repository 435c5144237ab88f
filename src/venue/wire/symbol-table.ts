/** Symbol names in bytes to their index, without making text of them. */

import { quote } from "./scan-json.ts";

export type SymbolTable = {
  /** @param start at the opening quote @returns the index, or −1 when the name is not in the table */
  find(bytes: Uint8Array, start: number): number;
};

export function symbolTable(names: readonly string[]): SymbolTable {
  const encoder = new TextEncoder();
  const encoded = names.map((name) => encoder.encode(name));
  let size = 16;
  // A quarter full at most, so that a look-up nearly always ends at its first slot.
  while (size < names.length * 4) size *= 2;
  const slots = new Int32Array(size).fill(-1);
  for (const [index, name] of encoded.entries()) {
    let slot = hash(name, 0, name.length) & (size - 1);
    while ((slots[slot] ?? -1) !== -1) slot = (slot + 1) & (size - 1);
    slots[slot] = index;
  }
  return {
    find(bytes, start) {
      if (bytes[start] !== quote) return -1;
      const from = start + 1;
      let end = from;
      while (end < bytes.length && bytes[end] !== quote) end += 1;
      let slot = hash(bytes, from, end) & (size - 1);
      for (;;) {
        const index = slots[slot] ?? -1;
        if (index === -1) return -1;
        if (isSame(encoded[index], bytes, from, end)) return index;
        slot = (slot + 1) & (size - 1);
      }
    },
  };
}

function isSame(name: Uint8Array | undefined, bytes: Uint8Array, from: number, end: number): boolean {
  if (name === undefined || name.length !== end - from) return false;
  for (let i = 0; i < name.length; i += 1) if (name[i] !== bytes[from + i]) return false;
  return true;
}

function hash(bytes: Uint8Array, from: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = from; i < end; i += 1) value = Math.imul(value ^ (bytes[i] ?? 0), 0x01000193);
  return value >>> 8;
}
